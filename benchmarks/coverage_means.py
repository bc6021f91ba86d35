"""Coverage of the mean regression of few falls, on cells that nothing was chosen by.

Run `python benchmarks/coverage_means.py [--runs N]`: it prints and writes
`results/coverage_means.md`. The cells of `coverage_ratios.py` are those by which the number of
falls was chosen from which on a bootstrap is reported; these are others.
"""

import argparse
import platform
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from coverage_ratios import RESAMPLES, FloatArray, cover, sides, tell_runs

from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import FEW, MetricValue, Plan, bounded_mean
from compatkit.metrics.pair import JudgedPair
from compatkit.statistics import bootstrap_ratio

RESULTS = Path(__file__).parent / "results" / "coverage_means.md"
HEAD = """# Coverage of the mean regression, on cells that nothing was chosen by

Command: `python benchmarks/coverage_means.py --runs {runs}`. numpy {numpy}, Python {python}. Level
95 %, bootstraps with {resamples:,} resamples (the default is 2,000). As reported: by betting below
{few} falls, by the bootstrap from {few} on. Entries as in coverage_ratios.md.

"""
Draws = Callable[[int, np.random.Generator], FloatArray]
FALLS: dict[str, Draws] = {
    "beta(.5, 2)": lambda n, rng: rng.beta(0.5, 2.0, n),
    "exponential, .1": lambda n, rng: np.minimum(rng.exponential(0.1, n), 1.0),
    "lognormal(-3, 1)": lambda n, rng: np.minimum(np.exp(rng.normal(-3.0, 1.0, n)), 1.0),
    ".1, of 10 % .9": lambda n, rng: np.where(rng.random(n) < 0.1, 0.9, 0.1),
}


def by_bootstrap(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the mean regression as it was reported of any number of falls."""
    falls = pair.change < 0
    if not falls.any():
        return MetricValue(None)
    interval = bootstrap_ratio(
        np.where(falls, -pair.change, 0.0), falls, resamples=plan.resamples, bounds=(0.0, 1.0)
    )
    defined = interval.is_defined and interval.low < interval.high
    return MetricValue(0.0, interval.low, interval.high) if defined else MetricValue(0.0)


def by_betting(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the mean regression with the limits that the gate decides by."""
    return bounded_mean(-pair.change, plan, (0.0, 1.0), pair.change < 0, "no score fell")


def rows(runs: int) -> Iterator[str]:
    """Yield the table."""
    measures = {
        "as reported": METRICS["mean_regression"].measure,
        "bootstrap": by_bootstrap,
        "betting": by_betting,
    }
    yield tell_runs(runs)
    yield "| examples | share that falls | falls | by | as reported | bootstrap | betting |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    cells = product((100, 280), (0.04, 0.1), FALLS.items())
    for number, (size, share, (name, make)) in enumerate(cells):
        truth = float(make(5_000_000, np.random.default_rng(1)).mean())
        draw = partial(draw_of, size, share, make)
        shown = " | ".join(cover(measures, draw, truth, runs, 2000 + number))
        yield f"| {size:,} | {share:g} | {size * share:g} | {name} | {shown} |"


def draw_of(
    size: int, share: float, make: Draws, rng: np.random.Generator
) -> tuple[JudgedPair, Plan]:
    """Draw scores of which a share falls."""
    falls = np.where(rng.random(size) < share, make(size, rng), 0.0)
    old = np.ones(size)
    return sides(old, old - falls, continuous=True), Plan(resamples=RESAMPLES)


def main() -> None:
    """Simulate, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    lines = [
        HEAD.format(
            runs=runs,
            numpy=np.__version__,
            python=platform.python_version(),
            resamples=RESAMPLES,
            few=FEW,
        ).rstrip()
        + "\n"
    ]
    for row in rows(runs):
        print(row, flush=True)
        lines.append(row)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
