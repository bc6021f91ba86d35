"""Best so far: a new model against the best answer that any version before it gave.

Of each example the best is the answer with the highest score among the versions up to the old one,
the latest among equals. So that nothing that was once right is forgotten with the version that had
it, an update is held against all of them.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, IntArray
from compatkit.comparison.checked_options import Options
from compatkit.comparison.compare import refuse_no_margin
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.flipped import BestOf
from compatkit.comparison.judging import find_unanswered
from compatkit.comparison.measurement import Measurement, measure_files
from compatkit.comparison.names import give_names, name_files
from compatkit.comparison.signature import name_inputs, sign
from compatkit.comparison.trace import align_sides, note_versions, refuse_samples
from compatkit.errors import ConfigError
from compatkit.metrics.pair import Judged
from compatkit.notes import Note
from compatkit.pairing.scored_rows import FEW, ScoredRows
from compatkit.predictions.ids import Ids
from compatkit.predictions.likelihoods import Likelihoods, join_likelihoods
from compatkit.readers.prediction_file import PredictionFile, open_predictions
from compatkit.record import replace
from compatkit.stored import Column as AnyColumn
from compatkit.stored import load

Column = TypeVar("Column", bound=np.generic)
SHOWN = 5


def compare_with_best(
    history: Sequence[Any], old: Any, new: Any, options: Options, *, task: str = ""
) -> Comparison:
    """Compare a new model with the best so far, instead of with the old one alone.

    Args:
        history: the predictions of the versions before the old one, the oldest first.
        old: the old model's.
        new: the new model's.
        options: how they are compared.
        task: the task's name in reports.

    Returns:
        The comparison; `old` names all versions that the best is of.

    Raises:
        DataError: files that cannot be read or compared, or several samples of an example.
        ConfigError: a wrong option, or one that tells the two files apart.
    """
    if any(options.shape_of(number).label for number in (0, 1)):
        raise ConfigError(
            "history beside fields or rows of the old or the new file alone: every version is read "
            "alike. Name the fields for all files, or make a file of each version."
        )
    versions = [*history, old]
    first, *others = _open([*versions, new], options)
    measurement = measure_files(first, others, options, None, task, beside=False)
    refuse_samples(measurement, "The best so far")
    size, last = len(measurement.aligned.ids), len(versions) - 1
    chosen = _choose(measurement.judged[: last + 1])
    names = [side.file.name for side in measurement.sides]
    best = _raise(measurement, chosen, last)
    comparison = best.comparison(1)
    refuse_no_margin([comparison], options)
    old_name, new_name = name_files([measurement.sides[n].file for n in (last, last + 1)])
    unanswered = _find_silent(measurement, last, comparison.pair.old.right > 0)
    inputs = {f"version{n}": side for n, side in enumerate(measurement.sides[:-1], 1)}
    inputs["new"] = measurement.sides[-1]
    note = (
        f"the old answers are the best so far, of {len(versions)} versions: of each example that "
        f"with the highest score, the latest among equals; {_count_from(chosen, last, size)}"
    )
    (comparison,) = give_names(
        [comparison], [f"best of {len(versions)} up to {old_name}", new_name]
    )
    return replace(
        comparison,
        old=f"the best of {_list(names[:-1])}",
        evidence=replace(comparison.evidence, unanswered=unanswered),
        signature=sign(options, total=size, inputs=name_inputs(inputs)),
        noted=tuple(
            dict.fromkeys((Note("best", note), *note_versions(measurement), *comparison.noted))
        ),
    )


def _open(data: Sequence[Any], options: Options) -> list[PredictionFile]:
    """Open the predictions of each version; rows in memory are called by its number."""
    names = [f"version {number}" for number in range(1, len(data) - 1)]
    return [
        open_predictions(
            side, name=name, reader=options.reader_of(0), selection=options.selection_of(number)
        )
        for number, (side, name) in enumerate(zip(data, [*names, "old", "new"], strict=True))
    ]


def _choose(judged: Sequence[Judged]) -> IntArray:
    """Return of each example the version whose score is the highest, the latest among equals."""
    latest_first = np.stack([version.scores for version in reversed(judged)])
    return np.asarray(len(judged) - 1 - latest_first.argmax(axis=0))


def _raise(measurement: Measurement, chosen: IntArray, last: int) -> Measurement:
    """Return the new model beside the best so far, which has the old model's place."""
    size = len(measurement.aligned.ids)
    turned = measurement.turn(last, last + 1)
    rows = _rows_by_version(measurement, last)
    best, examples = _merge(measurement.sides[: last + 1], rows, chosen, measurement.aligned.ids)
    judged = _pick_judged(measurement.judged[: last + 1], chosen)
    aligned = replace(
        turned.aligned,
        examples=(examples, *turned.aligned.examples[1:]),
        counted_wrong=(
            {
                "errored": int(best.errored.sum()),
                "missing": int(size - len(best.ids)),
            },
            *turned.aligned.counted_wrong[1:],
        ),
    )
    versions = tuple(align_sides(measurement)[: last + 1])
    return replace(
        turned,
        sides=[best, *turned.sides[1:]],
        aligned=aligned,
        judged=[judged, *turned.judged[1:]],
        best=BestOf(versions, chosen),
    )


