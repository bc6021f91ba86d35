"""Tasks: several prediction files a model, one task each, and their total."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from compatkit.arrays import BoolArray, IntArray
from compatkit.comparison.checked_options import Options
from compatkit.comparison.compare import compare_files, correct_tests, refuse_no_margin
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.comparisons import Comparisons
from compatkit.comparison.finding import find_where, join_tasks
from compatkit.comparison.names import give_names, name_files, name_models
from compatkit.comparison.options import make_options
from compatkit.comparison.reference_files import refuse_unknown_tasks
from compatkit.comparison.sides import TOTAL, Side, open_sides, share_tasks
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Plan
from compatkit.metrics.measure_pair import count_pair, measure_pair, sort_pair
from compatkit.metrics.p_values import PValue, Tests, sum_changes
from compatkit.metrics.pair import Counts, Judged, JudgedPair
from compatkit.notes import Note
from compatkit.on_demand import OnDemand
from compatkit.pairing.engine import map_tasks
from compatkit.predictions.ids import Ids
from compatkit.readers.address import Place, place_of
from compatkit.record import replace
from compatkit.statistics import combine_changes, combine_tasks

if TYPE_CHECKING:
    from compatkit.metrics.confidence import ConfidencePair


def compare_folders(
    old: str | Place, candidates: str | Place | Sequence[str | Place], **options: Any
) -> Comparisons:
    """Compare folders of prediction files, or runs of harnesses, task by task.

    Files of one name are one task; the logs of a harness name their tasks.

    Args:
        old: the old model's folder, or a log that holds several tasks.
        candidates: the new model's, or it and those of further candidates.
        options: see `compatkit.comparison.options.make_options`.

    Returns:
        A comparison per task and candidate, tasks in order of name, then a total per
        candidate over the examples of all tasks.

    Raises:
        DataError: a task that one side lacks, or a file that cannot be compared.
    """
    several = [candidates] if isinstance(candidates, str | Place) else candidates
    return Comparisons(compare_tasks(old, several, make_options(**options)))


def compare_tasks(
    old: str | Place, candidates: Sequence[str | Place], options: Options
) -> list[Comparison]:
    """Compare folders with options that were checked; see `compare_folders`."""
    sides = open_sides((old, *candidates), options, several=True)
    return _name(_compare_tasks(sides, options), sides)


def compare_paths(
    old: str | Place,
    candidates: Sequence[str | Place],
    options: Options,
    *,
    old_rerun: str | Place | None = None,
    names: Sequence[str] = (),
) -> list[Comparison]:
    """Compare whatever the paths hold: one task of each model, or several and their total.

    Args:
        old: the old model's file, folder or log.
        candidates: the new model's, then those of further candidates.
        options: how they are compared.
        old_rerun: a second run of the old model, on the same one task.
        names: what the user calls the models, the old one first; empty where nothing was said.

    Raises:
        ConfigError: a second run beside several tasks, or one name for two models.
        DataError: paths that cannot be read, or not be compared.
    """
    sides = open_sides((old, *candidates), options)
    if sides[0].several:
        if old_rerun is not None:
            raise ConfigError("--old-rerun takes one task, not folders of several.")
        return _name(_compare_tasks(sides, options), sides, names)
    task = next(iter(sides[0].files))
    files = [side.only for side in sides]
    results = compare_files(files[0], files[1:], options, old_rerun=old_rerun, task=task)
    if not any(names):
        return results
    return give_names(results, name_files(files, names))


def _name(
    results: Sequence[Comparison], sides: Sequence[Side], names: Sequence[str] = ()
) -> list[Comparison]:
    paths = [str(side.path) for side in sides]
    return give_names(results, name_models(paths, [side.files.values() for side in sides], names))


def _compare_tasks(sides: Sequence[Side], options: Options) -> list[Comparison]:
    paths, folders = [side.path for side in sides], [side.files for side in sides]
    tasks, noted = share_tasks(sides, options)
    refuse_unknown_tasks(options, tasks)
    options = options.of_one_task

    def compare_task(task: str) -> list[Comparison]:
        old, *news = (folder[task] for folder in folders)
        return compare_files(old, news, options, task=task, beside=True)

    by_task = map_tasks(compare_task, tasks, options.client)
    _refuse_unsliced(by_task, options)
    by_task = [
        [replace(comparison, noted=(*comparison.noted, *noted)) for comparison in task]
        for task in by_task
    ]
    results = [comparison for task in by_task for comparison in task]
    refuse_no_margin(results, options)
    if len(by_task) > 1:
        results = correct_tests(results, options.correction)
        totals = [_total(number, by_task, options, paths) for number in range(len(paths) - 1)]
        return results + find_where(totals, options.plan)
    return find_where(results, options.plan)


def _refuse_unsliced(by_task: Sequence[Sequence[Comparison]], options: Options) -> None:
    """Refuse a field to slice by that no task has."""
    for path in options.by:
        if not any(path in comparison.slices for task in by_task for comparison in task):
            raise ConfigError(f"no field {path!r} to slice by in any task.")


def _total(
    number: int,
    by_task: Sequence[Sequence[Comparison]],
    options: Options,
    paths: Sequence[str | Place],
) -> Comparison:
    """Put the examples of all tasks together, each counting once."""
    parts = [task[number] for task in by_task]
    pair = concatenate_pairs([part.pair for part in parts])
    first = parts[0]
    text = f"{len(parts)} tasks; every example counts once, so large tasks count more"
    metrics, tests = measure_pair(pair, options.plan)
    return Comparison(
        task=TOTAL,
        old=str(place_of(paths[0])),
        new=str(place_of(paths[number + 1])),
        baseline=None if first.baseline is None else str(place_of(paths[1])),
        scorer=" / ".join(dict.fromkeys(part.scorer for part in parts)),
        threshold=first.threshold,
        continuous=pair.continuous,
        counts=_add_counts(pair, [part.counts for part in parts]),
        metrics=metrics,
        tests={**tests, **_any_task(parts, options.plan)},
        signature=" + ".join(part.signature for part in parts),
        pair=pair,
        noted=(Note("tasks", text),),
        identical=all(part.identical for part in parts),
        needs_answer=first.needs_answer,
        features=join_tasks(parts),
    )


def _any_task(parts: Sequence[Comparison], plan: Plan) -> Tests:
    """Test whether any task got worse, in the three ways of Kuebler et al. and their union.

    By counts where each example has one sample and examples are independent, else by flipping the
    signs of changes, those of one group together.

    Source: Kuebler et al. 2026 (arXiv 2602.10144).
    """
    if all(part.pair.single and part.pair.clusters is None for part in parts):
        name, combined = (
            "combined",
            combine_tasks(
                [int(part.counts.negative_flips) for part in parts],
                [int(part.counts.positive_flips) for part in parts],
                "worse",
            ),
        )
    else:
        units = [sum_changes(sort_pair(part.pair)) for part in parts]
        name, combined = (
            "permuted",
            combine_changes(units, resamples=plan.resamples, seed=plan.seed),
        )
    return {
        f"any_task_worse_{way}": PValue(f"{name}-{way}", "worse", p_value, p_value)
        for way, p_value in asdict(combined).items()
    }


def _add_counts(pair: JudgedPair, counts: Sequence[Counts]) -> Counts:
    return count_pair(
        pair,
        excluded={
            reason: sum(c.excluded.get(reason, 0) for c in counts)
            for reason in dict.fromkeys(reason for c in counts for reason in c.excluded)
        },
        counted_wrong={
            reason: sum(c.counted_wrong[reason] for c in counts)
            for reason in counts[0].counted_wrong
        },
    )


def concatenate_pairs(pairs: Sequence[JudgedPair]) -> JudgedPair:
    """Put the results of several tasks together; the fields kept beside them are not.

    Raises:
        ConfigError: some of them are judged by pass@k, and others by another k or none.
    """
    if len(drawn := dict.fromkeys(pair.pass_at for pair in pairs)) > 1:
        ways = ["share of right samples" if k is None else f"pass@{k}" for k in drawn]
        raise ConfigError(
            f"tasks that are judged by {' and by '.join(ways)} have no total: say one pass_at for "
            "all, or leave the total out."
        )
    same = [pair.same for pair in pairs if pair.same is not None]
    reruns = [pair.rerun for pair in pairs if pair.rerun is not None]
    confidences = [pair.confidence for pair in pairs if pair.confidence is not None]
    baselines = [pair.baseline for pair in pairs if pair.baseline is not None]
    return JudgedPair(
        Ids.pack(example_id for pair in pairs for example_id in pair.ids),
        _join([pair.old for pair in pairs]),
        _join([pair.new for pair in pairs]),
        np.concatenate(same) if len(same) == len(pairs) else None,
        join_clusters([pair.clusters for pair in pairs], [len(pair.ids) for pair in pairs]),
        _join(reruns) if len(reruns) == len(pairs) else None,
        baseline=_join(baselines) if len(baselines) == len(pairs) else None,
        continuous=any(pair.continuous for pair in pairs),
        pass_at=pairs[0].pass_at,
        confidence=_join_confidence(confidences) if len(confidences) == len(pairs) else None,
        broken_for=_join_causes(pairs) if all(pair.broken_for for pair in pairs) else {},
    )


def _join_confidence(parts: "list[ConfidencePair]") -> "ConfidencePair":
    from compatkit.metrics.confidence import join_confidence  # noqa: PLC0415  (start-up time)

    return join_confidence(parts)


def _join_causes(pairs: Sequence[JudgedPair]) -> OnDemand[BoolArray]:
    def join(cause: str) -> BoolArray:
        return np.concatenate([pair.broken_for[cause] for pair in pairs])

    return OnDemand({cause: partial(join, cause) for cause in pairs[0].broken_for})


def join_clusters(columns: Sequence[IntArray | None], sizes: Sequence[int]) -> IntArray | None:
    """Number the groups of all tasks; where a task has none, each example is a group by itself.

    A group belongs to its task: the numbers of the next task's groups go on from there.

    Args:
        columns: of each task the number of each example's group; None where it has none.
        sizes: of each task the number of its examples.
    """
    if all(column is None for column in columns):
        return None
    joined, start = [], 0
    for column, size in zip(columns, sizes, strict=True):
        numbers = np.arange(size) if column is None else column
        joined.append(numbers + start)
        start += int(numbers.max()) + 1
    return np.concatenate(joined)


def _join(parts: Sequence[Judged]) -> Judged:
    return Judged(
        np.concatenate([part.held_scores for part in parts]),
        np.concatenate([part.held_right for part in parts]),
        np.concatenate([part.samples for part in parts]),
        np.concatenate([part.silent for part in parts]),
    )
