"""Bars: an interval as a small drawing in a table's row, on a scale that the rows share."""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

ROOM = 0.04  # of the width, on both sides
MOST_TICKS = 5
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Scale(Struct, frozen=True):
    """Where numbers stand in a drawing, in percent of its width.

    Attributes:
        low: the smallest number that is drawn.
        high: the largest, above `low`.
    """

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a number stands."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * (ROOM + (1 - 2 * ROOM) * min(max(share, 0.0), 1.0)), 2)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round numbers on it, five at most."""
        least = (self.high - self.low) / MOST_TICKS
        power = 10.0 ** math.floor(math.log10(least))
        step = next(step * power for step in STEPS if step * power >= least * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple(round(step * number, 12) for number in range(first, last + 1))


class Bar(Struct, frozen=True):
    """An interval and the value in it, in percent of a drawing's width.

    Attributes:
        value: where the value stands.
        low: where the interval begins; None where there is none.
        high: where it ends.
    """

    value: float
    low: float | None = None
    high: float | None = None


def scale_of(values: Iterable[float | None]) -> Scale:
    """Return the scale on which all of these numbers are seen."""
    numbers = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
    low, high = min(numbers), max(numbers)
    return Scale(low, high if high > low else low + 1.0)


def bar_of(scale: Scale, value: float | None, bounds: Sequence[float | None]) -> Bar | None:
    """Return a value with its bounds as they are drawn, None where there is no value.

    A bound that is missing on one side is drawn to the end of the scale.
    """
    if value is None:
        return None
    low, high = bounds
    if low is None and high is None:
        return Bar(scale.place(value))
    return Bar(
        scale.place(value),
        scale.place(scale.low if low is None else low),
        scale.place(scale.high if high is None else high),
    )
