"""JSON answers: by hand, by properties, and beside Python's own equality."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit import extras
from compatkit.errors import ConfigError, MissingExtraError
from compatkit.scorers import json_equality
from compatkit.scorers.json_compare import Comparer, count_leaves, sort_lists
from compatkit.scorers.json_text import NoValueError, find_json, read_json, write_json
from compatkit.scorers.make import make_scorer
from compatkit.scorers.unread import NEAR_ZERO

numbers = st.integers(-9, 9) | st.sampled_from([0.5, 1.0, 1.5, -0.0])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.text("ab1", max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=12,
)


def score(answer: str | None, reference: str, **options: object) -> float:
    scored = make_scorer("json", **options).score(rows_of([answer], [reference]))
    assert scored.unscored is None
    return float(scored.scores[0])


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ('{"a": 1, "b": 2}', '{"b": 2.0, "a": 1e0}', True),
        ("[1, 2]", "[2, 1]", False),
        ('{"a": null}', "{}", False),
        ("true", "1", False),
        ('"1"', "1", False),
        ("0.1", "0.10000000000000001", False),
        ("1e400", "1e400", True),
        ("1e400", "10e399", True),
        ("123456789012345678901234567890.1", "123456789012345678901234567890.2", False),
        ("-0.0", "0", True),
        ('{"a": 1, "a": 1}', '{"a": 1}', False),
        ('{"a": NaN}', '{"a": null}', False),
        ('It is {"a": 1}.', '{"a": 1}', True),
        ('First {"a": 2}, no, {"a": 1}', '{"a": 1}', True),
        ('```json\n{"a": 1}\n```\nas in [3]', '{"a": 1}', True),
        ("```\nx = 1\n```", "1", False),
        ("```python\n[1]\n```", "[1]", True),
        ("{} and so on", "{}", True),
        ("nothing", "null", False),
        ("null", "null", True),
    ],
)
def test_by_hand(answer: str, reference: str, right: bool) -> None:
    assert score(answer, reference) == right


@pytest.mark.parametrize(
    ("answer", "reference", "options", "expected"),
    [
        ('{"a": 1, "b": 3}', '{"a": 1, "b": 2}', {}, 1 / 3),
        ('{"a": 1}', '{"a": 1, "b": 2, "c": [1, 2]}', {}, 1 / 4),
        ('{"a": {"b": 1, "c": 2}}', '{"a": {"b": 1, "c": 3}}', {}, 1 / 3),
        ("[]", "[]", {}, 1.0),
        ("[]", "[1]", {}, 0.0),
        ("[1, 2, 3]", "[3, 2, 1]", {}, 1 / 5),
        ("[1, 2, 3]", "[3, 2, 1]", {"unordered": True}, 1.0),
        ('[{"a": 1, "b": 2}, 5]', '[5, {"a": 1, "b": 3}]', {"unordered": True}, 1 / 5),
        ("[1, 1]", "[1, 1, 1]", {"unordered": True}, 2 / 3),
        ("[1.0, 2.04]", "[2, 1.05]", {"unordered": True, "tolerance": 0.05}, 1.0),
        ("[1.0, 2.06]", "[2, 1.05]", {"unordered": True, "tolerance": 0.05}, 1 / 3),
        ('{"a": 1.04}', '{"a": 1}', {"tolerance": 0.05}, 1.0),
    ],
)
def test_the_share_by_hand(
    answer: str, reference: str, options: dict[str, object], expected: float
) -> None:
    assert score(answer, reference, partial=True, **options) == pytest.approx(expected)


def test_pairs_within_the_tolerance_are_chosen_so_that_most_are_equal() -> None:
    # Taking the nearest first would pair 1.0 with 1.04 and leave 1.08 alone.
    assert score("[1.0, 1.08]", "[1.04, 0.96]", unordered=True, tolerance=0.05) == 1


def plain(value: Any) -> Any:
    """Return a value that Python compares as JSON does: a boolean is no number."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return ("bool", value) if isinstance(value, bool) else value


