import gzip
import json

import pytest
import zstandard

BOM = b"\xef\xbb\xbf"
DEPTH = 100_000


@pytest.mark.parametrize("head", [b"", BOM])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\n\n", b"\r\n \t\r\n"])
@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_marks_line_breaks_and_blank_lines_change_nothing(lines, counts_of, head, line_break, tail):
    data = head + line_break.join(line.strip() for line in lines) + tail
    assert counts_of(data).both_right == 4


def test_white_space_around_objects_changes_nothing(lines, counts_of):
    assert counts_of(b"".join(b"  " + line.strip() + b"\t\n" for line in lines)).both_right == 4


@pytest.mark.parametrize("data", [b"", b" ", b"\n\n \n", BOM, BOM + b"\r\n"])
def test_a_file_of_nothing_is_refused(refusal_of, data):
    assert refusal_of(data) == "new.jsonl: the file holds no rows. Was it written to the end?"


def test_a_file_that_is_cut_within_a_line_is_refused_wherever(lines, refusal_of):
    for end in range(1, len(lines[3]) - 2):
        message = refusal_of(b"".join(lines[:3]) + lines[3][:end])
        assert message.startswith("new.jsonl:4: not JSON: "), end
        assert "may be cut off" in message


def test_a_file_that_is_cut_between_lines_lacks_ids(lines, refusal_of):
    assert "new.jsonl lacks 2 of 4 ids: 'q3', 'q4'" in refusal_of(b"".join(lines[:2]))


def test_a_last_line_without_a_break_is_whole(lines, counts_of):
    assert counts_of(b"".join(lines).rstrip()).both_right == 4


@pytest.mark.parametrize("before", [b"", b"\n", b"\r\n\n  \n"])
def test_a_broken_line_is_named_by_its_number(lines, refusal_of, before):
    data = before + lines[0] + b"\n" + b"oops\n" + b"".join(lines[1:])
    number = before.count(b"\n") + 3
    message = refusal_of(data)
    assert message.startswith(f"new.jsonl:{number}: not JSON: Expecting value at column 1.")
    assert "cut off" not in message
    assert "One whole JSON object a line was expected." in message


def test_a_broken_line_far_into_a_file_is_named_by_its_number(refusal_of):
    row = json.dumps({"id": "q1", "prediction": "yes " * 1000, "reference": "yes"}).encode() + b"\n"
    assert refusal_of(row * 500 + b"{\n" + row).startswith("new.jsonl:501: the JSON value that ")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("3", "int"), ('"a"', "str"), ("null", "NoneType"), ("[1]", "list"), ("true", "bool")],
)
def test_a_line_that_is_no_object_is_refused(lines, refusal_of, text, kind):
    message = refusal_of(lines[0] + text.encode() + b"\n" + lines[1])
    assert message.startswith(f"new.jsonl:2: a JSON {kind}. One whole JSON object a line")
    assert ("--reader json" in message) == (kind == "list")


def test_an_array_is_pointed_to_its_reader(rows, refusal_of):
    for indent in (None, 1):
        assert "pass --reader json" in refusal_of(json.dumps(rows, indent=indent).encode())


@pytest.mark.parametrize("filler", [b"", b"\n", b"\n\n", b" \n"])
def test_two_objects_on_a_line_are_refused(lines, refusal_of, filler):
    """A blank line elsewhere must not make up for the number of lines."""
    data = lines[0] + lines[1].strip() + lines[2] + filler + lines[3]
    assert refusal_of(data).startswith("new.jsonl:2: not JSON: Extra data at column ")


@pytest.mark.parametrize("cut", [b",", b":", b"{"])
def test_an_object_over_several_lines_is_refused(lines, refusal_of, cut):
    """Two objects on another line must not make up for the number of lines."""
    split = lines[2].replace(cut, cut + b"\n", 1)
    for others in (lines[0] + lines[1], lines[0].strip() + lines[1]):
        number = others.count(b"\n") + 1 if others.startswith(lines[0]) else 1
        message = refusal_of(others + split + lines[3])
        cause = "not JSON: Extra data" if number == 1 else "the JSON value that begins here"
        assert message.startswith(f"new.jsonl:{number}: {cause}")
        assert "One whole JSON object a line was expected." in message


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_bytes_that_are_no_utf8_are_named_by_line_and_column(lines, refusal_of, line_break):
    lines[2] = lines[2].replace(b'"yes"', b'"\xe4"', 1)
    data = b"".join(line.replace(b"\n", line_break) for line in lines)
    column = lines[2].index(b"\xe4") + 1
    message = refusal_of(data)
    assert message.startswith(f"new.jsonl:3: byte 0xe4 at column {column} is not UTF-8")
    assert "Convert the file to UTF-8" in message


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.decode().encode("utf-32"),
        lambda data: data + b"\0" * 100,
        lambda data: data.replace(b"yes", b"y\0s", 1),
        lambda data: bytes(range(256)) + data,
    ],
)
def test_binary_data_is_refused(lines, refusal_of, spoil):
    message = refusal_of(spoil(b"".join(lines)))
    assert "binary data; JSON text was expected" in message


def test_compressed_data_needs_no_suffix(lines, counts_of):
    for pack in (gzip.compress, zstandard.compress):
        assert counts_of(pack(b"".join(lines))).both_right == 4


def repeat(line, old, new):
    assert old in line
    return line.replace(old, new, 1)


