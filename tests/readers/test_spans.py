from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.errors import DataError
from compatkit.readers import spans
from compatkit.readers.source import open_path
from compatkit.readers.spans import find_spans, join_spans, read_spans

LINES = b'{"id": 1}\n{"id": 22}\n\n{"id": 333}\n'


def write(folder: Path, data: bytes) -> Path:
    path = folder / "a.jsonl"
    path.write_bytes(data)
    return path


def test_parts_end_with_lines_and_know_their_first_one(tmp_path: Path) -> None:
    source = open_path(write(tmp_path, LINES))
    parts = find_spans(source, 11)
    assert [(part.start, part.length, part.line) for part in parts] == [(0, 21, 1), (21, 13, 3)]
    assert [read_spans(source, [part]).data for part in parts] == [LINES[:21], LINES[21:]]
    assert read_spans(source, [parts[1]]).line == 3


def test_parts_are_joined_to_a_size(tmp_path: Path) -> None:
    source = open_path(write(tmp_path, LINES))
    parts = find_spans(source, 1)
    assert [len(joined) for joined in join_spans(parts, 20)] == [2, 1]
    assert [len(joined) for joined in join_spans(parts, 1000)] == [3]
    joined = list(join_spans(parts, 21))
    assert [read_spans(source, some).data for some in joined] == [LINES[:21], LINES[21:]]
    assert [read_spans(source, some).line for some in joined] == [1, 3]
    assert not list(join_spans([], 1))


@given(st.binary(max_size=300).map(lambda data: data.replace(b"a", b"\n")), st.integers(1, 80))
def test_parts_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int
) -> None:
    source = open_path(write(tmp_path_factory.mktemp("spans"), b"x" + data))
    parts = find_spans(source, size)
    assert b"".join(read_spans(source, [part]).data for part in parts) == b"x" + data
    assert all(part.length >= size for part in parts[:-1])
    for part in parts:
        before = (b"x" + data)[: part.start]
        assert part.line == 1 + before.count(b"\n")
        assert not before or before.endswith(b"\n")


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    source = open_path(write(tmp_path, LINES))
    parts = find_spans(source, 11)
    write(tmp_path, LINES.replace(b"333", b"334"))
    assert read_spans(source, [parts[0]]).data == LINES[:21]
    with pytest.raises(DataError, match=r"a\.jsonl: holds other bytes where it is scored"):
        read_spans(source, [parts[1]])
    source.path.unlink()
    with pytest.raises(DataError, match="needs the files under the same paths"):
        read_spans(source, [parts[0]])


def test_a_line_without_end_is_refused_where_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "LARGEST_LINE", 40)
    source = open_path(write(tmp_path, b"{}\n" + b"x" * 100))
    with pytest.raises(DataError, match="the line that begins at byte 3 has more than"):
        find_spans(source, 10)
