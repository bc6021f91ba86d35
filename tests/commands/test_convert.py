"""compatkit convert and compatkit formats, as a user types them."""

import json

import pytest
from click.testing import CliRunner
from harness_runs import RUNS, copy_run, edit_lines, only, refusal

from compatkit import compare, compare_folders
from compatkit.cli import command_line
from compatkit.errors import CompatkitError
from compatkit.readers import READERS
from compatkit.readers.logs import LOGS

OLD, NEW = RUNS / "lm_eval/v1", RUNS / "lm_eval/v2"


def run(*words):
    return CliRunner().invoke(command_line, list(map(str, words)), catch_exceptions=False).output


def test_several_tasks_become_a_folder_that_score_reads(tmp_path):
    output = run("convert", OLD, "-o", tmp_path / "old")
    assert f"tiny_choice: {tmp_path}/old/tiny_choice.jsonl" in output
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "old", "tiny_choice.jsonl", "tiny_text.jsonl",
    ]  # fmt: skip
    converted = compare_folders(tmp_path / "old", NEW)
    plain = compare_folders(OLD, NEW)
    assert [each.counts for each in converted] == [each.counts for each in plain]


def test_one_task_becomes_a_file(tmp_path):
    (source,) = OLD.rglob("samples_tiny_text_*")
    output = tmp_path / "old.jsonl"
    run("convert", source, "-o", output, "--metric", "exact_match,flexible-extract")
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(rows) == 12
    assert {"id", "prediction", "reference", "input", "score", "item_hash"} <= rows[0].keys()


def test_names_of_tasks_become_names_of_files(tmp_path):
    run("convert", RUNS / "promptfoo/v1", "-o", tmp_path / "out", "--run", ".json")
    assert (tmp_path / "out/capitals.jsonl").is_file()


@pytest.mark.parametrize(
    ("output", "message"),
    [("old.jsonl", "holds 2 tasks, and"), ("there", "is there already"), ("no/old", "its folder")],
)
def test_what_cannot_be_written_is_refused(tmp_path, output, message):
    (tmp_path / "there").mkdir()
    with pytest.raises(CompatkitError, match=message):
        run("convert", OLD, "-o", tmp_path / output)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_log_that_breaks_half_way_leaves_nothing_behind(tmp_path):
    source = tmp_path / "run"
    source.mkdir()
    for path in OLD.rglob("samples_*"):
        text = path.read_text()
        (source / path.name).write_text(text[:-50] if "tiny_text" in path.name else text)
    with pytest.raises(CompatkitError, match="not JSON"):
        run("convert", source, "-o", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_formats_lists_every_reader_and_harness_with_an_example():
    output = run("formats")
    for name in READERS:
        assert f"  {name} " in output
    for name, harness in LOGS.items():
        assert f"  {name} " in output
        assert harness.example in output


def unreadable(folder):
    """Copy a run whose metric is a text, as some judges write it."""
    path = only(copy_run("lm_eval/v1", folder), "samples_tiny_text_*")
    edit_lines(path, lambda row: row.update(exact_match="left"))
    return path


def test_a_scorer_replaces_a_metric_that_cannot_be_read(tmp_path):
    path, output = unreadable(tmp_path), tmp_path / "a.jsonl"
    assert "left'; a number, true or false was expected" in refusal(path, path)
    assert compare(path, path, scorer="exact_match").counts.total == 12
    with pytest.raises(CompatkitError, match="a number, true or false was expected"):
        run("convert", path, "-o", output, "--metric", "exact_match")
    run("convert", path, "-o", output, "--scorer", "exact_match")
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    right = [float(row["prediction"] == row["reference"]) for row in rows]
    assert [row["score"] for row in rows] == right
    assert len(rows) == 12


def test_a_score_that_may_point_either_way_is_not_converted(tmp_path):
    path, output = unreadable(tmp_path), tmp_path / "a.jsonl"
    edit_lines(path, lambda row: row.update(metrics=["mine"], mine=0.25))
    words = ["convert", path, "-o", output, "--metric", "mine"]
    with pytest.raises(CompatkitError, match="--lower-is-better or --higher-is-better says it"):
        run(*words)
    run(*words, "--lower-is-better")
    assert {json.loads(line)["score"] for line in output.read_text().splitlines()} == {0.75}


def test_what_is_read_is_not_written_over(tmp_path):
    path = tmp_path / "old.jsonl"
    run("convert", next(OLD.rglob("samples_tiny_text_*")), "-o", path)
    before = path.read_bytes()
    with pytest.raises(CompatkitError, match=r"old\.jsonl: is read, and would be written over"):
        run("convert", path, "-o", path)
    assert path.read_bytes() == before
