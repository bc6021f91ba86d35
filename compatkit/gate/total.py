"""Total: budgets over the examples of all tasks, each counting once."""

from collections.abc import Sequence

from compatkit.comparison.tasks import concatenate_pairs
from compatkit.errors import ConfigError
from compatkit.gate.checked_task import CheckedTask, check_limits
from compatkit.gate.overlap import find_overlap
from compatkit.gate.policy import KEEP, Limits, Policy
from compatkit.gate.verdict import TOTAL
from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import JudgedPair

OF_SCORES = frozenset({"max_score_drop", "max_score_change", "max_mean_regression"})


def wants_contents(policy: Policy, tasks: int) -> bool:
    """Whether examples of several tasks must be told apart."""
    return bool(policy.total) and tasks > 1 and policy.overlap != KEEP


def join_tasks(tasks: Sequence[CheckedTask], policy: Policy) -> tuple[JudgedPair, Plan, list[str]]:
    """Put the examples of all tasks together, and refuse what would not count each once.

    Args:
        tasks: those of the policy, with the examples that are decided by.
        policy: the policy, which has budgets over all tasks.

    Returns:
        The examples, how bounds are made, and doubts about examples that may be in two tasks.

    Raises:
        ConfigError: a budget on a quantity that a task does not have, or that tasks measure
            differently.
        DataError: examples that are in two tasks.
    """
    for task in tasks:
        check_limits(policy.total, task.comparison.pair, f"{TOTAL}: ")
    plan = _agree(tasks, policy.total)
    doubts = find_overlap(tasks) if wants_contents(policy, len(tasks)) else []
    return concatenate_pairs([task.pair for task in tasks]), plan, doubts


def _agree(tasks: Sequence[CheckedTask], limits: Limits) -> Plan:
    """Return the plan of all tasks; one that they do not share is refused where it matters."""
    first = tasks[0].plan
    if not OF_SCORES & {*limits.blocking, *limits.advisory}:
        return first
    for name in Plan.__struct_fields__:
        values = [getattr(task.plan, name) for task in tasks]
        other = next((n for n, value in enumerate(values) if value != values[0]), None)
        if other is not None:
            raise ConfigError(
                f"{TOTAL}: the tasks have not one {name}: {values[0]} of {tasks[0].policy.name}, "
                f"{values[other]} of {tasks[other].policy.name}. One was expected for budgets of "
                "scores over all tasks: say the same in each, or limit them in each task."
            )
    return first
