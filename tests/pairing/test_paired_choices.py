"""Paired choices: the same choice on both sides, whatever the order; a plain script beside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.pairing.paired_choices import pair_choices, rows_of
from compatkit.predictions.likelihoods import PER_TOKEN, RAW, Likelihoods

Row = list[tuple[int, float]]


def columns_of(rows: list[Row], weighing: str = RAW) -> Likelihoods:
    flat = [pair for row in rows for pair in row]
    return Likelihoods(
        np.array([len(row) for row in rows], np.int64),
        np.array([value for _, value in flat], np.float64),
        np.array([name for name, _ in flat], np.int64),
        np.zeros(len(flat), np.bool_),
        weighing,
    )


def pair(old: list[Row], new: list[Row]) -> list[tuple[int, list[float], list[float]]]:
    every = np.arange(len(old))
    both = pair_choices(columns_of(old), columns_of(new), every, every)
    ends = np.cumsum(both.sizes)
    starts = (ends - both.sizes).tolist()
    return [
        (example, both.old[start:end].tolist(), both.new[start:end].tolist())
        for example, start, end in zip(both.examples.tolist(), starts, ends.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([(1, -1.0), (2, -2.0)], [(1, -3.0), (2, -4.0)], [-3.0, -4.0]),
        ([(1, -1.0), (2, -2.0)], [(2, -4.0), (1, -3.0)], [-3.0, -4.0]),
        ([(3, -1.0), (1, -2.0), (2, -0.5)], [(1, -7.0), (2, -8.0), (3, -9.0)], [-9.0, -7.0, -8.0]),
        ([(1, -1.0), (1, -2.0)], [(1, -3.0), (1, -4.0)], [-3.0, -4.0]),  # alike, in their places
        ([(1, -1.0), (1, -2.0), (2, -3.0)], [(2, -3.0), (1, -4.0), (1, -5.0)], None),
        ([(1, -1.0), (2, -2.0)], [(1, -3.0), (3, -4.0)], None),
        ([(1, -1.0), (2, -2.0)], [(1, -3.0), (2, -4.0), (3, -4.0)], None),
        ([(1, -1.0), (2, -2.0)], [], None),
        ([], [], None),
    ],
)
def test_choices_by_hand(old: Row, new: Row, expected: list[float] | None) -> None:
    plain = [(5, -1.0), (6, -2.0)]
    same = ([-1.0, -2.0], [-1.0, -2.0])
    middle = [] if expected is None else [(1, [value for _, value in old], expected)]
    assert pair([plain, old, plain], [plain, new, plain]) == [(0, *same), *middle, (2, *same)]


def test_other_weighings_and_absent_rows_are_not_paired() -> None:
    rows = [[(1, -1.0), (2, -2.0)], [(1, -1.0), (2, -2.0)]]
    every, first = np.arange(2), np.array([0, -1])
    old = columns_of(rows)
    assert pair_choices(old, old, every, first).examples.tolist() == [0]
    assert pair_choices(old, columns_of(rows, PER_TOKEN), every, every).examples.tolist() == []
    assert rows_of(np.array([2, -1, 0]), 3).tolist() == [2, -1, 0]


choices = st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 0).map(float)), max_size=4)


@given(st.lists(st.tuples(choices, choices, st.booleans()), max_size=6))
def test_a_plain_script_pairs_the_same(rows: list[tuple[Row, Row, bool]]) -> None:
    olds = [old for old, _, _ in rows]
    news = [list(reversed(old)) if turned else new for old, new, turned in rows]
    expected = []
    for example, (old, new) in enumerate(zip(olds, news, strict=True)):
        names, others = [name for name, _ in old], [name for name, _ in new]
        values = [value for _, value in old]
        if names and names == others:
            expected.append((example, values, [value for _, value in new]))
        elif names and sorted(names) == sorted(others) and len(set(names)) == len(names):
            expected.append((example, values, [dict(new)[name] for name in names]))
    assert pair(olds, news) == expected
