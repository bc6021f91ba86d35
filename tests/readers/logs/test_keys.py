"""A key means one content."""

import pytest

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.logs.keys import Once, refuse_repeated


def batch(*rows):
    return Records([{"id": name, **more} for name, more in rows], range(1, len(rows) + 1), "log")


def test_a_key_twice_with_one_content_is_one():
    once = Once("the question")
    once.put("q1", {"a": 1}, "file:1")
    once.put("q1", {"a": 1}, "file:2")
    assert once.values == {"q1": {"a": 1}}


def test_a_key_twice_with_two_contents_is_refused():
    once = Once("the question")
    once.put("q1", "Paris", "file:1")
    with pytest.raises(DataError, match="file:2: the question q1 occurs twice, with different"):
        once.put("q1", "Rome", "file:2")


def test_rows_that_repeat_are_refused_over_batches_and_samples_are_not():
    fine = [batch(("1", {"sample": 0}), ("1", {"sample": 1})), batch(("2", {}))]
    assert list(refuse_repeated(iter(fine), "id and sample")) == fine
    with pytest.raises(DataError, match="log:1: the id '1' with the sample 1 occurs twice"):
        list(refuse_repeated(iter([fine[0], batch((1, {"sample": 1}))]), "id and sample"))
    with pytest.raises(DataError, match="a row is known by id and sample"):
        list(refuse_repeated(iter([batch(("2", {})), batch(("2", {}))]), "id and sample"))
