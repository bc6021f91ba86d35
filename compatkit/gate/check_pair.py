"""Check pair: hold one update against budgets, without a policy file."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from compatkit.comparison.checked_options import Options
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.checking import check_policy
from compatkit.gate.limits import check_looks, read_limit
from compatkit.gate.policy import (
    INCONCLUSIVE,
    MAX_WAIVED,
    WAYS,
    Limits,
    MustNotFlip,
    Policy,
    TaskPolicy,
    Waiver,
)
from compatkit.gate.policy_keys import GATE_OPTIONS, PAIR_OPTIONS
from compatkit.gate.verdict import Verdict
from compatkit.readers.address import find_address

NOTHING: Mapping[str, Any] = {}


def check(
    old: Any,
    new: Any,
    *,
    old_rerun: Any = None,
    history: Sequence[Any] = (),
    advisory: Mapping[str, float | str] | None = None,
    slices: Mapping[str, Mapping[str, float | str]] | None = None,
    must_not_flip: Sequence[str] = (),
    must_not_flip_tags: Mapping[str, Sequence[str]] | None = None,
    waivers: Sequence[Waiver] = (),
    level: float = 0.95,
    decide: str = "interval",
    looks: int = 1,
    inconclusive: str = INCONCLUSIVE,
    examples: int | None = None,
    max_left_out: float = 0.0,
    max_waived: float = MAX_WAIVED,
    strict: bool = False,
    today: date | None = None,
    **budgets_and_options: Any,
) -> Verdict:
    """Hold an update against budgets of what it may break.

    Args:
        old: the old model's predictions: a path, a list of mappings, a frame, a table or a
            `datasets.Dataset`.
        new: the new model's.
        old_rerun: a second run of the old model, for `max_excess_nfr`, and for the close calls
            that `max_confident_nfr` leaves out.
        history: the versions before the old one, the oldest first: budgets are held against the
            best answers so far.
        advisory: budgets that are only reported.
        slices: field to the budgets of each of its values.
        must_not_flip: ids of which none may break.
        must_not_flip_tags: field to values; the examples that have one may not break.
        waivers: flips that are accepted for a while.
        level: confidence level of the verdict, above 0.5.
        decide: by `interval`, by `anytime`, or by `point`, the measured value alone.
        looks: how many looks share the error, where examples are added until it is settled.
        inconclusive: what an inconclusive decision counts as: `inconclusive`, `pass` or `fail`.
        examples: how many examples there must be.
        max_left_out: share of the examples that may be left out.
        max_waived: share of the examples whose flips may be waived.
        strict: a warning is an error.
        today: the day by which waivers expire; today's date if not given.
        budgets_and_options: budgets by their names in `BUDGETS`, such as `max_nfr=0.02`, and the
            options of `compatkit.comparison.options.make_options`; errors are refused if
            not said otherwise.

    Returns:
        The verdict; `verdict.outcome` is `pass`, `fail` or `inconclusive`.

    Raises:
        DataError: predictions that cannot be read or compared.
        ConfigError: a wrong budget or option.

    >>> from compatkit.gate import check
    >>> old = [{"id": i, "prediction": "4", "reference": "4"} for i in range(200)]
    >>> new = [{**row, "prediction": "5"} if row["id"] < 10 else row for row in old]
    >>> verdict = check(old, new, max_nfr=0.02)
    >>> verdict.outcome, verdict.decisions[0].numerator, round(verdict.decisions[0].low, 4)
    ('fail', 10, 0.0274)
    """
    blocking = {name: limit for name, limit in budgets_and_options.items() if name in BUDGETS}
    rest = {name: value for name, value in budgets_and_options.items() if name not in BUDGETS}
    policy = make_policy(
        old,
        new,
        make_options(**{"errors": PAIR_OPTIONS["errors"].default, **rest, "level": level}),
        blocking,
        old_rerun=old_rerun,
        history=history,
        advisory=advisory or {},
        slices=slices or {},
        must_not_flip=must_not_flip,
        must_not_flip_tags=must_not_flip_tags or {},
        waivers=waivers,
        decide=decide,
        looks=looks,
        inconclusive=inconclusive,
        examples=examples,
        max_left_out=max_left_out,
        max_waived=max_waived,
        strict=strict,
    )
    return check_policy(policy, today=today)


def make_policy(
    old: Any,
    new: Any,
    options: Options,
    budgets: Mapping[str, float | str],
    *,
    old_rerun: Any = None,
    history: Sequence[Any] = (),
    advisory: Mapping[str, float | str] = NOTHING,
    slices: Mapping[str, Mapping[str, float | str]] = NOTHING,
    must_not_flip: Sequence[str] = (),
    must_not_flip_tags: Mapping[str, Sequence[str]] = NOTHING,
    waivers: Sequence[Waiver] = (),
    decide: str = WAYS[0],
    looks: int = 1,
    inconclusive: str = INCONCLUSIVE,
    examples: int | None = None,
    max_left_out: float = 0.0,
    max_waived: float = MAX_WAIVED,
    strict: bool = False,
) -> Policy:
    """Make the policy of one pair; see `check`.

    Raises:
        ConfigError: a budget or a choice that does not exist or is out of its range, or nothing
            to hold the update against.
    """
    choices: dict[str, Any] = {"decide": decide, "looks": looks, "inconclusive": inconclusive}
    choices |= {"examples": examples, "max_left_out": max_left_out, "max_waived": max_waived}
    _check_options(options.plan.level, {**choices, "strict": strict})
    check_looks(looks, decide)
    blocking, reported = _read_limits(budgets, decide), _read_limits(advisory, decide)
    of_slices = {path: _read_limits(limits, decide) for path, limits in slices.items()}
    task = TaskPolicy(
        name="",
        old=find_address(old),
        new=find_address(new),
        options=options,
        limits=Limits(blocking, reported, inconclusive),
        slices={path: Limits(limits, {}, inconclusive) for path, limits in of_slices.items()},
        must_not_flip=_guard(must_not_flip, must_not_flip_tags),
        old_rerun=find_address(old_rerun),
        history=tuple(map(find_address, history)),
        examples=examples,
        max_left_out=max_left_out,
        max_waived=max_waived,
    )
    _refuse_nothing(task)
    return Policy(
        (task,),
        waivers=tuple(waivers),
        level=options.plan.level,
        decide=decide,
        looks=looks,
        strict=strict,
    )


def _guard(ids: Sequence[str], tags: Mapping[str, Sequence[str]]) -> MustNotFlip:
    return MustNotFlip(_texts(ids), {path: _texts(values) for path, values in tags.items()})


def _read_limits(table: Mapping[str, float | str], way: str) -> dict[str, float]:
    return {name: read_limit(name, limit, way) for name, limit in table.items()}


def _refuse_nothing(task: TaskPolicy) -> None:
    if not any((task.limits, task.must_not_flip, *task.slices.values())):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in list(BUDGETS)[:3])
        raise ConfigError(
            f"nothing to hold the update against: a budget ({flags}, ...) or a must-not-flip "
            "example was expected."
        )


def _check_options(level: float, choices: Mapping[str, Any]) -> None:
    PAIR_OPTIONS["level"].check(level)
    for name, value in choices.items():
        GATE_OPTIONS[name].check(value)


def _texts(values: Sequence[str] | str) -> tuple[str, ...]:
    """Return texts; a single one is not a sequence of its letters."""
    return (values,) if isinstance(values, str) else tuple(map(str, values))
