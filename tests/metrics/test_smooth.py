import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.metrics.smooth import count_smooth, sweep_thresholds

OLD = np.array([0.5, 0.5, 0.5, 0.5, 0.25])
NEW = np.array([0.75, 0.25, 0.5, 1.0, 0.125])


def test_gains_and_regressions_by_hand() -> None:
    smooth = count_smooth(OLD, NEW)
    assert (smooth.total, smooth.ties) == (5, 1)
    assert smooth.smooth_positive_flip_rate == 2 / 5
    assert smooth.smooth_negative_flip_rate == 2 / 5
    assert smooth.mean_gain == (0.25 + 0.5) / 2
    assert smooth.mean_regression == (0.25 + 0.125) / 2


def test_a_change_of_at_most_epsilon_is_a_tie() -> None:
    smooth = count_smooth(OLD, NEW, epsilon=0.25)
    assert (len(smooth.gains), len(smooth.regressions), smooth.ties) == (1, 0, 4)
    assert np.isnan(smooth.mean_regression)


def test_no_example_makes_every_rate_undefined() -> None:
    smooth = count_smooth(np.array([]), np.array([]))
    for name in ("smooth_negative_flip_rate", "smooth_positive_flip_rate", "mean_gain"):
        assert np.isnan(getattr(smooth, name))


scores = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), st.floats(0, 1, width=32)), max_size=20
)


@given(scores)
def test_the_sweep_counts_at_every_threshold_what_counting_there_gives(rows: list) -> None:
    old, new = np.array(rows, float).reshape(-1, 2).T
    sweep = sweep_thresholds(old, new)
    assert sweep.thresholds.tolist() == sorted({*old.tolist(), *new.tolist()})
    for index, threshold in enumerate(sweep.thresholds):
        was, now = old >= threshold, new >= threshold
        assert sweep.negative_flips[index] == (was & ~now).sum()
        assert sweep.positive_flips[index] == (~was & now).sum()


@given(scores)
def test_the_gain_formula_of_the_paper(rows: list) -> None:
    old, new = np.array(rows, float).reshape(-1, 2).T
    smooth = count_smooth(old, new)
    change = new - old
    if (change > 0).any():
        rate = (change > 0).mean()
        expected = (change * (change > 0)).sum() / (len(change) * rate)
        assert smooth.mean_gain == pytest.approx(expected)
