"""`compatkit history` of three versions beside `compatkit score` with two candidates.

Run `python benchmarks/history_speed.py [--rows N] [--repetitions N]`: it prints a table, and with
`--write` writes `benchmarks/results/history_speed.md`. The sides are measured by turns, in one run.
"""

import argparse
import json
import os
import tempfile
from itertools import islice
from pathlib import Path
from statistics import median

from speed_processes import MOST, by_turns, make_environment, run
from speed_table import Goal, Line, Section, describe_machine
from speed_texts import write_rows

RESULTS = Path(__file__).parent / "results" / "history_speed.md"
HEAD = """# A history beside a comparison

Command: `{command}`. {machine}. Load average when it began: {load:.1f}.

"""
NORMALIZE = ("--normalize", "squad")


def write_third(old: Path, new: Path) -> Path:
    """Write a third version: by turns a thousand rows of the old file, and of the new one."""
    target = old.with_name("third.jsonl")
    with old.open("rb") as first, new.open("rb") as second, target.open("wb") as third:
        number = 0
        while parts := [list(islice(file, 1000)) for file in (first, second)]:
            if not parts[0]:
                break
            third.writelines(parts[number % 2])
            number += 1
    return target


def check_same_flips(compatkit: str, folder: Path) -> None:
    """Refuse to compare processes that do not count the same negative flips of the first step."""
    old, new = write_rows(folder, 1000)
    files = [str(path) for path in (old, new, write_third(old, new))]
    score, history = (
        json.loads(run(compatkit, name, *files, *NORMALIZE, "--json").output)
        for name in ("score", "history")
    )
    counted = score["results"][0]["metrics"]["negative_flip_rate"]["numerator"]
    traced = history["history"]["versions"][1]["metrics"]["negative_flip_rate"]["numerator"]
    if counted != traced:
        raise RuntimeError(f"the sides count different negative flips: {counted} and {traced}")


def measure(count: int, repetitions: int) -> Section:
    with tempfile.TemporaryDirectory() as folder:
        compatkit = make_environment(Path(folder)).compatkit
        check_same_flips(compatkit, Path(folder))
        old, new = write_rows(Path(folder), count)
        files = [str(path) for path in (old, new, write_third(old, new))]
        size = sum(Path(path).stat().st_size for path in files) / 3e6
        commands = {name: [compatkit, name, *files, *NORMALIZE] for name in ("score", "history")}
        runs = by_turns(commands, repetitions, memory="tree")
    score, history = runs["score"], runs["history"]
    lines = [
        Line("wall time", [r.wall for r in history], [r.wall for r in score], Goal(1.3, MOST)),
        Line("CPU time", [r.cpu for r in history], [r.cpu for r in score], Goal(1.3, MOST)),
        Line(
            "peak of memory",
            [r.peak for r in history],
            [r.peak for r in score],
            None,
            f"{median(r.peak for r in history):.0f} / {median(r.peak for r in score):.0f} MB",
        ),
    ]
    about = (
        f"Three files of {count:,} rows and {size:.0f} MB each, `--normalize squad`, whole "
        "processes, by turns, once both counted the same negative flips. Memory is that of all "
        "processes of a command together."
    )
    return Section("A history beside a comparison", "history / score", about, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the results file")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    section = measure(chosen.rows, chosen.repetitions)
    command = "python benchmarks/history_speed.py"
    command += f" --rows {chosen.rows} --repetitions {chosen.repetitions}"
    report = HEAD.format(command=command, machine=describe_machine(), load=load) + str(section)
    if chosen.write:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
