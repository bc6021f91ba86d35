"""Coverage and width of every interval, error rates and power of every test.

Run `python benchmarks/coverage.py`: it prints and writes `benchmarks/results/coverage.md`. Counts
are enumerated where that is feasible, everything else is simulated with a fixed seed.
"""

import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from statsmodels.stats.contingency_tables import mcnemar as peer  # type: ignore[import-untyped]

from compatkit import statistics as ck

SIZES = (20, 50, 200, 1000, 10_000)
RATES = (0.0, 0.005, 0.02, 0.1, 0.3)
REPETITIONS = 20_000
SEED = 20_260
RESULTS = Path(__file__).parent / "results" / "coverage.md"

FloatArray = NDArray[np.float64]
Where = tuple[str, str, int, float, int]  # section, setting, n, events, repetitions or 0 if exact
Draws = Iterable[tuple[tuple[Any, ...], float]]
Intervals = Mapping[str, Callable[..., ck.Interval]]
NO_BAR = (0.0, 1.0)
tango = cache(ck.tango)
NONE = ck.Interval(math.nan, math.nan, 0.95, "none", "no flip")


@dataclass(frozen=True, slots=True)
class Cell:
    """Coverage and width of one interval in one setting, and its bar."""

    where: Where
    method: str
    coverage: float
    width: float
    undefined: float
    bar: tuple[float, float]

    @property
    def misses(self) -> bool:
        """Whether it is outside its bar by more than two standard errors of the simulation."""
        times = self.where[4]
        spread = max(self.coverage * (1 - self.coverage), 1 / max(times, 1))
        slack = 2 * math.sqrt(spread / times) if times else 0.0
        return not self.bar[0] - slack <= self.coverage <= self.bar[1] + slack

    def __str__(self) -> str:
        """Coverage in percent, mean width in brackets, share of undefined ones, mark of a miss."""
        undefined = f", u {100 * self.undefined:.0f}" if self.undefined > 0.005 else ""
        return f"{100 * self.coverage:.1f} ({self.width:.3g}{undefined}){' **!**' * self.misses}"


def bar(events: float) -> tuple[float, float]:
    return (0.93, 0.98) if events >= 5 else (0.915, 1.0) if events >= 1 else NO_BAR


def measure(
    where: Where, intervals: Intervals, truth: float, draws: Draws, bars: Mapping[str, Any]
) -> Iterator[Cell]:
    """Yield a cell per interval, all on the same weighted draws; undefined ones are left out."""
    sums = {name: np.zeros(3) for name in intervals}
    total = 0.0
    for arguments, weight in draws:
        total += weight
        for name, interval_of in intervals.items():
            interval = interval_of(*arguments)
            if not interval.reason:
                hit = interval.low - 1e-12 <= truth <= interval.high + 1e-12
                sums[name] += weight * np.array([1.0, hit, interval.high - interval.low])
    for name, (defined, hits, width) in sums.items():
        undefined, allowed = 1 - defined / total, bars.get(name, NO_BAR)
        yield Cell(where, name, hits / defined, width / defined, undefined, allowed)


def tables(n: int, shares: tuple[float, ...], rng: np.random.Generator) -> Draws:
    drawn = rng.multinomial(n, shares, size=REPETITIONS)
    rows, times = np.unique(drawn, axis=0, return_counts=True)
    return [(tuple(row), t / REPETITIONS) for row, t in zip(rows.tolist(), times, strict=True)]


def around(value: float, error: float) -> ck.Interval:
    return ck.Interval(value - 1.959964 * error, value + 1.959964 * error, 0.95, "normal")


def two_sample(n11: int, n10: int, n01: int, n00: int) -> ck.Interval:
    n = n11 + n10 + n01 + n00
    old, new = (n11 + n10) / n, (n11 + n01) / n
    return around(new - old, math.sqrt((old * (1 - old) + new * (1 - new)) / n))


def delta_ratio(n11: int, n10: int, n01: int, n00: int) -> ck.Interval:
    n = n11 + n10 + n01 + n00
    if n10 == 0:
        return NONE
    right, wrong = (n11 + n10) / n, (n10 + n00) / n
    ratio = n10 / n / right / wrong
    variance = (n / n10 - 1 / right - 1 / wrong + 2 * ratio - 1) / n
    spread = math.exp(1.959964 * math.sqrt(max(variance, 0.0)))
    return ck.Interval(ratio / spread, ratio * spread, 0.95, "log-delta")


