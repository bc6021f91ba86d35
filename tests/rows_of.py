"""Batches of rows for tests of scorers."""

from collections.abc import Sequence

from compatkit.predictions.predictions import Predictions


def rows_of(
    predictions: Sequence[str | None],
    references: Sequence[str | Sequence[str]],
    **attributes: list[object],
) -> Predictions:
    """Make a batch; a reference that is a text is a single one."""
    size = len(predictions)
    return Predictions(
        id=[str(row) for row in range(size)],
        prediction=list(predictions),
        references=[(r,) if isinstance(r, str) else tuple(r) for r in references],
        input=[None] * size,
        sample=[None] * size,
        errored=[False] * size,
        attributes=attributes,
        rows=range(size),
        lines=range(1, size + 1),
        name="rows.jsonl",
    )
