"""Intervals for examples that come in groups, from the cluster-robust variance."""

import math

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError
from compatkit.statistics.interval import Interval, check_level, t_quantile, undefined
from compatkit.statistics.proportions import wilson_of_share
from compatkit.statistics.resampling import check_values, group_rows

__all__ = ["cluster_mean", "cluster_proportion", "cluster_variance"]


def _deviations(values: FloatArray, clusters: ArrayLike) -> tuple[FloatArray, int]:
    """Sum of the deviations from the mean in each cluster, and the number of clusters."""
    codes, groups = group_rows(clusters, values.size)
    sums = np.bincount(codes, weights=values - values.mean(), minlength=groups)
    return sums.astype(np.float64, copy=False), groups


def cluster_variance(values: ArrayLike, clusters: ArrayLike) -> float:
    """Cluster-robust variance of a mean.

    `G/(G-1) * sum over clusters of (sum of x_i - mean)^2 / n^2`: examples of one cluster may
    depend on each other in any way, clusters may not. With one example a cluster it is the usual
    variance of a mean.

    Args:
        values: Shape (n,), finite.
        clusters: Shape (n,): a label for each example.

    Returns:
        Variance of the mean, 0 or more; nan for fewer than two clusters.

    Raises:
        ConfigError: If a value is not finite or the labels do not fit.

    Source:
        Miller 2024 (arXiv 2411.00640), section 2.2, times the usual G/(G-1) for few clusters.

    >>> cluster_variance([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"])
    0.25
    """
    array = check_values(values, "values")
    if array.size == 0:
        return math.nan
    sums, groups = _deviations(array, clusters)
    if groups == 1:
        return math.nan
    return float(np.sum(sums**2)) / array.size**2 * groups / (groups - 1)


def _reason(size: int, groups: int) -> str:
    if size == 0:
        return "no examples"
    return "one cluster" if groups == 1 else ""


def cluster_mean(values: ArrayLike, clusters: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of a mean over examples that come in groups.

    `mean +- t * sqrt(cluster_variance)`, t with G - 1 degrees of freedom.

    Args:
        values: Shape (n,), finite.
        clusters: Shape (n,): a label for each example.
        level: Confidence level in (0, 1).

    Returns:
        Limits in the unit of the values; they may leave the range of a bounded score. Undefined
        without examples and for one cluster.

    Raises:
        ConfigError: If a value is not finite, the labels do not fit, or the level is not in (0, 1).

    Source:
        Miller 2024 (arXiv 2411.00640), section 2.2; t with G - 1 degrees of freedom: Cameron and
        Miller 2015, J. Hum. Resour. 50, 317-372, section VI.

    >>> interval = cluster_mean([0.5, 0.25, 0.75, 1.0, 0.5, 0.0], list("aabbcc"))
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.322, 1.322)
    """
    level = check_level(level)
    array = check_values(values, "values")
    groups = group_rows(clusters, array.size)[1]
    reason = _reason(array.size, groups)
    if reason:
        return undefined(level, "cluster-robust", reason)
    half = t_quantile(level, groups - 1) * math.sqrt(cluster_variance(array, clusters))
    mean = float(array.mean())
    return Interval(mean - half, mean + half, level, "cluster-robust")


def cluster_proportion(flags: ArrayLike, clusters: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of a proportion of examples that come in groups.

    Wilson's interval for the effective number of examples, `p (1 - p) / cluster_variance`, with
    the t quantile of G - 1 degrees of freedom. At a share of 0 or 1, where the variance cannot be
    estimated, each cluster counts as one example.

    Args:
        flags: Shape (n,), 0 or 1, such as 'flipped to wrong'.
        clusters: Shape (n,): a label for each example.
        level: Confidence level in (0, 1).

    Returns:
        Limits in [0, 1]. Undefined without examples and for one cluster.

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
    groups = group_rows(clusters, array.size)[1]
    reason = _reason(array.size, groups)
    if reason:
        return undefined(level, "cluster-wilson", reason)
    share = float(array.mean())
    variance = cluster_variance(array, clusters)
    effective = float(groups)
    if 0.0 < share < 1.0 and variance > 0.0:
        # Groups that happen to balance must not claim more than independent examples would.
        effective = min(share * (1.0 - share) / variance, float(array.size))
    low, high = wilson_of_share(share, effective, t_quantile(level, groups - 1))
    return Interval(low, high, level, "cluster-wilson")
