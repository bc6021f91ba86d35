"""Adjusted p-values for several slices, metrics or examples."""

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError

__all__ = ["benjamini_hochberg", "holm"]


def _check_p_values(p_values: ArrayLike) -> FloatArray:
    array = np.asarray(p_values, dtype=np.float64)
    if array.ndim != 1:
        raise ConfigError(f"p_values has the shape {array.shape}; expected one axis.")
    wrong = (array < 0.0) | (array > 1.0)
    if wrong.any():
        raise ConfigError(f"p_values holds {array[wrong][0]}; expected values from 0 to 1, or nan.")
    return array


def holm(p_values: ArrayLike) -> FloatArray:
    """Adjusted p-values that hold the chance of any false alarm.

    In rising order, `max over j <= i of (m - j + 1) p_j`, at most 1.

    Args:
        p_values: Shape (m,), in [0, 1]; nan where a test is undefined, which passes through and
            does not count in m.

    Returns:
        Shape (m,), in the order given: reject where at most the wanted error rate.

    Raises:
        ConfigError: If a value is outside [0, 1].

    Source:
        Holm 1979, Scand. J. Stat. 6, 65-70.

    >>> holm([0.01, 0.04, float("nan"), 0.03])
    array([0.03, 0.06,  nan, 0.06])
    """
    array = _check_p_values(p_values)
    adjusted = np.full(array.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(array))
    order = defined[np.argsort(array[defined], kind="stable")]
    factors = np.arange(defined.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(array[order] * factors), 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Adjusted p-values that hold the expected share of false alarms among the alarms.

    In rising order, `min over j >= i of m p_j / j`, at most 1.

    Args:
        p_values: Shape (m,), in [0, 1]; nan passes through and does not count in m.

    Returns:
        Shape (m,), in the order given: reject where at most the wanted rate.

    Raises:
        ConfigError: If a value is outside [0, 1].

    Source:
        Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57, 289-300; for tests that are independent
        or positively dependent.

    >>> benjamini_hochberg([0.01, 0.04, float("nan"), 0.03])
    array([0.03, 0.04,  nan, 0.04])
    """
    array = _check_p_values(p_values)
    adjusted = np.full(array.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(array))
    order = defined[np.argsort(array[defined], kind="stable")[::-1]]
    factors = defined.size / np.arange(defined.size, 0, -1)
    adjusted[order] = np.minimum(np.minimum.accumulate(array[order] * factors), 1.0)
    return adjusted
