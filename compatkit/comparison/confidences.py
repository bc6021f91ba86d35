"""Confidences: the likelihoods of two models' choices, put together, with what is to be said of it.

A lost answer was a close call where the old margin of the right choice is no larger than the
user says, or than what a second run of the old model moves margins by: the 99th percentile of the
moves, where a second run is at hand, else a default.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from compatkit.arrays import IntArray
from compatkit.metrics.confidence import (
    Confidence,
    ConfidencePair,
    diverge,
    find_tops,
    log_probabilities,
    measure_confidence,
)
from compatkit.metrics.pair import JudgedPair
from compatkit.notes import Note, notes_of
from compatkit.pairing.paired_choices import pair_choices, rows_of
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.predictions.likelihoods import (
    LESS_ALONE,
    PER_BYTE,
    PER_CHARACTER,
    PER_TOKEN,
    RAW,
    WEIGHINGS,
    Likelihoods,
)
from compatkit.record import replace

# A bfloat16 number has 8 bits, so that a logit between 8 and 16 is rounded by up to 0.03. A few of
# them move the log-likelihoods of two choices by 0.1 against each other, and a margin by half of
# that at most; divided by a length of some ten or more, by a tenth of it.
DEFAULTS = {
    RAW: 0.05,
    LESS_ALONE: 0.05,
    **dict.fromkeys((PER_TOKEN, PER_CHARACTER, PER_BYTE), 0.005),
}
PART = 1 << 14  # examples that are measured at a time
SHARE = 0.99  # of the margins, which a second run moves by no more than the measured limit


# Where a margin of close calls comes from.
ORIGINS = SAID, MEASURED, DEFAULT = ("said", "measured", "default")


@dataclass(frozen=True, slots=True)
class CloseMargin:
    """Up to which old margin of the right choice a negative flip is a close call.

    Attributes:
        value: the largest one.
        origin: `said` by `close_margin`, `measured` by a second run, or a `default`.
        measured: what a second run moves margins by; None where there is none to tell.
        examples: number of those whose margins it was measured by.
    """

    value: float
    origin: str
    measured: float | None = None
    examples: int = 0


class Confidences(Struct, frozen=True):
    """What two models make of the choices of each example, and which margins are close.

    Attributes:
        pair: the columns; None where the old file holds no likelihoods.
        close: up to which old margin a flip is a close call; None where there are no columns.
    """

    pair: ConfidencePair | None = None
    close: CloseMargin | None = None


def gather_confidence(
    sides: Sequence[ScoredRows],
    examples: Sequence[IntArray],
    size: int,
    close_margin: float | None = None,
) -> Confidences:
    """Put the likelihoods of two models together.

    Args:
        sides: the rows of the old model, of the new one, and of a second run of the old one where
            there is one.
        examples: for each side, of each row the index of its example, -1 where left out.
        size: number of examples.
        close_margin: as of `Options`.
    """
    held = [side.likelihoods for side in sides]
    old = held[0]
    if old is None:
        return Confidences()
    rows = [rows_of(column, size) for column in examples]
    pair, again = ConfidencePair.unknown(size), []
    for likelihoods, places in zip(held[2:], rows[2:], strict=True):
        if likelihoods is not None and likelihoods.weighing == old.weighing:
            rerun = Confidence.unknown(size)
            for part, (taken,) in _take_parts([likelihoods], [places]):
                _put_measured(rerun, part, taken)
            again.append(rerun)
    for part, (was, now) in _take_parts(held[:2], rows[:2]):
        _put_pair(pair, part, was, now)
    close = _find_close_margin(pair.old, again, old.weighing, close_margin)
    # What counts as right although another choice is likelier was not judged by these.
    is_close = (pair.old.margin >= 0.0) & (pair.old.margin <= close.value)
    return Confidences(replace(pair, close=is_close), close)


def _take_parts(
    sides: Sequence[Likelihoods | None], rows: Sequence[IntArray]
) -> Iterator[tuple[slice, list[Likelihoods | None]]]:
    """Yield some examples at a time, with the log-probabilities of each side.

    What is made of them fits into a processor's cache, and a file's choices are never copied as a
    whole.

    Args:
        sides: the likelihoods of each.
        rows: for each side, the row of each example, -1 where it has none.
    """
    starts = [None if side is None else side.starts for side in sides]
    for start in range(0, len(rows[0]), PART):
        part = slice(start, start + PART)
        taken = [
            None if side is None else side.take(places[part], first)
            for side, places, first in zip(sides, rows, starts, strict=True)
        ]
        yield part, [None if side is None else _normalize(side) for side in taken]


def _normalize(side: Likelihoods) -> Likelihoods:
    """Return the logarithms of probabilities in the place of log-likelihoods."""
    sizes = side.sizes[side.sizes > 0]
    return replace(side, values=log_probabilities(side.values, sizes))


def _put_pair(
    pair: ConfidencePair, part: slice, old: Likelihoods | None, new: Likelihoods | None
) -> None:
    """Write down what two models make of the choices of some examples."""
    _put_measured(pair.old, part, old)
    _put_measured(pair.new, part, new)
    if old is None or new is None:
        return
    every = np.arange(len(old.sizes))
    both = pair_choices(old, new, every, every)
    examples = part.start + both.examples
    pair.paired[examples] = True
    pair.divergence[examples] = diverge(both.old, both.new, both.sizes)
    tops = (find_tops(values, both.sizes) for values in (both.old, both.new))
    pair.same_top[examples] = np.equal(*tops)


def _put_measured(model: Confidence, part: slice, taken: Likelihoods | None) -> None:
    """Write down what a model makes of the choices of some examples, where it has any."""
    if taken is None:
        return
    held = np.flatnonzero(taken.sizes)
    measured = measure_confidence(taken.values, taken.right, taken.sizes[held])
    model.put(part.start + held, measured)


def _find_close_margin(
    old: Confidence, again: Sequence[Confidence], weighing: str, close_margin: float | None
) -> CloseMargin:
    """Return what was said, else what a second run of the old model measures, else the default."""
    measured, count = None, 0
    for rerun in again:
        moves = np.abs(rerun.margin - old.margin)
        moves = moves[~np.isnan(moves)]
        if count := len(moves):
            measured = float(np.quantile(moves, SHARE, method="higher"))
    if close_margin is not None:
        return CloseMargin(float(close_margin), SAID, measured, count)
    if measured is not None:
        return CloseMargin(measured, MEASURED, measured, count)
    return CloseMargin(DEFAULTS[weighing], DEFAULT)


def note_confidence(
    confidences: Confidences, sides: Sequence[ScoredRows], pair: JudgedPair
) -> list[Note]:
    """Note which likelihoods were compared, what they say nothing of, and what a close call is.

    Args:
        confidences: what was put together.
        sides: as of `gather_confidence`.
        pair: the aligned results.
    """
    old, new = sides[:2]
    if old.likelihoods is None and new.likelihoods is None:
        return []
    faults = [
        f"{side.file.name}: {count:,} {fault}"
        for side in (old, new)
        if side.likelihoods is not None
        for fault, count in side.likelihoods.faults.items()
    ]
    texts = [*_describe_weighing(old, new), *faults]
    if confidences.pair is not None and pair.single:
        names = [side.file.name for side in sides]
        texts += _describe_margin(confidences.close, old.likelihoods, names)
        texts += _count_lost(confidences.pair, pair)
        texts += _doubt_judged(confidences.pair, pair, names)
    elif confidences.pair is not None:
        texts.append("likelihoods of choices are not compared: examples have several samples")
    return notes_of("confidence", texts)


def _describe_weighing(old: ScoredRows, new: ScoredRows) -> Iterator[str]:
    weighed = [side.likelihoods and side.likelihoods.weighing for side in (old, new)]
    lacking = [side.file.name for side in (old, new) if side.likelihoods is None]
    if lacking:
        yield f"{lacking[0]} holds no likelihoods of choices, so that none are compared"
    elif weighed[0] == weighed[1]:
        words = WEIGHINGS[str(weighed[0])]
        yield f"likelihoods of choices are {weighed[0]}: the log-likelihood {words}"
    else:
        yield (
            f"likelihoods of choices are {weighed[0]} in {old.file.name} and {weighed[1]} in "
            f"{new.file.name}, so that none are compared"
        )


def _describe_margin(
    close: CloseMargin | None, likelihoods: Likelihoods | None, names: Sequence[str]
) -> Iterator[str]:
    if close is None or likelihoods is None:
        return
    limit = f"close calls are flips with an old margin of at most {close.value:.4g}"
    rerun = names[2] if len(names) > len(names[:2]) else None
    moved = f"{SHARE:.0%} of {close.examples:,} margins moved by no more"
    if close.origin == SAID:
        yield f"{limit}, as close_margin says"
        if close.measured is not None:
            yield f"{moved} than {close.measured:.4g} in {rerun}"
    elif close.origin == MEASURED:
        yield f"{limit}: {moved} in {rerun}"
    else:
        advice = "--old-rerun measures it" if rerun is None else _no_measure(rerun)
        yield f"{limit}, the default of likelihoods that are {likelihoods.weighing}; {advice}"
    if close.origin == SAID and rerun is not None and close.measured is None:
        yield _no_measure(rerun)


def _no_measure(rerun: str) -> str:
    return f"{rerun} measures none: it holds no likelihoods of the right choice, weighed alike"


def _count_lost(moved: ConfidencePair, pair: JudgedPair) -> Iterator[str]:
    size, paired, judged = len(pair.ids), int(moved.paired.sum()), int(moved.judged.sum())
    if 0 < paired < size:
        yield (
            f"divergence and likeliest choices are of {paired:,} of {size:,} examples: the others "
            "have no likelihoods of the same choices on both sides"
        )
    if judged < paired:
        yield (
            f"log-likelihood, Brier score and calibration are of {judged:,} of {paired:,} examples "
            "with likelihoods: of the others no choice is known to be right"
        )
    unknown = int((pair.broken & ~moved.old.is_known).sum())
    if unknown:
        yield (
            f"{unknown:,} negative flips have no old margin that is known, and count as confident "
            "losses"
        )


def _doubt_judged(moved: ConfidencePair, pair: JudgedPair, names: Sequence[str]) -> Iterator[str]:
    models = (moved.old, pair.was_right), (moved.new, pair.is_right)
    for (model, right), name in zip(models, names, strict=False):
        other = int((model.is_known & (model.hit != right)).sum())
        if other:
            yield (
                f"{name}: {other:,} of {int(model.is_known.sum()):,} examples are judged otherwise "
                "than by their likeliest choice"
            )
