"""Flipped examples: what is known without reading, what is read, and in which order it is shown."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compatkit import Comparison, ConfigError, compare
from compatkit.arrays import IntArray
from compatkit.comparison import examples as module
from compatkit.comparison import flipped
from compatkit.comparison.examples import FlippedExample, FlippedExamples, take_worst
from compatkit.errors import DataError
from compatkit.readers.prediction_file import PredictionFile

SCORES = {
    # id: old score, new score, slice
    "a": (1.0, 0.0, "y"),
    "b": (0.7, 0.4, "x"),
    "c": (0.9, 0.9, "x"),
    "d": (1.0, 0.0, "x"),
    "e": (0.2, 0.8, "y"),
    "f": (0.8, 0.3, None),
}


def rows(side: int) -> list[dict[str, Any]]:
    return [
        {"id": name, "score": scores[side], "part": scores[2], "prediction": f"{name}{side}"}
        for name, scores in SCORES.items()
    ]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of records of each reading."""
    sizes: list[int] = []
    pick = PredictionFile.pick

    def counted(file: PredictionFile, records: IntArray, lines: IntArray) -> Any:
        sizes.append(len(records))
        return pick(file, records, lines)

    monkeypatch.setattr(PredictionFile, "pick", counted)
    return sizes


def measured(**options: Any) -> Comparison:
    return compare(rows(0), rows(1), scorer="field:score", by="part", **options)


def listed(comparison: Comparison) -> FlippedExamples:
    assert comparison.examples is not None
    return comparison.examples


def test_what_is_known_costs_no_reading(reads: list[int]) -> None:
    flips = listed(measured())
    assert flips.ids == ["a", "b", "d", "f", "e"]
    assert flips.kinds == ["negative"] * 4 + ["positive"]
    assert flips.harms.tolist() == [1.0, 0.3, 1.0, 0.5, -0.6]
    assert (len(flips), flips[2:].ids, flips[-1:].ids) == (5, ["d", "f", "e"], ["e"])
    assert repr(flips) == "<5 flipped examples>"
    assert flips.of_kind("positive").ids == ["e"]
    assert reads == []


def test_what_is_shown_is_read_together_and_once(reads: list[int]) -> None:
    flips = listed(measured())
    assert [example.id for example in flips[:3]] == ["a", "b", "d"]
    assert reads == [3, 3]
    assert [example.id for example in flips.by_harm(by_slice=False)[:2]] == ["a", "d"]
    assert reads == [3, 3]
    assert flips[0].id == "a"
    assert reads == [3, 3, 2, 2]


