"""Schema terms: what the schemas of the JSON reports are made of, in JSON Schema."""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def value(kind: str | list[str], description: str = "", **bounds: Any) -> Schema:
    """Return the schema of a plain value."""
    return {"type": kind, **bounds} | ({"description": description} if description else {})


def text(description: str = "", **bounds: Any) -> Schema:
    """Return the schema of a text."""
    return value("string", description, **bounds)


def number(description: str = "", **bounds: Any) -> Schema:
    """Return the schema of a number."""
    return value("number", description, **bounds)


def count(description: str = "", least: int = 0) -> Schema:
    """Return the schema of a count."""
    return value("integer", description, minimum=least)


def one_of(values: Sequence[Any], description: str = "") -> Schema:
    """Return the schema of one of several values."""
    return {"enum": list(values)} | ({"description": description} if description else {})


def array(items: Schema, description: str = "", **bounds: Any) -> Schema:
    """Return the schema of a list."""
    return value("array", description, items=items, **bounds)


def record(
    properties: Mapping[str, Schema],
    description: str = "",
    required: Sequence[str] | None = None,
    **more: Any,
) -> Schema:
    """Return the schema of an object that has these keys and no others, all if none are named."""
    names = list(properties if required is None else required)
    keys = {"required": names, "additionalProperties": False, "properties": dict(properties)}
    return value("object", description, **keys, **more)


def refer(name: str, description: str = "") -> Schema:
    """Return a reference to a definition of the same schema."""
    reference = {"$ref": f"#/$defs/{name}"}
    return reference | ({"description": description} if description else {})
