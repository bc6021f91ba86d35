"""Bars: where a number stands in a drawing, by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.reports.page.bars import Bar, Scale, bar_of, scale_of

FINITE = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("value", "place"),
    # 4 % of the width are free on both sides: 0 stands at 4, 0.2 at 96.
    [(0.0, 4.0), (0.2, 96.0), (0.1, 50.0), (0.05, 27.0), (-1.0, 4.0), (9.0, 96.0)],
)
def test_a_number_stands_between_the_ends(value: float, place: float) -> None:
    assert Scale(0.0, 0.2).place(value) == place


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.043, 0.127, (0.06, 0.08, 0.1, 0.12)),
        (-0.02, 0.03, (-0.02, -0.01, 0.0, 0.01, 0.02, 0.03)),
        (0.0, 0.12, (0.0, 0.025, 0.05, 0.075, 0.1)),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert Scale(low, high).ticks == ticks


def test_a_scale_holds_every_number_that_there_is() -> None:
    assert scale_of([0.3, None, 0.1, math.inf]) == Scale(0.1, 0.3)
    assert scale_of([0.3]) == Scale(0.3, 1.3)
    assert scale_of([None]) == Scale(0.0, 1.0)


def test_a_bound_that_is_missing_is_the_end_of_the_scale() -> None:
    scale = Scale(0.0, 0.2)
    assert bar_of(scale, 0.1, (0.05, 0.2)) == Bar(50.0, 27.0, 96.0)
    assert bar_of(scale, 0.1, (None, 0.2)) == Bar(50.0, 4.0, 96.0)
    assert bar_of(scale, 0.1, (0.05, None)) == Bar(50.0, 27.0, 96.0)
    assert bar_of(scale, 0.1, (None, None)) == Bar(50.0)
    assert bar_of(scale, None, (0.0, 0.2)) is None


@given(st.lists(FINITE, min_size=1))
def test_places_keep_the_order_of_the_numbers_and_stay_inside(values: list[float]) -> None:
    scale = scale_of(values)
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(4.0 <= place <= 96.0 for place in places)
    margin = 1e-9 * (scale.high - scale.low) + 1e-12
    assert all(scale.low - margin <= tick <= scale.high + margin for tick in scale.ticks)
