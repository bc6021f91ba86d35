"""Confidences: the likelihoods of two models' choices, put together, with what is to be said of it.

A lost answer was a close call where the old margin of the right choice is no larger than what a
second run of the old model moves margins by: the 99th percentile of the moves, where a second run
is at hand, else a default.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from compatkit.arrays import IntArray
from compatkit.metrics.confidence import (
    Confidence,
    ConfidencePair,
    diverge,
    find_tops,
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

# A bfloat16 number has 8 bits, so that a logit between 8 and 16 is rounded by up to 0.03. A few of
# them move the log-likelihoods of two choices by 0.1 against each other, and a margin by half of
# that at most; divided by a length of some ten or more, by a tenth of it.
DEFAULTS = {
    RAW: 0.05,
    LESS_ALONE: 0.05,
    **dict.fromkeys((PER_TOKEN, PER_CHARACTER, PER_BYTE), 0.005),
}
SHARE = 0.99  # of the margins, which a second run moves by no more than the measured limit


@dataclass(frozen=True, slots=True)
class Confidences:
    """What two models make of the choices of each example, and which margins are close.

    Attributes:
        pair: the columns; None where the old file holds no likelihoods.
        limit: the largest old margin of a close call.
        moved: number of examples whose margins in a second run it was measured by; 0 where it is
            the default.
    """

    pair: ConfidencePair | None = None
    limit: float = 0.0
    moved: int = 0


def gather_confidence(
    sides: Sequence[ScoredRows], examples: Sequence[IntArray], size: int
) -> Confidences:
    """Put the likelihoods of two models together.

    Args:
        sides: the rows of the old model, of the new one, and of a second run of the old one where
            there is one.
        examples: for each side, of each row the index of its example, -1 where left out.
        size: number of examples.
    """
    old, new = (side.likelihoods for side in sides[:2])
    if old is None:
        return Confidences()
    rows = [rows_of(column, size) for column in examples]
    models = [_measure(side.likelihoods, places) for side, places in zip(sides, rows, strict=True)]
    limit, moved = DEFAULTS[old.weighing], 0
    rerun = sides[2].likelihoods if len(sides) > len(sides[:2]) else None
    if rerun is not None and rerun.weighing == old.weighing:
        moves = np.abs(models[2].margin - models[0].margin)
        moves = moves[~np.isnan(moves)]
        if moved := len(moves):
            limit = float(np.quantile(moves, SHARE, method="higher"))
    paired, same_top = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    divergence = np.full(size, np.nan)
    if new is not None:
        both = pair_choices(old, new, *rows[:2])
        paired[both.examples] = True
        divergence[both.examples] = diverge(both.old, both.new, both.sizes)
        tops = (find_tops(values, both.sizes) for values in (both.old, both.new))
        same_top[both.examples] = np.equal(*tops)
    # What counts as right although another choice is likelier was not judged by these.
    close = (models[0].margin >= 0.0) & (models[0].margin <= limit)
    pair = ConfidencePair(models[0], models[1], paired, divergence, same_top, close)
    return Confidences(pair, limit, moved)


def _measure(likelihoods: Likelihoods | None, rows: IntArray) -> Confidence:
    """Return what a model makes of the choices of each example, by its row."""
    if likelihoods is None:
        return Confidence(*(np.full(len(rows), np.nan) for _ in fields(Confidence)))
    held = np.flatnonzero(np.where(rows >= 0, likelihoods.sizes[rows], 0))
    taken = likelihoods.take(rows[held])
    measured = measure_confidence(taken.values, taken.right, taken.sizes)
    return measured.spread(held, len(rows))


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
        texts += [_describe_limit(confidences, old.likelihoods, names)]
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


def _describe_limit(
    confidences: Confidences, likelihoods: Likelihoods | None, names: Sequence[str]
) -> str:
    limit = f"close calls are flips with an old margin of at most {confidences.limit:.4g}"
    if confidences.moved:
        return (
            f"{limit}: {SHARE:.0%} of {confidences.moved:,} margins moved by no more in {names[2]}"
        )
    weighing = "" if likelihoods is None else likelihoods.weighing
    return f"{limit}, the default of likelihoods that are {weighing}; --old-rerun measures it"


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
