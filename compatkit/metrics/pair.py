"""Pair: two models' results on the same examples, judged and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compatkit.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Judged:
    """One model's aligned results: shape (N,) each.

    Attributes:
        scores: mean score over the samples of each example.
        right: share of right samples of each example, 0 or 1 where there is one sample.
        samples: number of samples of each example; 0 for one that is missing (and wrong).
        silent: number of null answers of each example that were counted as wrong.
    """

    scores: FloatArray
    right: FloatArray
    samples: IntArray
    silent: IntArray

    def take(self, rows: IntArray) -> "Judged":
        """Return the results of some examples, in the order given."""
        return Judged(self.scores[rows], self.right[rows], self.samples[rows], self.silent[rows])


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """Two models' results on the same examples.

    Attributes:
        ids: N ids.
        old: the old model's results.
        new: the new model's results.
        same: shape (N,), whether the answers are equal; None where they are unknown.
        clusters: shape (N,), the number of each example's group; None where there are none.
        rerun: a second run of the old model; None where there is none.
        attributes: field to its N values, for the fields that were kept beside the scores.
    """

    ids: Sequence[str]
    old: Judged
    new: Judged
    same: BoolArray | None
    clusters: IntArray | None = None
    rerun: Judged | None = None
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def take(self, rows: IntArray) -> "JudgedPair":
        """Return the results of some examples, in the order given."""
        index = rows.tolist()
        clusters = self.clusters
        if clusters is not None:
            clusters = np.unique(clusters[rows], return_inverse=True)[1]
        return JudgedPair(
            [self.ids[row] for row in index],
            self.old.take(rows),
            self.new.take(rows),
            None if self.same is None else self.same[rows],
            clusters,
            None if self.rerun is None else self.rerun.take(rows),
            {path: [column[row] for row in index] for path, column in self.attributes.items()},
        )

    @property
    def single(self) -> bool:
        """Whether no example has several samples."""
        return bool((self.old.samples <= 1).all() and (self.new.samples <= 1).all())


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
