"""Traced examples: those that changed over several versions, read when they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from compatkit.arrays import BoolArray, IntArray
from compatkit.comparison.flipped import Aligned, Witnesses, find_witnesses
from compatkit.errors import ConfigError
from compatkit.metrics.trajectories import Trajectories
from compatkit.scorers.scorer import Scorer


@dataclass(frozen=True, slots=True)
class TracedExample:
    """One example that changed, whole.

    Attributes:
        id: the example.
        right: whether each version has it right.
        predictions: the text of each version, None for no answer.
        references: the accepted answers.
        input: the prompt, None where no file holds one.
        first_broken: the version that first broke it, from 0; None where none did.
    """

    id: str
    right: tuple[bool, ...]
    predictions: tuple[str | None, ...]
    references: tuple[str, ...]
    input: str | None
    first_broken: int | None


class TracedExamples(msgspec.Struct, frozen=True):
    """The examples that changed, those that did so most often first.

    Of examples that changed equally often those come first that the last version has wrong.

    Attributes:
        rows: shape (F,), their numbers among all examples.
        ids: of each.
        right: shape (V, F).
        first_broken: shape (F,), the version that first broke each, from 0; -1 where none did.
        witnesses: where the answers of each version lie; empty where they were not kept.
    """

    rows: IntArray = msgspec.field(default_factory=lambda: np.zeros(0, np.int64))
    ids: Sequence[str] = ()
    right: BoolArray = msgspec.field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    first_broken: IntArray = msgspec.field(default_factory=lambda: np.zeros(0, np.int64))
    witnesses: tuple[Witnesses, ...] = ()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[TracedExample]:
        """Yield the examples whole, each file read once.

        Raises:
            ConfigError: they were not kept.
        """
        if len(self) and not self.witnesses:
            raise ConfigError("the answers were not kept: keep_flips=True keeps them.")
        places = np.arange(len(self))
        by_version = [witness.read(places) for witness in self.witnesses]
        for place, *rows in zip(range(len(self)), *by_version, strict=True):
            first = int(self.first_broken[place])
            yield TracedExample(
                id=self.ids[place],
                right=tuple(self.right[:, place].tolist()),
                predictions=tuple(row.text for row in rows),
                references=next((row.references for row in rows if row.references), ()),
                input=next((row.input for row in rows if row.input is not None), None),
                first_broken=None if first < 0 else first,
            )


def trace_examples(
    trajectories: Trajectories,
    ids: Sequence[str],
    sides: Sequence[Aligned],
    scorer: Scorer | None,
) -> TracedExamples:
    """Find the examples that changed; no record is read here.

    Args:
        trajectories: right and wrong of all examples.
        ids: theirs.
        sides: what was read of each version.
        scorer: what reads an answer out of a text; None where no answer is to be read.
    """
    changed = np.flatnonzero(trajectories.changes)
    right_last = trajectories.right[-1, changed]
    rows = changed[np.lexsort((right_last, -trajectories.changes[changed]))]
    witnesses: tuple[Witnesses, ...] = ()
    if scorer is not None:
        witnesses = tuple(
            find_witnesses(side, right, rows, scorer)
            for side, right in zip(sides, trajectories.right, strict=True)
        )
    return TracedExamples(
        rows,
        [ids[row] for row in rows.tolist()],
        trajectories.right[:, rows],
        trajectories.first_broken[rows],
        witnesses,
    )
