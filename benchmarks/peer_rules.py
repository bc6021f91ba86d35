"""How often the rules of peers, and compatkit's, pass, fail or end inconclusive.

Run `python benchmarks/peer_rules.py`: it prints and writes `benchmarks/results/peer_rules.md`.
Verdicts on counts of flips are enumerated; scores are simulated with a fixed seed. The tests of
sacrebleu are its own code. The rule of NeMo Evaluator is re-implemented from a description of
version 0.4.0.
"""

import math
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import Result, _paired_ar_test, _paired_bs_test
from scipy import optimize, stats

from compatkit import statistics as ck

SIZES = (200, 1000, 10_000)
LIMIT = (
    0.05  # our budget of the NFR, and the largest drop that NeMo's rule allows: its documented one
)
SEED = 20_261
VERDICTS = 200  # repetitions of a verdict on scores
EQUAL_SYSTEMS = ((0.0, 200, 1000), (0.2, 200, 1000), (0.2, 1000, 200))  # zeros, n, repetitions
TEXTS = 150  # repetitions with chrF
RESULTS = Path(__file__).parent / "results" / "peer_rules.md"
LOSS_AND_GAIN = {
    "few flips": (0.02, 0.02),
    "small drop": (0.03, 0.02),
    "NFR at the budget": (0.05, 0.05),
    "balanced churn": (0.15, 0.15),
    "drop at the limit": (0.08, 0.03),
    "large drop": (0.12, 0.02),
    "improvement only": (0.0, 0.2),
}
SINGLE = ((0, 0, 500), (0, 100, 500), (50, 50, 10_000), (150, 150, 1000), (1500, 1500, 10_000))
# Share of zeros among old scores, among changed new scores, and factor of changed new scores.
SCORES = {
    "no drop, some scores are 0": (0.2, 0.2, 1.0),
    "drop 0.02, some scores are 0": (0.2, 0.3, 1.0),
    "drop 0.10, some scores are 0": (0.2, 0.7, 1.0),
    "drop 0.10, no score is 0": (0.0, 0.0, 0.5),
}

FloatArray = NDArray[np.float64]
Rule = Callable[[int, int, int], str]


@cache
def budget_gate(n10: int, _: int, n: int) -> str:
    """compatkit: both one-sided exact limits of the NFR against the budget."""
    if ck.clopper_pearson(n10, n, side="upper").high <= LIMIT:
        return "pass"
    return "fail" if ck.clopper_pearson(n10, n, side="lower").low > LIMIT else "inconclusive"


@cache
def fewest_losses(flips: int) -> int:
    """Smallest n10 among so many flips with a p-value of at most 0.05; no p is 0.05 itself."""
    low, high = flips // 2, flips + 1
    while high - low > 1:
        middle = (low + high) // 2
        found = ck.mcnemar(middle, flips - middle, "worse") <= 0.05
        low, high = (low, middle) if found else (middle, high)
    return high


def worse(n10: int, n01: int) -> bool:
    return n10 >= fewest_losses(n10 + n01)


def accuracy_test(n10: int, n01: int, _: int) -> str:
    return "fail" if worse(n10, n01) else "pass"


def nemo_verdict(n10: int, n01: int, significant: bool, effect: float, max_drop: float) -> str:
    """`nel compare`: test first, then the power check in units of flips."""
    flips = n10 + n01
    if flips == 0:
        return "pass"
    if significant:
        return "fail" if abs(effect) > max_drop and n10 > n01 else "warn"
    # Inconclusive below 784 flips at 0.05: the description's number, twice the allowed drop.
    return "inconclusive" if 2.8 / math.sqrt(flips) > 2 * max_drop else "pass"


def nemo_flips(n10: int, n01: int, n: int, max_drop: float = LIMIT) -> str:
    return nemo_verdict(n10, n01, worse(n10, n01), (n10 - n01) / n, max_drop)


