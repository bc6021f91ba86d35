"""Flips of a continuous score: gains, regressions, and the sweep over thresholds."""

from dataclasses import dataclass

import numpy as np

from compatkit.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class SmoothFlips:
    """How two aligned columns of scores differ.

    D_i = new_i - old_i; a change of at most epsilon is a tie.

    Attributes:
        gains: the D_i above epsilon.
        regressions: the abs(D_i) of those below -epsilon.
        total: N.

    Source: Echterhoff et al. 2024 (arXiv 2407.09435), section 3.2; epsilon is ours.
    """

    gains: FloatArray
    regressions: FloatArray
    total: int

    @property
    def ties(self) -> int:
        """Examples whose score changes by at most epsilon."""
        return self.total - len(self.gains) - len(self.regressions)

    @property
    def smooth_positive_flip_rate(self) -> float:
        """Mean of 1[D_i > epsilon], in [0, 1]; nan for N = 0."""
        return len(self.gains) / self.total if self.total else float("nan")

    @property
    def smooth_negative_flip_rate(self) -> float:
        """Mean of 1[D_i < -epsilon], in [0, 1]; nan for N = 0."""
        return len(self.regressions) / self.total if self.total else float("nan")

    @property
    def mean_gain(self) -> float:
        """Mean of the gains, above 0; nan where there is none."""
        return float(self.gains.mean()) if len(self.gains) else float("nan")

    @property
    def mean_regression(self) -> float:
        """Mean of the regressions, above 0; nan where there is none."""
        return float(self.regressions.mean()) if len(self.regressions) else float("nan")


def count_smooth(old: FloatArray, new: FloatArray, epsilon: float = 0.0) -> SmoothFlips:
    """Split the changes of score into gains, regressions and ties.

    >>> count_smooth(np.array([0.5, 0.5]), np.array([0.75, 0.5])).mean_gain
    0.25
    """
    change = new - old
    return SmoothFlips(change[change > epsilon], -change[change < -epsilon], len(change))


@dataclass(frozen=True, slots=True)
class Sweep:
    """Flips as functions of the threshold, at every value where they change.

    Attributes:
        thresholds: the distinct scores of both models, ascending, shape (T,).
        negative_flips: n10 at each threshold, shape (T,).
        positive_flips: n01 at each threshold, shape (T,).
        total: N.
    """

    thresholds: FloatArray
    negative_flips: IntArray
    positive_flips: IntArray
    total: int


def sweep_thresholds(old: FloatArray, new: FloatArray) -> Sweep:
    """Count the flips at every distinct score, exactly.

    A threshold t makes a negative flip of an example with new < t <= old, so that each
    example opens one interval and closes it: O(N log N) for all thresholds at once. What is
    wrong at every threshold has the score -inf.

    >>> sweep_thresholds(np.array([0.9]), np.array([0.3])).negative_flips.tolist()
    [0, 1]
    """
    scores = np.concatenate([old, new])
    thresholds = np.unique(scores[np.isfinite(scores)])
    return Sweep(thresholds, _open(new, old, thresholds), _open(old, new, thresholds), len(old))


def _open(low: FloatArray, high: FloatArray, thresholds: FloatArray) -> IntArray:
    """Count, at each threshold t, the examples with low < t <= high."""
    inside = low < high
    change = np.zeros(len(thresholds) + 1, np.int64)
    np.add.at(change, np.searchsorted(thresholds, low[inside], side="right"), 1)
    np.add.at(change, np.searchsorted(thresholds, high[inside], side="right"), -1)
    return np.cumsum(change[:-1])
