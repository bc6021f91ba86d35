"""Whether the gate's bounds hold where a bootstrap's do not: few falls, groups, repeated looks.

Run `python benchmarks/bounds.py [--quick] [--only NAME]`: it prints a table of each part, and a
full run writes `benchmarks/results/bounds.md`.
"""

import argparse
import math
import platform
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compatkit import statistics as ck
from compatkit.statistics import clopper_pearson, confidence_sequence

FloatArray = NDArray[np.float64]

RESULTS = Path(__file__).parent / "results" / "bounds.md"
SEED = 20_271
ALPHA = 0.05
LEVEL = 1.0 - 2.0 * ALPHA  # two limits that err with ALPHA each
HEAD = """# Bounds that hold

Command: `python benchmarks/bounds.py`. numpy {numpy}, Python {python}, {seconds:.0f} s. Seed
{seed}.
Error: how often in percent an upper limit at 5 % is below the truth; 5 would be as promised.
"""
FALLS = (
    # examples, share that falls, by how much
    (100, 0.01, 0.9),
    (300, 0.005, 0.9),
    (1000, 0.002, 0.9),
    (1000, 0.01, 0.9),
    (1000, 0.02, 0.5),
    (1000, 0.1, 0.3),
    (2000, 0.2, 0.2),
)
GROUPS = (5, 10, 20, 50, 100)
SHAPES = ("equal", "geometric", "lognormal", "one holds half")
RATES = (0.005, 0.02, 0.1, 0.3)
WITHIN = (0.0, 0.2, 1.0)
LOOKS = tuple(range(400, 6001, 800))
BUDGETS = (0.01, 0.02, 0.05, 0.1)


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{100.0 * share:.1f}"


