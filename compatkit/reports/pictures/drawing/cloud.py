"""Cloud: scores of examples, old against new."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, FloatArray
from compatkit.reports.pictures.drawing.sheet import (
    AXIS,
    BROKEN,
    CLASS,
    COLORS,
    INK,
    LEFT,
    LINE,
    MARKERS,
    SMALL,
    Sheet,
    width_of,
)
from compatkit.reports.pictures.picture import Cloud, Role

SIDE = 330.0
CELLS = 44
SHADES = (0.15, 0.3, 0.5, 0.7, 0.9)
SIZES = {Role.PLAIN: 4.0, Role.BROKEN: 5.5, Role.REPAIRED: 5.0}


def height(panel: Cloud) -> float:  # noqa: ARG001  (all are as high)
    """Return how high the plot is."""
    return LINE + SIDE + AXIS + 2 * LINE


def draw(sheet: Sheet, panel: Cloud, top: float) -> None:
    """Draw the quadrants, their counts and the examples."""
    both, broken, repaired, neither = panel.corners
    right = LEFT + SIDE
    below = top + LINE + SIDE + AXIS + LINE
    sheet.mark(LEFT + 4, top + 6, Role.REPAIRED)
    sheet.write(LEFT + 14, top + 10, repaired, size=SMALL)
    sheet.write(right, top + 10, both, size=SMALL, align="right")
    sheet.write(LEFT, below + LINE - 4, neither, size=SMALL)
    sheet.mark(right - width_of(broken, SMALL) - 10, below + LINE - 8, Role.BROKEN)
    sheet.write(right, below + LINE - 4, broken, size=SMALL, align="right")
    sheet.write(LEFT + SIDE / 2, below - 6, "old score", size=SMALL, align="center")
    sheet.write(12, top + LINE + SIDE / 2, "new score", size=SMALL, align="center", turned=True)
    axes = sheet.axes(LEFT, top + LINE, SIDE, SIDE)
    low, high = _range(panel)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.add_artist(
        Rectangle(
            (panel.threshold, low),
            high - panel.threshold,
            panel.threshold - low,
            color=BROKEN,
            alpha=0.08,
            lw=0,
        )
    )
    for line in (axes.axvline, axes.axhline):
        line(panel.threshold, color=INK, lw=1, ls=(0, (2, 2)), clip_on=False)
    others = ~(panel.broken | panel.repaired)
    roles = {Role.PLAIN: others, Role.BROKEN: panel.broken, Role.REPAIRED: panel.repaired}
    if panel.in_cells:
        _count(axes, panel, roles, (low, high))
    else:
        _points(axes, panel, roles)


def _range(panel: Cloud) -> tuple[float, float]:
    values = [float(f(c)) for c in (panel.old, panel.new) for f in (np.min, np.max)]
    low, high = min(*values, panel.threshold), max(*values, panel.threshold)
    return low, high if high > low else low + 1.0


def _points(axes: Axes, panel: Cloud, roles: dict[Role, BoolArray]) -> None:
    for role, rows in roles.items():
        if rows.any():
            axes.plot(
                panel.old[rows],
                panel.new[rows],
                color=COLORS[role],
                marker=MARKERS[role],
                ms=SIZES[role],
                mew=0,
                ls="",
                alpha=0.4 if role is Role.PLAIN else 0.8,
                clip_on=False,
                gid=f"{CLASS}{role.value}",
            )


def _count(
    axes: Axes, panel: Cloud, roles: dict[Role, BoolArray], limits: tuple[float, float]
) -> None:
    """Draw cells instead of points, the darker the more examples: a page stays small."""
    edges = _edges(panel.threshold, *limits)
    counts = {
        role: np.histogram2d(panel.old[rows], panel.new[rows], bins=(edges, edges))[0]
        for role, rows in roles.items()
    }
    most = max(float(count.max()) for count in counts.values())
    for role, count in counts.items():
        shades = np.ceil(np.sqrt(count / most) * len(SHADES)).astype(np.int64)
        for shade, alpha in enumerate(SHADES, 1):
            cells = np.argwhere(shades == shade)
            if len(cells):
                path = _squares(edges, cells)
                axes.add_artist(PathPatch(path, fc=COLORS[role], alpha=alpha, lw=0, clip_on=False))


def _edges(threshold: float, low: float, high: float) -> FloatArray:
    """Return the edges of cells, none of which lies on both sides of the threshold."""
    step = (high - low) / CELLS
    below = threshold - step * np.arange(int(np.ceil((threshold - low) / step)), 0, -1)
    above = threshold + step * np.arange(int(np.ceil((high - threshold) / step)) + 1)
    edges: FloatArray = np.concatenate([below, above]).clip(low, high)
    return np.unique(edges)


def _squares(edges: FloatArray, cells: NDArray[np.int64]) -> Path:
    left, right = edges[cells[:, 0]], edges[cells[:, 0] + 1]
    bottom, top = edges[cells[:, 1]], edges[cells[:, 1] + 1]
    corners = np.stack(
        [
            np.stack([left, bottom], 1),
            np.stack([right, bottom], 1),
            np.stack([right, top], 1),
            np.stack([left, top], 1),
            np.stack([left, bottom], 1),
        ],
        1,
    )
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(cells)
    return Path(corners.reshape(-1, 2), codes)
