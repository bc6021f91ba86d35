"""Choices: what the list of flips can be filtered by, each value with a token of its own.

An article carries the tokens that hold for it; a filter keeps the articles that carry the chosen
one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from compatkit.comparison.comparison import Comparison
from compatkit.comparison.examples import FlippedExample
from compatkit.metrics.cause_metrics import CAUSES
from compatkit.reports.view import tasks_of

Gathered = Mapping[tuple[str, str], Mapping[str, frozenset[str]]]


class Choice(Struct, frozen=True):
    """A filter of the list.

    Attributes:
        label: what is chosen, such as a task or a field to slice by.
        letter: what its tokens begin with.
        tokens: value to token, in the order of the values.
        least: how many values there must be, for the filter to tell examples apart.
    """

    label: str
    letter: str
    tokens: dict[str, str] = field(default_factory=dict)
    least: int = 2

    @property
    def tells(self) -> bool:
        """Whether it tells examples apart."""
        return len(self.tokens) >= self.least

    def token(self, value: str) -> str:
        """Return a value's token, a new one where it is seen for the first time."""
        return self.tokens.setdefault(value, f"{self.letter}{len(self.tokens)}")


class Choices(Struct, frozen=True):
    """The filters of a list.

    Attributes:
        task: by the task.
        model: by the new model.
        slices: field to the filter by its value.
        cause: by why an answer broke, where that is known.
        gathered: by the slices where broken answers gather.
        inside: task and new model to these, each with the ids of its examples.
    """

    task: Choice
    model: Choice
    slices: dict[str, Choice]
    cause: Choice
    gathered: Choice
    inside: Gathered

    def __iter__(self) -> Iterator[Choice]:
        """Yield the filters."""
        yield from (self.task, self.model, *self.slices.values(), self.gathered, self.cause)

    def values(
        self,
        comparison: Comparison,
        example: FlippedExample,
    ) -> Iterator[tuple[Choice, str]]:
        """Yield what holds for an example, filter by filter."""
        yield self.task, comparison.task
        yield self.model, comparison.new_name
        for path, value in example.slices.items():
            if path in self.slices and value is not None:
                yield self.slices[path], value
        for name, ids in self.inside.get((comparison.task, comparison.new_name), {}).items():
            if example.id in ids:
                yield self.gathered, name
        if example.cause is not None:
            yield self.cause, example.cause


def make_choices(
    results: Sequence[Comparison],
    slices: Mapping[str, Iterable[str]] | None = None,
    totals: Sequence[Comparison] = (),
) -> Choices:
    """Return the filters of the flips of these comparisons.

    Args:
        results: one comparison per task and candidate.
        slices: field to its values; those that the comparisons are sliced by if not given.
        totals: those over all tasks, of each candidate, where there are any.
    """
    inside = {
        where: places for head in totals or results for where, places in _gather(head, results)
    }
    if slices is None:
        slices = {path: [] for comparison in results for path in comparison.slices}
        slices = {
            path: [value for comparison in results for value in comparison.slices.get(path, ())]
            for path in slices
        }
    return Choices(
        _choice("task", "t", tasks_of(results)),
        _choice("model", "m", (comparison.new_name for comparison in results)),
        {
            path: _choice(path, f"s{number}_", values)
            for number, (path, values) in enumerate(slices.items())
        },
        _choice("cause", "c", CAUSES),
        _choice("where they gather", "g", (name for held in inside.values() for name in held), 1),
        inside,
    )


def _gather(
    head: Comparison, parts: Sequence[Comparison]
) -> Iterator[tuple[tuple[str, str], dict[str, frozenset[str]]]]:
    """Yield the ids of the slices where broken answers gather, of each task of a comparison."""
    outcome = head.found_slices
    if outcome is None:
        return
    own = [part for part in parts if part.new_name == head.new_name]
    tasks = [head] if head in own else own
    start = 0
    for part in tasks:
        end = start + len(part.pair.ids)
        yield (
            (part.task, part.new_name),
            {
                place.name: frozenset(
                    part.pair.ids[row - start] for row in place.rows.tolist() if start <= row < end
                )
                for place in outcome.gathered
            },
        )
        start = end


def _choice(label: str, letter: str, values: Iterable[str], least: int = 2) -> Choice:
    choice = Choice(label, letter, least=least)
    for value in values:
        choice.token(value)
    return choice
