"""Choices: what the list of flips can be filtered by, each value with a token of its own.

An article carries the tokens that hold for it; a filter keeps the articles that carry the chosen
one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from compatkit.comparison.causes import CAUSES
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.examples import FlippedExample
from compatkit.reports.view import tasks_of


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter of the list.

    Attributes:
        label: what is chosen, such as a task or a field to slice by.
        letter: what its tokens begin with.
        tokens: value to token, in the order of the values.
    """

    label: str
    letter: str
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, value: str) -> str:
        """Return a value's token, a new one where it is seen for the first time."""
        return self.tokens.setdefault(value, f"{self.letter}{len(self.tokens)}")


@dataclass(frozen=True, slots=True)
class Choices:
    """The filters of a list.

    Attributes:
        task: by the task.
        model: by the new model.
        slices: field to the filter by its value.
        cause: by why an answer broke, where that is known.
    """

    task: Choice
    model: Choice
    slices: dict[str, Choice]
    cause: Choice

    def __iter__(self) -> Iterator[Choice]:
        """Yield the filters."""
        yield from (self.task, self.model, *self.slices.values(), self.cause)

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
        if example.cause is not None:
            yield self.cause, example.cause


def make_choices(
    results: Sequence[Comparison], slices: Mapping[str, Iterable[str]] | None = None
) -> Choices:
    """Return the filters of the flips of these comparisons.

    Args:
        results: one comparison per task and candidate.
        slices: field to its values; those that the comparisons are sliced by if not given.
    """
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
    )


def _choice(label: str, letter: str, values: Iterable[str]) -> Choice:
    choice = Choice(label, letter)
    for value in values:
        choice.token(value)
    return choice
