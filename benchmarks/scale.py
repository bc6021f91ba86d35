"""How cost grows: CPU time and memory of `compatkit score` over sizes that grow tenfold.

Run `python benchmarks/scale.py [--state FILE] [--only NAME] [--most SIZE] [--repetitions N]`: it
prints the tables, and a run without `--only` writes `benchmarks/results/scale.md`. With a state
file a run that was cut goes on where it was. What grows faster than the size is named on top.
"""

import argparse
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from speed_processes import Run, make_environment, run
from speed_table import describe_machine
from speed_texts import words, write_rows

RESULTS = Path(__file__).parent / "results" / "scale.md"
LARGE = 1_000_000  # rows from which a size is run once
STEEP = 1.3  # a size costs so many times more than its share of the next smaller one: superlinear
START_ROWS = 10  # what a process costs before its rows do
HEAD = """# How cost grows

Command: `python benchmarks/scale.py`. {machine}. Load average when it began: {load:.1f}.

CPU time is that of whole processes with those that they start, a run on {start} rows being 1;
`growth` is what a unit costs beyond that, against the cost at the size before: 1 is linear. Memory
is the peak of all processes together, and a row's share is of what is beyond the smallest run's.
Medians of {repetitions} runs; of a million rows and more one run.

## Superlinear

{steep}

"""

Rows = Iterator[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that grows.

    Attributes:
        unit: what is counted.
        sizes: how many there are, ascending.
        write: makes the two sides of a size in a folder.
        options: of `compatkit score`, or of another command that is named first, by the name of the
            line; `{folder}` is where the files lie.
        fixed: what does not grow.
    """

    unit: str
    sizes: Sequence[int]
    write: Callable[[Path, int], tuple[Path, Path]]
    options: Mapping[str, Sequence[str]]
    fixed: str


def write_sides(folder: Path, name: str, make: Callable[[random.Random], Rows]) -> list[Path]:
    """Write the rows of both sides, of one seed each."""
    paths = []
    for seed, side in enumerate(("old", "new")):
        path = folder / f"{side}_{name}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in make(random.Random(seed)))
        paths.append(path)
    return paths


def write_tasks(folder: Path, size: int) -> tuple[Path, Path]:
    """Write folders of so many tasks of 500 rows."""
    sides = folder / f"old_tasks_{size}", folder / f"new_tasks_{size}"
    for seed, side in enumerate(sides):
        side.mkdir()
        rng = random.Random(seed)
        for task in range(size):
            rows = [
                {"id": n, "prediction": rng.choice("ABCD"), "reference": "A"} for n in range(500)
            ]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (side / f"task{task:04}.jsonl").write_text(text, encoding="utf-8")
    return sides


def write_slices(folder: Path, size: int) -> tuple[Path, Path]:
    """Write 100,000 rows in so many slices."""

    def make(rng: random.Random) -> Rows:
        for n in range(100_000):
            yield {"id": n, "prediction": rng.choice("AB"), "reference": "A", "part": n % size}

    return _pair(write_sides(folder, f"slices_{size}", make))


def write_flips(folder: Path, size: int) -> tuple[Path, Path]:
    """Write a million rows, so many of which flip; 70 % of the old answers are right."""
    rows, paths = LARGE, (folder / f"old_flips_{size}.jsonl", folder / f"new_flips_{size}.jsonl")
    for path in paths:
        with path.open("w", encoding="utf-8") as file:
            for n in range(rows):
                flips = path is paths[1] and n * size // rows < (n + 1) * size // rows
                right = (n * 7919 % 1000 < 700) is not flips
                text = f"answer number {n if right else -n - 1}"
                row = {"id": f"q{n:08}", "prediction": text, "reference": f"answer number {n}"}
                file.write(json.dumps(row) + "\n")
    return paths


def write_references(folder: Path, size: int) -> tuple[Path, Path]:
    """Write 200 rows of 20 words with so many references each."""

    def make(rng: random.Random) -> Rows:
        drawn = random.Random(9)
        for n in range(200):
            references = [_text(drawn, 20) for _ in range(size)]
            yield {"id": n, "prediction": _text(rng, 20), "references": references}

    return _pair(write_sides(folder, f"references_{size}", make))


def write_words(folder: Path, size: int) -> tuple[Path, Path]:
    """Write 100 rows of so many words."""

    def make(rng: random.Random) -> Rows:
        drawn = random.Random(9)
        for n in range(100):
            yield {"id": n, "prediction": _text(rng, size), "reference": _text(drawn, size)}

    return _pair(write_sides(folder, f"words_{size}", make))


def _text(rng: random.Random, size: int) -> str:
    return " ".join(rng.choices(words()[0], k=size))


def _pair(paths: Sequence[Path]) -> tuple[Path, Path]:
    old, new = paths
    return old, new


SCORERS = {name: ["--scorer", name] for name in ("rouge1", "rougeL", "bleu", "chrf")}
AXES = {
    "rows": Axis(
        "row",
        (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
        write_rows,
        {
            "exact match": ["--normalize", "squad"],
            "exact match, --memory 400MB": ["--normalize", "squad", "--memory", "400MB"],
        },
        "texts of 2 to 3 words, no slices",
    ),
    "flips": Axis(
        "flip",
        (50_000, 250_000, 500_000),
        write_flips,
        {
            "gate": ["gate", "--max-nfr", "0.9", "--memory", "400MB"],
            "--flips": ["--flips", "{folder}/flips.jsonl", "--memory", "400MB"],
            "--json": ["--json", "--memory", "400MB"],
        },
        "a million rows in all",
    ),
    "tasks": Axis("task", (1, 10, 50, 200), write_tasks, {"exact match": []}, "500 rows a task"),
    "slices": Axis(
        "slice",
        (10, 100, 1_000, 10_000),
        write_slices,
        {"exact match": ["--by", "part"]},
        "100,000 rows in all",
    ),
    "references": Axis(
        "reference", (1, 10, 100, 300), write_references, SCORERS, "200 rows of 20 words"
    ),
    "words": Axis("word", (10, 100, 1_000, 10_000), write_words, SCORERS, "100 rows"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one size cost: medians of CPU seconds and of megabytes."""

    axis: str
    line: str
    size: int
    cpu: float
    peak: float


def measure(
    state: Path | None, names: Sequence[str], most: int, repetitions: int, folder: Path
) -> tuple[list[Cost], float]:
    """Measure what the state does not hold yet, and add it there."""
    compatkit = make_environment(folder).compatkit
    costs = _load(state)
    known = {(cost.axis, cost.line, cost.size) for cost in costs}
    start = [_run(compatkit, write_rows(folder, START_ROWS), []) for _ in range(repetitions)]
    for name in names:
        axis = AXES[name]
        for size in (size for size in axis.sizes if size <= most):
            lines = {
                line: how for line, how in axis.options.items() if (name, line, size) not in known
            }
            if not lines:
                continue
            with tempfile.TemporaryDirectory(dir=folder) as made:
                files = axis.write(Path(made), size)
                runs = {
                    line: [
                        _run(compatkit, files, how)
                        for _ in range(_repetitions(name, size, repetitions))
                    ]
                    for line, how in lines.items()
                }
            for line, done in runs.items():
                cpu, peak = (
                    median(getattr(each, what) for each in done) for what in ("cpu", "peak")
                )
                costs.append(Cost(name, line, size, cpu, peak))
                if state is not None:
                    with state.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(costs[-1])) + "\n")
    return costs, median(each.cpu for each in start)