@given(values, values)
def test_equality_is_pythons(left: Any, right: Any) -> None:
    one, other = (read_json(json.dumps(value)) for value in (left, right))
    same = plain(left) == plain(right)
    assert Comparer().equal(one, other) is same
    assert (write_json(one) == write_json(other)) is same
    share = Comparer().share(one, other)
    assert 0 <= share <= 1
    assert (share == 1) is same
    assert share == Comparer().share(other, one)


@given(values)
def test_a_value_is_equal_to_itself_in_any_order(value: Any) -> None:
    one = read_json(json.dumps(value))
    loose = Comparer(unordered=True, tolerance=Decimal("0.01"))
    assert loose.equal(one, sort_lists(one))
    assert Comparer(unordered=True).equal(sort_lists(one), one)
    assert Comparer(unordered=True).share(one, sort_lists(one)) == 1
    assert count_leaves(one) == count_leaves(sort_lists(one)) >= 1


@given(values)
def test_a_value_is_read_again(value: Any) -> None:
    one = read_json(json.dumps(value))
    assert read_json(write_json(one)) == one
    if isinstance(value, dict | list):
        assert find_json(f"so it is {json.dumps(value)} in the end") == one


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 200_000,
        "{" * 200_000,
        "[1," * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        "[" * 101 + "]" * 101,
        "9" * 100_000,
        "```\n" * 50_000,
        "\ud800{",
        "1e" + "9" * 50,
        "[" + "1e10000," * 50_000 + "1]",
    ],
)
def test_a_hostile_text_is_no_value(hostile: str) -> None:
    assert score(hostile, '{"a": 1}') == 0
    with pytest.raises(NoValueError):
        read_json(hostile)


def test_what_was_read_is_counted() -> None:
    scorer = make_scorer("json", unordered=True)
    rows = rows_of(
        ["[2, 1]", "none", None, "[1]", "[1]"], ["[1, 2]", "[1]", "[1]", "x", ["x", "[1]"]]
    )
    scored = scorer.score(rows)
    assert scored.scores.tolist() == [1, 0, 0, 0, 1]
    assert scored.answers == ["[1,2]", None, None, "[1]", "[1]"]
    assert scored.notes == {json_equality.NO_VALUE: 1, json_equality.NOT_JSON: 2}
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [False, False, False, True, False]


def test_references_that_the_tolerance_makes_zero_are_counted() -> None:
    references = ['{"a": 0.4, "b": "x"}', '{"a": 0.6}', '{"a": 0}', "[0.5, [-0.5]]", "no"]
    rows = rows_of([None] * 5, references)
    notes = make_scorer("json", tolerance=0.5).score(rows).notes
    assert notes[NEAR_ZERO] == 2
    assert NEAR_ZERO not in make_scorer("json").score(rows).notes


def test_a_schema_refuses_answers(tmp_path: Path) -> None:
    pytest.importorskip("jsonschema", reason="the extra json is not installed")
    path = tmp_path / "schema.json"
    path.write_text(
        '{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}'
    )
    scorer = make_scorer("json", schema=str(path), partial=True)
    answers = ['{"a": 1, "b": 2}', '{"b": 2}', '{"a": "1"}', "none", None]
    scored = scorer.score(rows_of(answers, ['{"a": 1}'] * 5))
    assert scored.scores.tolist() == [0.5, 0, 0, 0, 0]
    assert scored.notes == {json_equality.NOT_VALID: 2, json_equality.NO_VALUE: 1}
    path.write_text('{"type": "integer"}')
    assert make_scorer("json", schema=str(path)).options != scorer.options


@pytest.mark.parametrize("text", [None, "{", '{"type": 5}', "3"])
def test_a_file_that_is_no_schema_is_refused(tmp_path: Path, text: str | None) -> None:
    pytest.importorskip("jsonschema", reason="the extra json is not installed")
    path = tmp_path / "schema.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r"schema\.json: .*schema was expected"):
        make_scorer("json", schema=str(path))


def test_without_jsonschema_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)  # noqa: ARG005
    with pytest.raises(MissingExtraError, match=r"compatkit\[json\]"):
        make_scorer("json", schema="schema.json")
