import types

import numpy as np
import pandas as pd
import pytest

from compatkit import compare
from compatkit.errors import ConfigError, DataError
from compatkit.readers.memory import BATCH
from compatkit.readers.prediction_file import open_predictions


def refusal_of(old, new, error=DataError, **options):
    with pytest.raises(error) as caught:
        compare(old, new, **options)
    return str(caught.value)


@pytest.mark.parametrize("make", [list, tuple, pd.DataFrame])
def test_rows_in_memory_are_compared(rows, make):
    new = [*rows[:3], {**rows[3], "prediction": "no"}]
    result = compare(make(rows), make(new))
    assert (result.counts.both_right, result.counts.negative_flips) == (3, 1)
    assert (result.old, result.new) == ("old", "new")
    assert result.examples[0].new_record == new[3]


def test_a_frame_and_its_rows_are_identical(rows):
    assert compare(rows, pd.DataFrame(rows)).identical
    assert not compare(rows, pd.DataFrame(rows[::-1])).identical


@pytest.mark.parametrize("nothing", [np.nan, None, pd.NA, float("nan")])
def test_what_pandas_counts_as_missing_is_null(rows, nothing):
    frame = pd.DataFrame(rows).astype(object)
    frame.loc[1, "prediction"] = nothing
    frame["error"] = [nothing, "", nothing, "timeout"]
    counts = compare(rows, frame).counts
    assert (counts.total, counts.negative_flips, counts.no_answer_new) == (3, 1, 1)
    assert counts.excluded["errored"] == 1


@pytest.mark.parametrize("kind", ["string", "category", "object", "string[pyarrow]"])
def test_columns_of_texts_are_read_whatever_their_kind(rows, kind):
    frame = pd.DataFrame(rows).astype(kind)
    frame.loc[1, "prediction"] = None
    counts = compare(rows, frame).counts
    assert (counts.both_right, counts.negative_flips, counts.no_answer_new) == (3, 1, 1)


@pytest.mark.parametrize("kind", ["int64", "Int64", "int8", "uint64"])
def test_columns_of_whole_numbers_are_ids(kind):
    frame = pd.DataFrame({"id": [1, 2], "prediction": [7, 8], "reference": [7, 7]})
    rows = [{"id": str(n), "prediction": "7", "reference": "7"} for n in (1, 2)]
    assert compare(rows, frame.astype({"id": kind})).counts.negative_flips == 1


def test_a_cell_that_is_missing_is_no_id():
    frame = pd.DataFrame({"id": [1, None], "prediction": "x", "reference": "x"})
    assert refusal_of(frame, frame) == (
        "old:2: the id is null; a string or a whole number was expected."
    )


def test_arrays_in_cells_are_lists(rows):
    frame = pd.DataFrame(rows)
    frame["reference"] = [np.array(["no", "yes"])] * 4
    frame["prediction"] = [np.array(["yes", "no", "no", "no"])] * 4
    listed = [
        {**row, "reference": ["no", "yes"], "prediction": ["yes", "no", "no", "no"]} for row in rows
    ]
    result = compare(listed, frame, lists="samples")
    assert result.identical
    assert result.counts.total == 4
    assert compare(rows, frame, edited="keep", lists="samples").counts.both_right == 4


@pytest.mark.parametrize("value", [np.int64(7), np.array(7), np.str_("7")])
def test_numpy_values_in_rows_are_read(value):
    row = {"id": "a", "prediction": value, "reference": "7"}
    assert compare([row], [row]).counts.both_right == 1


def test_two_columns_of_one_name_are_refused(rows):
    frame = pd.DataFrame(rows)
    twice = pd.concat([frame, frame[["prediction"]]], axis=1)
    assert refusal_of(rows, twice) == "new: two columns are called 'prediction'. Rename one."
    assert "two columns are called '1'" in refusal_of(rows, frame.set_axis([1, "1", "x"], axis=1))


def test_column_names_that_are_no_texts_are_named(rows):
    frame = pd.DataFrame(rows).set_axis([0, 1, 2], axis=1)
    assert 'new: no field "id"; the fields are 0, 1, 2.' in refusal_of(rows, frame)
    named = {"id": "0", "prediction": "1", "references": "2"}
    assert compare(frame, frame, fields=named).counts.both_right == 4


def test_an_id_in_the_index_is_no_field(rows):
    frame = pd.DataFrame(rows).set_index("id")
    assert 'new: no field "id"' in refusal_of(rows, frame)


