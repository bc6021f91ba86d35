"""docs/gate.md: every budget and key is in it, what can be copied from it works."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from gate_files import POLICY, write_pair, write_policy
from gate_workflows import PAGE, blocks, gate_commands, jobs_of, steps

from compatkit.gate import BUDGETS, read_policy
from compatkit.gate.read_policy import LIMIT_KEYS, TASK_KEYS, TOP_KEYS, WAIVER_KEYS
from compatkit.metrics.needs import ANSWERS, CONTINUOUS, OLD_SAMPLES, ONE_SAMPLE
from compatkit.reports.verdicts import VERDICT_SUFFIXES

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / ".github/actions/gate/action.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", BUDGETS)
def test_every_budget_is_there_with_its_range_and_needs(name: str) -> None:
    budget = BUDGETS[name]
    (row,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
    _, _, _, span, needs, _ = (cell.strip() for cell in row.split("|"))
    least = f"{budget.least:g}"
    assert span == (f"from {least}" if budget.most is None else f"{least} to {budget.most:g}")
    words = {"one sample": ONE_SAMPLE, "the answers": ANSWERS, "scorer": CONTINUOUS}
    words["old_rerun"] = OLD_SAMPLES
    for word, need in words.items():
        assert (word in needs) == (need in budget.needs), word


@pytest.mark.parametrize("key", sorted({*TOP_KEYS, *LIMIT_KEYS, *TASK_KEYS, *WAIVER_KEYS}))
def test_every_key_of_a_policy_is_there(key: str) -> None:
    assert f"\n| `{key}` |" in PAGE


@pytest.mark.parametrize("suffix", VERDICT_SUFFIXES)
def test_every_report_is_there(suffix: str) -> None:
    assert f"gate{suffix}" in PAGE


def test_every_input_and_output_of_the_action_is_there() -> None:
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"`{name}`" in PAGE, name


def test_every_toml_block_is_a_policy(tmp_path: Path) -> None:
    texts = blocks("toml")
    assert len(texts) == 4
    for text in texts:
        assert read_policy(write_policy(tmp_path, text)).tasks
    assert texts[0] == (ROOT / "docs/examples/compatkit.toml").read_text(encoding="utf-8")


def test_the_workflows_call_the_action_as_it_is() -> None:
    (used,) = [step for step in steps() if "actions/gate" in step.get("uses", "")]
    path = used["uses"].partition("@")[0].split("/", 2)[2]
    assert (ROOT / path / "action.yml").is_file()
    assert set(used["with"]) <= set(ACTION["inputs"])
    for step in steps():
        for name in re.findall(r"steps\.gate\.outputs\.([\w-]+)", str(step)):
            assert name in ACTION["outputs"]


def test_the_actions_of_others_are_pinned_to_a_commit() -> None:
    for step in steps():
        if step.get("uses", "").startswith("actions/"):
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])


def test_there_are_workflows_for_two_forges() -> None:
    assert len(jobs_of("github")) == 2
    assert len(jobs_of("gitlab")) == 1
    assert len(gate_commands()) == 2


@pytest.mark.parametrize("command", gate_commands())
def test_the_commands_of_the_workflows_run(command: str, tmp_path: Path) -> None:
    write_pair(tmp_path, broken=[0])
    write_policy(tmp_path, POLICY)
    words = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS")
    for name in [word for word in words if word.startswith("gate") and "." in word]:
        assert (tmp_path / name).stat().st_size > 0


def test_gitlab_keeps_what_the_command_writes() -> None:
    (job,) = jobs_of("gitlab")
    artifacts = job["artifacts"]
    kept = {*artifacts["paths"], *artifacts["reports"].values()}
    written = {
        word for line in job["script"] for word in line.split() if re.match(r"gate[.-]", word)
    }
    assert kept == written
