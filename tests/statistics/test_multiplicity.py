import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from compatkit.errors import ConfigError
from compatkit.statistics import benjamini_hochberg, holm

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)
ADJUST = [(holm, "holm"), (benjamini_hochberg, "fdr_bh")]


def test_by_hand():
    assert holm([0.01, 0.02, 0.04]) == pytest.approx([0.03, 0.04, 0.04])
    assert benjamini_hochberg([0.01, 0.02, 0.04]) == pytest.approx([0.03, 0.03, 0.04])


@pytest.mark.parametrize(("ours", "name"), ADJUST)
@settings(max_examples=25)  # each call of theirs collects garbage
@given(p_lists)
def test_statsmodels_agrees(ours, name, p_values):
    theirs = multipletests(p_values, method=name)[1]
    assert ours(p_values) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(("ours", "name"), ADJUST)
@given(p_lists)
def test_never_smaller_and_in_the_same_order(ours, name, p_values):
    adjusted = ours(p_values)
    assert np.all(adjusted >= np.array(p_values) - 1e-15)
    order = np.argsort(p_values, kind="stable")
    assert np.all(np.diff(adjusted[order]) >= 0)
    assert np.all(holm(p_values) >= benjamini_hochberg(p_values) - 1e-15)


@pytest.mark.parametrize(("ours", "name"), ADJUST)
def test_nan_passes_through_and_does_not_count(ours, name):
    adjusted = ours([0.01, math.nan, 0.04])
    assert math.isnan(adjusted[1])
    assert adjusted[[0, 2]] == pytest.approx(ours([0.01, 0.04]))
    assert ours([]).size == 0
    assert np.isnan(ours([math.nan])).all()


@pytest.mark.parametrize(("ours", "name"), ADJUST)
def test_bad_values_are_refused(ours, name):
    with pytest.raises(ConfigError, match=r"p_values holds 1\.5"):
        ours([0.1, 1.5])
    with pytest.raises(ConfigError, match="expected one axis"):
        ours([[0.1]])
