"""Must-not-flip examples: those of which none may break, whatever the rate."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.gate.policy import FAIL, PASS, MustNotFlip
from compatkit.gate.verdict import Guarded
from compatkit.gate.waivers import Waived
from compatkit.metrics.pair import rows_by_value

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExample

NO_ROWS = np.zeros(0, np.int64)
MOSTLY = 0.5  # from this share of right samples on, an example is right


def guard(examples: MustNotFlip, comparison: Comparison, waived: Waived) -> list[Guarded]:
    """Say of each must-not-flip example whether it was right and is now wrong.

    With several samples, an example is right when at least half of its samples are.

    Args:
        examples: ids and tags.
        comparison: the task, with its flipped examples.
        waived: the flips that are accepted.

    Raises:
        ConfigError: an id that no file holds, or a tag that no example has.
    """
    named = dict(_name_examples(examples, comparison))
    rows = {}
    if named:
        rows = {name: row for row, name in enumerate(comparison.pair.ids) if name in named}
    for example_id in examples.ids:
        if example_id not in rows:
            raise ConfigError(
                f"must_not_flip: no example {example_id!r} in {comparison.old}. Mend the id, or "
                "remove it."
            )
    was_right = comparison.pair.old.held_right >= MOSTLY
    broken = was_right & (comparison.pair.new.held_right < MOSTLY)
    flips = _read_flips(comparison, [rows[example] for example in named if broken[rows[example]]])
    return [
        Guarded(
            task=comparison.task,
            id=example,
            outcome=FAIL if broken[rows[example]] else PASS,
            named=name,
            waived=example in waived.ids[comparison.task],
            was_wrong=not was_right[rows[example]],
            flip=flips.get(example),
        )
        for example, name in named.items()
    ]


def _read_flips(comparison: Comparison, rows: Sequence[int]) -> "dict[str, FlippedExample]":
    """Read the examples in some rows, all of which flipped; negative flips come first."""
    if comparison.examples is None:
        return {}
    numbers = np.searchsorted(comparison.pair.fallen, np.array(rows, np.int64))
    return {flip.id: flip for flip in comparison.examples.take(numbers)}


def _name_examples(examples: MustNotFlip, comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield the examples with what named them; what an id names, a tag does not name again."""
    for tag, values in examples.tags.items():
        parts = rows_by_value(comparison.pair.attributes[tag])
        for value in values:
            tagged = [comparison.pair.ids[row] for row in parts.get(value, NO_ROWS).tolist()]
            if not tagged:
                raise ConfigError(
                    f"must_not_flip: no example has {tag} = {value!r} in {comparison.old}."
                )
            yield from ((tagged_id, f"{tag}={value}") for tagged_id in tagged)
    yield from ((example_id, "id") for example_id in examples.ids)
