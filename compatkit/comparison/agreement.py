"""Agreement: which answer became which, where there are few."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from compatkit.arrays import IntArray
from compatkit.comparison.judging import join_answers
from compatkit.metrics.pair import JudgedPair
from compatkit.pairing.scored_rows import FEW, ScoredRows


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
    columns = [
        join_answers(side, rows, len(pair.ids)) for side, rows in zip(sides, examples, strict=True)
    ]
    # Not `np.unique`, which imports numpy.ma: a tenth of all that a small comparison takes.
    numbers = sorted({0, *texts})
    used = [number for number in numbers if any((column == number).any() for column in columns)]
    answers = sorted((texts[number] for number in used if number), key=_in_order)
    if len(used) < 2 or len(answers) > FEW:  # noqa: PLR2004
        return None
    order = np.array([answers.index(texts[number]) if number else len(answers) for number in used])
    old_places, new_places = (order[np.searchsorted(used, column)] for column in columns)
    counts = np.zeros((len(used), len(used)), np.int64)
    np.add.at(counts, (old_places, new_places), 1)
    nothing = [None] if 0 in used else []
    return Agreement((*answers, *nothing), counts)


def _in_order(answer: str) -> tuple[int, str]:
    """Sort texts of one length by letters, shorter ones first: 9 before 10, A before B."""
    return len(answer), answer
