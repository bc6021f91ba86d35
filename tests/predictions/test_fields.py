import pytest

from compatkit import compare
from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import (
    ALIASES,
    MISSING,
    Columns,
    find_fields,
    get_column,
    get_path,
    parse_roles,
)

ROW = {"id": "q1", "prediction": "4", "reference": "4"}


def fields_of(row, chosen=None, **options):
    return find_fields([row], "new.jsonl", chosen, **options)


def test_own_names_are_taken_without_a_note():
    found = fields_of({**ROW, "input": "2+2", "sample": 1})
    assert found.paths == {
        "id": "id",
        "prediction": "prediction",
        "references": "reference",
        "input": "input",
        "sample": "sample",
        "error": "error",
    }
    assert found.notes == ()


@pytest.mark.parametrize(
    ("role", "alias"),
    [(role, alias) for role in ("id", "prediction", "references") for alias in ALIASES[role]],
)
def test_every_alias_is_taken_where_it_stands_alone(role, alias):
    own = {"id": "id", "prediction": "prediction", "references": "reference"}[role]
    row = {key: value for key, value in ROW.items() if key != own}
    found = fields_of({**row, alias: "x"})
    assert found.paths[role] == alias
    noted = f"new.jsonl: {role} is read from the field {alias!r}"
    is_own = alias in {"id", "prediction", "predictions", "reference", "references"}
    assert found.notes == (() if is_own else (noted,))


@pytest.mark.parametrize(
    ("keys", "role", "option"),
    [
        (("doc_id", "idx"), "id", "--id-field"),
        (("output", "response"), "prediction", "--prediction-field"),
        (("prediction", "predictions"), "prediction", "--prediction-field"),
        (("reference", "references"), "references", "--reference-field"),
    ],
)
def test_two_candidates_for_a_role_are_refused(keys, role, option):
    row = {key: value for key, value in ROW.items() if key not in ALIASES[role]}
    with pytest.raises(DataError) as caught:
        fields_of({**row, **dict.fromkeys(keys, "x")})
    assert f"{keys[0]!r} and {keys[1]!r} could each be the {role}" in str(caught.value)
    assert f"Pass {option} NAME" in str(caught.value)


def test_an_own_name_wins_over_aliases():
    found = fields_of({**ROW, "output": "x", "answer": "y", "idx": 3})
    assert (found.paths["prediction"], found.paths["references"]) == ("prediction", "reference")
    assert found.notes == ()


def test_a_role_that_is_not_needed_is_not_guessed_between_two_aliases():
    row = {"id": "1", "prediction": "x", "gold": "a", "target": "b"}
    found = fields_of(row, needs_references=False)
    with pytest.raises(DataError, match="could each be the references"):
        fields_of(row)
    assert "references" not in found.paths
    assert "no references is read, since 'target' and 'gold' could each be it" in found.notes[0]


@pytest.mark.parametrize(("absent", "hint"), [("id", "--by-position"), ("prediction", "NAME.")])
def test_a_needed_role_without_a_field_is_refused_with_the_fields(absent, hint):
    row = {key: value for key, value in ROW.items() if key != absent} | {"zzz": 1}
    with pytest.raises(DataError) as caught:
        fields_of(row)
    message = str(caught.value)
    assert message.startswith(f'new.jsonl: no field "{absent}"; the fields are ')
    assert "zzz" in message
    assert f"--{absent}-field" in message
    assert hint in message


def test_a_file_of_many_fields_lists_the_first_twenty():
    with pytest.raises(DataError, match=r"k19, \.\.\.\. Pass"):
        fields_of({f"k{number}": 1 for number in range(30)})


def test_fields_whose_names_are_no_texts_are_listed():
    with pytest.raises(DataError, match="the fields are 0, x"):
        fields_of({0: 1, "x": 2})


@pytest.mark.parametrize("role", ["id", "prediction"])
def test_a_needed_role_cannot_have_no_field(role):
    with pytest.raises(ConfigError, match=f"--{role}-field is none"):
        fields_of(ROW, {role: "none"})