def test_an_empty_frame_is_refused(rows):
    assert refusal_of(rows, pd.DataFrame(rows)[:0]).startswith("new: the file holds no rows")


@pytest.mark.parametrize(("item", "kind"), [("a", "str"), (None, "NoneType"), (["id"], "list")])
def test_an_item_that_is_no_mapping_is_refused(rows, item, kind):
    message = refusal_of(rows, [*rows, item])
    assert message.startswith(f"new:5: this row is a {kind}; a mapping such as ")


@pytest.mark.parametrize("data", [3, {"id": ["a"]}, iter([]), {1}, b"path"])
def test_other_objects_are_refused(rows, data):
    message = refusal_of(rows, data, ConfigError)
    assert message.startswith(f"predictions were given as a {type(data).__name__}; a path, a list")


def holds_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    ["\ud83d", {1: "a", "b": 2}, {("a", 1): 2}, holds_itself(), 10**30, object, {1}, b"1", 1j],
)
def test_fields_that_are_not_used_may_hold_anything(rows, value):
    new = [{**row, "further": value} for row in rows]
    assert compare(rows, new).counts.both_right == 4


@pytest.mark.parametrize("key", [1, ("a", 1), None])
def test_keys_may_be_anything(rows, key):
    assert compare(rows, [{**row, key: 1} for row in rows]).counts.both_right == 4


def test_a_number_that_python_does_not_write_is_refused(rows):
    message = refusal_of(rows, [{**rows[0], "id": 10**5000}])
    assert message.startswith("new:1: nested too deeply, or a number too long")


def test_different_rows_have_different_digests(rows):
    variants = [
        rows,
        rows[::-1],
        [{**row, "x": 1} for row in rows],
        [{**row, "x": "1"} for row in rows],
        [{**row, "x": "\ud83d"} for row in rows],
        [{**row, "x": np.zeros(5000)} for row in rows],
        [{**row, "x": np.ones(5000)} for row in rows],
        [types.MappingProxyType({**row, "x": 2}) for row in rows],
        [types.MappingProxyType({**row, "x": 3}) for row in rows],
    ]
    digests = [open_predictions(each).digest for each in variants]
    assert len(set(digests)) == len(variants)
    assert all(len(digest) == 64 for digest in digests)


def test_the_order_of_keys_does_not_change_the_digest(rows):
    turned = [dict(reversed(row.items())) for row in rows]
    assert open_predictions(rows).digest == open_predictions(turned).digest


def test_many_rows_are_read_batch_by_batch():
    frame = pd.DataFrame({"id": range(BATCH + 5), "prediction": "x", "reference": "x"})
    batches = list(open_predictions(frame, name="new").batches())
    assert [len(batch.rows) for batch in batches] == [BATCH, 5]
    assert list(batches[1].lines) == [*range(BATCH + 1, BATCH + 6)]
    frame.loc[BATCH + 2, "prediction"] = np.nan
    rows = frame.to_dict("records")
    assert refusal_of(rows, rows).startswith(f"old:{BATCH + 3}: the prediction is nan")


class Columns:
    """What a datasets.Dataset offers, and no more."""

    def __init__(self, columns):
        self.columns = columns
        self.column_names = list(columns)

    def with_format(self, kind):
        assert kind is None
        return self

    def iter(self, batch_size):
        size = len(next(iter(self.columns.values()), ()))
        for start in range(0, size, batch_size):
            yield {name: each[start : start + batch_size] for name, each in self.columns.items()}


@pytest.mark.parametrize("size", [1, BATCH + 1])
def test_what_looks_like_a_dataset_is_read(size):
    columns = {"id": [*range(size)], "prediction": ["x"] * size, "reference": [["x"]] * size}
    result = compare(Columns(columns), Columns(columns))
    assert result.counts.both_right == size
    assert result.identical


def test_an_empty_dataset_is_refused(rows):
    assert refusal_of(rows, Columns({"id": []})).startswith("new: the file holds no rows")


def test_a_dataset_is_read(rows):
    datasets = pytest.importorskip("datasets")
    dataset = datasets.Dataset.from_list(rows)
    assert compare(dataset, rows).identical
    numbers = dataset.with_format("numpy")
    assert compare(numbers, rows).counts.both_right == 4


def test_a_dict_of_datasets_is_refused_and_named(rows):
    datasets = pytest.importorskip("datasets")
    splits = datasets.DatasetDict({"test": datasets.Dataset.from_list(rows)})
    message = refusal_of(rows, splits, ConfigError)
    assert message.startswith("predictions were given as a DatasetDict;")
