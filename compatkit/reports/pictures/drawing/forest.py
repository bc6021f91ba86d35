"""Forest: rows of values with their intervals."""

from matplotlib.axes import Axes

from compatkit.metrics.estimates import MetricValue
from compatkit.reports.pictures.drawing.sheet import (
    AXIS,
    CLASS,
    COLORS,
    INK,
    LINE,
    MARKERS,
    SMALL,
    WIDTH,
    Sheet,
    fit,
    show_percent,
    width_of,
)
from compatkit.reports.pictures.picture import Forest, ForestRow, Series
from compatkit.reports.view import format_number

GAP = 12
ROW, SECOND = 21, 8  # a row, and what each further series adds
LABELS, REMARKS = 150.0, 140.0  # the most room that they take


def height(panel: Forest) -> float:
    """Return how high the plot is."""
    return LINE + 4 + _rows(panel) + AXIS


def draw(sheet: Sheet, panel: Forest, top: float) -> None:
    """Draw the key, the rows and their axis."""
    _key(sheet, panel, top + LINE - 4)
    labels = [fit(row.label, LABELS, whole=sheet.whole) for row in panel.rows]
    left = GAP + max(width_of(label) for label in labels)
    remarks = max(width_of(text) for text in (panel.remark, *(row.remark for row in panel.rows)))
    right = WIDTH - min(remarks, REMARKS) - GAP
    start, every = top + LINE + 4, _row(panel)
    axes = sheet.axes(left, start, right - left, _rows(panel))
    axes.set_xlim(0, panel.end)
    axes.set_ylim(len(panel.rows), 0)
    axes.set_yticks([])
    show_percent(axes.xaxis)
    if panel.overall is not None:
        axes.axvline(panel.overall, color=INK, lw=1, ls=(0, (2, 2)), clip_on=False)
    for number, row in enumerate(panel.rows):
        y = start + (number + 0.5) * every + 4
        sheet.write(0, y, row.label, room=LABELS, bold=row.apart, means=(panel.group, row.label))
        sheet.write(WIDTH, y, row.remark, align="right", room=REMARKS)
        if row.apart and number:
            sheet.rule(start + number * every)
        _values(axes, panel.series, row, number)


def _row(panel: Forest) -> float:
    return ROW + SECOND * (len(panel.series) - 1)


def _rows(panel: Forest) -> float:
    return _row(panel) * len(panel.rows)


def _key(sheet: Sheet, panel: Forest, y: float) -> None:
    x = 6.0
    for series in panel.series:
        sheet.mark(x, y - 4, series.role)
        sheet.write(x + 9, y, series.name, size=SMALL)
        x += 30 + width_of(series.name, SMALL)
    if panel.overall is not None:
        sheet.dash(x, y - 4)
        sheet.write(x + 9, y, f"all, {format_number(panel.overall, 'share')}", size=SMALL)
    sheet.write(WIDTH, y, panel.remark, size=SMALL, align="right")


def _values(axes: Axes, series: tuple[Series, ...], row: ForestRow, number: int) -> None:
    for place, (kind, value) in enumerate(zip(series, row.values, strict=True), 1):
        y = number + place / (len(series) + 1)
        _value(axes, kind, value, y)


def _value(axes: Axes, kind: Series, value: MetricValue, y: float) -> None:
    if value.value is None:
        axes.text(0, y, " undefined", color=INK, fontsize=SMALL, va="center", gid=f"{CLASS}gap")
        return
    color = COLORS[kind.role]
    if value.low is not None and value.high is not None:
        axes.plot(
            [value.low, value.high],
            [y, y],
            color=color,
            lw=1.6,
            clip_on=False,
            gid=f"{CLASS}limits",
        )
    axes.plot(
        [value.value],
        [y],
        color=color,
        marker=MARKERS[kind.role],
        ms=6,
        mew=0,
        ls="",
        clip_on=False,
        gid=f"{CLASS}value",
    )
