"""Judging: the scored rows of each side gathered into one result per example, and what they show.

`Evidence` holds what a decision asks of the files beside the numbers: whom the old model never
answered, which scores there are, what tells an example of one task from those of another.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.errors import DataError
from compatkit.metrics.pair import Judged
from compatkit.pairing.edited import count_of, name_row
from compatkit.pairing.numbering import mark
from compatkit.pairing.scored_rows import ScoredRows

TOGETHER = 1 << 20  # rows whose contents are sorted at a time


class Evidence(Struct, frozen=True):
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
    return min(0.0, *(score_range(side)[0] for side in sides))


def score_range(side: ScoredRows, examples: IntArray | None = None) -> tuple[float, float]:
    """Return the lowest and the highest score that counts, infinite where none does.

    Args:
        side: a model's rows.
        examples: shape (rows,), the index of each row's example, -1 where left out; all if not
            given.
    """
    lowest, highest = np.inf, -np.inf
    for part, _, counted, scores in side.counted_parts():
        used = scores[counted if examples is None else counted & (examples[part] >= 0)]
        lowest = min(lowest, used.min(initial=np.inf))
        highest = max(highest, used.max(initial=-np.inf))
    return float(lowest), float(highest)


def is_judged(side: ScoredRows, examples: IntArray) -> bool:
    """Whether every score that counts is 0 or 1; the arguments are those of `score_range`."""
    for part, _, counted, scores in side.counted_parts():
        used = scores[counted & (examples[part] >= 0)]
        if not ((used == 0.0) | (used == 1.0)).all():
            return False
    return True


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
    present = mark(examples, size, examples >= 0)
    if pass_at is None and np.count_nonzero(examples >= 0) == np.count_nonzero(present):
        return _judge_single(side, examples, present, threshold, lowest)
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
        share if np.array_equal(scores, share) else scores,
        share,
        _once(samples),
        _once(silent),
    )


def _judge_single(
    side: ScoredRows, examples: IntArray, present: BoolArray, threshold: float, lowest: float
) -> Judged:
    """Gather the rows of examples with one row each, or none, in as few bytes as that takes."""
    right = np.zeros(len(present), np.bool_)
    silent: IntArray = np.zeros(len(present), np.int8)
    plain = lowest == 0.0 or bool(present.all())  # so far, every score is 0 or 1 and says it all
    for part, no_answer, counted, scores in side.counted_parts():
        used = examples[part] >= 0
        index = examples[part][used]
        enough = counted & (scores >= threshold)
        right[index], silent[index] = enough[used], no_answer[used]
        plain = plain and bool((np.where(counted, scores, lowest) == enough)[used].all())
    shares: FloatArray | BoolArray = right
    if not plain:
        shares = np.full(len(present), lowest)
        for part, _, counted, scores in side.counted_parts():
            used = examples[part] >= 0
            # Not -0.0, which a sum over one sample never is.
            shares[examples[part][used]] = np.where(counted, scores, lowest)[used] + 0.0
    samples: IntArray = present.astype(np.int8 if present.all() else np.int64)
    return Judged(shares, right, _once(samples), _once(silent))


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
    for part, hashes in side.parts("answers"):
        used = examples[part] >= 0
        answers[examples[part][used]] = hashes[used]
    return answers


def compare_answers(
    sides: Sequence[ScoredRows], examples: Sequence[IntArray], size: int
) -> BoolArray:
    """Return which examples have the same answer on two sides, shape (size,).

    Args:
        sides: the rows of two models.
        examples: for each side, of each row the index of its example, -1 where left out.
        size: number of examples.
    """
    answers = join_answers(sides[0], examples[0], size)
    same: BoolArray = answers == 0
    for part, hashes in sides[1].parts("answers"):
        used = examples[1][part] >= 0
        index = examples[1][part][used]
        same[index] = answers[index] == hashes[used]
    return same


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
    ranges = [score_range(*side) for side in zip((old, new), examples[:2], strict=True)]
    seen = min(low for low, _ in ranges), max(high for _, high in ranges)
    seen = seen if seen[0] <= seen[1] else (0.0, 1.0)
    has_input = np.zeros(size, np.bool_)
    for part, inputs in old.parts("input"):
        used = examples[0][part] >= 0
        has_input[examples[0][part][used]] = inputs[used] != 0
    contents = None
    if old.contents is not None:
        rows = np.flatnonzero(examples[0] >= 0)
        contents = np.zeros(size, np.int64)
        contents[examples[0][rows]] = old.contents[rows]
    digests = (old.file.reading, new.file.reading)
    repeated = _count_repeated(old, examples[0], size, groups)
    return Evidence(unanswered, incomplete, seen, contents, has_input, repeated, digests, bounded)


def _count_repeated(
    side: ScoredRows, examples: IntArray, size: int, groups: IntArray | None
) -> int:
    """Count the examples whose input and references an earlier one has."""
    if not side.holds("input"):
        return 0
    first = _find_first(examples, size)
    repeated, turns = 0, 1 + len(examples) // TOGETHER
    # Equal ones have equal hashes, and fall into the same turn.
    for turn in range(turns):
        parts: list[tuple[IntArray, ...]] = []
        for part, inputs, references in side.parts("input", "references"):
            own = first[part] & (inputs != 0) & (inputs % turns == turn)
            among = () if groups is None else (groups[examples[part][own]],)
            parts.append((inputs[own], references[own], *among))
        contents = [np.concatenate(column) for column in zip(*parts, strict=True)]
        # Copies in one group count as one already.
        apart = len(contents[0]) if groups is None else _count_distinct(contents)
        repeated += apart - _count_distinct(contents[:2])
    return repeated


def _find_first(examples: IntArray, size: int) -> BoolArray:
    """Return which rows are the first, or only, ones of their examples."""
    used = examples >= 0
    if np.count_nonzero(used) == np.count_nonzero(mark(examples, size, used)):
        return used
    rows = np.flatnonzero(used)
    row_of = np.full(size, -1)
    row_of[examples[rows[::-1]]] = rows[::-1]
    first = np.zeros(len(examples), np.bool_)
    first[row_of[row_of >= 0]] = True
    return first


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
    unanswered = ~mark(examples, size, examples >= 0)
    if not side.holds("errored") and not side.holds("no_answer"):
        return unanswered
    # A judge's score stands beside a null answer: what it calls right was answered.
    failed = side.errored | (side.no_answer & ~side.right(threshold))
    unanswered[examples[failed & (examples >= 0)]] = True
    return unanswered
