"""References of each task, and one file that holds three models or more."""

import json

import pytest
from click.testing import CliRunner
from prediction_files import REFERENCES, rows_of_model

from compatkit import compare, compare_candidates, compare_folders
from compatkit.cli import command_line
from compatkit.errors import CompatkitError, ConfigError, DataError

MODELS = {"a": "old", "b": "new", "c": "candidate"}
ANSWERS = {name: rows_of_model(model) for name, model in MODELS.items()}
LONG = [{**row, "model": name} for name, rows in ANSWERS.items() for row in rows]
WIDE = [
    {
        "id": rows[0]["id"],
        "reference": rows[0]["reference"],
        **dict(zip(MODELS, [row["prediction"] for row in rows], strict=True)),
    }
    for rows in zip(*ANSWERS.values(), strict=True)
]
SIDES = {
    "long": ["--old-where", "model=a", "--new-where", "model=b", "--new-where", "model=c"],
    "wide": [
        *("--old-field", "prediction=a"),
        *("--new-field", "prediction=b", "--new-field", "prediction=c"),
    ],
}


def lines(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def run(*words):
    result = CliRunner().invoke(command_line, [str(word) for word in words], standalone_mode=False)
    if isinstance(result.exception, CompatkitError):
        return 2, str(result.exception)
    assert result.exception is None, result.exception
    return result.exit_code, result.output


@pytest.fixture
def files(tmp_path):
    for name, rows in (("long", LONG), ("wide", WIDE)):
        (tmp_path / f"{name}.jsonl").write_text(lines(rows))
    return tmp_path


@pytest.fixture
def folders(tmp_path):
    """Two tasks of each model, whose references lie in files of their own."""
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        for task in ("one", "two"):
            rows = [{k: v for k, v in row.items() if k != "reference"} for row in rows_of(side)]
            (tmp_path / side / f"{task}.jsonl").write_text(lines(rows))
    gold = [{"id": row["id"], "reference": row["reference"]} for row in rows_of("old")]
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "one.jsonl").write_text(lines(gold))
    (tmp_path / "gold" / "two.csv").write_text(
        "id,reference\n" + "".join(f"{row['id']},nothing\n" for row in gold)
    )
    return tmp_path


def rows_of(side):
    return rows_of_model(side)


@pytest.mark.parametrize("shape", SIDES)
def test_one_file_holds_three_models(files, shape):
    path = files / f"{shape}.jsonl"
    code, output = run("score", path, *SIDES[shape], "--json")
    assert code == 0
    expected = compare_candidates(ANSWERS["a"], [ANSWERS["b"], ANSWERS["c"]])
    results = json.loads(output)["results"]
    assert [result["new_name"] for result in results] == ["b", "c"]
    assert {result["old_name"] for result in results} == {"a"}
    for result, alone in zip(results, expected, strict=True):
        assert result["counts"]["negative_flips"] == alone.counts.negative_flips
        assert result["metrics"]["delta_nfr"]["value"] == alone.metrics["delta_nfr"].value
    assert results[0]["signature"] != results[1]["signature"]
    text = run("score", path, *SIDES[shape])[1]
    assert "a -> b, c" in text


def test_the_signature_of_a_candidate_is_that_of_the_pair(files):
    path = files / "long.jsonl"
    first = json.loads(run("score", path, *SIDES["long"], "--json")[1])["results"][0]
    pair = json.loads(run("score", path, *SIDES["long"][:4], "--json")[1])["results"][0]
    assert first["signature"] == pair["signature"]
    assert "|new_where:model=b|" in first["signature"]


def test_the_same_in_python():
    where = {"old_where": "model=a", "new_where": ["model=b", "model=c"]}
    fields = [{"prediction": "b"}, {"prediction": "c"}]
    for rows, how in (
        (LONG, where),
        (WIDE, {"old_fields": {"prediction": "a"}, "new_fields": fields}),
    ):
        results = compare_candidates(rows, **how)
        assert [result.new_name for result in results] == ["b", "c"]
        with pytest.raises(ConfigError, match="tells 2 new models apart, and 1 are compared"):
            compare(rows, **how)


