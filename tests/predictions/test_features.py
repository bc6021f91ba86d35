"""What tells rows apart: tables worked by hand, then that no order of rows or batches matters."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.predictions import features
from compatkit.predictions.features import FREE_TEXT, MANY_KEYS, FeatureCollector, Features
from compatkit.predictions.fields import Columns, Fields
from compatkit.predictions.predictions import to_predictions
from compatkit.predictions.records import Records

PLAYED = {"id": "id", "prediction": "prediction", "references": "reference", "input": "input"}


def gather(rows: Any, *, batch: int = 10_000, texts: bool = False) -> Features:
    collector = FeatureCollector(PLAYED.values(), with_texts=texts)
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        records = Records(part, range(1, len(part) + 1), "rows")
        fields = Fields({role: path for role, path in PLAYED.items() if path in rows[0]})
        collector.add(
            to_predictions(
                records, fields, start=start, needs_prediction=False, needs_references=False
            )
        )
    return collector.features()


def values(found: Features, path: str) -> list[str | None]:
    feature = found.of_fields[path]
    assert feature.codes is not None
    return [None if code < 0 else feature.texts[code] for code in feature.codes.tolist()]


def numbers(found: Features, path: str) -> list[float | None] | None:
    column = found.of_fields[path].numbers
    return None if column is None else [None if np.isnan(x) else x for x in column.tolist()]


ROWS: list[dict[str, Any]] = [
    {"id": 1, "lang": "de", "meta": {"size": 3, "by": {"team": "a"}}, "choices": ["x", "y"]},
    {"id": 2, "lang": "fr", "meta": {"size": 4.0}, "choices": ["x", "y", "z"], "flag": True},
    {"id": 3, "lang": None, "meta": None, "choices": None, "flag": False},
]


def test_fields_nested_ones_and_the_length_of_lists_worked_by_hand() -> None:
    result = gather(ROWS)
    assert list(result.of_fields) == [
        "lang",
        "meta.size",
        "meta.by.team",
        "number of choices",
        "flag",
    ]
    assert values(result, "lang") == ["de", "fr", None]
    assert numbers(result, "lang") is None
    assert values(result, "meta.size") == ["3", "4", None]
    assert numbers(result, "meta.size") == [3.0, 4.0, None]
    assert values(result, "meta.by.team") == ["a", None, None]
    assert numbers(result, "number of choices") == [2.0, 3.0, None]
    assert values(result, "flag") == [None, "True", "False"]
    assert numbers(result, "flag") is None


@pytest.mark.parametrize(
    ("column", "few", "numeric"),
    [
        (["a", "b"], True, False),
        (["1", "2.5"], True, True),
        (["1", "1_0"], True, False),
        (["1", "nan"], True, False),
        ([1, True], True, False),
        ([1, "x"], True, False),
        ([10**400, 1], True, False),
        ([float("nan"), 2], True, True),
        ([1, 1.0, "1"], True, True),
    ],
)
def test_what_is_a_number(column: list[Any], few: bool, numeric: bool) -> None:
    result = gather([{"id": n, "x": value} for n, value in enumerate(column)])
    feature = result.of_fields["x"]
    assert (feature.codes is not None, feature.numbers is not None) == (few, numeric)


def test_free_text_is_left_aside_and_numbers_are_not() -> None:
    rows = [{"id": n, "note": f"note {n}", "size": n, "few": n % 100} for n in range(3000)]
    result = gather(rows, batch=700)
    assert result.aside == {"note": FREE_TEXT}
    assert result.of_fields["size"].codes is None
    assert numbers(result, "size") == list(range(3000))
    assert len(set(values(result, "few"))) == 100
    late = gather([*rows[:50], {"id": "z", "note": "n", "size": "large", "few": 1}, *rows[50:]])
    assert late.aside == {"note": FREE_TEXT, "size": FREE_TEXT}


def test_an_object_of_many_keys_is_left_aside_with_all_that_it_holds() -> None:
    rows: list[dict[str, Any]] = [{"id": 1, "top": {"a": 1}}, {"id": 2, "top": {"a": 2}}]
    many = {"id": 3, "top": {f"k{n}": n for n in range(60)}}
    for order in ([*rows, many], [many, *rows]):
        result = gather(order, batch=2)
        assert result.aside == {"top": MANY_KEYS}
        assert not result.of_fields


def test_a_field_that_begins_late_is_none_before() -> None:
    rows = [{"id": n} for n in range(5)] + [{"id": 9, "lang": "de"}]
    assert values(gather(rows, batch=2), "lang") == [None] * 5 + ["de"]


def test_columns_say_what_records_say() -> None:
    columns = Columns({"id": ["1", "2"], "lang": ["de", None], "size": ["3", "4"]})
    result = gather(columns)
    assert values(result, "lang") == ["de", None]
    assert numbers(result, "size") == [3.0, 4.0]


def test_what_the_texts_tell_worked_by_hand() -> None:
    rows = [
        {
            "id": 1,
            "input": "Which?\nA. one\nB. two\nAnswer:",
            "prediction": "A",
            "reference": "A",
        },
        {"id": 2, "input": "\u041a\u0430\u043a 7?", "prediction": None, "reference": ["B", "CC"]},
        {"id": 3, "input": "```\nx = 1\n```", "prediction": "yes", "reference": "B"},
    ]
    result = gather(rows, texts=True).of_texts
    told = {
        name: [None if code < 0 else f.texts[code] for code in f.codes.tolist()]
        for name, f in result.items()
        if f.codes is not None
    }
    assert told == {
        "length of the input": ["28", "6", "13"],
        "script of the input": ["LATIN", "CYRILLIC", "LATIN"],
        "digits in the input": ["no", "yes", "yes"],
        "code in the input": ["no", "no", "yes"],
        "choices in the input": ["2", None, None],
        "length of the old answer": ["1", None, "3"],
        "reference": ["A", None, "B"],
        "length of the reference": ["1", "2", "1"],
    }
    assert not gather(rows).of_texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def add(a, b):\n    return a", "yes"),
        ("import os\n", "yes"),
        ("#include <stdio.h>", "yes"),
        ("for (i = 0;;) {", "yes"),
        ("SELECT name FROM users", "yes"),
        ("<b>bold</b>", "yes"),
        ("Please select a gift from the list.", "no"),
        ("The import of cars fell; the class was full.", "no"),
        ("What is f(x) if x = 3?", "no"),
    ],
)
def test_what_looks_like_code(text: str, expected: str) -> None:
    result = gather([{"id": 1, "input": text}, {"id": 2, "input": "plain"}], texts=True)
    feature = result.of_texts["code in the input"]
    assert feature.codes is not None
    assert feature.texts[feature.codes[0]] == expected


plain = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "1", "2.0"])
fields = st.fixed_dictionaries(
    {},
    optional={
        "x": plain | st.lists(st.none(), max_size=2),
        "y": st.fixed_dictionaries({"z": plain}),
    },
)


@given(
    st.lists(fields, min_size=1, max_size=12), st.integers(1, 5), st.randoms(use_true_random=False)
)
def test_neither_batches_nor_the_order_of_rows_matter(
    rows: list[dict[str, Any]], batch: int, random: Any
) -> None:
    rows = [{"id": n, **row} for n, row in enumerate(rows)]
    order = list(range(len(rows)))
    random.shuffle(order)
    whole, turned = gather(rows), gather([rows[n] for n in order], batch=batch)
    assert set(whole.of_fields) == set(turned.of_fields)
    for path in whole.of_fields:
        first, second = values(whole, path), values(turned, path)
        assert [first[n] for n in order] == second
        left, right = numbers(whole, path), numbers(turned, path)
        assert (None if left is None else [left[n] for n in order]) == right


def test_long_inputs_are_looked_at_by_their_end() -> None:
    text = "7 " + "word " * 1000
    assert len(text) > features.LAST
    result = gather([{"id": 1, "input": text}, {"id": 2, "input": text + "8"}], texts=True)
    feature = result.of_texts["digits in the input"]
    assert feature.codes is not None
    assert [feature.texts[code] for code in feature.codes.tolist()] == ["no", "yes"]
