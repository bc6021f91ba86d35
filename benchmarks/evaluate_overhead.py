"""Overhead of the modules for Hugging Face evaluate, beside a module that returns 0.

Run `python benchmarks/evaluate_overhead.py [--quick]`: it prints a table, and a full run writes
`benchmarks/results/evaluate_overhead.md`. The sides of a ratio take turns, in one process.
"""

import argparse
import gc
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

# Before the libraries are imported: their caches are of this run alone, and no network is asked.
_HOME = tempfile.TemporaryDirectory(prefix="compatkit-benchmark-")
os.environ.update(HF_HOME=_HOME.name, HF_HUB_OFFLINE="1", USE_TORCH="0", USE_TF="0")

import datasets  # noqa: E402
import evaluate  # noqa: E402
from speed_table import Goal, Line, Section, describe_machine  # noqa: E402

import compatkit  # noqa: E402
from compatkit.evaluate_modules import MODULES  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "evaluate_overhead.md"
ROWS = 100_000
REPETITIONS = 7
MOST = Goal(1.2, most=True)
OLD, NEW, REFERENCES = "old_predictions", "predictions", "references"

Columns = dict[str, list[Any]]
Measured = Callable[[], object]


class Floor(evaluate.Metric):  # type: ignore[misc]
    """A module that reads its columns and returns 0: what evaluate itself takes."""

    def __init__(self, kinds: dict[str, Any], **options: Any) -> None:
        """Take the type of each column."""
        self.kinds = kinds
        super().__init__(**options)

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features(self.kinds)
        return evaluate.MetricInfo(description="", citation="", features=features)

    def _compute(self, **_: list[Any]) -> dict[str, int]:
        return {"zero": 0}


def make_columns(rows: int) -> dict[str, tuple[Columns, Any]]:
    """Return columns by kind, with evaluate's type of each: four of five answers are right."""
    rng = random.Random(20261)
    words = ["".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(5000)]

    def answer(reference: Any, other: Any) -> Any:
        return reference if rng.random() < 0.8 else other

    labels = [rng.randrange(10) for _ in range(rows)]
    names = [f"class {rng.randrange(1000)}" for _ in range(rows)]
    texts = [" ".join(rng.choices(words, k=40)) for _ in range(rows)]
    whole, text, number = (datasets.Value(kind) for kind in ("int64", "string", "float64"))
    kinds: dict[str, tuple[Columns, Any]] = {}
    for kind, references, other, type_ in (
        ("whole numbers", labels, 10, whole),
        ("short texts", names, "none", text),
        ("texts of 40 words", texts, "none of these words", text),
    ):
        columns = {
            OLD: [answer(each, other) for each in references],
            NEW: [answer(each, other) for each in references],
            REFERENCES: references,
        }
        kinds[kind] = (columns, dict.fromkeys(columns, type_))
    scores = {name: [rng.random() for _ in range(rows)] for name in (OLD, NEW)}
    kinds["scores"] = (scores, dict.fromkeys(scores, number))
    columns = {name: kinds["short texts"][0][name] for name in (OLD, NEW)}
    listed = {**columns, REFERENCES: [[each, "another"] for each in names]}
    types = {OLD: text, NEW: text, REFERENCES: datasets.Sequence(text)}
    kinds["lists of two references"] = (listed, types)
    return kinds


def to_rows(columns: Columns, name: str) -> list[dict[str, Any]]:
    """Return the rows that compatkit.compare takes."""
    if REFERENCES not in columns:
        return [{"score": score} for score in columns[name]]
    pairs = zip(columns[name], columns[REFERENCES], strict=True)
    return [{"prediction": prediction, "reference": reference} for prediction, reference in pairs]


def compare_rows(columns: Columns, scorer: str) -> object:
    """Compare the same lists, as a user of compatkit alone would."""
    old, new = (to_rows(columns, name) for name in (OLD, NEW))
    return compatkit.compare(old, new, scorer=scorer, by_position=True, keep_flips=False)


def measure(
    sides: dict[str, Measured], repetitions: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the CPU and the wall seconds of each side, by turns, after one round for warmth."""
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    wall: dict[str, list[float]] = {name: [] for name in sides}
    for repetition in range(repetitions + 1):
        for name, side in sides.items():
            gc.collect()
            start, start_cpu = time.perf_counter(), time.process_time()
            side()
            if repetition:
                cpu[name].append(time.process_time() - start_cpu)
                wall[name].append(time.perf_counter() - start)
    return cpu, wall


def list_modules(kind: str) -> list[str]:
    """Return the modules that take a kind of columns; ROUGE is for texts."""
    if kind == "texts of 40 words":
        return list(MODULES)
    if kind == "scores":
        return [name for name in MODULES if not MODULES[name].scorers]
    return [name for name in MODULES if name != "rouge_flips"]


def measure_kind(kind: str, columns: Columns, types: Any, repetitions: int) -> Section:
    """Measure every module on one kind of columns."""
    floor = Floor(types)
    sides: dict[str, Measured] = {"floor": lambda: floor.compute(**columns)}
    for name in list_modules(kind):
        module = evaluate.load(compatkit.evaluate_module(name))
        sides[name] = lambda module=module: module.compute(**columns)  # type: ignore[misc]
    scorer = "exact_match" if REFERENCES in columns else "field:score"
    sides["compatkit.compare"] = lambda: compare_rows(columns, scorer)
    if "rouge_flips" in sides:
        sides["compatkit.compare, rougeL"] = lambda: compare_rows(columns, "rougeL")
    cpu, wall = measure(sides, repetitions)
    below = cpu.pop("floor")
    lines = [
        Line(
            name,
            above,
            below,
            MOST if name in MODULES else None,
            f"CPU {_middle(above)} / {_middle(below)} ms, "
            f"wall {_middle(wall[name])} / {_middle(wall['floor'])} ms",
        )
        for name, above in cpu.items()
    ]
    rows = len(next(iter(columns.values())))
    about = f"{rows:,} rows. `compatkit.compare` makes its rows of the lists, and all intervals."
    return Section(kind.capitalize(), "CPU time / floor", about, lines)


def _middle(seconds: list[float]) -> int:
    return round(1000 * median(seconds))


def main() -> None:
    """Measure, print, and write what a full run measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows; nothing is written")
    quick = parser.parse_args().quick
    load = os.getloadavg()[0]
    sections = []
    for kind, (columns, types) in make_columns(5_000 if quick else ROWS).items():
        sections.append(measure_kind(kind, columns, types, 2 if quick else REPETITIONS))
        print(kind, file=sys.stderr)
    goals = [line for section in sections for line in section.lines if line.goal]
    missed = sum(line.missed for line in goals)
    head = (
        "# Overhead of the modules for Hugging Face evaluate\n\n"
        f"Command: `python benchmarks/evaluate_overhead.py`. {describe_machine()}, evaluate "
        f"{version('evaluate')}, datasets {version('datasets')}. Load average when it began: "
        f"{load:.1f}.\n\n"
        "The floor is a module of evaluate's own kind that takes the same columns and returns 0:\n"
        "it writes them to evaluate's cache and reads them back, as every metric does. The sides\n"
        "took turns in one process; a ratio is the quotient of the medians of CPU time, since the\n"
        "machine is shared. Wall times stand beside. Four of five answers equal their\n"
        "reference.\n\n"
        f"## {missed} of {len(goals)} goals missed\n"
    )
    report = head + "\n" + "\n".join(map(str, sections))
    if not quick:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