def nemo_scores(old: FloatArray, new: FloatArray, significant: bool) -> str:
    """A score above 0 is right; the effect is Cohen's d of the paired differences."""
    n10, n01 = int(((old > 0) & (new <= 0)).sum()), int(((old <= 0) & (new > 0)).sum())
    drop = old - new
    return nemo_verdict(n10, n01, significant, float(drop.mean() / drop.std(ddof=1)), LIMIT)


def check_nemo() -> None:
    """Assert what the description reports of runs of NeMo's own code."""
    assert nemo_flips(0, 100, 500) == nemo_flips(50, 50, 10_000) == "inconclusive"
    for allowed, enough in ((0.05, 784), (0.01, 19_600)):
        half = enough // 2
        assert nemo_flips(half, half, 10**6, allowed) == "pass"
        assert nemo_flips(half - 1, half, 10**6, allowed) == "inconclusive"
    assert nemo_scores(np.ones(20), np.full(20, 0.2) + np.arange(20) / 1e3, True) == "pass"
    assert nemo_verdict(1, 0, True, 25.7, LIMIT) == "fail"


RULES: dict[str, Rule] = {
    "compatkit: NFR within 5 %": budget_gate,
    "compatkit: exact McNemar, worse": accuracy_test,
    "NeMo compare, drop 0.05": nemo_flips,
    "NeMo compare, drop 0.005": lambda n10, n01, n: nemo_flips(n10, n01, n, 0.005),
}


def shares(verdicts: Counter[str]) -> str:
    """Each verdict with its share in percent; below 0.05 % it is left out."""
    total = sum(verdicts.values())
    percent = {v: 100 * verdicts[v] / total for v in ("pass", "warn", "fail", "inconclusive")}
    return ", ".join(f"{v} {p:.1f}" for v, p in percent.items() if p >= 0.05)


def tables(n: int, loss: float, gain: float) -> Iterator[tuple[int, int, float]]:
    """Yield all counts of flips with their probabilities, less a total below 1e-5."""
    for n10, first in enumerate(stats.binom.pmf(np.arange(n + 1), n, loss)):
        if first > 1e-9:
            rest = stats.binom.pmf(np.arange(n - n10 + 1), n - n10, gain / (1 - loss))
            yield from ((n10, int(k), float(first * rest[k])) for k in np.flatnonzero(rest > 1e-9))


def flip_rows() -> Iterator[str]:
    for (name, (loss, gain)), n in product(LOSS_AND_GAIN.items(), SIZES):
        verdicts: dict[str, Any] = {rule: Counter() for rule in RULES}
        for n10, n01, weight in tables(n, loss, gain):
            for rule, verdict_of in RULES.items():
                verdicts[rule][verdict_of(n10, n01, n)] += weight
        cells = " | ".join(shares(counted) for counted in verdicts.values())
        yield f"| {name} | {100 * loss:g} / {100 * gain:g} | {n} | {cells} |"


def single_rows() -> Iterator[str]:
    for n10, n01, n in SINGLE:
        cells = " | ".join(verdict_of(n10, n01, n) for verdict_of in RULES.values())
        yield f"| {n10} / {n01} | {n} | {cells} |"


