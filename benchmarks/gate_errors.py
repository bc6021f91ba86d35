"""How often the gate is wrong: its intervals by enumeration, the whole command by simulation.

Run `python benchmarks/gate_errors.py [--quick] [--only NAME] [--runs N]`: it prints a table, and a
full run writes `benchmarks/results/gate_errors.md`.
"""

import argparse
import contextlib
import io
import json
import math
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from compatkit import statistics as ck
from compatkit.cli import command_line
from compatkit.errors import CompatkitError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Limits = Callable[..., tuple[float, float]]

RESULTS = Path(__file__).parent / "results" / "gate_errors.md"
SEED = 20_262
TAILS = (0.05, 0.025, 0.005)
RATES: tuple[float, ...] = (
    0.0,
    0.002,
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
)
RATES += (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
ACCURACIES = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
ODDS = (1.0, 3.0, 10.0, 100.0)
OUTCOMES = ("pass", "fail", "inconclusive", "refused")
ROUNDING = 1e-9
HALF = 0.5 + ROUNDING
DIFFERENCE = 3  # kinds of examples: of the first, of the second, neither
HEAD = """# How often the gate is wrong

Command: `python benchmarks/gate_errors.py --runs {runs}`. numpy {numpy}, {seconds:.0f} s, seed
{seed}.

"""
ENUMERATED = """## Intervals, enumerated: {what}

Over a grid of true rates, the largest probability in percent that a one-sided limit is on the wrong
side of the truth.

| interval | n | {tails} |
| --- | --- |{rules}
{rows}
"""
SIMULATED = """## The whole command, simulated

Each line: {repetitions:,} times, new examples are drawn, both models answer them, and `compatkit
gate` reads the files. An example is right with a chance of its own: 1 or 0, or, for the share
'flaky', one of Beta(2, 2). A model against a second sample of itself has the same chances in both
runs; an update multiplies them by one number. A second run that answers as the new model does to
each example is refused. 'true' is the quantity in the population. With `--resamples 100`, which
decides none of these budgets, to save time. Percent, with the standard error of the simulation
below {error:.1f}.

| what | examples | flaky | budgets | true | pass | fail | inconclusive | refused | promised |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}
"""


SEVERAL = """## Several samples by betting, scores of a field by a bootstrap, simulated

Four samples of each example, or a score between 0 and 1; {repetitions:,} times, the limit exactly
at the truth. Steady right answers break for good with the chance 'broken'; scores fall by a uniform
share of themselves. Percent; 5 each would be as promised.

| what | examples | flaky | broken | budget | true | pass | fail | inconclusive | refused |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}
"""


def tables_of(size: int, kinds: int) -> IntArray:
    """Return every way to put `size` examples into so many kinds, shape (tables, kinds)."""
    if kinds == 1:
        return np.array([[size]])
    parts = [
        np.insert(tables_of(size - first, kinds - 1), 0, first, axis=1) for first in range(size + 1)
    ]
    return np.concatenate(parts)


def chances(tables: IntArray, rates: FloatArray) -> FloatArray:
    """Return the multinomial probability of each table."""
    size = int(tables[0].sum())
    logs = gammaln(size + 1) - gammaln(tables + 1).sum(axis=1) + xlogy(tables, rates).sum(axis=1)
    return np.asarray(np.exp(logs))


def worst_errors(
    tables: IntArray, limits: Limits, truths: Iterator[tuple[FloatArray, float]]
) -> tuple[float, float]:
    """Return the largest chance that a limit is on the wrong side.

    Over the truths by which at most half of the examples flip, and over all.
    """
    found = np.array([limits(*table) for table in tables.tolist()])
    usual, any_ = 0.0, 0.0
    for rates, truth in truths:
        likely = chances(tables, rates)
        room = ROUNDING * max(1.0, abs(truth))
        too_low = float(likely[found[:, 1] < truth - room].sum())
        too_high = float(likely[found[:, 0] > truth + room].sum())
        any_ = max(any_, too_low, too_high)
        flips = rates[:2].sum() if len(rates) == DIFFERENCE else rates[1:3].sum()
        if flips <= HALF:
            usual = max(usual, too_low, too_high)
    return usual, any_


def differences(weight: float) -> Iterator[tuple[FloatArray, float]]:
    for more, fewer in product(RATES, RATES):
        if more + fewer <= 1.0 + ROUNDING:
            rest = max(1.0 - more - fewer, 0.0)
            yield np.array([more, fewer, rest]), more - weight * fewer


def ratios() -> Iterator[tuple[FloatArray, float]]:
    """Yield the rates of both right, broken, repaired, both wrong for pairs of accuracies."""
    for old, new, odds in product(ACCURACIES, ACCURACIES, ODDS):
        both = _both_right(old, new, odds)
        rates = np.array([both, old - both, new - both, 1.0 - old - new + both])
        yield np.clip(rates, 0.0, 1.0), (old - both) / (old * (1.0 - new))


def _both_right(old: float, new: float, odds: float) -> float:
    """Return P(both right) of two accuracies with an odds ratio."""
    if odds == 1.0:
        return old * new
    a = 1.0 + (odds - 1.0) * (old + new)
    return (a - math.sqrt(a * a - 4.0 * odds * (odds - 1.0) * old * new)) / (2.0 * (odds - 1.0))


def limits_of(name: str, tail: float) -> Limits:
    level = 1.0 - 2.0 * tail

    def difference(more: int, fewer: int, rest: int) -> tuple[float, float]:
        total = more + fewer + rest
        if name == "tango":
            interval = ck.tango(fewer, more, total, level)
        else:
            weight = 0.5 if "weight" in name else 1.0
            interval = ck.conservative_difference(more, fewer, total, level, weight=weight)
        return interval.low, interval.high

    def ratio(n11: int, n10: int, n01: int, n00: int) -> tuple[float, float]:
        make = ck.relative_flip_ratio if name == "log-mover" else ck.conservative_relative_flips
        interval = make(n11, n10, n01, n00, level).interval
        return (interval.low, interval.high) if interval.is_defined else (0.0, math.inf)

    return ratio if "log-mover" in name or "relative" in name else difference


def enumerate_errors(*, quick: bool, runs: int) -> str:  # noqa: ARG001
    sizes, small = ((20, 50), (20,)) if quick else ((20, 50, 100, 200), (20, 40))
    plain = ("conservative_difference", "tango", "conservative_difference, weight 0.5")
    wanted = [*product(plain, sizes), *product(("conservative_relative_flips", "log-mover"), small)]
    rows: tuple[list[str], list[str]] = [], []
    for name, size in wanted:
        paired = name in plain
        tables = tables_of(size, DIFFERENCE if paired else DIFFERENCE + 1)
        weight = 0.5 if "weight" in name else 1.0
        truths = [differences(weight) if paired else ratios() for _ in TAILS]
        errors = [
            worst_errors(tables, limits_of(name, tail), truth)
            for tail, truth in zip(TAILS, truths, strict=True)
        ]
        for part, column in zip(rows, zip(*errors, strict=True), strict=True):
            part.append(
                f"| {name} | {size} | " + " | ".join(f"{100 * e:.2f}" for e in column) + " |"
            )
    tails = " | ".join(f"at {100 * tail:g} %" for tail in TAILS)
    whats = ("at most half of the examples flip", "whatever the rates")
    return "\n".join(
        ENUMERATED.format(what=what, tails=tails, rules=" --- |" * len(TAILS), rows="\n".join(part))
        for what, part in zip(whats, rows, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Scenario:
    """A pair of models in a population of examples, and what is asked of them.

    Attributes:
        what: a name.
        size: number of examples in a file.
        flaky: share of the examples that are right with a chance of Beta(2, 2).
        fall: the new model's chances are the old one's times 1 - fall.
        budgets: options of the command.
        true: the quantity in the population.
        promised: what the command promises, in words.
        rerun: whether there is a second run of the old model.
    """

    what: str
    size: int
    flaky: float
    fall: float
    budgets: tuple[str, ...]
    true: float
    promised: str
    rerun: bool = False


RIGHT = 0.8  # of the examples that are not flaky
SQUARE, SPREAD = 0.3, 0.2  # of Beta(2, 2): means of p^2 and of p (1 - p)


def self_flips(flaky: float) -> float:
    return flaky * SPREAD


def fall_for(excess: float, flaky: float) -> float:
    """Return the fall that breaks so many answers more than a second run would."""
    return excess / (flaky * SQUARE + (1.0 - flaky) * RIGHT)


def fall_of_accuracy(drop: float, flaky: float) -> float:
    return drop / (flaky / 2 + (1.0 - flaky) * RIGHT)


def scenarios() -> list[Scenario]:
    wrong, right = "fail <= 5", "pass <= 5"
    found = []
    for size, flaky in ((200, 0.05), (200, 0.25), (1000, 0.25)):
        rate = self_flips(flaky)
        nfr = ("--max-nfr", f"{rate:g}")
        excess, drop = ("--max-excess-nfr", "0"), ("--max-accuracy-drop", "0")
        slices = ("--by", "part", "--max-slice-nfr", f"{rate:g}")
        both = f"{wrong}, {right}"
        found += [
            Scenario("itself", size, flaky, 0.0, nfr, rate, both),
            Scenario("itself", size, flaky, 0.0, drop, 0.0, both),
            Scenario("itself", size, flaky, 0.0, excess, 0.0, both, rerun=True),
            Scenario(
                "itself", size, flaky, 0.0, (*nfr, *drop, *excess, *slices), rate, both, rerun=True
            ),
        ]
    budget, flaky = 0.02, 0.05
    for size in (200, 1000):
        for times in (2, 1, 0.5):
            true = budget * times
            named = {2: "twice the budget", 1: "at the budget", 0.5: "half the budget"}[times]
            power = 100 * ck.power_of_gate(size, budget, true)
            promised = f"pass {power:.1f} (`compatkit power`)" if times < 1 else right
            fall = fall_for(true - self_flips(flaky), flaky)
            flips = ("--max-nfr", f"{budget:g}")
            found.append(Scenario(named, size, flaky, fall, flips, true, promised))
            if times >= 1:
                drop = ("--max-accuracy-drop", f"{budget:g}")
                excess = ("--max-excess-nfr", f"{budget:g}")
                fall = fall_of_accuracy(true, flaky)
                found.append(Scenario(named, size, flaky, fall, drop, true, right))
                fall = fall_for(true, flaky)
                found.append(Scenario(named, size, flaky, fall, excess, true, right, rerun=True))
    return found


def draw_runs(scenario: Scenario, draw: np.random.Generator) -> dict[str, NDArray[np.bool_]]:
    """Return which answers are right: of the old model, of the new one, of the old one again."""
    size = scenario.size
    kind = draw.random(size)
    steady = (kind - scenario.flaky) / (1.0 - scenario.flaky) < RIGHT
    old = np.where(kind < scenario.flaky, draw.beta(2, 2, size), steady)
    new = old * (1.0 - scenario.fall)
    chosen = {"old": old, "new": new, "again": old}
    return {name: draw.random(size) < chance for name, chance in chosen.items()}


@cache
def _lines(size: int) -> list[tuple[str, str]]:
    """Return each example's line, wrong and right."""
    rows = [{"id": f"q{n}", "part": n % 3, "reference": "yes"} for n in range(size)]
    texts = [[json.dumps({**row, "prediction": word}) for word in ("no", "yes")] for row in rows]
    return [(wrong, right) for wrong, right in texts]


def run_gate(scenario: Scenario, folder: Path, draw: np.random.Generator) -> str:
    """Draw the models' answers, write the files, and return what the command says of them."""
    for name, answers in draw_runs(scenario, draw).items():
        lines = [
            pair[int(right)] for pair, right in zip(_lines(scenario.size), answers, strict=True)
        ]
        lines[0] = f'{lines[0][:-1]}, "run": "{name}"}}'  # two runs may answer alike
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="ascii")
    old, new, again = (str(folder / f"{name}.jsonl") for name in ("old", "new", "again"))
    rerun = ["--old-rerun", again] if scenario.rerun else []
    return call_gate([old, new, *scenario.budgets, *rerun, "--resamples", "100"])


def simulate(*, quick: bool, runs: int) -> str:
    repetitions = min(runs, 100) if quick else runs
    rows = []
    for number, scenario in enumerate(scenarios()):
        draw = np.random.default_rng([SEED, number])
        with tempfile.TemporaryDirectory() as folder:
            said = Counter(run_gate(scenario, Path(folder), draw) for _ in range(repetitions))
        shares = [100 * said[each] / repetitions for each in OUTCOMES]
        rows.append(
            f"| {scenario.what} | {scenario.size} | {scenario.flaky:g} | "
            f"`{' '.join(scenario.budgets)}` | {scenario.true:g} | "
            + " | ".join(f"{share:.1f}" for share in shares)
            + f" | {scenario.promised} |"
        )
        print(rows[-1], file=sys.stderr)
    error = 100 * math.sqrt(0.05 * 0.95 / repetitions)
    return SIMULATED.format(repetitions=repetitions, error=error + 0.05, rows="\n".join(rows))


SAMPLES = 4
FEW = ((100, 0.1, 0.02), (300, 0.02, 0.01), (300, 0.2, 0.02), (1000, 0.02, 0.005))


def sampled_rows(
    size: int, flaky: float, broken: float, draw: np.random.Generator
) -> dict[str, list[dict[str, object]]]:
    """Return the rows of both models, each prediction a list of samples."""
    kind = draw.random(size)
    steady = (kind - flaky) / (1.0 - flaky) < RIGHT
    old = np.where(kind < flaky, draw.beta(2, 2, size), steady)
    new = np.where((old == 1.0) & (draw.random(size) < broken), 0.0, old)
    return {
        name: [
            {"id": n, "prediction": [int(x) for x in draw.random(SAMPLES) < p], "reference": 1}
            for n, p in enumerate(chances)
        ]
        for name, chances in (("old", old), ("new", new))
    }


def scored_rows(
    size: int, broken: float, draw: np.random.Generator
) -> dict[str, list[dict[str, object]]]:
    """Return the rows of both models, with scores of which a few fell."""
    old = draw.beta(2, 1, size)
    new = old * (1.0 - draw.random(size) * (draw.random(size) < broken))
    columns = (("old", old), ("new", new))
    return {
        name: [{"id": n, "score": float(x)} for n, x in enumerate(each)] for name, each in columns
    }


def simulate_several(*, quick: bool, runs: int) -> str:
    repetitions = min(runs, 50) if quick else runs
    rows = []
    cases = [(flag, *few) for flag in ("nfr", "excess-nfr", "accuracy-drop") for few in FEW]
    cases += [("score-drop", 100, 0.0, 0.05), ("score-drop", 300, 0.0, 0.1)]
    for number, (flag, size, flaky, broken) in enumerate(cases):
        lost = RIGHT * (1.0 - flaky) * broken
        true = {"nfr": lost + self_flips(flaky), "score-drop": broken / 3}.get(flag, lost)
        scorer = ["--scorer", "field:score"] if flag == "score-drop" else []
        draw = np.random.default_rng([SEED, 1, number])
        said: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(repetitions):
                drawn = (
                    scored_rows(size, broken, draw)
                    if scorer
                    else sampled_rows(size, flaky, broken, draw)
                )
                files = [write_lines(Path(folder) / f"{name}.jsonl", drawn[name]) for name in drawn]
                said[call_gate([*files, f"--max-{flag}", repr(true), *scorer])] += 1
        shares = [100 * said[each] / repetitions for each in OUTCOMES]
        shown = " | ".join(f"{share:.1f}" for share in shares)
        what = "a score" if scorer else f"{SAMPLES} samples"
        budget = f"`--max-{flag}`"
        rows.append(
            f"| {what} | {size} | {flaky:g} | {broken:g} | {budget} | {true:.4f} | {shown} |"
        )
        print(rows[-1], file=sys.stderr)
    return SEVERAL.format(repetitions=repetitions, rows="\n".join(rows))


def write_lines(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
    return str(path)


def call_gate(arguments: list[str]) -> str:
    """Run the command in this process; return what it says, `refused` where it refuses."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            command_line(["gate", *arguments, "--json"], standalone_mode=False)
    except CompatkitError:
        return "refused"
    return str(json.loads(printed.getvalue())["outcome"])


PARTS: dict[str, Callable[..., str]] = {
    "enumerated": enumerate_errors,
    "simulated": simulate,
    "several": simulate_several,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few repetitions")
    parser.add_argument("--only", choices=PARTS, help="one part; nothing is written")
    parser.add_argument("--runs", type=int, default=500, help="of each line that is simulated")
    chosen = parser.parse_args()
    os.environ.pop("GITHUB_STEP_SUMMARY", None)
    start = time.perf_counter()
    names = [chosen.only] if chosen.only else list(PARTS)
    parts = [PARTS[name](quick=chosen.quick, runs=chosen.runs) for name in names]
    seconds = time.perf_counter() - start
    head = HEAD.format(numpy=np.__version__, seconds=seconds, seed=SEED, runs=chosen.runs)
    report = head + "\n".join(parts)
    if not chosen.quick and not chosen.only:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
