"""Drawing: pictures as figures, and as the bytes of a file. It alone loads matplotlib."""

import io
from typing import Any

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from compatkit.reports.hostile import visible
from compatkit.reports.pictures.drawing import cloud, curves, forest, grid, plane, stack
from compatkit.reports.pictures.drawing.sheet import (
    GAP,
    LINE,
    MARGIN,
    TEXT,
    WIDTH,
    Sheet,
    fold,
    own_settings,
)
from compatkit.reports.pictures.drawing.svg import rewrite_svg
from compatkit.reports.pictures.picture import (
    Cloud,
    Curves,
    Forest,
    Grid,
    Panel,
    Picture,
    Plane,
    Stack,
)

PLOTS: dict[type[Panel], Any] = {
    Cloud: cloud,
    Curves: curves,
    Forest: forest,
    Grid: grid,
    Plane: plane,
    Stack: stack,
}
HEAD = 26.0  # the title
PNG_DPI = 216  # three dots a pixel


class Drawing(Figure):
    """A picture as a figure of matplotlib's, which a notebook shows as it stands."""

    sheet: Sheet
    picture: Picture

    def _repr_svg_(self) -> str:
        """Return the figure for a notebook."""
        return _as_svg(self, inline=True)


def draw_figure(picture: Picture, *, whole: bool = False) -> Drawing:
    """Draw a picture.

    Args:
        picture: what is to be seen.
        whole: keep letters that the font lacks, as SVG can; else they become escapes.
    """
    notes = fold(picture.note)
    height = HEAD + sum(map(_height, picture.panels)) + LINE * len(notes)
    with own_settings():
        figure = Drawing((WIDTH / 72, height / 72), dpi=72, facecolor="none")
        figure.picture = picture
        figure.sheet = sheet = Sheet(figure, height, whole=whole)
        sheet.write(0, TEXT + 2, picture.title, size=TEXT + 1, bold=True)
        top = HEAD
        for panel in picture.panels:
            if panel.heading:
                sheet.write(0, top + TEXT, panel.heading, bold=True)
                top += LINE + 4
            PLOTS[type(panel)].draw(sheet, panel, top)
            top += PLOTS[type(panel)].height(panel)
            sheet.write_lines(top + LINE - 2, panel.note)
            top += LINE * len(fold(panel.note)) + GAP
        sheet.write_lines(top + LINE - 2, picture.note)
    return figure


def _height(panel: Panel) -> float:
    """Return how high a panel is, with its heading and its note."""
    heading = LINE + 4 if panel.heading else 0
    return heading + float(PLOTS[type(panel)].height(panel)) + LINE * len(fold(panel.note)) + GAP


def write_inline(picture: Picture) -> str:
    """Return a picture as SVG for a page."""
    return _as_svg(draw_figure(picture, whole=True), inline=True)


def write_file(picture: Picture, kind: str) -> bytes:
    """Return a picture as a file, the same bytes every time.

    Args:
        picture: what is to be seen.
        kind: `svg`, `pdf` or `png`.
    """
    figure = draw_figure(picture, whole=kind == "svg")
    if kind == "svg":
        head = '<?xml version="1.0" encoding="utf-8"?>\n'
        return (head + _as_svg(figure, inline=False)).encode()
    title, text = visible(picture.title), visible(picture.alt)
    about: dict[str, dict[str, str | None]] = {
        "pdf": {"Title": title, "Subject": text, "Creator": "compatkit", "Producer": None,
                "CreationDate": None},
        "png": {"Title": title, "Description": text, "Software": "compatkit"},
    }  # fmt: skip
    width, height = figure.get_size_inches()
    margin = MARGIN / 72
    buffer = io.BytesIO()
    with own_settings():
        figure.savefig(
            buffer,
            format=kind,
            dpi=PNG_DPI,
            facecolor="white",
            metadata=about[kind],
            bbox_inches=Bbox.from_extents(-margin, -margin, width + margin, height + margin),
        )
    return buffer.getvalue()


def _as_svg(figure: Drawing, *, inline: bool) -> str:
    buffer = io.BytesIO()
    with own_settings():
        figure.savefig(buffer, format="svg", dpi=72, metadata={"Date": None})
    return rewrite_svg(buffer.getvalue(), figure.sheet, figure.picture, inline=inline)
