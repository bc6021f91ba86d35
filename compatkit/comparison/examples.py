"""Examples: those that flipped, known by their places; a record is read when one is asked for."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.metrics.cause_metrics import EVERY_CAUSE
from compatkit.predictions.fields import MISSING, get_path
from compatkit.stored import Column, narrow, take

if TYPE_CHECKING:
    from compatkit.metrics.confidence import ConfidencePair, RightChoice

KINDS = ("negative", "positive")
CHANGED = "changed"  # another answer, wrong on both sides: no flip
EVERY_KIND = (*KINDS, CHANGED)  # as columns number them
HELD = 10_000  # examples of a list that are kept when they were read; a longer one is read anew
UNREAD = -1  # in the place of a cause's number


@dataclass(frozen=True, slots=True)
class FlippedExample:
    """One example whose answer flipped, whole.

    With several samples per example, the scores are the shares of right samples, or pass@k, and the
    predictions are the first right one of one side and the first wrong one of the other.

    Attributes:
        id: the example.
        kind: `negative` or `positive`; `changed` where the answer is another, and still wrong.
        old_score: the old model's score.
        new_score: the new model's score.
        old_prediction: its text, None for no answer.
        new_prediction: its text, None for no answer.
        references: the accepted answers.
        input: the prompt, None where the file holds none.
        old_record: the record as it stands in the old file.
        new_record: the record as it stands in the new file.
        old_answer: what was judged of the old text, such as its number or its letter; None where
            the scorer read no answer.
        new_answer: what was judged of the new text.
        slices: field to value, of the fields that are sliced by.
        cause: why the answer broke, a name in `compatkit.comparison.causes.CAUSES`; None where
            that is not known, and for other kinds than `negative`.
        confidence: what both models make of the right choice; None where the files hold no
            likelihoods of the choices.
    """

    id: str
    kind: str
    old_score: float
    new_score: float
    old_prediction: str | None
    new_prediction: str | None
    references: tuple[str, ...]
    input: str | None
    old_record: Mapping[str, Any]
    new_record: Mapping[str, Any]
    old_answer: str | None = None
    new_answer: str | None = None
    slices: Mapping[str, str | None] = field(default_factory=dict)
    cause: str | None = None
    confidence: "RightChoice | None" = None

    @property
    def harm(self) -> float:
        """By how much the score fell; negative where it rose."""
        return self.old_score - self.new_score

    def show_field(self, name: str) -> dict[str, str]:
        """Return a field of the records as text, by side: one text, of `""`, where they agree.

        Args:
            name: the field's path, nested by dots.
        """
        sides = {"old": self.old_record, "new": self.new_record}
        texts = {side: _as_text(get_path(record, name)) for side, record in sides.items()}
        return {"": texts["old"]} if texts["old"] == texts["new"] else texts

    def to_dict(self, *, whole: bool = False) -> dict[str, Any]:
        """Return the example as JSON knows it, with the records where `whole`."""
        brief = {
            "id": self.id,
            "kind": self.kind,
            "old_score": self.old_score,
            "new_score": self.new_score,
            "old_prediction": self.old_prediction,
            "new_prediction": self.new_prediction,
            "references": list(self.references),
            "input": self.input,
        }
        records = {"old_record": dict(self.old_record), "new_record": dict(self.new_record)}
        told = {
            "old_answer": self.old_answer,
            "new_answer": self.new_answer,
            "slices": dict(self.slices),
            "cause": self.cause,
        }
        if self.confidence is not None:
            told["confidence"] = asdict(self.confidence)
        return {**brief, **(records if whole else {}), **told}


def _as_text(value: Any) -> str:
    """Return the value of a field as it is shown: a text as it stands, all else as JSON."""
    if value is MISSING:
        return "(no such field)"
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # keys that are no texts, from memory
        return repr(value)


class FlipColumns(msgspec.Struct, frozen=True):
    """What is known of flipped examples before any of their records is read.

    Attributes:
        ids: F ids.
        kinds: shape (F,), the number of each's kind in `EVERY_KIND`.
        old_scores: shape (F,), as flags where they are 0 or 1.
        new_scores: shape (F,), the same.
        slices: field to the value of each, None where it has none.
        new_lines: shape (F,), where the new record of each stands in its file; 0 where nobody
            knows.
        confidence: what both models make of the choices of each; None where nobody knows.
    """

    ids: Sequence[str]
    kinds: NDArray[np.int8]
    old_scores: FloatArray | BoolArray
    new_scores: FloatArray | BoolArray
    slices: Mapping[str, Sequence[str | None]] = msgspec.field(default_factory=dict)
    new_lines: Column | None = None
    confidence: "ConfidencePair | None" = None


Read = Callable[[IntArray], Iterator[FlippedExample]]


class _Held(msgspec.Struct, frozen=True):
    """What is kept of flipped examples that were read.

    Attributes:
        causes: the number in `EVERY_CAUSE` of why each broke; `UNREAD` of those to be read.
        examples: some of them whole, by place.
    """

    causes: NDArray[np.int8]
    examples: dict[int, FlippedExample] = msgspec.field(default_factory=dict)


class FlippedExamples(Sequence[FlippedExample]):
    """Flipped examples in some order, read when they are asked for.

    Their number, ids, kinds, scores and slices are known without a look at a file. What is asked
    for together, by a loop or `list`, is read in one go, each file once; of a long list some
    thousands are held at a time.

    Args:
        columns: what is known of all flipped examples.
        read: places among them to the examples.
        places: those that are in this list, in its order; all of them if not given.
        held: what is kept of examples that were read; shared by all lists of one comparison.
    """

    __slots__ = ("_held", "_read_whole", "columns", "places")

    def __init__(
        self,
        columns: FlipColumns,
        read: Read,
        places: IntArray | None = None,
        held: "_Held | None" = None,
    ) -> None:
        """Hold the columns, and how records are read."""
        self.columns = columns
        size = len(columns.ids)
        self.places = narrow(np.arange(size)) if places is None else places
        self._read_whole = read
        self._held = _Held(np.full(size, UNREAD, np.int8)) if held is None else held

    @classmethod
    def of(cls, examples: Sequence[FlippedExample]) -> "FlippedExamples":
        """Return the list of examples that are at hand."""
        columns = FlipColumns(
            [example.id for example in examples],
            np.array([EVERY_KIND.index(example.kind) for example in examples], np.int8),
            np.array([example.old_score for example in examples], np.float64),
            np.array([example.new_score for example in examples], np.float64),
            {
                path: [example.slices.get(path) for example in examples]
                for path in dict.fromkeys(path for example in examples for path in example.slices)
            },
        )
        return cls(columns, lambda places: (examples[place] for place in places.tolist()))

    @property
    def ids(self) -> list[str]:
        """The examples' ids."""
        return [self.columns.ids[place] for place in self.places.tolist()]

    @property
    def kinds(self) -> list[str]:
        """The examples' kinds."""
        return [EVERY_KIND[kind] for kind in self.columns.kinds[self.places].tolist()]

    @property
    def new_lines(self) -> list[int]:
        """Where the new record of each stands in its file, from line 1; 0 where nobody knows."""
        lines = self.columns.new_lines
        return [0] * len(self) if lines is None else take(lines, self.places).tolist()

    @property
    def harms(self) -> FloatArray:
        """By how much the score of each fell, shape (F,); negative where it rose.

        What differs by no more than sums of floats do is equal.
        """
        return self._falls().astype(np.float64, copy=False)

    def _falls(self) -> NDArray[Any]:
        """Return `harms`, of flags as narrow numbers."""
        old, new = self.columns.old_scores[self.places], self.columns.new_scores[self.places]
        if old.dtype == new.dtype == np.bool_:
            return old.view(np.int8) - new.view(np.int8)
        return np.round(np.subtract(old, new, dtype=np.float64), 12)

    @property
    def cause_numbers(self) -> NDArray[np.int8]:
        """The number in `EVERY_CAUSE` of why each broke; those that were not read yet are read.

        Raises:
            DataError: a file changed since it was scored.
        """
        held = self._held.causes
        unread = self.places[held[self.places] == UNREAD]
        if len(unread) <= HELD:
            self._hold(unread.tolist())
        else:
            for _ in self._read(unread):
                pass
        return held[self.places]

    @property
    def causes(self) -> list[str | None]:
        """Why each broke, None where that is not known; read as `cause_numbers` is."""
        return [EVERY_CAUSE[number] for number in self.cause_numbers.tolist()]

    def of_kind(self, kind: str) -> "FlippedExamples":
        """Return the examples of a kind, in the same order."""
        return self.take(np.flatnonzero(self.columns.kinds[self.places] == EVERY_KIND.index(kind)))

    def find(self, names: Collection[str]) -> IntArray:
        """Return the numbers in the list of the examples with these ids; no list of ids is made."""
        if not names:
            return np.zeros(0, np.int64)
        held = [place for place, name in enumerate(self.columns.ids) if name in names]
        return np.flatnonzero(np.isin(self.places, held))

    def by_harm(self, *, by_slice: bool = True) -> "FlippedExamples":
        """Return the examples, the largest fall of score first.

        Args:
            by_slice: of equal falls those of one slice stand together, slices in order of their
                values; else, and within a slice, the order stays.
        """
        falls = self._falls()
        slices = [*self.columns.slices.values()] if by_slice else []
        if not slices and (falls[1:] <= falls[:-1]).all():
            return self
        order = np.arange(len(self))
        for values in reversed(slices):
            texts = np.array([values[place] or "" for place in self.places.tolist()], object)
            order = order[np.argsort(texts[order], kind="stable")]
        return self.take(order[np.argsort(-falls[order], kind="stable")])

    def take(self, numbers: IntArray) -> "FlippedExamples":
        """Return the examples with these numbers in the list, in the order given."""
        return FlippedExamples(self.columns, self._read_whole, self.places[numbers], self._held)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> FlippedExample: ...
    @overload
    def __getitem__(self, index: slice) -> "FlippedExamples": ...
    def __getitem__(self, index: int | slice) -> "FlippedExample | FlippedExamples":
        """Return an example, read with those around it, or a part of the list, of which none is."""
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        number = range(len(self))[index]
        start = number - number % HELD
        return self._hold(self.places[start : start + HELD].tolist())[number - start]

    def __iter__(self) -> Iterator[FlippedExample]:
        """Yield the examples, read in one go."""
        if len(self) <= HELD:
            yield from self._hold(self.places.tolist())
            return
        yield from self._read(self.places)

    def _hold(self, places: list[int]) -> list[FlippedExample]:
        """Return examples by their places, and read those that were not read yet."""
        held = self._held.examples
        absent = [place for place in places if place not in held]
        if absent:
            held.update(zip(absent, self._read(np.array(absent)), strict=True))
        return [held[place] for place in places]

    def _read(self, places: IntArray) -> Iterator[FlippedExample]:
        """Read examples, and keep why they broke."""
        for place, example in zip(places, self._read_whole(places), strict=True):
            self._held.causes[place] = EVERY_CAUSE.index(example.cause)
            yield example

    def __eq__(self, other: object) -> bool:
        """Whether another list, or a tuple, holds equal examples in the same order."""
        if not isinstance(other, FlippedExamples | tuple):
            return NotImplemented
        return len(self) == len(other) and all(map(FlippedExample.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what a copy is made of: the examples themselves, for its files may be gone."""
        return FlippedExamples.of, (tuple(self),)

    def __repr__(self) -> str:
        """Return what it is, without reading."""
        return f"<{len(self):,} flipped examples>"


def take_worst(lists: Sequence[FlippedExamples], limit: int) -> list[tuple[int, FlippedExample]]:
    """Read the examples of several lists whose score fell most, lists in their order among equals.

    Args:
        lists: such as the negative flips of several tasks.
        limit: how many examples.

    Returns:
        Each with the number of its list.
    """
    worst = [flips.by_harm(by_slice=False)[:limit] for flips in lists]
    owners = np.repeat(np.arange(len(lists)), list(map(len, worst)))
    harms = np.concatenate([np.zeros(0), *(flips.harms for flips in worst)])
    chosen = owners[np.argsort(-harms, kind="stable")[:limit]].tolist()
    read = {owner: iter(worst[owner][: chosen.count(owner)]) for owner in set(chosen)}
    return [(owner, next(read[owner])) for owner in chosen]
