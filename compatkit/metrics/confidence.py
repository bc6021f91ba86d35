"""Confidence: what two models make of the choices of each example, as columns.

The probability of a choice is its share of the likelihoods of all choices of its example: the
softmax of the log-likelihoods, weighed as what is judged weighs them. Columns of choices hold those
of one example after those of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from compatkit.arrays import BoolArray, FloatArray, IntArray


class Confidence(Struct, frozen=True):
    """What one model makes of the choices of N examples: shape (N,) each, nan where unknown.

    Attributes:
        probability: of the right choice; of several right ones, of all together.
        log_probability: its natural logarithm.
        margin: the probability of the likeliest right choice less that of the likeliest wrong one,
            in [-1, 1].
        brier: the squared distance of the probabilities from certainty of what is right, in [0, 2].
        top: the probability of the likeliest choice.
        hit: 1 where that is right, else 0.
    """

    probability: FloatArray
    log_probability: FloatArray
    margin: FloatArray
    brier: FloatArray
    top: FloatArray
    hit: FloatArray

    @property
    def is_known(self) -> BoolArray:
        """Whether the right choice and its probability are known, shape (N,)."""
        return ~np.isnan(self.probability)

    def take(self, rows: IntArray) -> "Confidence":
        """Return the columns of some examples, in the order given."""
        return Confidence(*(getattr(self, name)[rows] for name in self.__struct_fields__))

    def spread(self, places: IntArray, size: int) -> "Confidence":
        """Return columns of N examples, in which these have the places given, and no other any."""
        columns = []
        for name in self.__struct_fields__:
            whole = np.full(size, np.nan)
            whole[places] = getattr(self, name)
            columns.append(whole)
        return Confidence(*columns)


@dataclass(frozen=True, slots=True)
class RightChoice:
    """What two models make of the right choice of one example; None where it is not known.

    Attributes:
        old_probability: of the right choice, by the old model.
        new_probability: by the new one.
        old_margin: over the likeliest wrong choice.
        new_margin: the same of the new model.
        close: whether the old margin is that of a close call.
    """

    old_probability: float | None
    new_probability: float | None
    old_margin: float | None
    new_margin: float | None
    close: bool

    def __str__(self) -> str:
        """Return the probabilities as a report shows them.

        >>> print(RightChoice(0.75, 0.401, 0.5, -0.198, close=False))
        right choice at 75.0% -> 40.1%
        """
        old, new = (
            "-" if share is None else f"{share:.1%}"
            for share in (self.old_probability, self.new_probability)
        )
        return f"right choice at {old} -> {new}{', close' if self.close else ''}"


class ConfidencePair(Struct, frozen=True):
    """What two models make of the choices of N examples.

    Attributes:
        old: the old model.
        new: the new model.
        paired: shape (N,), whether both have likelihoods of the same choices, weighed alike.
        divergence: shape (N,), the Kullback-Leibler divergence of the new probabilities from the
            old, in nats; nan where not paired.
        same_top: shape (N,), whether the likeliest choice is the same one; False where not paired.
        close: shape (N,), whether the old margin is known, and at most that of a close call.
    """

    old: Confidence
    new: Confidence
    paired: BoolArray
    divergence: FloatArray
    same_top: BoolArray
    close: BoolArray

    @property
    def judged(self) -> BoolArray:
        """Whether the choices are paired, and the right one is known on both sides, shape (N,)."""
        return self.paired & self.old.is_known & self.new.is_known

    def right_choice(self, example: int) -> RightChoice:
        """Return what both make of the right choice of one example."""

        def pick(column: FloatArray) -> float | None:
            return None if np.isnan(column[example]) else float(column[example])

        return RightChoice(
            pick(self.old.probability),
            pick(self.new.probability),
            pick(self.old.margin),
            pick(self.new.margin),
            bool(self.close[example]),
        )

    def take(self, rows: IntArray) -> "ConfidencePair":
        """Return the columns of some examples, in the order given."""
        return ConfidencePair(
            self.old.take(rows),
            self.new.take(rows),
            self.paired[rows],
            self.divergence[rows],
            self.same_top[rows],
            self.close[rows],
        )


def join_confidence(parts: Sequence[ConfidencePair]) -> ConfidencePair:
    """Put the examples of several tasks together."""

    def join_models(models: Sequence[Confidence]) -> Confidence:
        return Confidence(
            *(np.concatenate([getattr(m, c) for m in models]) for c in Confidence.__struct_fields__)
        )

    return ConfidencePair(
        join_models([part.old for part in parts]),
        join_models([part.new for part in parts]),
        np.concatenate([part.paired for part in parts]),
        np.concatenate([part.divergence for part in parts]),
        np.concatenate([part.same_top for part in parts]),
        np.concatenate([part.close for part in parts]),
    )


def log_probabilities(values: FloatArray, sizes: IntArray) -> FloatArray:
    """Return the logarithm of each choice's share of the likelihoods of its example.

    Args:
        values: log-likelihoods, finite.
        sizes: number of choices of each example, at least 1.

    >>> np.exp(log_probabilities(np.log([0.1, 0.3]), np.array([2]))).round(2).tolist()
    [0.25, 0.75]
    """
    starts = _starts(sizes)
    if not len(starts):
        return values
    # Of the largest, so that no exponential overflows, and not all of them are 0.
    shifted = values - np.repeat(np.maximum.reduceat(values, starts), sizes)
    sums = np.add.reduceat(np.exp(shifted), starts)
    return np.asarray(shifted - np.repeat(np.log(sums), sizes))


def measure_confidence(values: FloatArray, right: BoolArray, sizes: IntArray) -> Confidence:
    """Return what a model makes of the choices of some examples.

    Args:
        values: log-likelihoods of the choices, finite.
        right: whether each choice is right; of an example of which none is, or all are, nothing
            is known but the probability of the likeliest.
        sizes: number of choices of each example, at least 2.
    """
    starts = _starts(sizes)
    if not len(starts):
        return Confidence(*(np.zeros(0) for _ in Confidence.__struct_fields__))
    logs = log_probabilities(values, sizes)
    shares = np.exp(logs)
    has_both = np.logical_or.reduceat(right, starts) & np.logical_or.reduceat(~right, starts)
    best_right = np.maximum.reduceat(np.where(right, logs, -np.inf), starts)
    best_wrong = np.maximum.reduceat(np.where(right, -np.inf, logs), starts)
    base = np.where(has_both, best_right, 0.0)
    beside = np.where(right, logs - np.repeat(base, sizes), -np.inf)
    with np.errstate(divide="ignore"):
        log_right = base + np.log(np.add.reduceat(np.exp(beside), starts))
    wrong = np.add.reduceat(np.where(right, 0.0, shares**2), starts)
    top = np.maximum.reduceat(shares, starts)

    def where_known(column: FloatArray) -> FloatArray:
        return np.where(has_both, column, np.nan)

    probability = np.exp(log_right)
    return Confidence(
        where_known(probability),
        where_known(log_right),
        where_known(np.exp(best_right) - np.exp(best_wrong)),
        where_known((1.0 - probability) ** 2 + wrong),
        top,
        where_known(right[find_tops(values, sizes)].astype(np.float64)),
    )


def find_tops(values: FloatArray, sizes: IntArray) -> IntArray:
    """Return where the likeliest choice of each example stands, the first of equal ones."""
    starts = _starts(sizes)
    if not len(starts):
        return starts
    places = np.flatnonzero(values == np.repeat(np.maximum.reduceat(values, starts), sizes))
    return places[np.searchsorted(places, starts)]


def diverge(old: FloatArray, new: FloatArray, sizes: IntArray) -> FloatArray:
    """Return the divergence of the new probabilities from the old of each example, in nats.

    The sum over its choices of p log(p / q), p the old and q the new probability; 0 where they
    are equal, and never below.

    Args:
        old: log-likelihoods, finite.
        new: of the same choices in the same order.
        sizes: number of choices of each example, at least 1.

    Source: Kullback and Leibler 1951; Dutta et al. 2024 (arXiv 2407.09141).

    >>> diverge(np.log([0.5, 0.5]), np.log([0.25, 0.75]), np.array([2])).round(4).tolist()
    [0.1438]
    """
    logs, new_logs = log_probabilities(old, sizes), log_probabilities(new, sizes)
    starts = _starts(sizes)
    if not len(starts):
        return np.zeros(0)
    # What is a sum of floats may be less than 0 by their last digit.
    return np.maximum(np.add.reduceat(np.exp(logs) * (logs - new_logs), starts), 0.0)


def _starts(sizes: IntArray) -> IntArray:
    return np.cumsum(sizes) - sizes
