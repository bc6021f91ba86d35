"""What is said of each side, and a gate of a file with itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from prediction_files import write_rows

from compatkit import compare
from compatkit.cli import command_line
from compatkit.errors import CompatkitError, ConfigError
from compatkit.gate import check

BUDGET = ("--max-nfr", "0.02", "--decide", "point")


def run(*words: str | Path) -> tuple[int, str]:
    arguments = [str(word) for word in words]
    result = CliRunner().invoke(command_line, arguments, standalone_mode=False)
    if isinstance(result.exception, CompatkitError):
        return 2, str(result.exception)
    return result.return_value or result.exit_code, result.output


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two runs of one eval in a folder: what one has right, the other has wrong."""
    for model, right in (("sonnet", True), ("opus", False)):
        events: list[dict[str, Any]] = [{"spec": {"eval_name": "e", "created_at": model}}]
        for n in range(20):
            data = {"correct": right or n < 10, "expected": "a", "sampled": model}
            events.append({"sample_id": str(n), "type": "match", "data": data})
        lines = "".join(f"{json.dumps(each)}\n" for each in [*events, {"final_report": {}}])
        (tmp_path / f"{model}.jsonl").write_text(lines)
    return tmp_path


def test_two_runs_of_one_folder_are_named_one_for_each_side(logs: Path) -> None:
    found = compare(logs, logs, run=["sonnet", "opus"])
    assert (found.accuracy_old, found.accuracy_new) == (1.0, 0.5)
    for command in (("score",), ("gate", *BUDGET)):
        code, text = run(*command, logs, logs, "--run", "sonnet", "--run", "opus")
        assert code == (1 if command[0] == "gate" else 0), text
    assert check(logs / "opus.jsonl", logs / "sonnet.jsonl", max_nfr=0.02, decide="point").passed
    back = ("--run", "opus", "--run", "sonnet")
    assert run("gate", logs, logs, *back, *BUDGET)[0] == 0


def test_a_gate_of_a_file_with_itself_is_refused(logs: Path, tmp_path: Path) -> None:
    said = "is the old model's and the new model's: compared with itself it always passes"
    for words in ((logs, logs, "--run", "sonnet"), (logs / "opus.jsonl", logs / "opus.jsonl")):
        code, text = run("gate", *words, *BUDGET)
        assert (code, said in text) == (2, True)
    rows = [{"id": n, "prediction": "a", "reference": "a"} for n in range(9)]
    write_rows(tmp_path / "a.json.jsonl", rows)
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "a.json.jsonl")
    code, text = run("gate", tmp_path / "a.json.jsonl", tmp_path / "link.jsonl", *BUDGET)
    assert (code, said in text) == (2, True)


@pytest.mark.parametrize("runs", [["sonnet"] * 3, ["sonnet", "opus", "haiku"]])
def test_values_are_one_for_all_or_one_for_each_side(logs: Path, runs: list[str]) -> None:
    with pytest.raises(ConfigError, match="--run has 3 values, and 2 models are read"):
        compare(logs, logs, run=runs)
    words = [word for name in runs for word in ("--run", name)]
    assert "2 models are read" in run("score", logs, logs, *words)[1]
    assert "1 models are read" in run("convert", logs, "-o", logs / "x.jsonl", *words[:4])[1]


def test_a_table_with_quotes_is_held_against_one_without(tmp_path: Path) -> None:
    rows = [("1", 'a "b"'), ("2", '"x"'), ("3", "c")]
    plain = "".join(f"{key}\t{text}\t{text}\n" for key, text in [("id", "t"), *rows])
    plain = plain.replace("id\tt\tt", "id\tprediction\treference")
    quoted = plain.replace('a "b"', '"a ""b"""').replace('\t"x"', '\t"""x"""')
    (tmp_path / "old.tsv").write_text(quoted)
    (tmp_path / "new.tsv").write_text(plain)
    sides = (tmp_path / "old.tsv", tmp_path / "new.tsv")
    found = compare(*sides, quoting=("quoted", "unquoted"))
    assert (found.counts.total, found.counts.both_right, found.churn) == (3, 3, 0.0)
    with pytest.raises(CompatkitError, match="reference"):
        compare(*sides, quoting="unquoted")
    # One file, read in two ways, is two files.
    with pytest.raises(CompatkitError, match="reference"):
        compare(sides[0], sides[0], quoting=("quoted", "unquoted"))
    with pytest.raises(ConfigError, match="one of quoted, unquoted was expected"):
        compare(*sides, quoting=("quoted", "no"))
