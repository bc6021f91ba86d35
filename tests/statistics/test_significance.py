import itertools
import math
import subprocess
import sys
from dataclasses import astuple
from decimal import Decimal, localcontext
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from compatkit.errors import ConfigError
from compatkit.statistics import combine_changes, combine_tasks, mcnemar, permutation_test

flips = st.integers(0, 400)
changes = st.lists(st.integers(-4, 4).map(lambda k: k / 4), min_size=1, max_size=9)
ALTERNATIVES = ["two-sided", "worse", "better"]


# Fagerland, Lydersen and Laake 2013, BMC Med. Res. Methodol. 13:91: 7 against 1 discordant pairs.
def test_the_airway_example():
    assert mcnemar(7, 1) == pytest.approx(18 / 256)
    assert mcnemar(7, 1, mid_p=True) == pytest.approx(10 / 256)


def test_mcnemar_by_hand():
    # 3 heads of 3 coins.
    assert mcnemar(3, 0, "worse") == 1 / 8
    assert mcnemar(3, 0, "better") == 1.0
    assert mcnemar(3, 0) == 1 / 4
    assert mcnemar(0, 3) == 1 / 4
    assert mcnemar(3, 0, "worse", mid_p=True) == 1 / 16
    # Two of four: everything is at least as extreme; with mid-p the middle counts half.
    assert mcnemar(2, 2) == 1.0
    assert mcnemar(2, 2, mid_p=True) == 1.0 - 6 / 16 / 2


@given(flips, flips)
def test_statsmodels_agrees(n10, n01):
    theirs = statsmodels_mcnemar([[5, n10], [n01, 5]], exact=True).pvalue if n10 + n01 else 1.0
    assert mcnemar(n10, n01) == pytest.approx(min(theirs, 1.0), rel=1e-9)


@given(flips, flips.filter(bool))
def test_scipy_agrees_on_one_side(n10, n01):
    for alternative, tail in (("worse", "greater"), ("better", "less")):
        theirs = stats.binomtest(n10, n10 + n01, alternative=tail).pvalue
        assert mcnemar(n10, n01, alternative) == pytest.approx(theirs, rel=1e-9)


def test_many_flips_join_the_whole_numbers_smoothly():
    # 1000 flips are summed as whole numbers, 1001 are not.
    for alternative in ALTERNATIVES:
        few, more = mcnemar(540, 460, alternative), mcnemar(540, 461, alternative)
        assert few == pytest.approx(more, rel=0.1)
    assert mcnemar(500_700, 499_300) == pytest.approx(
        stats.binomtest(500_700, 10**6).pvalue, rel=1e-9
    )


@given(flips, flips)
def test_mcnemar_is_symmetric_under_a_swap(n10, n01):
    for mid_p in (False, True):
        assert mcnemar(n10, n01, mid_p=mid_p) == mcnemar(n01, n10, mid_p=mid_p)
        worse = mcnemar(n10, n01, "worse", mid_p=mid_p)
        assert worse == mcnemar(n01, n10, "better", mid_p=mid_p)
        assert 0.0 < worse <= 1.0


@given(flips, flips)
def test_mid_p_is_smaller(n10, n01):
    for alternative in ALTERNATIVES:
        assert mcnemar(n10, n01, alternative, mid_p=True) <= mcnemar(n10, n01, alternative)


def brute_permutation(differences, alternative):
    seen, count, total = sum(differences), 0, 0
    for signs in itertools.product((1, -1), repeat=len(differences)):
        value = sum(s * abs(d) for s, d in zip(signs, differences, strict=True))
        extreme = {
            "worse": value <= seen + 1e-9,
            "better": value >= seen - 1e-9,
            "two-sided": abs(value) >= abs(seen) - 1e-9,
        }
        count, total = count + extreme[alternative], total + 1
    return count / total


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@given(changes)
@settings(max_examples=40)
def test_permutation_agrees_with_every_choice_of_signs(alternative, differences):
    ours = permutation_test(differences, alternative)
    assert ours == pytest.approx(brute_permutation(differences, alternative))


def test_permutation_of_flips_is_mcnemar():
    differences = [-1.0] * 9 + [1.0] * 3 + [0.0] * 50
    for alternative in ALTERNATIVES:
        exact = mcnemar(9, 3, alternative)
        assert permutation_test(differences, alternative) == pytest.approx(exact)
    many = [-1.0] * 90 + [1.0] * 70
    assert permutation_test(many, "worse", resamples=100_000) == pytest.approx(
        mcnemar(90, 70, "worse"), abs=0.003
    )


