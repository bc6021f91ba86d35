"""The gate on logs of harnesses: each task is held to the budgets, and nothing slips through."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gate_files import write_policy
from harness_runs import RUNS, copy_run, only

from compatkit import ConfigError, DataError, check, check_policy
from compatkit.gate import read_policy
from compatkit.gate.baseline import check_baselines
from compatkit.gate.task_files import expand_tasks

OLD, NEW = str(RUNS / "lm_eval/v1"), str(RUNS / "lm_eval/v2")
EXPECTED = json.loads((RUNS / "lm_eval/expected.json").read_text())


def edit_rows(folder: Path, edit: Callable[[dict[str, Any]], None]) -> str:
    """Change the rows of the choice task of a run."""
    path = only(folder, "samples_tiny_choice_*.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        edit(row)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder)


def test_each_task_of_a_run_is_held_to_the_budgets() -> None:
    verdict = check(OLD, NEW, max_nfr=0.3)
    found = {each.task: each.numerator for each in verdict.decisions}
    assert found == {
        "tiny_choice": EXPECTED["tiny_choice|acc|none"]["negative"],
        "tiny_text": EXPECTED["tiny_text|exact_match|strict-match"]["negative"],
    }
    assert verdict.outcome == "inconclusive"


def test_a_policy_names_the_metric(tmp_path: Path) -> None:
    text = (
        f"[tasks.harness]\nold = {OLD!r}\nnew = {NEW!r}\nmetric = 'acc_norm | exact_match'\n"
        "[tasks.harness.budgets]\nmax_nfr = 0.9\n"
    )
    verdict = check_policy(read_policy(write_policy(tmp_path, text)))
    assert [each.task for each in verdict.decisions] == [
        "harness/tiny_choice",
        "harness/tiny_text",
    ]
    assert verdict.comparisons[0].scorer == "log:acc_norm,none"
    wrong = text.replace("'acc_norm | exact_match'", "3")
    with pytest.raises(ConfigError, match="metric: is 3; a text, or one for each side"):
        read_policy(write_policy(tmp_path, wrong))


def test_a_metric_that_is_missing_never_passes(tmp_path: Path) -> None:
    def lose(row: dict[str, Any]) -> None:
        if row["acc"] == 0.0:
            row["acc"] = None

    new = edit_rows(copy_run("lm_eval/v2", tmp_path), lose)
    with pytest.raises(DataError, match="left out"):
        check(OLD, new, max_nfr=0.9)


def test_a_prompt_in_other_words_never_passes(tmp_path: Path) -> None:
    def reword(row: dict[str, Any]) -> None:
        for arguments in row["arguments"].values():
            arguments["arg_0"] = f"Please: {arguments['arg_0']}"
        row["prompt_hash"] = "0" * 64

    new = edit_rows(copy_run("lm_eval/v2", tmp_path), reword)
    with pytest.raises(DataError, match="the input of"):
        check(OLD, new, max_nfr=0.9)
    assert check(OLD, new, max_nfr=0.9, edited="keep").decisions


def test_a_task_that_one_run_lacks_never_passes(tmp_path: Path) -> None:
    new = copy_run("lm_eval/v2", tmp_path)
    only(new, "samples_tiny_text_*.jsonl").unlink()
    with pytest.raises(DataError):
        check(OLD, str(new), max_nfr=0.9)


def test_a_log_of_several_tasks_cannot_become_the_baseline(tmp_path: Path) -> None:
    text = f"[tasks.t]\nold = {OLD!r}\nnew = {NEW!r}\nbudgets = {{ max_nfr = 0.9 }}\n"
    policy = read_policy(write_policy(tmp_path, text))
    with pytest.raises(ConfigError, match="compatkit convert"):
        check_baselines(expand_tasks(policy))
