"""Smallest coverage of the intervals of a proportion, over all rates and many sizes.

Run `python benchmarks/coverage_scan.py`: it prints and writes `results/coverage_scan.md`. Nothing
is simulated. Between two limits of an interval its coverage changes smoothly, so that it is
smallest beside one of them, and there it is summed.
"""

import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special

from compatkit import statistics as ck

RESULTS = Path(__file__).parent / "results" / "coverage_scan.md"
SIZES = sorted({*range(15, 101), *np.geomspace(100, 2000, 60).astype(int).tolist()})
# Expected number of flips, from and to below, of rates up to one half.
CLASSES = ((0.0, 1.0), (1.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, float("inf")))
BESIDE = 1e-9
LEVEL = 0.95
HEAD = """# Smallest coverage of the intervals of a proportion

`python benchmarks/coverage_scan.py`: numpy {numpy}, Python {python}. Intervals at 95 %,
{sizes} numbers of examples from {least} to {most:,}, rates up to 50 %. In brackets the number of
examples and the rate where it is reached.
"""

FloatArray = NDArray[np.float64]
Interval = Callable[[int, int, float], ck.Interval]


def coverage_at(rates: FloatArray, lows: FloatArray, highs: FloatArray) -> FloatArray:
    """Return the chance that the interval of a count holds the rate, for each rate."""
    total = lows.size - 1
    first = np.searchsorted(highs, rates, side="left")  # counts below have the limit below the rate
    last = np.searchsorted(lows, rates, side="right") - 1

    def at_most(counts: NDArray[np.int64]) -> FloatArray:
        inside = special.bdtr(np.clip(counts, 0, total), total, rates)
        return np.where(counts < 0, 0.0, np.where(counts >= total, 1.0, inside))

    return at_most(last) - at_most(first - 1)


def scan(interval: Interval) -> Iterator[tuple[float, int, float]]:
    """Yield the smallest coverage of each class, with where it is reached."""
    worst = [(1.0, 0, 0.0)] * len(CLASSES)
    for total in SIZES:
        limits = [interval(count, total, LEVEL) for count in range(total + 1)]
        lows = np.array([each.low for each in limits])
        highs = np.array([each.high for each in limits])
        edges = np.concatenate([lows, highs])
        edges = np.concatenate([edges - BESIDE, edges + BESIDE])
        edges = np.concatenate([edges, [each / total for each, _ in CLASSES[1:]]])
        rates = np.unique(edges[(edges > BESIDE) & (edges <= 0.5)])
        covered = coverage_at(rates, lows, highs)
        for place, (least, most) in enumerate(CLASSES):
            inside = (rates * total >= least) & (rates * total < most)
            if inside.any():
                lowest = int(np.argmin(np.where(inside, covered, 2.0)))
                worst[place] = min(worst[place], (float(covered[lowest]), total, rates[lowest]))
    yield from worst


def main() -> None:
    """Scan, print and write."""
    intervals: dict[str, Interval] = {"Wilson": ck.wilson, "Clopper-Pearson": ck.clopper_pearson}
    names = [
        f"{least:g} flips or more" if most == float("inf") else f"{least:g} to {most:g}"
        for least, most in CLASSES
    ]
    lines = [
        HEAD.format(
            numpy=np.__version__,
            python=platform.python_version(),
            sizes=len(SIZES),
            least=SIZES[0],
            most=SIZES[-1],
        ),
        f"| expected flips | {' | '.join(names)} |",
        f"| --- |{' --- |' * len(names)}",
    ]
    for name, interval in intervals.items():
        cells = [
            f"{100 * covered:.1f} ({total:,}; {100 * rate:.3g} %)"
            for covered, total, rate in scan(interval)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    text = "\n".join(lines) + "\n"
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
