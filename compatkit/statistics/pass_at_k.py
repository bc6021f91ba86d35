"""pass@k: the chance that some of k samples is right, from more samples of an example."""

import math

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError

__all__ = ["pass_at"]


def pass_at(right: ArrayLike, samples: ArrayLike, k: int) -> FloatArray:
    """Probability that k samples of an example hold a right one, estimated from n of which c are.

    `1 - C(n - c, k) / C(n, k)`: the share of the sets of k among the n samples that hold a right
    one, and so unbiased for any n >= k. It is computed in whole numbers and rounded once: equal
    probabilities are equal numbers, whatever n they come from.

    Args:
        right: Shape (n,): number c_i of right samples of each example.
        samples: Shape (n,): number n_i of samples; 0 for an example that was not answered, which
            has the probability 0.
        k: How many samples are drawn, 1 or more.

    Returns:
        Probabilities in [0, 1], shape (n,).

    Raises:
        ConfigError: If k is below 1, an example has samples and fewer than k, or more right ones
            than samples.

    Source:
        Chen et al. 2021 (arXiv 2107.03374), section 2.1.

    >>> pass_at([0, 1, 3], [5, 5, 5], 2).tolist()
    [0.0, 0.4, 0.9]
    """
    counts = np.stack([np.asarray(right, np.int64), np.asarray(samples, np.int64)], axis=-1)
    if k < 1:
        raise ConfigError(f"k is {k}; 1 or more samples were expected.")
    distinct, place = np.unique(counts.reshape(-1, 2), axis=0, return_inverse=True)
    values = np.array([_of_example(c, n, k) for c, n in distinct.tolist()], np.float64)
    return values[place.reshape(-1)]


def _of_example(right: int, samples: int, k: int) -> float:
    if not 0 <= right <= samples or 0 < samples < k:
        raise ConfigError(
            f"{right} of {samples} samples are right; at least {k} samples were expected, and no "
            "more right ones than samples."
        )
    if samples == 0:
        return 0.0
    sets = math.comb(samples, k)
    return (sets - math.comb(samples - right, k)) / sets
