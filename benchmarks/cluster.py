"""What a Dask cluster of this machine brings, and costs: `--scheduler` beside none.

Run `python benchmarks/cluster.py [--repetitions N] [--write]`: no cluster, one worker and two take
turns on the same files, and every report must be the same to the last byte. Clusters are started
beforehand, and each has loaded compatkit once: what is measured is the work, not the start.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from distributed import Client, LocalCluster
from speed_table import describe_machine
from speed_texts import words

from compatkit.comparison.options import make_options
from compatkit.comparison.tasks import compare_paths
from compatkit.reports import REPORTS, View

RESULTS = Path(__file__).parent / "results" / "cluster.md"
WORKERS = (1, 2)
HEAD = """# On a cluster

Command: `python benchmarks/cluster.py --write`. {machine}. Load average when it began: {load:.1f}.

Ratios of medians of {repetitions} runs, taken by turns: CPU time of all processes against that of a
run without a cluster, and wall time of one worker, and of none, against that of two. Every report
was the same to the last byte.

| rows a side | scorer | CPU, 1 worker | CPU, 2 workers | wall, 1 to 2 workers | wall, none to 2 |
| --- | --- | --- | --- | --- | --- |
"""

Rows = Iterator[dict[str, object]]


def write_choices(rng: random.Random) -> Rows:
    """Yield 300,000 rows of a letter each."""
    for number in range(300_000):
        yield {
            "id": f"example-{number}",
            "prediction": rng.choice("ABCD"),
            "reference": "ABCD"[number % 4],
            "input": f"Which is number {number}?",
        }


def write_summaries(rng: random.Random) -> Rows:
    """Yield 20,000 rows of 60 words and a reference of as many."""
    drawn = random.Random(9)
    for number in range(20_000):
        yield {
            "id": number,
            "prediction": _text(rng),
            "reference": _text(drawn),
        }


def _text(rng: random.Random) -> str:
    vocabulary, cumulative = words()
    return " ".join(rng.choices(vocabulary, cum_weights=cumulative, k=60))


def write_terms(rng: random.Random) -> Rows:
    r"""Yield 400 rows of an expression."""
    for number in range(400):
        value = number + rng.randrange(2)
        yield {
            "id": number,
            "prediction": rf"so the answer is $\frac{{{2 * value}}}{{2}} + x^{{{number % 5}}}$",
            "reference": f"$x^{{{number % 5}}} + {number}$",
        }


WORKLOADS: Mapping[str, Callable[[random.Random], Rows]] = {
    "exact_match": write_choices,
    "rougeL": write_summaries,
    "math": write_terms,
}


def measure(paths: Sequence[str], scorer: str, client: Any) -> tuple[float, float, str]:
    """Compare once; return wall time, CPU time of all processes, and the report."""

    def used() -> float:
        workers = {} if client is None else client.run(time.process_time)
        return time.process_time() + float(sum(workers.values()))

    before, started = used(), time.perf_counter()
    options = make_options(scorer, client=client, keep_flips=False)
    results = compare_paths(paths[0], paths[1:], options)
    wall = time.perf_counter() - started
    return wall, used() - before, REPORTS["csv"](results, View())


def measure_scorer(scorer: str, clients: Mapping[int, Any], folder: Path, turns: int) -> str:
    """Return the line of a scorer.

    Raises:
        SystemExit: a report differs.
    """
    paths, count = [], 0
    for seed, side in enumerate(("old", "new")):
        rows = list(WORKLOADS[scorer](random.Random(seed)))
        path, count = folder / f"{side}_{scorer}.jsonl", len(rows)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        paths.append(str(path))
    runs: dict[int, list[tuple[float, float, str]]] = {number: [] for number in clients}
    for turn in range(turns + 1):
        for number, client in clients.items():
            run = measure(paths, scorer, client)
            runs[number] += [run] if turn else []  # the first run loads what the scorer needs
    if len({run[2] for of in runs.values() for run in of}) > 1:
        raise SystemExit(f"{scorer}: a report differs")
    wall = {number: median(run[0] for run in of) for number, of in runs.items()}
    cpu = {number: median(run[1] for run in of) for number, of in runs.items()}
    ratios = [cpu[1] / cpu[0], cpu[2] / cpu[0], wall[1] / wall[2], wall[0] / wall[2]]
    return f"| {count:,} | {scorer} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |\n"


def main() -> None:
    """Measure, and write the table if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the table into results")
    arguments = parser.parse_args()
    load = float(Path("/proc/loadavg").read_text(encoding="ascii").split()[0])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clients: dict[int, Any] = {0: None}
        for number in WORKERS:
            cluster = LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
            )
            stack.enter_context(cluster)
            clients[number] = stack.enter_context(Client(cluster, set_as_default=False))
        lines = [
            measure_scorer(scorer, clients, folder, arguments.repetitions) for scorer in WORKLOADS
        ]
    head = HEAD.format(machine=describe_machine(), load=load, repetitions=arguments.repetitions)
    text = head + "".join(lines)
    print(text)
    if arguments.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
