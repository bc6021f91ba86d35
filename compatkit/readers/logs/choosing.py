"""Choosing: of the logs in a file or folder, one per task, each with its metric."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from compatkit.errors import DataError
from compatkit.readers.address import Place
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.harness import Harness
from compatkit.readers.logs.log import NEWEST, Log, LogSelection, plain_name
from compatkit.readers.source import read_beginning
from compatkit.record import replace
from compatkit.spelling import suggest

T = TypeVar("T")

SHOWN = 6
OR = "|"  # between the names of metrics of which the first that a task has counts
MOST_FILES = 10_000
SUFFIXES = (".eval", ".json", ".jsonl", ".parquet")


def open_logs(path: Place, selection: LogSelection, reader: str | None = None) -> dict[str, Log]:
    """Return the logs of a file or folder by task, in order of name; none if it holds none.

    Of each task there is one log: where a folder holds several runs of a task, or runs of
    several models, the selection must say which.

    Args:
        path: a file, or a folder, which is searched with all folders in it, hidden ones too.
        selection: what the user said.
        reader: the name of the harness; without it names and first bytes decide.

    Raises:
        DataError: a log that cannot be read, several runs, unfinished ones, or a metric that a
            task does not have.
    """
    files = _list_files(path)
    by_reader = _recognise(files, LOGS if reader is None else {reader: LOGS[reader]})
    if reader is not None and not by_reader and path.is_file():
        # The user knows what neither its name nor its first bytes say.
        by_reader = {reader: [path]}
    if reader is not None and not by_reader:
        raise DataError(
            f"{path}: no log of {LOGS[reader].title} was found. {LOGS[reader].example} reads one."
        )
    if len(by_reader) > 1:
        listed = " and ".join(f"{name} ({logs[0].name})" for name, logs in by_reader.items())
        raise DataError(f"{path}: logs of several harnesses: {listed}. --reader NAME says which.")
    if not by_reader:
        return {}
    ((name, paths),) = by_reader.items()
    return _choose(LOGS[name].open(paths, selection), selection, path)


def _recognise(
    files: Iterable[Place], harnesses: Mapping[str, Harness]
) -> dict[str, Sequence[Place]]:
    """Return the logs of each harness that has some; what a file begins with is read once."""
    logs: dict[str, list[Place]] = {}
    for path in files:
        beginning = read_beginning(path)
        for name, harness in harnesses.items():
            if harness.owns(path, beginning):
                logs.setdefault(name, []).append(path)
    kept = {name: harnesses[name].keep(logs[name]) for name in harnesses if name in logs}
    return {name: paths for name, paths in kept.items() if paths}


def select_tasks(
    tasks: Mapping[str, T], selection: LogSelection, path: str | Place
) -> dict[str, T]:
    """Keep the tasks that `--tasks` names, without those that `--skip-tasks` names.

    Args:
        tasks: by name.
        selection: the patterns, with `*`, `?` and `[...]` as in the names of files.
        path: where the tasks are, for messages.

    Raises:
        DataError: a pattern that no task has, or no task that is left.
    """
    for pattern in (*selection.tasks, *selection.skip_tasks):
        if not any(fnmatchcase(task, pattern) for task in tasks):
            raise DataError(f"{path}: no task is called {pattern!r}; there are {_named(tasks)}.")
    kept = {
        task: value
        for task, value in tasks.items()
        if (not selection.tasks or any(fnmatchcase(task, pattern) for pattern in selection.tasks))
        and not any(fnmatchcase(task, pattern) for pattern in selection.skip_tasks)
    }
    if tasks and not kept:
        raise DataError(f"{path}: no task is left of {_named(tasks)}. Say other --skip-tasks.")
    return kept


def note_aside(tasks: Iterable[str], kept: Iterable[str]) -> tuple[str, ...]:
    """Say which tasks `--tasks` and `--skip-tasks` leave aside; nothing where they leave all."""
    aside = sorted(set(tasks).difference(kept))
    return (f"left aside, as tasks and skip_tasks say: {', '.join(aside)}",) if aside else ()


def _named(tasks: Iterable[str]) -> str:
    names = list(tasks)
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _list_files(path: Place) -> list[Place]:
    try:
        if not path.is_dir():
            return [path] if path.is_file() else []
    except OSError:
        return []  # whoever opens it says what is wrong
    files = []
    for file in path.rglob("*"):
        if plain_name(file).endswith(SUFFIXES) and file.is_file():
            files.append(file)
        if len(files) > MOST_FILES:
            raise DataError(
                f"{path}: more than {MOST_FILES:,} files that may be logs. Name one run's folder."
            )
    return sorted(files)


def _choose(logs: Sequence[Log], selection: LogSelection, path: Place) -> dict[str, Log]:
    """Keep one log per task, each with its metric, and refuse where that is not clear."""
    one_of_each = len({log.task for log in logs}) == len(logs)
    if selection.run not in {None, NEWEST} and not (
        one_of_each and len({log.model for log in logs if log.model}) <= 1
    ):
        named = [log for log in logs if str(selection.run) in str(log.path)]
        if not named:
            raise DataError(f"{path}: no run has {selection.run!r} in its name: {_listed(logs)}.")
        logs = named
    tasks: dict[str, list[Log]] = {}
    for log in _name_tasks(logs):
        tasks.setdefault(log.task, []).append(log)
    selected = select_tasks(tasks, selection, path)
    aside = note_aside(tasks, selected)
    runs_of = {task: _choose_run(runs, selection, path) for task, runs in sorted(selected.items())}
    chosen = {task: replace(log, notes=(*log.notes, *aside)) for task, log in runs_of.items()}
    models = {log.model: log for log in chosen.values() if log.model}
    if len(models) > 1:
        raise DataError(
            f"{path}: runs of several models: {_listed(list(models.values()))}. Name the folder of "
            "one, or --run TEXT with a text that is in its path."
        )
    judged = {task: _choose_metric(log, selection) for task, log in chosen.items()}
    return _direct(judged, selection, path)


def _name_tasks(logs: Sequence[Log]) -> list[Log]:
    """Name each task by what tells it from the others, and by no more."""
    one_file = len({log.path for log in logs}) == 1
    variants: dict[str, set[str]] = {}
    for log in logs:
        variants.setdefault(log.task, set()).add(log.variant)
    named = []
    for log in logs:
        task = log.part if one_file and log.part else log.task
        several = len(variants[log.task]) > 1 and log.variant
        named.append(replace(log, task=f"{task} ({log.variant})" if several else task))
    return named


def _choose_run(runs: Sequence[Log], selection: LogSelection, path: Place) -> Log:
    whole = [run for run in runs if not run.unfinished]
    if not whole and selection.unfinished == "refuse":
        raise DataError(
            f"{runs[0].path}: {runs[0].unfinished}. An unfinished run is not compared: run it "
            "again, or say --unfinished keep to compare the examples that it holds."
        )
    taken = whole if whole and selection.unfinished == "refuse" else list(runs)
    aside = [run for run in runs if run not in taken]
    if len(taken) > 1 and selection.run != NEWEST:
        raise DataError(
            f"{path}: {len(taken)} runs of the task {taken[0].task}: {_listed(taken)}. "
            f"--run {NEWEST} takes the last, --run TEXT the one with the text in its path."
        )
    if len({run.run for run in taken}) < len(taken):
        raise DataError(
            f"{path}: {len(taken)} runs of the task {taken[0].task}, of which the log does not say "
            f"which is the last: {_listed(taken)}. --run TEXT takes the one with the text in its "
            "path."
        )
    newest = max(taken, key=lambda run: run.run)
    notes = [f"{run.path}: left aside, {run.unfinished}" for run in aside]
    if len(taken) > 1:
        notes.append(f"{newest.path}: the newest of {len(taken)} runs of {newest.task}")
    if newest.unfinished:
        notes.append(f"{newest.path}: {newest.unfinished}, and is compared as it is")
    return replace(newest, notes=(*newest.notes, *notes))


def _direct(logs: dict[str, Log], selection: LogSelection, path: Place) -> dict[str, Log]:
    """Settle which way each metric points: as its log says, else its name, else the user.

    Raises:
        DataError: the user says another direction than is known of every metric.
    """
    from compatkit.readers.logs.directions import less_is_better  # noqa: PLC0415  (start-up time)

    directions = {}
    for task, log in logs.items():
        stated = log.directions.get(log.metric)
        directions[task] = less_is_better(log.metric) if stated is None else stated
    asked = selection.lower_is_better
    judged = {task: less for task, less in directions.items() if logs[task].metric}
    if asked is not None and judged and all(less is (not asked) for less in judged.values()):
        task = next(iter(judged))
        better = ("more", "less")[not asked]
        raise DataError(
            f"{path}: {('--higher', '--lower')[asked]}-is-better is said of {logs[task].metric}, "
            f"of which {better} is better. It is for metrics whose direction is not known; "
            "--metric takes another."
        )
    return {
        task: replace(log, less_is_better=asked if directions[task] is None else directions[task])
        for task, log in logs.items()
    }


def _choose_metric(log: Log, selection: LogSelection) -> Log:
    """Return the log with its metric: the first wanted one that it has, or its own first."""
    if selection.judged_anew:
        return log
    if selection.metric is None:
        return replace(log, metric=log.metrics[0] if log.metrics else "")
    asked = str(selection.metric)
    names = dict.fromkeys([asked, *(name.strip() for name in asked.split(OR))])
    for wanted in names:
        for metric in log.metrics:
            if wanted in {metric, metric.partition(",")[0]}:
                return replace(log, metric=metric)
    for wanted in names:
        for metric, reason in log.refused.items():
            if wanted in {metric, metric.partition(",")[0]}:
                raise DataError(f"{log.path}: the metric {metric}: {reason}.")
    has = f"it has {', '.join([*log.metrics, *log.refused]) or 'none'}."
    near = suggest(asked, [*log.metrics, *log.refused], has)
    raise DataError(f"{log.path}: the task {log.task} has no metric {asked}; {near}")


def _listed(logs: Sequence[Log]) -> str:
    return _named(str(log.path) for log in logs)
