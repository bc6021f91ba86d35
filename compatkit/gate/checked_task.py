"""Checked task: a task whose files were compared, and found whole enough to be held to budgets."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from compatkit.arrays import BoolArray
from compatkit.comparison.checked_options import Options
from compatkit.comparison.compare import compare_files
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.conditions import UNKNOWN_DIRECTION
from compatkit.comparison.names import rename
from compatkit.errors import ConfigError, DataError
from compatkit.gate.breakable import refuse_itself, refuse_unbreakable
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import Limits, TaskPolicy
from compatkit.metrics.estimates import Plan
from compatkit.metrics.measure_pair import measure_slices, sort_pair
from compatkit.metrics.pair import JudgedPair, list_left_out
from compatkit.predictions.fields import NO_FIELD
from compatkit.record import replace

MOST_REPEATED = 0.1  # share of the examples beyond which it is no accident
SAY_DIRECTION = "--lower-is-better or --higher-is-better says it."


class CheckedTask(Struct, frozen=True):
    """A task that was compared.

    Attributes:
        policy: what it may lose.
        comparison: what became of it, as reports show it.
        pair: the examples that its budgets are decided by.
        plan: how their bounds are made.
    """

    policy: TaskPolicy
    comparison: Comparison
    pair: JudgedPair
    plan: Plan

    @property
    def where(self) -> str:
        """How messages begin."""
        return self.policy.where


def check_files(task: TaskPolicy, *, contents: bool = False) -> CheckedTask:
    """Compare a task's files, and refuse what no budget can be held to.

    Args:
        task: the task, with one file on each side.
        contents: make the digests that tell examples of several tasks apart.

    Raises:
        DataError: files that cannot be read or compared, too few or too many examples, an old
            model that is never right.
        ConfigError: options by which nothing could break, or a budget on a quantity that the
            task does not have.
    """
    refuse_itself(task)
    options = replace(
        task.options,
        roles=_strict_roles(task.options),
        attributes=tuple(dict.fromkeys((*task.slices, *task.must_not_flip.tags))),
        keep_flips=True,
        contents=contents,
        find_slices=task.options.find_slices or task.min_lift is not None,
    )
    try:
        comparison = rename(_compare(task, options), task.names)
    except ConfigError as error:
        raise ConfigError(f"{task.where}{error}") from error
    _refuse_unknown_direction(comparison, task.where)
    _check_counts(task, comparison)
    _refuse_repeated(task, comparison)
    refuse_unbreakable(task, comparison)
    pair = comparison.pair
    if not pair.old.held_right.any():
        raise DataError(
            f"{task.where}{comparison.old} is right on none of {len(pair.ids):,} examples by "
            f"{comparison.scorer}, so nothing could flip. Another scorer or threshold is meant."
        )
    for limits in (task.limits, *task.slices.values()):
        check_limits(limits, comparison.pair, task.where)
    if comparison.continuous or not pair.single or pair.clusters is not None or pair.rerun:
        pair = sort_pair(pair)
    plan = replace(task.options.plan, bounded=comparison.evidence.bounded)
    return CheckedTask(task, comparison, pair, plan)


def _compare(task: TaskPolicy, options: Options) -> Comparison:
    """Compare the new model with the old one, or with the best so far where there is a history."""
    if not task.history:
        return compare_files(
            task.old, [task.new], options, old_rerun=task.old_rerun, task=task.name
        )[0]
    if task.old_rerun is not None:
        raise ConfigError(
            "old_rerun beside history: the noise of one version is not that of the "
            "best of several. Leave one out."
        )
    if options.find_slices:
        raise ConfigError(
            "a search for slices beside history: the best of several versions has no one file to "
            "search by. Leave found_slices, or --find-slices, out."
        )
    from compatkit.comparison.best_so_far import compare_with_best  # noqa: PLC0415  (start-up time)

    return compare_with_best(task.history, task.old, task.new, options, task=task.name)


def slice_tasks(tasks: Sequence[CheckedTask]) -> tuple[Comparison, ...]:
    """Return the comparisons of tasks with their slices measured, those that the policy limits.

    To decide a slice's budgets takes none of this, so that only what shows it measures it.
    """
    return tuple(map(_slice_task, tasks))


def _slice_task(task: CheckedTask) -> Comparison:
    if not task.policy.slices:
        return task.comparison
    from compatkit.metrics.picking import tell_apart  # noqa: PLC0415  (start-up time)

    pair, plan = task.comparison.pair, task.plan
    by = {path: list(pair.attributes[path]) for path in task.policy.slices}
    return replace(
        task.comparison,
        slices=measure_slices(pair, by, plan, correction=task.policy.options.correction),
        slices_differ={path: tell_apart(pair, by[path], plan) for path in by},
    )


def check_limits(limits: Limits, pair: JudgedPair, where: str) -> None:
    """Refuse budgets on quantities that a task, or a slice of it, does not have.

    Raises:
        ConfigError: naming the budget, and what it needs.
    """
    for name in (*limits.blocking, *limits.advisory):
        lacking = BUDGETS[name].lacks(pair)
        if lacking is not None:
            raise ConfigError(f"{where}{name} needs {lacking.name}.")


def _refuse_unknown_direction(comparison: Comparison, where: str) -> None:
    """Refuse a metric that may be an error rate: every answer that broke would be a mended one."""
    note = next((text for text in comparison.notes if UNKNOWN_DIRECTION in text), None)
    if note is not None:
        raise DataError(
            f"{where}{comparison.old} and {comparison.new}: {note.partition(', and more')[0]}. "
            f"{SAY_DIRECTION}"
        )


def _strict_roles(options: Options) -> Mapping[str, str]:
    """Return the fields to read, so that a prompt which was changed is an edited example.

    A harness's hash of an item stays the same when the item is asked in other words, which a
    report may note; a gate refuses it, unless the policy names the hash or keeps what was edited.
    """
    if options.edited == "keep" or "item_hash" in options.roles:
        return options.roles
    return {**options.roles, "item_hash": NO_FIELD}


def _check_counts(task: TaskPolicy, comparison: Comparison) -> None:
    """Refuse another number of examples than there must be, and more that tell nothing than may."""
    where, counts = task.where, comparison.counts
    left_out = sum(counts.excluded.values())
    every = counts.total + left_out
    if task.examples is not None and every != task.examples:
        raise DataError(
            f"{where}{every:,} examples; the policy expects {task.examples:,}. {comparison.old} "
            f"and {comparison.new} are cut, or the set of examples has changed: mend the files, "
            "or the policy's 'examples'."
        )
    if counts.total == 0:
        raise DataError(f"{where}no example is left to compare.")
    # What the old model never answered cannot break: that it counts as wrong must hide nothing.
    unanswered = comparison.evidence.unanswered
    thin = (_find_thin(comparison.pair) | comparison.evidence.incomplete) & ~unanswered
    silent = {
        "without an answer of the old model": int(unanswered.sum()),
        "with fewer samples than others": int(thin.sum()),
    }
    mute = sum(silent.values())
    if left_out + mute > task.max_left_out * every:
        reasons = ", ".join(f"{number:,} {why}" for why, number in silent.items() if number)
        parts = [f"are left out ({list_left_out(counts.excluded)})"] if left_out else []
        parts += [f"tell nothing of what broke ({reasons})"] if mute else []
        numbers = [number for number in (left_out, mute) if number]
        listed = f"{numbers[0]:,} of {every:,} examples {parts[0]}"
        listed += f", and {numbers[1]:,} {parts[1]}" if len(parts) > 1 else ""
        raise DataError(
            f"{where}{listed}; the policy allows a share of {task.max_left_out:g}. Mend "
            f"{comparison.old} and {comparison.new}, or raise 'max_left_out'."
        )


def _refuse_repeated(task: TaskPolicy, comparison: Comparison) -> None:
    """Refuse one example under many ids: it would count as many."""
    repeated, total = comparison.evidence.repeated, len(comparison.pair.ids)
    if repeated > MOST_REPEATED * total:
        raise DataError(
            f"{task.where}{repeated:,} of {total:,} examples in {comparison.old} have the input "
            "and references of another, under another id, and would count as so many more. Keep "
            "one of each, give several answers to one example the field 'sample', or let "
            "'cluster' name a field of which copies have the same value."
        )


def _find_thin(pair: JudgedPair) -> BoolArray:
    """Find the examples that lack samples which others, or the other side, have.

    Who drops the wrong samples of an example makes it right.
    """
    old, new = pair.old.samples, pair.new.samples
    most = max(old.max(initial=0), new.max(initial=0))
    fewer = (old < most) & (old > 0) | (new < most) & (new > 0)
    thin: BoolArray = fewer & (most > 1)
    return thin
