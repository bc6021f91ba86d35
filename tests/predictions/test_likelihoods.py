"""Likelihoods: which fields hold them, what of a row is read, and what is refused or counted."""

import math
from typing import Any

import numpy as np
import pytest

from compatkit.errors import ConfigError, DataError
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.pairing.scoring import score_file
from compatkit.predictions import likelihoods as module
from compatkit.predictions.likelihoods import (
    INFINITE,
    NONE,
    PER_CHARACTER,
    PER_TOKEN,
    POSITIVE,
    RAW,
    UNLIKE,
    UNNAMED,
    WEIGHING,
    Likelihoods,
)
from compatkit.readers.prediction_file import open_predictions
from compatkit.scorers.make import make_scorer

ROW = {"prediction": "A", "reference": "A", "choices": ["cat", "dogs"]}
VALUES = [-1.0, -2.0]


def read(*rows: dict[str, Any], scorer: str = "exact_match", **roles: str) -> ScoredRows:
    numbered = [{"id": str(number), **ROW, **row} for number, row in enumerate(rows)]
    return score_file(open_predictions(numbered, name="m"), make_scorer(scorer), roles=roles)


def likelihoods_of(*rows: dict[str, Any], **more: Any) -> Likelihoods:
    read_rows = read(*rows, **more).likelihoods
    assert read_rows is not None
    return read_rows


def test_rows_become_flat_columns() -> None:
    three = {"choices": ["a", "b", "c"], "log_likelihoods": [-3, -1.5, -2], "reference": "b"}
    columns = likelihoods_of({"log_likelihoods": VALUES}, three)
    assert columns.sizes.tolist() == [2, 3]
    assert columns.values.tolist() == [-1, -2, -3, -1.5, -2]
    assert columns.right.tolist() == [True, False, False, True, False]
    assert columns.names.tolist() == list(map(hash, ("cat", "dogs", "a", "b", "c")))
    assert (columns.weighing, dict(columns.faults)) == (RAW, {})


def test_an_object_names_its_choices() -> None:
    columns = likelihoods_of({"log_likelihoods": {"x": -1.0, "y": -0.5}, "reference": "y"})
    assert columns.names.tolist() == [hash("x"), hash("y")]
    assert columns.right.tolist() == [False, True]


def test_choices_that_are_no_texts_are_called_as_json_writes_them() -> None:
    columns = likelihoods_of({"choices": [1, True], "log_likelihoods": VALUES, "reference": "true"})
    assert columns.names.tolist() == [hash("1"), hash("true")]
    assert columns.right.tolist() == [False, True]


@pytest.mark.parametrize(
    ("reference", "choices", "right"),
    [
        ("dog", ["cat", "dog"], [1]),  # its text
        ("B", ["cat", "dog"], [1]),  # its letter
        ("0", ["cat", "dog"], [0]),  # its number
        ("1", ["1", "0"], [0]),  # a text comes before a number
        ("B", ["B", "A"], []),  # the text of one, the letter of another
        ("B", ["A", "B"], [1]),
        ("C", ["cat", "dog"], []),
        ("bird", ["cat", "dog"], []),
        (["cat", "dog"], ["cat", "dog", "cow"], [0, 1]),
    ],
)
def test_the_reference_names_the_right_choice(
    reference: Any, choices: list[str], right: list[int]
) -> None:
    row = {"reference": reference, "choices": choices, "log_likelihoods": [-1.0] * len(choices)}
    columns = likelihoods_of(row)
    assert np.flatnonzero(columns.right).tolist() == right
    assert dict(columns.faults) == ({} if right else {UNNAMED: 1})


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({}, NONE),
        ({"log_likelihoods": None}, NONE),
        ({"log_likelihoods": [-1.0]}, UNLIKE),
        ({"log_likelihoods": [-1.0, -2.0, -3.0]}, UNLIKE),
        ({"log_likelihoods": [-1.0, None]}, UNLIKE),
        ({"log_likelihoods": [-1.0, "-2"]}, UNLIKE),
        ({"log_likelihoods": [-1.0, True]}, UNLIKE),
        ({"log_likelihoods": {"cat": -1.0}}, UNLIKE),
        ({"log_likelihoods": [-1.0, math.nan]}, INFINITE),
        ({"log_likelihoods": [-1.0, -math.inf]}, INFINITE),
        ({"log_likelihoods": [-1.0, -(10**400)]}, INFINITE),
        ({"log_likelihoods": [0.4, 0.6]}, POSITIVE),  # probabilities
        ({"log_likelihoods": [-1.0, 3.0]}, POSITIVE),  # logits
    ],
)
def test_what_is_no_likelihood_is_left_out_and_counted(row: dict[str, Any], fault: str) -> None:
    columns = likelihoods_of({"log_likelihoods": VALUES}, row)
    assert columns.sizes.tolist() == [2, 0]
    assert columns.values.tolist() == VALUES
    assert dict(columns.faults) == {fault: 1}


def test_a_row_that_failed_has_no_fault() -> None:
    columns = likelihoods_of({"log_likelihoods": VALUES}, {"error": "lost", "prediction": None})
    assert (columns.sizes.tolist(), dict(columns.faults)) == ([2, 0], {})


