"""What reports call the models."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from compatkit import compare, compare_candidates, compare_folders
from compatkit.cli import command_line
from compatkit.comparison.names import shorten_paths, split_name
from compatkit.errors import CompatkitError
from compatkit.reports import REPORTS, View

ROWS = [{"id": n, "prediction": "a", "reference": "a"} for n in range(4)]
WORSE = [{**row, "prediction": "b" if row["id"] < 1 else "a"} for row in ROWS]


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def score(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command_line, ["score", *arguments])
    if isinstance(result.exception, CompatkitError):
        return 2, str(result.exception)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["data/old.jsonl", "data/new.jsonl"], ["old.jsonl", "new.jsonl"]),
        (["runs/1000/org__m/x.jsonl", "runs/2000/org__m/x.jsonl"], ["1000", "2000"]),
        (["r/a/preds_of_one.jsonl", "r/b/preds_of_two.jsonl"], ["a", "b"]),
        (["old", "new", "candidate 2"], ["old", "new", "candidate 2"]),
        (["a/x", "b/x", "b/y"], ["a/x", "b/x", "b/y"]),
        (["deep/er/v1", "v2"], ["v1", "v2"]),
    ],
)
def test_the_shortest_part_tells_paths_apart(paths: list[str], names: list[str]) -> None:
    assert shorten_paths(paths) == names


def test_a_path_that_exists_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert split_name("lr=1.jsonl") == ("lr", "1.jsonl")
    write(Path("lr=1.jsonl"), ROWS)
    assert split_name("lr=1.jsonl") == ("", "lr=1.jsonl")
    assert split_name("=x") == ("", "=x")
    assert split_name("x=") == ("", "x=")


def test_what_the_user_calls_a_model_stands_in_every_report(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.jsonl", ROWS), write(tmp_path / "new.jsonl", WORSE)
    for suffix in (".txt", ".md", ".html", ".csv", ".json"):
        target = tmp_path / f"report{suffix}"
        code, output = score(f"GPT={old}", f"Next={new}", "-o", str(target))
        assert code == 0, output
        text = target.read_text(encoding="utf-8")
        assert "GPT" in text
        assert "Next" in text
    (result,) = json.loads((tmp_path / "report.json").read_text())["results"]
    # What scripts rely on stays the path.
    assert (result["old"], result["new"]) == (old, new)
    assert (result["old_name"], result["new_name"]) == ("GPT", "Next")


def test_two_models_have_two_names(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.jsonl", ROWS), write(tmp_path / "new.jsonl", WORSE)
    code, output = score(f"m={old}", f"m={new}")
    assert code == 2
    assert "two models are named 'm'" in output
    # A given name that is another's file name does not become two of one.
    code, output = score(f"new.jsonl={old}", new)
    assert code == 0
    assert output.startswith("new.jsonl -> ")
    assert "new.jsonl -> new.jsonl" not in output


def test_a_name_is_refused_for_a_file_of_two_models(tmp_path: Path) -> None:
    rows = [{**row, "model": side} for side in "ab" for row in ROWS]
    both = write(tmp_path / "both.jsonl", rows)
    wheres = ("--old-where", "model=a", "--new-where", "model=b")
    code, output = score(f"m={both}", *wheres)
    assert code == 2
    assert "one name for a file of two models" in output
    code, output = score(both, *wheres)
    assert code == 0
    assert output.splitlines()[0] == "a -> b"


def write_header(predictions: str, model: str) -> None:
    path = Path(predictions)
    header = {"compatkit_run": 1, "model": {"name": model}}
    path.with_suffix(".meta.json").write_text(json.dumps(header))


def test_the_header_of_a_run_names_the_model(tmp_path: Path) -> None:
    old, new = write(tmp_path / "1.jsonl", ROWS), write(tmp_path / "2.jsonl", WORSE)
    write_header(old, "meta-llama/Llama-3-8B")
    assert compare(old, new).old_name == "1.jsonl"  # the other is not known
    write_header(new, "meta-llama/Llama-3.1-8B")
    result = compare(old, new)
    assert (result.old_name, result.new_name) == ("Llama-3-8B", "Llama-3.1-8B")
    write_header(new, "meta-llama/Llama-3-8B")
    assert compare(old, new).new_name == "2.jsonl"  # two checkpoints of one name


def test_tasks_of_one_model_and_their_total_have_one_name(tmp_path: Path) -> None:
    for step, rows in (("step1000", ROWS), ("step2000", WORSE)):
        for task in ("arc", "boolq"):
            write(tmp_path / step / f"{task}.jsonl", rows)
    results = compare_folders(tmp_path / "step1000", [tmp_path / "step2000"])
    assert {(r.old_name, r.new_name) for r in results} == {("step1000", "step2000")}
    assert REPORTS["terminal"](results, View()).startswith("step1000 -> step2000\n")


def test_a_title_names_every_candidate_and_is_never_long(tmp_path: Path) -> None:
    results = compare_candidates(ROWS, [WORSE, ROWS])
    assert REPORTS["terminal"](results, View()).startswith("old -> new, candidate 2\n")
    paths = [write(tmp_path / ("x" * 120 + f"{n}.jsonl"), ROWS) for n in range(2)]
    title = REPORTS["terminal"]([compare(*paths)], View(width=80)).split(" right answers")[0]
    assert title.count("\n") <= 5
    assert "characters)..." in title
