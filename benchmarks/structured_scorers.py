"""What `math`, `json` and `tool_calls` take a row, beside their libraries, and of hostile answers.

    python benchmarks/structured_scorers.py [--rows N]

Writes benchmarks/results/structured_scorers.md. Answers are made from a seed. CPU seconds are
those of this process and of those that it started, and the two sides take turns.
"""

import argparse
import json
import logging
import random
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import math_verify
from speed_table import describe_machine

from compatkit.predictions.predictions import Predictions
from compatkit.scorers.make import make_scorer

RESULTS = Path(__file__).parent / "results" / "structured_scorers.md"
TURNS = 5
HOSTILE = {
    "a tower of powers": ("math", "$9^{9^{9^{9}}}$"),
    "a power of 400 digits": ("math", "9" * 4000 + "**" + "9" * 400),
    "5,000 brackets": ("math", "$" + "(" * 5000 + "$"),
    "a million brackets": ("json", "[" * 1_000_000),
    "100,000 objects, one in another": ("json", '{"a":' * 100_000 + "1" + "}" * 100_000),
    "100,000 marks of a call": ("tool_calls", "<tool_call>" * 100_000),
    "20,000 signs before a number": ("tool_calls", "f(a=" + "-" * 19_000 + "1)"),
}


def rows_of(predictions: list[str], references: list[str]) -> Predictions:
    """Make a batch of rows with one reference each."""
    size = len(predictions)
    return Predictions(
        id=list(map(str, range(size))),
        prediction=list(predictions),
        references=[(reference,) for reference in references],
        input=[None] * size,
        sample=[None] * size,
        errored=[False] * size,
        rows=range(size),
        lines=range(1, size + 1),
    )


def make_math(rows: int, draw: random.Random) -> tuple[list[str], list[str]]:
    """Return boxed fractions, roots and numbers, half of them right."""
    answers, references = [], []
    for _ in range(rows):
        top, bottom = draw.randint(1, 99), draw.randint(2, 99)
        form = draw.choice([r"\frac{%d}{%d}", r"\sqrt{%d} + %d", "%d.%02d"])
        reference = form % (top, bottom)
        references.append(f"${reference}$")
        shown = reference if draw.random() < 1 / 2 else form % (bottom, top)
        answers.append(rf"We add and get \boxed{{{shown}}}.")
    return answers, references


def make_calls(rows: int, draw: random.Random) -> tuple[list[str], list[str]]:
    """Return one to three calls with two arguments, half of them right."""

    def calls() -> str:
        return json.dumps(
            [
                {"name": draw.choice("fgh"), "arguments": {"a": draw.randint(0, 9), "b": "x" * 20}}
                for _ in range(draw.randint(1, 3))
            ]
        )

    references = [calls() for _ in range(rows)]
    return [text if draw.random() < 1 / 2 else calls() for text in references], references


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def ask_library(answers: list[str], references: list[str]) -> None:
    """Read and compare with math-verify alone, each distinct reference read once."""
    gold = {text: math_verify.parse(text, parsing_timeout=None) for text in {*references}}
    for answer, reference in zip(answers, references, strict=True):
        read = math_verify.parse(answer, parsing_timeout=None)
        math_verify.verify(gold[reference], read, timeout_seconds=None)


def parse_alone(answers: list[str], references: list[str]) -> None:
    """Read both sides with `json.loads` and compare them."""
    for answer, reference in zip(answers, references, strict=True):
        _ = json.loads(answer) == json.loads(reference)


def score_with(name: str) -> Callable[[list[str], list[str]], None]:
    """Return what scores with a new scorer, whose processes end with it."""

    def score(answers: list[str], references: list[str]) -> None:
        make_scorer(name).score(rows_of(answers, references))

    return score


def measure(make: Callable[..., tuple[list[str], list[str]]], rows: int, name: str) -> str:
    """Return a row of the table: milliseconds a row, and the ratio to the library."""
    library = ask_library if name == "math" else parse_alone
    sides = {"ours": score_with(name), "library": library}
    times: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(TURNS):
        columns = make(rows, random.Random(turn))
        for side, function in sides.items():
            start = cpu_seconds()
            function(*columns)
            times[side].append((cpu_seconds() - start) / rows * 1e3)
    ratios = [ours / theirs for ours, theirs in zip(times["ours"], times["library"], strict=True)]
    ours, theirs = (statistics.median(times[side]) for side in ("ours", "library"))
    peer = "Math-Verify" if name == "math" else "`json.loads` and `==`"
    return (
        f"| `{name}` | {rows:,} | {ours:.3f} | {peer}, {theirs:.3f} "
        f"| {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}] |"
    )


def time_hostile(scorer: str, text: str) -> str:
    """Return the score of a hostile answer, and the seconds by the clock that it took."""
    made = make_scorer(scorer)
    reference = "[f()]" if scorer == "tool_calls" else "2"
    made.score(rows_of([reference], [reference]))  # the process is there
    start = time.perf_counter()
    scored = made.score(rows_of([text, reference], [reference, reference]))
    seconds = time.perf_counter() - start
    return f"{scored.scores[0]:g}, then {scored.scores[1]:g} | {seconds:.2f}"


def main() -> None:
    """Measure and write the table."""
    logging.disable(logging.CRITICAL)  # the library warns that a limit of time is off
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    rows = parser.parse_args().rows
    lines = [
        "# Structured scorers",
        "",
        f"`python benchmarks/structured_scorers.py --rows {rows}`; {describe_machine()}.",
        f"CPU milliseconds a row, medians of {TURNS} turns; `math` starts its process in each.",
        "",
        "| scorer | rows | ms a row | library, ms a row | ratio |",
        "|---|---|---|---|---|",
        measure(make_math, rows, "math"),
        measure(make_calls, rows, "json"),
        measure(make_calls, rows, "tool_calls"),
        "",
        "A hostile answer and then a right one; for `math` with the limit of 3 CPU seconds:",
        "",
        "| answer | scorer | scores | seconds |",
        "|---|---|---|---|",
    ]
    for what, (scorer, text) in HOSTILE.items():
        lines.append(f"| {what} | `{scorer}` | {time_hostile(scorer, text)} |")
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