def bootstrap_table(*counts: int) -> ck.Interval:
    def ratio(c: FloatArray) -> FloatArray:
        right, wrong = c[..., 0] + c[..., 1], c[..., 1] + c[..., 3]
        return np.asarray(c[..., 1] * c.sum(axis=-1) / (right * wrong))

    return ck.bootstrap_counts(counts, ratio, method="percentile", resamples=500)


def proportions() -> Iterator[Cell]:
    intervals: Intervals = {
        "wilson": ck.wilson,
        "clopper-pearson": ck.clopper_pearson,
        "upper limit of the gate": partial(ck.clopper_pearson, side="upper"),
        "normal (peers)": lambda k, n: around(k / n, math.sqrt(k / n * (1 - k / n) / n)),
    }
    for n, rate in product(SIZES, RATES):
        weights = stats.binom.pmf(np.arange(n + 1), n, rate)
        draws = [((k, n), float(w)) for k, w in enumerate(weights) if w > 1e-12]
        exact = dict.fromkeys(("clopper-pearson", "upper limit of the gate"), (0.95, 1.0))
        where = ("proportion", f"rate {rate:g}", n, n * rate, 0)
        yield from measure(where, intervals, rate, draws, exact | {"wilson": bar(n * rate)})


def enumerated(n: int, rate: float, gain: float) -> Draws:
    for n10, first in enumerate(stats.binom.pmf(np.arange(n + 1), n, rate)):
        if first > 1e-10:
            rest = stats.binom.pmf(np.arange(n - n10 + 1), n - n10, gain / (1 - rate))
            yield from (((n10, k, n), float(first * w)) for k, w in enumerate(rest) if w > 1e-8)


def differences(rng: np.random.Generator) -> Iterator[Cell]:
    intervals: Intervals = {
        "tango": lambda a, b, c, d: tango(b, c, a + b + c + d),
        "newcombe-paired": ck.newcombe_paired,
        "two-sample (peers)": two_sample,
    }
    for n, rate, extra in product(SIZES, RATES, (0.0, 0.05)):
        gain, events = rate + extra, n * (2 * rate + extra)
        right = 0.6 * (1 - rate - gain)
        draws = tables(n, (right, rate, gain, 1 - rate - gain - right), rng)
        bars = dict.fromkeys(("tango", "newcombe-paired"), bar(events))
        where = ("paired difference", f"NFR {rate:g}, PFR {gain:g}", n, events, REPETITIONS)
        yield from measure(where, intervals, extra, draws, bars)
        if n <= 200:
            exact = ("paired difference, enumerated", *where[1:4], 0)
            yield from measure(exact, {"tango": tango}, extra, enumerated(n, rate, gain), bars)


def ratios(rng: np.random.Generator) -> Iterator[Cell]:
    def ours(n11: int, n10: int, n01: int, n00: int) -> ck.Interval:
        return ck.relative_flip_ratio(n11, n10, n01, n00).interval

    def percent(both: int, first: int, second: int, rest: int) -> ck.Interval:
        return ck.delta_rate_percent(both, first, second, both + first + second + rest).interval

    # Old accuracy and new error rate; in the last two hardly a wrong answer was wrong before.
    pairs = [(r, 0.75 if r < 0.3 else 0.7, 0.25 if r < 0.3 else 0.45) for r in RATES[1:]]
    pairs += [(0.1, 0.9, 0.12), (0.3, 0.95, 0.35)]
    intervals: Intervals = {"log-mover": ours, "log-delta (not used)": delta_ratio}
    peer: Intervals = {"multinomial bootstrap (not used)": bootstrap_table}
    for n, (rate, right, wrong) in product(SIZES, pairs):
        shares = (right - rate, rate, max(1 - right - wrong + rate, 0.0), wrong - rate)
        name = f"NFR {rate:g}, old right {right:g}, new wrong {wrong:g}"
        where = ("relative NFR", name, n, n * rate, REPETITIONS)
        truth, bars = rate / right / wrong, {"log-mover": bar(n * rate)}
        yield from measure(where, intervals, truth, tables(n, shares, rng), bars)
        if n in (200, 1000):
            few = [(tuple(c), 0.002) for c in rng.multinomial(n, shares, size=500).tolist()]
            yield from measure((*where[:4], 500), peer, truth, few, {})
    for n, rate in product(SIZES, RATES[1:]):
        draws = tables(n, (0.6 * rate, 0.2 * rate, 0.4 * rate, 1 - 1.2 * rate), rng)
        where = ("delta NFR in percent", f"NFR {rate:g}", n, n * rate, REPETITIONS)
        bars = {"bonett-price": bar(n * rate)}
        yield from measure(where, {"bonett-price": percent}, -20.0, draws, bars)


