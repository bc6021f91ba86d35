"""Lifts: tables worked by hand, then an oracle that counts every way to deal, then properties."""

import math
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compatkit.errors import ConfigError
from compatkit.statistics import lift_interval, more_inside


def test_counts_are_fishers_exact_test_worked_by_hand() -> None:
    # 3 of 4 flips among the 5 inside: (C(4,3) C(6,2) + C(4,4) C(6,1)) / C(10,5), and of the others
    # 1 or more: all ways but those without a flip.
    values = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    inside = [True] * 5 + [False] * 5
    assert more_inside(values, inside) == pytest.approx((4 * 15 + 6) / 252)
    assert more_inside(values, [not flag for flag in inside]) == pytest.approx(1 - 6 / 252)


def test_what_could_not_be_larger_has_a_p_of_one() -> None:
    assert more_inside([0, 0, 0], [True, False, True]) == 1.0
    assert more_inside([1, 0, 1], [True, True, True]) == 1.0
    assert more_inside([1, 0, 1], [False, False, False]) == 1.0
    assert more_inside([1, 1, 1], [True, False, False]) == 1.0


def deal_groups(values: list[float], inside: list[bool], groups: list[int]) -> float:
    """Count every way to deal groups of one size, and examples within groups on both sides."""
    members = {g: [i for i, own in enumerate(groups) if own == g] for g in set(groups)}
    mean = sum(values) / len(values)
    ways: list[list[float]] = []
    seen = 0.0
    whole = {g: rows for g, rows in members.items() if len({inside[i] for i in rows}) == 1}
    for size in {int(math.log2(len(rows))) for rows in whole.values()}:
        some = [rows for rows in whole.values() if int(math.log2(len(rows))) == size]
        sums = [sum(values[i] - mean for i in rows) for rows in some]
        held = [inside[rows[0]] for rows in some]
        seen += sum(s for s, own in zip(sums, held, strict=True) if own)
        ways.append([sum(chosen) for chosen in combinations(sums, sum(held))])
    for g, rows in members.items():
        if g not in whole:
            own = [values[i] - mean for i in rows]
            held = [inside[i] for i in rows]
            seen += sum(v for v, flag in zip(own, held, strict=True) if flag)
            ways.append([sum(chosen) for chosen in combinations(own, sum(held))])
    sums = [sum(chosen) for chosen in product(*ways)]
    return sum(total >= seen - 1e-9 for total in sums) / len(sums)


@pytest.mark.parametrize("seed", range(12))
def test_groups_are_dealt_out_as_counting_every_way_has_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [1, 1, 1, 1, 2, 3, 2, 3, 4]
    groups = [g for g, size in enumerate(sizes) for _ in range(size)]
    own = rng.random(len(sizes)) < 0.5
    inside = [bool(own[g]) if g < 6 else bool(rng.random() < 0.5) for g in groups]
    values = (rng.random(len(groups)) < 0.4).astype(float)
    if seed % 2:
        values = np.round(values * rng.random(len(groups)), 2)
    exact = deal_groups(values.tolist(), inside, groups)
    drawn = more_inside(values, inside, groups, resamples=20_000, seed=seed)
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4)


def test_fractions_of_independent_examples_are_dealt_out_as_counting_has_it() -> None:
    values = [0.5, 0.25, 1.0, 0.0, 0.0, 0.75, 0.0, 0.25]
    inside = [True, True, True, False, False, False, False, False]
    chosen = [sum(c) for c in combinations(values, 3)]
    exact = sum(s >= 1.75 for s in chosen) / len(chosen)
    assert more_inside(values, inside, resamples=20_000) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("fractions", [False, True])
def test_many_groups_on_both_sides_hold_their_level(fractions: bool) -> None:
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(400), 5)
    rate = rng.beta(0.5, 4.0, 400)[groups]
    small = 0
    for seed in range(200):
        values = (rng.random(2000) < rate).astype(float)
        values = values * rng.choice([0.3, 0.6, 1.0], 2000) if fractions else values
        inside = rng.random(2000) < 0.05
        small += more_inside(values, inside, groups, resamples=999, seed=seed) <= 0.05
    assert small <= 20  # of 10 expected; binomial, more than 20 once in 1,700


