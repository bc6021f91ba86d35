"""Judging: the scored rows of each side gathered into one result per example, and what they show.

`Evidence` holds what a decision asks of the files beside the numbers: whom the old model never
answered, which scores there are, what tells an example of one task from those of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from compatkit import statistics
from compatkit.arrays import BoolArray, IntArray
from compatkit.errors import DataError
from compatkit.metrics.pair import Judged
from compatkit.pairing.edited import count_of, name_row
from compatkit.pairing.scored_rows import ScoredRows


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a decision asks of the files, beside the numbers.

    Attributes:
        unanswered: shape (N,), the examples that the old model, or its second run, did not answer
            in each of its samples: they are missing, null or errored, and count as wrong.
        incomplete: shape (N,), the examples of which a sample was left out, on any side.
        seen: the lowest and the highest score that counted, of the old and the new model.
        contents: shape (N,), a digest of each example's input and references; None where none
            was asked for.
        has_input: shape (N,), whether the example has an input.
        repeated: number of examples whose input and references an earlier one has, in another
            group where examples come in groups.
        digests: of the old and the new file, and of how they are read.
        bounded: scores lie in [0, 1] by definition.
    """

    unanswered: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    incomplete: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    seen: tuple[float, float] = (0.0, 1.0)
    contents: IntArray | None = None
    has_input: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    repeated: int = 0
    digests: tuple[str, str] = ("", "")
    bounded: bool = True


def lowest_score(sides: Sequence[ScoredRows], *, bounded: bool) -> float:
    """Return what an answer without a score counts as: 0, or the lowest score if that is below.

    Scores of a table's scorer lie in [0, 1]; those of a field or of a user's own may not.
    """
    if bounded:
        return 0.0
    return min(0.0, *(float(side.scores[side.counted].min(initial=0.0)) for side in sides), 0.0)


def judge(
    side: ScoredRows,
    examples: IntArray,
    size: int,
    threshold: float,
    *,
    lowest: float,
    pass_at: int | None = None,
) -> Judged:
    """Gather a model's rows into one result per example.

    Args:
        side: the model's rows.
        examples: shape (rows,), the index of each row's example, -1 where left out.
        size: number of examples.
        threshold: a row is right from this score on.
        lowest: what a row without a score counts as.
        pass_at: k, where an example counts by pass@k.

    Raises:
        DataError: an example with fewer than k samples.
    """
    rows = np.flatnonzero(examples >= 0)
    index = examples[rows]
    samples = np.bincount(index, minlength=size)
    weight = np.maximum(samples, 1)
    right = np.bincount(index, side.right(threshold)[rows], size)
    if pass_at is not None:
        _refuse_few(side, rows, samples[index], pass_at)
    share = right / weight if pass_at is None else statistics.pass_at(right, samples, pass_at)
    scores = np.bincount(index, np.where(side.counted, side.scores, lowest)[rows], size) / weight
    scores[samples == 0] = lowest
    silent = np.bincount(index, side.no_answer[rows], size).astype(np.int64)
    return Judged(
        scores=share if np.array_equal(scores, share) else scores,
        right=share,
        samples=_once(samples),
        silent=_once(silent),
    )


def _once(counts: IntArray) -> IntArray:
    """Return counts, as one number seen N times where all are equal: of most files, 1 and 0."""
    if len(counts) and (counts == counts[0]).all():
        return np.broadcast_to(counts[:1].copy(), counts.shape)
    return counts


def _refuse_few(side: ScoredRows, rows: IntArray, samples: IntArray, pass_at: int) -> None:
    """Refuse an example with fewer samples than pass@k draws: k of them cannot be known."""
    few = np.flatnonzero(samples < pass_at)
    if not len(few):
        return
    row, held = int(rows[few[0]]), int(samples[few[0]])
    count = count_of(len({side.ids[number] for number in rows[few].tolist()}), "such example")
    lost = sum(name == side.ids[row] for name in side.ids) - held
    left = f" beside {lost} with an error or no score, which are left out," if lost else ""
    raise DataError(
        f"{name_row(side, row)}: {count_of(held, 'sample')} of {side.ids[row]!r},{left} and pass@"
        f"{pass_at} asks for {pass_at} of each example ({count}). Draw more; or say --pass-at "
        f"{int(samples.min())}, of which every example of the file has enough"
        + (", or --errors wrong." if lost else ".")
    )


