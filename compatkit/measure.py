"""Measure: counts and metrics of an aligned pair, whole and in slices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compatkit.comparison import Counts, JudgedPair, Slice
from compatkit.estimates import (
    Judged,
    Metrics,
    Plan,
    complete,
    estimate_candidate,
    estimate_flips,
    estimate_samples,
    estimate_smooth,
)
from compatkit.flips import count_flips
from compatkit.metrics import METRICS


def count_pair(
    pair: JudgedPair,
    *,
    excluded: Mapping[str, int] | None = None,
    counted_wrong: Mapping[str, int] | None = None,
) -> Counts:
    """Count a pair's examples; expected counts where examples have several samples."""
    old, new = pair.old.right, pair.new.right
    cells = [
        float(both.sum())
        for both in (old * new, old * (1 - new), (1 - old) * new, (1 - old) * (1 - new))
    ]
    both_right, negative, positive, both_wrong = map(int, cells) if pair.single else cells
    return Counts(
        total=len(old),
        both_right=both_right,
        negative_flips=negative,
        positive_flips=positive,
        both_wrong=both_wrong,
        no_answer_old=int(pair.old.silent.sum()),
        no_answer_new=int(pair.new.silent.sum()),
        excluded=dict(excluded or {}),
        counted_wrong=dict(counted_wrong or {}),
    )


def measure_pair(
    pair: JudgedPair,
    plan: Plan,
    *,
    continuous: bool,
    baseline: Judged | None = None,
    rerun: Judged | None = None,
) -> Metrics:
    """Return every metric of a pair, in the order of `METRICS`.

    Args:
        pair: the aligned results.
        plan: how intervals are made.
        continuous: whether scores lie between right and wrong.
        baseline: the first new model's results, where the pair's new one is a candidate.
        rerun: a second run of the old model.
    """
    metrics: Metrics = {}
    if pair.single:
        flips = count_flips(pair.old.right > 0, pair.new.right > 0, pair.same)
        metrics |= estimate_flips(flips, plan)
    else:
        several = "examples have several samples; see the expected negative flip rate"
        metrics = complete(metrics, ("accuracy", "flips"), several)
    old, new, baseline, rerun = _in_one_order([pair.old, pair.new, baseline, rerun])
    if not pair.single or rerun is not None:
        metrics |= estimate_samples(old, new, plan, rerun=rerun)
    if continuous:
        metrics |= estimate_smooth(old.scores, new.scores, plan)
    if baseline is not None and pair.single:
        metrics |= estimate_candidate(old, baseline, new, plan, continuous=continuous)
    metrics = complete(metrics, ("samples",), "each example has one sample")
    metrics = complete(metrics, ("smooth",), "the scorer knows right and wrong alone")
    lone = "there is no other new model to compare with"
    sampled = "examples have several samples"
    metrics = complete(metrics, ("candidate",), lone if baseline is None else sampled)
    return {name: metrics[name] for name in METRICS}


def measure_slices(
    pair: JudgedPair, slices: Mapping[str, list[str]], plan: Plan, *, continuous: bool
) -> dict[str, dict[str, Slice]]:
    """Measure the examples that share a value, for each field and value, in order of value."""
    result: dict[str, dict[str, Slice]] = {}
    for path, values in slices.items():
        distinct, codes = np.unique(np.array(values, object), return_inverse=True)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(codes))[:-1])
        result[path] = {
            str(value): _measure_slice(pair, rows, plan, continuous=continuous)
            for value, rows in zip(distinct, parts, strict=True)
        }
    return result


def _measure_slice(
    pair: JudgedPair, rows: NDArray[np.int64], plan: Plan, *, continuous: bool
) -> Slice:
    part = JudgedPair(
        [pair.ids[row] for row in rows.tolist()],
        pair.old.take(rows),
        pair.new.take(rows),
        None if pair.same is None else pair.same[rows],
    )
    return Slice(count_pair(part), measure_pair(part, plan, continuous=continuous))


def _in_one_order(models: Sequence[Judged | None]) -> list[Any]:
    """Sort the examples by the models' results, so that the files' order is of no consequence.

    Resampling draws by position: without this, the same rows in another order would have
    other limits.
    """
    columns = [
        column
        for model in models
        if model is not None
        for column in (model.scores, model.right, model.samples, model.silent)
    ]
    order = np.lexsort(columns)
    return [None if model is None else model.take(order) for model in models]
