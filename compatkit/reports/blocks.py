"""Blocks: what a readable report is made of; how one looks is each report's own."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExample


LEAST_TEXT = 16


class Tone(Enum):
    """How a line is meant."""

    PLAIN = "plain"
    STRONG = "strong"
    NOTE = "note"
    FAINT = "faint"
    ASIDE = "aside"
    GOOD = "good"
    BAD = "bad"


class Heading(Struct, frozen=True):
    """A heading; level 1 is the report's."""

    text: str
    level: int
    tone: Tone = Tone.PLAIN


class Line(Struct, frozen=True):
    """A sentence of its own.

    Attributes:
        text: the sentence.
        tone: how it is meant.
        whole: it is never folded, since somebody may copy it.
    """

    text: str
    tone: Tone = Tone.PLAIN
    whole: bool = False


class Table(Struct, frozen=True):
    """A titled table of texts.

    Attributes:
        title: above the table.
        header: a name per column, each its own.
        rows: of as many cells.
        text_columns: how many columns, the first ones, are aligned left; texts may be folded,
            numbers never are.
        remarks: whether the last column holds words that may be folded.
        note: below the table.
        tones: how the first cell of each row is meant; empty where all are plain.
        cell_tones: how further cells are meant, by row and column.
        least_text: how many columns of a terminal a folded text keeps.
        spare: how many of the last columns a narrow terminal may leave out.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1
    remarks: bool = False
    note: str = ""
    tones: Sequence[Tone] = ()
    cell_tones: Mapping[tuple[int, int], Tone] = field(default_factory=dict)
    least_text: int = LEAST_TEXT
    spare: int = 0


class FlipList(Struct, frozen=True):
    """Flipped examples under a title, empty for none.

    Attributes:
        title: above the list.
        examples: in the order to show.
        remarks: what is to be said of each; empty where nothing is.
        fields: fields of the records to show of each.
    """

    title: str
    examples: "Sequence[FlippedExample]"
    remarks: Sequence[str] = ()
    fields: Sequence[str] = ()


class Explanation(Struct, frozen=True):
    """What a quantity means."""

    label: str
    meaning: str
    formula: str = ""
    source: str = ""


class Fold(Struct, frozen=True):
    """Blocks that a reader may fold away, where a report can."""

    title: str
    blocks: Sequence["Line | Table | FlipList | Explanation"]


Block = Heading | Line | Table | FlipList | Explanation | Fold