def test_without_a_field_nothing_is_read() -> None:
    for row in ({}, {"log_likelihoods": None}, {"choices": [{"message": {"content": "4"}}]}):
        rows = read(row)
        assert rows.likelihoods is None
        assert not any("likelihood" in note for note in rows.fields.notes)


def test_another_field_is_taken_and_told() -> None:
    rows = read({"logprobs": VALUES})
    assert rows.likelihoods is not None
    assert "m: the likelihoods of the choices are read from the field 'logprobs'" in (
        rows.fields.notes
    )
    named = {"log_likelihoods": "out.lls", "choices": "options.text"}
    row = {"out": {"lls": VALUES}, "options": {"text": ["x", "y"]}}
    assert likelihoods_of(row, **named).names.tolist() == [hash("x"), hash("y")]
    assert read({"log_likelihoods": VALUES}, log_likelihoods="none").likelihoods is None


def test_the_log_probabilities_of_tokens_are_none_of_choices() -> None:
    rows = read({"logprobs": {"content": [{"token": "4", "logprob": -0.1}]}})
    assert rows.likelihoods is None
    assert any("'logprobs' is not read as likelihoods of choices" in n for n in rows.fields.notes)


def test_a_named_field_that_holds_none_is_refused() -> None:
    with pytest.raises(DataError, match="m: the field 'lls' holds no likelihoods of choices: a"):
        read({"lls": [1]}, log_likelihoods="lls")
    with pytest.raises(ConfigError, match="--choices-field names the choices, and no field"):
        read({}, choices="choices")


def test_likelihoods_that_begin_late_are_refused() -> None:
    rows = [{"log_likelihoods": VALUES} if number == 6000 else {} for number in range(6001)]
    with pytest.raises(DataError, match="the field 'log_likelihoods' begins here"):
        read(*rows)


def test_batches_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"log_likelihoods": [-1.0, -number]} if number % 2 else {} for number in range(12_001)]
    columns = likelihoods_of({"log_likelihoods": VALUES}, *rows[1:])
    assert len(columns.sizes) == 12_001
    assert columns.sizes.sum() == len(columns.values) == 2 * 6001
    assert dict(columns.faults) == {NONE: 6000}
    monkeypatch.setattr(module, "WEIGHINGS", {RAW: ""})
    with pytest.raises(DataError, match="are weighed 'per token'"):
        likelihoods_of({"log_likelihoods": VALUES, WEIGHING: PER_TOKEN})


@pytest.mark.parametrize("second", [RAW, "per word", ["per token"]])
def test_several_weighings_and_unknown_ones_are_refused(second: Any) -> None:
    first = {"log_likelihoods": VALUES, WEIGHING: PER_TOKEN}
    assert likelihoods_of(first).weighing == PER_TOKEN
    with pytest.raises(DataError, match="m: the likelihoods are weighed"):
        read(first, {"log_likelihoods": VALUES, WEIGHING: second})
    far = [first] * 6000
    with pytest.raises(DataError, match="m: the likelihoods are weighed"):
        read(*far, {"log_likelihoods": VALUES, WEIGHING: second})


def test_what_is_judged_by_length_is_weighed_by_length() -> None:
    row = {"log_likelihoods": VALUES, "acc_norm": 1, "prediction_normalized": "B", "acc": 0}
    for more in (
        {"scorer": "field:acc_norm"},
        {"scorer": "choice", "prediction": "prediction_normalized"},
    ):
        columns = likelihoods_of(row, **more)
        assert (columns.weighing, columns.values.tolist()) == (PER_CHARACTER, [-1 / 3, -0.5])
    assert likelihoods_of(row, scorer="field:acc").weighing == RAW


def test_rows_are_taken_in_any_order() -> None:
    three = {"choices": ["a", "b", "c"], "log_likelihoods": [-3, -1.5, -2], "reference": "b"}
    taken = likelihoods_of({"log_likelihoods": VALUES}, {}, three).take(np.array([2, 1, 0]))
    assert taken.sizes.tolist() == [3, 0, 2]
    assert taken.values.tolist() == [-3, -1.5, -2, -1, -2]


def test_names_that_two_files_share_are_held_once() -> None:
    first, same = (likelihoods_of({"log_likelihoods": values}) for values in (VALUES, [-3.0, -1.0]))
    shared = same.share_names(first)
    assert shared.names is first.names
    assert shared.values.tolist() == [-3.0, -1.0]
    other = likelihoods_of({"choices": ["x", "y"], "log_likelihoods": VALUES})
    assert other.share_names(first) is other


@pytest.mark.parametrize("value", [-1e308, -(10**400), float("-inf"), float("nan")])
def test_numbers_whose_sums_are_infinite_are_counted_and_not_used(value: float) -> None:
    columns = likelihoods_of({"log_likelihoods": [-1.0, value]}, {"log_likelihoods": VALUES})
    assert columns.sizes.tolist() == [0, 2]
    assert dict(columns.faults) == {INFINITE: 1}


def test_a_tiny_likelihood_is_one() -> None:
    assert likelihoods_of({"log_likelihoods": [-1.0, -1e9]}).values.tolist() == [-1.0, -1e9]
