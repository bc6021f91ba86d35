"""Checking: hold an update against a policy."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from compatkit.errors import ConfigError, DataError
from compatkit.gate.budgets import OF_RERUN
from compatkit.gate.checked_task import CheckedTask, check_files, check_limits, slice_tasks
from compatkit.gate.decide import Question, decide
from compatkit.gate.doubts import list_doubts
from compatkit.gate.hints import tell_gathered
from compatkit.gate.must_not_flip import guard
from compatkit.gate.policy import (
    ADVISORY,
    BLOCKING,
    FAIL,
    INCONCLUSIVE,
    PASS,
    Limits,
    Policy,
)
from compatkit.gate.task_files import expand_tasks
from compatkit.gate.total import join_tasks, wants_contents
from compatkit.gate.verdict import TOTAL, Decision, Guarded, Verdict
from compatkit.gate.waivers import apply_waivers, doubt_waivers, take_waived
from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import JudgedPair, rows_by_value
from compatkit.pairing.engine import map_tasks
from compatkit.record import replace


def check_policy(
    policy: Policy, *, today: date | None = None, advice: bool = True, client: Any = None
) -> Verdict:
    """Hold the files that a policy names against it.

    Args:
        policy: what an update may break; see `compatkit.gate.read_policy`.
        today: the day by which waivers expire; today's date, in UTC, if not given.
        advice: say what would settle inconclusive decisions, which takes longer than to decide.
        client: a `distributed.Client`: the Dask cluster that scores the files; that of the tasks'
            options, if any, if not given.

    Returns:
        The verdict.

    Raises:
        DataError: files that cannot be read or compared, absent ones, too few or too many
            examples, an old model that is never right; with `strict`, any warning.
        ConfigError: a waiver or a must-not-flip example that no file holds, too many waivers,
            options by which nothing could break, or a budget that the scorer, the samples or
            the tasks give no quantity for.
    """
    expanded = expand_tasks(policy)
    if client is not None:
        expanded = [replace(t, options=replace(t.options, client=client)) for t in expanded]
    contents = wants_contents(policy, len(expanded))
    check_task = partial(check_files, contents=contents)
    tasks = map_tasks(check_task, expanded, expanded[0].options.client)
    day = today or datetime.now(UTC).date()
    waived = apply_waivers(policy.waivers, [checked.comparison for checked in tasks], day)
    questions: list[Question] = []
    guarded: list[Guarded] = []
    kept: list[CheckedTask] = []
    for task in tasks:
        pair = take_waived(task.pair, waived.ids[task.policy.name], task.policy)
        kept.append(replace(task, pair=pair))
        questions += _questions(kept[-1])
        guarded += guard(task.policy.must_not_flip, task.comparison, waived)
    doubts = doubt_waivers(waived.uses, day)
    if policy.total:
        pair, plan, shared = join_tasks(kept, policy)
        questions += _doubt_reruns(_ask((TOTAL, "", ""), policy.total, pair, plan), kept)
        doubts += shared
    _refuse_unheld(questions, guarded)
    decisions = decide(questions, policy.level, policy.decide, policy.looks, advice=advice)
    bounded = () if policy.decide == "point" else decisions
    warnings = [*list_doubts(tasks, questions, bounded, guarded), *doubts]
    if policy.strict and warnings:
        raise DataError(f"strict: {'; '.join(warnings)}.")
    return Verdict(
        outcome=_outcome(decisions, guarded),
        decisions=tuple(decisions),
        comparisons=tuple(task.comparison for task in tasks),
        guarded=tuple(guarded),
        waivers=waived.uses,
        warnings=tuple(warnings),
        hints=tuple(hint for task in tasks for hint in tell_gathered(task)),
        name=policy.name,
        level=policy.level,
        decide=policy.decide,
        looks=policy.looks,
        policy=policy.path,
        max_left_out={task.policy.name: task.policy.max_left_out for task in tasks},
        slicing=partial(slice_tasks, tuple(tasks)),
    )


def _questions(task: CheckedTask) -> list[Question]:
    policy = task.policy
    questions = _ask((policy.name, "", ""), policy.limits, task.pair, task.plan)
    for path, limits in policy.slices.items():
        for value, rows in rows_by_value(task.pair.attributes[path]).items():
            part = task.pair.take(rows)
            check_limits(limits, part, f"{policy.where}the slice {path}={value}: ")
            questions += _ask((policy.name, path, value), limits, part, task.plan)
    return _doubt_reruns(questions, [task])


def _doubt_reruns(questions: Sequence[Question], tasks: Sequence[CheckedTask]) -> list[Question]:
    """Let nothing be decided by a second run that is hardly one of the old model.

    Its differences from the first would count as noise, and hide what broke.
    """
    notes = [note for task in tasks for note in task.comparison.noted if note.kind == "rerun"]
    if not notes:
        return list(questions)
    return [
        replace(question, doubt=notes[0].text) if question.budget in OF_RERUN else question
        for question in questions
    ]


def _ask(
    where: tuple[str, str, str], limits: Limits, pair: JudgedPair, plan: Plan
) -> list[Question]:
    return [
        Question(*where, name, limit, tier, limits.inconclusive, pair, plan)
        for tier, budgets in ((BLOCKING, limits.blocking), (ADVISORY, limits.advisory))
        for name, limit in budgets.items()
    ]


def _outcome(decisions: Sequence[Decision], guarded: Sequence[Guarded]) -> str:
    blocking = {decision.counts_as for decision in decisions if decision.tier == BLOCKING}
    broken = any(example.outcome == FAIL and not example.waived for example in guarded)
    if broken or FAIL in blocking:
        return FAIL
    return INCONCLUSIVE if INCONCLUSIVE in blocking else PASS


def _refuse_unheld(questions: Sequence[Question], guarded: Sequence[Guarded]) -> None:
    """Refuse a policy by which nothing could stop the update."""
    if any(question.tier == BLOCKING for question in questions):
        return
    if not guarded:
        raise ConfigError(
            "nothing could stop the update: the policy has advisory budgets alone, which never "
            "change the exit code. A budget under [budgets], or a must-not-flip example, was "
            "expected; 'compatkit score' reports without a verdict."
        )
    if all(example.was_wrong for example in guarded):
        raise ConfigError(
            f"nothing could stop the update: all {len(guarded):,} must-not-flip examples were "
            "wrong before, and no budget blocks. Name examples that the old model has right."
        )
