import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from compatkit.errors import ConfigError
from compatkit.statistics import (
    clopper_pearson,
    conservative_difference,
    equivalence_power,
    examples_for_equivalence,
    examples_needed,
    largest_passing_rate,
    power_of_gate,
    smallest_detectable,
)


def brute_power(n, budget, rate, level):
    return sum(
        float(stats.binom.pmf(k, n, rate))
        for k in range(n + 1)
        if clopper_pearson(k, n, level, side="upper").high <= budget
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 150),
    st.floats(0.01, 0.5),
    # scipy's binomial overflows at the smallest of floats
    st.just(0.0) | st.floats(1e-9, 0.5),
    st.sampled_from([0.8, 0.9, 0.95]),
)
def test_power_by_enumeration(n, budget, rate, level):
    expected = brute_power(n, budget, rate, level)
    assert power_of_gate(n, budget, rate, level) == pytest.approx(expected, abs=1e-9)


def test_the_rule_of_three():
    # Without flips 0.99^n <= 0.05 is needed: n >= 298.07.
    assert examples_needed(0.01) == 299
    assert power_of_gate(298, 0.01, 0.0) == 0.0
    assert power_of_gate(299, 0.01, 0.0) == 1.0


@pytest.mark.parametrize(("budget", "rate"), [(0.05, 0.0), (0.05, 0.01), (0.1, 0.05), (0.3, 0.2)])
def test_from_the_number_needed_on_the_power_stays(budget, rate):
    n = examples_needed(budget, rate)
    assert power_of_gate(n - 1, budget, rate) < 0.8
    assert min(power_of_gate(n + more, budget, rate) for more in range(400)) >= 0.8


@pytest.mark.parametrize("budget", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("n", [20, 300, 5000])
def test_a_model_just_beyond_the_budget_seldom_passes(n, budget):
    assert power_of_gate(n, budget, budget + 1e-9) <= 0.05 + 1e-6


def test_the_smallest_budget_is_one_the_model_passes():
    for n, rate in ((100, 0.0), (1000, 0.01), (5000, 0.02)):
        budget = smallest_detectable(n, rate)
        assert power_of_gate(n, budget + 1e-9, rate) >= 0.8
        assert power_of_gate(n, budget - 1e-6, rate) < 0.8


def test_the_largest_passing_rate_is_where_the_power_is_reached():
    rate = largest_passing_rate(1000, 0.02)
    assert power_of_gate(1000, 0.02, rate) == pytest.approx(0.8)
    assert math.isnan(largest_passing_rate(100, 0.02))


def test_more_examples_show_smaller_budgets():
    budgets = [smallest_detectable(n, 0.005) for n in (100, 1000, 10_000, 100_000)]
    assert budgets == sorted(budgets, reverse=True)
    assert budgets[-1] == pytest.approx(0.005, rel=0.15)


def test_a_large_answer_is_found_at_once():
    assert 10**5 < examples_needed(0.001, 0.0009) < 10**6


def test_degenerate_input():
    assert power_of_gate(0, 0.5, 0.1) == 0.0
    assert power_of_gate(10, 0.0, 0.0) == 0.0
    assert math.isnan(smallest_detectable(0))
    assert smallest_detectable(1) == pytest.approx(0.95)


def test_bad_arguments_are_refused():
    with pytest.raises(ConfigError, match=r"true_rate is 0\.02; expected less than the budget"):
        examples_needed(0.01, 0.02)
    with pytest.raises(ConfigError, match="budget is 5"):
        power_of_gate(10, 5, 0.1)
    with pytest.raises(ConfigError, match="n is -1"):
        smallest_detectable(-1)
    with pytest.raises(ConfigError, match=r"more than 1,000,000,000 examples"):
        examples_needed(1e-10)


def test_equivalence_is_shown_as_often_as_by_enumeration():
    total, margin, discordance = 60, 0.2, 0.2
    shown = 0.0
    for flips in range(total + 1):
        for more in range(flips + 1):
            limits = conservative_difference(more, flips - more, total, 0.9)
            if -margin <= limits.low and limits.high <= margin:
                chance = stats.binom.pmf(flips, total, discordance) * stats.binom.pmf(
                    more, flips, 0.5
                )
                shown += chance
    assert equivalence_power(total, margin, discordance) == pytest.approx(shown, abs=1e-6)


def test_so_many_examples_show_equivalence():
    needed = examples_for_equivalence(0.05, 0.1)
    assert equivalence_power(needed, 0.05, 0.1) >= 0.8
    assert equivalence_power(round(0.9 * needed), 0.05, 0.1) < 0.8
    with pytest.raises(ConfigError, match="margin is 0"):
        examples_for_equivalence(0.0, 0.1)


def test_no_example_and_no_margin_show_no_equivalence():
    assert equivalence_power(0, margin=0.02, discordance=0.1) == 0.0
    assert equivalence_power(1000, margin=0.0, discordance=0.1) == 0.0
    # With no flips at all the bounds are those of counts of 0.
    assert equivalence_power(1000, margin=0.02, discordance=0.0) == 1.0
    assert equivalence_power(10, margin=0.02, discordance=0.0) == 0.0
