"""Sheet: a matplotlib figure measured in pixels from its upper left corner, and its texts.

Nothing of matplotlib's state is read or left changed: no pyplot, and the settings of the user
apply to nothing that is drawn here.
"""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from compatkit.reports.hostile import visible
from compatkit.reports.pictures.picture import Role

WIDTH = 420  # drawn at this size or smaller: a phone shows 390, and letters stay legible
TEXT, SMALL = 12.0, 11.0
LINE = 16
MARGIN = 12.0  # of a file
CLASS = "as-"  # a group of this id is of the class that follows
GAP = 12  # between panels
FAMILY = "DejaVu Sans"  # matplotlib brings it
INK, BROKEN, REPAIRED = (
    "#1f2328",
    "#d55e00",
    "#1a7fc4",
)  # told apart by all eyes, 3:1 on light and dark
COLORS = {Role.PLAIN: INK, Role.BROKEN: BROKEN, Role.REPAIRED: REPAIRED}
MARKERS = {Role.PLAIN: "o", Role.BROKEN: "o", Role.REPAIRED: "D"}
DASHES = {Role.PLAIN: "-", Role.BROKEN: "-", Role.REPAIRED: (0, (4, 1.5))}
FAINT = 0.25
LEFT, AXIS = 46.0, 20.0  # for the numbers of an axis, beside and below a plot
UNDRAWN = "\N{WHITE SQUARE}"
CUT = "\N{HORIZONTAL ELLIPSIS}"
SETTINGS = {
    **{key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")},
    "svg.hashsalt": "compatkit",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "path.simplify": False,
}


@contextmanager
def own_settings() -> Iterator[None]:
    """Draw by matplotlib's defaults and ours, whatever the user's are."""
    with mpl.rc_context(SETTINGS):
        yield


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=FAMILY))).get_charmap())


def drawable(text: str) -> str:
    """Return a text that the font can draw, about as wide."""
    return "".join(letter if ord(letter) in _glyphs() else UNDRAWN for letter in text)


@cache
def _advance(letter: str, *, bold: bool) -> float:
    """Return how wide a letter is, as a part of its size."""
    weight = "bold" if bold else "normal"
    font = get_font(findfont(FontProperties(family=FAMILY, weight=weight)))
    font.set_size(100, 72)
    return float(font.load_char(ord(letter)).linearHoriAdvance) / 65536 / 100


def width_of(text: str, size: float = TEXT, *, bold: bool = False) -> float:
    """Return how wide a text is."""
    return size * sum(_advance(letter, bold=bold) for letter in drawable(text))


class Sheet:
    """A figure that is filled from top to bottom.

    Attributes:
        figure: the figure.
        height: how high it is.
        whole: texts keep letters that the font lacks: SVG names a font, and holds texts.
        texts: the id of a text's group to what it says, since others stand for such letters.
        meanings: the id of a text's group to what it is the name of: a kind, and the whole name.
    """

    def __init__(self, figure: Figure, height: float, *, whole: bool) -> None:
        """Make an empty sheet of a figure."""
        self.figure = figure
        self.height = height
        self.whole = whole
        self.texts: dict[str, str] = {}
        self.meanings: dict[str, tuple[str, str]] = {}

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = TEXT,
        bold: bool = False,
        align: str = "left",
        turned: bool = False,
        room: float = WIDTH,
        means: tuple[str, str] | None = None,
    ) -> None:
        """Write any text on one line; what finds no room is left out in its middle.

        Args:
            x: where it begins, is centred or ends.
            y: its baseline.
            text: any text.
            size: of the letters.
            bold: whether it is.
            align: `left`, `center` or `right`.
            turned: read from below.
            room: how wide it may be.
            means: what it is the name of: a kind, and the whole name.
        """
        shown = fit(text, room, size, bold=bold, whole=self.whole)
        number = f"text-{len(self.texts)}"
        self.texts[number] = shown
        if means is not None:
            self.meanings[number] = means
        self.figure.text(
            x / WIDTH,
            1 - y / self.height,
            drawable(shown) or " ",
            fontsize=size,
            fontfamily=FAMILY,
            fontweight="bold" if bold else "normal",
            color=INK,
            ha=align,
            va="baseline",
            rotation=90 if turned else 0,
            parse_math=False,
            gid=number,
        )

    def write_lines(self, y: float, text: str) -> None:
        """Write a note on as many lines as it takes."""
        for number, line in enumerate(fold(text)):
            self.write(0, y + number * LINE, line, size=SMALL)

    def mark(self, x: float, y: float, role: Role, *, line: bool = False) -> None:
        """Draw what stands for a role in a key."""
        left, right, place = (x - 8) / WIDTH, (x + 8) / WIDTH, 1 - y / self.height
        color = COLORS[role]
        if line:
            sample = Line2D([left, right], [place] * 2, color=color, lw=2, ls=DASHES[role])
        else:
            sample = Line2D([x / WIDTH], [place], color=color, marker=MARKERS[role], ms=6, mew=0)
        self.figure.add_artist(sample)

    def dash(self, x: float, y: float) -> None:
        """Draw what stands for a line across a plot in a key."""
        left, right, place = (x - 6) / WIDTH, (x + 6) / WIDTH, 1 - y / self.height
        self.figure.add_artist(Line2D([left, right], [place] * 2, color=INK, lw=1, ls=(0, (2, 2))))

    def rule(self, y: float) -> None:
        """Draw a line from side to side."""
        place = 1 - y / self.height
        self.figure.add_artist(Line2D([0, 1], [place] * 2, color=INK, lw=0.8, alpha=0.5))

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add a plot's area: no frame, faint lines at its ticks."""
        axes = self.figure.add_axes(
            (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height),
            frameon=False,
        )
        axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK, labelfontfamily=FAMILY)
        axes.set_axisbelow(True)
        axes.grid(color=INK, alpha=FAINT, lw=0.8)
        return axes


def show_percent(axis: object, *, most: int = 4) -> None:
    """Let an axis write shares in percent."""
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))  # type: ignore[attr-defined]
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))  # type: ignore[attr-defined]


def fold(text: str) -> list[str]:
    """Return a note in lines."""
    return textwrap.wrap(visible(text), 62) if text else []


def fit(text: str, room: float, size: float = TEXT, *, bold: bool = False, whole: bool) -> str:
    r"""Return a text that can be seen, on one line, with its middle left out where it is too wide.

    Args:
        text: any text.
        room: how wide it may be.
        size: of the letters.
        bold: whether they are.
        whole: keep letters that the font lacks; else they become escapes.

    >>> fit("a\n$b$", 100.0, whole=True)
    'a\\n$b$'
    """
    shown = visible(text[:1000])
    if not whole:
        shown = "".join(
            letter if ord(letter) in _glyphs() else letter.encode("unicode_escape").decode("ascii")
            for letter in shown
        )
    if width_of(shown, size, bold=bold) <= room:
        return shown
    head, tail = "", ""
    for first, last in zip(shown, reversed(shown), strict=True):
        for longer in ((head + first, tail), (head + first, last + tail)):
            if width_of(CUT.join(longer), size, bold=bold) > room:
                return f"{head}{CUT}{tail}"
            head, tail = longer
    return shown
