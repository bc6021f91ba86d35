"""Texts: what a value of a record is as text."""

import json
from collections.abc import Sequence
from typing import Any

from compatkit.errors import DataError
from compatkit.predictions.fields import MISSING
from compatkit.predictions.records import Records

AS_JSON = " --lists json takes an object or a list as one answer, written as JSON."


def to_text(
    column: Sequence[Any], at: Records, what: str, *, containers: bool = False
) -> list[str | None]:
    """Make every value text: strings as they are, numbers and booleans as JSON writes them.

    Raises:
        DataError: on NaN, infinity, and on lists and objects unless `containers`.
    """
    kinds = set(map(type, column))
    if kinds <= {str, type(None)}:
        return list(column)
    if kinds == {int}:  # labels: few distinct ones
        texts = {value: str(value) for value in set(column)}
        return list(map(texts.__getitem__, column))
    return [cell_text(value, at, row, what, containers) for row, value in enumerate(column)]


def cell_text(value: Any, at: Records, row: int, what: str, containers: bool) -> str | None:
    """Make one value text, as `to_text` does."""
    if value is None or value is MISSING or isinstance(value, str):
        return None if value is MISSING else value
    if containers and isinstance(value, (list, dict)):
        return container_text(value, at, row, what)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124
        raise DataError(
            f"{at.name}:{at.lines[row]}: the {what} is {value}, which is no answer. "
            "Write null for no answer."
        )
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if hasattr(value, "item"):  # a numpy scalar, from a frame or a Parquet file
        return cell_text(value.item(), at, row, what, containers)
    raise DataError(
        f"{at.name}:{at.lines[row]}: the {what} is a {type(value).__name__}; "
        f"text, a number or null was expected.{AS_JSON if isinstance(value, list | dict) else ''}"
    )


def container_text(value: Any, at: Records, row: int, what: str) -> str:
    """Write a list or an object as JSON."""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"{at.name}:{at.lines[row]}: the {what} cannot be written as JSON ({error})."
        ) from None
