"""First policy: written from a real pair, with limits that this pair keeps."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from compatkit.comparison.compare import compare_files
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.options import Options
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.schema import COPY_NAME
from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import JudgedPair, rows_by_value

STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
LEAST = 1e-4
HEAD = """\
#:schema ./{schema}
# What an update may break. `compatkit gate` holds an update against this file; docs/gate.md says
# what each key means. The limits below are what the update {old} -> {new} kept: tighten them.
format = 1
level = {level:g}            # how often at least a pass, or a fail, is right
decide = "interval"     # "point" takes the measured value for the truth
inconclusive = "inconclusive"   # what too few examples count as: exit code 3; or "pass", "fail"
"""
TAIL = """
# Examples of which none may break, whatever the rate:
# [tasks.{task}.must_not_flip]
# ids = [{example}]
# tags = {{ "meta.tag" = ["safety"] }}

# A flip that is accepted for a while:
# [[waivers]]
# task = {name}
# id = {example}
# reason = "the reference is wrong"
# expires = YYYY-MM-DD   # within a year
"""


def write_first_policy(
    files: tuple[str, str], folder: Path, options: Options, named: Mapping[str, Any], task: str
) -> str:
    """Return a policy that holds the next update to what this one kept.

    Each limit is the one-sided bound of the pair, rounded up to a round number, so that the pair
    itself passes.

    Args:
        files: the old and the new model's file, relative to the policy's folder.
        folder: the policy's folder.
        options: how they are compared.
        named: the options that the user named, as the policy's keys.
        task: the task's name.

    Raises:
        DataError: files that cannot be compared.
    """
    old, new = files
    (comparison,) = compare_files(
        str(folder / old),
        [str(folder / new)],
        replace(options, by=(), attributes=options.by, keep_flips=False),
    )
    lines = [
        HEAD.format(
            schema=COPY_NAME, old=_comment(old), new=_comment(new), level=options.plan.level
        )
    ]
    quoted = _key(task)
    lines += [f"[tasks.{quoted}]", f"old = {_text(old)}", f"new = {_text(new)}"]
    lines += [f"{key} = {_value(value)}" for key, value in named.items()]
    lines.append(f"examples = {comparison.counts.total + _left_out(comparison)}")
    if _left_out(comparison):
        every = comparison.counts.total + _left_out(comparison)
        lines.append(f"max_left_out = {_round_up(_left_out(comparison) / every):g}")
    lines += ["", f"[tasks.{quoted}.budgets]"]
    lines += [_budget(name, [comparison.pair], options.plan) for name in _fitting(comparison)]
    for path in options.by:
        lines += ["", f"[tasks.{quoted}.slices.{_key(path)}.budgets]"]
        lines.append(_budget("max_nfr", _parts(comparison.pair, path), options.plan))
    example = _text(str(comparison.pair.ids[0]))
    lines.append(TAIL.format(task=quoted, name=_text(task), example=example))
    return "\n".join(lines)


def _fitting(comparison: Comparison) -> list[str]:
    several = (comparison.pair.old.samples > 1).any()
    names = ["max_nfr"]
    names += ["max_excess_nfr"] if several else []
    names += ["max_score_drop"] if comparison.continuous else ["max_accuracy_drop"]
    return names


def _parts(pair: JudgedPair, path: str) -> list[JudgedPair]:
    return [pair.take(rows) for rows in rows_by_value(pair.attributes[path]).values()]


def _budget(name: str, parts: Sequence[JudgedPair], plan: Plan) -> str:
    """Return the line of a budget that all parts keep, with what was measured beside it."""
    tail = 1.0 - plan.level
    measured = [
        BUDGETS[name].measure(
            part, replace(plan, level=1.0 - 2.0 * tail, exact=True, clusters=part.clusters)
        )
        for part in parts
    ]
    highest = max(metric.high if metric.high is not None else 1.0 for metric in measured)
    value = max(metric.value or 0.0 for metric in measured)
    limit = min(_round_up(max(highest, 0.0)), 1.0)
    among = " at worst" if len(parts) > 1 else ""
    return f"{name} = {limit:g}    # measured {value:.4f}{among}, at most {highest:.4f}"


def _round_up(number: float) -> float:
    """Return the next round number.

    >>> _round_up(0.0773), _round_up(0.0), _round_up(0.31)
    (0.08, 0.0, 0.4)
    """
    if number < LEAST:
        return LEAST if number > 0 else 0.0
    power = 10.0 ** math.floor(math.log10(number))
    step = next(step for step in STEPS if step * power >= number)
    return round(step * power, 12)


def _left_out(comparison: Comparison) -> int:
    return sum(comparison.counts.excluded.values())


def _comment(text: str) -> str:
    """Return a text that ends no line of a comment."""
    return json.dumps(text, ensure_ascii=True)[1:-1]


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _text(name)


def _text(text: str) -> str:
    """Return a basic string of TOML, which is JSON's but for the character DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return _text(value) if isinstance(value, str) else json.dumps(value)
