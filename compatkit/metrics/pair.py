"""Pair: two models' results on the same examples, judged and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.errors import DataError
from compatkit.on_demand import convert
from compatkit.predictions.ids import Ids
from compatkit.record import replace
from compatkit.statistics.resampling import group_rows
from compatkit.stored import narrow

if TYPE_CHECKING:
    from compatkit.metrics.confidence import ConfidencePair
    from compatkit.statistics import ReliableFlips


def number_values(values: Sequence[str]) -> tuple[list[str], IntArray]:
    """Return the distinct values in order, and the number of each row's among them.

    >>> number_values(["b", "a", "b"])
    (['a', 'b'], array([1, 0, 1]))
    """
    distinct = sorted(set(values))
    numbers = dict(zip(distinct, range(len(distinct)), strict=True))
    return distinct, np.fromiter(map(numbers.__getitem__, values), np.int64, len(values))


def rows_by_value(values: Sequence[str]) -> dict[str, IntArray]:
    """Return the rows that share a value, for each value, in their order.

    >>> rows_by_value(["b", "a", "b"])
    {'a': array([1]), 'b': array([0, 2])}
    """
    distinct, codes = number_values(values)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return dict(zip(distinct, parts, strict=True))


class Judged(msgspec.Struct, frozen=True):
    """One model's aligned results: shape (N,) each.

    Attributes:
        held_scores: `scores`, as flags where they are 0 or 1.
        held_right: `right`, as flags where it is 0 or 1.
        samples: number of samples of each example; 0 for one that is missing (and wrong).
        silent: number of null answers of each example that were counted as wrong.
    """

    held_scores: FloatArray | BoolArray
    held_right: FloatArray | BoolArray
    samples: IntArray
    silent: IntArray

    @property
    def scores(self) -> FloatArray:
        """Mean score over the samples of each example."""
        return self.held_scores.astype(np.float64, copy=False)

    @property
    def right(self) -> FloatArray:
        """Share of right samples of each example, 0 or 1 where there is one sample.

        Under pass@k the probability that k of its samples hold a right one.
        """
        return self.held_right.astype(np.float64, copy=False)

    @property
    def is_right(self) -> BoolArray:
        """Whether a sample of each example is right."""
        return self.held_right.astype(np.bool_, copy=False)

    def take(self, rows: IntArray) -> "Judged":
        """Return the results of some examples, in the order given."""
        right = self.held_right[rows]
        scores = right if self.held_scores is self.held_right else self.held_scores[rows]
        return Judged(scores, right, self.samples[rows], self.silent[rows])


class JudgedPair(msgspec.Struct, frozen=True, dict=True):
    """Two models' results on the same examples: what a metric is measured on.

    Attributes:
        ids: N ids.
        old: the old model's results.
        new: the new model's results.
        same: shape (N,), whether the answers are equal; None where they are unknown.
        clusters: shape (N,), the number of each example's group; None where there are none.
        rerun: a second run of the old model; None where there is none.
        attributes: field to its N values, for the fields that were kept beside the scores.
        baseline: the first new model's results, where `new` is a further candidate.
        continuous: whether scores lie between right and wrong.
        pass_at: k, where what counts as right is pass@k; None where it is the share of right
            samples.
        confidence: what both make of the choices; None where the old model's file holds no
            likelihoods of them.
        broken_for: cause to the examples that broke for it, shape (N,), worked out when it is
            asked for; empty where nobody knows.
    """

    ids: Sequence[str]
    old: Judged
    new: Judged
    same: BoolArray | None
    clusters: IntArray | None = None
    rerun: Judged | None = None
    attributes: Mapping[str, Sequence[str]] = msgspec.field(default_factory=dict)
    baseline: Judged | None = None
    continuous: bool = False
    pass_at: int | None = None
    confidence: "ConfidencePair | None" = None
    broken_for: Mapping[str, BoolArray] = msgspec.field(default_factory=dict)

    def take(self, rows: IntArray) -> "JudgedPair":
        """Return the results of some examples, in the order given."""
        index = rows.tolist()
        clusters = self.clusters
        if clusters is not None:
            clusters = group_rows(clusters[rows], len(rows))[0]
        return JudgedPair(
            self.ids.take(rows) if isinstance(self.ids, Ids) else [self.ids[n] for n in index],
            self.old.take(rows),
            self.new.take(rows),
            None if self.same is None else self.same[rows],
            clusters,
            None if self.rerun is None else self.rerun.take(rows),
            {
                path: list(map(column.__getitem__, index))
                for path, column in self.attributes.items()
            },
            None if self.baseline is None else self.baseline.take(rows),
            self.continuous,
            self.pass_at,
            None if self.confidence is None else self.confidence.take(rows),
            convert(self.broken_for, lambda flags: flags[rows]),
        )

    @cached_property
    def single(self) -> bool:
        """Whether no example has several samples."""
        return bool((self.old.samples <= 1).all() and (self.new.samples <= 1).all())

    @property
    def _flagged(self) -> bool:
        """Whether right and wrong are held as flags, which eight times as many fit in memory."""
        return self.single and all(side.held_right.dtype == bool for side in (self.old, self.new))

    @cached_property
    def cells(self) -> tuple[float, float, float, float]:
        """n11, n10, n01 and n00; expected ones where examples have several samples."""
        if self._flagged:
            was, now = self.was_right, self.is_right
            pairs = (was & now, was & ~now, ~was & now, ~(was | now))
            n11, n10, n01, n00 = (int(np.count_nonzero(pair)) for pair in pairs)
            return n11, n10, n01, n00
        old, new = self.old.right, self.new.right
        products = (old * new, old * (1 - new), (1 - old) * new, (1 - old) * (1 - new))
        both, negative, positive, neither = (float(product.sum()) for product in products)
        if self.single:
            return int(both), int(negative), int(positive), int(neither)
        return both, negative, positive, neither

    @cached_property
    def was_right(self) -> BoolArray:
        """Whether the old model's answer is right, where there is one sample; shape (N,)."""
        return self.old.is_right

    @cached_property
    def is_right(self) -> BoolArray:
        """Whether the new model's answer is right, where there is one sample; shape (N,)."""
        return self.new.is_right

    @cached_property
    def broken(self) -> BoolArray:
        """The negative flips, where there is one sample: right before, wrong now; shape (N,)."""
        return self.was_right & ~self.is_right

    @property
    def fell(self) -> BoolArray:
        """Whether the share of right samples, or pass@k, fell; shape (N,)."""
        return self.broken if self._flagged else self.old.right > self.new.right

    @property
    def rose(self) -> BoolArray:
        """Whether the share of right samples, or pass@k, rose; shape (N,)."""
        if self._flagged:
            return self.is_right & ~self.was_right
        return self.old.right < self.new.right

    @cached_property
    def fallen(self) -> IntArray:
        """The examples whose share of right samples, or pass@k, fell, in their order."""
        return narrow(np.flatnonzero(self.fell))

    @cached_property
    def risen(self) -> IntArray:
        """The examples whose share of right samples, or pass@k, rose, in their order."""
        return narrow(np.flatnonzero(self.rose))

    @property
    def agree(self) -> BoolArray:
        """Whether the answers are equal, shape (N,).

        Raises:
            DataError: they are unknown.
        """
        if self.same is None:
            raise DataError(
                "the files hold no answers to compare; a field 'prediction' was expected."
            )
        return self.same

    @cached_property
    def change(self) -> FloatArray:
        """The new scores less the old ones, shape (N,)."""
        return self.new.scores - self.old.scores

    @cached_property
    def old_samples(self) -> IntArray:
        """K_i, at least 1: the old model's samples, with those of its second run; shape (N,)."""
        samples = np.maximum(self.old.samples, 1)
        return samples if self.rerun is None else samples + self.rerun.samples

    @cached_property
    def old_share(self) -> FloatArray:
        """p_i, the share of right ones among these samples; shape (N,)."""
        if self.rerun is None:
            return self.old.right
        right = self.old.right * np.maximum(self.old.samples, 1)
        return (right + self.rerun.right * self.rerun.samples) / self.old_samples

    @cached_property
    def new_samples(self) -> IntArray:
        """L_i, at least 1: the new model's samples; shape (N,)."""
        return np.maximum(self.new.samples, 1)

    @cached_property
    def reliable(self) -> "ReliableFlips":
        """The examples whose share of right samples changed by more than noise."""
        old = np.rint(self.old_share * self.old_samples).astype(np.int64)
        new = np.rint(self.new.right * self.new_samples).astype(np.int64)
        return statistics.reliable_flips(old, self.old_samples, new, self.new_samples)

    @cached_property
    def first(self) -> "JudgedPair":
        """The old and the first new model, where `new` is a further candidate; else itself."""
        if self.baseline is None:
            return self
        return replace(
            self, new=self.baseline, same=None, baseline=None, confidence=None, broken_for={}
        )


