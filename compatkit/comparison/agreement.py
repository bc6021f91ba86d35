"""Agreement: which answer became which, where there are few."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from compatkit.arrays import IntArray
from compatkit.metrics.pair import JudgedPair
from compatkit.pairing.scored_rows import FEW, ScoredRows
from compatkit.stored import read_parts


class Agreement(Struct, frozen=True):
    """The answers of both models, counted.

    Attributes:
        answers: as they were judged, in order; None, the last, for no answer.
        counts: shape (answers, answers), examples by the old answer and the new one.
    """

    answers: tuple[str | None, ...]
    counts: IntArray

    @property
    def same(self) -> int:
        """The number of examples with equal answers, no answer twice among them."""
        return int(self.counts.trace())


def count_answers(
    pair: JudgedPair, sides: Sequence[ScoredRows], examples: Sequence[IntArray]
) -> Agreement | None:
    """Count which answer became which.

    Args:
        pair: the aligned results.
        sides: the old and the new model's rows.
        examples: for each side, of each row the index of its example, -1 where left out.

    Returns:
        None where there are more answers than `FEW`, fewer than two, none to compare, or
            several samples of an example.
    """
    old, new = sides
    held = pair.single and old.has_answers and new.has_answers
    if not held or old.few_answers is None or new.few_answers is None:
        return None
    texts = {**old.few_answers, **new.few_answers}
    numbers = sorted({0, *texts})
    columns = [
        _number_answers(side, rows, numbers, len(pair.ids))
        for side, rows in zip(sides, examples, strict=True)
    ]
    flat = np.zeros(len(numbers) ** 2, np.int64)
    for _, (before, after) in read_parts(*columns):
        pairs = before.astype(np.int64) * len(numbers) + after
        flat += np.bincount(pairs, minlength=len(flat))
    every = flat.reshape(len(numbers), -1)
    used = np.flatnonzero(every.any(axis=0) | every.any(axis=1)).tolist()
    held_numbers = [numbers[place] for place in used]
    answers = sorted((texts[number] for number in held_numbers if number), key=_in_order)
    if len(used) < 2 or len(answers) > FEW:  # noqa: PLR2004
        return None
    order = [answers.index(texts[number]) if number else len(answers) for number in held_numbers]
    counts = np.zeros((len(used), len(used)), np.int64)
    counts[np.ix_(order, order)] = every[np.ix_(used, used)]
    nothing = [None] if 0 in held_numbers else []
    return Agreement((*answers, *nothing), counts)


def _number_answers(
    side: ScoredRows, examples: IntArray, numbers: Sequence[int], size: int
) -> IntArray:
    """Return the place of each example's answer among some hashes, in a byte, shape (size,)."""
    places: IntArray = np.full(size, numbers.index(0), np.int8)
    for part, hashes in side.parts("answers"):
        used = examples[part] >= 0
        places[examples[part][used]] = np.searchsorted(numbers, hashes[used])
    return places


def _in_order(answer: str) -> tuple[int, str]:
    """Sort texts of one length by letters, shorter ones first: 9 before 10, A before B."""
    return len(answer), answer
