import math
import subprocess
import sys

import pytest

import compatkit.statistics
from compatkit.errors import ConfigError
from compatkit.statistics import Interval, wilson
from compatkit.statistics.interval import check_counts, check_level, undefined


def test_public_names_are_sorted_and_exist():
    names = compatkit.statistics.__all__
    assert names == sorted(names)
    assert all(hasattr(compatkit.statistics, name) for name in names)


def test_import_leaves_scipy_alone():
    code = "import sys, compatkit.statistics; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_interval_is_frozen():
    with pytest.raises(AttributeError):
        wilson(1, 2).low = 0.0


def test_undefined_is_nan_with_a_reason():
    interval = undefined(0.9, "wilson", "no examples")
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert not interval.is_defined
    assert Interval(0.0, 1.0, 0.9, "wilson").is_defined


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, math.nan])
def test_a_level_outside_0_and_1_is_refused(level):
    with pytest.raises(ConfigError, match="expected a number between 0 and 1"):
        check_level(level)


@pytest.mark.parametrize("count", [-1, 0.5, math.nan, math.inf])
def test_a_count_that_is_none_is_refused(count):
    with pytest.raises(ConfigError, match=r"n10 is .*; expected a whole number"):
        check_counts(n10=count)
