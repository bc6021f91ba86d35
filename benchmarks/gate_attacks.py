"""Attacks on the gate: random policies and files, each with a trick, against an oracle.

Run `python benchmarks/gate_attacks.py [--cases N] [--seed S] [--workers W] [--state FILE]
[--write]`: it goes on where the state file left off and prints a table; `--write` keeps it in
`benchmarks/results/gate_attacks.md`. A case is what `tests/gate_attacks.py` makes of the seed and
its number; what may pass is worked out by `tests/gate_truth.py`, which shares no code with the
package.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from compatkit.errors import CompatkitError
from compatkit.gate import check_policy, read_policy
from compatkit.output import write_whole

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "gate_attacks.md"
CHUNK = 250
MEMORY = Path("/dev/shm")  # noqa: S108 - cases are many small files, which no disk need see
OUTCOMES = ("pass", "inconclusive", "fail", "refuse", "crash", "false pass")
HEAD = """\
# Attacks on the gate

{cases:,} cases of the seed {seed}: policies of one to three tasks and files of 40 to 300 examples,
each with one trick. A pass is false where `tests/gate_truth.py`, which shares no code with the
package, finds in the bytes that an update is not within its budgets, or where the trick hid what
broke and no warning says so. Made by
`python benchmarks/gate_attacks.py --cases {cases} --seed {seed} --write`.

"""


def main() -> None:
    """Try cases until there are as many as asked for, and write what became of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()) / "attacks.json")
    parser.add_argument("--write", action="store_true", help="Write benchmarks/results.")
    asked = parser.parse_args()
    state: dict[str, Any] = {"seed": asked.seed, "done": 0, "tally": {}, "faults": {}}
    if asked.state.exists():
        state = json.loads(asked.state.read_text(encoding="utf-8"))
    if state["seed"] != asked.seed:
        parser.error(f"{asked.state} is of the seed {state['seed']}; name another --state.")
    starts = range(state["done"], asked.cases, CHUNK)
    work = partial(try_chunk, asked.seed)
    with ProcessPoolExecutor(asked.workers) as pool:
        for start, found in zip(starts, pool.map(work, starts), strict=True):
            tally = Counter(state["tally"])
            tally.update(found["tally"])
            state |= {"done": start + CHUNK, "tally": dict(tally)}
            state["faults"] = {**found["faults"], **state["faults"]}
            write_whole(asked.state, json.dumps(state).encode())
    table = render(state)
    sys.stdout.write(table)
    if asked.write:
        write_whole(RESULTS, table.encode())


def try_chunk(seed: int, start: int) -> dict[str, Any]:
    """Try the cases from a number on; return how often each trick had which outcome."""
    attacks = _import_attacks()
    tally: Counter[str] = Counter()
    faults: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:
        for number in range(start, start + CHUNK):
            case = attacks.make_case(seed, number)
            outcome = attacks.try_case(case, Path(folder), check, CompatkitError)
            kind = outcome.partition(":")[0]
            tally[f"{case.trick} {kind}"] += 1
            if kind in {"crash", "false pass"}:
                faults.setdefault(f"{kind} by {case.trick}", f"case {number}: {outcome}")
    return {"tally": dict(tally), "faults": faults}


def check(policy: Path) -> tuple[str, tuple[str, ...]]:
    """Return the gate's outcome and its warnings; advice, which decides nothing, is left out."""
    verdict = check_policy(read_policy(policy), advice=False)
    return verdict.outcome, verdict.warnings


def render(state: Mapping[str, Any]) -> str:
    """Return the table of tricks and outcomes, and the first fault of each kind."""
    lines = [HEAD.format(cases=state["done"], seed=state["seed"]).rstrip() + "\n"]
    lines += ["| trick | " + " | ".join(OUTCOMES) + " |", "| --- |" + " ---: |" * len(OUTCOMES)]
    lines += _rows(state["tally"])
    lines += ["", *(f"- {kind}: {text}" for kind, text in sorted(state["faults"].items()))]
    return "\n".join(lines).rstrip() + "\n"


def _rows(tally: Mapping[str, int]) -> Iterator[str]:
    for trick in (*(trick.__name__ for trick in _import_attacks().TRICKS), "all"):
        counts = [
            sum(
                number
                for key, number in tally.items()
                if key.partition(" ")[2] == outcome and trick in {"all", key.partition(" ")[0]}
            )
            for outcome in OUTCOMES
        ]
        cells = " | ".join(f"{count:,}" for count in counts)
        yield f"| {trick.replace('_', ' ')} | {cells} |"


def _import_attacks() -> Any:
    tests = str(HERE.parent / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    return import_module("gate_attacks")


if __name__ == "__main__":
    main()
