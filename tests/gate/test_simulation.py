"""How often the whole command is wrong, in small; `benchmarks/gate_errors.py` does it in large."""

import contextlib
import io
import json

import numpy as np
import pytest
from scipy.stats import binom

from compatkit.cli import command_line
from compatkit.statistics import power_of_gate

SIZE, REPETITIONS, ALPHA = 150, 120, 0.05
FLAKY = 0.2  # of the examples have a chance of Beta(2, 2) to be right; of the rest 4 in 5 are
SQUARE, SPREAD = 0.3, 0.2  # of Beta(2, 2): means of p^2 and of p (1 - p)
SELF_FLIPS = FLAKY * SPREAD
# So many of 120 are as good as never reached where each has a chance of 5 %.
MOST = int(binom.isf(1e-5, REPETITIONS, ALPHA))


def fall_for(excess):
    """By what to lower the chances, to break so many answers more than a second run would."""
    return excess / (FLAKY * SQUARE + (1 - FLAKY) * 0.8)


def draw_answers(draw, fall):
    flaky = draw.random(SIZE) < FLAKY
    chance = np.where(flaky, draw.beta(2, 2, SIZE), draw.random(SIZE) < 0.8)
    chances = {"old": chance, "new": chance * (1 - fall), "again": chance}
    return {name: draw.random(SIZE) < each for name, each in chances.items()}


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def run(budgets, *, fall=0.0, seed=0):
        """Return how many of the runs pass, and how many fail."""
        draw = np.random.default_rng([20_263, seed])
        outcomes = []
        for _ in range(REPETITIONS):
            for name, answers in draw_answers(draw, fall).items():
                rows = [
                    {"id": n, "part": n % 3, "prediction": int(right), "reference": 1, "run": name}
                    for n, right in enumerate(answers)
                ]
                text = "".join(json.dumps(row) + "\n" for row in rows)
                (tmp_path / f"{name}.jsonl").write_text(text)
            files = [str(tmp_path / f"{name}.jsonl") for name in ("old", "new", "again")]
            rerun = ["--old-rerun", files[2]] if "--max-excess-nfr" in budgets else []
            command = ["gate", *files[:2], *budgets, *rerun, "--resamples", "100", "--json"]
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                code = command_line(command, standalone_mode=False)
            outcome = json.loads(printed.getvalue())["outcome"]
            assert code == {"pass": 0, "fail": 1, "inconclusive": 3}[outcome]
            outcomes.append(outcome)
        return outcomes.count("pass"), outcomes.count("fail")

    return run


FLIPS = ("--max-nfr", f"{SELF_FLIPS:g}")
DROP = ("--max-accuracy-drop", "0")
EXCESS = ("--max-excess-nfr", "0")
SLICES = ("--by", "part", "--max-slice-nfr", f"{SELF_FLIPS:g}")
BUDGETS = {
    "flips": FLIPS,
    "drop": DROP,
    "excess": EXCESS,
    "six at once": (*FLIPS, *DROP, *EXCESS, *SLICES),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_model_against_a_second_sample_of_itself_seldom_fails(simulate, name):
    """All limits lie exactly at the truth, which is the hardest case for both answers."""
    passed, failed = simulate(BUDGETS[name], seed=len(name))
    assert failed <= MOST
    assert passed <= MOST


@pytest.mark.parametrize("budget", [0.05, 0.1])
def test_an_update_at_twice_the_budget_seldom_passes(simulate, budget):
    passed, failed = simulate(
        ("--max-nfr", f"{budget:g}"), fall=fall_for(2 * budget - SELF_FLIPS), seed=1
    )
    assert passed <= MOST
    assert failed > passed


def test_an_excess_of_twice_the_budget_seldom_passes(simulate):
    passed, failed = simulate(("--max-excess-nfr", "0.05"), fall=fall_for(0.1), seed=2)
    assert passed <= MOST
    assert failed > passed


def test_an_update_at_half_the_budget_passes_as_often_as_power_says(simulate):
    budget = 2 * SELF_FLIPS + 0.04
    passed, failed = simulate(("--max-nfr", f"{budget:g}"), fall=fall_for(0.02), seed=3)
    wanted = power_of_gate(SIZE, budget, SELF_FLIPS + 0.02)
    assert 0.3 < wanted < 0.95
    low, high = binom.ppf([1e-5, 1 - 1e-5], REPETITIONS, wanted)
    assert low <= passed <= high
    assert failed <= MOST
