"""One file that holds both models, and files whose fields are called otherwise."""

import json

import pytest
from click.testing import CliRunner
from prediction_files import ANSWERS, REFERENCES, rows_of_model, write_models

from compatkit import check, compare, compare_candidates
from compatkit.cli import command_line
from compatkit.errors import CompatkitError, ConfigError, DataError
from compatkit.gate.checking import check_policy
from compatkit.gate.read_policy import read_policy
from compatkit.gate.task_files import expand_tasks

OLD, NEW, CANDIDATE = (rows_of_model(model) for model in ("old", "new", "candidate"))
WIDE = [
    {
        "id": row["id"],
        "claude_pred": row["prediction"],
        "turbo_pred": other["prediction"],
        "claude_ok": row["prediction"] == row["reference"],
        "turbo_ok": other["prediction"] == other["reference"],
        "reference": row["reference"],
    }
    for row, other in zip(OLD, NEW, strict=True)
]
LONG = [
    {**row, "model": model}
    for model, rows in (("a", OLD), ("b", NEW), ("c", CANDIDATE))
    for row in rows
]
FIELDS = {"old_fields": {"prediction": "claude_pred"}, "new_fields": {"prediction": "turbo_pred"}}
WHERE = {"old_where": "model=a", "new_where": "model=b"}
FLAGS = {
    "wide": ["--old-field", "prediction=claude_pred", "--new-field", "prediction=turbo_pred"],
    "long": ["--old-where", "model=a", "--new-where", "model=b"],
}


def run(*words):
    result = CliRunner().invoke(command_line, [str(word) for word in words], standalone_mode=False)
    if isinstance(result.exception, CompatkitError):
        return 2, str(result.exception)
    assert result.exception is None, result.exception
    return result.return_value or result.exit_code, result.output


@pytest.fixture
def files(tmp_path):
    """The same two models' answers in three shapes."""
    write_models(tmp_path)
    for name, rows in (("wide", WIDE), ("long", LONG)):
        cells = [list(rows[0]), *([str(row[key]) for key in rows[0]] for row in rows)]
        text = "".join(",".join(row) + "\n" for row in cells)
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def plain_script():
    """Count flips without any of compatkit."""
    right = [
        [answer == reference for answer, reference in zip(ANSWERS[model], REFERENCES, strict=True)]
        for model in ("old", "new")
    ]
    pairs = list(zip(*right, strict=True))
    return [pairs.count((one, other)) for one in (True, False) for other in (True, False)]


def counts(comparison):
    table = comparison.counts
    return [table.both_right, table.negative_flips, table.positive_flips, table.both_wrong]


@pytest.mark.parametrize(("rows", "said"), [(WIDE, FIELDS), (LONG, WHERE)])
@pytest.mark.parametrize("as_frame", [False, True])
def test_one_object_holds_both_models(rows, said, as_frame):
    if as_frame:
        pandas = pytest.importorskip("pandas")
        rows = pandas.DataFrame(rows)
    assert counts(compare(rows, **said)) == counts(compare(rows, rows, **said)) == plain_script()


@pytest.mark.parametrize("shape", FLAGS)
def test_one_file_holds_both_models(files, shape):
    code, text = run("score", files / f"{shape}.csv", *FLAGS[shape], "--json", "--by", "lang")
    if shape == "wide":
        assert (code, "no field 'lang'" in text) == (2, True)
        code, text = run("score", files / "wide.csv", *FLAGS[shape], "--json")
    (result,) = json.loads(text)["results"]
    plain = compare(files / "old.jsonl", files / "new.jsonl")
    assert result["counts"]["negative_flips"] == plain.counts.negative_flips
    assert [flip["id"] for flip in result["flips"]] == [flip.id for flip in plain.examples]
    assert not result["identical"]
    assert result["old"] != result["new"]


def test_what_was_taken_is_said_and_signed(files):
    wide = compare(files / "wide.csv", **FIELDS)
    assert f"{files}/wide.csv [prediction=claude_pred]" == wide.old
    assert f"{wide.new}: prediction is read from the field 'turbo_pred'" in wide.notes
    assert "|new.fields:prediction=turbo_pred|" in wide.signature
    long = compare(files / "long.csv", **WHERE)
    assert f"{long.old}: 8 of 24 rows are read, those where model=a" in long.notes
    assert "|old_where:model=a|new_where:model=b|" in long.signature


def test_sides_that_are_called_otherwise_lie_in_two_files(files):
    renamed = [{"claude": row["prediction"], **row} for row in OLD]
    for row in renamed:
        del row["prediction"]
    said = {"old_fields": {"prediction": "claude"}}
    assert counts(compare(renamed, files / "new.jsonl", **said)) == plain_script()
    with pytest.raises(DataError, match='no field "turbo"; the fields are id'):
        compare(renamed, files / "new.jsonl", new_fields={"prediction": "turbo"}, **said)


def test_a_score_of_each_side_has_a_name_of_its_own(files):
    said = ["-s", "field:ok", "--old-field", "ok=claude_ok", "--new-field", "ok=turbo_ok"]
    code, text = run("score", files / "wide.csv", *said, "--json")
    assert code == 0
    (result,) = json.loads(text)["results"]
    assert result["counts"]["negative_flips"] == plain_script()[1]
    assert any("ok is read from the field 'claude_ok'" in note for note in result["notes"])


