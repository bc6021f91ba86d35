"""Coverage of the two intervals of a report that are ratios: relative NFR and mean regression.

Run `python benchmarks/coverage_ratios.py [--runs N] [--only NAME]`: it prints its tables, and where
it makes both it writes `benchmarks/results/coverage_ratios.md`. The cells are less comfortable than
those of `benchmarks/coverage.py`: few examples, few flips, heavy tails, groups of unequal size.
"""

import argparse
import math
import platform
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue, Plan, bounded_mean
from compatkit.metrics.pair import Judged, JudgedPair

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Draw = Callable[[np.random.Generator], tuple[JudgedPair, Plan]]
Measure = Callable[[JudgedPair, Plan], MetricValue]

RESULTS = Path(__file__).parent / "results" / "coverage_ratios.md"
SEED = 20_275
RESAMPLES = 1000
LEVEL = 0.95
HEAD = """# Coverage of relative NFR and mean regression, as reports show them

Command: `python benchmarks/coverage_ratios.py`. numpy {numpy}, Python {python}, seed {seed}. Level
95 %, bootstraps with {resamples:,} resamples (the default is 2,000). Entries: coverage in percent
(median width; u: percent undefined, left out; low: percent of the intervals that lie below the
truth). In groups an example takes the kind of its group half of the time.
"""
RUNS = "{runs:,} runs a cell; the standard error at 95 % is {error:.1f}.\n"


def sides(old: FloatArray, new: FloatArray, **more: Any) -> JudgedPair:
    """Return the pair of two models' scores, right from one half on."""
    once, none = np.ones(old.size, np.int64), np.zeros(old.size, np.int64)
    before, after = (
        Judged(scores, (scores >= 0.5).astype(np.float64), once, none) for scores in (old, new)
    )
    ids = [f"{number:06}" for number in range(old.size)]
    return JudgedPair(ids, before, after, None, **more)


