"""What comes in any order leaves in the order of its numbers, whatever waits where."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.errors import CompatkitError
from compatkit.readers import in_order
from compatkit.readers.in_order import put_in_order
from compatkit.stored import Store


@given(st.permutations(range(23)), st.integers(1, 30), st.integers(1, 5))
def test_the_order_is_that_of_the_numbers(order: list[int], most: int, shares: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_order, "SHARES", shares)
        numbered = [(number, {"id": str(number)}) for number in order]
        items = list(put_in_order(iter(numbered), len(order), most))
    assert items == [{"id": str(number)} for number in range(len(order))]


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fill(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(os, "pwrite", fill)
    numbered = ((number, "text") for number in reversed(range(50)))
    with pytest.raises(CompatkitError) as caught:
        list(put_in_order(numbered, 50, 5))
    assert str(caught.value) == (
        f"{tmp_path}: no room for a temporary file: No space left on device. 0 MB were written. "
        "Name a folder with more room by the variable TMPDIR."
    )
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(CompatkitError, match=r"absent: no room .* No such file"):
        Store()


def test_nothing_waits_where_the_orders_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "append", None)
    taken: list[int] = []

    def come() -> Iterator[tuple[int, int]]:
        for number in range(50):
            assert len(taken) == number
            yield number, number

    taken.extend(put_in_order(come(), 50, 1))
    assert taken == list(range(50))
    assert list(put_in_order(iter(()), 0)) == []


def test_few_wait_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = Store.append

    def count(store: Store, content: bytes) -> int:
        written.append(len(content))
        return write(store, content)

    monkeypatch.setattr(Store, "append", count)
    backwards = [(number, number) for number in reversed(range(100))]
    assert list(put_in_order(backwards, 100, 100)) == list(range(100))
    assert written == []
    assert list(put_in_order(backwards, 100, 10)) == list(range(100))
    assert len(written) == 18  # of nine times eleven that waited, each lies in two shares of ten