DUPLICATES = {
    "plain": (b'"prediction": "yes"', b'"prediction": "no", "prediction": "yes"'),
    "space before the colon": (b'"prediction": "yes"', b'"prediction" : "no", "prediction": "yes"'),
    "tab before the colon": (b'"prediction": "yes"', b'"prediction"\t:"no","prediction" :"yes"'),
    "escaped": (b'"prediction": "yes"', b'"predictio\\u006e": "no", "prediction": "yes"'),
    "null": (b'"prediction": "yes"', b'"prediction": null, "prediction": "yes"'),
    "another key": (b'"prediction": "yes"', b'"prediction": "yes", "z": 1, "z": 2'),
    "not ascii": (b'"prediction": "yes"', '"prediction": "yes", "é": 1, "é": 2'.encode()),
    "error": (b'"prediction": "yes"', b'"prediction": "yes", "error": "x", "error": null'),
    "nested": (b'"prediction": "yes"', b'"prediction": "yes", "m": {"a": 1, "a": 2}'),
    "in a list": (b'"prediction": "yes"', b'"prediction": "yes", "m": [[{"a": 1, "a": 2}]]'),
    "beside texts": (b'"prediction": "yes"', b'"prediction": "yes", "t": "\\": :", "t": ":"'),
    "after a backslash": (b'"prediction": "yes"', b'"prediction": "yes", "\\\\": 1, "\\\\": 2'),
}


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("case", DUPLICATES)
def test_a_key_twice_is_refused_wherever_it_stands(lines, refusal_of, case, number):
    lines[number - 1] = repeat(lines[number - 1], *DUPLICATES[case])
    message = refusal_of(b"".join(lines))
    assert message.startswith(f"new.jsonl:{number}: the key ")
    assert "occurs twice in one object" in message
    assert "Write each key once." in message


def test_a_key_that_other_lines_lack_does_not_hide_one_that_is_there_twice(lines, refusal_of):
    lines[1] = repeat(lines[1], *DUPLICATES["plain"])
    lines[2] = lines[2].replace(b'"prediction": "yes"', b'"error": "timeout"')
    assert refusal_of(b"".join(lines)).startswith("new.jsonl:2: the key 'prediction' occurs twice")


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "q1", "prediction": "prediction", "reference": ":"}',
        ': "prediction": " :',
        '\\": \\\\": \\',
        'été : "a"\t:\n:',
        "{}[]",
    ],
)
def test_texts_that_look_like_keys_are_none(rows, counts_of, text):
    for row in rows:
        row["prediction"] = row["reference"] = text
        row["meta"] = {"prediction": {"id": [text, {"id": text}]}}
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    assert counts_of(data, old=rows).both_right == 4


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_json_does_not_know_is_read_where_it_is_not_used(lines, counts_of, value):
    lines[1] = lines[1].replace(b"{", b'{"loss": ' + value + b", ", 1)
    assert counts_of(b"".join(lines)).both_right == 4


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
@pytest.mark.parametrize("role", ["id", "prediction", "reference"])
def test_what_json_does_not_know_is_refused_where_it_is_used(lines, refusal_of, role, value):
    start = lines[1].index(f'"{role}": "'.encode())
    end = lines[1].index(b'"', start + len(role) + 5) + 1
    lines[1] = lines[1][:start] + f'"{role}": '.encode() + value + lines[1][end:]
    assert refusal_of(b"".join(lines)).startswith(f"new.jsonl:2: the {role} is ")


def test_a_key_twice_is_refused_beside_nan(lines, refusal_of):
    lines[0] = lines[0].replace(b"{", b'{"loss": NaN, ', 1)
    lines[2] = repeat(lines[2], *DUPLICATES["plain"])
    assert refusal_of(b"".join(lines)).startswith("new.jsonl:3: the key 'prediction' occurs twice")


@pytest.mark.parametrize("open_close", [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("closed", [False, True])
def test_a_bomb_of_brackets_is_refused(lines, refusal_of, open_close, closed):
    opened, closes = open_close
    bomb = opened * DEPTH + (b"1" + closes * DEPTH if closed else b"")
    lines[2] = lines[2].replace(b"{", b'{"x": ' + bomb + b", ", 1)
    assert refusal_of(b"".join(lines)).startswith("new.jsonl:3: nested too deeply")


def test_deep_inputs_are_read_or_refused(lines, counts_of, refusal_of):
    for depth in (10, 200):
        nested = b"[" * depth + b"]" * depth
        deep = [line.replace(b"{", b'{"input": ' + nested + b", ", 1) for line in lines]
        assert counts_of(b"".join(deep)).both_right == 4


def test_whole_numbers_keep_every_digit(counts_of, refusal_of):
    digits = "123456789012345678901234567890"
    text = f'{{"id": {digits}, "prediction": {digits}, "reference": "{digits}"}}\n'
    old = [{"id": digits, "prediction": digits, "reference": digits}]
    assert counts_of(text.encode(), old=old).both_right == 1
    long = text.replace(digits, "9" * 5000)
    assert refusal_of(long.encode()).startswith("new.jsonl:1: nested too deeply, or a number too")


def test_a_lone_surrogate_is_a_text_like_others(lines, counts_of):
    lines[1] = lines[1].replace(b'"prediction": "yes"', b'"prediction": "\\ud83d"')
    assert counts_of(b"".join(lines)).negative_flips == 1


def test_a_line_of_fifty_megabytes_is_read(lines, counts_of, refusal_of):
    long = b"x" * 50_000_000
    lines[1] = lines[1].replace(b'"prediction": "yes"', b'"prediction": "' + long + b'"')
    assert counts_of(b"".join(lines), keep_flips=False).negative_flips == 1
    assert refusal_of(lines[1][:-5]).startswith("new.jsonl:1: not JSON: Unterminated string")
