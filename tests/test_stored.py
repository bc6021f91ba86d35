"""Columns in a temporary file are the same columns."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit import stored as module
from compatkit.stored import Store, Stored, load, look_up, narrow, read_parts, take

PARTS = st.lists(st.lists(st.integers(-3, 3) | st.just(0), max_size=6), min_size=1, max_size=5)


def put(parts: list[list[int]]) -> Stored:
    store = Store()
    return Stored.join([store.put(np.array(part, np.int64)) for part in parts])


@given(PARTS, st.integers(0, 30), st.integers(0, 30))
def test_a_column_of_several_parts_is_read_as_it_was_put(
    parts: list[list[int]], start: int, stop: int
) -> None:
    column, numbers = put(parts), [number for part in parts for number in part]
    assert len(column) == len(numbers)
    assert load(column).tolist() == numbers
    assert column[start:stop].tolist() == numbers[start:stop]
    assert column.any() == any(numbers)


@given(PARTS, st.data(), st.sampled_from([1, 2, 100]))
def test_some_rows_are_taken_in_any_order(
    parts: list[list[int]], data: st.DataObject, step: int
) -> None:
    column, numbers = put(parts), [number for part in parts for number in part]
    rows = data.draw(st.lists(st.sampled_from(range(len(numbers)))) if numbers else st.just([]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STEP", step)
        taken = take(column, np.array(rows, np.int64))
        together = [own.tolist() for _, (own, _) in read_parts(column, np.array(numbers))]
    assert taken.tolist() == take(np.array(numbers, int), np.array(rows, int)).tolist()
    assert [number for part in together for number in part] == numbers
    assert all(len(part) <= step for part in together)


def test_what_is_added_to_a_part_is_added_when_it_is_read() -> None:
    store = Store()
    parts = [store.put(np.array(part, np.uint8)) for part in ([250, 255], [0, 0], [1])]
    column = Stored.join(parts, [0, 252, 254])
    assert load(column).tolist() == [250, 255, 252, 252, 255]
    assert load(Stored.join([column, parts[0]], [10, 0])).tolist() == [
        *(260, 265, 262, 262, 265),
        *(250, 255),
    ]


def test_zeros_take_no_room() -> None:
    store = Store()
    zeros = store.put(np.zeros(1000, np.bool_))
    assert store.append(b"") == 0
    assert not zeros.any()
    assert load(zeros).dtype == np.bool_
    assert not load(zeros).any()


def test_a_column_outlives_a_pickle_and_a_copy() -> None:
    column = put([[1, 2], [0], [3]])
    for copied in (pickle.loads(pickle.dumps(column)), copy.deepcopy(column)):  # noqa: S301
        assert load(copied).tolist() == [1, 2, 0, 3]
        assert copied.stores[0].descriptor != column.stores[0].descriptor


def test_the_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    column = put([[1, 2]])
    assert list(tmp_path.iterdir()) == []
    assert load(column).tolist() == [1, 2]


def test_a_file_that_is_cut_is_no_column() -> None:
    column = put([[1, 2]])
    with open(column.stores[0].descriptor, "r+b", closefd=False) as file:
        file.truncate(8)
    with pytest.raises(EOFError, match="was cut"):
        load(column)


def test_a_table_is_looked_up_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP", 2)
    assert look_up(np.array([5, 6, 7]), np.array([2, 0, -1, 1, 0])).tolist() == [7, 5, 7, 6, 5]


def test_numbers_are_narrow_only_where_all_fit() -> None:
    assert narrow(np.array([-1, 2**31 - 1])).dtype == np.int32
    assert narrow(np.array([2**31])).dtype == np.int64
    assert narrow(np.zeros(0, np.int64)).dtype == np.int32
