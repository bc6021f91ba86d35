"""Slices that were picked: limits that hold together, and whether slices differ at all."""

from itertools import combinations

import numpy as np
import pytest
from judged_pairs import judged, pair_of

from compatkit import compare
from compatkit.metrics.estimates import Plan
from compatkit.metrics.measure_pair import measure_slices
from compatkit.metrics.p_values import ABOVE_OTHERS
from compatkit.metrics.pair import JudgedPair
from compatkit.metrics.picking import resamples_for, tell_apart
from compatkit.record import replace
from compatkit.statistics import simultaneous_proportions, slices_above_others, slices_differ


def sliced(flips: tuple[int, ...], size: int) -> tuple[JudgedPair, list[str]]:
    new = np.concatenate([np.repeat([0.0, 1.0], [each, size - each]) for each in flips])
    names = [f"s{n}" for n, _ in enumerate(flips) for _ in range(size)]
    return pair_of(judged(np.ones(len(new))), judged(new)), names


def test_of_counts_the_limits_and_tests_are_those_of_the_statistics() -> None:
    pair, names = sliced((9, 1, 2), 50)
    parts = measure_slices(pair, {"topic": names}, Plan(), correction="none")["topic"]
    expected = simultaneous_proportions([9, 1, 2], [50, 50, 50])
    for part, interval in zip(parts.values(), expected, strict=True):
        assert (part.together.low, part.together.high) == (interval.low, interval.high)
        assert part.together.low <= part.metrics["negative_flip_rate"].value <= part.together.high
    p_values = [part.tests[ABOVE_OTHERS].p_value for part in parts.values()]
    assert p_values == slices_above_others([9, 1, 2], [50, 50, 50]).tolist()
    apart = tell_apart(pair, names, Plan())
    assert apart.p_value == slices_differ([9, 1, 2], [50, 50, 50])


def test_the_worst_of_equal_slices_holds_the_common_rate() -> None:
    """Of 30 slices at one rate, the picked one's limits hold it in 95 % of the cases at least."""
    rng = np.random.default_rng(5)
    held = alone = 0
    for _ in range(300):
        counts = rng.binomial(60, 0.1, 30)
        together = simultaneous_proportions(counts, [60] * 30)
        worst = max(together, key=lambda each: each.low)
        held += worst.low <= 0.1 <= worst.high
        alone += simultaneous_proportions([counts.max()], [60])[0].low <= 0.1
    assert held >= 0.95 * 300
    assert alone < 0.7 * 300  # the interval of the worst one for itself seldom holds it


def test_of_samples_the_p_value_is_the_enumerated_one() -> None:
    old, new = judged([1.0] * 6, 2), judged([0.0, 0.5, 0.5, 1.0, 1.0, 1.0], 2)
    pair, names = pair_of(old, new), ["a", "a", "b", "b", "b", "b"]
    flips = 1.0 - new.right

    def between(first: tuple[int, ...]) -> float:
        one = flips[list(first)].sum()
        return float(one**2 / 2 + (flips.sum() - one) ** 2 / 4)

    deals = [between(each) for each in combinations(range(6), 2)]
    exact = np.mean([each >= deals[0] - 1e-12 for each in deals])
    assert tell_apart(pair, names, Plan(resamples=20_000)).p_value == pytest.approx(exact, abs=0.02)
    parts = measure_slices(pair, {"t": names}, Plan(), correction="holm")["t"]
    assert all(ABOVE_OTHERS not in part.tests for part in parts.values())
    assert all(part.together.method == "betting" for part in parts.values())


def test_groups_of_one_slice_each_are_dealt_out_whole() -> None:
    """Ten groups of ten that break together: 3 of 5 and none of 5, as likely as 1 in 6 by chance.

    As single examples, 30 of 50 against none would leave no doubt.
    """
    new = np.ones(100)
    new[:30] = 0.0
    pair = pair_of(judged([1.0] * 100), judged(new), clusters=np.arange(100) // 10)
    names = ["a"] * 50 + ["b"] * 50
    apart = tell_apart(pair, names, Plan(resamples=20_000))
    # 3 of 10 groups: all three in one half has the chance 2 C(5,3) / C(10,3) = 1/6.
    assert apart.p_value == pytest.approx(1 / 6, abs=0.015)
    assert tell_apart(replace(pair, clusters=None), names, Plan()).p_value < 0.001


def test_of_groups_in_several_slices_it_says_why_it_does_not_tell_slices_apart() -> None:
    pair = pair_of(judged([1.0] * 6), judged([0.0, 1, 1, 1, 1, 1]), clusters=np.arange(6) // 2)
    apart = tell_apart(pair, ["a", "b"] * 3, Plan())
    assert apart.p_value is None
    assert apart.reason == "a group of examples lies in several slices"
    parts = measure_slices(pair, {"t": ["a", "b"] * 3}, Plan(), correction="holm")["t"]
    assert parts["a"].together.low is not None


def test_resamples_are_enough_for_the_correction() -> None:
    assert resamples_for(3, Plan()) == 2000
    assert resamples_for(101, Plan()) == 4040
    assert 101 / (resamples_for(101, Plan()) + 1) < 0.05
    assert resamples_for(10**6, Plan()) == 1_000_000


def test_the_report_says_whether_any_slice_differs() -> None:
    old = [{"id": n, "prediction": "a", "reference": "a", "t": f"t{n % 4}"} for n in range(200)]
    equal = [{**row, "prediction": "b"} if row["id"] < 20 else row for row in old]
    said = str(compare(old, equal, by="t"))
    assert "no slice differs from the others more than chance would, p = " in said.replace(
        "\n", " "
    )
    one = [
        {**row, "prediction": "b"} if row["t"] == "t0" and row["id"] < 100 else row for row in old
    ]
    result = compare(old, one, by="t")
    assert "slices differ more than chance would have it, p < 0.0001" in str(result).replace(
        "\n", " "
    )
    assert result.worst_slice("t")[0] == "t0"
    report = result.to_dict()
    assert report["slices_differ"]["t"]["p_value"] < 0.001
    assert report["slices"]["t"]["t0"]["together"]["method"] == "clopper-pearson"
