"""What schemas are made of: a record has its keys and no others."""

import pytest
from jsonschema import Draft202012Validator

from compatkit.reports.schema_terms import (
    Schema,
    array,
    count,
    number,
    one_of,
    record,
    refer,
    text,
    value,
)

SCHEMA: Schema = {
    "$defs": {"part": value(["string", "null"])},
    **record(
        {
            "name": text(minLength=1),
            "size": count(least=1),
            "share": number(maximum=1),
            "kind": one_of(["a", "b"]),
            "parts": array(refer("part")),
        },
        required=["name"],
    ),
}
WHOLE = {"name": "x", "size": 1, "share": 0.5, "kind": "a", "parts": ["y", None]}


@pytest.mark.parametrize("given", [WHOLE, {"name": "x"}])
def test_what_fits_is_taken(given: dict[str, object]) -> None:
    assert Draft202012Validator(SCHEMA).is_valid(given)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"size": 0},
        {"size": 1.5},
        {"share": 2},
        {"kind": "c"},
        {"parts": [1]},
        {"further": 1},
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid(WHOLE | change)


def test_all_keys_are_required_where_none_is_named() -> None:
    assert not Draft202012Validator(record({"a": text(), "b": text()})).is_valid({"a": "x"})