def test_one_group_that_holds_all_flips_is_no_evidence() -> None:
    values = [1.0] * 10 + [0.0] * 90
    inside = [True] * 50 + [False] * 50
    groups = np.repeat(np.arange(10), 10)
    assert more_inside(values, inside) < 1e-3
    assert more_inside(values, inside, groups) == pytest.approx(0.5, abs=0.03)


def test_the_lift_of_counts_worked_by_hand() -> None:
    # All of 3 flips inside a half: there is no lift without one outside.
    lift, interval = lift_interval([1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0])
    assert math.isnan(lift)
    assert interval.reason == "none broke outside"
    # 1 of 2 flips in a half of the examples: s in [1 - 0.975^(1/2), 0.975^(1/2)].
    lift, interval = lift_interval([1, 0, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0])
    share = 1 - math.sqrt(0.975)
    assert lift == 1.0
    assert interval.low == pytest.approx(share / (1 - share))
    assert interval.high == pytest.approx((1 - share) / share)


def test_the_lift_of_groups_worked_by_hand() -> None:
    # Two groups inside with 1 and 3 flips of 4, two outside with 1 and 1 of 4: lift 2.
    values = [1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0]
    inside = [True] * 8 + [False] * 8
    groups = [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    # Influences: 1/4 - 4/8, 3/4 - 4/8, 4/8 - 1/2, 4/8 - 1/2; two of them tell.
    lift, interval = lift_interval(values, inside, groups)
    assert lift == 2.0
    half = math.log(interval.high / 2.0)
    assert half == pytest.approx(4.302653 * math.sqrt((1 / 16 + 1 / 16) * 4 / 3), rel=1e-5)
    assert interval.low == pytest.approx(4.0 / interval.high)


def test_the_interval_of_independent_counts_covers() -> None:
    rng = np.random.default_rng(11)
    covered = {}
    for rate, lift, size in ((0.02, 1.0, 0.3), (0.02, 3.0, 0.1), (0.2, 2.0, 0.1), (0.1, 1.5, 0.5)):
        hits = 0
        for _ in range(400):
            inside = rng.random(1000) < size
            values = rng.random(1000) < np.where(inside, rate * lift, rate)
            interval = lift_interval(values, inside)[1]
            hits += bool(interval.reason) or interval.low <= lift <= interval.high
        covered[rate, lift, size] = hits / 400
    assert min(covered.values()) >= 0.93


def test_nothing_is_said_where_one_group_holds_nearly_all() -> None:
    values = [1.0] * 9 + [0.0] + [1.0] + [0.0] * 9
    inside = [True] * 10 + [False] * 10
    lift, interval = lift_interval(values, inside, [0] * 20)
    assert lift == pytest.approx(9.0)
    assert interval.reason


@pytest.mark.parametrize("function", [more_inside, lift_interval])
def test_wrong_columns_are_refused(function: object) -> None:
    assert callable(function)
    with pytest.raises(ConfigError, match="one flag a value"):
        function([0, 1], [True])
    with pytest.raises(ConfigError, match="below 0 or above 1"):
        function([0, 2], [True, False])


values_of = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), min_size=2, max_size=14
)


@settings(max_examples=40, deadline=None)
@given(values_of, st.randoms(use_true_random=False))
def test_the_order_of_examples_changes_nothing(
    rows: list[tuple[bool, bool, int]], random: object
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    results = []
    for order in (rows, shuffled):
        values, inside, groups = (list(column) for column in zip(*order, strict=True))
        p_value = more_inside(values, inside, groups, resamples=200)
        lift = lift_interval(values, inside, groups)
        results.append((p_value, round(lift[0], 9), lift[1].reason))
    assert repr(results[0]) == repr(results[1])
    assert 0 < results[0][0] <= 1


def test_permutations_of_labels_change_nothing() -> None:
    values, inside = [1, 0, 1, 0, 0, 1], [True, True, True, False, False, False]
    for names in permutations("abc"):
        groups = [names[0], names[0], names[1], names[1], names[2], names[2]]
        assert more_inside(values, inside, groups, resamples=500) == more_inside(
            values, inside, ["a", "a", "b", "b", "c", "c"], resamples=500
        )
