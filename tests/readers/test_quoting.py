import csv
import gzip
import io

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from compatkit import compare
from compatkit.errors import ConfigError, DataError
from compatkit.readers import blocks
from compatkit.readers.csv_table import BELONG, read_csv, read_tsv

HEADER = "id\tsource\tprediction\treference\n"
JOINED = HEADER + '1\t"Never, he said.\tA\tA\n2\tCall me tomorrow"\tB\tB\n'
STANDARD = [["id", "prediction", "reference"], ["1", 'a, "b"\nc\\', "x"], ["2", "d", "y"]]
PACKERS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def read(text, **options):
    """Return the rows of a table, without its header, and the notes about it."""
    reader = read_tsv if "\t" in text.partition("\n")[0] else read_csv
    batches = list(reader(io.BytesIO(text.encode()), "new", **options))
    rows = [[cell or "" for cell in row.values()] for batch in batches for row in batch.rows]
    return rows, {note for batch in batches for note in batch.notes}


def refusal(text, **options):
    with pytest.raises(DataError) as caught:
        read(text, **options)
    return str(caught.value)


def read_or_ask(text):
    """Return what `read` does, or None where the user is asked how to read it."""
    try:
        return read(text)
    except DataError as error:
        if "--quoting" not in str(error):
            raise
        return None


def write_table(rows, **options):
    file = io.StringIO(newline="")
    csv.writer(file, **options).writerows(rows)
    return file.getvalue()


def test_lines_that_quotes_would_join_are_refused_and_each_way_can_be_said():
    message = refusal(JOINED)
    assert message == (
        "new:2: with cells in quotes the file has fewer rows than without, by 1, and each way "
        "every row has 4 cells. Say --quoting quoted if quotes stand around cells, --quoting "
        "unquoted if they belong to the texts."
    )
    assert read(JOINED, quoting="unquoted") == (
        [["1", '"Never, he said.', "A", "A"], ["2", 'Call me tomorrow"', "B", "B"]],
        set(),
    )
    assert read(JOINED, quoting="quoted")[0] == [
        ["1", "Never, he said.\tA\tA\n2\tCall me tomorrow", "B", "B"]
    ]


def test_sixty_answers_that_broke_are_not_passed_over(tmp_path):
    """Of 120 lines every first one of two broke, and was part of a text when quotes joined them."""

    def write(name, answer):
        pairs = (
            f'{n}\t"Never, he said.\t{answer}\tA\n{n}b\tCall me tomorrow"\tB\tB\n'
            for n in range(60)
        )
        (tmp_path / name).write_text(HEADER + "".join(pairs))
        return tmp_path / name

    with pytest.raises(DataError, match="--quoting"):
        compare(write("old.tsv", "A"), write("new.tsv", "X"))


def test_a_table_that_only_fits_without_quoting_is_read_so_and_that_is_said():
    text = HEADER + '1\t"Never, he said.\tA\tA\n2\tMy 5" pipe\t"B\tB\n'
    rows, notes = read(text)
    assert rows == [["1", '"Never, he said.', "A", "A"], ["2", 'My 5" pipe', '"B', "B"]]
    assert notes == {BELONG}
    assert read(text, quoting="unquoted") == (rows, set())
    assert refusal(text, quoting="quoted").startswith("new:3: not a table: ")


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_proper_quotes_are_read_without_a_word(delimiter, quoting, end):
    text = write_table(STANDARD, delimiter=delimiter, quoting=quoting, lineterminator=end)
    assert read(text) == (STANDARD[1:], set())


def test_a_header_in_quotes_says_it_even_where_no_cell_needs_them():
    assert read('"id","prediction","reference"\n"1","a","b"\n') == ([["1", "a", "b"]], set())
    assert read('\n ,,\nid,"prediction",reference\n1,a,"b"\n') == ([["1", "a", "b"]], set())


def test_cells_in_quotes_that_all_hold_doubled_ones_are_as_writers_make_them():
    assert read('id,prediction\n1,"say ""x"""\n2,""\n3,x\n') == (
        [["1", 'say "x"'], ["2", ""], ["3", "x"]],
        set(),
    )


def test_a_cell_in_quotes_that_needs_none_is_asked_about():
    message = refusal('id,prediction\n1,"say ""x"""\n2,"Paris"\n3,x\n')
    assert message.startswith('new:3: the cell "Paris" may stand in quotes, or hold them itself')
    assert read('id,prediction\n2,"Paris"\n', quoting="quoted")[0] == [["2", "Paris"]]
    assert read('id,prediction\n2,"Paris"\n', quoting="unquoted")[0] == [["2", '"Paris"']]


