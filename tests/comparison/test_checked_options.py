"""Checked options: what holds for each side of a comparison, and which sides there are."""

from typing import Any

import pytest

from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError

SIDES: dict[str, Any] = {"old_where": "model=a", "new_where": ["model=b", "model=c"]}


def test_one_file_is_read_for_each_model_that_is_told_apart() -> None:
    options = make_options(**SIDES)
    assert options.candidates == 2
    assert options.find_new("all.jsonl") == ["all.jsonl", "all.jsonl"]
    assert options.find_new("old.jsonl", "new.jsonl") == ["new.jsonl", "new.jsonl"]


def test_one_file_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="OLD without NEW: two files were expected"):
        make_options().find_new("old.jsonl")
    assert make_options().find_new("old.jsonl", "new.jsonl", None) == ["new.jsonl"]


def test_the_shape_of_a_side_is_what_was_said_of_all_and_of_it() -> None:
    options = make_options(**SIDES, where="lang=de", fields={"prediction": "text"})
    for number, model in enumerate("abc"):
        shape = options.shape_of(number)
        assert dict(shape.roles)["prediction"] == "text"
        assert [str(condition) for condition in shape.where] == [
            str(condition)
            for part in ("lang=de", f"model={model}")
            for condition in make_options(where=part).shape_of(0).where
        ]


def test_what_holds_for_a_further_candidate() -> None:
    options = make_options(**SIDES)
    assert [options.of_candidate(number).new_where for number in (1, 2)] == [
        ("model=b",),
        ("model=c",),
    ]
    alike = make_options()
    assert alike.of_candidate(1) == alike


@pytest.mark.parametrize(
    ("said", "count", "flag"),
    [
        ({"rows": ["a", "b"]}, 3, "--rows has 2 values, and 3 models"),
        ({"metric": ["a", "b", "c"]}, 2, "--metric has 3 values, and 2 models"),
        (SIDES, 2, "--new-where tells 2 new models apart, and 1 are compared"),
    ],
)
def test_values_for_other_sides_than_there_are_are_refused(
    said: dict[str, Any], count: int, flag: str
) -> None:
    options = make_options(**said)
    with pytest.raises(ConfigError, match=flag):
        options.check_sides(count)


def test_rows_within_a_document_are_of_json() -> None:
    assert make_options(rows="results").reader_of(0) == "json"
    assert make_options(reader="csv").reader_of(0) == "csv"
    with pytest.raises(ConfigError, match="--rows is of JSON documents, and --reader says csv"):
        make_options(rows="results", reader="csv").reader_of(0)


def test_fields_that_are_kept_are_named_once() -> None:
    assert make_options(by=["lang", "lang"], cluster="passage").all_attributes == (
        "lang",
        "passage",
    )
