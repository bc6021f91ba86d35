"""Arrays: the kinds of column that every room counts with."""

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
DIGITS = 18  # of a place, at most: no column is as long


def as_float(value: float) -> float:
    """Return a number as a float; a whole one that is too large for it is infinite.

    >>> as_float(10**400)
    inf
    """
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def as_index(text: str) -> int | None:
    """Return the place that decimal digits name; None for other texts, and for endless digits.

    Python refuses to read thousands of digits, which a hostile file may hold.

    >>> as_index("12"), as_index("-1"), as_index("9" * 5000)
    (12, None, None)
    """
    return int(text) if len(text) <= DIGITS and text.isdecimal() else None
