"""Conditions: what the logs of two runs say of how they were made and judged."""

from collections.abc import Sequence

from compatkit.comparison.checked_options import Options
from compatkit.comparison.option_table import OF_FILES, OF_LOGS, OF_TABLES, OF_TASKS, OPTIONS
from compatkit.comparison.options import check_threshold
from compatkit.errors import ConfigError, DataError
from compatkit.notes import Note, notes_of
from compatkit.option import Option
from compatkit.pairing.edited import PLURAL
from compatkit.predictions.fields import NO_FIELD, list_keys
from compatkit.readers import TABLES
from compatkit.readers.address import Place
from compatkit.readers.logs.log import OWN_SCORE, Log
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import Source
from compatkit.record import replace
from compatkit.scorers.make import make_scorer

SHOWN = 60
UNKNOWN_DIRECTION = "neither the log nor a known name says whether more is better"


def follow_logs(files: Sequence[PredictionFile], options: Options) -> Options:
    """Return the options with what the logs decide: how rows are judged and known.

    Where no scorer was named, a row of a log is right or wrong as its harness says. Items are
    compared within one harness alone: another one numbers and hashes them in its own way.

    Raises:
        ConfigError: the logs are judged by different metrics, and nobody said that this is meant.
        DataError: a log holds no score of each example.
    """
    logs = [file.log for file in files if file.log is not None]
    options = _follow(files, logs, options)
    _refuse_unused(files, options)
    return options


def _follow(files: Sequence[PredictionFile], logs: Sequence[Log], options: Options) -> Options:
    if not logs:
        check_threshold(options.scorer, options.threshold)
        return options
    if len({log.harness for log in logs}) > 1:
        options = replace(options, roles={**options.roles, "item_hash": NO_FIELD})
    if options.scorer_was_named:
        return options
    for log in logs:
        if not log.metric and log.judge == OWN_SCORE:
            raise DataError(_no_metric(log))
    judges = {(_name_judge(log), log.judge.name): log for log in logs}
    if len(judges) > 1 and not isinstance(options.selection.metric, tuple):
        listed = " and ".join(f"{log.path} by {_name_judge(log)}" for log in judges.values())
        raise ConfigError(
            f"the runs are judged by different metrics: {listed}. --scorer NAME judges both alike, "
            "and --metric OLD --metric NEW, said once for each, holds one against the other."
        )
    judge = logs[0].judge
    if judge == OWN_SCORE:
        _refuse_no_score(files, logs[0])
    scorer = make_scorer(judge.name, **judge.options)
    check_threshold(scorer, options.threshold)
    label = " / ".join(dict.fromkeys(map(_name_judge, logs)))
    return replace(
        options,
        scorer=replace(scorer, name=f"log:{label}"),
        recipe=judge,
        plan=replace(options.plan, bounded=scorer.continuous is not None),
    )


def _refuse_unused(files: Sequence[PredictionFile], options: Options) -> None:
    """Refuse what was said of something that none of the files is or holds."""
    for name in sorted(options.changed):
        option = OPTIONS[name]
        reason = _say_unused(option, files, options)
        if reason:
            raise ConfigError(f"{name} is {reason}. Leave {option.flag} out.")


def _say_unused(option: Option, files: Sequence[PredictionFile], options: Options) -> str:
    """Say why nothing would come of an option; nothing where something would."""
    plain = [file.name for file in files if file.log is None]
    none = f"and none of {_listed(files)} is one"
    if option.about == OF_LOGS and len(plain) == len(files):
        return f"of logs of evaluation harnesses, {none}"
    if option.about == OF_TASKS and plain and getattr(options.selection, option.name):
        return f"of folders and of logs, and {plain[0]} is a file of one task"
    if option.about == OF_TABLES and not any(file.reader in TABLES for file in files):
        return f"of CSV and TSV files, {none}"
    by_name = [item for item in options.references if isinstance(item, str | Place)]
    if option.about == OF_FILES and not by_name and all(file.source is None for file in files):
        return f"of files, and the rows of {_listed(files)} are in memory"
    if option.name in {"epsilon", "threshold"} and options.scorer.continuous is False:
        return f"of scores between right and wrong, and those of {options.scorer.name} are 0 or 1"
    return ""


