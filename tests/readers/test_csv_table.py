import pytest

TABLE = b"id,prediction,reference\nq1,yes,yes\nq2,yes,yes\nq3,yes,yes\nq4,yes,yes\n"
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("head", [b"", BOM, b"\n\n"])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r", b"\n\n"])
@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_marks_line_breaks_and_blank_lines_change_nothing(counts_of, head, line_break, tail):
    data = head + TABLE.strip().replace(b"\n", line_break) + tail
    assert counts_of(data, "new.csv").both_right == 4
    assert counts_of(data.replace(b",", b"\t"), "new.tsv").both_right == 4


@pytest.mark.parametrize("data", [b"", b"\n \n", BOM, TABLE[:24], TABLE[:23]])
def test_a_file_without_rows_is_refused(refusal_of, data):
    assert refusal_of(data, "new.csv") == (
        "new.csv: the file holds no rows. Was it written to the end?"
    )


@pytest.mark.parametrize(("row", "cells"), [(b"q3,yes", 2), (b"q3,yes,yes,", 4), (b"q3", 1)])
def test_a_wrong_number_of_cells_is_refused_with_the_line(refusal_of, row, cells):
    message = refusal_of(TABLE.replace(b"q3,yes,yes", b"\n" + row), "new.csv")
    assert message.startswith(f"new.csv:5: {cells} cells; the header has 3.")
    assert "Quote the cells" in message


def test_a_table_that_is_cut_within_a_row_is_refused(refusal_of):
    for end in range(len(TABLE) - 10, len(TABLE) - 4):
        assert refusal_of(TABLE[:end], "new.csv").startswith("new.csv:5: ")
    for end in range(len(TABLE) - 4, len(TABLE) - 1):
        message = refusal_of(TABLE[:end], "new.csv")
        assert "the reference of 'q4'" in message or "no reference" in message


@pytest.mark.parametrize("cell", [b'"yes', b'"yes"no', b'"'])
def test_a_quote_that_is_open_or_out_of_place_is_refused(refusal_of, cell):
    table = TABLE.replace(b"q2,yes", b'q2,"yes, yes"')
    message = refusal_of(table.replace(b"q3,yes", b"q3," + cell), "new.csv")
    assert message.startswith(("new.csv:4: not a table: ", "new.csv:5: not a table: "))
    assert "write it again" in message
    assert 'Quote as RFC 4180 says: a cell that holds a quote as "a ""quoted"" word".' in message


@pytest.mark.parametrize(
    ("name", "delimiter", "hint"),
    [
        ("new.csv", b";", "looks like ;-separated; comma-separated was expected. Write it again"),
        ("new.csv", b"\t", "looks like tab-separated; comma-separated was expected. Name it .tsv"),
        ("new.tsv", b",", "looks like comma-separated; tab-separated was expected. Name it .csv"),
        ("new.tsv", b";", "looks like ;-separated; tab-separated was expected. Write it again"),
        ("new.csv", b"|", "looks like |-separated; comma-separated was expected. Write it again"),
    ],
)
def test_another_delimiter_is_named(refusal_of, name, delimiter, hint):
    message = refusal_of(b"\n" + TABLE.replace(b",", delimiter), name)
    assert message.startswith(f"{name}:2: the header is one cell, ")
    assert hint in message


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks(counts_of):
    text = 'a, "b"\nc\r\nd'
    old = [{"id": "1", "prediction": text, "reference": text}]
    quoted = '"' + text.replace('"', '""') + '"'
    data = f"id,prediction,reference\n1,{quoted},{quoted}\n".encode()
    assert counts_of(data, "new.csv", old=old).both_right == 1


@pytest.mark.parametrize("header", [b"id,prediction,prediction", b"id,id,reference", b"id,,"])
def test_a_column_twice_is_refused(refusal_of, header):
    message = refusal_of(header + TABLE[23:], "new.csv")
    assert message.startswith("new.csv:1: two columns are called ")