def test_candidates_share_what_is_said_of_the_new_side(files):
    candidates = [NEW, CANDIDATE]
    renamed = [[{"turbo": row["prediction"], **row} for row in rows] for rows in candidates]
    results = compare_candidates(OLD, renamed, new_fields={"prediction": "turbo"})
    plain = compare_candidates(OLD, candidates)
    assert list(map(counts, results)) == list(map(counts, plain))


def test_a_second_run_is_read_as_the_first(files):
    said = {"old_fields": {"prediction": "claude_pred"}, "new_fields": {"prediction": "turbo_pred"}}
    noisy = compare(WIDE, old_rerun=[dict(row) for row in WIDE], **said)
    assert any("holds the same bytes as the old file" in note for note in noisy.notes)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "OLD without NEW"),
        ({"old_fields": {"prediction": "x"}, "new_fields": {"prediction": "x"}}, "OLD without NEW"),
        ({"where": "model=a"}, "OLD without NEW"),
        ({"old_fields": {"predicton": "x"}}, "no role 'predicton'"),
        ({"old_fields": {"ok": "x"}}, "no role 'ok'; the roles are id, prediction"),
        ({"old_fields": {"reference": "x", "references": "y"}}, "has two fields"),
        ({"by_position": True, "old_fields": {"id": "x"}}, "pairs rows without an id"),
        ({"old_where": "model"}, "FIELD=VALUE was expected"),
    ],
)
def test_what_tells_no_sides_apart_is_refused(said, words):
    with pytest.raises(ConfigError) as caught:
        compare(LONG, **said)
    assert words in str(caught.value)


def test_a_role_that_is_said_twice_is_refused(files):
    said = ["--old-field", "prediction=a", "--old-field", "prediction=b"]
    result = CliRunner().invoke(command_line, ["score", str(files / "wide.csv"), *said])
    assert result.exit_code == 2
    assert "--old-field says 'prediction' twice" in result.output


@pytest.mark.parametrize("text", ["prediction", "=x", "prediction="])
def test_a_field_of_a_side_is_a_pair(files, text):
    result = CliRunner().invoke(
        command_line, ["score", str(files / "wide.csv"), "--old-field", text]
    )
    assert result.exit_code == 2
    assert "is no pair; ROLE=NAME was expected" in result.output


@pytest.mark.parametrize("shape", FLAGS)
def test_a_gate_holds_one_file_of_both_models(files, shape):
    file = files / f"{shape}.csv"
    rates = {"max_nfr": 0.5, "decide": "point"}
    said = FIELDS if shape == "wide" else WHERE
    flips = plain_script()[1]
    assert check(file, file, **said, **rates).decisions[0].numerator == flips
    budget = ("--max-nfr", "0.01", "--decide", "point")
    assert run("gate", file, *FLAGS[shape], *budget)[0] == 1
    code, text = run("gate", file, *budget)
    assert (code, "OLD without NEW" in text) == (2, True)
    code, text = run("gate", file, file, *FLAGS[shape], *budget, "--update-baseline")
    assert (code, "are named for each side" in text) == (2, True)


@pytest.mark.parametrize("shape", FLAGS)
def test_a_policy_says_it_too(files, shape, monkeypatch):
    monkeypatch.chdir(files)
    code, text = run("gate", "--init", f"{shape}.csv", *FLAGS[shape])
    assert code == 0, text
    policy = (files / "compatkit.toml").read_text()
    assert ("old_where" if shape == "long" else "old_fields") in policy
    assert run("gate")[0] in {0, 3}
    (files / "compatkit.toml").write_text(policy.replace(f'new = "{shape}.csv"\n', ""))
    (task,) = expand_tasks(read_policy(files / "compatkit.toml"))
    assert task.old.path == task.new.path
    assert run("gate")[0] in {0, 3}


def test_tasks_of_one_file_are_no_examples_counted_twice(files):
    """Two tasks that read other rows of one file share no example."""
    task = '[tasks.{0}]\nold = "long.csv"\nnew = "long.csv"\nwhere = "lang={0}"\n{1}'
    sides = 'old_where = "model=a"\nnew_where = "model=b"\nbudgets = { max_nfr = 0.9 }\n'
    total = "[total.budgets]\nmax_nfr = 0.9\n"
    policy = files / "compatkit.toml"
    policy.write_text('decide = "point"\n' + task.format("de", sides) + task.format("fr", sides))
    policy.write_text(policy.read_text() + total)
    verdict = check_policy(read_policy(policy))
    assert [comparison.counts.total for comparison in verdict.comparisons] == [6, 2]


def test_one_of_two_sides_is_written_by_convert(files):
    run("convert", files / "long.csv", "--where", "model=b", "-o", files / "b.jsonl")
    wide = ("--prediction-field", "claude_pred", "-o", files / "a.jsonl")
    run("convert", files / "wide.csv", *wide)
    rows = [json.loads(line) for line in (files / "a.jsonl").read_text().splitlines()]
    assert "claude_pred" not in rows[0]
    assert counts(compare(files / "a.jsonl", files / "b.jsonl")) == plain_script()


def test_standard_input_is_read_once_for_both(files):
    text = (files / "long.csv").read_text()
    words = ["score", "-", "--reader", "csv", *FLAGS["long"], "--json"]
    result = CliRunner().invoke(command_line, words, input=text)
    assert result.exit_code == 0
    assert json.loads(result.output)["results"][0]["counts"]["total"] == 8