def test_permutation_agrees_with_scipy():
    rng = np.random.default_rng(1)
    for size in (40, 300):
        differences = rng.normal(-0.1, 1.0, size)
        theirs = stats.permutation_test(
            (differences, np.zeros(size)),
            lambda x, y, axis: np.mean(x - y, axis=axis),
            permutation_type="samples",
            alternative="less",
            n_resamples=20_000,
            vectorized=True,
            random_state=np.random.default_rng(2),  # `rng` since scipy 1.15
        ).pvalue
        ours = permutation_test(differences, "worse", resamples=20_000)
        assert ours == pytest.approx(theirs, abs=0.012)


def test_permutation_in_blocks_agrees_with_the_normal_test():
    differences = np.random.default_rng(3).normal(-0.005, 1.0, 60_000)
    z = differences.sum() / math.sqrt(np.sum(differences**2))
    ours = permutation_test(differences, "worse", resamples=20_000)
    assert ours == pytest.approx(stats.norm.cdf(z), abs=0.03)


def test_a_permutation_p_value_is_never_0():
    assert permutation_test([-1.0] * 100, "worse", resamples=999) == 1 / 1000


def test_the_seed_fixes_the_p_value():
    differences = np.random.default_rng(4).normal(size=50)
    assert permutation_test(differences, seed=1) == permutation_test(differences, seed=1)
    assert permutation_test(differences, seed=1) != permutation_test(differences, seed=2)


def test_all_ties_and_no_examples():
    assert permutation_test([0.0, 0.0]) == 1.0
    assert math.isnan(permutation_test([]))
    assert mcnemar(0, 0) == mcnemar(0, 0, mid_p=True) == 1.0


def test_combined_tests_of_one_task_are_its_own_test():
    combined = combine_tasks([9], [3])
    alone = mcnemar(9, 3, "worse")
    assert combined.pooled == alone
    assert combined.any_of == pytest.approx(3 * alone)
    assert combined.largest_drop == pytest.approx(alone)
    assert combined.fisher == pytest.approx(alone)


def test_the_largest_drop_by_enumeration():
    n10, n01 = [5, 3, 4], [1, 3, 2]
    sizes = [a + b for a, b in zip(n10, n01, strict=True)]
    seen = max((a - b) / math.sqrt(a + b) for a, b in zip(n10, n01, strict=True))
    expected = sum(
        math.prod(math.comb(n, k) / 2**n for n, k in zip(sizes, counts, strict=True))
        for counts in itertools.product(*(range(n + 1) for n in sizes))
        if max((2 * k - n) / math.sqrt(n) for n, k in zip(sizes, counts, strict=True))
        >= seen - 1e-12
    )
    assert combine_tasks(n10, n01).largest_drop == pytest.approx(expected)


@settings(max_examples=40)
@given(st.lists(st.tuples(flips, flips), min_size=1, max_size=6))
def test_scipy_agrees_on_fisher_and_pooling(tasks):
    n10, n01 = [a for a, _ in tasks], [b for _, b in tasks]
    combined = combine_tasks(n10, n01)
    p_values = [mcnemar(a, b, "worse") for a, b in tasks if a + b]
    if p_values:
        theirs = stats.combine_pvalues(p_values, method="fisher").pvalue
        assert combined.fisher == pytest.approx(theirs, rel=1e-6, abs=1e-300)
    assert combined.pooled == mcnemar(sum(n10), sum(n01), "worse")
    assert combined == combine_tasks(n01, n10, "better")


def test_tasks_without_flips_say_nothing():
    assert combine_tasks([9, 0], [3, 0]) == combine_tasks([9], [3])
    assert combine_tasks([0, 0], [0, 0]).any_of == 1.0
    assert math.isnan(combine_tasks([], []).pooled)


