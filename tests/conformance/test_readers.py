"""What every reader of the table promises."""

import csv
import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from pyarrow import ipc, parquet

from compatkit import compare
from compatkit.errors import CompatkitError, DataError
from compatkit.readers import READERS, TEXT
from compatkit.readers.prediction_file import open_predictions

ROWS = [
    {"id": f"q{number}", "prediction": text, "reference": "yes", "input": f"Frage {number}: ä, ☃?"}
    for number, text in enumerate(["yes", "no", "", 'a "b",\tc', "two\nlines", "😀 ", "{", "[1]"])
]


def write_delimited(rows, delimiter):
    file = io.StringIO(newline="")
    table = csv.DictWriter(file, rows[0], delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return file.getvalue().encode()


def write_parquet(rows):
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def write_arrow(rows):
    table = pa.Table.from_pylist(rows)
    file = io.BytesIO()
    with ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return file.getvalue()


WRITERS = {
    "arrow": write_arrow,
    "csv": lambda rows: write_delimited(rows, ","),
    "json": lambda rows: json.dumps(rows).encode(),
    "jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows).encode(),
    "parquet": write_parquet,
    "tsv": lambda rows: write_delimited(rows, "\t"),
}
PACKERS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
# Plain text holds no rows with fields: tests/readers/test_plain_text.py.
KINDS = sorted(set(READERS) - {TEXT})
every_reader = pytest.mark.parametrize("reader", KINDS)
every_packer = pytest.mark.parametrize("suffix", sorted(PACKERS))


def store(folder, reader, data, suffix=""):
    path = folder / f"new.{reader}{suffix}"
    path.write_bytes(PACKERS[suffix](data))
    return path


def read(path, reader=None):
    batches = list(open_predictions(path, reader=reader).batches())
    assert all(len(batch.rows) == len(batch.lines) for batch in batches)
    assert all(batch.name == str(path) for batch in batches)
    return [row for batch in batches for row in batch.rows]


def test_every_reader_is_tested():
    assert sorted(WRITERS) == KINDS
    assert list(READERS) == sorted(READERS)


@every_reader
def test_a_reader_is_documented(reader):
    function = READERS[reader]
    assert function.__name__ == f"read_{reader}"
    assert function.__doc__
    assert "DataError" in function.__doc__


@every_reader
@every_packer
def test_rows_come_back_as_they_were_written(tmp_path, reader, suffix):
    path = store(tmp_path, reader, WRITERS[reader](ROWS), suffix)
    expected = ROWS
    if reader in {"csv", "tsv"}:
        expected = [{key: cell or None for key, cell in row.items()} for row in ROWS]
    assert read(path) == expected
    assert read(path, reader) == expected


@every_reader
@every_packer
def test_counts_do_not_depend_on_the_kind_of_file(tmp_path, reader, suffix):
    path = store(tmp_path, reader, WRITERS[reader](ROWS), suffix)
    result = compare([{**row, "prediction": "yes"} for row in ROWS], path)
    assert (result.counts.both_right, result.counts.negative_flips) == (1, 7)
    assert [example.id for example in result.examples] == [row["id"] for row in ROWS[1:]]


@every_reader
@every_packer
@pytest.mark.parametrize("data", [b"", b"\n", b" \n\n "])
def test_a_file_of_nothing_is_refused(tmp_path, reader, suffix, data):
    path = store(tmp_path, reader, data, suffix)
    with pytest.raises(DataError) as caught:
        compare(path, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).rstrip(".").endswith(("Was it written to the end?", "again"))


@every_reader
@every_packer
@pytest.mark.parametrize("other", KINDS)
def test_a_file_of_another_kind_is_refused(tmp_path, reader, suffix, other):
    if reader == other:
        pytest.skip("its own kind")
    path = store(tmp_path, reader, WRITERS[other](ROWS), suffix)
    with pytest.raises(DataError) as caught:
        compare(ROWS, path, reader=reader)
    assert str(path) in str(caught.value)


@every_reader
@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"%PDF-1.7\n%\xe2\xe3", b"\0" * 100, b"\xff"]
)
def test_binary_data_is_refused(tmp_path, reader, data):
    path = store(tmp_path, reader, data)
    with pytest.raises(DataError) as caught:
        compare(ROWS, path, reader=reader)
    assert str(path) in str(caught.value)


@every_reader
@every_packer
def test_a_cut_file_is_refused_and_loses_no_row_in_silence(tmp_path, reader, suffix):
    """The last cell of a table is one that both sides must agree on: nothing else tells."""
    rows = [{key: row[key] for key in ("id", "prediction", "reference")} for row in ROWS]
    data = PACKERS[suffix](WRITERS[reader](rows))
    path = tmp_path / f"new.{reader}{suffix}"
    for end in range(0, len(data) - 2, max(1, len(data) // 150)):
        path.write_bytes(data[:end])
        with pytest.raises(DataError) as caught:
            compare(ROWS, path)
        assert str(path) in str(caught.value)


@every_reader
def test_an_unreadable_row_is_named(tmp_path, reader):
    rows = [*ROWS[:2], {**ROWS[2], "reference": None}, *ROWS[3:]]
    path = store(tmp_path, reader, WRITERS[reader](rows))
    line = 4 if reader in {"csv", "tsv"} else 3
    with pytest.raises(DataError) as caught:
        compare(ROWS, path)
    assert str(caught.value).startswith(f'{path}:{line}: no reference in the field "reference"')


@every_reader
def test_many_rows_arrive_in_order(tmp_path, reader):
    rows = [{"id": str(n), "prediction": "x", "reference": "x"} for n in range(45_000)]
    path = store(tmp_path, reader, WRITERS[reader](rows))
    file = open_predictions(path)
    batches = list(file.batches())
    assert len(batches) > 1 or reader == "json"
    assert [row["id"] for batch in batches for row in batch.rows] == [row["id"] for row in rows]
    lines = [line for batch in batches for line in batch.lines]
    first = 2 if reader in {"csv", "tsv"} else 1
    assert lines == list(range(first, first + len(rows)))
    wanted = np.array([44_999, 3, 20_000])
    assert list(file.pick(wanted, first + wanted)) == [rows[n] for n in wanted]


@every_reader
def test_any_bytes_are_read_or_refused(tmp_path, reader):
    """Bytes turned at every place: there is no other exception."""
    data = WRITERS[reader](ROWS)
    path = tmp_path / f"new.{reader}"
    for place in range(0, len(data), max(1, len(data) // 200)):
        for byte in (0x00, 0x22, 0x5B, 0x80, 0xFF):
            path.write_bytes(data[:place] + bytes([byte]) + data[place + 1 :])
            message = str(path)
            try:
                total = compare(ROWS, path, keep_flips=False).counts.total
            except CompatkitError as error:
                total, message = len(ROWS), str(error)
            assert total == len(ROWS)
            assert str(path) in message