def falls(runs: int) -> Iterator[str]:
    """Yield the rows of means of falls, at exactly the budget."""
    yield "## Few falls of unequal size\n"
    yield (
        "A value is 0, or falls with the chance 'share' by 'fall', all alike, with noise of 1e-9, "
        "or each by a share of it. Limits: betting, the bootstrap (BCa and t), Student's t. Width: "
        "the mean distance of the limit from the truth over that of betting.\n"
    )
    yield (
        "| examples | share | fall | falls are | error: betting | bootstrap | t "
        "| width: bootstrap | t |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for (size, share, fall), kind in product(FALLS, ("alike", "noisy", "spread")):
        rng = np.random.default_rng([SEED, size, int(1e4 * share), len(kind)])
        few = max(runs // 80, 50)
        limits = np.array(
            [upper_limits(draw_falls(rng, size, share, fall, kind)) for _ in range(few)]
        )
        truth = share * fall * {"alike": 1.0, "noisy": 1.0 + 0.5e-9, "spread": 0.5}[kind]
        errors = [betting_error(rng, runs, size, (share, fall, kind), truth)]
        errors += [float((limits[:, column] < truth).mean()) for column in (1, 2)]
        widths = (limits - truth).mean(axis=0) / (limits[:, 0] - truth).mean()
        cells = [*map(percent, errors), *(f"{width:.2f}" for width in widths[1:])]
        yield f"| {size:,} | {share:.1%} | {fall} | {kind} | {' | '.join(cells)} |"


def draw_falls(
    rng: np.random.Generator, size: int, share: float, fall: float, kind: str
) -> FloatArray:
    """Return how much each of some values falls."""
    parts = np.ones(size)
    if kind != "alike":
        parts = rng.random(size) if kind == "spread" else 1.0 + 1e-9 * rng.random(size)
    return np.where(rng.random(size) < share, fall * parts, 0.0)


def upper_limits(values: FloatArray) -> tuple[float, float, float]:
    """Return the upper limits of a mean by betting, the bootstrap and Student's t."""
    bootstrap = ck.bootstrap_mean(values, level=LEVEL, resamples=500, bounds=(0.0, 1.0))
    student = ck.cluster_mean(values, np.arange(values.size), LEVEL)
    seen = float(values.mean())
    return (
        ck.betting_mean(values, level=LEVEL).high,
        bootstrap.high if bootstrap.is_defined else seen,
        student.high if student.is_defined else seen,
    )


def betting_error(
    rng: np.random.Generator,
    runs: int,
    size: int,
    cell: tuple[float, float, str],
    truth: float,
) -> float:
    """Return how often the limit by betting is below the truth, where the wealth is 1 / alpha."""
    return (
        sum(
            wealth(draw_falls(rng, size, *cell), np.ones(size), truth) >= 1.0 / ALPHA
            for _ in range(runs)
        )
        / runs
    )


def wealth(sums: FloatArray, sizes: FloatArray, claim: float) -> float:
    """Return K(claim) of `compatkit.statistics.betting_ratio`, written out once more."""
    groups = sizes.sum() ** 2 / (sizes**2).sum()
    smallest = min(math.sqrt(8.0 * math.log(1.0 / ALPHA) / groups), 0.5)
    bets = np.concatenate(
        [np.geomspace(smallest, 1.0, 16), np.geomspace(1.0, max(groups, 2.0), 16)]
    )
    counts = np.ones(sums.size)
    if not np.ptp(sizes):
        sums, alike = np.unique(sums, return_counts=True)
        counts, sizes = alike.astype(np.float64), sizes[: sums.size]
    steps = (sums - claim * sizes) / (sizes.max() * (1.0 - claim))
    stakes = np.minimum(bets * (1.0 - claim), 0.999)
    return float(np.exp(np.log1p(-stakes[:, None] * steps) @ counts).mean())


def groups(runs: int) -> Iterator[str]:
    """Yield the rows of proportions of examples that come in groups."""
    yield "\n## Groups of examples\n"
    yield (
        "Groups of 20 examples on average; within one, flips agree with the correlation 'within'. "
        "Coverage of the interval that reports show (`cluster_proportion`, 95 %), and the errors "
        "of its upper limit and of the gate's (betting). Width: the gate's upper limit over the "
        "report's, on average.\n"
    )
    yield "| sizes | groups | rate | within | coverage | error: report | gate | width |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for shape, count, rate, within in product(SHAPES, GROUPS, RATES, WITHIN):
        rng = np.random.default_rng([SEED, count, int(1e4 * rate), int(10 * within), len(shape)])
        cells = np.array([grouped(rng, shape, count, (rate, within)) for _ in range(runs)])
        covered, missed, refuted = cells[:, :3].mean(axis=0)
        few = [
            grouped_widths(rng, shape, count, (rate, within)) for _ in range(max(runs // 100, 20))
        ]
        width = np.mean([gate for gate, _ in few]) / np.mean([report for _, report in few])
        shares = " | ".join(map(percent, (covered, missed, refuted)))
        yield f"| {shape} | {count} | {rate:.1%} | {within} | {shares} | {width:.2f} |"


def draw_groups(
    rng: np.random.Generator, shape: str, count: int, cell: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return the flips and the size of each group."""
    rate, within = cell
    sizes = np.full(count, 20.0)
    if shape == "geometric":
        sizes = rng.geometric(1 / 20, count).astype(np.float64)
    elif shape == "lognormal":
        sizes = np.maximum(np.round(20.0 * np.exp(rng.normal(-0.5, 1.0, count))), 1.0)
    elif shape == "one holds half":
        sizes[0] = 20.0 * (count - 1)
    rates = np.full(count, rate)
    if within == 1.0:
        rates = (rng.random(count) < rate).astype(np.float64)
    elif within:
        strength = (1.0 - within) / within
        rates = rng.beta(rate * strength, (1.0 - rate) * strength, count)
    return rng.binomial(sizes.astype(np.int64), rates).astype(np.float64), sizes


def grouped(
    rng: np.random.Generator, shape: str, count: int, cell: tuple[float, float]
) -> tuple[float, float, float]:
    """Return whether the interval covers, its upper limit errs, and the gate's errs."""
    flips, sizes = draw_groups(rng, shape, count, cell)
    flags, codes = spread_out(flips, sizes)
    two, one = (ck.cluster_proportion(flags, codes, level) for level in (0.95, LEVEL))
    covers = not two.is_defined or two.low <= cell[0] <= two.high
    errs = one.is_defined and one.high < cell[0]
    return float(covers), float(errs), float(wealth(flips, sizes, cell[0]) >= 1.0 / ALPHA)


def grouped_widths(
    rng: np.random.Generator, shape: str, count: int, cell: tuple[float, float]
) -> tuple[float, float]:
    """Return the upper limits of the gate and of the report."""
    flips, sizes = draw_groups(rng, shape, count, cell)
    gate = ck.betting_ratio(flips, sizes, level=LEVEL).high
    report = ck.cluster_proportion(*spread_out(flips, sizes), LEVEL)
    return gate, report.high if report.is_defined else 1.0


def spread_out(flips: FloatArray, sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a flag and a group for each example."""
    codes = np.repeat(np.arange(sizes.size), sizes.astype(np.int64))
    first = np.concatenate([np.zeros(1), np.cumsum(sizes)[:-1]])
    place = np.arange(codes.size) - first[codes]
    return (place < flips[codes]).astype(np.float64), codes.astype(np.float64)


def looks(_: int) -> Iterator[str]:
    """Yield the rows of repeated looks, enumerated."""
    yield "\n## Repeated looks, enumerated\n"
    yield (
        "The true rate is exactly the budget, or half of it. Examples are added, "
        f"{LOOKS[0]:,} to {LOOKS[-1]:,} in {len(LOOKS)} looks, until the gate passes. 'fixed' is "
        "the exact limit of one look, 'K looks' that at 5 % over their number, 'anytime' the "
        "confidence sequence.\n"
    )
    yield "| budget | rule | passes at the budget | at half of it | examples on average there |"
    yield "| --- | --- | --- | --- | --- |"
    rules: dict[str, Callable[[int, int], float]] = {
        "fixed": lambda count, total: clopper_pearson(count, total, LEVEL).high,
        f"{len(LOOKS)} looks": lambda count, total: (
            clopper_pearson(count, total, 1.0 - 2.0 * ALPHA / len(LOOKS)).high
        ),
        "anytime": lambda count, total: confidence_sequence(count, total, LEVEL).high,
    }
    for budget, (name, rule) in product(BUDGETS, rules.items()):
        most = [most_flips(rule, total, budget) for total in LOOKS]
        at_budget = until_it_passes(budget, most)[0]
        good, needed = until_it_passes(budget / 2.0, most)
        yield f"| {budget:.0%} | {name} | {percent(at_budget)} | {percent(good)} | {needed:,.0f} |"
    yield "\nThe upper limit of 2 % flips:\n\n| examples | fixed | 8 looks | anytime |"
    yield "| --- | --- | --- | --- |"
    for total in (400, 2_000, 12_000):
        limits = " | ".join(f"{rule(total // 50, total):.3%}" for rule in rules.values())
        yield f"| {total:,} | {limits} |"


def most_flips(rule: Callable[[int, int], float], total: int, budget: float) -> int:
    """Return the largest number of flips that passes; -1 where none does."""
    low, high = -1, total
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if rule(middle, total) <= budget else (low, middle)
    return low


def until_it_passes(rate: float, most: list[int]) -> tuple[float, float]:
    """Return the chance to pass at any look, and how many examples are looked at on average."""
    from scipy.stats import binom  # noqa: PLC0415

    waiting = np.ones(1)
    seen = 0
    passed, needed = 0.0, 0.0
    for total, limit in zip(LOOKS, most, strict=True):
        step = binom.pmf(np.arange(total - seen + 1), total - seen, rate)
        waiting, seen = np.convolve(waiting, step), total
        stops = float(waiting[: limit + 1].sum())
        waiting[: limit + 1] = 0.0
        passed += stops
        needed += stops * total
    return passed, needed + float(waiting.sum()) * LOOKS[-1]


PARTS = {"falls": falls, "groups": groups, "looks": looks}


def main() -> None:
    """Measure, print, and write the table of a full run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few runs a cell; nothing is written")
    parser.add_argument("--only", choices=PARTS, help="one part; nothing is written")
    arguments = parser.parse_args()
    start = time.perf_counter()
    runs = {"falls": 20_000, "groups": 1_000, "looks": 0}
    lines = []
    for name, part in PARTS.items():
        if arguments.only in {None, name}:
            for line in part(runs[name] // (50 if arguments.quick else 1)):
                print(line, flush=True)
                lines.append(line)
    if not arguments.quick and arguments.only is None:
        head = HEAD.format(
            numpy=np.__version__,
            python=platform.python_version(),
            seconds=time.perf_counter() - start,
            seed=SEED,
        )
        RESULTS.write_text(head + "\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
