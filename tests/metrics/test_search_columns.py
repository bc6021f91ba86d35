"""The slices that a feature cuts examples into, worked by hand."""

import numpy as np

from compatkit.metrics.search_columns import ALIKE, Condition, make_columns
from compatkit.predictions.features import FREE_TEXT, Feature


def texts(*values: str | None) -> Feature:
    names = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = [-1 if value is None else names.index(value) for value in values]
    return Feature(np.array(codes, np.int64), names, None)


def slices(feature: Feature) -> dict[str, list[int]]:
    (column,), aside = make_columns({"x": feature})
    assert not aside
    return {
        str(condition): np.flatnonzero(column.members[place][column.codes]).tolist()
        for place, condition in enumerate(column.conditions)
    }


def test_a_field_of_few_values_has_a_slice_for_each_and_for_none() -> None:
    assert slices(texts("b", "a", None, "b")) == {"x = a": [1], "x = b": [0, 3], "x = (none)": [2]}


def test_few_numbers_are_values_and_many_are_ranges_between_quartiles() -> None:
    few = Feature(None, (), np.array([2.0, 1.5, np.nan, 2.0]))
    assert slices(few) == {"x = 1.5": [1], "x = 2": [0, 3], "x = (none)": [2]}
    many = slices(Feature(None, (), np.arange(12.0)))
    # Quartiles of 12 numbers: the 3rd, the 6th and the 9th.
    assert many == {
        "x <= 2": [0, 1, 2],
        "x <= 5": [0, 1, 2, 3, 4, 5],
        "x <= 8": [0, 1, 2, 3, 4, 5, 6, 7, 8],
        "x > 2 and <= 5": [3, 4, 5],
        "x > 2 and <= 8": [3, 4, 5, 6, 7, 8],
        "x > 2": [3, 4, 5, 6, 7, 8, 9, 10, 11],
        "x > 5 and <= 8": [6, 7, 8],
        "x > 5": [6, 7, 8, 9, 10, 11],
        "x > 8": [9, 10, 11],
    }


def test_cuts_that_fall_together_are_one() -> None:
    tied = slices(Feature(None, (), np.array([0.0] * 30 + list(range(1, 11)))))
    assert list(tied) == ["x <= 0", "x > 0"]
    top = slices(Feature(None, (), np.array([*range(11), *[99.0] * 40])))
    assert list(top) == ["x <= 10", "x > 10"]


def test_what_cuts_nothing_is_left_aside_and_says_why() -> None:
    features = {
        "alike": texts("a", "a"),
        "same": Feature(None, (), np.array([3.0, 3.0])),
        "free": Feature(None, (), None),
        "lacking": texts("a", None),
    }
    columns, aside = make_columns(features)
    assert [column.name for column in columns] == ["lacking"]
    assert aside == {"alike": ALIKE, "same": ALIKE, "free": FREE_TEXT}


def test_the_order_of_texts_changes_nothing() -> None:
    assert slices(texts("b", "a", "c")) == {"x = a": [1], "x = b": [0], "x = c": [2]}
    assert list(slices(texts("c", "a", "b"))) == ["x = a", "x = b", "x = c"]


def test_a_long_value_loses_its_middle_in_words() -> None:
    text = str(Condition("system_prompt", "You are " + "very " * 1000 + "helpful."))
    assert len(text) < 130
    assert text.startswith("system_prompt = You are very")
    assert text.endswith("helpful.")
    assert "more)..." in text
