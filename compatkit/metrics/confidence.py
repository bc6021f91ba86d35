"""Confidence: what two models make of the choices of each example, as columns.

The probability of a choice is its share of the likelihoods of all choices of its example: the
softmax of the log-likelihoods, weighed as what is judged weighs them. Columns of choices hold those
of one example after those of another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, FloatArray, IntArray


class Confidence(Struct, frozen=True):
    """What one model makes of the choices of N examples: shape (N,) each, nan where unknown.

    Attributes:
        log_probability: natural logarithm of the probability of the right choice; of several right
            ones, of all together.
        margin: the probability of the likeliest right choice less that of the likeliest wrong one,
            in [-1, 1].
        brier: the squared distance of the probabilities from certainty of what is right, in [0, 2].
        top: the probability of the likeliest choice.
        hit: 1 where that is right, else 0.
    """

    log_probability: FloatArray
    margin: FloatArray
    brier: FloatArray
    top: FloatArray
    hit: FloatArray

    @property
    def probability(self) -> FloatArray:
        """Shape (N,), of the right choice; of several right ones, of all together."""
        return np.exp(self.log_probability)

    @property
    def is_known(self) -> BoolArray:
        """Whether the right choice and its probability are known, shape (N,)."""
        return ~np.isnan(self.log_probability)

    def take(self, rows: IntArray) -> "Confidence":
        """Return the columns of some examples, in the order given."""
        return Confidence(*(getattr(self, name)[rows] for name in self.__struct_fields__))

    @classmethod
    def unknown(cls, size: int) -> "Confidence":
        """Return the columns of N examples of which nothing is known."""
        return cls(*(np.full(size, np.nan) for _ in cls.__struct_fields__))

    def put(self, places: IntArray, measured: "Confidence") -> None:
        """Write down what was measured of some examples."""
        for name in self.__struct_fields__:
            getattr(self, name)[places] = getattr(measured, name)


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

    @classmethod
    def unknown(cls, size: int) -> "ConfidencePair":
        """Return the columns of N examples of which nothing is known."""
        old, new = (Confidence.unknown(size) for _ in range(2))
        paired, same_top, close = (np.zeros(size, np.bool_) for _ in range(3))
        return cls(old, new, paired, np.full(size, np.nan), same_top, close)

    def right_choice(self, example: int) -> RightChoice:
        """Return what both make of the right choice of one example."""

        def pick(column: FloatArray) -> float | None:
            return None if np.isnan(column[example]) else float(column[example])

        old, new = pick(self.old.log_probability), pick(self.new.log_probability)
        return RightChoice(
            None if old is None else math.exp(old),
            None if new is None else math.exp(new),
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


class Grouped(NamedTuple):
    """How columns of choices are those of examples: by the number of choices of each.

    Examples of as many choices are reduced together, choice by choice: fast, and to the same last
    digit whatever examples stand beside them.

    Attributes:
        sizes: shape (N,), at least 1.
        starts: where the choices of each example begin.
        alike: the examples of as many choices, for each number of choices.
    """

    sizes: IntArray
    starts: IntArray
    alike: list[IntArray]

    @classmethod
    def by(cls, sizes: IntArray) -> "Grouped":
        """Group the choices by their number in each example."""
        order = np.argsort(sizes, kind="stable")
        borders = np.flatnonzero(np.diff(sizes[order])) + 1
        alike = np.split(order, borders) if len(sizes) else []
        return cls(sizes, np.cumsum(sizes) - sizes, alike)

    def reduce(self, how: np.ufunc, column: NDArray[Any]) -> NDArray[Any]:
        """Return what becomes of the choices of each example, shape (N,)."""
        reduced = np.zeros(len(self.sizes), column.dtype)
        for examples in self.alike:
            reduced[examples] = how.reduce(self._table(examples, column), axis=0)
        return reduced

    def spread(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return what is of an example for each of its choices."""
        return np.repeat(column, self.sizes)

    def first(self, flags: BoolArray) -> IntArray:
        """Return where the first choice of each example is that has a flag; one of each has."""
        places = self.starts.copy()
        for examples in self.alike:
            places[examples] += self._table(examples, flags).argmax(axis=0)
        return places

    def _table(self, examples: IntArray, column: NDArray[Any]) -> NDArray[Any]:
        """Return the choices of examples that have as many, shape (choices, examples)."""
        width = int(self.sizes[examples[0]])
        if len(examples) == len(self.sizes):
            return np.ascontiguousarray(column.reshape(-1, width).T)
        return np.asarray(column[np.arange(width)[:, np.newaxis] + self.starts[examples]])