def test_what_is_said_once_holds_for_each(files):
    rows = [{**row, "key": row.pop("id")} for row in map(dict, WIDE)]
    path = files / "keyed.jsonl"
    path.write_text(lines(rows))
    words = [*SIDES["wide"], "--old-field", "id=key", "--new-field", "id=key"]
    code, output = run("score", path, *words, "--json")
    assert code == 0
    assert [one["new_name"] for one in json.loads(output)["results"]] == ["b", "c"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--old-where", "model=a", *["--new-where", "model=b"] * 2], "the same of two new models"),
        ([*SIDES["long"], "long.jsonl", "long.jsonl", "long.jsonl"], "tells 2 new models apart"),
    ],
)
def test_models_that_cannot_be_told_are_refused(files, monkeypatch, words, message):
    monkeypatch.chdir(files)
    code, text = run("score", "long.jsonl", *words)
    assert code == 2
    assert message in text


def test_names_said_unlike_often_are_refused(files):
    words = ["--new-field", "prediction=b", "--new-field", "prediction=c"]
    words += ["--new-field", "id=x", "--new-field", "id=y", "--new-field", "id=z"]
    result = CliRunner().invoke(command_line, ["score", str(files / "wide.jsonl"), *words])
    assert result.exit_code == 2
    assert "2 times and another 3 times" in result.output


def test_a_gate_holds_one_new_model(files):
    code, text = run("gate", files / "long.jsonl", *SIDES["long"], "--max-nfr", "0.5")
    assert code == 2
    assert "tells 2 new models apart, and 1 are compared" in text


def test_a_folder_holds_the_references_of_each_task(folders):
    results = compare_folders(folders / "old", folders / "new", references=folders / "gold")
    one, two, total = results
    expected = compare(rows_of("old"), rows_of("new"))
    assert one.counts.negative_flips == expected.counts.negative_flips
    assert (two.accuracy_old, total.counts.total) == (0.0, 2 * len(REFERENCES))


def test_references_are_named_for_a_task(folders, monkeypatch):
    monkeypatch.chdir(folders)
    command = ["score", "old", "new", "--json", "--references"]
    code, by_folder = run(*command, "gold")
    assert code == 0
    code, by_name = run(*command, "one=gold/one.jsonl", "--references", "two=gold/two.csv")
    assert code == 0
    counts = [[r["counts"] for r in json.loads(text)["results"]] for text in (by_folder, by_name)]
    assert counts[0] == counts[1]
    # What is said of a task comes before what is said of all.
    code, mixed = run(*command, "gold/one.jsonl", "--references", "two=gold/two.csv")
    assert [r["counts"] for r in json.loads(mixed)["results"]] == counts[0]


def test_references_of_tasks_that_are_not_there_are_refused(folders, monkeypatch):
    monkeypatch.chdir(folders)
    code, text = run("score", "old", "new", "--references", "three=gold/one.jsonl")
    assert code == 2
    assert "no task 'three' is compared; the tasks are one, two" in text
    (folders / "gold" / "two.csv").unlink()
    with pytest.raises(DataError, match="no references of the task 'two'; it holds those of one"):
        compare_folders("old", "new", references="gold")
    code, text = run("score", "old/one.jsonl", "new/one.jsonl", "--references", "gold")
    assert (code, "one task without a name" in " ".join(text.split())) == (2, True)


def test_references_are_never_written_over(folders, monkeypatch):
    monkeypatch.chdir(folders)
    for said in ("gold", "one=gold/one.jsonl"):
        code, text = run(
            *("score", "old", "new", "--references", said, "--flips", "gold/one.jsonl")
        )
        assert code == 2
        assert "gold/one.jsonl" in text
