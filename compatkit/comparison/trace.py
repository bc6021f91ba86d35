"""Trace: measure several versions of a model once, and follow each example through them."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from compatkit.comparison.chance import find_temperature
from compatkit.comparison.checked_options import Options
from compatkit.comparison.finding import refuse_search
from compatkit.comparison.flipped import Aligned
from compatkit.comparison.history import History, Version
from compatkit.comparison.judging import find_unanswered
from compatkit.comparison.measurement import Measurement, measure_files
from compatkit.comparison.names import name_files, name_models
from compatkit.comparison.option_table import OPTIONS
from compatkit.comparison.options import make_options
from compatkit.comparison.sides import TOTAL, is_task, open_sides, share_tasks
from compatkit.comparison.signature import name_inputs, sign
from compatkit.comparison.tasks import join_clusters
from compatkit.comparison.traced import TracedExamples, trace_examples
from compatkit.errors import ConfigError, DataError
from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import JudgedPair
from compatkit.metrics.trajectories import (
    Trajectories,
    count_version,
    join_trajectories,
    measure_history,
    measure_version,
)
from compatkit.notes import Note, notes_of
from compatkit.readers.address import Address, Place, find_address, place_of
from compatkit.readers.prediction_file import PredictionFile, open_predictions
from compatkit.readers.run_header import read_header
from compatkit.record import replace

OF_ONE_UPDATE = ("by", "sweep", "margin", "close_margin")
NUMBER = re.compile(r"(\d+)")


def history(versions: Any, **options: Any) -> History:
    """Follow each example through several versions of a model: since when is it broken?

    Args:
        versions: the predictions of each version, the oldest first: paths, or rows in memory as of
            `compatkit.compare`; a mapping from names to them; or one folder that holds them, in
            the order of the numbers in their names. Folders and logs of several tasks pair up by
            task.
        options: see `compatkit.comparison.options.make_options`; the answers of examples that
            changed can be read with `keep_flips=True`.

    Returns:
        The history: over all tasks, with `parts` of each, where there are several.

    Raises:
        DataError: a file that cannot be read, rows that cannot be compared, or several samples of
            an example.
        ConfigError: a wrong option, or fewer than two versions.

    >>> import compatkit
    >>> def rows(*answers):
    ...     return [{"id": n, "prediction": a, "reference": "a"} for n, a in enumerate(answers)]
    >>> of = compatkit.history({"v1": rows("a", "a"), "v2": rows("a", "b"), "v3": rows("b", "b")})
    >>> of.trajectories.strings(), of.broke_in("v2"), of.versions[2].counts.broken
    (['RRW', 'RWW'], ['1'], 2)
    """
    made = make_options(**{"keep_flips": False, **options})
    if isinstance(versions, Mapping):
        return trace(list(versions.values()), made, names=list(map(str, versions)))
    if isinstance(versions, str | Place):
        return trace(find_versions(versions), made)
    return trace(list(versions), made)


def find_versions(folder: str | Place) -> list[str | Place]:
    """Return the versions that a folder holds: its folders, or, without any, its prediction files.

    They are in the order of the numbers in their names, so that step-900 is before step-1000.

    Raises:
        ConfigError: no folder, fewer than two versions in it, folders beside prediction files, or
            names that differ by more than their numbers, which tell no order.
    """
    path = place_of(folder)
    entries = [entry for entry in path.iterdir() if entry.name[0] != "."] if path.is_dir() else []
    folders = [entry for entry in entries if entry.is_dir()]
    files = [entry for entry in entries if is_task(entry)]
    if folders and files:
        raise ConfigError(
            f"{folder}: holds folders and prediction files, {folders[0].name} and {files[0].name}. "
            "Name those that are the versions, the oldest first."
        )
    inner = folders or files
    if len(inner) < 2:  # noqa: PLR2004
        raise ConfigError(
            f"{folder}: a history is of two versions or more: name their files or folders, the "
            "oldest first, or one folder that holds them."
        )
    inner.sort(key=lambda entry: _numbers(entry.name))
    for earlier, later in pairwise(inner):
        alike = NUMBER.sub("", earlier.name) == NUMBER.sub("", later.name)
        if not alike or _numbers(earlier.name) == _numbers(later.name):
            raise ConfigError(
                f"{folder}: which of {earlier.name} and {later.name} is older, their names do not "
                "tell: they are not alike but for their numbers. Name the versions, the oldest "
                "first."
            )
    return [entry if isinstance(entry, Address) else str(entry) for entry in inner]


def _numbers(name: str) -> list[int]:
    return list(map(int, NUMBER.findall(name)))


def trace(versions: Sequence[Any], options: Options, *, names: Sequence[str] = ()) -> History:
    """Follow each example with options that were checked; see `history`.

    Args:
        versions: the predictions of each.
        options: how they are compared.
        names: what the user calls the versions; empty where nothing was said.
    """
    if len(versions) < 2:  # noqa: PLR2004
        raise ConfigError("a history is of two versions or more.")
    versions = list(map(find_address, versions))
    refuse_search(options, "a history")
    _refuse_unused(options)
    if not all(isinstance(version, str | Place) for version in versions):
        called = names or [f"version {number}" for number in range(1, len(versions) + 1)]
        files = [
            open_predictions(version, name=name, reader=options.reader_of(0))
            for version, name in zip(versions, called, strict=True)
        ]
        return _trace_one(files, options, "", names)
    sides = open_sides(versions, options)
    if not sides[0].several:
        return _trace_one([side.only for side in sides], options, next(iter(sides[0].files)), names)
    tasks, noted = share_tasks(sides, options)
    options = options.of_one_task
    called = name_models(list(map(str, versions)), [side.files.values() for side in sides], names)
    parts = [
        _trace_task(_measure([side.files[task] for side in sides], options, task), called)
        for task in tasks
    ]
    parts = [replace(part, noted=(*part.noted, *noted)) for part in parts]
    return _total(parts, list(map(str, versions)), options) if len(parts) > 1 else parts[0]


def _refuse_unused(options: Options) -> None:
    """Refuse what is measured of one update alone: a history would leave it out in silence."""
    unused = [name for name in OF_ONE_UPDATE if name in options.changed]
    if unused:
        raise ConfigError(
            f"{OPTIONS[unused[0]].flag} is of one update, and a history shows several. Leave it "
            "out, or compare two of the versions."
        )


def _trace_one(
    files: Sequence[PredictionFile], options: Options, task: str, names: Sequence[str]
) -> History:
    measurement = _measure(files, options, task)
    return _trace_task(measurement, name_files([side.file for side in measurement.sides], names))


def _measure(files: Sequence[Any], options: Options, task: str) -> Measurement:
    measurement = measure_files(files[0], files[1:], options, None, task, beside=False)
    refuse_samples(measurement, "A history")
    return measurement


def refuse_samples(measurement: Measurement, what: str) -> None:
    """Refuse several samples of an example.

    Args:
        measurement: of all versions.
        what: takes one answer of each example.

    Raises:
        DataError: naming a file and an example.
    """
    for side, judged in zip(measurement.sides, measurement.judged, strict=True):
        several = np.flatnonzero(judged.samples > 1)
        if len(several):
            row = int(several[0])
            raise DataError(
                f"{side.file.name}: {measurement.aligned.ids[row]!r} has {judged.samples[row]} "
                f"samples, as have {len(several):,} examples. {what} takes one answer of each: "
                "some draw of several is right more often the more there are, so that ever right "
                "would grow by chance. 'compatkit score' compares several samples of two versions."
            )


def _trace_task(measurement: Measurement, names: Sequence[str]) -> History:
    aligned, options = measurement.aligned, measurement.options
    sides, judged = measurement.sides, measurement.judged
    size = len(aligned.ids)
    silent = [
        find_unanswered(side, rows, size, options.threshold)
        for side, rows in zip(sides, aligned.examples, strict=True)
    ]
    right = np.stack([version.right > 0 for version in judged])
    of = Trajectories(right, np.stack(silent) & ~right, measurement.clusters())
    plan = replace(options.plan, clusters=of.clusters)
    inputs = name_inputs({f"version{number}": side for number, side in enumerate(sides, 1)})
    scorer = options.scorer if options.keep_flips else None
    return History(
        task=measurement.task,
        scorer=options.scorer.name,
        threshold=options.threshold,
        continuous=measurement.continuous(),
        level=plan.level,
        ids=aligned.ids,
        trajectories=of,
        versions=tuple(
            replace(
                _version(of, number, plan, name, side.file.name),
                no_answer=int(version.silent.sum()),
                counted_wrong=aligned.counted_wrong[number],
            )
            for number, (name, side, version) in enumerate(zip(names, sides, judged, strict=True))
        ),
        metrics=measure_history(of, plan),
        signature=sign(options, total=size, inputs=inputs),
        excluded=aligned.excluded,
        noted=note_versions(measurement),
        changed=trace_examples(of, aligned.ids, align_sides(measurement), scorer),
    )


def align_sides(measurement: Measurement) -> list[Aligned]:
    """Return what was read of each version, with the example of each row."""
    threshold = measurement.options.threshold
    return [
        Aligned(side, rows, side.right(threshold), read_header(side.file)[0] is not None)
        for side, rows in zip(measurement.sides, measurement.aligned.examples, strict=True)
    ]


def _version(of: Trajectories, number: int, plan: Plan, name: str, file: str) -> Version:
    return Version(name, file, count_version(of, number), measure_version(of, number, plan))


def note_versions(measurement: Measurement) -> tuple[Note, ...]:
    """Note what a reader should know of each version, and of each beside the one before."""
    ids, judged = measurement.aligned.ids, measurement.judged
    files = [side.file for side in measurement.sides]
    notes: dict[Note, None] = {}
    for number in range(1, len(files)):
        pair = JudgedPair(ids, judged[number - 1], judged[number], None)
        notes |= dict.fromkeys(measurement.turn(number - 1, number).notes(pair, 1))
    notes |= dict.fromkeys(notes_of("sampled", filter(None, map(_doubt_draw, files))))
    return (*notes, *notes_of("same", _list_same(files)))


def _doubt_draw(file: PredictionFile) -> str:
    temperature = find_temperature(file)
    if not temperature:
        return ""
    return (
        f"{file.name}: one answer of each example, drawn at temperature {temperature:g}: some "
        "change by chance, and the more versions, the more examples were right in one by chance"
    )


def _list_same(files: Sequence[PredictionFile]) -> list[str]:
    first: dict[str, str] = {}
    return [
        f"{file.name} holds the same bytes as {first[file.reading]}"
        for file in files
        if first.setdefault(file.reading, file.name) != file.name
    ]


def _total(parts: Sequence[History], paths: Sequence[str], options: Options) -> History:
    """Put the examples of all tasks together, each counting once."""
    first = parts[0]
    columns = [part.trajectories.clusters for part in parts]
    clusters = join_clusters(columns, [part.total for part in parts])
    of = join_trajectories([part.trajectories for part in parts], clusters)
    plan = replace(options.plan, clusters=clusters)
    reasons = dict.fromkeys(reason for part in parts for reason in part.excluded)
    text = f"{len(parts)} tasks; every example counts once, so large tasks count more"
    return replace(
        first,
        task=TOTAL,
        scorer=" / ".join(dict.fromkeys(part.scorer for part in parts)),
        continuous=any(part.continuous for part in parts),
        ids=[name for part in parts for name in part.ids],
        trajectories=of,
        versions=tuple(
            replace(
                _version(of, number, plan, first.names[number], path),
                no_answer=sum(part.versions[number].no_answer for part in parts),
                counted_wrong={
                    reason: sum(part.versions[number].counted_wrong[reason] for part in parts)
                    for reason in first.versions[number].counted_wrong
                },
            )
            for number, path in enumerate(paths)
        ),
        metrics=measure_history(of, plan),
        signature=" + ".join(part.signature for part in parts),
        excluded={
            reason: sum(part.excluded.get(reason, 0) for part in parts) for reason in reasons
        },
        noted=(Note("tasks", text),),
        changed=TracedExamples(),
        parts=tuple(parts),
    )
