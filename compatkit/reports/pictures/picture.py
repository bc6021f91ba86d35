"""Picture: what is to be seen, as numbers and texts; `drawing` alone knows how it looks."""

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from compatkit.arrays import BoolArray, FloatArray
from compatkit.metrics.estimates import MetricValue


class Role(Enum):
    """What a mark stands for; its colour follows."""

    PLAIN = "plain"
    BROKEN = "broken"
    REPAIRED = "repaired"


class Series(Struct, frozen=True):
    """One quantity of a plot.

    Attributes:
        name: as the key says it.
        role: what it stands for.
    """

    name: str
    role: Role


BROKEN = Series("broken (NFR)", Role.BROKEN)
REPAIRED = Series("repaired (PFR)", Role.REPAIRED)


class ForestRow(Struct, frozen=True):
    """A row of a forest plot.

    Attributes:
        label: whose numbers these are, any text.
        values: one per series, with its interval; an undefined one leaves a gap.
        remark: what stands at the end of the row.
        apart: a line sets it off from the rows above.
    """

    label: str
    values: tuple[MetricValue, ...]
    remark: str
    apart: bool = False


class Forest(Struct, frozen=True):
    """Rows of values with their intervals.

    Attributes:
        heading: above the rows, any text; empty for none.
        group: what the rows are the values of, for whoever links to them.
        rows: from top to bottom.
        series: what each value of a row is.
        overall: the first series' value over all rows, drawn across them; None for none.
        end: where the axis ends, as far as in the forests beside.
        remark: the heading of the remarks.
        note: below the rows.
    """

    heading: str
    group: str
    rows: tuple[ForestRow, ...]
    series: tuple[Series, ...]
    overall: float | None = None
    end: float = 1.0
    remark: str = ""
    note: str = ""


class Curves(Struct, frozen=True):
    """Shares over thresholds; each holds from above the threshold before up to its own.

    Attributes:
        heading: above the plot, any text; empty for none.
        thresholds: ascending, shape (T,).
        shares: of each series, shape (T,).
        series: what they are.
        chosen: the threshold that was used.
        note: below the plot.
    """

    heading: str
    thresholds: FloatArray
    shares: tuple[FloatArray, ...]
    series: tuple[Series, ...]
    chosen: float
    note: str = ""


class Cloud(Struct, frozen=True):
    """Scores of examples, old against new, in the four quadrants of a threshold.

    Attributes:
        heading: above the plot, any text; empty for none.
        old: shape (N,).
        new: shape (N,).
        broken: shape (N,).
        repaired: shape (N,).
        threshold: the score from which an answer is right.
        corners: what is said in the quadrants: both right, broken, repaired, both wrong.
        in_cells: examples are too many to be drawn each by itself.
        note: below the plot.
    """

    heading: str
    old: FloatArray
    new: FloatArray
    broken: BoolArray
    repaired: BoolArray
    threshold: float
    corners: tuple[str, str, str, str]
    in_cells: bool = False
    note: str = ""


class Place(Struct, frozen=True):
    """A model in the plane of accuracy and NFR.

    Attributes:
        label: its name, any text.
        accuracy: with its interval.
        nfr: with its interval.
    """

    label: str
    accuracy: MetricValue
    nfr: MetricValue


class Plane(Struct, frozen=True):
    """Models by accuracy and NFR.

    Attributes:
        heading: above the plot, any text; empty for none.
        places: in the order of the key; one with an undefined number stands in the key alone.
        old: the old model's accuracy, a line; None where it is undefined.
        average: what stands across: accuracy, or what stands for it.
        note: below the plot.
    """

    heading: str
    places: tuple[Place, ...]
    old: float | None
    average: str
    note: str = ""


class Grid(Struct, frozen=True):
    """A heat map.

    Attributes:
        heading: above the grid, any text; empty for none.
        rows: their names, any texts.
        columns: their names, any texts.
        values: shape (rows, columns), in [0, 1], nan where undefined: the darkness of a cell.
        texts: what stands in the cells, row by row.
        row_title: what the rows are.
        column_title: what the columns are.
        quiet: shape (rows, columns), cells in which nothing changed.
        note: below the grid.
    """

    heading: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: FloatArray
    texts: tuple[tuple[str, ...], ...]
    row_title: str
    column_title: str
    quiet: BoolArray
    note: str = ""


class Band(Struct, frozen=True):
    """A part of a stacked row.

    Attributes:
        name: as the key says it.
        role: what it stands for.
        strength: of its colour, in [0, 1]; 0 is an outline alone.
    """

    name: str
    role: Role
    strength: float = 1.0


class StackRow(Struct, frozen=True):
    """A row of stacked parts of a whole.

    Attributes:
        label: whose parts these are, any text.
        shares: one per band, in [0, 1] and 1 together.
        remark: what stands at the end of the row.
    """

    label: str
    shares: tuple[float, ...]
    remark: str


class Stack(Struct, frozen=True):
    """Rows of stacked parts, each row a whole.

    Attributes:
        heading: above the rows, any text; empty for none.
        group: what the rows are the values of.
        rows: from top to bottom.
        bands: what each part of a row is.
        remark: the heading of the remarks.
        note: below the rows.
    """

    heading: str
    group: str
    rows: tuple[StackRow, ...]
    bands: tuple[Band, ...]
    remark: str = ""
    note: str = ""


Panel = Forest | Curves | Cloud | Plane | Grid | Stack


class Picture(Struct, frozen=True):
    """A picture, described.

    Attributes:
        name: as in the table of pictures.
        title: one line, any text.
        alt: one or two sentences with the numbers that matter, for who does not see it; any text.
        panels: from top to bottom.
        note: below all of them.
    """

    name: str
    title: str
    alt: str
    panels: Sequence[Panel]
    note: str = ""


def is_drawn(value: MetricValue) -> bool:
    """Whether a value has a place: an undefined one has none, and is no 0."""
    return value.value is not None
