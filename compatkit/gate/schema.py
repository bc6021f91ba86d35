"""Schema: what a policy may hold, as JSON Schema, for editors that complete and check it.

It follows from the tables that `read_policy` reads by. Draft 4, which TOML's editors know, and
whose whole numbers are never written with a point, as TOML's are. It leaves to `read_policy` what
depends on several keys or on the files: a task that holds nothing, a limit of 0, a day that no
month has.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compatkit.comparison.option_table import OF_SIDES
from compatkit.gate.budgets import BUDGETS, Budget
from compatkit.gate.limits import PERCENTAGE
from compatkit.gate.policy_keys import (
    FILE_NAME,
    FORMAT,
    FOUND_SLICES_KEYS,
    GATE_OPTIONS,
    MIN_LIFT,
    OPTION_KEYS,
    PAIR_OPTIONS,
    keys_at,
)
from compatkit.gate.verdict import TOTAL
from compatkit.option import POLICY, TASK, Option
from compatkit.option import TOTAL as IN_TOTAL
from compatkit.predictions.fields import ALIASES
from compatkit.scorers import SCORERS
from compatkit.scorers.declared import SCORER_OPTIONS, takers

PATH = Path(__file__).parents[1] / "schemas" / "policy.schema.json"  # in the installed package
# `--init` lays a copy beside the policy, which names it: a path into this installation would be
# another one on every machine that the policy is committed to. Hidden, it is no task of a folder.
COPY_NAME = ".compatkit.schema.json"
Schema = dict[str, Any]

NAMED: Schema = {"type": "string", "pattern": r"\S"}  # a text that is not blank
TYPES = {bool: "boolean", int: "integer", float: "number"}
DAY = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
# An id, or a value of a tag: a number or a boolean counts as its text.
PLAIN: Schema = {"type": ["string", "integer", "boolean"]}


def make_schema() -> Schema:
    """Return the schema of compatkit.toml."""
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": f"{FILE_NAME}, the policy of compatkit gate",
        **_table(
            {
                "format": {
                    "type": "integer",
                    "enum": [FORMAT],
                    "description": "The format of the policy.",
                },
                **_options(keys_at(POLICY, GATE_OPTIONS), GATE_OPTIONS),
                **_options(keys_at(POLICY, PAIR_OPTIONS), PAIR_OPTIONS),
                "tasks": {
                    "type": "object",
                    "minProperties": 1,
                    "properties": {name: {"not": {}} for name in ("", TOTAL)},
                    "additionalProperties": _task(),
                },
                "total": _table(
                    {**_limits(), **_options(keys_at(IN_TOTAL, GATE_OPTIONS), GATE_OPTIONS)}
                ),
                "waivers": {"type": "array", "items": _waiver()},
            },
            ("tasks",),
        ),
    }


def render_schema() -> str:
    """Return the text of the schema's file."""
    return json.dumps(make_schema(), indent=2) + "\n"


def _table(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    table: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**table, "required": list(required)} if required else table


def _task() -> Schema:
    texts = _several(PLAIN)
    return {
        **_table(
            {
                "old": {**NAMED, "description": "The old model's predictions: a file or pattern."},
                "new": {**NAMED, "description": "The new model's."},
                **_options(keys_at(TASK, GATE_OPTIONS), GATE_OPTIONS),
                "slices": {"type": "object", "additionalProperties": _table(_limits())},
                "found_slices": {
                    **_table(_options(FOUND_SLICES_KEYS, {MIN_LIFT.name: MIN_LIFT})),
                    "description": "Find where broken answers gather; it decides nothing.",
                },
                "must_not_flip": _table(
                    {"ids": texts, "tags": {"type": "object", "additionalProperties": texts}}
                ),
                **_limits(),
                **_options(OPTION_KEYS, PAIR_OPTIONS),
            },
            ("old",),
        ),
        "dependencies": {option: _of_scorers(option) for option in SCORER_OPTIONS},
    }


def _of_scorers(option: str) -> Schema:
    """Return what a task must be that says an option of some scorers."""
    owners = list(takers(option))
    rule: Schema = {"properties": {"scorer": {"enum": owners}}}
    return rule if "exact_match" in owners else {**rule, "required": ["scorer"]}


def _limits() -> dict[str, Schema]:
    budgets = _table({name: _limit(budget) for name, budget in BUDGETS.items()})
    return {
        "budgets": {**budgets, "description": "Limits that stop an update."},
        "advisory": {**budgets, "description": "Limits that are only reported."},
        **_options(("inconclusive",), GATE_OPTIONS),
    }


def _limit(budget: Budget) -> Schema:
    most = {} if budget.most is None else {"maximum": budget.most}
    number: Schema = {"type": "number", "minimum": budget.least, **most}
    if not budget.is_share:
        return {**number, "description": budget.meaning}
    percentage = {"type": "string", "pattern": f"^{PERCENTAGE.pattern}$"}
    return {"anyOf": [number, percentage], "description": budget.meaning}


def _waiver() -> Schema:
    return _table(
        {
            "task": {"type": "string"},
            "id": PLAIN,
            "reason": NAMED,
            "expires": {"type": "string", "pattern": DAY, "description": "The last day, in UTC."},
        },
        ("id", "reason", "expires"),
    )


def _options(names: tuple[str, ...], options: Mapping[str, Option]) -> dict[str, Schema]:
    return {name: {**_kind(options[name]), **_told(options[name])} for name in names}


def _told(option: Option) -> Schema:
    """Return what an editor shows of an option."""
    default = {} if option.default in {None, ()} else {"default": option.default}
    return {"description": option.help, **default}


def _kind(option: Option) -> Schema:
    """Return what a value of an option may be."""
    if option.name == "scorer":
        tabled = [name for name in SCORERS if name != "field"]
        return {"anyOf": [{"enum": tabled}, {"type": "string", "pattern": "^[^:]+:.+$"}]}
    if option.kind is dict and option.about == OF_SIDES:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    if option.kind is dict:
        return _table({role: {"type": "string"} for role in ALIASES})
    if option.kind is Path:
        return _several(NAMED) if option.several else NAMED
    kind: Schema = {"type": TYPES.get(option.kind, "string"), **_range(option)}
    return _several(kind) if option.several or option.per_side else kind


def _range(option: Option) -> Schema:
    limits: Schema = {}
    if option.choices:
        limits["enum"] = list(option.choices)
    if option.least is not None or option.above is not None:
        limits["minimum"] = option.least if option.above is None else option.above
        limits |= {} if option.above is None else {"exclusiveMinimum": True}
    if option.most is not None or option.below is not None:
        limits["maximum"] = option.most if option.below is None else option.below
        limits |= {} if option.below is None else {"exclusiveMaximum": True}
    return limits


def _several(one: Schema) -> Schema:
    """Return what one value may be, or a list of some."""
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
