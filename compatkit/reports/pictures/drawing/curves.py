"""Curves: shares over thresholds."""

import numpy as np
from matplotlib.axes import Axes

from compatkit.arrays import FloatArray
from compatkit.reports.pictures.drawing.sheet import (
    AXIS,
    COLORS,
    DASHES,
    INK,
    LEFT,
    LINE,
    SMALL,
    WIDTH,
    Sheet,
    show_percent,
    width_of,
)
from compatkit.reports.pictures.picture import Curves

HEIGHT = 200.0
MOST_STEPS = 300  # of a curve that is drawn; more are narrower than its line


def height(panel: Curves) -> float:  # noqa: ARG001  (all are as high)
    """Return how high the plot is."""
    return LINE + 4 + HEIGHT + AXIS + LINE


def draw(sheet: Sheet, panel: Curves, top: float) -> None:
    """Draw the key, the curves and the chosen threshold."""
    y, x = top + LINE - 4, 10.0
    for series in panel.series:
        sheet.mark(x, y - 4, series.role, line=True)
        sheet.write(x + 12, y, series.name, size=SMALL)
        x += 36 + width_of(series.name, SMALL)
    sheet.dash(x, y - 4)
    sheet.write(x + 9, y, f"threshold, {panel.chosen:g}", size=SMALL)
    axes = sheet.axes(LEFT, top + LINE + 4, WIDTH - LEFT - 10, HEIGHT)
    _limit(axes, panel)
    for series, share in zip(panel.series, panel.shares, strict=True):
        steps = thin(panel.thresholds, share)
        axes.plot(
            *steps,
            drawstyle="steps-pre",
            color=COLORS[series.role],
            ls=DASHES[series.role],
            lw=1.6,
            clip_on=False,
        )
    axes.axvline(panel.chosen, color=INK, lw=1, ls=(0, (2, 2)), clip_on=False)
    sheet.write(WIDTH - 10, top + height(panel) - 6, "threshold", size=SMALL, align="right")


def _limit(axes: Axes, panel: Curves) -> None:
    low = min(float(panel.thresholds[0]), panel.chosen)
    high = max(float(panel.thresholds[-1]), panel.chosen)
    axes.set_xlim(low, high if high > low else low + 1.0)
    axes.set_ylim(0, 1.03 * max(float(share.max()) for share in panel.shares) or 1.0)
    show_percent(axes.yaxis)


def thin(thresholds: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a curve of few enough steps: of each narrow strip its first, least, most and last.

    >>> thin(np.array([0.0, 0.5, 1.0]), np.array([0.1, 0.2, 0.1]))[0].tolist()
    [0.0, 0.5, 1.0]
    """
    if len(thresholds) <= MOST_STEPS:
        return thresholds, shares
    span = thresholds[-1] - thresholds[0]
    strips = ((thresholds - thresholds[0]) / span * MOST_STEPS).astype(np.int64)
    starts = np.unique(strips, return_index=True)[1].tolist()
    kept: set[int] = set()
    for start, end in zip(starts, [*starts[1:], len(strips)], strict=True):
        inside = shares[start:end]
        kept |= {start, start + int(inside.argmin()), start + int(inside.argmax()), end - 1}
    order = sorted(kept)
    return thresholds[order], shares[order]
