"""Flip rates from several samples per example, and the part of them that is sampling noise."""

import math

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError
from compatkit.statistics.bootstrap import Method, bootstrap_mean
from compatkit.statistics.interval import Estimate, Interval
from compatkit.statistics.resampling import check_values

__all__ = ["excess_flip_rate", "expected_flip_rate", "flip_floor"]


def _check_shares(**shares: ArrayLike) -> list[FloatArray]:
    arrays = [check_values(share, name) for name, share in shares.items()]
    for name, array in zip(shares, arrays, strict=True):
        if array.shape != arrays[0].shape:
            raise ConfigError(f"{name} has {array.size} examples; expected {arrays[0].size}.")
        if name != "k" and ((array < 0.0) | (array > 1.0)).any():
            raise ConfigError(f"{name} holds a share outside 0 to 1.")
    return arrays


def _estimate(values: FloatArray, left_out: int, interval: Interval) -> Estimate:
    value = float(values.mean()) if values.size else math.nan
    return Estimate(value, interval, int(values.size), left_out)


def expected_flip_rate(
    p: ArrayLike,
    q: ArrayLike,
    *,
    level: float = 0.95,
    seed: int = 0,
    method: Method = "bca-t",
    resamples: int = 10_000,
    clusters: ArrayLike | None = None,
) -> Estimate:
    """Expected negative flip rate of one sample of either model, from several.

    `mean of p_i (1 - q_i)`: unbiased, since the samples of the two models are independent.

    Args:
        p: Shape (n,): the old model's share of right samples on each example.
        q: Shape (n,): the new model's.
        level: Confidence level in (0, 1).
        seed: Seed of the bootstrap.
        method: Method of the bootstrap over examples; samples of one example are not independent,
            so examples are resampled, never samples.
        resamples: Number of resamples.
        clusters: Shape (n,): a label for each example; whole clusters are resampled.

    Returns:
        Rate in [0, 1] and its interval. Undefined without examples; no interval for one.

    Raises:
        ConfigError: If the shapes differ or a share is outside [0, 1].

    Source:
        Idea: Cacioli 2026 (arXiv 2604.27405); interval: `bootstrap_mean`.

    >>> estimate = expected_flip_rate([1.0, 0.5, 0.75, 0.0], [1.0, 0.5, 0.5, 0.25])
    >>> estimate.value
    0.15625
    """
    old, new = _check_shares(p=p, q=q)
    values = old * (1.0 - new)
    interval = bootstrap_mean(
        values,
        level=level,
        method=method,
        resamples=resamples,
        seed=seed,
        clusters=clusters,
        bounds=(0.0, 1.0),
    )
    return _estimate(values, 0, interval)


def _take_clusters(clusters: ArrayLike | None, where: np.ndarray) -> np.ndarray | None:
    return None if clusters is None else np.asarray(clusters)[where]


def _floor_values(p: FloatArray, k: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """Unbiased p (1 - p) of each example with two samples or more, and which these are."""
    if (k < 1.0).any() or (k != np.floor(k)).any():
        raise ConfigError("k holds a number of samples that is not 1, 2, 3, ...")
    several = k > 1.0
    p, k = p[several], k[several]
    return p * (1.0 - p) * k / (k - 1.0), several


def flip_floor(
    p: ArrayLike,
    k: ArrayLike,
    *,
    level: float = 0.95,
    seed: int = 0,
    method: Method = "bca-t",
    resamples: int = 10_000,
    clusters: ArrayLike | None = None,
) -> Estimate:
    """Negative flip rate of a model against a second run of itself.

    `mean of p_i (1 - p_i) K_i / (K_i - 1)`: the unbiased estimate of the chance that of two
    samples the first is right and the second wrong.

    Args:
        p: Shape (n,): share of right samples on each example.
        k: Shape (n,): number K_i of samples; examples with one sample say nothing and are left
            out, and counted in `left_out`.
        level: Confidence level in (0, 1).
        seed: Seed of the bootstrap.
        method: Method of the bootstrap over examples.
        resamples: Number of resamples.
        clusters: Shape (n,): a label for each example; whole clusters are resampled.

    Returns:
        Rate in [0, 1/2], of which the true value is at most 1/4, and its interval. Undefined where
        no example has two samples.

    Raises:
        ConfigError: If the shapes differ, a share is outside [0, 1], or a number of samples is not
            1, 2, 3, ...

    Source:
        The unbiased variance of a share; idea: Cacioli 2026 (arXiv 2604.27405).

    >>> estimate = flip_floor([0.5, 1.0, 0.0], [2, 2, 1])
    >>> estimate.value, estimate.left_out
    (0.25, 1)
    """
    share, samples = _check_shares(p=p, k=k)
    values, several = _floor_values(share, samples)
    interval = bootstrap_mean(
        values,
        level=level,
        method=method,
        resamples=resamples,
        seed=seed,
        clusters=_take_clusters(clusters, several),
        bounds=(0.0, 0.5),
    )
    return _estimate(values, int((~several).sum()), interval)


def excess_flip_rate(
    p: ArrayLike,
    k: ArrayLike,
    q: ArrayLike,
    *,
    level: float = 0.95,
    seed: int = 0,
    method: Method = "bca-t",
    resamples: int = 10_000,
    clusters: ArrayLike | None = None,
) -> Estimate:
    """Expected negative flip rate less the old model's own floor.

    `mean of p_i (1 - q_i) - p_i (1 - p_i) K_i / (K_i - 1)` over the examples with K_i >= 2; 0 for
    a new model that is a second run of the old one, and below 0 for one that is more reliable.

    Args:
        p: Shape (n,): the old model's share of right samples on each example.
        k: Shape (n,): number of its samples; examples with one are left out and counted.
        q: Shape (n,): the new model's share of right samples.
        level: Confidence level in (0, 1).
        seed: Seed of the bootstrap.
        method: Method of the bootstrap over examples.
        resamples: Number of resamples.
        clusters: Shape (n,): a label for each example; whole clusters are resampled.

    Returns:
        Rate in [-1/2, 1] and its interval; both parts are taken from the
        same resample. Undefined where no example has two samples of the old model.

    Raises:
        ConfigError: As `flip_floor`.

    Source:
        As `flip_floor`.

    >>> excess_flip_rate([0.5, 1.0], [4, 4], [0.5, 0.5]).value
    0.20833333333333334
    """
    old, samples, new = _check_shares(p=p, k=k, q=q)
    floor, several = _floor_values(old, samples)
    values = old[several] * (1.0 - new[several]) - floor
    interval = bootstrap_mean(
        values,
        level=level,
        method=method,
        resamples=resamples,
        seed=seed,
        clusters=_take_clusters(clusters, several),
        bounds=(-0.5, 1.0),
    )
    return _estimate(values, int((~several).sum()), interval)