@pytest.mark.parametrize(
    "cells",
    [
        r'"He said \"hi\""',
        '"He said ""hi"" and then',  # cut off
    ],
)
def test_escaped_quotes_are_not_read_as_texts_without_quoting(cells):
    text = f'id,prediction\n1,"say ""x"""\n2,{cells}'
    message = refusal(text)
    assert "looks like a text in quotes, and with cells in quotes new:3" in message
    assert "Say --quoting unquoted" in message
    assert read(text, quoting="unquoted")[0][1] == ["2", cells]


def test_quotes_within_a_cell_are_read_as_they_stand_either_way():
    assert read('id,prediction\n1,a 5" pipe\n2, "x"\n') == (
        [["1", 'a 5" pipe'], ["2", ' "x"']],
        set(),
    )


def test_what_neither_way_fits_is_refused_as_a_table_in_quotes():
    assert refusal('id,prediction\n1,"a,b"\n2,"a"b,c\n').startswith("new:3: not a table: ")


def test_an_unknown_way_is_refused():
    with pytest.raises(ConfigError, match="--quoting is 'some'; one of quoted, unquoted"):
        read("id,prediction\n", quoting="some")


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_quote_that_comes_late_is_met_late(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 100)
    lines = [f"{n}\t{n}\tA\tA\n" for n in range(1000)]
    lines += ['x\t"Never\tA\tA\n', 'y\tTom"s\tA\tA\n', *(f"z{n}\t\tA\tA\n" for n in range(1000))]
    path = tmp_path / f"new.tsv{suffix}"
    path.write_bytes(PACKERS[suffix]((HEADER + "".join(lines)).encode()))
    result = compare(path, path)
    assert result.counts.total == 2002
    assert f"{path}: {BELONG}" in result.notes
    path.write_bytes(PACKERS[suffix]((HEADER + "".join(lines)).replace('"s', '"').encode()))
    with pytest.raises(DataError, match=":1002: with cells in quotes the file has fewer rows"):
        compare(path, path)


def test_the_line_of_a_fault_is_right_in_whatever_block(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 10)
    rows = "".join(f"{n},yes\r\n" for n in range(50))
    assert refusal(f"id,prediction\r\n{rows}x\r\n").startswith("new:52: 1 cells; ")
    rows += "".join(f'{n},"a, ""b"""\r\n' for n in range(50, 60))
    assert refusal(f"id,prediction\r\n{rows}x\r\n").startswith("new:62: 1 cells; ")


TEXTS = st.text('a", \n\r\\', max_size=6)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.just("end")), min_size=1, max_size=5)


def fits_unquoted(text, delimiter, width):
    """Tell, by a way of its own, whether every line has so many cells."""
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line]
    return all(len(line.split(delimiter)) == width for line in lines)


@given(ROWS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.integers(1, 40))
@example([("\n\na", ",", "end")], csv.QUOTE_MINIMAL, 3)
def test_what_a_writer_quoted_comes_back_or_is_asked_about(rows, quoting, block):
    text = write_table([("x", "y", "z"), *rows], quoting=quoting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", block)
        if quoting == csv.QUOTE_MINIMAL and fits_unquoted(text, ",", 3):
            found = read_or_ask(text)
            assert found in (None, ([list(row) for row in rows], set()))
        else:
            assert read(text) == ([list(row) for row in rows], set())


LINES = st.lists(
    st.tuples(*[st.text('a",\\', max_size=5)] * 2, st.just("end")), min_size=1, max_size=6
)


@given(LINES, st.integers(1, 40))
def test_what_was_written_without_quoting_comes_back_or_is_asked_about(rows, block):
    """But for cells that only a writer who quotes would make."""
    text = "".join("\t".join(row) + "\n" for row in [("x", "y", "z"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", block)
        found = read_or_ask(text)
    if found is not None and found[0] != [list(row) for row in rows]:
        opened = [cell for row in rows for cell in row if cell.startswith('"')]
        assert all(cell == '""' or ('""' in cell[1:-1] and cell.endswith('"')) for cell in opened)


def test_a_line_longer_than_a_line_may_be_is_refused_before_it_is_held(counts_of, refusal_of):
    row = b'{"id": "q1", "prediction": "' + b"x" * (65 << 20) + b'"}\n'
    table = b"id,prediction,reference\nq1," + b"x" * (65 << 20) + b",yes\n"
    for data, name, start in ((row, "new.jsonl", "0"), (table, "new.csv", "24")):
        for suffix, pack in PACKERS.items():
            message = refusal_of(pack(data), name + suffix)
            assert message.startswith(f"{name}{suffix}: the line that begins at byte {start} has ")
            assert "67,108,864 bytes" in message


def test_a_cell_longer_than_a_line_may_be_is_refused(refusal_of):
    table = b'id,prediction,reference\nq1,"' + (b"x" * 1023 + b"\n") * (65 << 10) + b'",yes\n'
    assert "field larger than field limit (67108864)" in refusal_of(table, "new.csv")
