"""Stack: rows of parts that are a whole together."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from compatkit.reports.pictures.drawing.sheet import (
    AXIS,
    CLASS,
    COLORS,
    INK,
    LINE,
    SMALL,
    WIDTH,
    Sheet,
    fit,
    show_percent,
    width_of,
)
from compatkit.reports.pictures.picture import Band, Stack

GAP = 12
ROW, THICK = 24, 0.64  # a row, and how much of it the bar takes
LABELS, REMARKS = 130.0, 100.0  # the most room that they take
BOX, AFTER = 10.0, 14.0  # of the key


def height(panel: Stack) -> float:
    """Return how high the plot is."""
    return _key_height(panel) + ROW * len(panel.rows) + AXIS


def draw(sheet: Sheet, panel: Stack, top: float) -> None:
    """Draw the key, the rows and their axis."""
    _key(sheet, panel, top)
    labels = [fit(row.label, LABELS, whole=sheet.whole) for row in panel.rows]
    left = GAP + max(width_of(label) for label in labels)
    remarks = max(width_of(text) for text in (panel.remark, *(row.remark for row in panel.rows)))
    right = WIDTH - min(remarks, REMARKS) - GAP
    start = top + _key_height(panel)
    sheet.write(WIDTH, start - 6, panel.remark, size=SMALL, align="right")
    axes = sheet.axes(left, start, right - left, ROW * len(panel.rows))
    axes.set_xlim(0, 1)
    axes.set_ylim(len(panel.rows), 0)
    axes.set_yticks([])
    show_percent(axes.xaxis)
    for number, row in enumerate(panel.rows):
        y = start + (number + 0.5) * ROW + 4
        sheet.write(0, y, row.label, room=LABELS, means=(panel.group, row.label))
        sheet.write(WIDTH, y, row.remark, align="right", room=REMARKS)
        _bar(axes, panel.bands, row.shares, number)


def _bar(axes: Axes, bands: tuple[Band, ...], shares: tuple[float, ...], number: int) -> None:
    place = 0.0
    for band, share in zip(bands, shares, strict=True):
        if share > 0:
            part = Rectangle((place, number + (1 - THICK) / 2), share, THICK, gid=f"{CLASS}band")
            _fill(part, band)
            part.set_clip_on(False)
            axes.add_artist(part)
        place += share


def _fill(part: Rectangle, band: Band) -> None:
    """Fill a part in its colour; the faintest has an outline alone, and each an edge."""
    color = COLORS[band.role]
    part.set_edgecolor(color if band.strength else INK)
    part.set_linewidth(0.8)
    part.set_facecolor((color, band.strength) if band.strength else "none")


def _lines(panel: Stack) -> list[list[tuple[float, Band]]]:
    """Lay the key out in lines, each band with where it begins."""
    lines: list[list[tuple[float, Band]]] = [[]]
    x = 0.0
    for band in panel.bands:
        room = BOX + 5 + width_of(band.name, SMALL)
        if x + room > WIDTH and lines[-1]:
            lines.append([])
            x = 0.0
        lines[-1].append((x, band))
        x += room + AFTER
    return lines


def _key_height(panel: Stack) -> float:
    return LINE * (len(_lines(panel)) + 1) + 4


def _key(sheet: Sheet, panel: Stack, top: float) -> None:
    for number, line in enumerate(_lines(panel)):
        y = top + LINE * number + LINE - 4
        for x, band in line:
            box = Rectangle(
                (x / WIDTH, 1 - y / sheet.height), BOX / WIDTH, BOX / sheet.height,
                transform=sheet.figure.transFigure,
            )  # fmt: skip
            _fill(box, band)
            sheet.figure.add_artist(box)
            sheet.write(x + BOX + 5, y, band.name, size=SMALL)