def test_no_id_field_does_not_pair_by_position_in_silence():
    with pytest.raises(ConfigError, match="--by-position"):
        compare([ROW], [ROW], fields={"id": "none"})


def test_an_id_field_and_by_position_contradict_each_other():
    with pytest.raises(ConfigError, match="--by-position"):
        compare([ROW], [ROW], fields={"id": "id"}, by_position=True)


def test_no_prediction_is_needed_where_the_scorer_reads_none():
    assert "prediction" not in fields_of(ROW, {"prediction": "none"}, needs_prediction=False).paths


@pytest.mark.parametrize("role", ["input", "sample", "error"])
def test_a_named_field_that_no_row_has_is_noted(role):
    found = fields_of(ROW, {role: "typo"})
    assert found.notes == (f"new.jsonl: no field 'typo' for the {role} in the first rows",)
    taken = fields_of({**ROW, "typo": None}, {role: "typo"}).notes
    assert taken == (f"new.jsonl: {role} is read from the field 'typo'",)


def test_an_error_counts_where_the_first_thousand_rows_have_none():
    rows = [{"id": n, "prediction": "x", "reference": "x"} for n in range(1500)]
    new = [*rows[:1400], {"id": 1400, "reference": "x", "error": "timeout"}, *rows[1401:]]
    counts = compare(rows, new).counts
    assert (counts.total, counts.negative_flips) == (1499, 0)
    assert counts.excluded["errored"] == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", 1),
        ("b.c", 2),
        ("b.d.e", 3),
        ("x.y", "flat"),
        ("b.z", MISSING),
        ("a.b", MISSING),
        ("", MISSING),
    ],
)
def test_paths_nest_by_dots_and_whole_keys_come_first(path, value):
    record = {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "x.y": "flat", "x": {"y": "nested"}}
    assert get_path(record, path) is value


def test_a_column_says_where_a_record_lacks_the_field():
    rows = [{"a": 1, "b": {"c": 2}}, {"b": {}}]
    assert get_column(rows, "a") == [1, MISSING]
    assert get_column(rows, "b.c") == [2, MISSING]


def test_nested_fields_are_compared_by_option():
    old = [{"key": "a", "out": {"text": "4"}, "gold": {"text": "4"}}]
    new = [{"key": "a", "out": {"text": "5"}, "gold": {"text": "4"}}]
    roles = {"id": "key", "prediction": "out.text", "references": "gold.text"}
    assert compare(old, new, fields=roles).counts.negative_flips == 1


def test_an_unknown_role_is_refused():
    with pytest.raises(ConfigError, match="no role 'answer'; the roles are id, prediction"):
        parse_roles({"answer": "x"})
    assert parse_roles({"reference": "x"}) == {"references": "x"}  # as its flag has it
    assert parse_roles({"id": None, "error": "e"}) == {"error": "e"}


def test_one_field_cannot_be_the_prediction_and_the_reference() -> None:
    rows = [{"id": "a", "prediction": "x", "reference": "y"}]
    with pytest.raises(ConfigError, match="'reference' is taken for the prediction and for"):
        find_fields(rows, "old.jsonl", {"prediction": "reference"})
    paths = find_fields(
        rows, "old.jsonl", {"prediction": "reference"}, needs_references=False
    ).paths
    assert paths["prediction"] == "reference"


def test_columns_are_records() -> None:
    columns = Columns({"id": ["a", "b", "c"], "prediction": ["1", None, "3"]})
    rows = [{"id": "a", "prediction": "1"}, {"id": "b", "prediction": None}]
    assert list(columns[:2]) == rows
    assert len(columns) == 3
    assert columns[-1] == {"id": "c", "prediction": "3"}
    assert get_column(columns, "prediction") == ["1", None, "3"]
    assert get_column(columns[1:], "reference") == [MISSING, MISSING]
    assert len(Columns({})) == 0
