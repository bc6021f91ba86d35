"""Faults seen in other tools, one test each, so that they do not come back here."""

import math

import numpy as np
import pytest

from compatkit.errors import ConfigError
from compatkit.statistics import (
    bootstrap_mean,
    combine_tasks,
    examples_needed,
    holm,
    mcnemar,
    newcombe_paired,
    permutation_test,
    power_of_gate,
    relative_flip_ratio,
    reliable_flips,
    tango,
    wilson,
)


def test_paired_data_are_not_treated_as_two_samples():
    # A z test of two samples gives 1000 rows, 850 and 820 right, p = 0.07.
    two_sample = 2 * 1.96 * math.sqrt((0.85 * 0.15 + 0.82 * 0.18) / 1000)
    paired = tango(n10=40, n01=10, total=1000)
    assert paired.high - paired.low < 0.5 * two_sample
    assert paired.high < 0.0
    assert mcnemar(40, 10) < 0.0001


def test_mcnemar_without_flips_does_not_divide_by_zero():
    assert mcnemar(0, 0) == 1.0


def test_mcnemar_of_few_flips_is_exact_and_not_chi_squared():
    # Chi-squared calls 5 against 0 significant at p = 0.025; exactly it is 0.0625.
    assert mcnemar(5, 0) == pytest.approx(0.0625)


def test_ties_count_for_neither_side():
    some = permutation_test([-0.5, -0.5, 0.25], "worse")
    assert permutation_test([-0.5, -0.5, 0.25] + [0.0] * 500, "worse") == some


def test_resamples_have_the_size_of_the_data():
    # Half-size resamples would be 1.4 times as wide.
    values = np.random.default_rng(0).normal(size=2000)
    interval = bootstrap_mean(values)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / math.sqrt(2000), rel=0.06)


def test_resamples_are_drawn_with_replacement():
    # Without replacement, resamples of full size would have no spread at all.
    interval = bootstrap_mean([0.0, 1.0] * 20, method="percentile")
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(40), rel=0.15)


def test_a_default_seed_makes_runs_repeatable():
    values = np.random.default_rng(1).random(30)
    assert bootstrap_mean(values) == bootstrap_mean(values)
    assert permutation_test(values - 0.5) == permutation_test(values - 0.5)


def test_power_and_budget_have_the_same_unit():
    # Both are shares of all examples: 100 gains and no loss of 500 are ample for 5 %.
    assert power_of_gate(500, budget=0.05, true_rate=0.0) == 1.0
    assert examples_needed(budget=0.05, true_rate=0.0) == 59


def test_a_clear_drop_of_a_tiny_size_is_not_a_large_drop():
    # Cohen's d of a constant change of 0.001 is huge; its mean and interval are 0.001.
    change = np.full(500, -0.001)
    interval = bootstrap_mean(change)
    assert interval.low == interval.high == -0.001


def test_undefined_is_not_0():
    for interval in (wilson(0, 0), tango(0, 0, 0), newcombe_paired(0, 0, 0, 0)):
        assert math.isnan(interval.low)
        assert interval.reason
    assert math.isnan(relative_flip_ratio(0, 0, 3, 3).value)


def test_the_worst_of_many_tasks_is_corrected():
    # The largest of 20 unchanged tasks looks bad alone, and not among 20.
    n10, n01 = [13] + [8] * 19, [4] + [8] * 19
    assert mcnemar(13, 4, "worse") < 0.05
    assert combine_tasks(n10, n01).largest_drop > 0.2
    p_values = [mcnemar(a, b, "worse") for a, b in zip(n10, n01, strict=True)]
    assert holm(p_values).min() > 0.2


def test_a_missing_score_is_not_0():
    with pytest.raises(ConfigError, match="not finite"):
        bootstrap_mean([0.5, math.nan, 0.7])


def test_repeats_that_fall_from_5_to_1_of_5_are_seen():
    # Averaging and asking whether anything is above 0 calls this no regression.
    assert permutation_test(np.full(100, 0.2 - 1.0), "worse") < 0.001
    found = reliable_flips([20] * 100, [20] * 100, [4] * 100, [20] * 100)
    assert found.worse.all()


def test_balanced_churn_is_not_hidden_by_the_net_difference():
    # 150 lost and 150 won of 1000: the difference is 0, the negative flip rate is 15 %.
    assert mcnemar(150, 150) == 1.0
    assert wilson(150, 1000).low > 0.12


def test_p_values_from_resampling_are_never_0():
    assert permutation_test(np.full(1000, -1.0)) > 0.0