def test_bad_arguments_are_refused():
    with pytest.raises(ConfigError, match="n10 is -1"):
        mcnemar(-1, 2)
    with pytest.raises(ConfigError, match="alternative is 'greater'"):
        mcnemar(1, 2, "greater")
    with pytest.raises(ConfigError, match="resamples is 5"):
        permutation_test([1.0], resamples=5)
    with pytest.raises(ConfigError, match="not finite"):
        permutation_test([math.nan])
    with pytest.raises(ConfigError, match="n10 has 1 tasks and n01 2"):
        combine_tasks([1], [1, 2])
    with pytest.raises(ConfigError, match="expected one of worse, better"):
        combine_tasks([1], [1], "two-sided")


def test_no_p_value_is_0() -> None:
    """2^-1075 is no number any more."""
    for flips in (1074, 1075, 5000, 10**6):
        combined = combine_tasks([flips, 3], [0, 4])
        values = [mcnemar(flips, 0, "worse"), mcnemar(flips, 0), mcnemar(flips, 0, mid_p=True)]
        values += [combined.pooled, combined.largest_drop, combined.fisher, combined.any_of]
        assert all(0 < value < 1e-300 for value in values)


@pytest.mark.parametrize(("count", "total"), [(800, 1500), (2600, 5000), (50_500, 100_000)])
def test_tails_of_many_flips_are_scipys(count: int, total: int) -> None:
    expected = float(stats.binom.sf(count - 1, total, 0.5))
    assert mcnemar(count, total - count, "worse") == pytest.approx(expected, rel=1e-9)


@given(st.integers(1, 1000), st.data())
def test_tails_of_few_flips_are_counted_exactly(total: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, total))
    outcomes = sum(math.comb(total, heads) for heads in range(count, total + 1))
    assert mcnemar(count, total - count, "worse") == outcomes / 2**total


@cache
def middle_of_50_digits(total: int) -> Decimal:
    """P(X = total / 2) of an even number of coins, as the product of (2i - 1) / 2i."""
    middle = Decimal(1)
    with localcontext(prec=50):
        for pair in range(2, total + 1, 2):
            middle *= Decimal(pair - 1) / pair
    return middle


def tail_of_50_digits(count: int, total: int) -> Decimal:
    """P(X >= count), of a count above the middle, by the ratios of its terms."""
    term, heads, tail = middle_of_50_digits(total), total // 2, Decimal(0)
    with localcontext(prec=50):
        while heads < count or term > tail * Decimal(10) ** -40:
            tail += term if heads >= count else 0
            term = term * (total - heads) / (heads + 1)
            heads += 1
    return tail


@pytest.mark.parametrize("total", [1002, 10_000, 10**6])
@pytest.mark.parametrize("deviation", [0.0, 0.001, 0.02, 0.5, 1.0, 2.0, 3.0, 5.0])
def test_tails_of_many_flips_are_exact_to_twelve_digits(total: int, deviation: float) -> None:
    count = total // 2 + 1 + int(deviation * math.sqrt(total) / 2)
    expected = float(tail_of_50_digits(count, total))
    assert mcnemar(count, total - count, "worse") == pytest.approx(expected, rel=2e-12)


def test_no_tail_loads_scipy() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None; from compatkit.statistics import mcnemar\n"
        "print(mcnemar(3, 1), mcnemar(900, 500), mcnemar(500_700, 499_300))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == f"{mcnemar(3, 1)} {mcnemar(900, 500)} {mcnemar(500_700, 499_300)}\n"


def test_combined_changes_of_plain_flips_are_those_of_counts():
    n10, n01 = [12, 9, 30], [10, 10, 8]
    changes = [[-1.0] * a + [1.0] * b for a, b in zip(n10, n01, strict=True)]
    drawn, exact = combine_changes(changes, resamples=40_000), combine_tasks(n10, n01)
    assert drawn.pooled == pytest.approx(exact.pooled, abs=0.002)
    assert drawn.largest_drop == pytest.approx(exact.largest_drop, abs=0.002)
    assert drawn.fisher == pytest.approx(exact.fisher, abs=0.004)


def test_combined_changes_seldom_reject_where_nothing_changed():
    rng = np.random.default_rng(8)
    p_values = np.array(
        [
            astuple(combine_changes(rng.normal(0, [[0.1], [0.5], [1.0]], (3, 25)), resamples=400))
            for _ in range(300)
        ]
    )
    assert ((p_values <= 0.05).mean(axis=0) <= 0.09).all()


def test_combined_changes_without_any():
    assert combine_changes([[0.0, 0.0], []]).any_of == 1.0
    assert math.isnan(combine_changes([]).pooled)
