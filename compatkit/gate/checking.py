"""Checking: hold an update against a policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np

from compatkit.comparison.compare import compare_files
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.conditions import UNKNOWN_DIRECTION
from compatkit.comparison.options import Options
from compatkit.comparison.tasks import concatenate_pairs
from compatkit.errors import ConfigError, DataError
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.decide import Question, decide
from compatkit.gate.must_not_flip import guard
from compatkit.gate.policy import (
    ADVISORY,
    BLOCKING,
    FAIL,
    INCONCLUSIVE,
    PASS,
    Limits,
    Policy,
    TaskPolicy,
)
from compatkit.gate.task_files import expand_tasks
from compatkit.gate.verdict import TOTAL, Decision, Guarded, Verdict
from compatkit.gate.waivers import apply_waivers
from compatkit.metrics.estimates import Plan
from compatkit.metrics.measure_pair import sort_pair
from compatkit.metrics.pair import JudgedPair
from compatkit.predictions.fields import NO_FIELD

SAY_DIRECTION = "--lower-is-better or --higher-is-better says it."


def check_policy(policy: Policy, *, today: date | None = None) -> Verdict:
    """Hold the files that a policy names against it.

    Args:
        policy: what an update may break; see `compatkit.gate.read_policy`.
        today: the day by which waivers expire; today's date, in UTC, if not given.

    Returns:
        The verdict.

    Raises:
        DataError: files that cannot be read or compared, absent ones, too few or too many
            examples, an old model that is never right; with `strict`, any warning.
        ConfigError: a waiver or a must-not-flip example that no file holds, or a budget that
            the scorer, or the samples, give no quantity for.
    """
    tasks = [_check_files(task) for task in expand_tasks(policy)]
    day = today or datetime.now(UTC).date()
    waived = apply_waivers(policy.waivers, [each.comparison for each in tasks], day)
    questions: list[Question] = []
    guarded: list[Guarded] = []
    kept: list[_Checked] = []
    for task, rows in zip(tasks, waived.rows, strict=True):
        rest = replace(task, pair=task.pair if rows is None else task.pair.take(rows))
        kept.append(rest)
        questions += _questions(rest)
        guarded += guard(task.policy.must_not_flip, task.comparison, waived)
    questions += _total_questions(kept, policy)
    decisions = decide(questions, policy.level, policy.decide)
    warnings = _warnings(tasks, questions)
    if policy.strict and warnings:
        raise DataError(f"strict: {'; '.join(warnings)}.")
    return Verdict(
        outcome=_outcome(decisions, guarded),
        decisions=tuple(decisions),
        comparisons=tuple(task.comparison for task in tasks),
        guarded=tuple(guarded),
        waivers=waived.uses,
        warnings=tuple(warnings),
        name=policy.name,
        level=policy.level,
        decide=policy.decide,
        policy=policy.path,
    )


@dataclass(frozen=True, slots=True)
class _Checked:
    """A task that was compared, and the examples that its budgets are decided by."""

    policy: TaskPolicy
    comparison: Comparison
    pair: JudgedPair


def _check_files(task: TaskPolicy) -> _Checked:
    tags = task.must_not_flip.tags
    where = f"task {task.name}: " if task.name else ""
    if task.options.plan.bounded and task.options.threshold <= 0.0:
        raise ConfigError(
            f"{where}threshold is {task.options.threshold:g}, which every score reaches, so that "
            "nothing could flip. A threshold above 0 was expected."
        )
    options = replace(
        task.options,
        roles=_strict_roles(task.options),
        attributes=tuple(dict.fromkeys((*task.slices, *tags))),
        keep_flips=True,
    )
    (comparison,) = compare_files(
        task.old, [task.new], options, old_rerun=task.old_rerun, task=task.name
    )
    _refuse_unknown_direction(comparison, where)
    _check_counts(task, comparison, where)
    pair = comparison.pair
    if not pair.old.right.any():
        raise DataError(
            f"{where}{comparison.old} is right on none of {len(pair.ids):,} examples by "
            f"{comparison.scorer}, so nothing could flip. Another scorer or threshold is meant."
        )
    _check_limits(task, comparison, where)
    if comparison.continuous or not pair.single or pair.clusters is not None or pair.rerun:
        pair = sort_pair(pair)
    return _Checked(task, comparison, pair)


def _refuse_unknown_direction(comparison: Comparison, where: str) -> None:
    """Refuse a metric that may be an error rate: every answer that broke would be a mended one."""
    note = next((each for each in comparison.notes if UNKNOWN_DIRECTION in each), None)
    if note is not None:
        raise DataError(f"{where}{note.partition(', and more')[0]}. {SAY_DIRECTION}")


def _strict_roles(options: Options) -> Mapping[str, str]:
    """Return the fields to read, so that a prompt which was changed is an edited example.

    A harness's hash of an item stays the same when the item is asked in other words, which a
    report may note; a gate refuses it, unless the policy names the hash or keeps what was edited.
    """
    if options.edited == "keep" or "item_hash" in options.roles:
        return options.roles
    return {**options.roles, "item_hash": NO_FIELD}


def _check_counts(task: TaskPolicy, comparison: Comparison, where: str) -> None:
    excluded = comparison.counts.excluded
    every = comparison.counts.total + sum(excluded.values())
    # What the old model never answered cannot break: that it counts as wrong must hide nothing.
    unanswered = int((comparison.pair.old.samples == 0).sum())
    lost = {**excluded, "without an answer of the old model": unanswered}
    lost |= {"with fewer samples than others": _count_thin(comparison.pair)}
    left_out = sum(lost.values())
    if task.examples is not None and every != task.examples:
        raise DataError(
            f"{where}{every:,} examples; the policy expects {task.examples:,}. {comparison.old} "
            f"and {comparison.new} are cut, or the set of examples has changed: mend the files, "
            "or the policy's 'examples'."
        )
    if comparison.counts.total == 0:
        raise DataError(f"{where}no example is left to compare.")
    if left_out > task.max_left_out * every:
        reasons = ", ".join(f"{n:,} {why}" for why, n in lost.items() if n)
        raise DataError(
            f"{where}{left_out:,} of {every:,} examples are left out ({reasons}); the policy "
            f"allows a share of {task.max_left_out:g}. Mend {comparison.old} and "
            f"{comparison.new}, or raise 'max_left_out'."
        )


def _count_thin(pair: JudgedPair) -> int:
    """Count the examples that lack samples which others, or the other side, have.

    Who drops the wrong samples of an example makes it right.
    """
    old, new = pair.old.samples, pair.new.samples
    most = max(old.max(initial=0), new.max(initial=0))
    return int(((old < most) & (old > 0) | (new < most) & (new > 0)).sum()) if most > 1 else 0


def _check_limits(task: TaskPolicy, comparison: Comparison, where: str) -> None:
    """Refuse budgets on quantities that this task does not have."""
    plan = task.options.plan
    if comparison.continuous and plan.bounded and plan.epsilon >= 1.0:
        raise ConfigError(f"{where}epsilon is {plan.epsilon:g}, so that no score could fall.")
    for limits in (task.limits, *task.slices.values()):
        for name in (*limits.blocking, *limits.advisory):
            lacking = BUDGETS[name].lacks(comparison.pair)
            if lacking is not None:
                raise ConfigError(f"{where}{name} needs {lacking.name}.")


def _questions(task: _Checked) -> list[Question]:
    policy, plan = task.policy, task.policy.options.plan
    questions = _ask((policy.name, "", ""), policy.limits, task.pair, plan)
    for path, limits in policy.slices.items():
        values = np.array(task.pair.attributes[path], object)
        for value in np.unique(values):
            part = task.pair.take(np.flatnonzero(values == value))
            questions += _ask((policy.name, path, str(value)), limits, part, plan)
    return questions


def _ask(
    where: tuple[str, str, str], limits: Limits, pair: JudgedPair, plan: Plan
) -> list[Question]:
    return [
        Question(*where, name, limit, tier, limits.inconclusive, pair, plan)
        for tier, budgets in ((BLOCKING, limits.blocking), (ADVISORY, limits.advisory))
        for name, limit in budgets.items()
    ]


def _total_questions(tasks: Sequence[_Checked], policy: Policy) -> list[Question]:
    if not policy.total:
        return []
    for task in tasks:
        _check_limits(
            replace(task.policy, limits=policy.total, slices={}), task.comparison, f"{TOTAL}: "
        )
    pair = concatenate_pairs([task.pair for task in tasks])
    return _ask((TOTAL, "", ""), policy.total, pair, tasks[0].policy.options.plan)


def _warnings(tasks: Sequence[_Checked], questions: Sequence[Question]) -> list[str]:
    said = [
        f"{task.comparison.old} and {task.comparison.new} hold the same bytes: the candidate is "
        "the baseline itself"
        for task in tasks
        if task.comparison.identical
    ]
    said += [note.text for task in tasks for note in task.comparison.noted if note.doubt]
    for question in questions:
        right = float(question.pair.old.right.mean()) if question.pair.ids else 0.0
        if question.budget == "max_nfr" and not question.field and right <= question.limit:
            said.append(
                f"{question.task or 'max_nfr'}: the old model is right on {right:.2%}, so that no "
                f"update could break the budget of {question.limit:.2%}"
            )
    return said


def _outcome(decisions: Sequence[Decision], guarded: Sequence[Guarded]) -> str:
    blocking = {each.counts_as for each in decisions if each.tier == BLOCKING}
    broken = any(each.outcome == FAIL and not each.waived for each in guarded)
    if broken or FAIL in blocking:
        return FAIL
    return INCONCLUSIVE if INCONCLUSIVE in blocking else PASS
