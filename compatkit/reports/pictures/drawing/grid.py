"""Grid: a heat map."""

import numpy as np
from matplotlib.patches import Rectangle

from compatkit.reports.pictures.drawing.sheet import (
    BROKEN,
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
MOST_CELL, LEAST_CELL = 46.0, 26.0  # the least that has a text in it
PALEST, DARKEST = 0.06, 0.62  # so that a cell's text is read on it


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
        text = f"{number + 1} {name}" if numbered else name
        sheet.write(0, y, text, room=left - 8)
        for column in range(len(panel.columns)):
            value = float(panel.values[number, column])
            color = INK if panel.quiet[number, column] else BROKEN
            if not np.isnan(value):
                alpha = PALEST + (DARKEST - PALEST) * value if value else PALEST / 2
                axes.add_artist(
                    Rectangle(
                        (column + 0.03, number + 0.03), 0.94, 0.94, color=color, alpha=alpha, lw=0
                    )
                )
            if cell >= LEAST_CELL:
                x = left + (column + 0.5) * cell
                text = panel.texts[number][column]
                sheet.write(x, y, text, size=SMALL, align="center", room=cell)


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
