"""Which rows of a file are meant: an expression of equality."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import Columns
from compatkit.predictions.records import Records
from compatkit.readers.where import keep_rows, parse_where

READ = {
    "model=a": [("model", "a")],
    " model = a ": [("model", "a")],
    "model==a": [("model", "a")],
    "model=gpt 4 and lang=de": [("model", "gpt 4"), ("lang", "de")],
    "title=Tom and Jerry": [("title", "Tom and Jerry")],
    "title=Tom and Jerry and lang=de": [("title", "Tom and Jerry"), ("lang", "de")],
    "title='a and b=c'": [("title", "a and b=c")],
    'a="" and b=" x "': [("a", ""), ("b", " x ")],
    "meta.model=a": [("meta.model", "a")],
    "brand=b": [("brand", "b")],
    "a=sand and b=1": [("a", "sand"), ("b", "1")],
}


@pytest.mark.parametrize(("text", "conditions"), READ.items())
def test_an_expression_is_read(text, conditions):
    assert parse_where(text) == tuple(conditions)


@pytest.mark.parametrize(
    "text",
    ["", " ", "model", "model=", "=a", "model!=a", "a=b=c", "a='x", "a>=1"],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ConfigError, match="FIELD=VALUE was expected"):
        parse_where(text)


def test_a_field_has_one_value():
    with pytest.raises(ConfigError, match="'a' cannot have two values"):
        parse_where("a=1 and a=2")


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True), st.data())
def test_what_is_written_in_quotes_is_read_back(fields, data):
    texts = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]))
    conditions = [(field, data.draw(texts)) for field in fields]
    text = " and ".join(f'{field}="{value}"' for field, value in conditions)
    assert parse_where(text) == tuple(conditions)


ROWS = [
    {"id": 1, "model": "a", "n": 1, "ok": True},
    {"id": 2, "model": "b", "n": 1.5, "ok": None},
    {"id": 3, "model": "A", "n": "1", "ok": False},
    {"id": 4, "n": [1]},
]


def keep(text, rows=ROWS):
    batches = [Records(rows[:2], [1, 2], "x"), Records(rows[2:], [3, 4], "x")]
    kept = list(keep_rows(iter(batches), parse_where(text), "x"))
    assert kept[-1].notes
    return [row["id"] for batch in kept for row in batch.rows], [
        line for batch in kept for line in batch.lines
    ]


@pytest.mark.parametrize(
    ("text", "ids"),
    [("model=a", [1]), ("model=A", [3]), ("n=1", [1, 3]), ("n=1.5", [2]), ("ok=true", [1])],
)
def test_values_are_compared_as_text_exactly(text, ids):
    assert keep(text) == (ids, ids)


def test_columns_are_kept_as_rows_are():
    rows = [{"id": n, "model": "ab"[n % 2]} for n in range(4)]
    columns = Columns({name: [row[name] for row in rows] for name in ("id", "model")})
    assert keep("model=a", columns)[0] == keep("model=a", rows)[0] == [0, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model=c", "'model' is 'a', 'b', 'A'"),
        ("modl=a", "no row has a field 'modl'; the fields are id, model, n, ok"),
        ("model=a and n=1.5", "each value is there, and no row has all of them"),
        ("ok=null", "'ok' is 'true', 'false'"),
    ],
)
def test_where_no_row_is_left_the_values_are_shown(text, words):
    with pytest.raises(DataError, match="x: no row where") as caught:
        keep(text)
    assert words in str(caught.value)
