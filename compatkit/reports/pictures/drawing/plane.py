"""Plane: models by accuracy and NFR."""

from matplotlib.axes import Axes

from compatkit.metrics.estimates import MetricValue
from compatkit.reports.pictures.drawing.sheet import (
    AXIS,
    CLASS,
    INK,
    LEFT,
    LINE,
    REPAIRED,
    SMALL,
    WIDTH,
    Sheet,
    show_percent,
)
from compatkit.reports.pictures.picture import Place, Plane, is_drawn
from compatkit.reports.view import format_number

HEIGHT = 220.0
NUMBERS = (250.0, 335.0, WIDTH)  # where the key's name ends, and its two numbers


def height(panel: Plane) -> float:
    """Return how high the plot and its key are."""
    return LINE + HEIGHT + AXIS + LINE + LINE * (1 + len(panel.places)) + 8


def draw(sheet: Sheet, panel: Plane, top: float) -> None:
    """Draw the models and the key."""
    sheet.write(0, top + 10, "NFR", size=SMALL)
    if panel.old is not None:
        sheet.dash(LEFT + 20, top + 6)
        before = f"{panel.average} of old, {format_number(panel.old, 'share')}"
        sheet.write(LEFT + 29, top + 10, before, size=SMALL)
    axes = sheet.axes(LEFT, top + LINE, WIDTH - LEFT - 12, HEIGHT)
    show_percent(axes.xaxis)
    show_percent(axes.yaxis)
    shown = [place for place in panel.places if is_drawn(place.accuracy) and is_drawn(place.nfr)]
    _limit(axes, shown, panel.old)
    if panel.old is not None:
        axes.axvline(panel.old, color=INK, lw=1, ls=(0, (2, 2)), clip_on=False)
    for number, place in enumerate(panel.places, 1):
        _place(axes, place, number)
    below = top + LINE + HEIGHT + AXIS
    sheet.write(WIDTH - 12, below + LINE - 6, panel.average, size=SMALL, align="right")
    _key(sheet, panel, below + 2 * LINE)


def _limit(axes: Axes, places: list[Place], old: float | None) -> None:
    across = [end for place in places for end in _ends(place.accuracy)]
    across += [] if old is None else [old]
    room = 0.06 * (max(across) - min(across)) or 0.01
    axes.set_xlim(max(min(across) - room, 0.0), min(max(across) + room, 1.0))
    highest = max(end for place in places for end in _ends(place.nfr))
    axes.set_ylim(0, min(1.06 * highest, 1.0) or 1.0)


def _ends(value: MetricValue) -> list[float]:
    return [end for end in (value.low, value.value, value.high) if end is not None]


def _place(axes: Axes, place: Place, number: int) -> None:
    x, y = place.accuracy.value, place.nfr.value
    if x is None or y is None:
        return
    for value, line in ((place.accuracy, axes.hlines), (place.nfr, axes.vlines)):
        if value.low is not None and value.high is not None:
            across = y if value is place.accuracy else x
            line(across, value.low, value.high, color=REPAIRED, lw=1.4, clip_on=False)
    axes.plot(
        [x],
        [y],
        color=REPAIRED,
        marker="o",
        ms=14,
        mew=0,
        ls="",
        clip_on=False,
        gid=f"{CLASS}value",
    )
    axes.text(
        x,
        y,
        str(number),
        color="#ffffff",
        fontsize=SMALL,
        fontweight="bold",
        ha="center",
        va="center_baseline",
        gid=f"{CLASS}number",
    )


def _key(sheet: Sheet, panel: Plane, y: float) -> None:
    for text, x in zip((panel.average, "NFR"), NUMBERS[1:], strict=True):
        sheet.write(x, y, text, size=SMALL, align="right")
    for number, place in enumerate(panel.places, 1):
        line = y + number * LINE
        sheet.write(0, line, str(number), bold=True)
        sheet.write(22, line, place.label, room=NUMBERS[0] - 22, means=("candidate", place.label))
        for value, x in zip((place.accuracy, place.nfr), NUMBERS[1:], strict=True):
            text = format_number(value.value, "share") if is_drawn(value) else "undefined"
            sheet.write(x, line, text, align="right")
