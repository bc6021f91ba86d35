"""Tasks: several prediction files a model, one task each, and their total."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from compatkit.arrays import IntArray
from compatkit.comparison.compare import compare_files, correct_tests
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.comparisons import Comparisons
from compatkit.comparison.names import give_names, name_files, name_models
from compatkit.comparison.option_table import OPTIONS
from compatkit.comparison.options import Options, make_options
from compatkit.errors import ConfigError, DataError
from compatkit.metrics.estimates import Plan
from compatkit.metrics.measure_pair import count_pair, measure_pair, sort_pair
from compatkit.metrics.p_values import PValue, Tests, sum_changes
from compatkit.metrics.pair import Counts, Judged, JudgedPair
from compatkit.notes import Note, notes_of
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.choosing import select_tasks
from compatkit.readers.prediction_file import PredictionFile, open_file, open_run
from compatkit.readers.run_header import is_header
from compatkit.readers.source import KINDS
from compatkit.statistics import combine_changes, combine_tasks

TOTAL = "total"


def compare_folders(
    old: str | Path, candidates: str | Path | Sequence[str | Path], **options: Any
) -> Comparisons:
    """Compare folders of prediction files, or runs of harnesses, task by task.

    Files of one name are one task; the logs of a harness name their tasks.

    Args:
        old: the old model's folder, or a log that holds several tasks.
        candidates: the new model's, or it and those of further candidates.
        options: see `compatkit.comparison.options.make_options`.

    Returns:
        A comparison per task and candidate, tasks in order of name, then a total per
        candidate over the examples of all tasks.

    Raises:
        DataError: a task that one side lacks, or a file that cannot be compared.
    """
    several = [candidates] if isinstance(candidates, str | Path) else candidates
    return Comparisons(compare_tasks(old, several, make_options(**options)))


def compare_tasks(
    old: str | Path, candidates: Sequence[str | Path], options: Options
) -> list[Comparison]:
    """Compare folders with options that were checked; see `compare_folders`."""
    sides = open_sides((old, *candidates), options, several=True)
    return _name(_compare_tasks(sides, options), sides)


def compare_paths(
    old: str,
    candidates: Sequence[str],
    options: Options,
    *,
    old_rerun: str | None = None,
    names: Sequence[str] = (),
) -> list[Comparison]:
    """Compare whatever the paths hold: one task of each model, or several and their total.

    Args:
        old: the old model's file, folder or log.
        candidates: the new model's, then those of further candidates.
        options: how they are compared.
        old_rerun: a second run of the old model, on the same one task.
        names: what the user calls the models, the old one first; empty where nothing was said.

    Raises:
        ConfigError: a second run beside several tasks, or one name for two models.
        DataError: paths that cannot be read, or not be compared.
    """
    sides = open_sides((old, *candidates), options)
    if sides[0].several:
        if old_rerun is not None:
            raise ConfigError("--old-rerun takes one task, not folders of several.")
        return _name(_compare_tasks(sides, options), sides, names)
    task = next(iter(sides[0].files))
    files = [side.only for side in sides]
    results = compare_files(files[0], files[1:], options, old_rerun=old_rerun, task=task)
    if not any(names):
        return results
    return give_names(results, name_files(files, names))


def _name(
    results: Sequence[Comparison], sides: Sequence["Side"], names: Sequence[str] = ()
) -> list[Comparison]:
    paths = [str(side.path) for side in sides]
    return give_names(results, name_models(paths, [side.files.values() for side in sides], names))


@dataclass(frozen=True, slots=True)
class Side:
    """What one model's path holds, opened.

    Attributes:
        path: as it was named.
        files: task to file; a plain file that was named by itself has a task without a name.
        several: whether the path stands for several tasks, since it, or another side's, does.
        aside: names of what else lies in a folder of prediction files.
    """

    path: str | Path
    files: Mapping[str, PredictionFile]
    several: bool
    aside: tuple[str, ...] = ()

    @property
    def only(self) -> PredictionFile:
        """The file of the one task."""
        (file,) = self.files.values()
        return file


def open_sides(
    paths: Sequence[str | Path], options: Options, *, several: bool = False
) -> list[Side]:
    """Open what the paths of several models hold: a file each, or a file per task each.

    Args:
        paths: files, folders of prediction files, logs of a harness or folders of them.
        options: the reader, and which of several logs are meant.
        several: each path stands for several tasks, whatever it holds.

    Raises:
        DataError: a path that cannot be read, or a file beside a folder.
    """
    options.check_sides(len(paths))
    reader = options.reader_of(0)
    runs = [
        open_run(path, reader=reader, selection=options.selection_of(number))
        for number, path in enumerate(paths)
    ]
    folders = [not run and Path(path).is_dir() for path, run in zip(paths, runs, strict=True)]
    if not (several or any(folders) or any(len(run) > 1 for run in runs)):
        plain = [path for path, run in zip(paths, runs, strict=True) if not run]
        _refuse_patterns(options, plain)
        opened = {path: open_file(path, reader) for path in dict.fromkeys(plain)}
        return [
            Side(path, run or {"": opened[path]}, several=False)
            for path, run in zip(paths, runs, strict=True)
        ]
    tasks = [
        {} if run else select_tasks(find_tasks(path), options.selection, path)
        for path, run in zip(paths, runs, strict=True)
    ]
    return [
        Side(
            path,
            run or {task: open_file(file, reader) for task, file in files.items()},
            several=True,
            aside=() if run else tuple(_others(path)),
        )
        for path, run, files in zip(paths, runs, tasks, strict=True)
    ]


def _refuse_patterns(options: Options, files: Sequence[str | Path]) -> None:
    """Refuse patterns of tasks for files that hold rows, and no tasks."""
    patterns = [name for name in ("tasks", "skip_tasks") if getattr(options.selection, name)]
    if patterns and files:
        raise ConfigError(
            f"{patterns[0]} is of folders and of logs, and {files[0]} is a file of one task. Leave "
            f"{OPTIONS[patterns[0]].flag} out."
        )


def _compare_tasks(sides: Sequence[Side], options: Options) -> list[Comparison]:
    paths, folders = [side.path for side in sides], [side.files for side in sides]
    tasks = [task for task in folders[0] if all(task in folder for folder in folders)]
    if TOTAL in tasks:
        raise DataError(f"{paths[0]}: a task cannot be called {TOTAL!r}, as the sum of all is.")
    lost = sorted(set().union(*folders).difference(tasks))
    if lost and (options.missing != "skip" or not tasks):
        raise DataError(_missing_message(paths, folders))
    by_task = [
        compare_files(
            folders[0][task],
            [folder[task] for folder in folders[1:]],
            options,
            task=task,
            beside=True,
        )
        for task in tasks
    ]
    _refuse_unsliced(by_task, options)
    further = (
        [f"left out, since one folder lacks them: the tasks {', '.join(lost)}"] if lost else []
    )
    aside = sorted({name for side in sides for name in side.aside})
    further += [f"no prediction files, left aside: {', '.join(aside)}"] if aside else []
    noted = notes_of("tasks", further)
    by_task = [
        [replace(comparison, noted=(*comparison.noted, *noted)) for comparison in task]
        for task in by_task
    ]
    results = [comparison for task in by_task for comparison in task]
    if len(by_task) > 1:
        results = correct_tests(results, options.correction)
        results += [_total(number, by_task, options, paths) for number in range(len(paths) - 1)]
    return results


def _refuse_unsliced(by_task: Sequence[Sequence[Comparison]], options: Options) -> None:
    """Refuse a field to slice by that no task has."""
    for path in options.by:
        if not any(path in comparison.slices for task in by_task for comparison in task):
            raise ConfigError(f"no field {path!r} to slice by in any task.")


def find_tasks(folder: str | Path) -> dict[str, Path]:
    """Return the prediction files of a folder by task, in order of name.

    The task is the file's name without the endings of its kind and compression.

    Raises:
        DataError: no folder, no prediction file in it, or two files for one task.
    """
    path = Path(folder)
    if not path.is_dir():
        raise DataError(
            f"{folder}: not a folder, nor a log of several tasks; where one side is, every side is."
        )
    tasks: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        name = file.name.removesuffix(".gz").removesuffix(".zst")
        if not _is_task(file):
            continue
        task = name.removesuffix(Path(name).suffix)
        if task == TOTAL:
            raise DataError(f"{file}: a task cannot be called {TOTAL!r}. Rename the file.")
        if task in tasks:
            raise DataError(f"{folder}: {tasks[task].name} and {file.name} are one task. Keep one.")
        tasks[task] = file
    if not tasks:
        raise DataError(
            f"{folder}: no prediction file; {', '.join(KINDS)} were expected, or the logs of a "
            f"harness: {', '.join(LOGS)}."
        )
    return tasks


def _is_task(file: Path) -> bool:
    name = file.name.removesuffix(".gz").removesuffix(".zst")
    readable = Path(name).suffix.lower() in KINDS
    hidden = file.name.startswith(".") or is_header(file)
    return readable and not hidden and not file.is_dir()


def _others(folder: str | Path) -> list[str]:
    """Return what else lies in a folder, but for hidden files."""
    return [
        file.name
        for file in Path(folder).iterdir()
        if not _is_task(file) and not file.name.startswith(".") and not is_header(file)
    ]


def _missing_message(
    names: Sequence[str | Path], folders: Sequence[Mapping[str, PredictionFile]]
) -> str:
    every = sorted(set().union(*folders))
    parts = []
    for name, folder in zip(names, folders, strict=True):
        absent = [task for task in every if task not in folder]
        if absent:
            listed = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")  # noqa: PLR2004
            parts.append(f"{name} lacks {len(absent)} of {len(every)} tasks: {listed}")
    return (
        "; ".join(parts) + ". A task that one side lacks cannot be compared: add its file, remove "
        "it from the other side, or say --missing skip to leave such tasks out."
    )


def _total(
    number: int,
    by_task: Sequence[Sequence[Comparison]],
    options: Options,
    paths: Sequence[str | Path],
) -> Comparison:
    """Put the examples of all tasks together, each counting once."""
    parts = [task[number] for task in by_task]
    pair = concatenate_pairs([part.pair for part in parts])
    first = parts[0]
    text = f"{len(parts)} tasks; every example counts once, so large tasks count more"
    metrics, tests = measure_pair(pair, options.plan)
    return Comparison(
        task=TOTAL,
        old=str(Path(paths[0])),
        new=str(Path(paths[number + 1])),
        baseline=None if first.baseline is None else str(Path(paths[1])),
        scorer=" / ".join(dict.fromkeys(part.scorer for part in parts)),
        threshold=first.threshold,
        continuous=pair.continuous,
        counts=_add_counts(pair, [part.counts for part in parts]),
        metrics=metrics,
        tests={**tests, **_any_task(parts, options.plan)},
        signature=" + ".join(part.signature for part in parts),
        pair=pair,
        noted=(Note("tasks", text),),
        identical=all(part.identical for part in parts),
        needs_answer=first.needs_answer,
    )


def _any_task(parts: Sequence[Comparison], plan: Plan) -> Tests:
    """Test whether any task got worse, in the three ways of Kuebler et al. and their union.

    By counts where each example has one sample and examples are independent, else by flipping the
    signs of changes, those of one group together.

    Source: Kuebler et al. 2026 (arXiv 2602.10144).
    """
    if all(part.pair.single and part.pair.clusters is None for part in parts):
        name, combined = (
            "combined",
            combine_tasks(
                [int(part.counts.negative_flips) for part in parts],
                [int(part.counts.positive_flips) for part in parts],
                "worse",
            ),
        )
    else:
        units = [sum_changes(sort_pair(part.pair)) for part in parts]
        name, combined = (
            "permuted",
            combine_changes(units, resamples=plan.resamples, seed=plan.seed),
        )
    return {
        f"any_task_worse_{way}": PValue(f"{name}-{way}", "worse", p_value, p_value)
        for way, p_value in asdict(combined).items()
    }


def _add_counts(pair: JudgedPair, counts: Sequence[Counts]) -> Counts:
    return count_pair(
        pair,
        excluded={
            reason: sum(c.excluded.get(reason, 0) for c in counts)
            for reason in dict.fromkeys(reason for c in counts for reason in c.excluded)
        },
        counted_wrong={
            reason: sum(c.counted_wrong[reason] for c in counts)
            for reason in counts[0].counted_wrong
        },
    )


def concatenate_pairs(pairs: Sequence[JudgedPair]) -> JudgedPair:
    """Put the results of several tasks together; the fields kept beside them are not."""
    same = [pair.same for pair in pairs if pair.same is not None]
    reruns = [pair.rerun for pair in pairs if pair.rerun is not None]
    baselines = [pair.baseline for pair in pairs if pair.baseline is not None]
    return JudgedPair(
        [example_id for pair in pairs for example_id in pair.ids],
        _join([pair.old for pair in pairs]),
        _join([pair.new for pair in pairs]),
        np.concatenate(same) if len(same) == len(pairs) else None,
        _join_clusters(pairs),
        _join(reruns) if len(reruns) == len(pairs) else None,
        baseline=_join(baselines) if len(baselines) == len(pairs) else None,
        continuous=any(pair.continuous for pair in pairs),
    )


def _join_clusters(pairs: Sequence[JudgedPair]) -> IntArray | None:
    """Number the groups of all tasks; where a task has none, each example is a group by itself.

    A group belongs to its task: the numbers of the next task's groups go on from there.
    """
    if all(pair.clusters is None for pair in pairs):
        return None
    columns, start = [], 0
    for pair in pairs:
        column = np.arange(len(pair.ids)) if pair.clusters is None else pair.clusters
        columns.append(column + start)
        start += int(column.max()) + 1
    return np.concatenate(columns)


def _join(parts: Sequence[Judged]) -> Judged:
    return Judged(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.samples for part in parts]),
        np.concatenate([part.silent for part in parts]),
    )
