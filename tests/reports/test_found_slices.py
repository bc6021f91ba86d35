"""Where broken answers gather, in every report: what is shown, and that it fits."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from prediction_files import write_rows

from compatkit import compare
from compatkit.cli import command_line
from compatkit.comparison.tasks import compare_folders
from compatkit.metrics.found_slices import is_searched
from compatkit.reports import REPORTS, View
from compatkit.reports.schema import score_schema

NAMES = [f"q{n}" for n in range(300)]
HALVES = [[n for n in NAMES if is_searched(n) == searched][:100] for searched in (True, False)]


def rows_of_model(model: str, *, gather: bool) -> list[dict[str, Any]]:
    """Return 200 rows, half of them German; of those the new one breaks half, or a fifth of all."""
    rows = []
    for half in HALVES:
        for number, name in enumerate(half):
            german = number % 2 == 1
            broke = german and number % 4 == 1 if gather else number % 10 < 2
            answer = "b" if model == "new" and broke else "a"
            lang = "de" if german else "fr"
            question = f"Frage {number}" if german else f"Demande {number}"
            rows.append(
                {
                    "id": name,
                    "prediction": answer,
                    "reference": "a",
                    "lang": lang,
                    "input": question,
                }
            )
    return rows


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for model in ("old", "new"):
        write_rows(tmp_path / f"{model}.jsonl", rows_of_model(model, gather=True))
        write_rows(tmp_path / f"{model}_even.jsonl", rows_of_model(model, gather=False))
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command_line, ["score", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_terminal_names_the_slice_with_its_numbers_within_80_columns(models: Path) -> None:
    comparison = compare("old.jsonl", "new.jsonl", find_slices=True)
    report = REPORTS["terminal"]([comparison], View(width=80))
    assert max(map(len, report.splitlines())) <= 80
    text = " ".join(report.split())
    assert "Broken answers gather where lang = de: 50.0% broke there, 0.0% elsewhere" in text
    assert "where broken answers gather" in text
    assert "fields: lang," in text
    assert "of the answers that were right before, 50.0% broke there and 0.0% elsewhere" in text
    assert "such as q" in text
    assert ": Frage " in text


def test_that_nothing_gathers_is_an_answer(models: Path) -> None:
    text = " ".join(run("old_even.jsonl", "new_even.jsonl", "--find-slices").split())
    assert "Nothing gathers more than chance would show." in text
    assert "where broken answers gather: nothing more than chance would show: of" in text
    assert "slices on one half of the examples" in text
    few = " ".join(run("old.jsonl", "old.jsonl", "--find-slices").split())
    assert "There is too little to find slices by." in few
    assert "gather: not searched: fewer than 4 broken answers on one half of the examples" in few
    assert "gather" not in run("old.jsonl", "new.jsonl")


def test_json_holds_all_and_its_schema_says_so(models: Path) -> None:
    report = json.loads(run("old.jsonl", "new.jsonl", "--find-slices", "--json"))
    Draft202012Validator(score_schema()).validate(report)
    outcome = report["results"][0]["found_slices"]
    part = outcome["gathered"][0]
    assert part["conditions"] == [{"field": "lang", "value": "de", "above": None, "up_to": None}]
    assert (part["total"], part["size"], part["broken"]) == (100, 50, 25)
    assert part["lift"] == {
        "value": None,
        "reason": "none broke outside",
    }
    assert outcome["searched"] == outcome["held_out"] == 100
    plain = json.loads(run("old.jsonl", "new.jsonl", "--json"))
    assert plain["results"][0]["found_slices"] is None


def test_markdown_shows_the_table(models: Path) -> None:
    report = run("old.jsonl", "new.jsonl", "--find-slices", "--markdown")
    assert "| lang = de | 50 | 25 | 50.0% | 0.0% |" in report


def test_several_tasks_are_searched_together_by_task_too(models: Path) -> None:
    for model in ("old", "new"):
        (models / model).mkdir()
        write_rows(models / model / "one.jsonl", rows_of_model(model, gather=False))
        rows = rows_of_model(model, gather=True)
        write_rows(models / model / "two.jsonl", rows)
    results = compare_folders(models / "old", models / "new", find_slices=True)
    assert [result.found_slices is None for result in results] == [True, True, False]
    outcome = results[-1].found_slices
    assert outcome is not None
    assert outcome.fields[:2] == ("task", "lang")
    assert outcome.gathered[0].name == "task = two and lang = de"
    text = REPORTS["terminal"](results, View(width=80))
    assert "task = two and lang" in text
    assert text.count("where broken answers gather") == 1


def test_candidates_are_each_searched_and_corrected_together(models: Path) -> None:
    arguments = ("old.jsonl", "new.jsonl", "new.jsonl", "--find-slices", "--json")
    first, second = json.loads(run(*arguments))["results"]
    for result in (first, second):
        assert result["found_slices"]["gathered"][0]["family"] == 2
    text = run(*arguments[:-1])
    assert text.count("where broken answers gather") == 2


def test_hostile_names_of_fields_and_values_act_on_nothing(models: Path) -> None:
    evil = "\x1b[31m::error::<b>|`x`"
    for model in ("old", "new"):
        rows = rows_of_model(model, gather=True)
        for row in rows:
            row[evil] = evil if row.pop("lang") == "de" else "x"
        write_rows(models / f"evil_{model}.jsonl", rows)
    for kind in ([], ["--markdown"], ["--json"]):
        report = run("evil_old.jsonl", "evil_new.jsonl", "--find-slices", *kind)
        assert "\x1b" not in report


def test_csv_has_three_rows_of_each_slice(models: Path) -> None:
    run("old.jsonl", "new.jsonl", "--find-slices", "-o", "r.csv")
    text = (models / "r.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    told = [row for row in rows if row["slice_field"] == "(gathered)"]
    assert {(row["slice_value"], row["examples"]) for row in told} == {("lang = de", "50")}
    values = {row["metric"]: row["value"] for row in told}
    assert list(values) == ["negative_flip_rate", "lift", "p_adjusted"]
    assert (float(values["negative_flip_rate"]), values["lift"]) == (0.5, "")
    assert told[1]["reason"] == "none broke outside"


def tokens(page: str) -> dict[str, str]:
    """Return the id of each listed flip, with the filters that keep it."""
    return dict(re.findall(r'<article id="flip/([^"]+)" data-has="([^"]+)"', page))


def test_a_row_of_the_page_filters_the_flips_of_its_slice(models: Path) -> None:
    run("old.jsonl", "new.jsonl", "--find-slices", "-o", "r.html")
    page = (models / "r.html").read_text(encoding="utf-8")
    assert 'data-token="g0">lang = de</th>' in page
    kept = {name for name, has in tokens(page).items() if "g0" in has.split()}
    german = {row["id"] for row in rows_of_model("old", gather=True) if row["lang"] == "de"}
    assert kept
    assert kept == set(tokens(page)) & german
    run("old_even.jsonl", "new_even.jsonl", "--find-slices", "-o", "even.html")
    assert "data-token=" not in (models / "even.html").read_text(encoding="utf-8")


def test_the_flips_of_a_task_are_filtered_by_the_slices_of_the_total(models: Path) -> None:
    for model in ("old", "new"):
        (models / model).mkdir()
        write_rows(models / model / "one.jsonl", rows_of_model(model, gather=False))
        write_rows(models / model / "two.jsonl", rows_of_model(model, gather=True))
    run("old", "new", "--find-slices", "-o", "r.html")
    page = (models / "r.html").read_text(encoding="utf-8")
    names = dict(re.findall(r'data-token="(g\d)">([^<]+)</th>', page))
    (token,) = [token for token, name in names.items() if name == "task = two and lang = de"]
    kept = {name for name, has in tokens(page).items() if token in has.split()}
    german = {row["id"] for row in rows_of_model("old", gather=True) if row["lang"] == "de"}
    assert kept
    assert kept <= {f"two/{name}" for name in german}


def test_copies_that_may_lie_on_both_halves_are_told_of(models: Path) -> None:
    for model in ("old", "new"):
        rows = rows_of_model(model, gather=True)
        write_rows(models / f"{model}.jsonl", [row | {"input": row["lang"]} for row in rows])
    text = " ".join(run("old.jsonl", "new.jsonl", "--find-slices").split())
    assert "198 examples repeat another's input and references: copies on both halves" in text
    grouped = run("old.jsonl", "new.jsonl", "--find-slices", "--cluster", "lang")
    assert "repeat another's" not in grouped