def sizes_of_groups(shape: str, size: int, rng: np.random.Generator) -> IntArray:
    """Return the number of each example's group, shape (N,)."""
    groups = max(size // 10, 5)
    weights = {
        "equal": np.ones(groups),
        "lognormal": rng.lognormal(0.0, 1.0, groups),
        "one holds half": np.where(np.arange(groups) == 0, groups - 1.0, 1.0),
    }[shape]
    return np.sort(rng.choice(groups, size, p=weights / weights.sum()))


def dependent(rates: FloatArray, groups: IntArray | None, rng: np.random.Generator) -> IntArray:
    """Return a kind for each example; in groups each takes that of its group half of the time."""
    own = rng.choice(rates.size, groups.size if groups is not None else 0, p=rates)
    if groups is None:
        return own
    of_group = rng.choice(rates.size, int(groups.max()) + 1, p=rates)[groups]
    return np.where(rng.random(groups.size) < 0.5, of_group, own)


def draw_flips(
    size: int, rates: FloatArray, shape: str, rng: np.random.Generator
) -> tuple[JudgedPair, Plan]:
    """Draw both right, broken, repaired and both wrong answers."""
    groups = None if shape == "none" else sizes_of_groups(shape, size, rng)
    kind = rng.choice(4, size, p=rates) if groups is None else dependent(rates, groups, rng)
    old, new = (kind <= 1).astype(float), np.isin(kind, (0, 2)).astype(float)
    return sides(old, new, clusters=groups), Plan(clusters=groups, resamples=RESAMPLES)


FALLS: dict[str, tuple[Callable[[int, np.random.Generator], FloatArray], float]] = {
    "uniform": (lambda n, rng: rng.random(n), 0.5),
    "beta(.3, 3)": (lambda n, rng: rng.beta(0.3, 3.0, n), 0.3 / 3.3),
    ".02, of 5 % .95": (lambda n, rng: np.where(rng.random(n) < 0.05, 0.95, 0.02), 0.0665),
}


def draw_falls(
    size: int, share: float, name: str, shape: str, rng: np.random.Generator
) -> tuple[JudgedPair, Plan]:
    """Draw scores of which a share falls."""
    groups = None if shape == "none" else sizes_of_groups(shape, size, rng)
    make, _ = FALLS[name]
    fall = make(size, rng)
    rates = np.array([share, 1.0 - share])
    fell = rng.random(size) < share if groups is None else dependent(rates, groups, rng) == 0
    old = np.ones(size)
    pair = sides(old, old - np.where(fell, fall, 0.0), clusters=groups, continuous=True)
    return pair, Plan(clusters=groups, resamples=RESAMPLES)


def cover(
    measures: Mapping[str, Measure], draw: Draw, truth: float, runs: int, seed: int
) -> list[str]:
    """Return the entry of each way to measure, all on the same draws."""
    rng = np.random.default_rng([SEED, seed])
    limits: dict[str, list[tuple[float, float]]] = {name: [] for name in measures}
    for _ in range(runs):
        pair, plan = draw(rng)
        for name, measure in measures.items():
            value = measure(pair, plan)
            if value.low is not None and value.high is not None:
                limits[name].append((value.low, value.high))
    return [entry(np.array(limits[name]).reshape(-1, 2), truth, runs) for name in measures]


def entry(limits: FloatArray, truth: float, runs: int) -> str:
    """Write coverage, width, and how often an interval is undefined or lies below the truth."""
    defined = len(limits)
    if not defined:
        return "u 100"
    low, high = limits[:, 0] - 1e-12, limits[:, 1] + 1e-12
    inside, below = float(((low <= truth) & (truth <= high)).mean()), float((high < truth).mean())
    undefined = f", u {100 * (1 - defined / runs):.0f}" if defined < runs else ""
    width = float(np.median(high - low))
    return f"{100 * inside:.1f} ({width:.2g}{undefined}, low {100 * below:.1f})"


def relative(runs: int) -> Iterator[str]:
    """Yield the rows of relative NFR."""
    measures = {"as reported": METRICS["relative_negative_flip_rate"].measure}
    models = ((0.7, 0.3), (0.9, 0.1), (0.95, 0.05))
    yield "\n## Relative NFR\n"
    yield tell_runs(runs)
    yield "| examples | old right | new wrong | NFR | flips | groups | interval |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    cells = product((20, 50, 200, 1000), models, (0.005, 0.02, 0.05), ("none",))
    grouped = product((200, 1000), models[:2], (0.02,), ("equal", "lognormal", "one holds half"))
    for number, (size, (right, wrong), rate, shape) in enumerate([*cells, *grouped]):
        rates = np.array([right - rate, rate, 1 - right - wrong + rate, wrong - rate]).clip(0)
        draw = partial(draw_flips, size, rates, shape)
        (shown,) = cover(measures, draw, rate / right / wrong, runs, number)
        yield (
            f"| {size:,} | {right:g} | {wrong:g} | {rate:g} | {size * rate:g} | {shape} | {shown} |"
        )


def regression(runs: int) -> Iterator[str]:
    """Yield the rows of mean regression, beside the bounds that the gate decides by."""

    def betting(pair: JudgedPair, plan: Plan) -> MetricValue:
        return bounded_mean(-pair.change, plan, (0.0, 1.0), pair.change < 0, "no score fell")

    measures = {"as reported": METRICS["mean_regression"].measure, "betting": betting}
    yield "\n## Mean regression\n"
    yield tell_runs(runs)
    yield "| examples | share that falls | falls | by | groups | interval | by betting |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    cells = product((50, 200, 1000), (0.02, 0.05, 0.2), FALLS, ("none",))
    grouped = product(
        (200, 1000), (0.05, 0.2), ("uniform",), ("equal", "lognormal", "one holds half")
    )
    for number, (size, share, name, shape) in enumerate([*cells, *grouped]):
        draw = partial(draw_falls, size, share, name, shape)
        shown = " | ".join(cover(measures, draw, FALLS[name][1], runs, 1000 + number))
        yield f"| {size:,} | {share:g} | {size * share:g} | {name} | {shape} | {shown} |"


def tell_runs(runs: int) -> str:
    """Say how precise a section is."""
    error = 100 * math.sqrt(LEVEL * (1 - LEVEL) / runs)
    return RUNS.format(runs=runs, error=error + 0.05)


PARTS = {"relative": relative, "regression": regression}


def main() -> None:
    """Simulate, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", choices=PARTS, help="one part; nothing is written")
    asked = parser.parse_args()
    head = HEAD.format(
        numpy=np.__version__, python=platform.python_version(), seed=SEED, resamples=RESAMPLES
    )
    lines = [head.rstrip()]
    for name in [asked.only] if asked.only else PARTS:
        for row in PARTS[name](asked.runs):
            print(row, flush=True)
            lines.append(row)
    if not asked.only:
        RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
