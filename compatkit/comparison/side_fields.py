"""Side fields: the fields, and the conditions, that are said of all sides and of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from compatkit.comparison.option_table import OPTIONS
from compatkit.errors import ConfigError
from compatkit.predictions.fields import NO_FIELD, parse_roles
from compatkit.readers.where import parse_where


def parse_sides(values: dict[str, Any], further: Sequence[str]) -> dict[str, str]:
    """Check the fields and conditions of all sides and of each; return the fields of all.

    Args:
        values: the options; those that hold fields are replaced, and `fields` is taken out.
        further: what else than a role may have a field of another name on each side.

    Raises:
        ConfigError: no such role, an id beside pairing by position, no expression, or the same of
            two new models.
    """
    roles = parse_roles(values.pop("fields") or {})
    tables = values["new_fields"] or ()
    tables = [tables] if isinstance(tables, Mapping) else tables
    old = parse_roles(values["old_fields"] or {}, further)
    news = tuple(parse_roles(table, further) for table in tables)
    for own in (old, *news):
        if values["by_position"] and {**roles, **own}.get("id", NO_FIELD) != NO_FIELD:
            raise ConfigError("--by-position pairs rows without an id. Leave --id-field out.")
    for expression in (values["where"], values["old_where"]):
        parse_where(expression)
    where = values["new_where"]
    parsed = [parse_where(text) for text in ([where] if isinstance(where, str) else where)]
    for name, several in (("new_where", parsed), ("new_fields", news)):
        if any(one in several[:place] for place, one in enumerate(several)):
            raise ConfigError(
                f"{OPTIONS[name].flag} says the same of two new models. Leave one of them out."
            )
    values |= {"old_fields": old, "new_fields": news if any(news) else ()}
    return roles