def draw_scores(
    n: int, zeros: tuple[float, float], factor: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw old and new scores: 40 % are drawn anew, the others stay."""
    first, second = (np.where(rng.random(n) < share, 0.0, rng.beta(2, 2, n)) for share in zeros)
    return first, np.where(rng.random(n) < 0.4, factor * second, first)


def drop_limits(old: FloatArray, new: FloatArray) -> str:
    """compatkit: both one-sided 95 % limits of the mean drop against the allowed one."""
    interval = ck.bootstrap_mean(old - new, level=0.9, resamples=1000)
    return "pass" if interval.high <= LIMIT else "fail" if interval.low > LIMIT else "inconclusive"


def score_rows(rng: np.random.Generator) -> Iterator[str]:
    for (name, (*zeros, factor)), n in product(SCORES.items(), SIZES[:2]):
        ours, nemo = Counter[str](), Counter[str]()
        for _ in range(VERDICTS):
            old, new = draw_scores(n, (zeros[0], zeros[1]), factor, rng)
            ours[drop_limits(old, new)] += 1
            p_value = ck.permutation_test(new - old, "worse", resamples=999)
            nemo[nemo_scores(old, new, p_value < 0.05)] += 1
        yield f"| {name} | {n} | {shares(ours)} | {shares(nemo)} |"


@dataclass(frozen=True, slots=True)
class Mean:
    """A metric for sacrebleu's tests: its score is the mean of the sentences' scores."""

    score: float = 0.0

    def _extract_corpus_statistics(self, scores: Sequence[float], _: object) -> list[list[float]]:
        return [[score, 1.0] for score in scores]

    def _compute_score_from_stats(self, sums: FloatArray) -> "Mean":
        return Mean(float(sums[0] / sums[1]))

    def _aggregate_and_compute(self, rows: object) -> "Mean":
        return self._compute_score_from_stats(np.asarray(rows).sum(0))


def peer_p(metric: Any, old: Any, new: Any, references: Any, seed: int) -> tuple[float, float]:
    """p-values of sacrebleu's paired bootstrap and approximate randomization, 1000 draws."""
    rows = metric._extract_corpus_statistics(old, references)  # noqa: SLF001
    start = Result(metric._aggregate_and_compute(rows).score)  # noqa: SLF001
    known = {"metric": (np.array(rows), start)}
    p_values = []
    for test in (_paired_bs_test, _paired_ar_test):
        found = test(known, "new", new, references, {"metric": metric}, 1000, seed=seed)[1]
        p_values.append(float(found["metric"].p_value or 0.0))
    return p_values[0], p_values[1]


def our_verdicts(change: FloatArray) -> tuple[bool, bool]:
    interval = ck.bootstrap_mean(change, resamples=1000)
    outside = not interval.low <= 0.0 <= interval.high
    return ck.permutation_test(change, resamples=999) <= 0.05, outside


def sentence(rng: np.random.Generator, words: Sequence[str]) -> list[str]:
    return [str(word) for word in rng.choice(words, size=8)]


def texts(n: int, rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """Draw references and two systems, each of which replaces a share of a sentence's words."""
    words = ["".join(rng.choice(list("aeioulnrst"), size=4)) for _ in range(60)]
    lines: tuple[list[str], list[str], list[str]] = ([], [], [])
    for _ in range(n):
        reference, kept = sentence(rng, words), rng.beta(2, 2)
        lines[0].append(" ".join(reference))
        for system in lines[1:]:
            other, stay = sentence(rng, words), rng.random(8) < kept
            mixed = [a if s else b for a, b, s in zip(reference, other, stay, strict=True)]
            system.append(" ".join(mixed))
    return lines


def chrf_once(rng: np.random.Generator, seed: int) -> list[bool]:
    references, old, new = texts(200, rng)
    metric = CHRF()
    change = [
        metric.sentence_score(b, [r]).score - metric.sentence_score(a, [r]).score
        for r, a, b in zip(references, old, new, strict=True)
    ]
    peers = peer_p(metric, old, new, [references], seed)
    return [*(p <= 0.05 for p in peers), *our_verdicts(np.array(change))]


def mean_once(n: int, zeros: float, rng: np.random.Generator, seed: int) -> list[bool]:
    old, new = draw_scores(n, (zeros, zeros), 1.0, rng)
    peers = peer_p(Mean(), old.tolist(), new.tolist(), None, seed)
    return [*(p <= 0.05 for p in peers), *our_verdicts(new - old)]


def error_rows(rng: np.random.Generator) -> Iterator[str]:
    for zeros, n, times in EQUAL_SYSTEMS:
        found = np.mean([mean_once(n, zeros, rng, seed) for seed in range(times)], axis=0)
        cells = " | ".join(f"{100 * share:.1f}" for share in found)
        yield f"| mean score, {100 * zeros:g} % are 0 | {n} | {times} | {cells} |"
    found = np.mean([chrf_once(rng, seed) for seed in range(TEXTS)], axis=0)
    yield f"| chrF | 200 | {TEXTS} | {' | '.join(f'{100 * share:.1f}' for share in found)} |"
    yield f"| limit, integrated | | 0 | {100 * bootstrap_limit():.1f} | 5.0 | 5.0 | 5.0 |"


def bootstrap_limit() -> float:
    """Type-I error of the paired bootstrap for a normal difference and unlimited resamples."""

    def p_value(seen: float) -> float:
        mean = stats.foldnorm.mean(seen)
        return float(stats.foldnorm.sf(seen + mean, seen)) - 0.05

    return 2 * float(stats.norm.sf(optimize.brentq(p_value, 1e-6, 5.0)))


HEAD = """# Beside the rules of peers

Command: `python benchmarks/peer_rules.py`. {environment}. Seed {seed}.

- compatkit, NFR: pass if the one-sided exact 95 % upper limit (Clopper-Pearson) is at most 5 %,
  fail if the lower one is above, inconclusive otherwise.
- compatkit, accuracy: one-sided exact McNemar; fail if p is at most 0.05.
- NeMo Evaluator 0.4.0, `nel compare`: **re-implemented, not its code; its branches
  follow the published source of 0.3.0.**
  One-sided exact McNemar. Fail (its BLOCK) if p < 0.05 and the net drop is above `max_drop`; warn
  if p < 0.05 otherwise; inconclusive if `2.8 / sqrt(flips)` is above twice `max_drop`; pass
  otherwise. 0.05 is the default of its documentation, 0.005 of its library. Its `nel gate` decides
  by another rule, an interval of the drop, which is not measured here.

## Flips: verdicts in percent, enumerated

| setting | NFR / PFR % | n | {rules} |
| --- | --- | --- | {dashes} |
{flips}

The two ask different things: ours how much broke, NeMo's and McNemar how much was lost net. So
balanced churn has a true drop of 0, and to pass it is right for the second.

## Single results

| negative / positive flips | n | {rules} |
| --- | --- | {dashes} |
{single}

## Scores: verdicts in percent, {times} repetitions

Allowed mean drop 0.05. compatkit: both limits of `bootstrap_mean(level=0.9)`. NeMo: one-sided
permutation test (compatkit's, 999 resamples), Cohen's d against `max_drop`, a score above 0 counts
as right. Of all scores 40 % are drawn anew from Beta(2, 2).

| setting | n | compatkit: mean drop within 0.05 | NeMo compare, drop 0.05 |
| --- | --- | --- | --- |
{scores}

## Equal systems: a true null rejected at 5 %, in percent

sacrebleu's two tests are its own code, with 1000 draws and a new seed in each repetition; the mean
score is a metric of ours given to them. All are two-sided. Standard error at 5 %: 0.7 with 1000
repetitions, 1.5 with 200, 1.8 with 150. For chrF ours take the differences of the sentences. The
last line is the limit of many sentences and draws, with a normal difference.

| score | n | repetitions | {columns} |
| --- | --- | --- | --- | --- | --- | --- |
{errors}
"""


def main() -> None:
    start, rng = time.perf_counter(), np.random.default_rng(SEED)
    check_nemo()
    parts = {
        "flips": "\n".join(flip_rows()),
        "single": "\n".join(single_rows()),
        "scores": "\n".join(score_rows(rng)),
        "errors": "\n".join(error_rows(rng)),
    }
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "sacrebleu"))
    machine = f"Python {platform.python_version()}, {packages}, {os.cpu_count()} CPUs"
    columns = "sacrebleu, paired bootstrap | sacrebleu, approximate randomization"
    report = HEAD.format(
        environment=f"{machine}, {time.perf_counter() - start:.0f} s",
        seed=SEED,
        times=VERDICTS,
        rules=" | ".join(RULES),
        dashes=" | ".join("---" for _ in RULES),
        columns=f"{columns} | `permutation_test` | `bootstrap_mean` without 0",
        **parts,
    )
    RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
