"""What likelihoods of choices cost: `compatkit score` with them beside without, whole processes.

`python benchmarks/confidence.py --speed ROWS` runs this. Both sides read the same bytes: two files
of ROWS rows with four choices and a log-likelihood of each; without, `--log-likelihoods-field none`
leaves these unread. Further commands show what the reports cost that read every flip.
"""

import json
import os
import random
import sys
import tempfile
from pathlib import Path
from statistics import median

from speed_processes import MOST, by_turns
from speed_table import Goal, Line, Section, describe_machine

LETTERS = "ABCD"
BARE = ("--log-likelihoods-field", "none")


def write_sides(folder: Path, count: int) -> list[str]:
    """Write the files of two models whose likelihoods differ by a normal noise."""
    paths = []
    for side, noise in (("old", 1), ("new", 2)):
        base, moved, path = random.Random(0), random.Random(noise), folder / f"{side}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number in range(count):
                values = [base.uniform(-8.0, -1.0) + moved.gauss(0.0, 0.05) for _ in LETTERS]
                row = {
                    "id": f"q{number}",
                    "input": f"Which of these is number {number}?",
                    "prediction": LETTERS[max(range(4), key=values.__getitem__)],
                    "reference": base.choice(LETTERS),
                    "choices": [
                        f"the {number % 97}",
                        f"a {number % 89}",
                        f"some {number % 7}",
                        "x",
                    ],
                    "log_likelihoods": [round(value, 4) for value in values],
                }
                file.write(json.dumps(row) + "\n")
        paths.append(str(path))
    return paths


def measure_speed(count: int, repetitions: int, *, quick: bool) -> Section:
    """Run the commands by turns, and compare each with the one that reads no likelihoods.

    Args:
        count: rows.
        repetitions: of each command.
        quick: no report but the terminal's.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = write_sides(Path(folder), count)
        score = [sys.executable, "-m", "compatkit", "score", *files, "-s", "choice"]
        csv, html = (str(Path(folder) / name) for name in ("flips.csv", "report.html"))
        further: dict[str, list[str]] = (
            {}
            if quick
            else {
                "-v": ["-v"],
                "--flips FILE.csv": ["--flips", csv],
                "-o report.html": ["-o", html],
                "--find-slices": ["--find-slices"],
            }
        )
        commands = {"without": [*score, *BARE], "with": score}
        for name, flags in further.items():
            commands |= {f"{name} without": [*score, *flags, *BARE], name: [*score, *flags]}
        runs = by_turns(commands, repetitions, memory="tree")
    lines = []
    for label, ours, theirs, goal in (
        ("", "with", "without", Goal(1.3, MOST)),
        *((f"{name}, ", name, f"{name} without", None) for name in further),
    ):
        held, bare = runs[ours], runs[theirs]
        cpu, bare_cpu = [r.cpu for r in held], [r.cpu for r in bare]
        seconds = f"{median(cpu):.1f} / {median(bare_cpu):.1f} s"
        lines.append(Line(f"{label}CPU time", cpu, bare_cpu, goal, seconds))
        lines.append(
            Line(
                f"{label}peak of memory",
                [r.peak for r in held],
                [r.peak for r in bare],
                None,
                f"{median(r.peak for r in held):.0f} / {median(r.peak for r in bare):.0f} MB",
            )
        )
    about = (
        f"Two files of {count:,} rows with four choices each, `-s choice`, whole processes, by "
        "turns. Without: `--log-likelihoods-field none` on the same files. CPU time is that of all "
        "processes of a command."
    )
    return Section("Likelihoods of choices", "with / without", about, lines)


def report_speed(count: int, repetitions: int, *, quick: bool) -> str:
    """Measure, and return the report with the command, the machine and its load."""
    load = os.getloadavg()[0]
    section = measure_speed(count, repetitions, quick=quick)
    return (
        "# What likelihoods of choices cost\n\n"
        f"Command: `python benchmarks/confidence.py --speed {count} --repetitions "
        f"{repetitions}{' --quick' if quick else ''}`. {describe_machine()}. Load "
        f"average when it began: {load:.1f}, when it ended: {os.getloadavg()[0]:.1f}.\n\n{section}"
    )
