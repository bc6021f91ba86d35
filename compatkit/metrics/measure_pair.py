"""Measure: counts and metrics of an aligned pair, whole and in slices."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from compatkit.metrics.candidates import estimate_candidate
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Metrics, Plan, complete, estimate_flips, estimate_smooth
from compatkit.metrics.p_values import Tests, compare_flips, correct, run_tests
from compatkit.metrics.pair import Counts, Judged, JudgedPair
from compatkit.metrics.samples import estimate_samples


@dataclass(frozen=True, slots=True)
class Slice:
    """The counts, metrics and tests of the examples that share a value."""

    counts: Counts
    metrics: Metrics
    tests: Tests = field(default_factory=dict)


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
) -> tuple[Metrics, Tests]:
    """Return every metric of a pair, in the order of `METRICS`, and the tests.

    Args:
        pair: the aligned results.
        plan: how intervals are made.
        continuous: whether scores lie between right and wrong.
        baseline: the first new model's results, where the pair's new one is a candidate.
    """
    if continuous or not pair.single or pair.clusters is not None or pair.rerun is not None:
        pair, baseline = sort_pair(pair, baseline)
    plan = replace(plan, clusters=pair.clusters)
    old, new = pair.old, pair.new
    metrics: Metrics = {}
    if pair.single:
        metrics |= estimate_flips(old.right > 0, new.right > 0, pair.same, plan)
    else:
        several = "examples have several samples; see the expected negative flip rate"
        metrics = complete(metrics, ("accuracy", "flips"), several)
    if not pair.single or pair.rerun is not None:
        metrics |= estimate_samples(old, new, plan, rerun=pair.rerun)
    if continuous:
        metrics |= estimate_smooth(old.scores, new.scores, plan)
    tests = run_tests(old, new, plan, continuous=continuous)
    if baseline is not None and pair.single:
        metrics |= estimate_candidate(old, baseline, new, plan, continuous=continuous)
        tests |= compare_flips(old, baseline, new, plan)
    metrics = complete(metrics, ("samples",), "each example has one sample")
    metrics = complete(metrics, ("smooth",), "the scorer knows right and wrong alone")
    metrics = complete(metrics, ("candidate",), _no_candidate(pair, baseline))
    return {name: metrics[name] for name in METRICS}, tests


def _no_candidate(pair: JudgedPair, baseline: Judged | None) -> str:
    if baseline is None:
        return "there is no other new model to compare with"
    known = "the scorer knows right and wrong alone"
    return known if pair.single else "examples have several samples"


def measure_slices(
    pair: JudgedPair,
    slices: Mapping[str, list[str]],
    plan: Plan,
    *,
    continuous: bool,
    correction: str,
) -> dict[str, dict[str, Slice]]:
    """Measure the examples that share a value, for each field and value, in order of value.

    The tests of the slices of one field are corrected together.
    """
    result: dict[str, dict[str, Slice]] = {}
    for path, values in slices.items():
        distinct, codes = np.unique(np.array(values, object), return_inverse=True)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(codes))[:-1])
        measured = [_measure_slice(pair.take(rows), plan, continuous=continuous) for rows in parts]
        tests = correct([part.tests for part in measured], correction)
        result[path] = {
            str(value): replace(part, tests=corrected)
            for value, part, corrected in zip(distinct, measured, tests, strict=True)
        }
    return result


def _measure_slice(part: JudgedPair, plan: Plan, *, continuous: bool) -> Slice:
    metrics, tests = measure_pair(part, plan, continuous=continuous)
    return Slice(count_pair(part), metrics, tests)


def sort_pair(pair: JudgedPair, baseline: Judged | None = None) -> tuple[JudgedPair, Judged | None]:
    """Sort the examples by id, so that the order of the files is of no consequence.

    Resampling draws by position: without this, the same rows in another order, or beside
    another candidate, would have other limits.
    """
    order = np.array(sorted(range(len(pair.ids)), key=pair.ids.__getitem__), np.int64)
    return pair.take(order), None if baseline is None else baseline.take(order)
