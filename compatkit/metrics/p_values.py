"""P-values: is the new model worse, and how sure is that among several tests?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import numpy as np

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import JudgedPair
from compatkit.on_demand import OnDemand
from compatkit.record import replace
from compatkit.statistics.significance import ENUMERATED, Alternative

ABOVE_OTHERS = "nfr_above_others"  # of a slice, whether its NFR is above that of the others

CORRECTIONS: Mapping[str, Callable[[Sequence[float]], FloatArray]] = {
    "holm": statistics.holm,
    "bh": statistics.benjamini_hochberg,
    "none": lambda p_values: np.asarray(p_values, np.float64),
}


@dataclass(frozen=True, slots=True)
class PValue:
    """The outcome of one test.

    Attributes:
        test: `mcnemar-exact`, or `permutation` of the signs of changes (of groups, where
            examples come in groups).
        alternative: `two-sided`, `worse` for the new model being worse, or `equivalent` for a
            change within the margin.
        p_value: in (0, 1].
        p_adjusted: corrected for the family of tests.
        family: number of tests that were corrected together.
        correction: `holm`, `bh` or `none`.
        margin: largest change that counts as none, of a test of equivalence.
        least: the smallest p-value that so many resamples can give.
    """

    test: str
    alternative: Alternative | Literal["equivalent"]
    p_value: float
    p_adjusted: float
    family: int = 1
    correction: str = "none"
    margin: float | None = None
    least: float | None = None


Tests = Mapping[str, PValue]


def check_correction(name: str) -> None:
    """Refuse a correction that does not exist.

    Raises:
        ConfigError: naming those that do.
    """
    if name not in CORRECTIONS:
        raise ConfigError(
            f"--correction is {name!r}; one of {', '.join(CORRECTIONS)} was expected."
        )


def run_tests(pair: JudgedPair, plan: Plan) -> Tests:
    """Test whether accuracy, and the mean score of a continuous scorer, changed and fell.

    Where a margin is given, also whether the change is within it.

    Accuracy: exact McNemar where each example has one sample and examples are independent, else
    a permutation test of the signs of the changes. Mean score: the permutation test.

    Source: McNemar 1947; one-sided: Kuebler et al. 2026 (arXiv 2602.10144).
    """
    ways: dict[str, Callable[[], PValue]] = {}
    for name, alternative in _questions("accuracy"):
        ways[name] = partial(_test_accuracy, pair, alternative, plan)
    of_scores = pair.continuous and plan.resample
    for name, alternative in _questions("score") if of_scores else ():
        ways[name] = partial(_test_scores, pair, alternative, plan)
    if plan.margin is None:
        return OnDemand(ways)
    from compatkit.metrics.changes import (  # noqa: PLC0415  (start-up time)
        equivalence_of_accuracy,
        equivalence_of_score,
    )

    ways["accuracy_equivalent"] = partial(_equivalence, equivalence_of_accuracy, pair, plan)
    if of_scores:
        ways["score_equivalent"] = partial(_equivalence, equivalence_of_score, pair, plan)
    return OnDemand(ways)


def _test_accuracy(pair: JudgedPair, alternative: Alternative, plan: Plan) -> PValue:
    if pair.single and plan.clusters is None:
        return _mcnemar(pair.was_right, pair.is_right, alternative)
    return _permutation(pair.new.right - pair.old.right, alternative, plan)


def _test_scores(pair: JudgedPair, alternative: Alternative, plan: Plan) -> PValue:
    return _permutation(pair.change, alternative, plan)


def _equivalence(
    test: Callable[[JudgedPair, Plan, float], float], pair: JudgedPair, plan: Plan
) -> PValue:
    margin = plan.margin or 0.0
    p_value = test(pair, plan, margin)
    return PValue("two-one-sided", "equivalent", p_value, p_value, margin=margin)


def compare_flips(pair: JudgedPair, plan: Plan) -> Tests:
    """Test whether a candidate flips other numbers of the old model's answers than the new one.

    Given the examples that one of the two breaks and the other does not, either is as likely:
    McNemar's test of the flips.
    """
    return OnDemand({"delta_nfr": partial(_test_flips, pair, plan)})


def _test_flips(pair: JudgedPair, plan: Plan) -> PValue:
    kept_new, kept = ~pair.first.broken, ~pair.broken
    if plan.clusters is None:
        return _mcnemar(kept_new, kept, "two-sided")
    return _permutation(kept.astype(np.float64) - kept_new, "two-sided", plan)


def _questions(what: str) -> tuple[tuple[str, Alternative], ...]:
    return (f"{what}_changed", "two-sided"), (f"{what}_worse", "worse")


def _mcnemar(was: BoolArray, now: BoolArray, alternative: Alternative) -> PValue:
    negative, positive = int((was & ~now).sum()), int((now & ~was).sum())
    p_value = statistics.mcnemar(negative, positive, alternative)
    return PValue("mcnemar-exact", alternative, p_value, p_value)


def _permutation(change: FloatArray, alternative: Alternative, plan: Plan) -> PValue:
    units = _sum_groups(change, plan.clusters)
    p_value = statistics.permutation_test(
        units, alternative, resamples=plan.resamples, seed=plan.seed
    )
    name = "permutation" if plan.clusters is None else "permutation-of-groups"
    drawn = np.count_nonzero(units) > ENUMERATED
    least = 1.0 / (plan.resamples + 1) if drawn else None
    return PValue(name, alternative, p_value, p_value, least=least)


def _sum_groups(change: FloatArray, clusters: IntArray | None) -> FloatArray:
    """Return what is independent: of examples in one group the signs are flipped together."""
    return change if clusters is None else np.bincount(clusters, change).astype(np.float64)


def sum_changes(pair: JudgedPair) -> FloatArray:
    """Return the change of the share of right answers of each unit that is independent."""
    return _sum_groups(pair.new.right - pair.old.right, pair.clusters)


def correct(families: Sequence[Tests], correction: str) -> list[Tests]:
    """Correct each test over its namesakes in several comparisons or slices.

    Args:
        families: the tests of each comparison, or of each slice.
        correction: `holm` holds the chance of any false alarm, `bh` the expected share of false
            ones among the alarms, `none` nothing.

    Source: Holm 1979; Benjamini and Hochberg 1995.
    """
    check_correction(correction)

    @cache
    def namesakes(name: str) -> dict[int, PValue]:
        holders = {place: tests[name] for place, tests in enumerate(families) if name in tests}
        adjusted = CORRECTIONS[correction]([test.p_value for test in holders.values()])
        return {
            place: replace(test, p_adjusted=p_adjusted, family=len(holders), correction=correction)
            for (place, test), p_adjusted in zip(holders.items(), adjusted.tolist(), strict=True)
        }

    def corrected(name: str, place: int) -> PValue:
        return namesakes(name)[place]

    return [
        OnDemand({name: partial(corrected, name, place) for name in tests})
        for place, tests in enumerate(families)
    ]
