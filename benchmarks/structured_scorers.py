"""What `math`, `json` and `tool_calls` take a row, beside their libraries, and of hostile answers.

    python benchmarks/structured_scorers.py [--rows N]

Writes benchmarks/results/structured_scorers.md. Answers are made from a seed. CPU seconds are
those of this process and of those that it started. Both sides score the same rows by turns, and
of both what one row alone takes is left out: the start of a process, the first use of a library.
"""

import argparse
import json
import logging
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import math_verify
from speed_table import describe_machine

from compatkit.predictions.predictions import Predictions
from compatkit.scorers.make import make_scorer

RESULTS = Path(__file__).parent / "results" / "structured_scorers.md"
TURNS = 5
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "arguments"],
        "properties": {
            "name": {"enum": ["f", "g", "h"]},
            "arguments": {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
        },
    },
}
Score = Callable[[list[str], list[str]], None]
Make = Callable[[int, random.Random], tuple[list[str], list[str]]]
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


def validate_alone(answers: list[str], references: list[str]) -> None:
    """Read both sides, validate the answer by jsonschema, and compare them."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for answer, reference in zip(answers, references, strict=True):
        value = json.loads(answer)
        _ = validator.is_valid(value) and value == json.loads(reference)


def score_with(name: str, **options: object) -> Score:
    """Return what scores with a new scorer, whose processes end with it."""

    def score(answers: list[str], references: list[str]) -> None:
        make_scorer(name, **options).score(rows_of(answers, references))

    return score


def take(score: Score, answers: list[str], references: list[str]) -> float:
    """Return the CPU milliseconds of a row, without what the first row alone takes."""
    start = cpu_seconds()
    score(answers[:1], references[:1])
    alone = cpu_seconds()
    score(answers, references)
    return ((cpu_seconds() - alone) - (alone - start)) / (len(answers) - 1) * 1e3


def measure(make: Make, rows: int, shown: str, *, ours: Score, peer: str, library: Score) -> str:
    """Return a row of the table: milliseconds a row, and the ratio to the library."""
    library(*make(1, random.Random(0)))  # what it loads at its first use
    times: list[tuple[float, float]] = []
    for turn in range(TURNS):
        columns = make(rows, random.Random(turn))
        first, second = (ours, library) if turn % 2 else (library, ours)
        taken = {first: take(first, *columns), second: take(second, *columns)}
        times.append((taken[ours], taken[library]))
    ratios = [one / other for one, other in times]
    mine, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return (
        f"| `{shown}` | {rows:,} | {mine:.3f} | {peer}, {theirs:.3f} "
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
    with tempfile.NamedTemporaryFile("w", suffix=".json") as schema:
        json.dump(SCHEMA, schema)
        schema.flush()
        with_schema = score_with("json", schema=schema.name)
        by_json, by_schema = "`json.loads` and `==`", "jsonschema, `json.loads` and `==`"
        sides = (
            (make_math, "math", score_with("math"), "Math-Verify", ask_library),
            (make_calls, "json", score_with("json"), by_json, parse_alone),
            (make_calls, "json --schema", with_schema, by_schema, validate_alone),
            (make_calls, "tool_calls", score_with("tool_calls"), by_json, parse_alone),
        )
        table = [
            measure(make, rows, shown, ours=ours, peer=peer, library=library)
            for make, shown, ours, peer, library in sides
        ]
    lines = [
        "# Structured scorers",
        "",
        f"`python benchmarks/structured_scorers.py --rows {rows}`; {describe_machine()}.",
        f"CPU milliseconds a row, medians of {TURNS} turns on the same rows. What one row alone",
        "takes is left out of both sides: the process of `math`, and what a library loads.",
        "",
        "| scorer | rows | ms a row | library, ms a row | ratio |",
        "|---|---|---|---|---|",
        *table,
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