def _rows_by_version(measurement: Measurement, last: int) -> list[IntArray]:
    """Return for each version the row of each example, -1 where it has none."""
    rows = []
    for examples in measurement.aligned.examples[: last + 1]:
        row_of = np.full(len(measurement.aligned.ids), -1, np.int64)
        used = np.flatnonzero(examples >= 0)
        row_of[examples[used]] = used
        rows.append(row_of)
    return rows


def _merge(
    sides: Sequence[ScoredRows], rows: Sequence[IntArray], chosen: IntArray, ids: Sequence[str]
) -> tuple[ScoredRows, IntArray]:
    """Put the chosen row of each example into one side, and say whose example each row is."""
    places = np.stack(rows)[chosen, np.arange(len(chosen))]
    present = np.flatnonzero(places >= 0)
    starts = np.cumsum([0, *(len(side.ids) for side in sides)])[chosen[present]] + places[present]
    columns: dict[str, AnyColumn] = {
        name: np.concatenate([load(side.columns[name]) for side in sides])[starts]
        for name in sides[-1].columns
        if all(name in side.columns for side in sides)
    }
    texts: dict[int, str] | None = {}
    for side in sides:
        few = side.few_answers
        texts = None if texts is None or few is None else {**texts, **few}
    merged = replace(
        sides[-1],
        ids=Ids.pack(ids[row] for row in present.tolist()),
        samples=None,
        columns=columns,
        few_answers=texts if texts is not None and len(texts) <= FEW else None,
        has_answers=all(side.has_answers for side in sides),
        likelihoods=_merge_likelihoods(sides, starts),
        attributes={},
    )
    return merged, present


def _merge_likelihoods(sides: Sequence[ScoredRows], places: IntArray) -> Likelihoods | None:
    """Return the likelihoods of some rows of all versions, None where one has none, or other ones.

    Args:
        sides: the versions' rows.
        places: rows, counted over all of them.
    """
    held = [side.likelihoods for side in sides if side.likelihoods is not None]
    alike = len(held) == len(sides) and len({part.weighing for part in held}) == 1
    return join_likelihoods(held, sides[-1].file.name).take(places) if alike else None


def _pick_judged(judged: Sequence[Judged], chosen: IntArray) -> Judged:
    def pick(columns: Sequence[NDArray[Column]]) -> NDArray[Column]:
        return np.asarray(np.stack(columns)[chosen, np.arange(len(chosen))])

    return Judged(
        pick([version.scores for version in judged]),
        pick([version.right for version in judged]),
        pick([version.samples for version in judged]),
        pick([version.silent for version in judged]),
    )


def _find_silent(measurement: Measurement, last: int, right: BoolArray) -> BoolArray:
    """Find the examples of which a version without an answer may hide a better one.

    Where the best is right no better one matters, but to scores between right and wrong.
    """
    silent = np.zeros(len(right), np.bool_)
    threshold, aligned = measurement.options.threshold, measurement.aligned
    for side, rows in zip(measurement.sides[: last + 1], aligned.examples, strict=False):
        silent |= find_unanswered(side, rows, len(right), threshold)
    return silent if measurement.continuous() else silent & ~right


def _count_from(chosen: IntArray, last: int, size: int) -> str:
    earlier = int((chosen != last).sum())
    return f"{earlier:,} of {size:,} are of a version before the last"


def _list(names: Sequence[str]) -> str:
    shown = list(names[-SHOWN:])
    more = [f"{len(names) - SHOWN:,} more"] if len(names) > SHOWN else []
    *first, end = [*more, *shown]
    return f"{', '.join(first)} and {end}" if first else end
