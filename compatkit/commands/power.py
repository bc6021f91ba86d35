"""compatkit power: how many examples a gate on negative flips needs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import click

from compatkit.commands.command import Command
from compatkit.commands.flags import NamedPath, Share, add_flags, flag, make_flag
from compatkit.commands.score_options import measure_options, parse_options
from compatkit.comparison.option_table import (
    OF_CHOICES,
    OF_SCORES,
    OF_SLICES,
    OF_SWEEP,
    OF_TESTS,
    OPTIONS,
)
from compatkit.errors import ConfigError
from compatkit.gate.policy_keys import PAIR_OPTIONS
from compatkit.gate.power_table import (
    BAD,
    EquivalenceTable,
    PowerTable,
    make_budget_table,
    make_equivalence_table,
    make_power_table,
)
from compatkit.record import replace
from compatkit.reports.hostile import visible

BAR = 20
POWER_FLAGS = (
    flag(
        "--nfr-budget",
        type=Share(),
        help="The largest negative flip rate that the gate allows, a share of all examples: 0.02 "
        "or 2%.",
    ),
    flag(
        "--margin",
        type=Share(),
        help="Instead: the largest change of accuracy that counts as none, for equivalence.",
    ),
    flag(
        "--discordance",
        type=Share(),
        help="With --margin: share of the examples that flip, either way; a pilot tells it too.",
    ),
    flag(
        "--old-accuracy",
        type=Share(),
        help="Accuracy of the old model: no more than this can flip; a pilot tells it too.",
    ),
    flag(
        "--true-nfr",
        type=Share(),
        help="NFR of a good update that should pass; half the budget, or the pilot's, if not said.",
    ),
    flag("--power", type=Share(), default=0.8, show_default=True, help="How often it should."),
    flag(
        "--pilot",
        nargs=2,
        type=NamedPath(),
        metavar="OLD NEW",
        help="A pair of files whose flips show what to expect; the options below score it.",
    ),
    flag("--json", "as_json", is_flag=True, help="Print JSON instead of a table."),
    make_flag(
        replace(PAIR_OPTIONS["level"], help="Level of the gate, and of the pilot's interval.")
    ),
)
# Only the rate of flips of a pilot counts, and its interval.
PILOT_OPTIONS = {name: option for name, option in OPTIONS.items() if name != "level"}


@click.command(
    cls=Command,
    examples=(
        "compatkit power",
        "compatkit power --nfr-budget 0.02 --true-nfr 0.01",
        "compatkit power --nfr-budget 0.05 --pilot old.jsonl new.jsonl -s numeric",
        "compatkit power --margin 0.02 --discordance 0.1",
    ),
)
@add_flags(*POWER_FLAGS)
@measure_options(
    PILOT_OPTIONS,
    without=(OF_CHOICES, OF_SCORES, OF_SLICES, OF_SWEEP, OF_TESTS),
    needs="pilot",
    why="scores a pilot, and there is none. Name it with --pilot OLD NEW, or leave this out.",
)
def power(**values: Any) -> None:
    """How many examples does a gate need, to pass a good update and to stop a bad one?

    The gate passes an update when the one-sided exact upper limit of its negative flip rate is
    within the budget. A good update has the true NFR that is named; a bad one breaks 1.25 times
    the budget. With --margin: how many examples show that two models of one accuracy are
    equivalent, since both one-sided bounds of the change lie within the margin. With neither: which
    budget a number of examples can show.
    """
    budget, accuracy = values.pop("nfr_budget"), values.pop("old_accuracy")
    true_nfr, wanted = values.pop("true_nfr"), values.pop("power")
    margin, discordance = values.pop("margin"), values.pop("discordance")
    pilot, as_json, level = values.pop("pilot"), values.pop("as_json"), values["level"]
    asked = (budget, margin, accuracy, true_nfr, discordance, pilot)
    if all(option is None for option in asked):
        _tell_budgets(level, wanted, as_json=as_json)
        return
    _refuse_both(budget, margin, {"--old-accuracy": accuracy, "--true-nfr": true_nfr}, discordance)
    seen = _measure_pilot(pilot, values) if pilot else None
    if margin is not None:
        _tell_equivalence(margin, discordance, seen, wanted, level, as_json=as_json)
        return
    if seen is not None:
        accuracy = seen.accuracy if accuracy is None else accuracy
        if true_nfr is None:
            true_nfr = _seen_share(seen.nfr, "answer broke", "--true-nfr")
    table = make_power_table(
        budget,
        budget / 2 if true_nfr is None else true_nfr,
        old_accuracy=accuracy,
        level=level,
        power=wanted,
        seen=None if seen is None else seen.total,
    )
    if as_json:
        report = {"format": 1, **asdict(table), "pilot": None if seen is None else asdict(seen)}
        click.echo(json.dumps(report, indent=2, allow_nan=False))
        return
    click.echo("\n".join(_lines(table, seen)))


def _tell_budgets(level: float, wanted: float, *, as_json: bool) -> None:
    """Print which budget a number of examples can show."""
    table = make_budget_table(level, wanted)
    if as_json:
        click.echo(json.dumps({"format": 1, **asdict(table)}, indent=2, allow_nan=False))
        return
    lines = [
        f"the smallest --max-nfr that passes {wanted:.0%} of the time at the level {level:g},",
        "by the number of examples and the update's true NFR",
        "",
        f"{'examples':>10}  " + "  ".join(f"{rate:>7.2%}" for rate in table.rates),
    ]
    lines += [
        f"{size:>10,}  " + "  ".join(f"{budget:>7.2%}" for budget in budgets)
        for size, budgets in table.rows
    ]
    click.echo("\n".join(lines))


def _refuse_both(
    budget: float | None,
    margin: float | None,
    of_budget: Mapping[str, float | None],
    discordance: float | None,
) -> None:
    """Refuse two questions at once, none, or what is said of the other one."""
    if (budget is None) == (margin is None):
        raise ConfigError(
            "--nfr-budget, for a gate on negative flips, or --margin, for equivalence: one of them "
            "was expected."
        )
    other = next((name for name, value in of_budget.items() if value is not None), "")
    if margin is not None and other:
        raise ConfigError(f"{other} is of --nfr-budget. Leave it out beside --margin.")
    if margin is None and discordance is not None:
        raise ConfigError("--discordance is of --margin. Leave it out beside --nfr-budget.")


def _seen_share(share: float, what: str, flag: str) -> float:
    """Return a share that a pilot showed; that it showed none does not mean that there is none.

    Raises:
        ConfigError: it showed none.
    """
    if share == 0.0:
        raise ConfigError(
            f"--pilot: no {what}, which does not tell how rare that is. Pass {flag}, the share to "
            "be expected."
        )
    return share


def _tell_equivalence(
    margin: float,
    discordance: float | None,
    seen: "Pilot | None",
    wanted: float,
    level: float,
    *,
    as_json: bool,
) -> None:
    """Print how many examples show equivalence."""
    if discordance is None:
        if seen is None:
            raise ConfigError(
                "--margin needs --discordance, the share of the examples that flip either way, or "
                "a --pilot that tells it."
            )
        discordance = _seen_share(seen.discordance, "answer flipped", "--discordance")
    table = make_equivalence_table(
        margin,
        discordance,
        level=level,
        power=wanted,
        seen=None if seen is None else seen.total,
    )
    if as_json:
        report = {"format": 1, **asdict(table), "pilot": None if seen is None else asdict(seen)}
        click.echo(json.dumps(report, indent=2, allow_nan=False))
        return
    click.echo("\n".join(_lines_of_equivalence(table, seen)))


def _lines_of_equivalence(table: EquivalenceTable, seen: "Pilot | None") -> list[str]:
    lines = [] if seen is None else _lines_of_pilot(seen)
    points = f"{100 * table.margin:g} points"
    lines += [
        f"equivalent: both {table.level:g} bounds of the change of accuracy are within {points}",
        f"{table.discordance:.2%} of the answers flip, as many either way",
        "",
        f"{'examples':>10}  shown",
    ]
    for size, chance in table.rows:
        lines.append(f"{size:>10,}  {chance:>6.1%} {'#' * round(BAR * chance)}".rstrip())
    needed = f"about {table.needed:,} examples are needed for equivalence within {points}"
    return [*lines, "", f"{needed} to be shown {table.power:.0%} of the time"]


@dataclass(frozen=True, slots=True)
class Pilot:
    """What a pair of files showed."""

    old: str
    new: str
    total: int
    accuracy: float
    nfr: float
    nfr_low: float
    nfr_high: float
    discordance: float


def _measure_pilot(paths: tuple[str, str], values: dict[str, Any]) -> Pilot:
    from compatkit.comparison.compare import compare_files  # noqa: PLC0415

    pilot = compare_files(paths[0], [paths[1]], parse_options(values, keep_flips=False))[0]
    nfr, accuracy = pilot.metrics["negative_flip_rate"], pilot.accuracy_old
    if nfr.value is None or nfr.low is None or nfr.high is None or accuracy is None:
        raise ConfigError("--pilot: examples with several samples are not understood here yet.")
    total = pilot.counts.total
    flips = pilot.counts.negative_flips + pilot.counts.positive_flips
    limits = nfr.value, nfr.low, nfr.high
    return Pilot(pilot.old, pilot.new, total, accuracy, *limits, flips / total)


def _lines_of_pilot(seen: Pilot) -> list[str]:
    return [
        f"pilot: {visible(seen.old)} -> {visible(seen.new)}",
        (
            f"{seen.total:,} examples, NFR {seen.nfr:.2%} ({seen.nfr_low:.2%} to "
            f"{seen.nfr_high:.2%}), accuracy of the old model {seen.accuracy:.2%}"
        ),
        "",
    ]


def _lines(table: PowerTable, seen: Pilot | None) -> list[str]:
    lines = [] if seen is None else _lines_of_pilot(seen)
    lines.append(
        f"gate: pass if the {table.level:g} upper limit of the NFR is at most {table.budget:.2%}"
    )
    if table.old_accuracy is not None:
        lines.append(
            f"a budget of {table.budget:.2%} of all answers is "
            f"{table.budget / table.old_accuracy:.2%} of those that the old model had right"
        )
    lines += ["", *_curve(table), ""]
    lines.append(
        f"{table.needed:,} examples are needed for an update with a true NFR of "
        f"{table.true_nfr:.2%} to pass {table.power:.0%} of the time"
    )
    if table.smallest_budget is not None:
        lines.append(
            f"with its {table.seen:,} examples the pilot could have shown a budget of "
            f"{table.smallest_budget:.2%} kept ({table.power:.0%} of the time)"
        )
    return lines


def _curve(table: PowerTable) -> list[str]:
    good, bad = f"NFR {table.true_nfr:.2%}", f"NFR {BAD * table.budget:.2%}"
    lines = [f"{'examples':>10}  {'passes, ' + good:<28}  {'passes, ' + bad}"]
    for row in table.rows:
        bar = "#" * round(BAR * row.good)
        lines.append(f"{row.examples:>10,}  {row.good:>6.1%} {bar:<{BAR}}  {row.bad:>6.1%}")
    return lines
