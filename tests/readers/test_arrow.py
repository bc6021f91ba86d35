import gzip
import io

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from pyarrow import feather, ipc

from compatkit import compare
from compatkit.errors import DataError


def write_stream(table, size=2):
    file = io.BytesIO()
    with ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=size)
    return file.getvalue()


def write_file(table, size=2):
    file = io.BytesIO()
    with ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=size)
    return file.getvalue()


def write_feather(table):
    file = io.BytesIO()
    feather.write_feather(table, file, compression="zstd")
    return file.getvalue()


every_format = pytest.mark.parametrize("write", [write_stream, write_file, write_feather])
every_packer = pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])


@every_format
@every_packer
@pytest.mark.parametrize("name", ["new.arrow", "new.feather", "new", "new.data"])
def test_a_file_is_known_by_its_suffix_or_its_first_bytes(rows, counts_of, write, pack, name):
    assert counts_of(pack(write(pa.Table.from_pylist(rows))), name).both_right == 4


@every_format
@every_packer
def test_a_cut_file_is_refused_wherever(rows, refusal_of, write, pack):
    data = pack(write(pa.Table.from_pylist(rows)))
    for end in [*range(20), *range(20, len(data), 37), *range(len(data) - 9, len(data))]:
        message = refusal_of(data[:end], "new.arrow")
        assert message.startswith("new.arrow: "), end
        assert "again" in message


def test_a_stream_that_is_cut_between_two_messages_is_refused(rows, refusal_of):
    table = pa.Table.from_pylist(rows)
    whole, part = write_stream(table), write_stream(table.slice(0, 2))
    cut = part[:-8]  # two of four rows, and no end
    assert whole.startswith(cut)
    assert refusal_of(cut, "new.arrow") == (
        "new.arrow: not a whole Arrow file: the stream does not end where the file does. "
        "Write it again."
    )


def test_a_stream_that_another_one_follows_is_refused(rows, refusal_of):
    one, other = (write_stream(pa.Table.from_pylist(part)) for part in (rows[:2], rows[2:]))
    assert "does not end where the file does" in refusal_of(one + other, "new.arrow")


@every_format
def test_a_damaged_file_is_refused_or_read_whole(rows, counts_of, write):
    """One byte is turned; there is no other exception, and no crash."""
    data = write(pa.Table.from_pylist(rows))
    for place in range(0, len(data), 5):
        spoilt = bytearray(data)
        spoilt[place] ^= 0xFF
        message = "new.arrow"
        try:
            total = counts_of(bytes(spoilt), "new.arrow").total
        except DataError as error:
            total, message = 4, str(error)
        assert total == 4
        assert "new.arrow" in message


@pytest.mark.parametrize("offset", [-8, 1 << 20, 2**31 - 1])
def test_offsets_beyond_the_file_are_refused(refusal_of, offset):
    row = {"id": "q1", "prediction": "seventeen letters", "reference": "yes"}
    data = bytearray(write_stream(pa.Table.from_pylist([row])))
    ends = np.array([0, len(row["prediction"])], np.int32).tobytes()
    place = data.rindex(ends)  # in the body; the header tells the buffer's length
    data[place : place + len(ends)] = np.array([0, offset], np.int32).tobytes()
    message = refusal_of(bytes(data), "new.arrow", old=[row])
    assert message.startswith("new.arrow: not a whole Arrow file: ")


def test_another_kind_of_file_is_refused(refusal_of):
    for data in (b"", b"ARROW1", b'{"id": 1}\n', b"ARROW1" * 100, b"\xff" * 4, b"FEA1" + bytes(99)):
        assert refusal_of(data, "new.arrow").startswith("new.arrow: not a whole Arrow file: ")


@every_format
def test_a_column_twice_is_refused(refusal_of, write):
    names = ["prediction", "prediction", "id", "reference"]
    table = pa.Table.from_arrays([pa.array(["q1"])] * 4, names=names)
    if write is write_feather:  # which writes none
        return
    assert refusal_of(write(table), "new.arrow") == (
        "new.arrow: two columns are called 'prediction'. Rename one."
    )


def test_a_row_is_named_by_its_number_across_batches(refusal_of):
    ids = ["q1", "q2", None, "q4"]
    table = pa.table({"id": ids, "prediction": ["yes"] * 4, "reference": ["yes"] * 4})
    assert refusal_of(write_stream(table), "new.arrow").startswith("new.arrow:3: the id is null")


def test_lists_structs_and_dictionaries_are_read(tmp_path):
    path = tmp_path / "new.arrow"
    table = pa.table(
        {
            "id": pa.array(["q1", "q2"]).dictionary_encode(),
            "out": [{"text": "yes"}, {"text": None}],
            "references": [["yes", "ja"], ["no"]],
        }
    )
    path.write_bytes(write_stream(table))
    counts = compare(path, path, fields={"prediction": "out.text"}).counts
    assert (counts.both_right, counts.both_wrong, counts.no_answer_new) == (1, 1, 1)


def test_what_datasets_saves_is_read(tmp_path, rows):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "saved")
    (shard,) = (tmp_path / "saved").glob("*.arrow")
    assert compare(rows, shard).counts.both_right == 4
