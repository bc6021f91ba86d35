"""Intervals for examples that come in groups, from the cluster-robust variance."""

import math

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError
from compatkit.statistics.interval import Interval, check_level, t_quantile, undefined
from compatkit.statistics.proportions import clopper_pearson, wilson_of_share
from compatkit.statistics.resampling import check_values, group_rows

__all__ = ["cluster_mean", "cluster_proportion", "cluster_variance"]

# Below this, the quantile of t says nothing but that anything is possible.
LEAST_FREEDOM = 0.1


class _Groups:
    """The groups of some examples.

    Attributes:
        sizes: Shape (G,): number of examples of each.
        deviations: Shape (G,): sum of the deviations from the mean over all.
    """

    def __init__(self, values: FloatArray, clusters: ArrayLike) -> None:
        codes, groups = group_rows(clusters, values.size)
        self.sizes = np.bincount(codes, minlength=groups).astype(np.float64)
        mean = values.mean() if values.size else 0.0
        self.deviations = np.bincount(codes, weights=values - mean, minlength=groups)

    @property
    def effective(self) -> float:
        """How many groups of one size tell as much: `(sum n_g)^2 / sum n_g^2`."""
        squares = float((self.sizes**2).sum())
        return float(self.sizes.sum()) ** 2 / squares if squares else 0.0

    @property
    def variance(self) -> float:
        """The jackknife variance of the mean over groups; nan for fewer than two."""
        groups = self.sizes.size
        if groups < 2:  # noqa: PLR2004
            return math.nan
        without = self.deviations / (self.sizes.sum() - self.sizes)
        return float((without**2).sum()) * (groups - 1) / groups

    @property
    def reason(self) -> str:
        """Why there is no interval; empty where there is one."""
        if self.sizes.size == 0:
            return "no examples"
        if self.sizes.size == 1:
            return "one cluster"
        alone = self.effective - 1.0 < LEAST_FREEDOM
        return "one cluster holds nearly all examples" if alone else ""


def cluster_variance(values: ArrayLike, clusters: ArrayLike) -> float:
    """Cluster-robust variance of a mean, by leaving out each cluster in turn.

    `(G-1)/G * sum over clusters of (sum of (x_i - mean) / (n - n_g))^2`: examples of one cluster
    may depend on each other in any way, clusters may not. With one example a cluster it is the
    usual variance of a mean; with clusters of one size it is `G/(G-1) * sum of squared sums /
    n^2`, the usual cluster-robust one.

    Args:
        values: Shape (n,), finite.
        clusters: Shape (n,): a label for each example.

    Returns:
        Variance of the mean, 0 or more; nan for fewer than two clusters.

    Raises:
        ConfigError: If a value is not finite or the labels do not fit.

    Source:
        Jackknife or CR3 variance: Bell and McCaffrey 2002, Surv. Methodol. 28, 169-181; clusters
        of evaluations: Miller 2024 (arXiv 2411.00640), section 2.2.

    >>> cluster_variance([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"])
    0.25
    """
    return _Groups(check_values(values, "values"), clusters).variance


def cluster_mean(values: ArrayLike, clusters: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of a mean over examples that come in groups.

    `mean +- t * sqrt(cluster_variance)`, t with `(sum n_g)^2 / sum n_g^2 - 1` degrees of freedom,
    which is G - 1 for clusters of one size.

    Args:
        values: Shape (n,), finite.
        clusters: Shape (n,): a label for each example.
        level: Confidence level in (0, 1).

    Returns:
        Limits in the unit of the values; they may leave the range of a bounded score. Undefined
        without examples, for one cluster, and where one holds nearly all examples.

    Raises:
        ConfigError: If a value is not finite, the labels do not fit, or the level is not in (0, 1).

    Source:
        Miller 2024 (arXiv 2411.00640), section 2.2; degrees of freedom of unequal clusters: a
        simple form of those of Bell and McCaffrey 2002, Surv. Methodol. 28, 169-181.

    >>> interval = cluster_mean([0.5, 0.25, 0.75, 1.0, 0.5, 0.0], list("aabbcc"))
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.322, 1.322)
    """
    level = check_level(level)
    array = check_values(values, "values")
    groups = _Groups(array, clusters)
    if groups.reason:
        return undefined(level, "cluster-robust", groups.reason)
    half = t_quantile(level, groups.effective - 1.0) * math.sqrt(groups.variance)
    mean = float(array.mean())
    return Interval(mean - half, mean + half, level, "cluster-robust")


def cluster_proportion(flags: ArrayLike, clusters: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of a proportion of examples that come in groups.

    Wilson's interval for the effective number of examples, `p (1 - p) / cluster_variance`, with
    the t quantile of `cluster_mean`. At a share of 0 or 1, where the variance cannot be
    estimated, Clopper and Pearson's for none (or all) of the effective number of clusters,
    `(sum n_g)^2 / sum n_g^2`, rounded down.

    Args:
        flags: Shape (n,), 0 or 1, such as 'flipped to wrong'.
        clusters: Shape (n,): a label for each example.
        level: Confidence level in (0, 1).

    Returns:
        Limits in [0, 1]. Undefined without examples, for one cluster, and where one holds nearly
        all examples. For few, rare or unequal clusters it holds less often than the level says:
        the page "Statistics" of the documentation has the cells. `betting_mean` holds always, and
        is wider.

    Raises:
        ConfigError: If a flag is neither 0 nor 1, the labels do not fit, or the level is not in
            (0, 1).

    Source:
        Effective sample size in a score interval: Dean and Pagano 2015, J. Surv. Stat. Methodol. 3,
        484-503; variance: Miller 2024 (arXiv 2411.00640).

    >>> interval = cluster_proportion([1, 0, 0, 0, 1, 1, 0, 0], list("aabbccdd"))
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.046, 0.882)
    """
    level = check_level(level)
    array = check_values(flags, "flags")
    if ((array != 0.0) & (array != 1.0)).any():
        raise ConfigError("flags holds a value that is neither 0 nor 1.")
    groups = _Groups(array, clusters)
    if groups.reason:
        return undefined(level, "cluster-wilson", groups.reason)
    share = float(array.mean())
    if share in (0.0, 1.0):
        none = clopper_pearson(0, int(groups.effective), level).high
        limits = (0.0, none) if share == 0.0 else (1.0 - none, 1.0)
        return Interval(*limits, level, "cluster-wilson")
    # Groups that happen to balance must not claim more than independent examples would.
    effective = float(array.size)
    if groups.variance > 0.0:
        effective = min(share * (1.0 - share) / groups.variance, effective)
    low, high = wilson_of_share(share, effective, t_quantile(level, groups.effective - 1.0))
    return Interval(low, high, level, "cluster-wilson")
