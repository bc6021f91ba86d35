import json

import pytest

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("head", [b"", BOM, b"\n ", BOM + b"\r\n"])
def test_an_array_is_read_however_it_is_written(rows, counts_of, head, indent):
    assert counts_of(head + json.dumps(rows, indent=indent).encode(), "new.json").both_right == 4


@pytest.mark.parametrize("data", [b"", b" \n", BOM, b"[]", b" [ ]\n"])
def test_a_file_of_nothing_is_refused(refusal_of, data):
    assert refusal_of(data, "new.json") == (
        "new.json: the file holds no rows. Was it written to the end?"
    )


def test_a_cut_array_is_refused_wherever(rows, refusal_of):
    data = json.dumps(rows, indent=1).encode()
    for end in range(1, len(data) - 1):
        message = refusal_of(data[:end], "new.json")
        number = data[:end].count(b"\n") + 1
        assert message.startswith((f"new.json:{number}: not JSON: ", f"new.json:{number - 1}: "))
        assert "may be cut off" in message


@pytest.mark.parametrize(
    ("item", "kind"), [(3, "int"), ("a", "str"), (None, "NoneType"), ([], "list")]
)
def test_an_item_that_is_no_object_is_refused(rows, refusal_of, item, kind):
    data = json.dumps([*rows, item]).encode()
    assert refusal_of(data, "new.json") == (
        f"new.json:5: item 5 is a {kind}; an object was expected."
    )


@pytest.mark.parametrize(("value", "kind"), [({"data": []}, "dict"), (3, "int"), ("a", "str")])
def test_what_is_no_array_is_refused(refusal_of, value, kind):
    message = refusal_of(json.dumps(value).encode(), "new.json", reader="json")
    assert message.startswith(f"new.json: a JSON {kind}; an array of objects was expected.")
    assert "--reader jsonl" in message


def test_an_object_over_several_lines_is_no_json_lines(rows, refusal_of):
    message = refusal_of(json.dumps({"data": rows}, indent=1).encode(), "new.json")
    assert message.startswith("new.json: a JSON dict; an array of objects was expected. ")
    assert message.endswith("It holds rows: say --rows data (4).")


def test_an_object_of_objects_names_its_fields(rows, refusal_of):
    message = refusal_of(json.dumps({"data": rows}).encode(), "new.json")
    assert message.startswith('new.json: no field "id"; the fields are data.')
    assert message.endswith("--rows says where: data (4).")


def test_json_lines_are_read_whatever_the_suffix(lines, counts_of):
    assert counts_of(b"".join(lines), "new.json").both_right == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"prediction"', b'"prediction": "no", "prediction"'),
        (b'"prediction"', b'"prediction"\n : "no", "prediction"'),
        (b'"prediction"', b'"m": [{"a": 1, "a" : 1}], "prediction"'),
        (b'"prediction"', b'"x": NaN, "x": 1, "prediction"'),
    ],
)
def test_a_key_twice_is_refused_with_the_object(rows, refusal_of, old, new):
    head, found, tail = json.dumps(rows).encode().rpartition(old)
    message = refusal_of(head + found.replace(old, new) + tail, "new.json")
    assert message.startswith("new.json: the key ")
    assert "occurs twice in one object" in message
    assert "The object begins {" in message


def test_wrong_bytes_are_named_by_line_and_column(rows, refusal_of):
    data = json.dumps(rows, indent=1).encode().replace(b'"prediction": "y', b'"prediction": "\xe4')
    message = refusal_of(data, "new.json")
    assert message.startswith("new.json:4: byte 0xe4 at column 18 is not UTF-8.")


def test_a_fault_is_named_by_line_and_column(rows, refusal_of):
    data = json.dumps(rows, indent=1).encode().replace(b'"q3"', b"'q3'")
    message = refusal_of(data, "new.json")
    assert message.startswith("new.json:13: not JSON: Expecting value at column 9.")


@pytest.mark.parametrize("tail", [b"x", b"]", b'{"id": 1}', b"[]"])
def test_what_follows_the_array_is_refused(rows, refusal_of, tail):
    assert "not JSON: Extra data" in refusal_of(json.dumps(rows).encode() + tail, "new.json")


def test_a_bomb_of_brackets_is_refused(refusal_of):
    for data in (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000):
        assert refusal_of(data, "new.json").startswith("new.json: nested too deeply")


def test_nan_is_read_where_it_is_not_used(rows, counts_of):
    data = json.dumps([{**row, "loss": float("nan")} for row in rows]).encode()
    assert counts_of(data, "new.json").both_right == 4


def test_a_row_is_named_by_its_number(rows, refusal_of):
    rows[2]["prediction"] = {}
    message = refusal_of(json.dumps(rows, indent=1).encode(), "new.json")
    assert message.startswith("new.json:3: the prediction is a dict")