def spiked(ties: float, above: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.where(rng.random(above.size) < ties, 0.0, above)


SCORES: dict[str, tuple[Callable[[int, np.random.Generator], FloatArray], float, float]] = {
    "skewed": (lambda n, rng: rng.beta(0.3, 3.0, size=n), 0.3 / 3.3, 1.0),
    "tied": (lambda n, rng: spiked(0.7, rng.integers(1, 5, n) / 4, rng), 0.3 * 0.625, 1.0),
    "change": (lambda n, rng: spiked(0.6, rng.beta(2, 2, n) - 0.52, rng), -0.4 * 0.02, 1.0),
    "rare": (lambda n, rng: spiked(0.95, rng.random(n), rng), 0.05 / 2, 0.05),
}


def student(values: FloatArray) -> ck.Interval:
    error = values.std(ddof=1) / math.sqrt(values.size)
    return around(values.mean(), error * special.stdtrit(values.size - 1, 0.975) / 1.959964)


def scipy_bca(values: FloatArray) -> ck.Interval:
    if np.ptp(values) == 0.0:
        return NONE
    limits = stats.bootstrap((values,), np.mean, n_resamples=999, rng=0).confidence_interval
    return ck.Interval(float(limits.low), float(limits.high), 0.95, "scipy")


def means(rng: np.random.Generator) -> Iterator[Cell]:
    boot = partial(ck.bootstrap_mean, resamples=1000)
    methods: dict[str, Callable[..., ck.Interval]] = {
        "bootstrap-bca-t": boot,
        "t (not used alone)": student,
        "bootstrap-bca": partial(boot, method="bca"),
        "bootstrap-percentile": partial(boot, method="percentile"),
        "bootstrap-studentized": partial(boot, method="studentized"),
        "scipy.stats.bootstrap BCa (peer)": scipy_bca,
    }
    for (name, (draw, truth, share)), n in product(SCORES.items(), SIZES):
        some = list(methods)[: 6 if n in (50, 200) else 5 if n <= 1000 else 2]
        repetitions = 2000 if n <= 200 else 1000 if n == 1000 else 200
        draws = (((draw(n, rng),), 1.0) for _ in range(repetitions))
        bars = {"bootstrap-bca-t": (0.92, 1.0) if n * share >= 10 and n >= 50 else NO_BAR}
        where = ("mean of a score", name, n, n * share, repetitions)
        yield from measure(where, {m: methods[m] for m in some}, truth, draws, bars)


def pairs_of_arrays(rng: np.random.Generator) -> Iterator[Cell]:
    def gains(n: int) -> tuple[FloatArray, FloatArray]:
        new = np.where(rng.random(n) < 0.3, rng.beta(1, 3, n), -rng.random(n))
        return new, np.where(new > 0, new * rng.beta(8, 2, n), new)

    def samples(n: int) -> tuple[FloatArray, FloatArray]:
        share = rng.beta(0.6, 0.3, n)
        return rng.binomial(5, share) / 5, rng.binomial(5, share * 0.9) / 5

    def delta(new: FloatArray, candidate: FloatArray) -> ck.Interval:
        return ck.bootstrap_difference_of_means(
            candidate, new, where_candidate=candidate > 0, where_new=new > 0, resamples=1000
        )

    def noise(p: FloatArray, q: FloatArray) -> ck.Interval:
        return ck.excess_flip_rate(p, k(p.size), q).interval

    boot, k = partial(ck.bootstrap_ratio, resamples=1000), partial(np.full, fill_value=5)
    square = 0.96 / 1.71  # E p^2 of Beta(0.6, 0.3)
    cases: dict[str, tuple[Callable[..., ck.Interval], Callable[..., Any], float]] = {
        "mean gain": (lambda new, _: boot(np.maximum(new, 0), new > 0), gains, 0.25),
        "delta mean gain": (delta, gains, -0.05),
        "flip floor": (lambda p, _: ck.flip_floor(p, k(p.size)).interval, samples, 2 / 3 - square),
        "excess NFR": (noise, samples, 0.1 * square),
    }
    for (name, (interval_of, draw, truth)), n in product(cases.items(), SIZES[:4]):
        where = ("gains and noise", name, n, 0.3 * n if draw is gains else float(n), 1000)
        bars = {"bootstrap-bca-t": (0.92, 1.0) if n >= 50 else NO_BAR}
        draws = ((draw(n), 1.0) for _ in range(1000))
        yield from measure(where, {"bootstrap-bca-t": interval_of}, truth, draws, bars)


def clustered(rng: np.random.Generator) -> Iterator[Cell]:
    def draw(groups: int, rate: float) -> tuple[FloatArray, FloatArray]:
        codes = np.repeat(np.arange(float(groups)), rng.integers(1, 10, groups))
        difficulty = rng.beta(rate * 2, (1 - rate) * 2, groups)[codes.astype(int)]
        return (rng.random(codes.size) < difficulty).astype(float), codes

    intervals: Intervals = {
        "cluster-wilson": ck.cluster_proportion,
        "bootstrap-bca-t": lambda x, codes: ck.bootstrap_mean(x, clusters=codes, resamples=1000),
        "wilson, groups ignored (peers)": lambda x, _: ck.wilson(x.sum(), x.size),
    }
    for groups, rate in product((10, 30, 100, 300), (0.05, 0.3)):
        events, draws = groups * rate, ((draw(groups, rate), 1.0) for _ in range(1000))
        where = ("clusters", f"rate {rate:g}, {groups} groups", 5 * groups, events, 1000)
        yield from measure(where, intervals, rate, draws, {"cluster-wilson": bar(events)})


def rejected(n: int, loss: float, gain: float, p_of: Callable[[int, int], float]) -> float:
    total = 0.0
    for flips, weight in enumerate(stats.binom.pmf(np.arange(n + 1), n, loss + gain)):
        if weight > 1e-9:
            split = stats.binom.pmf(np.arange(flips + 1), flips, loss / (loss + gain))
            small = [p_of(k, flips - k) <= 0.05 for k in range(flips + 1)]
            total += float(weight * split[small].sum())
    return total


def mcnemar_rows() -> Iterator[str]:
    def chi(n10: int, n01: int) -> float:
        return (
            float(peer([[1, n10], [n01, 1]], exact=False, correction=False).pvalue)
            if n10 + n01
            else 1.0
        )

    tests: dict[str, Callable[[int, int], float]] = {
        "McNemar exact": cache(ck.mcnemar),
        "McNemar exact, worse": cache(partial(ck.mcnemar, alternative="worse")),
        "McNemar mid-p": cache(partial(ck.mcnemar, mid_p=True)),
        "chi-squared (peer: statsmodels)": cache(chi),
    }
    for name, p_of in tests.items():
        null = max(rejected(n, r, r, p_of) for n, r in product(SIZES[:4], RATES[1:4]))
        power = [f"{100 * rejected(n, 0.08, 0.04, p_of):.1f}" for n in SIZES[:4]]
        yield f"| {name} | {100 * null:.2f} | {' / '.join(power)} | enumerated |"


def simulated_rows(rng: np.random.Generator) -> Iterator[str]:
    """Permutation; six tasks: unchanged, one worse by 6 points, all worse by 1.2 points."""
    shares: dict[float, list[float]] = {0.0: [], 0.04: []}
    for shift, n in product(shares, SIZES[:4]):
        changes = [spiked(0.6, rng.beta(2, 2, n) - 0.5 - shift, rng) for _ in range(4000)]
        p_values = [ck.permutation_test(c, "worse", resamples=999) for c in changes]
        shares[shift].append(100 * float(np.mean(np.array(p_values) <= 0.05)))
    power = " / ".join(f"{p:.1f}" for p in shares[0.04])
    yield f"| permutation, worse | {max(shares[0.0]):.2f} | {power} | 4000 repetitions |"
    kinds = ("pooled", "largest_drop", "fisher", "any_of")
    sizes, columns = np.array([1000, 200, 200, 500, 2000, 300]), []
    for losses in (np.full(6, 0.05), 0.05 + 0.06 * (np.arange(6) == 1), np.full(6, 0.062)):
        drawn = [(rng.binomial(sizes, losses), rng.binomial(sizes, 0.05)) for _ in range(4000)]
        found = [ck.combine_tasks(loss.tolist(), gain.tolist()) for loss, gain in drawn]
        columns.append([np.mean([getattr(f, kind) <= 0.05 for f in found]) for kind in kinds])
    for kind, null, one, every in zip(kinds, *(100 * np.array(columns)), strict=True):
        power = f"one task {one:.1f}, all tasks {every:.1f}"
        yield f"| six tasks, `{kind}` | {null:.2f} | {power} | 4000 repetitions |"


HEAD = """# Coverage of the intervals, error rates of the tests

Command: `python benchmarks/coverage.py`. {environment}. Level 95 %, seed {seed}.

Entries: coverage in percent (mean width; `u`: percent undefined, left out). `events`: the expected
number of flips, or of examples that count. Enumerated where `repetitions` is 0. Bootstraps of means
use 1,000 resamples here, the default is 10,000. Bar: 93 to 98 % from 5 events on, 91.5 % from 1;
Clopper-Pearson 95 %; bootstraps 92 % from 50 examples and 10 events on; `**!**` is a miss by more
than two standard errors. Peers and methods not used have no bar.

## {missed} of {barred} entries miss their bar

{misses}- Why (relative NFR): few errors of the new model, nearly all flips: a limit at the edge.

## Tests at 5 %

| test | true null rejected, at most % | power % | how |
| --- | --- | --- | --- |
{tests}

n = 20, 50, 200, 1000. McNemar: null at NFR = PFR = 0.005, 0.02, 0.1; power at NFR 0.08, PFR 0.04.
Permutation: 60 % ties, shift 0.04. Six tasks of 200 to 2,000: one 6 points worse, all 1.2 points.

## Intervals
"""


def section_lines(section: str, cells: list[Cell]) -> Iterator[str]:
    methods = list(dict.fromkeys(cell.method for cell in cells))
    rows: dict[tuple[str, int], dict[str, Cell]] = {}
    for cell in cells:
        rows.setdefault((cell.where[1], cell.where[2]), {})[cell.method] = cell
    yield f"\n### {section[0].upper()}{section[1:]}\n"
    yield f"| setting | n | events | repetitions | {' | '.join(methods)} |"
    yield "| --- " * (4 + len(methods)) + "|"
    for (name, n), row in sorted(rows.items(), key=lambda item: item[0][1]):
        events, repetitions = next(iter(row.values())).where[3:]
        entries = " | ".join(str(row.get(method, "")) for method in methods)
        yield f"| {name} | {n} | {events:g} | {repetitions} | {entries} |"


def render(cells: list[Cell], **parts: object) -> str:
    missed, barred = [c for c in cells if c.misses], sum(c.bar != NO_BAR for c in cells)
    misses = "".join(f"- {', '.join(map(str, c.where[:3]))}, {c.method}: {c}\n" for c in missed)
    lines = [HEAD.format(missed=len(missed), barred=barred, misses=misses, **parts).rstrip()]
    for section in dict.fromkeys(cell.where[0] for cell in cells):
        lines += section_lines(section, [cell for cell in cells if cell.where[0] == section])
    return "\n".join(lines) + "\n"


def main() -> None:
    start, rng = time.perf_counter(), np.random.default_rng(SEED)
    cells = [*proportions()]
    for part in (differences, ratios, means, pairs_of_arrays, clustered):
        cells += part(rng)
        print(f"{time.perf_counter() - start:6.0f} s  {part.__name__}", file=sys.stderr)
    tests = "\n".join([*mcnemar_rows(), *simulated_rows(rng)])
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))
    machine = f"Python {platform.python_version()}, {packages}, {os.cpu_count()} CPUs"
    environment = f"{machine}, {time.perf_counter() - start:.0f} s"
    report = render(cells, environment=environment, seed=SEED, tests=tests)
    RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
