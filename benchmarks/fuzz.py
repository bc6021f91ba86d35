"""Fuzz: mutated bytes of every reader's files, held against what may never happen.

Run `python benchmarks/fuzz.py [--of files|logs] [--inputs N] [--seed S] [--workers W] [--state
FILE]`: it prints a table, and a run of as many inputs as the kept one, or more, writes
`benchmarks/results/fuzz.md`, or `fuzz_logs.md`. Stopped, the same command goes on where it was.
`--input N` tries one input alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from fuzz_worker import suite_of
from speed_table import describe_machine

HERE = Path(__file__).parent
RESULTS = {"files": HERE / "results" / "fuzz.md", "logs": HERE / "results" / "fuzz_logs.md"}
KEPT = {"files": 1_000_000, "logs": 40_000}
RANGES = {"files": 10_000, "logs": 250}  # inputs that one process tries
PATIENCE = 6 * 3600  # seconds for one process, which may have to wait for others
BECAME = ("refused", "fails", "passes", "raised")
HEAD_OF_LOGS = """# Fuzz of the readers of logs

Command: `python benchmarks/fuzz.py --of logs --inputs {inputs} --seed {seed}`. {machine}.

{total:,} inputs, each a small run of a harness of which one to three parts were altered: a value of
its JSON, of a member of its archive or a cell of its table was replaced, removed, repeated, swapped
or turned; or its bytes were altered; or a file was removed or was there twice. A find is: an
exception that is none of compatkit's own; more than 2 s of CPU time for one input; more than 1 GiB
held; a refusal that does not say where, what was found and what to do; a run that is read although
the oracle ([fuzz_log_oracle.py](../fuzz_log_oracle.py), a plain script for each format, which
imports nothing of compatkit) cannot read it, or whose rows are otherwise right, wrong, not scored,
failed, or told apart; or a gate that passes where something broke or was lost by the oracle.

Finds: {finds}. The slowest input took {slowest:.2f} s; no process held more than {peak:,.0f} MiB.

"""
HEAD = """# Fuzz of the readers

Command: `python benchmarks/fuzz.py --inputs {inputs} --seed {seed}`. {machine}.

{total:,} inputs, each a small file of a kind that is read, of which bytes were altered, removed,
repeated or put in: single bytes, and what means something to a reader (quotes, delimiters, line
breaks, brackets, JSON's names, numbers beyond a double, half a character, names of fields). Each is
held by the gate against an old model that is right everywhere, without room for a negative flip, in
a process that may not take more than 6 GiB of addresses. A find is: an exception that is none of
compatkit's own; more than 2 s of CPU time for one input; more than 1 GiB held; or a gate that
passes where the oracle ([fuzz_oracle.py](../fuzz_oracle.py), which imports nothing of compatkit)
does not.

Finds: {finds}. The slowest input took {slowest:.2f} s; no process held more than {peak:,.0f} MiB.

"""


def read_state(path: Path, seed: int) -> dict[int, dict[str, Any]]:
    """Return the ranges that were tried already, by their first input."""
    if not path.is_file():
        return {}
    ranges = (json.loads(line) for line in path.read_text().splitlines())
    return {each["first"]: each for each in ranges if each["seed"] == seed}


def try_range(suite: str, seed: int, first: int, end: int) -> list[dict[str, Any]]:
    """Try a range in a process of its own; go on behind an input that ends the process."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "place"
        command = [sys.executable, str(HERE / "fuzz_worker.py")]
        command += [suite, str(seed), str(first), str(end), str(place)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            if done.returncode == 0:
                return [{**json.loads(done.stdout), "seed": seed}]
            why = f"the process ended with code {done.returncode}: {done.stderr[-200:]}"
        except subprocess.TimeoutExpired:
            why = f"the process did not end within {PATIENCE} s"
        number = int(place.read_bytes())
    before = try_range(suite, seed, first, number) if number > first else []
    fixture = suite_of(suite)[0](seed, number).fixture
    find = {
        "seed": seed,
        "first": number,
        "end": number + 1,
        "counts": {f"{fixture}: raised": 1},
        "finds": [[number, fixture, why]],
        "slowest": 0.0,
        "peak": 0,
    }
    after = try_range(suite, seed, number + 1, end) if number + 1 < end else []
    return [*before, find, *after]


def run(suite: str, seed: int, inputs: int, workers: int, state: Path) -> list[dict[str, Any]]:
    """Try all inputs that the state does not hold, and return all ranges."""
    ranges = list(read_state(state, seed).values())
    tried = {number for each in ranges for number in range(each["first"], each["end"], 1)}
    firsts = [first for first in range(0, inputs, RANGES[suite]) if first not in tried]
    with ThreadPoolExecutor(workers) as pool, state.open("a", encoding="utf-8") as file:
        ends = [min(first + RANGES[suite], inputs) for first in firsts]
        for done in pool.map(partial(try_range, suite, seed), firsts, ends):
            for each in done:
                ranges.append(each)
                file.write(f"{json.dumps(each)}\n")
                for number, fixture, wrong in each["finds"]:
                    print(f"input {number} ({fixture}): {wrong}", flush=True)
            file.flush()
    return ranges


def draw(suite: str, ranges: Iterable[dict[str, Any]], seed: int, inputs: int) -> str:
    """Return the table."""
    counts: Counter[str] = Counter()
    finds: Counter[str] = Counter()
    slowest = peak = 0.0
    for each in ranges:
        counts.update(each["counts"])
        finds.update(find[1] for find in each["finds"])
        slowest, peak = max(slowest, each["slowest"]), max(peak, each["peak"])
    fixtures = sorted({name.partition(": ")[0] for name in counts})
    lines = [
        "| made of | inputs | refused | gate fails | gate passes | finds |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in fixtures:
        became = [counts[f"{name}: {word}"] for word in BECAME]
        cells = [name, *(f"{value:,}" for value in (sum(became), *became[:3], finds[name]))]
        lines.append(f"| {' | '.join(cells)} |")
    head = (HEAD_OF_LOGS if suite == "logs" else HEAD).format(
        inputs=inputs,
        seed=seed,
        machine=describe_machine(),
        total=counts.total(),
        finds=finds.total() or "none",
        slowest=slowest,
        peak=peak / 2**20,
    )
    return head + "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", choices=tuple(KEPT), default="files")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--input", type=int, help="try this one alone")
    chosen = parser.parse_args()
    if chosen.input is not None:
        make, attempt = suite_of(chosen.of)
        mutant = make(chosen.seed, chosen.input)
        print(mutant)
        print(*attempt(mutant))
        return
    name = f"compatkit-fuzz-{chosen.of}-{chosen.seed}.jsonl"
    state = chosen.state or Path(tempfile.gettempdir()) / name
    ranges = run(chosen.of, chosen.seed, chosen.inputs, chosen.workers, state)
    table = draw(chosen.of, ranges, chosen.seed, chosen.inputs)
    print(table)
    if chosen.inputs >= KEPT[chosen.of]:
        RESULTS[chosen.of].write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
