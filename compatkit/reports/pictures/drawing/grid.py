"""Grid: a heat map."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from compatkit.reports.pictures.drawing.sheet import (
    BROKEN,
    CLASS,
    INK,
    LINE,
    SMALL,
    WIDTH,
    Sheet,
    fit,
    width_of,
)
from compatkit.reports.pictures.picture import Grid

LABELS = 150.0
MOST_CELL = 46.0
PALEST, DARKEST, DARKEST_QUIET = 0.04, 0.62, 0.4  # so that a cell's text is read on it


def height(panel: Grid) -> float:
    """Return how high the grid is."""
    return 2 * LINE + 6 + len(panel.rows) * _cell(panel)


def draw(sheet: Sheet, panel: Grid, top: float) -> None:
    """Draw the names and the cells."""
    cell, left, start = _cell(panel), _left(panel), top + 2 * LINE + 6
    numbered = _is_numbered(panel)
    sheet.write(0, top + 10, panel.row_title, size=SMALL)
    sheet.write(left, top + 10, panel.column_title, size=SMALL)
    axes = sheet.axes(left, start, cell * len(panel.columns), cell * len(panel.rows))
    axes.set_axis_off()
    axes.set_xlim(0, len(panel.columns))
    axes.set_ylim(len(panel.rows), 0)
    for number, name in enumerate(panel.columns):
        x = left + (number + 0.5) * cell
        text = str(number + 1) if numbered else name
        sheet.write(x, start - 5, text, size=SMALL, align="center", room=cell)
    for number, name in enumerate(panel.rows):
        y = start + (number + 0.5) * cell + 4
        sheet.write(0, y, f"{number + 1} {name}" if numbered else name, room=left - 8)
    _cells(axes, panel)
    if all(width_of(text, SMALL) <= cell - 2 for row in panel.texts for text in row):
        for number, row in enumerate(panel.texts):
            for column, text in enumerate(row):
                x, y = left + (column + 0.5) * cell, start + (number + 0.5) * cell + 4
                sheet.write(x, y, text, size=SMALL, align="center")


def _cells(axes: Axes, panel: Grid) -> None:
    """Fill the cells; an undefined one stays empty."""
    for row, column in np.argwhere(~np.isnan(panel.values)).tolist():
        value, quiet = float(panel.values[row, column]), bool(panel.quiet[row, column])
        darkest = DARKEST_QUIET if quiet else DARKEST
        cell = Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, lw=0, gid=f"{CLASS}cell")
        cell.set_color(INK if quiet else BROKEN)
        cell.set_alpha(PALEST + (darkest - PALEST) * value)
        axes.add_artist(cell)


def _is_numbered(panel: Grid) -> bool:
    """Whether the columns are called by numbers, since their names are too wide."""
    cell = _size(panel, LABELS)
    return any(len(name) * SMALL * 0.6 > cell for name in panel.columns)


def _size(panel: Grid, left: float) -> float:
    return min(MOST_CELL, (WIDTH - left) / len(panel.columns))


def _left(panel: Grid) -> float:
    numbered = _is_numbered(panel)
    names = [f"{n} {name}" if numbered else name for n, name in enumerate(panel.rows, 1)]
    widest = max(width_of(fit(name, LABELS, whole=False)) for name in names)
    return max(widest, width_of(panel.row_title, SMALL)) + 12


def _cell(panel: Grid) -> float:
    return _size(panel, _left(panel))
