"""Plan: which examples share a batch.

The plan depends on the examples and the settings alone, never on where a run was cut or on
how many processes share it: what a batch holds can change the last digits of its numbers, and
a resumed run must give the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compatkit.runner.encoding import Encoded


@dataclass(frozen=True, slots=True)
class Item:
    """One answer to be made: a sample of an example."""

    example: Encoded
    sample: int = 0

    @property
    def sequences(self) -> int:
        """How many sequences of a batch it takes."""
        return max(len(self.example.choices), 1)


Batch = tuple[Item, ...]


def plan_batches(
    examples: Sequence[Encoded], batch_size: int, *, samples: int = 1, by_length: bool = True
) -> list[Batch]:
    """Put like lengths together, most work first, so that memory runs out at once or never.

    Args:
        examples: in the order of the data.
        batch_size: sequences that go through the model at once.
        samples: answers per example.
        by_length: sort; else the order of the data is kept.
    """
    ordered = sorted(examples, key=lambda example: -example.work) if by_length else examples
    items = [Item(example, sample) for example in ordered for sample in range(samples)]
    return list(cut_batches(items, batch_size))


def cut_batches(items: Sequence[Item], batch_size: int) -> Iterator[Batch]:
    """Yield runs of items that together take at most `batch_size` sequences, one at least."""
    batch: list[Item] = []
    taken = 0
    for item in items:
        if batch and taken + item.sequences > batch_size:
            yield tuple(batch)
            batch, taken = [], 0
        batch.append(item)
        taken += item.sequences
    if batch:
        yield tuple(batch)
