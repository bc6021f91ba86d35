import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.metrics.flips import Flips, count_flips

COUNTS = Flips(50, 10, 20, 20, 40, 1, 0, 5)  # N = 100


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total", 100),
        ("accuracy_old", 0.6),
        ("accuracy_new", 0.7),
        ("accuracy_delta", 0.1),
        ("negative_flip_rate", 0.1),
        ("positive_flip_rate", 0.2),
        ("inconsistency_flip_rate", (30 - 1 - 5) / 100),
        ("negative_flip_impact", 10 / 30),
        ("relative_negative_flip_rate", 0.1 / (0.6 * 0.3)),
        ("backward_trust_compatibility", 50 / 60),
        ("backward_error_compatibility", 20 / 30),
        ("churn", (100 - 46) / 100),
        ("agreement_right", 40 / 50),
    ],
)
def test_rates_by_hand(name: str, value: float) -> None:
    assert getattr(COUNTS, name) == pytest.approx(value, rel=1e-15)


RATES = [
    "accuracy_old",
    "accuracy_new",
    "negative_flip_rate",
    "positive_flip_rate",
    "inconsistency_flip_rate",
    "negative_flip_impact",
    "relative_negative_flip_rate",
    "backward_trust_compatibility",
    "backward_error_compatibility",
    "churn",
    "agreement_right",
]


@pytest.mark.parametrize("name", RATES)
def test_no_example_makes_every_rate_undefined_and_never_0(name: str) -> None:
    assert np.isnan(getattr(Flips(), name))


@pytest.mark.parametrize(
    ("flips", "undefined"),
    [
        (
            Flips(both_right=5),
            {"negative_flip_impact", "relative_negative_flip_rate", "backward_error_compatibility"},
        ),
        (
            Flips(both_wrong=5),
            {"backward_trust_compatibility", "relative_negative_flip_rate", "agreement_right"},
        ),
        (
            Flips(1, 1, 1, 1, answers_known=False),
            {"inconsistency_flip_rate", "churn", "agreement_right"},
        ),
    ],
)
def test_a_zero_denominator_is_undefined(flips: Flips, undefined: set[str]) -> None:
    assert {name for name in RATES if np.isnan(getattr(flips, name))} == undefined


columns = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=40)


def flips_of(rows: list[tuple[bool, bool, bool]]) -> Flips:
    old, new, same = np.array(rows, bool).reshape(-1, 3).T
    return count_flips(old, new, same)


@given(columns, columns)
def test_counts_add_over_any_split(left: list, right: list) -> None:
    assert flips_of(left) + flips_of(right) == flips_of(left + right)


@given(columns)
def test_swapping_the_models_swaps_the_flips(rows: list) -> None:
    flips = flips_of(rows)
    swapped = flips_of([(new, old, same) for old, new, same in rows])
    assert (swapped.negative_flips, swapped.positive_flips) == (
        flips.positive_flips,
        flips.negative_flips,
    )
    assert (swapped.both_right, swapped.both_wrong) == (flips.both_right, flips.both_wrong)


@given(columns)
def test_shares_lie_in_0_to_1_and_a_negative_flip_with_another_answer_is_inconsistent(
    rows: list,
) -> None:
    flips = flips_of(rows)
    for name in set(RATES) - {"relative_negative_flip_rate"}:
        value = getattr(flips, name)
        assert np.isnan(value) or 0 <= value <= 1
    honest = flips_of([(old, new, same and old == new) for old, new, same in rows])
    if rows:
        assert honest.negative_flip_rate <= honest.inconsistency_flip_rate
    if flips.new_wrong:
        assert flips.negative_flip_impact + flips.backward_error_compatibility == pytest.approx(1)


def test_unknown_answers_are_counted_as_unknown() -> None:
    flips = count_flips(np.array([True, False]), np.array([True, True]), None)
    assert flips == Flips(1, 0, 1, 0, answers_known=False)
