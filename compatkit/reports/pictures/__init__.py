"""Pictures: each shows comparisons as a figure, as SVG, PDF or PNG, drawn by matplotlib.

To add one: a file NAME with one function `describe_NAME(results)` that returns a `Picture` or
raises `NoPictureError`, and a line in `PICTURES`. How panels look is in `drawing`. Both are
imported when a picture is described or drawn, so that nobody else waits for them or matplotlib.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.output import write_whole
from compatkit.reports.pictures.lacking import NO_SLICES, NO_SWEEP, ONE_CANDIDATE, NoPictureError
from compatkit.spelling import suggest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from compatkit.comparison.history import History
    from compatkit.reports.pictures.picture import Picture

__all__ = [
    "IMAGES",
    "PICTURES",
    "NoPictureError",
    "PictureKind",
    "describe_picture",
    "draw_picture",
    "inline_svg",
    "is_picture",
    "pictures_of",
    "plot_history",
    "plot_picture",
    "render_picture",
]


class PictureKind(Struct, frozen=True):
    """A picture that there is.

    Attributes:
        shows: what it shows, in a few words.
        needs: the option of a comparison without which there is none, or `candidates` for further
            ones; empty for no such.
        lacks: what is said without it.
    """

    shows: str
    needs: str = ""
    lacks: str = ""


PICTURES: dict[str, PictureKind] = {
    "tasks": PictureKind("broken and repaired answers of each task"),
    "candidates": PictureKind(
        "accuracy against NFR of several new models", needs="candidates", lacks=ONE_CANDIDATE
    ),
    "slices": PictureKind("NFR of each slice, worst first", needs="by", lacks=NO_SLICES),
    "answers": PictureKind("which answer became which, of a few as of choices"),
    "scores": PictureKind("each example's old and new score"),
    "sweep": PictureKind("NFR and PFR at every threshold", needs="sweep", lacks=NO_SWEEP),
}
"""Name to picture, in the order of a page."""

IMAGES = {".svg": "svg", ".pdf": "pdf", ".png": "png"}
"""Suffix to the kind of a picture's file."""


MARKS = (b'class="picture ', b"Software\0compatkit", b"/Creator (compatkit)")
"""What an SVG, a PNG and a PDF hold that was drawn here."""


def describe_picture(name: str, results: Sequence[Comparison]) -> "Picture":
    """Describe a picture: its title, its text for who does not see it, its numbers.

    Args:
        name: as in `PICTURES`.
        results: one comparison per task and candidate, totals last.

    Raises:
        ConfigError: there is no picture of this name.
        NoPictureError: there is nothing to draw.
    """
    if name not in PICTURES:
        raise ConfigError(f"no picture {name!r}; {suggest(name, PICTURES)}")
    module = import_module(f"{__name__}.{name}")
    picture: Picture = getattr(module, f"describe_{name}")(results)
    return picture


def pictures_of(results: Sequence[Comparison]) -> dict[str, "Picture"]:
    """Return the pictures that there are of comparisons, by name, described and not yet drawn."""
    pictures = {}
    for name in PICTURES:
        try:
            pictures[name] = describe_picture(name, results)
        except NoPictureError:
            continue
    return pictures


def draw_picture(picture: "Picture") -> "Figure":
    """Draw a picture as a figure of matplotlib's."""
    from compatkit.reports.pictures.drawing import draw_figure  # noqa: PLC0415  (matplotlib)

    return draw_figure(picture)


def render_picture(picture: "Picture", kind: str) -> bytes:
    """Return a picture as a file: `svg`, `pdf` or `png`, the same bytes every time."""
    from compatkit.reports.pictures.drawing import write_file  # noqa: PLC0415  (matplotlib)

    return write_file(picture, kind)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture that was drawn here."""
    data = path.read_bytes()
    return any(mark in data for mark in MARKS)


def inline_svg(picture: "Picture") -> str:
    """Return a picture as SVG for a page: no style, no script, nothing loaded, ids of its own."""
    from compatkit.reports.pictures.drawing import write_inline  # noqa: PLC0415  (matplotlib)

    return write_inline(picture)


def plot_picture(
    name: str, results: Sequence[Comparison], path: str | Path | None = None
) -> "Figure":
    """Draw a picture of comparisons as a figure of matplotlib's, and write it.

    Args:
        name: as in `PICTURES`.
        results: one comparison per task and candidate, totals last.
        path: where to write it, too: .svg, .pdf or .png; None for nowhere.

    Raises:
        ConfigError: there is no such picture, nothing to draw, or no such kind of file.
    """
    kind = _kind_of(path)
    return _plot(describe_picture(name, results), path, kind)


def plot_history(history: "History", path: str | Path | None = None) -> "Figure":
    """Draw what each version kept, repaired, learned and broke, and write it.

    Args:
        history: of several versions.
        path: where to write it, too: .svg, .pdf or .png; None for nowhere.

    Raises:
        ConfigError: no such kind of file.
    """
    kind = _kind_of(path)
    from compatkit.reports.pictures.history import describe_history  # noqa: PLC0415

    return _plot(describe_history(history), path, kind)


def _kind_of(path: str | Path | None) -> str | None:
    """Return the kind of a picture's file; None where none is to be written."""
    kind = None if path is None else IMAGES.get(Path(path).suffix.lower())
    if path is not None and kind is None:
        raise ConfigError(f"{path}: the suffix names the format: {', '.join(IMAGES)}.")
    return kind


def _plot(picture: "Picture", path: str | Path | None, kind: str | None) -> "Figure":
    if path is not None and kind is not None:
        write_whole(path, render_picture(picture, kind))
    return draw_picture(picture)
