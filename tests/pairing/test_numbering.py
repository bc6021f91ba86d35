"""Ids of several files are numbered in the order in which they first occur."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.pairing import numbering as module
from compatkit.pairing.numbering import mark, number_ids
from compatkit.predictions.ids import Ids
from compatkit.stored import Store

COLUMNS = st.lists(st.lists(st.sampled_from(["a", "b", "cc", ""]), max_size=6), min_size=1)


@given(COLUMNS, st.sampled_from([2, 5, 1000]), st.booleans())
def test_equal_ids_have_equal_numbers_in_order(
    columns: list[list[str]], together: int, lie: bool
) -> None:
    packed = [Ids.pack(column) for column in columns]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TOGETHER", together)
        patch.setattr(module, "STEP", together)
        ids, codes = number_ids([one.put(Store()) for one in packed] if lie else packed)
    every = dict.fromkeys(text for column in columns for text in column)
    assert list(ids) == list(every)
    assert [[ids[code] for code in column.tolist()] for column in codes] == columns


def test_files_of_one_order_are_numbered_once() -> None:
    ids, (old, new) = number_ids([Ids.pack(["a", "b"]), Ids.pack(["a", "b"])])
    assert old is new
    assert old.tolist() == [0, 1]
    assert ids == ["a", "b"]


def test_what_occurs_is_marked() -> None:
    numbers = np.array([2, 0, 2])
    assert mark(numbers, 4).tolist() == [True, False, True, False]
    assert mark(numbers, 4, np.array([True, False, False])).tolist() == [False, False, True, False]