def join_answers(side: ScoredRows, examples: IntArray, size: int) -> IntArray:
    """Return a hash of each example's answer, shape (size,); 0 where there is none."""
    answers = np.zeros(size, np.int64)
    answers[examples[examples >= 0]] = side.answers[examples >= 0]
    return answers


def gather_evidence(
    sides: Sequence[ScoredRows],
    examples: Sequence[IntArray],
    incomplete: BoolArray,
    threshold: float,
    *,
    bounded: bool,
    groups: IntArray | None = None,
) -> Evidence:
    """Gather what a decision asks of the files.

    Args:
        sides: the old model's rows, the new model's, and those of a second run of the old one
            where there is one.
        examples: for each side, of each row the index of its example, -1 where left out.
        incomplete: shape (N,), the examples of which a sample was left out, on any side.
        threshold: a row is right from this score on.
        bounded: scores lie in [0, 1] by definition.
        groups: shape (N,), the number of each example's group; None where there are none.
    """
    old, new, *rerun = sides
    size = len(incomplete)
    unanswered = np.zeros(size, np.bool_)
    for side, rows in zip((old, *rerun), (examples[0], *examples[2:]), strict=True):
        unanswered |= find_unanswered(side, rows, size, threshold)
    counted = [
        (float(scores.min()), float(scores.max()))
        for side, rows in zip((old, new), examples[:2], strict=True)
        if len(scores := side.scores[side.counted & (rows >= 0)])
    ]
    lowest, highest = zip(*counted, strict=True) if counted else ((0.0,), (1.0,))
    seen = min(lowest), max(highest)
    rows, index = _rows_of(examples[0])
    has_input = np.zeros(size, np.bool_)
    has_input[index] = old.input[rows] != 0
    contents = None
    if old.contents is not None:
        contents = np.zeros(size, np.int64)
        contents[index] = old.contents[rows]
    digests = (old.file.reading, new.file.reading)
    repeated = _count_repeated(old, rows, index, groups)
    return Evidence(unanswered, incomplete, seen, contents, has_input, repeated, digests, bounded)


def _count_repeated(
    side: ScoredRows, rows: IntArray, index: IntArray, groups: IntArray | None
) -> int:
    if not side.input.any():
        return 0
    first = np.full(index.max(initial=-1) + 1, -1)
    first[index[::-1]] = rows[::-1]  # of several samples
    examples = np.flatnonzero((first >= 0) & (side.input[first] != 0))
    first = first[examples]
    contents = [side.input[first], side.references[first]]
    # Copies in one group count as one already.
    apart = len(first) if groups is None else _count_distinct([*contents, groups[examples]])
    return apart - _count_distinct(contents)


def _count_distinct(columns: Sequence[IntArray]) -> int:
    order = np.lexsort(columns)
    other = np.zeros(max(len(order) - 1, 0), np.bool_)
    for column in columns:
        ordered = column[order]
        other |= ordered[1:] != ordered[:-1]
    return int(other.sum()) + (len(order) > 0)


def find_unanswered(side: ScoredRows, examples: IntArray, size: int, threshold: float) -> BoolArray:
    """Find the examples that a model did not answer: missing, failed, or null and not right.

    The arguments are those of `judge`.
    """
    rows, index = _rows_of(examples)
    # A judge's score stands beside a null answer: what it calls right was answered.
    failed = side.errored | (side.no_answer & ~side.right(threshold))
    unanswered: BoolArray = np.bincount(index, minlength=size) == 0
    unanswered[index[failed[rows]]] = True
    return unanswered


def _rows_of(examples: IntArray) -> tuple[IntArray, IntArray]:
    rows = np.flatnonzero(examples >= 0)
    return rows, examples[rows]