def _listed(files: Sequence[PredictionFile]) -> str:
    names = [file.name for file in files]
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def _name_judge(log: Log) -> str:
    return f"1 - {log.metric}" if log.turned else log.metric


def _refuse_no_score(files: Sequence[PredictionFile], log: Log) -> None:
    """Refuse a plain file that holds no score to be held against those of a log."""
    for file in files:
        first = next(iter(file.batches())).rows[0] if file.log is None else {"score": None}
        if not {"score", "unscored", "error"} & first.keys():
            raise DataError(
                f"{file.name}: no field 'score' to hold against {log.metric} of {log.path}; the "
                f"fields are {list_keys(first)}. --scorer NAME judges both sides alike."
            )


def _no_metric(log: Log) -> str:
    reasons = "; ".join(f"{metric}: {reason}" for metric, reason in log.refused.items())
    return (
        f"{log.path}: the task {log.task} has no score of each example"
        + (f": {reasons}" if reasons else "")
        + ". --scorer NAME scores the answers themselves, such as --scorer exact_match; "
        f"--skip-tasks {log.task} leaves the task out."
    )


def describe_conditions(old: PredictionFile, new: PredictionFile, options: Options) -> list[Note]:
    """Note what each log says of itself, its metric, and what was changed between them."""
    logs = [file.log for file in (old, new) if file.log is not None]
    notes = notes_of("tasks", [text for file in (old, new) for text in file.notes])
    notes += notes_of("log", [text for log in logs for text in log.notes])
    sources = [file.source for file in (old, new) if file.source is not None]
    notes += notes_of("field", [_doubt(source) for source in sources if not source.is_watched])
    notes += _note_unread(options)
    if not options.scorer_was_named:
        notes += notes_of("metric", [text for log in logs for text in _describe_metric(log)])
    if len(logs) == 2 and logs[0].harness == logs[1].harness:  # noqa: PLR2004
        notes += notes_of("condition", _changes(*logs))
    return notes


def _doubt(source: Source) -> str:
    return (
        f"{source.name}: its server says neither a time nor a digest, so that it would not be "
        "noticed if another file of its size came in its place while it was read"
    )


def _note_unread(options: Options) -> list[Note]:
    """Name what would tell the examples of two files apart, and is not to be read.

    Prompts may be meant to differ; without references nothing tells that the examples are the same.
    """
    unread = [role for role in ("references", "input") if options.roles.get(role) == NO_FIELD]
    return [
        Note(
            "unchecked" if "references" in unread else "field",
            f"{PLURAL[role]} were not compared: the field of this role is said to be {NO_FIELD}",
        )
        for role in unread
    ]


def _describe_metric(log: Log) -> list[str]:
    others = [metric for metric in log.metrics if metric != log.metric]
    notes = []
    if others:
        also = ", ".join(others[:8]) + (", ..." if len(others) > 8 else "")  # noqa: PLR2004
        notes.append(f"{log.task}: judged by {log.metric}; --metric takes another: {also}")
    if log.metric in log.metric_notes:
        notes.append(log.metric_notes[log.metric])
    if log.metric and log.less_is_better is None:
        notes.append(
            f"{log.task}: {UNKNOWN_DIRECTION} of {log.metric}, and more is taken to be: "
            "--lower-is-better or --higher-is-better says it"
        )
    if log.turned:
        notes.append(
            f"{log.task}: less {log.metric} is better, so that a score is 1 - {log.metric}"
        )
    return notes


def _changes(old: Log, new: Log) -> list[str]:
    """Name each condition that is known of both runs and is not the same."""
    notes = []
    if old.task != new.task:
        notes.append(f"task: {old.task} -> {new.task}")
    for name, value in old.conditions.items():
        other = new.conditions.get(name)
        if other is not None and other != value:
            notes.append(f"{old.task}: changed, {name}: {_shown(value)} -> {_shown(other)}")
    return notes


def _shown(value: str) -> str:
    return value if len(value) <= SHOWN else value[: SHOWN - 3] + "..."
