"""CPU time that pictures add to `compatkit score`, and how large they are.

Run `python benchmarks/pictures.py [--quick]`: it prints a table, and a full run writes
`benchmarks/results/pictures.md`. The files are made on the spot; the sides of a ratio are measured
by turns, in one run.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from speed_processes import by_turns, make_environment
from speed_table import Line, Section, describe_machine

RESULTS = Path(__file__).parent / "results" / "pictures.md"
ROWS, PARTS = 12_000, 14
MODELS = ("old", "new", "candidate")
PICTURES = ("slices", "answers", "candidates", "scores", "sweep")
HEAD = """# Pictures

Command: `python benchmarks/pictures.py`. {machine}. Load average when it began: {load:.1f}.

"""


def write_models(folder: Path, rows: int) -> list[str]:
    """Write files of scores that lie near each other, with a choice and a part to slice by."""
    rng = np.random.default_rng(0)
    truth = rng.random(rows)
    paths = []
    for model in MODELS:
        scores = np.clip(truth + rng.normal(0, 0.2, rows), 0, 1).round(4).tolist()
        letters = rng.choice(list("ABCDEFGHIJ"), rows).tolist()
        path = folder / f"{model}.jsonl"
        with path.open("w", encoding="ascii") as file:
            for number, (score, letter) in enumerate(zip(scores, letters, strict=True)):
                part = f"part {number % PARTS}"
                row = {"id": number, "prediction": letter, "score": score, "part": part}
                file.write(f"{json.dumps(row)}\n")
        paths.append(str(path))
    return paths


def measure(*, quick: bool) -> list[Section]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows = ROWS // 8 if quick else ROWS
        files = write_models(folder, rows)
        base = [make_environment(folder).compatkit, "score", *files, "-s", "field:score"]
        base += ["--threshold", "0.5", "--by", "part", "--sweep", "-o", str(folder / "r.json")]

        def drawn(*pictures: str, suffix: str = "svg") -> list[str]:
            return [part for name in pictures for part in ("-o", str(folder / f"{name}.{suffix}"))]

        commands = {"none": base}
        commands |= {name: [*base, *drawn(name)] for name in PICTURES}
        kinds = ("svg", "pdf", "png")
        commands |= {kind: [*base, *drawn(*PICTURES, suffix=kind)] for kind in kinds}
        runs = by_turns(commands, 3 if quick else 5)
        sizes = {
            f"{name}.{kind}": (folder / f"{name}.{kind}").stat().st_size / 1000
            for name in PICTURES
            for kind in kinds
        }
    cpu = {name: [run.cpu for run in part] for name, part in runs.items()}

    def line(what: str, name: str, size: float) -> Line:
        seconds = f"{median(cpu[name]):.3g} / {median(cpu['none']):.3g} s, {size:,.0f} kB"
        return Line(what, cpu[name], cpu["none"], None, seconds)

    lines = [line(f"`-o {name}.svg`", name, sizes[f"{name}.svg"]) for name in PICTURES]
    lines += [
        line(f"all five as {kind.upper()}", kind, sum(sizes[f"{name}.{kind}"] for name in PICTURES))
        for kind in kinds
    ]
    about = (
        f"`compatkit score` of {rows:,} rows and {len(MODELS)} models by `field:score`, sliced and "
        "swept, with `-o r.json`, and the same with pictures beside it: CPU time of whole "
        "processes. The first picture pays for loading matplotlib, which nothing else does."
    )
    return [Section("With pictures", "without = 1", about, lines)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows and repetitions")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    sections = "\n".join(map(str, measure(quick=chosen.quick)))
    machine = describe_machine(("numpy", "pandas", "matplotlib"))
    report = HEAD.format(machine=machine, load=load) + sections
    if not chosen.quick:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