# What people read for the reasons by which examples are left out of N.
LEFT_OUT = {
    "errored": "errored",
    "missing": "in one file alone",
    "edited": "with another reference or input",
    "unscored": "not scored",
}


def list_left_out(excluded: Mapping[str, int]) -> str:
    """Say how many examples are left out of N for which reason; nothing for none.

    >>> list_left_out({"errored": 2, "missing": 0, "edited": 1})
    '2 errored, 1 with another reference or input'
    """
    reasons = [
        f"{number:,} {LEFT_OUT.get(name, name)}" for name, number in excluded.items() if number
    ]
    return ", ".join(reasons)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many examples there are, of which kind, and what was left out.

    With several samples per example the four counts are expected ones, sums of products of
    shares, and need not be whole.

    Attributes:
        total: N.
        both_right: n11.
        negative_flips: n10.
        positive_flips: n01.
        both_wrong: n00.
        no_answer_old: null predictions of the old model, counted as wrong.
        no_answer_new: null predictions of the new model, counted as wrong.
        excluded: examples left out of N, by reason.
        counted_wrong: answers that are missing or errored and were counted as wrong.
    """

    total: int
    both_right: float
    negative_flips: float
    positive_flips: float
    both_wrong: float
    no_answer_old: int = 0
    no_answer_new: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    counted_wrong: Mapping[str, int] = field(default_factory=dict)
