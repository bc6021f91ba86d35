import json
import os

import numpy as np
import pytest

from compatkit import compare
from compatkit.errors import DataError
from compatkit.readers.prediction_file import open_predictions


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(*answers, **further):
    return [
        {"id": name, "prediction": answer, "reference": "yes", **further}
        for name, answer in zip("abcdefgh", answers, strict=False)
    ]


def test_flips_are_whole_and_the_negative_ones_come_first():
    old = rows_of("no", "yes", "yes", "no", meta={"k": 1}, input="Q")
    new = rows_of("yes", "no", "yes", None, input="Q")
    result = compare(old, new[::-1])
    assert [(example.id, example.kind) for example in result.examples] == [
        ("b", "negative"),
        ("a", "positive"),
    ]
    negative = result.examples[0]
    assert (negative.old_score, negative.new_score) == (1.0, 0.0)
    assert (negative.old_prediction, negative.new_prediction) == ("yes", "no")
    assert (negative.references, negative.input) == (("yes",), "Q")
    assert negative.old_record == old[1]
    assert negative.new_record == new[1]


def test_a_lost_answer_shows_as_none():
    result = compare(rows_of("yes", "yes"), rows_of("yes", None))
    assert result.examples[0].new_prediction is None
    result = compare(rows_of("yes", "yes"), rows_of("yes"), missing="wrong")
    assert result.examples[0].new_prediction is None
    assert result.examples[0].new_record == {}
    assert result.examples[0].references == ("yes",)


def test_no_flip_reads_nothing_again(tmp_path):
    path = write(tmp_path / "old.jsonl", rows_of("yes"))
    assert compare(path, path).examples == ()
    assert compare(path, path).identical


def test_flips_can_be_left_out():
    assert compare(rows_of("yes"), rows_of("no"), keep_flips=False).examples is None


def test_flips_far_into_a_file_are_found_on_their_lines(tmp_path):
    text = "word " * 100
    old = [
        {"id": n, "prediction": "yes", "reference": "yes", "input": f"{n} {text}"}
        for n in range(5000)
    ]
    new = [{**row, "prediction": "no"} if row["id"] in {7, 4999} else row for row in old]
    paths = write(tmp_path / "old.jsonl", old), write(tmp_path / "new.jsonl", new[::-1])
    result = compare(*paths)
    assert [example.id for example in result.examples] == ["7", "4999"]
    assert [example.new_record["id"] for example in result.examples] == [7, 4999]
    assert result.examples[1].input == f"4999 {text}"


def test_a_sample_of_a_list_is_shown_where_it_flipped():
    old = [{"id": "a", "prediction": ["yes", "yes"], "reference": "yes"}]
    new = [{"id": "a", "prediction": ["yes", "no"], "reference": "yes"}]
    example = compare(old, new).examples[0]
    assert (example.old_score, example.new_score) == (1.0, 0.5)
    assert (example.old_prediction, example.new_prediction) == ("yes", "no")
    assert example.new_record == new[0]


@pytest.mark.parametrize("change", ["same length", "shorter", "longer", "gone"])
def test_a_file_that_changes_between_scoring_and_reading_flips_is_refused(tmp_path, change):
    old = write(tmp_path / "old.jsonl", rows_of("yes", "yes"))
    new = write(tmp_path / "new.jsonl", rows_of("yes", "no"))
    rewritten = {
        "same length": rows_of("no", "yes")[::-1],
        "shorter": rows_of("yes"),
        "longer": rows_of("yes", "no", "no"),
    }

    def disturb(name, _rows):
        if name != str(new):
            return
        if change == "gone":
            new.unlink(missing_ok=True)
        else:
            write(new, rewritten[change])
            os.utime(new, (1, 1))

    with pytest.raises(DataError) as caught:
        compare(old, new, progress=disturb)
    expected = "cannot be read" if change == "gone" else "the file changed while it was read"
    assert str(caught.value).startswith(f"{new}: {expected}")


def test_a_record_that_a_file_no_longer_has_is_refused():
    rows = rows_of("yes", "no")
    file = open_predictions(rows, name="new")
    assert list(file.pick(np.array([1, 0]), np.array([2, 1]))) == rows[::-1]
    rows[0]["prediction"] = "other"
    with pytest.raises(DataError, match="new: the rows changed since they were compared"):
        list(file.pick(np.array([1]), np.array([2])))


def test_the_same_path_twice_is_identical_and_without_flips(tmp_path):
    path = write(tmp_path / "one.jsonl", rows_of("yes", "no", None))
    result = compare(path, path)
    assert result.identical
    assert result.counts.both_right == 1
    assert result.counts.both_wrong == 2
    assert result.examples == ()


def test_rows_in_memory_that_change_after_they_were_compared_are_no_examples() -> None:
    old = [{"id": n, "prediction": "a", "reference": "a"} for n in range(3)]
    new = [{**row, "prediction": "b"} for row in old]
    comparison = compare(old, new)
    new.sort(key=lambda row: -row["id"])  # a list is the caller's, who may sort it
    assert [example.id for example in comparison.examples] == ["0", "1", "2"]
    comparison = compare(old, new)
    new[0]["prediction"] = "a"
    with pytest.raises(DataError, match="the rows changed since they were compared"):
        list(comparison.examples)
