"""Flips: four counts, and every rate that follows from them."""

from dataclasses import astuple, dataclass, field

import numpy as np

from compatkit.arrays import BoolArray


@dataclass(frozen=True, slots=True)
class Flips:
    """How many examples two models answer right and wrong, together and apart.

    Counts add: the flips of two disjoint sets of examples are `Flips + Flips`. The counts
    `same_*` tell how many of the four have equal answers; they mean nothing where
    `answers_known` is False.

    Attributes:
        both_right: n11.
        negative_flips: n10, the old model right and the new one wrong.
        positive_flips: n01, the old model wrong and the new one right.
        both_wrong: n00.
        same_both_right: of n11, those with equal answers.
        same_negative: of n10, those with equal answers (a judge may differ with itself).
        same_positive: of n01, those with equal answers.
        same_both_wrong: of n00, those with equal answers.
        answers_known: whether answers were there to be compared.
    """

    both_right: int = 0
    negative_flips: int = 0
    positive_flips: int = 0
    both_wrong: int = 0
    same_both_right: int = 0
    same_negative: int = 0
    same_positive: int = 0
    same_both_wrong: int = 0
    answers_known: bool = field(default=True, kw_only=True)

    def __add__(self, other: "Flips") -> "Flips":
        """Return the flips of both sets of examples together."""
        known = self.answers_known and other.answers_known
        mine, theirs = astuple(self)[:8], astuple(other)[:8]
        return Flips(*(a + b for a, b in zip(mine, theirs, strict=True)), answers_known=known)

    @property
    def total(self) -> int:
        """N, the number of examples."""
        return self.both_right + self.negative_flips + self.positive_flips + self.both_wrong

    @property
    def old_right(self) -> int:
        """n11 + n10."""
        return self.both_right + self.negative_flips

    @property
    def new_right(self) -> int:
        """n11 + n01."""
        return self.both_right + self.positive_flips

    @property
    def new_wrong(self) -> int:
        """n10 + n00."""
        return self.negative_flips + self.both_wrong

    @property
    def new_wrong_and_different(self) -> int:
        """Examples whose new answer is wrong and differs from the old one."""
        return self.new_wrong - self.same_negative - self.same_both_wrong

    @property
    def different(self) -> int:
        """Examples whose two answers differ."""
        same = self.same_both_right + self.same_negative + self.same_positive + self.same_both_wrong
        return self.total - same

    @property
    def accuracy_old(self) -> float:
        """(n11 + n10) / N, in [0, 1]; nan for N = 0."""
        return _ratio(self.old_right, self.total)

    @property
    def accuracy_new(self) -> float:
        """(n11 + n01) / N, in [0, 1]; nan for N = 0."""
        return _ratio(self.new_right, self.total)

    @property
    def accuracy_delta(self) -> float:
        """(n01 - n10) / N, in [-1, 1]; nan for N = 0."""
        return _ratio(self.positive_flips - self.negative_flips, self.total)

    @property
    def negative_flip_rate(self) -> float:
        """n10 / N, in [0, 1]; nan for N = 0. Source: Yan et al. 2021 (arXiv 2011.09161)."""
        return _ratio(self.negative_flips, self.total)

    @property
    def positive_flip_rate(self) -> float:
        """n01 / N, in [0, 1]; nan for N = 0."""
        return _ratio(self.positive_flips, self.total)

    @property
    def inconsistency_flip_rate(self) -> float:
        """Share with a new answer that is wrong and differs from the old one, in [0, 1].

        nan for N = 0 or unknown answers. Source: Echterhoff et al. 2024 (arXiv 2407.09435),
        section 3.2.
        """
        return _ratio(self.new_wrong_and_different, self._answered(self.total))

    @property
    def negative_flip_impact(self) -> float:
        """NFR / (1 - accuracy_new) = n10 / (n10 + n00), in [0, 1]; nan if nothing is wrong.

        Source: Cai et al. 2022 (arXiv 2202.02976).
        """
        return _ratio(self.negative_flips, self.new_wrong)

    @property
    def relative_negative_flip_rate(self) -> float:
        """NFR / (accuracy_old (1 - accuracy_new)); 1 is what independent models would have.

        0 or more; nan where a factor of the denominator is 0. Source: Yan et al. 2021
        (arXiv 2011.09161).
        """
        return _ratio(self.negative_flips * self.total, self.old_right * self.new_wrong)

    @property
    def backward_trust_compatibility(self) -> float:
        """n11 / (n11 + n10), in [0, 1]; nan if the old model is never right.

        Source: Srivastava et al. 2020 (arXiv 2008.04572).
        """
        return _ratio(self.both_right, self.old_right)

    @property
    def backward_error_compatibility(self) -> float:
        """n00 / (n00 + n10), in [0, 1]; nan if the new model is never wrong.

        Source: Srivastava et al. 2020 (arXiv 2008.04572).
        """
        return _ratio(self.both_wrong, self.new_wrong)

    @property
    def churn(self) -> float:
        """Share of examples whose answers differ, in [0, 1]; nan for N = 0 or unknown answers.

        Source: Milani Fard et al. 2016, launch and iterate.
        """
        return _ratio(self.different, self._answered(self.total))

    @property
    def agreement_right(self) -> float:
        """Of the examples both answer right, the share with equal answers, in [0, 1].

        nan if there is none, or answers are unknown. Source: Echterhoff et al. 2024
        (arXiv 2407.09435), figure 2.
        """
        return _ratio(self.same_both_right, self._answered(self.both_right))

    def _answered(self, denominator: int) -> int:
        return denominator if self.answers_known else 0


def count_flips(old_right: BoolArray, new_right: BoolArray, same: BoolArray | None) -> Flips:
    """Count the flips of aligned examples.

    Args:
        old_right: shape (N,), whether the old model's answer is right.
        new_right: shape (N,).
        same: shape (N,), whether the answers are equal; None where they are unknown.

    >>> count_flips(np.array([True, True]), np.array([True, False]), None).negative_flip_rate
    0.5
    """
    cell = 4 * (~old_right) + 2 * (~new_right)  # 0 both right, 2 negative, 4 positive, 6 both wrong
    if same is not None:
        cell = cell + same
    counts = np.bincount(cell, minlength=8).reshape(4, 2)
    cells: list[int] = [*counts.sum(axis=1).tolist(), *counts[:, 1].tolist()]
    return Flips(*cells, answers_known=same is not None)


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")
