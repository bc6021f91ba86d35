"""First policy: written from a real pair, with limits that this pair keeps."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from compatkit.addresses import page
from compatkit.comparison.checked_options import Options
from compatkit.comparison.compare import compare_files
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.opening import open_files
from compatkit.errors import DataError
from compatkit.gate.first_slices import propose_fields
from compatkit.gate.kept_limits import WHOLE, KeptLimit, find_kept_limit, round_up
from compatkit.gate.schema import COPY_NAME
from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import JudgedPair, rows_by_value
from compatkit.readers.address import Address, Place
from compatkit.readers.prediction_file import PredictionFile
from compatkit.record import replace

SHOWN = 60  # characters of a slice that a comment names
HEAD = """\
#:schema ./{schema}
# What an update may break. `compatkit gate` holds an update against this file. What each key means:
# {page}
# The limits below are what the update {old} -> {new} kept: tighten them.
format = 1
level = {level:g}            # how often at least a pass, or a fail, is right
decide = "interval"     # "point" takes the measured value for the truth
inconclusive = "inconclusive"   # what too few examples count as: exit code 3; or "pass", "fail"
"""
PROPOSED = """\
# Each value of this field is held to as much. Under 'advisory' it is only reported; rename the
# table to '.budgets' where a slice that breaks should block."""
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
    files: tuple[str | Place, str | Place],
    folder: Path,
    options: Options,
    named: Mapping[str, Any],
    task: str,
) -> str:
    """Return a policy that holds the next update to what this one kept.

    Each limit is the one-sided bound of the pair, rounded up to a round number, so that the pair
    itself passes.

    Args:
        files: the old and the new model's file, relative to the policy's folder, or their
            addresses.
        folder: the policy's folder.
        options: how they are compared.
        named: the options that the user named, as the policy's keys.
        task: the task's name.

    Raises:
        DataError: files that cannot be compared.
    """
    places = [file if isinstance(file, Address) else str(folder / file) for file in files]
    sides = open_files(places[0], places[1:], options)
    old, new = (file.url if isinstance(file, Address) else str(file) for file in files)
    (comparison,) = compare_files(
        sides[0],
        sides[1:],
        replace(options, by=(), attributes=options.by, keep_flips=False),
    )
    plan = replace(options.plan, bounded=comparison.evidence.bounded)
    lines = [
        HEAD.format(
            schema=COPY_NAME,
            page=page("gate"),
            old=_comment(old),
            new=_comment(new),
            level=options.plan.level,
        )
    ]
    quoted = _key(task)
    lines += [f"[tasks.{quoted}]", f"old = {_text(old)}", f"new = {_text(new)}"]
    lines += [f"{key} = {_value(value)}" for key, value in named.items()]
    lines.append(f"examples = {comparison.counts.total + _left_out(comparison)}")
    if _left_out(comparison):
        every = comparison.counts.total + _left_out(comparison)
        lines.append(f"max_left_out = {round_up(_left_out(comparison) / every):g}")
    lines += ["", f"[tasks.{quoted}.budgets]", *_budgets(comparison, plan)]
    for path in options.by:
        lines += ["", *_slices(f"tasks.{quoted}.slices.{_key(path)}", path, comparison.pair, plan)]
    for path, pair in _propose(sides, options).items():
        kept = find_kept_limit("max_nfr", _parts(pair, path), plan)
        if kept.limit is not None and not kept.silent:
            lines += ["", PROPOSED, f"[tasks.{quoted}.slices.{_key(path)}.advisory]"]
            lines.append(_line("max_nfr", kept))
    example = _text(str(comparison.pair.ids[0]))
    lines.append(TAIL.format(task=quoted, name=_text(task), example=example))
    return "\n".join(lines)


def _propose(files: Sequence[PredictionFile], options: Options) -> dict[str, JudgedPair]:
    """Return field to the pair that knows its values, for fields on which both models agree."""
    proposed = {}
    taken = {*options.roles.values(), *options.all_attributes}
    for path in propose_fields(*files, without=taken):
        with suppress(DataError):  # the field's values differ between the models
            (comparison,) = compare_files(
                files[0], [files[1]], replace(options, by=(), attributes=(path,), keep_flips=False)
            )
            proposed[path] = comparison.pair
    return proposed


def _fitting(comparison: Comparison) -> list[str]:
    several = (comparison.pair.old.samples > 1).any()
    names = ["max_nfr"]
    names += ["max_excess_nfr"] if several else []
    names += ["max_score_drop"] if comparison.continuous else ["max_accuracy_drop"]
    return names


def _parts(pair: JudgedPair, path: str) -> dict[str, JudgedPair]:
    rows = rows_by_value(pair.attributes[path])
    return {value: pair.take(of_value) for value, of_value in rows.items()}


def _budgets(comparison: Comparison, plan: Plan) -> list[str]:
    """Return a line for each budget of all examples; what shows no limit is left to the user.

    Raises:
        DataError: no budget shows any.
    """
    kept = {
        name: find_kept_limit(name, {WHOLE: comparison.pair}, plan) for name in _fitting(comparison)
    }
    if all(budget.limit is None for budget in kept.values()):
        reasons = "; ".join(f"{name}: {budget.silent[WHOLE]}" for name, budget in kept.items())
        raise DataError(
            f"{comparison.old} and {comparison.new} show no limit of any budget ({reasons}). "
            "A first policy needs a larger pair, or is written by hand."
        )
    return [_line(name, budget) for name, budget in kept.items()]


def _line(name: str, kept: KeptLimit) -> str:
    """Return the line of a budget with what was measured beside it; a comment without a limit."""
    if kept.limit is None:
        return f"# {name} = ...    # {'; '.join(map(_comment, kept.silent.values()))}"
    (worst, value), (loosest, bound) = kept.worst, kept.loosest
    measured = f"measured {value:.4f}{_among(worst)}"
    return f"{name} = {kept.limit:g}    # {measured}, at most {bound:.4f}{_among(loosest)}"


def _among(part: str) -> str:
    return "" if part == WHOLE else f" ({_comment(part[:SHOWN])})"


def _slices(table: str, path: str, pair: JudgedPair, plan: Plan) -> list[str]:
    """Return the budgets of slices; left to the user where some of them show no limit."""
    kept = find_kept_limit("max_nfr", _parts(pair, path), plan)
    if not kept.silent:
        return [f"[{table}.budgets]", _line("max_nfr", kept)]
    part, reason = next(iter(kept.silent.items()))
    more = f", and {len(kept.silent) - 1:,} more" if len(kept.silent) > 1 else ""
    lines = [f"# Slices without a limit that this pair shows{_among(part)}: {reason}{more}."]
    if kept.limit is not None:
        lines += [
            "# Uncomment to let such slices pass as what they are, inconclusive:",
            f"# [{table}]",
            '# inconclusive = "pass"',
            f"# [{table}.budgets]",
            f"# {_line('max_nfr', kept)}",
        ]
    return lines


def _left_out(comparison: Comparison) -> int:
    return sum(comparison.counts.excluded.values())


def _comment(text: str) -> str:
    """Return a text that ends no line of a comment."""
    return json.dumps(text, ensure_ascii=True)[1:-1].replace("\x7f", "\\u007f")


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