def test_a_column_without_a_name_is_passed_over(counts_of):
    data = b"\n".join(
        b"%d,%s" % (n, row) if n else b"," + row for n, row in enumerate(TABLE.split())
    )
    assert counts_of(data, "new.csv").both_right == 4


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(("place", "line"), [(b"id", 1), (b"q1", 2), (b"q3,yes", 4)])
def test_wrong_bytes_are_refused_with_their_place(refusal_of, mark, place, line):
    data = mark + TABLE.replace(place, b"\xe4", 1)
    message = refusal_of(data, "new.csv")
    assert message == f"new.csv:{line}: byte 0xe4 is not UTF-8. Convert the file to UTF-8."


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_refused(refusal_of, encoding):
    assert refusal_of(TABLE.decode().encode(encoding), "new.csv")


def test_a_tail_of_zeros_is_refused(refusal_of):
    assert "new.csv:6: 1 cells" in refusal_of(TABLE + b"\0" * 100, "new.csv")


def test_an_empty_cell_is_no_answer(counts_of):
    counts = counts_of(TABLE.replace(b"q3,yes", b"q3,"), "new.csv")
    assert (counts.negative_flips, counts.no_answer_new) == (1, 1)
    counts = counts_of(TABLE.replace(b"q3,yes", b'q3,""'), "new.csv")
    assert (counts.negative_flips, counts.no_answer_new) == (1, 1)


def test_an_error_is_a_cell_that_is_not_empty(counts_of):
    rows = TABLE.split()
    data = b"\n".join([rows[0] + b",error", *(row + b"," for row in rows[1:4]), b"q4,,,timeout"])
    assert counts_of(data, "new.csv").excluded["errored"] == 1


LISTS = TABLE.replace(b"reference", b"references")


def test_a_cell_may_hold_a_list_of_references(counts_of):
    data = LISTS.replace(b"q3,yes,yes", b'q3,no,"[""yes"", ""no""]"')
    assert counts_of(data, "new.csv", edited="keep").both_right == 4


def test_a_cell_may_hold_a_list_of_predictions(counts_of):
    data = TABLE.replace(b"prediction", b"predictions").replace(
        b"q3,yes", b'q3,"[""yes"", ""no""]"'
    )
    assert counts_of(data, "new.csv").negative_flips == pytest.approx(0.5)


@pytest.mark.parametrize("cell", [b"[yes", b"[", b"[" * 100_000])
def test_a_cell_that_begins_like_a_list_and_is_none_is_refused(refusal_of, cell):
    message = refusal_of(LISTS.replace(b"q3,yes,yes", b"q3,yes," + cell), "new.csv")
    assert message.startswith("new.csv:4: the cell of 'references' begins like a JSON list")
    assert "singular" in message


def test_a_text_column_may_begin_with_a_bracket(counts_of):
    old = [{"id": "1", "prediction": "[yes", "reference": "[yes"}]
    data = b"id,prediction,reference\n1,[yes,[yes\n"
    assert counts_of(data, "new.csv", old=old).both_right == 1


def test_a_field_of_the_header_that_is_not_there_is_named(refusal_of):
    message = refusal_of(TABLE.replace(b"id,prediction", b"id, prediction"), "new.csv")
    assert message.startswith('new.csv: no field "prediction"; the fields are id,  prediction, ')


def test_a_row_over_several_lines_is_named_by_its_last_one(refusal_of):
    data = TABLE.replace(b"q2,yes,yes", b'q2,"a\nb\nc",yes').replace(b"q3,yes,yes", b"q3,yes,")
    assert refusal_of(data, "new.csv").startswith("new.csv:6: no reference in the field")


def test_a_cell_of_many_megabytes_is_read(counts_of):
    data = TABLE.replace(b"q3,yes", b"q3," + b"x" * 10_000_000)
    assert counts_of(data, "new.csv", keep_flips=False).negative_flips == 1