def _repetitions(name: str, size: int, repetitions: int) -> int:
    return 1 if name == "flips" or (name == "rows" and size >= LARGE) else repetitions


def _run(compatkit: str, files: tuple[Path, Path], options: Sequence[str]) -> Run:
    command, *rest = options if options[:1] == ["gate"] else ["score", *options]
    told = [option.format(folder=files[0].parent) for option in rest]
    return run(compatkit, command, *map(str, files), *told, memory="tree")


def _load(state: Path | None) -> list[Cost]:
    if state is None or not state.exists():
        return []
    return [Cost(**json.loads(line)) for line in state.read_text(encoding="utf-8").splitlines()]


def growths(costs: Sequence[Cost], start: float) -> list[float]:
    """Return by how much a unit costs more at each size than at the size before."""
    shares = [max(cost.cpu - start, 0.01) / cost.size for cost in costs]
    return [after / before for before, after in pairwise(shares)]


def render(costs: Sequence[Cost], start: float) -> tuple[str, list[str]]:
    """Return the tables, and what is superlinear."""
    tables, steep = [], []
    for name in dict.fromkeys(cost.axis for cost in costs):
        axis, smallest = AXES[name], min(c.peak for c in costs if c.axis == name)
        tables.append(f"## {name.capitalize()}\n\n{axis.fixed.capitalize()}.\n")
        head = f"| | {axis.unit}s | CPU time, start = 1 | growth | peak, MB |"
        tables.append(f"{head}\n|{' --- |' * 5}")
        for line in axis.options:
            of_line = sorted(
                (c for c in costs if (c.axis, c.line) == (name, line)), key=lambda c: c.size
            )
            for cost, growth in zip(of_line, [None, *growths(of_line, start)], strict=False):
                shown = "" if growth is None else f"{growth:.2f}"
                ratio = cost.cpu / start
                tables.append(
                    f"| {line} | {cost.size:,} | {ratio:.3g} | {shown} | {cost.peak:.0f} |"
                )
                if growth is not None and growth > STEEP:
                    steep.append(f"- {name}, {line}, at {cost.size:,}: {growth:.2f}")
            last = of_line[-1]
            if name == "rows":
                share = (last.peak - smallest) * 1e6 / last.size
                tables.append(f"\n{share:.0f} bytes a row at {last.size:,} rows.")
        tables.append("")
    return "\n".join(tables), steep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, help="a file that keeps what was measured")
    parser.add_argument("--only", choices=AXES, help="one thing that grows; nothing is written")
    parser.add_argument("--repetitions", type=int, default=3, help="runs of each size")
    parser.add_argument("--most", type=int, default=1_000_000, help="the largest size")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    names = [chosen.only] if chosen.only else list(AXES)
    with tempfile.TemporaryDirectory() as folder:
        costs, start = measure(chosen.state, names, chosen.most, chosen.repetitions, Path(folder))
    tables, steep = render(costs, start)
    head = HEAD.format(
        machine=describe_machine(),
        load=load,
        start=START_ROWS,
        repetitions=chosen.repetitions,
        steep="\n".join(steep) or f"Nothing grew by more than {STEEP} a unit.",
    )
    if not chosen.only:
        RESULTS.write_text(head + tables, encoding="utf-8")
    print(head + tables)


if __name__ == "__main__":
    main()
