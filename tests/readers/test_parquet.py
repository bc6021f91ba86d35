import gzip
import io

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet

from compatkit import compare
from compatkit.errors import DataError


def table_of(*columns, **named):
    names = [name for name, _ in columns] + list(named)
    arrays = [pa.array(values) for values in (*(values for _, values in columns), *named.values())]
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(arrays, names=names), file)
    return file.getvalue()


def write(rows):
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("name", ["new.parquet", "new", "new.data"])
def test_a_file_is_known_by_its_suffix_or_its_first_bytes(rows, counts_of, pack, name):
    assert counts_of(pack(write(rows)), name).both_right == 4


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_cut_file_is_refused_wherever(rows, refusal_of, pack):
    data = pack(write(rows))
    for end in [*range(20), *range(20, len(data), 61), len(data) - 1]:
        message = refusal_of(data[:end], "new.parquet")
        assert message.startswith("new.parquet: "), end
        assert "again" in message


def test_a_damaged_file_is_refused_or_read_whole(rows, counts_of):
    """One byte of a page is turned; there is no other exception."""
    data = write(rows)
    for place in range(4, len(data), 23):
        spoilt = bytearray(data)
        spoilt[place] ^= 0xFF
        message = "new.parquet"
        try:
            total = counts_of(bytes(spoilt), "new.parquet").total
        except DataError as error:
            total, message = 4, str(error)
        assert total == 4
        assert "new.parquet" in message


def test_another_kind_of_file_is_refused(refusal_of):
    for data in (b"", b"PAR1", b'{"id": 1}\n', b"PAR1" * 100):
        assert refusal_of(data, "new.parquet").startswith("new.parquet: not a whole Parquet file: ")


def test_a_column_twice_is_refused(refusal_of):
    data = table_of(("prediction", ["yes"]), ("prediction", ["no"]), id=["q1"], reference=["yes"])
    assert refusal_of(data, "new.parquet") == (
        "new.parquet: two columns are called 'prediction'. Rename one."
    )


def test_a_table_without_rows_is_refused(rows, refusal_of):
    assert refusal_of(table_of(id=pa.array([], pa.string())), "new.parquet") == (
        "new.parquet: the file holds no rows. Was it written to the end?"
    )


def test_a_text_that_is_no_utf8_is_refused(refusal_of):
    offsets = pa.py_buffer(np.array([0, 1], np.int32))
    wrong = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff")])
    data = table_of(id=["q1"], prediction=wrong, reference=["yes"])
    message = refusal_of(
        data, "new.parquet", old=[{"id": "q1", "prediction": "", "reference": "yes"}]
    )
    assert message.startswith("new.parquet: not a whole Parquet file: 'utf-8' codec can't decode")


def test_a_row_is_named_by_its_number(refusal_of):
    data = table_of(id=["q1", "q2", None, "q4"], prediction=["yes"] * 4, reference=["yes"] * 4)
    assert refusal_of(data, "new.parquet").startswith("new.parquet:3: the id is null")


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.string(), pa.large_string()])
def test_ids_are_numbers_or_texts(counts_of, kind):
    old = [{"id": str(n), "prediction": "yes", "reference": "yes"} for n in range(3)]
    ids = pa.array(range(3)).cast(kind)
    data = table_of(id=ids, prediction=["yes"] * 3, reference=["yes"] * 3)
    assert counts_of(data, "new.parquet", old=old).both_right == 3


@pytest.mark.parametrize("values", [[1.5], [True], [b"1"], [[1]], [{"a": 1}]])
def test_other_ids_are_refused(refusal_of, values):
    data = table_of(id=values, prediction=["yes"], reference=["yes"])
    message = refusal_of(data, "new.parquet")
    assert message.startswith("new.parquet:1: the id is ")


def test_lists_structs_and_dictionaries_are_read(tmp_path):
    path = tmp_path / "new.parquet"
    path.write_bytes(
        table_of(
            id=pa.array(["q1", "q2"]).dictionary_encode(),
            out=[{"text": "yes"}, {"text": None}],
            references=[["yes", "ja"], ["no"]],
        )
    )
    counts = compare(path, path, fields={"prediction": "out.text"}).counts
    assert (counts.both_right, counts.both_wrong, counts.no_answer_new) == (1, 1, 1)
