"""Breakable: whether an update could break anything, by a task's options and limits.

A gate whose answer is known before the new model is looked at holds nothing.
"""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.decide import Question
from compatkit.gate.policy import TaskPolicy
from compatkit.readers.prediction_file import PredictionFile

SHOWN = 3
# Budgets that ask for scores or answers, and not for what is right by the threshold.
WITHOUT_THRESHOLD = frozenset(
    {"max_score_drop", "max_score_change", "max_mean_regression", "max_churn"}
)


def refuse_unbreakable(task: TaskPolicy, comparison: Comparison) -> None:
    """Refuse a threshold that every score reaches, and an epsilon that no fall exceeds.

    Args:
        task: what it may lose.
        comparison: what became of it.

    Raises:
        ConfigError: naming the option, the scores and what was expected.
    """
    threshold, epsilon = comparison.threshold, task.options.plan.epsilon
    evidence, scorer = comparison.evidence, comparison.scorer
    lowest, highest = evidence.seen
    unknown = not evidence.bounded and comparison.continuous
    needed = bool(task.must_not_flip) or any(
        name not in WITHOUT_THRESHOLD
        for limits in (task.limits, *task.slices.values())
        for name in (*limits.blocking, *limits.advisory)
    )
    if threshold <= 0.0 and not unknown:
        raise ConfigError(
            f"{task.where}threshold is {threshold:g}, which every score of {scorer} reaches, so "
            "that nothing could flip. A threshold above 0 was expected."
        )
    if unknown and needed and threshold <= lowest:
        raise ConfigError(
            f"{task.where}threshold is {threshold:g}, and every score of {scorer} reaches it: they "
            f"lie between {lowest:g} and {highest:g}, so that nothing could flip. A threshold "
            f"above {lowest:g} was expected."
        )
    width = 1.0 if evidence.bounded else highest - lowest
    if comparison.continuous and epsilon > 0.0 and epsilon >= width:
        raise ConfigError(
            f"{task.where}epsilon is {epsilon:g}, and scores of {scorer} lie within {width:g}, so "
            f"that no score could fall. An epsilon below {width:g} was expected."
        )


def list_unbreakable(questions: Sequence[Question]) -> list[str]:
    """Say which limits no update could break; those of one field's slices in one sentence."""
    by_budget: dict[tuple[str, str, str, float], list[tuple[str, float]]] = {}
    for question in questions:
        if not len(question.pair.ids):
            continue
        worst = BUDGETS[question.budget].worst(question.pair, question.plan)
        if not question.is_beyond(worst):
            key = (question.task, question.field, question.budget, question.limit)
            by_budget.setdefault(key, []).append((question.slice, worst))
    return [_say_unbreakable(*key, slices) for key, slices in by_budget.items()]


def _say_unbreakable(
    task: str, field: str, budget: str, limit: float, slices: Sequence[tuple[str, float]]
) -> str:
    where = f"{task}: " if task else ""
    side = "at least" if BUDGETS[budget].at_least else "at most"
    text = f"{where}{budget} = {limit:g} is a limit that no update could break"
    if not field:
        return (
            f"{text}: whatever it answers, the {BUDGETS[budget].label} is {side} {slices[0][1]:g}"
        )
    parts = [f"{value} ({side} {worst:g})" for value, worst in slices[:SHOWN]]
    more = f" and {len(slices) - SHOWN} more" if len(slices) > SHOWN else ""
    return f"{text} in these slices of {field}: {', '.join(parts)}{more}"


def refuse_itself(task: TaskPolicy) -> None:
    """Refuse one file, or one run of a log, on both sides: it breaks nothing of itself.

    Raises:
        ConfigError: naming the file.
    """
    for old in (task.old, *task.history):
        _refuse_same(task, old)


def _refuse_same(task: TaskPolicy, old: object) -> None:
    new = task.new
    if not (isinstance(old, PredictionFile) and isinstance(new, PredictionFile)):
        return
    if old.path is None or new.path is None or old.path.resolve() != new.path.resolve():
        return
    parts = [
        None if log is None else (log.task, log.part, log.metric) for log in (old.log, new.log)
    ]
    labels = [task.options.shape_of(side).label for side in (0, 1)]
    if parts[0] == parts[1] and labels[0] == labels[1]:
        raise ConfigError(
            f"{task.where}{old.name} is the old model's and the new model's: compared with itself "
            "it always passes. Name two files; of a folder with several runs, --run says one for "
            "each side: --run OLD --run NEW."
        )