def log_probabilities(values: FloatArray, sizes: IntArray) -> FloatArray:
    """Return the logarithm of each choice's share of the likelihoods of its example.

    Args:
        values: log-likelihoods, finite.
        sizes: number of choices of each example, at least 1.

    >>> np.exp(log_probabilities(np.log([0.1, 0.3]), np.array([2]))).round(2).tolist()
    [0.25, 0.75]
    """
    grouped = Grouped.by(sizes)
    # Of the largest, so that no exponential overflows, and not all of them are 0.
    shifted = values - grouped.spread(grouped.reduce(np.maximum, values))
    sums = grouped.reduce(np.add, np.exp(shifted))
    return np.asarray(shifted - grouped.spread(np.log(sums)))


def measure_confidence(logs: FloatArray, right: BoolArray, sizes: IntArray) -> Confidence:
    """Return what a model makes of the choices of some examples.

    Args:
        logs: as of `log_probabilities`.
        right: whether each choice is right; of an example of which none is, or all are, nothing
            is known but the probability of the likeliest.
        sizes: number of choices of each example, at least 2.
    """
    grouped, shares = Grouped.by(sizes), np.exp(logs)
    count = grouped.reduce(np.add, right.astype(np.int64))
    has_both = (count > 0) & (count < sizes)
    best_right = grouped.reduce(np.maximum, np.where(right, logs, -np.inf))
    best_wrong = grouped.reduce(np.maximum, np.where(right, -np.inf, logs))
    log_right = best_right
    if (count > 1).any():
        base = np.where(has_both, best_right, 0.0)
        beside = np.where(right, logs - grouped.spread(base), -np.inf)
        with np.errstate(divide="ignore"):
            log_right = base + np.log(grouped.reduce(np.add, np.exp(beside)))
    wrong = grouped.reduce(np.add, np.where(right, 0.0, shares**2))

    def where_known(column: FloatArray) -> FloatArray:
        return np.where(has_both, column, np.nan)

    return Confidence(
        where_known(log_right),
        where_known(np.exp(best_right) - np.exp(best_wrong)),
        where_known((1.0 - np.exp(log_right)) ** 2 + wrong),
        grouped.reduce(np.maximum, shares),
        where_known(right[find_tops(logs, sizes)].astype(np.float64)),
    )


def find_tops(values: FloatArray, sizes: IntArray) -> IntArray:
    """Return where the likeliest choice of each example stands, the first of equal ones."""
    grouped = Grouped.by(sizes)
    return grouped.first(values == grouped.spread(grouped.reduce(np.maximum, values)))


def diverge(old: FloatArray, new: FloatArray, sizes: IntArray) -> FloatArray:
    """Return the divergence of the new probabilities from the old of each example, in nats.

    The sum over its choices of p log(p / q), p the old and q the new probability; 0 where they
    are equal, and never below.

    Args:
        old: as of `log_probabilities`.
        new: of the same choices in the same order.
        sizes: number of choices of each example, at least 1.

    Source: Kullback and Leibler 1951; Dutta et al. 2024 (arXiv 2407.09141).

    >>> diverge(np.log([0.5, 0.5]), np.log([0.25, 0.75]), np.array([2])).round(4).tolist()
    [0.1438]
    """
    # What is a sum of floats may be less than 0 by their last digit.
    sums: FloatArray = Grouped.by(sizes).reduce(np.add, np.exp(old) * (old - new))
    return np.maximum(sums, 0.0)