def test_a_long_list_is_read_in_one_go_and_anew(
    reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HELD", 2)
    monkeypatch.setattr(flipped, "TOGETHER", 3)
    flips = listed(measured())
    assert [example.id for example in flips] == flips.ids
    assert reads == [5, 5]
    assert flips[3].id == "f"
    assert reads[2:] == [2, 2]
    assert flips.causes == [None] * 5


def test_the_largest_fall_comes_first_then_the_slice_then_the_files_order() -> None:
    flips = listed(measured())
    assert flips.by_harm().ids == ["d", "a", "f", "b", "e"]
    assert flips.by_harm(by_slice=False).ids == ["a", "d", "f", "b", "e"]
    assert [example.harm for example in flips.by_harm()] == pytest.approx([1, 1, 0.5, 0.3, -0.6])


def test_an_example_tells_its_slices_and_its_answers() -> None:
    first, *_ = listed(measured())
    assert (first.slices, first.old_answer, first.new_answer) == ({"part": "y"}, "a0", "a1")
    assert {example.slices["part"] for example in listed(measured())} == {"x", "y", "(null)"}


def test_the_answer_is_what_the_scorer_read() -> None:
    old = [{"id": "1", "prediction": "<think>2</think> So it is 1,250.", "reference": "1250"}]
    new = [{"id": "1", "prediction": "It may be 7 or 9.", "reference": "1250"}]
    (example,) = listed(compare(old, new, scorer="numeric"))
    assert (example.old_answer, example.new_answer) == ("1250", "9")
    old, new = ([{**row, "reference": "So it is"} for row in side] for side in (old, new))
    (example,) = listed(compare(old, new, scorer="rougeL"))
    assert (example.old_answer, example.new_answer) == ("So it is 1,250.", "It may be 7 or 9.")


def test_a_scorer_of_ones_own_is_not_asked_again() -> None:
    calls = []

    def own(predictions: list[str], references: list[list[str]]) -> list[float]:
        calls.append(len(predictions))
        return [float(text in texts) for text, texts in zip(predictions, references, strict=True)]

    old, new = ([{"id": "1", "prediction": text, "reference": "a"}] for text in "ab")
    (example,) = listed(compare(old, new, scorer=own))
    assert (example.old_answer, example.new_answer, calls) == ("a", "b", [1, 1])


def test_a_changed_answer_that_is_still_wrong_is_no_flip() -> None:
    old = [{"id": name, "prediction": name, "reference": "right"} for name in "abc"]
    new = [{**old[0], "prediction": "z"}, old[1], {**old[2], "prediction": None}]
    result = compare(old, new, keep_changed=True)
    assert result.changed is not None
    assert [(one.id, one.kind, one.new_answer, one.cause) for one in result.changed] == [
        ("a", "changed", "z", None),
        ("c", "changed", None, None),
    ]
    assert (listed(result), result.to_dict()["flips"]) == ((), [])
    assert list(result.flips("changed")["id"]) == ["a", "c"]
    assert len(result.flips()) == 0
    assert compare(old, new).changed is None
    with pytest.raises(ConfigError, match="keep_changed=True"):
        compare(old, new).flips("changed")


def test_a_copy_holds_its_examples(tmp_path: Path) -> None:
    paths = [tmp_path / f"{side}.jsonl" for side in ("old", "new")]
    for side, path in enumerate(paths):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows(side)))
    result = compare(*paths, scorer="field:score", by="part")
    unread = compare(*paths, scorer="field:score", by="part")
    twins = [pickle.loads(pickle.dumps(result)), copy.deepcopy(result)]  # noqa: S301
    for path in paths:
        path.unlink()
    for twin in twins:
        assert listed(twin) == tuple(listed(twins[0]))
        assert [example.new_record["id"] for example in listed(twin)] == ["a", "b", "d", "f", "e"]
        assert listed(twin).by_harm().ids == ["d", "a", "f", "b", "e"]
    with pytest.raises(DataError, match="cannot be read"):
        list(listed(unread))


def test_the_worst_of_several_lists() -> None:
    flips = listed(measured())
    lists = [flips.of_kind("positive"), flips[1:2], flips.take(np.array([3, 0])), flips[:0]]
    assert [(owner, example.id) for owner, example in take_worst(lists, 3)] == [
        (2, "a"),
        (2, "f"),
        (1, "b"),
    ]
    assert take_worst(lists, 0) == take_worst([], 3) == []


def test_examples_at_hand_are_a_list_too() -> None:
    one = FlippedExample("a", "negative", 1.0, 0.0, "x", "y", ("x",), None, {}, {}, slices={"k": 1})
    flips = FlippedExamples.of((one, one))
    assert list(flips) == [one, one]
    assert flips == (one, one)
    assert flips != (one,)
    assert flips != [one, one]
    assert flips.columns.slices == {"k": [1, 1]}


def test_a_field_is_shown_once_where_the_records_agree() -> None:
    old = {"a": "x", "deep": {"n": [1]}, "only": None, "rank": float("nan")}
    new = {"a": "y", "deep": {"n": [1]}, "rank": {(1, 2): 3}}
    one = FlippedExample("a", "negative", 1.0, 0.0, None, None, (), None, old, new)
    assert one.show_field("a") == {"old": "x", "new": "y"}
    assert one.show_field("deep.n") == {"": "[1]"}
    assert one.show_field("only") == {"old": "null", "new": "(no such field)"}
    assert one.show_field("none") == {"": "(no such field)"}
    assert one.show_field("rank") == {"old": "NaN", "new": "{(1, 2): 3}"}
