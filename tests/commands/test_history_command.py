"""compatkit history, from the command line."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from compatkit.cli import command_line
from compatkit.errors import ConfigError
from compatkit.reports.history_schema import history_schema

STRINGS = ("RRW", "RWR", "WRW", "WWW")


def write(folder: Path, strings=STRINGS) -> list[str]:
    folder.mkdir(exist_ok=True)
    paths = []
    for number in range(len(strings[0])):
        path = folder / f"v{number + 1}.jsonl"
        rows = [
            {"id": row, "prediction": text[number], "reference": "R"}
            for row, text in enumerate(strings)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        paths.append(str(path))
    return paths


def run(*arguments: str):
    return CliRunner().invoke(command_line, ["history", *arguments])


def test_it_prints_and_writes_every_kind(tmp_path: Path) -> None:
    first, *others = write(tmp_path)
    suffixes = (".html", ".json", ".csv", ".md", ".txt", ".svg", ".pdf", ".png")
    targets = [tmp_path / f"history{suffix}" for suffix in suffixes]
    outputs = [word for target in targets for word in ("-o", str(target))]
    result = run(f"zero={first}", *others, *outputs)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("history of 3 versions: zero to v3.jsonl\n")
    for target in targets:
        assert target.stat().st_size
        if target.suffix not in {".pdf", ".png"}:
            assert "zero" in target.read_text(encoding="utf-8"), target
    report = json.loads((tmp_path / "history.json").read_text())
    jsonschema.validate(report, history_schema())
    assert report["history"]["right"] == list(STRINGS)
    assert (tmp_path / "history.html").read_text().count("<article") == 3


def test_json_and_markdown_are_printed(tmp_path: Path) -> None:
    paths = write(tmp_path)
    report = json.loads(run(*paths, "--json").output)
    assert [v["counts"]["first_broken"] for v in report["history"]["versions"]] == [0, 1, 2]
    assert run(*paths, "--markdown").output.startswith("## history of 3 versions")


def test_one_folder_holds_the_versions(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    result = run(str(tmp_path / "runs"))
    assert result.output.startswith("history of 3 versions: v1.jsonl to v3.jsonl\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "x.tex"], "the suffix names the format: .csv, .html"),
        (["--json", "--markdown"], "one report is printed"),
        (["-o", "nowhere/x.md"], "its folder does not exist"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    result = run(*write(tmp_path), *arguments)
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)


def test_one_version_and_two_standard_inputs_are_refused(tmp_path: Path) -> None:
    paths = write(tmp_path)
    for arguments, message in (([paths[0]], "two versions"), (["-", "-"], "read once")):
        result = run(*arguments)
        assert isinstance(result.exception, ConfigError)
        assert message in str(result.exception)


def test_a_report_over_a_version_is_refused(tmp_path: Path) -> None:
    paths = write(tmp_path)
    result = run(*paths, "-o", str(tmp_path / "x.json"), "-o", paths[1].replace(".jsonl", ".json"))
    assert result.exit_code == 0
    folder = write(tmp_path / "runs")
    inside = run(str(tmp_path / "runs"), "-o", folder[0].replace(".jsonl", ".txt"))
    assert inside.exit_code == 0 or "is read" in str(inside.exception)


def test_options_of_one_update_are_none_of_its_own(tmp_path: Path) -> None:
    for flag in ("--by", "--old-field", "--margin", "--sweep"):
        assert run(*write(tmp_path), flag, "x").exit_code == 2
