"""Plain text: a line an example."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit import compare, compare_folders
from compatkit.errors import ConfigError, DataError
from compatkit.readers import blocks
from compatkit.readers.plain_text import read_text

# What Python takes for the end of a line, and a text a line does not.
NO_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def read(data):
    batches = list(read_text(io.BytesIO(data), "x.txt"))
    rows = [row["value"] for batch in batches for row in batch.rows]
    assert [line for batch in batches for line in batch.lines] == list(range(1, len(rows) + 1))
    return rows


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"a\n\nb\n", ["a", None, "b"]),
        (b"a\n\n", ["a", None]),
        (b"\n", [None]),
        (b"  a b \t\n", ["a b"]),
        (b"", []),
        (b'{"id": 1}\n', ['{"id": 1}']),
    ],
)
def test_a_line_is_an_example(data, rows):
    assert read(data) == rows


@given(st.lists(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]))))
def test_nothing_but_a_line_feed_ends_a_line(texts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 7)
        rows = read("".join(f"{text}{NO_ENDS}x\n" for text in texts).encode())
    written = [f"{text}{NO_ENDS}x" for text in texts]
    written[:1] = [text.removeprefix("\ufeff") for text in written[:1]]  # a byte order mark
    assert rows == [text.strip() for text in written]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a\nb\xff\n", "x.txt:2: byte 0xff at column 2 is not UTF-8"),
        (b"a\nb\0c\n", "x.txt:2: binary data"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(data, words):
    with pytest.raises(DataError, match=words):
        read(data)


@pytest.fixture
def texts(tmp_path):
    for name, lines in {
        "old.txt": "a b\nc d\n\ne f",
        "new.hyp": "a b\r\nc x\r\ny\r\ne f\r\n",
        "ref.ref": "a b\nc d\nq\ne f\n",
        "more.ref": "a b\nc x\n\ne f\n",
        "short.txt": "a\n",
        "sys.de": "a b\nc d\nq\ne f\n",
    }.items():
        (tmp_path / name).write_bytes(lines.encode())
    return tmp_path


def test_translations_are_held_against_their_references(texts):
    old, new, ref, more = (texts / name for name in ("old.txt", "new.hyp", "ref.ref", "more.ref"))
    one = compare(old, new, references=ref)
    assert (one.counts.total, one.counts.negative_flips, one.counts.both_wrong) == (4, 1, 1)
    assert [(flip.id, flip.references) for flip in one.examples] == [("2", ("c d",))]
    assert "no answer" in str(one)
    several = compare(old, new, references=[ref, more])
    assert (several.counts.negative_flips, several.counts.both_right) == (0, 3)
    assert any(
        f"{ref} and {more}, the field 'value', joined by the number of the row" in note
        for note in several.notes
    )


def test_other_endings_are_read_where_it_is_said(texts):
    with pytest.raises(DataError, match="its kind is unknown"):
        compare(texts / "sys.de", texts / "new.hyp", references=texts / "ref.ref")
    read = compare(texts / "sys.de", texts / "new.hyp", references=texts / "ref.ref", reader="text")
    assert read.counts.negative_flips == 2


@pytest.mark.parametrize("missing", ["error", "skip", "wrong"])
def test_lengths_that_differ_are_refused(texts, missing):
    with pytest.raises(DataError, match="hold 1 and 4 rows: without ids"):
        compare(
            texts / "old.txt", texts / "short.txt", references=texts / "ref.ref", missing=missing
        )
    with pytest.raises(DataError, match="hold 4 and 1 rows: without ids"):
        compare(
            texts / "old.txt",
            texts / "new.hyp",
            references=[texts / "ref.ref", texts / "short.txt"],
            missing=missing,
        )


def test_a_text_without_references_is_refused(texts):
    with pytest.raises(ConfigError, match="--references FILE names the file"):
        compare(texts / "old.txt", texts / "new.hyp")


def test_a_blank_reference_is_refused_with_its_line(texts):
    with pytest.raises(DataError, match=r"more.ref:3: no reference"):
        compare(texts / "old.txt", texts / "new.hyp", references=texts / "more.ref")


def test_texts_are_no_tasks_of_a_folder(texts):
    with pytest.raises(DataError, match="no prediction file"):
        compare_folders(texts, texts, references=texts / "ref.ref")
