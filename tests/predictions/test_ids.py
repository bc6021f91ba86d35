import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.predictions import ids as module
from compatkit.predictions.ids import Ids
from compatkit.stored import Store

TEXT = st.text(st.characters(exclude_categories=[]), max_size=5)  # lone surrogates, too
TEXTS = st.lists(TEXT, max_size=12)


@given(TEXTS)
def test_packed_texts_are_the_texts(texts: list[str]) -> None:
    packed = Ids.pack(texts)
    assert packed == texts
    assert list(packed) == texts
    assert [packed[row] for row in range(-len(texts), len(texts))] == texts * 2
    assert repr(packed) == repr(texts)
    assert copy.deepcopy(packed) == packed
    assert packed[1:4] == texts[1:4]
    assert packed.are_distinct() == (len(set(texts)) == len(texts))


@given(TEXTS, TEXTS)
def test_only_the_same_texts_are_equal(texts: list[str], others: list[str]) -> None:
    assert (Ids.pack(texts) == Ids.pack(others)) == (texts == others)
    joined = Ids.join([Ids.pack(texts), Ids.pack(others)])
    assert joined == Ids.pack([*texts, *others])


def test_texts_of_one_spelling_and_other_borders_differ() -> None:
    assert Ids.pack(["ab", "c"]) != Ids.pack(["a", "bc"])
    assert Ids.pack(["1"]) != ("1",)


@given(st.lists(TEXT, min_size=1, max_size=12), st.data())
def test_some_are_taken_in_any_order(texts: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1)))
    packed = Ids.pack(texts)
    for step in (1, 3, 100):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "TAKEN", step)
            assert packed.take(np.array(rows, np.int64)) == [texts[row] for row in rows]


HARD = st.sampled_from("a\0\u00e9\ud800\uffff\U0001f600")
LONG = st.lists(st.text(HARD, max_size=40), max_size=9)


@given(TEXTS | LONG, st.sampled_from([8, 64]))
def test_they_are_sorted_as_python_sorts_them(texts: list[str], short: int) -> None:
    packed = Ids.pack(texts)
    places = sorted(range(len(texts)), key=texts.__getitem__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SHORT", short)
        assert packed.order().tolist() == places
        assert packed.put(Store()).order().tolist() == places


@given(TEXTS, TEXTS, st.data(), st.sampled_from([1, 3, 100]))
def test_in_a_file_they_are_the_same(
    texts: list[str], others: list[str], data: st.DataObject, step: int
) -> None:
    packed = Ids.join([Ids.pack(part).put(Store()) for part in (texts, others)])
    every = [*texts, *others]
    chosen = data.draw(st.sets(st.sampled_from(range(len(every)))) if every else st.just(set()))
    rows = np.array(sorted(chosen), np.int64)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STEP", "TAKEN", "LARGE", "BATCH"):
            patch.setattr(module, name, step)
        assert packed.is_stored
        assert packed == every
        assert [packed[row] for row in range(len(every))] == every
        assert packed == Ids.pack(every)
        assert packed != Ids.pack([*every, "z"])
        assert packed != Ids.pack(["zz", *every[1:]])
        assert packed.take(rows) == [every[row] for row in rows.tolist()]
        assert packed.take(rows[::-1]) == [every[row] for row in rows[::-1].tolist()]
        assert packed.are_distinct() == (len(set(every)) == len(every))
        assert [packed.index(text) for text in every] == [every.index(text) for text in every]
    with pytest.raises(ValueError, match="none of them"):
        packed.index("no such text")


def test_one_beyond_the_end_is_none_of_them() -> None:
    with pytest.raises(IndexError):
        Ids.pack(["a"])[1]


def test_many_are_unpacked_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    texts = ["é", "", "a", "b", "c", "", "d\ud800"]
    assert list(Ids.pack(texts)) == texts


def test_ends_are_narrow_until_there_are_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Ids.pack(["ab", "c"]).ends.dtype == np.uint32
    monkeypatch.setattr(module, "NARROW", 3)
    assert Ids.pack(["ab", "c"]).ends.dtype == np.uint64
    joined = Ids.join([Ids.pack(["ab"]), Ids.pack(["c"])])
    assert joined.ends.dtype == np.uint64
    assert list(joined) == ["ab", "c"]
