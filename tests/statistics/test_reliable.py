import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from compatkit.errors import ConfigError
from compatkit.statistics import fisher_exact, reliable_flips, reliable_power

samples = st.integers(1, 25).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_fisher_by_hand():
    # The lady tasting tea: 3 of 4 against 1 of 4 has 34 of 70 tables at most as likely.
    assert fisher_exact(3, 4, 1, 4) == pytest.approx(34 / 70)
    assert fisher_exact(4, 4, 0, 4) == pytest.approx(2 / 70)


@given(samples, samples)
def test_scipy_agrees_on_fisher(old, new):
    table = [[old[0], old[1] - old[0]], [new[0], new[1] - new[0]]]
    assert fisher_exact(*old, *new) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


@given(samples, samples)
def test_fisher_is_symmetric(old, new):
    p = fisher_exact(*old, *new)
    assert 0.0 < p <= 1.0
    assert p == fisher_exact(*new, *old)
    assert p == fisher_exact(old[1] - old[0], old[1], new[1] - new[0], new[1])


def test_five_samples_prove_no_single_flip():
    # 5 of 5 right, then none: p = 0.008, which among 100 examples is no discovery.
    found = reliable_flips([5] * 100, [5] * 100, [0] + [5] * 99, [5] * 100)
    assert not found.worse.any()
    assert found.p_values[0] == pytest.approx(100 * fisher_exact(5, 5, 0, 5))


def test_twenty_samples_prove_it():
    found = reliable_flips([20] * 100, [20] * 100, [4] * 100, [20] * 100)
    assert found.worse.all()
    assert not found.better.any()
    turned = reliable_flips([4] * 100, [20] * 100, [20] * 100, [20] * 100)
    assert turned.better.all()


def test_two_runs_of_one_model_are_seldom_reliable_flips():
    rng = np.random.default_rng(1)
    share = rng.beta(0.5, 0.5, 5000)
    old, new = rng.binomial(10, share), rng.binomial(10, share)
    found = reliable_flips(old, np.full(5000, 10), new, np.full(5000, 10))
    assert found.worse.sum() + found.better.sum() <= 1


def test_false_discoveries_stay_below_the_level():
    rng = np.random.default_rng(2)
    share = rng.uniform(0.2, 0.8, 2000)
    after = np.where(np.arange(2000) < 400, share * 0.05, share)
    tens = np.full(2000, 40)
    found = reliable_flips(rng.binomial(40, share), tens, rng.binomial(40, after), tens)
    assert found.worse[:400].sum() > 200
    assert (found.worse | found.better)[400:].sum() <= 0.05 * found.worse.sum()


def test_examples_without_samples_are_counted_and_not_tested():
    found = reliable_flips([10, 0], [10, 0], [0, 10], [10, 10])
    assert found.untested == 1
    assert math.isnan(found.p_values[1])
    assert found.worse.tolist() == [True, False]


def test_no_examples():
    found = reliable_flips([], [], [], [])
    assert found.worse.size == found.untested == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [1, 1], [1], [1]), "old_right has the shape"),
        (([2], [1], [1], [1]), "old_right is below 0 or above old_total"),
        (([0.5], [1], [1], [1]), "not whole"),
        (([1], [1], [1, 1], [1, 1]), "old has 1 examples and new 2"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        reliable_flips(*arguments)


@pytest.mark.parametrize(("samples", "examples"), [(5, 30), (8, 200), (20, 100)])
def test_the_power_is_what_is_found(samples, examples):
    power = reliable_power(samples, samples, examples)
    whole = np.full(examples, samples)
    for fallen in (power.alike - 1, power.alike):
        new = np.where(np.arange(examples) < fallen, 0, samples)
        found = reliable_flips(whole, whole, new, whole).worse.sum()
        assert found == (fallen if fallen == power.alike else 0)
    if power.right is not None:
        for right, seen in ((power.right, 1), (power.right + 1, 0)):
            new = np.where(np.arange(examples) < 1, right, samples)
            assert reliable_flips(whole, whole, new, whole).worse.sum() == seen


def test_a_power_without_samples_is_refused():
    with pytest.raises(ConfigError, match="1 or more"):
        reliable_power(0, 5, 10)
