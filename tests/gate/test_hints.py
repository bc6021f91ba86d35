"""Where broken answers gather, beside a verdict: told of in every report, and deciding nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft4Validator
from prediction_files import write_rows

from compatkit.cli import command_line
from compatkit.errors import ConfigError
from compatkit.gate.check_pair import check
from compatkit.gate.read_policy import read_policy
from compatkit.gate.schema import make_schema
from compatkit.metrics.found_slices import is_searched

NAMES = [f"q{n}" for n in range(900)]
HALVES = [[n for n in NAMES if is_searched(n) == searched][:300] for searched in (True, False)]
POLICY = """
[tasks.qa]
old = "old.jsonl"
new = "new.jsonl"
[tasks.qa.budgets]
max_nfr = 0.5
[tasks.qa.found_slices]
"""


def rows_of(model: str) -> list[dict[str, Any]]:
    """Return 600 rows, half of them German, of which the new model breaks one in five."""
    return [
        {
            "id": name,
            "prediction": "b" if model == "new" and number % 10 == 1 else "a",
            "reference": "a",
            "lang": "de" if number % 2 else "fr",
        }
        for half in HALVES
        for number, name in enumerate(half)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for model in ("old", "new"):
        write_rows(tmp_path / f"{model}.jsonl", rows_of(model))
    return tmp_path


def gate(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command_line, ["gate", *arguments])
    if isinstance(result.exception, ConfigError):
        return 2, str(result.exception)
    return result.exit_code, result.stdout


def test_a_hint_says_where_and_decides_nothing_even_if_strict(folder: Path) -> None:
    plain = check("old.jsonl", "new.jsonl", max_nfr=0.15)
    strict = check("old.jsonl", "new.jsonl", max_nfr=0.15, find_slices=True, strict=True)
    assert plain.hints == ()
    assert (strict.outcome, strict.warnings) == (plain.outcome, plain.warnings)
    assert [d.outcome for d in strict.decisions] == [d.outcome for d in plain.decisions]
    (hint,) = strict.hints
    assert hint.startswith("broken answers gather where lang = de: 20.0% broke there, 0.0% else")
    assert hint.endswith("this decides nothing")


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--markdown",)])
def test_every_report_of_a_policy_shows_the_hint(folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "compatkit.toml").write_text(POLICY, encoding="utf-8")
    written = [part for name in ("r.html", "r.xml", "r.txt") for part in ("-o", name)]
    code, report = gate(*arguments, *written)
    assert code == 0
    for text in (report, *((folder / name).read_text() for name in ("r.html", "r.xml", "r.txt"))):
        assert "gather where" in " ".join(text.split())
    if arguments == ("--json",):
        verdict = json.loads(report)
        assert verdict["hints"][0].startswith("task qa: broken answers gather where lang = de")
        assert verdict["results"][0]["found_slices"]["gathered"]
        assert verdict["warnings"] == []


def test_a_hint_is_told_from_the_policys_lift_on(folder: Path) -> None:
    rows = rows_of("new")
    french = [row for row in rows if row["lang"] == "fr"]
    for row in french[::30]:
        row["prediction"] = "b"
    write_rows(folder / "new.jsonl", rows)
    policy = folder / "compatkit.toml"
    hints = {}
    for least in ("1", "4", "20"):
        policy.write_text(f"{POLICY}min_lift = {least}\n", encoding="utf-8")
        hints[least] = json.loads(gate("--json")[1])["hints"]
    assert len(hints["1"]) == len(hints["4"]) == 1
    assert hints["20"] == []


def test_that_nothing_gathers_is_said(folder: Path) -> None:
    rows = rows_of("old")
    write_rows(folder / "few.jsonl", [rows[0] | {"prediction": "b"}, *rows[1:]])
    verdict = check("old.jsonl", "few.jsonl", max_nfr=0.5, find_slices=True)
    (hint,) = verdict.hints
    assert hint.startswith("no slice is shown to break more than the others: fewer than 4 broken")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("min_lift = 0.5", "tasks.qa.found_slices.min_lift: is 0.5; 1 or more was expected"),
        ("min_lift = 'x'", "a number was expected"),
        ("budgets = {max_nfr = 0.1}", "tasks.qa.found_slices: no key 'budgets'"),
    ],
)
def test_a_policy_that_would_decide_by_what_is_found_is_refused(
    folder: Path, line: str, message: str
) -> None:
    policy = folder / "compatkit.toml"
    policy.write_text(f"{POLICY}{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_policy(policy)
    assert message in str(error.value)


def test_a_search_alone_holds_nothing_against_an_update(folder: Path) -> None:
    policy = folder / "compatkit.toml"
    policy.write_text(POLICY.replace("[tasks.qa.budgets]\nmax_nfr = 0.5\n", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match="holds nothing against an update"):
        read_policy(policy)


def test_a_search_beside_a_history_is_refused(folder: Path) -> None:
    code, message = gate(
        *("old.jsonl", "new.jsonl", "--max-nfr=0.5", "--find-slices", "--history", "old.jsonl")
    )
    assert (code, "a search for slices beside history" in message) == (2, True)


def test_the_schema_of_a_policy_knows_the_table(folder: Path) -> None:
    task = {"old": "a", "new": "b", "budgets": {"max_nfr": 0.1}}
    schema = Draft4Validator(make_schema())
    for table, valid in (({}, True), ({"min_lift": 2}, True), ({"min_lift": 0.5}, False)):
        assert schema.is_valid({"tasks": {"qa": {**task, "found_slices": table}}}) == valid


def test_hostile_values_act_on_no_report(folder: Path) -> None:
    evil = "\x1b[31m::error::<b>"
    for model in ("old", "new"):
        rows = [row | {"lang": evil if row["lang"] == "de" else "fr"} for row in rows_of(model)]
        write_rows(folder / f"{model}.jsonl", rows)
    pair = ("old.jsonl", "new.jsonl", "--max-nfr=0.5", "--find-slices")
    written = [part for name in ("r.html", "r.xml") for part in ("-o", name)]
    for kind in ((), ("--json",), ("--markdown",)):
        code, report = gate(*pair, *kind, *written)
        assert code == 0
        assert "\x1b" not in report
        assert "\n::error::<b>" not in report
    assert "<b>" not in (folder / "r.xml").read_text()
    assert "::error::<b>" not in (folder / "r.html").read_text()
