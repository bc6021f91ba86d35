"""Where: which rows of a file are meant, as an expression of equality.

    model=gpt-4 and lang=de
    title="Tom and Jerry"

Conditions are joined by `and`; all of them hold. Values are compared as text, exactly: a number
or a boolean is the text that JSON writes, null equals nothing. It is no code.
"""

import json
import re
from collections.abc import Iterator, Sequence

from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import Columns, get_column, list_keys
from compatkit.predictions.records import Records

Condition = tuple[str, str]  # a field, and the text that its value is

SHOWN = 12
NAME = r"(?:(?!\band\b)[^=])*?(?<![!<>~])"
QUOTED = r'"[^"]*"|' + r"'[^']*'"
# A bare value ends before an ` and ` that a condition follows: "Salt and Pepper" needs no quotes.
CONDITION = re.compile(
    rf"\s*(?P<field>[^=\s]{NAME})\s*==?\s*(?P<value>{QUOTED}|[^=\s\"'][^=]*?)"
    rf"\s*(?:\band\b(?={NAME}=)|$)"
)


def parse_where(text: str | None) -> tuple[Condition, ...]:
    """Return the conditions of an expression; none of none.

    Raises:
        ConfigError: no such expression, or one field with two values.

    >>> parse_where("model=a and lang='de'")
    (('model', 'a'), ('lang', 'de'))
    """
    if text is None:
        return ()
    conditions: list[Condition] = []
    end = 0
    while end < len(text) or not conditions:
        match = CONDITION.match(text, end)
        if match is None:
            raise ConfigError(
                f"where is {text!r}; FIELD=VALUE was expected, several joined by 'and': "
                "model=a and lang=de. A value with '=' in it, or an empty one, stands in quotes."
            )
        value = match["value"]
        quoted = len(value) > 1 and value[0] in "\"'"
        conditions.append((match["field"], value[1:-1] if quoted else value))
        end = match.end()
    fields = [field for field, _ in conditions]
    twice = next((field for field in fields if fields.count(field) > 1), None)
    if twice is not None:
        raise ConfigError(f"where is {text!r}: {twice!r} cannot have two values. Leave one out.")
    return tuple(conditions)


def describe_where(conditions: Sequence[Condition]) -> str:
    """Return an expression as messages and reports show it."""
    return " and ".join(f"{field}={value}" for field, value in conditions)


def keep_rows(
    batches: Iterator[Records], conditions: Sequence[Condition], name: str
) -> Iterator[Records]:
    """Yield the records that meet all conditions, and at the end how many of how many these are.

    Args:
        batches: the records.
        conditions: at least one.
        name: what messages call the file.

    Raises:
        DataError: no record meets them; the message shows the values that there are.
    """
    values: dict[str, dict[str, None]] = {field: {} for field, _ in conditions}
    kept = total = 0
    keys: dict[str, None] = {}
    for batch in batches:
        total += len(batch.rows)
        chosen = range(len(batch.rows))
        if not kept and len(batch.rows):
            keys |= dict.fromkeys(map(str, batch.rows[0]))
        for field, value in conditions:
            texts = [_as_text(item) for item in get_column(batch.rows, field)]
            if not kept and len(values[field]) <= SHOWN:
                values[field] |= {text: None for text in texts if text is not None}
            chosen = [row for row in chosen if texts[row] == value]  # type: ignore[assignment]
        kept += len(chosen)
        yield pick_rows(batch, chosen)
    if total and not kept:
        raise DataError(_none_left(name, conditions, values, list(keys)))
    note = f"{kept:,} of {total:,} rows are read, those where {describe_where(conditions)}"
    yield Records([], [], name, (note,))


def pick_rows(batch: Records, chosen: Sequence[int]) -> Records:
    """Return some records of a batch, in its order."""
    if len(chosen) == len(batch.rows):
        return batch
    lines = [batch.lines[row] for row in chosen]
    if isinstance(batch.rows, Columns):
        columns = batch.rows.columns.items()
        picked = Columns({name: [values[row] for row in chosen] for name, values in columns})
        return Records(picked, lines, batch.name, batch.notes)
    return Records([batch.rows[row] for row in chosen], lines, batch.name, batch.notes)


def _as_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return None


def _none_left(
    name: str,
    conditions: Sequence[Condition],
    values: dict[str, dict[str, None]],
    keys: Sequence[str],
) -> str:
    parts = []
    for field, value in conditions:
        texts = list(values[field])
        if not texts:
            parts.append(f"no row has a field {field!r}; the fields are {list_keys(keys)}")
        elif value not in values[field]:
            more = ", ..." if len(texts) > SHOWN else ""
            parts.append(f"{field!r} is {', '.join(map(repr, texts[:SHOWN]))}{more}")
    parts = parts or ["each value is there, and no row has all of them"]
    return f"{name}: no row where {describe_where(conditions)}: {'; '.join(parts)}."
