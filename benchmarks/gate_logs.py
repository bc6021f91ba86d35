"""CPU time of `compatkit gate`, and of flips that are shown or written, beside `compatkit score`.

On the same logs, with opens of each file, and on a million plain rows, with the peak of memory.

Run `python benchmarks/gate_logs.py [--quick]`: it prints a table, and a full run writes
`benchmarks/results/gate_logs.md`. The logs are made on the spot, as lm-evaluation-harness writes
them; the sides of a ratio are measured by turns, in one run.
"""

import argparse
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from reading_logs import write_lm_eval
from speed_processes import MOST, by_turns, check_same_flips, make_environment
from speed_table import Goal, Line, Section, describe_machine
from speed_texts import write_rows

RESULTS = Path(__file__).parent / "results" / "gate_logs.md"
ROWS = 20_000  # 40 MiB a log
PLAIN_ROWS = 1_000_000
HEAD = """# The gate on logs

Command: `python benchmarks/gate_logs.py`. {machine}. Load average when it began: {load:.1f}.

"""
# Python runs this at the start of every process, those that a command starts among them.
WATCH = """import os, sys
def note(event, given):
    if event == "open" and "samples_" in str(given[0]):
        line = os.path.basename(os.path.dirname(os.fspath(given[0]))) + os.linesep
        os.write(target, line.encode())
target = os.open(os.environ["OPENED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
sys.addaudithook(note)
"""


def count_opens(folder: Path, command: Sequence[str]) -> Counter[str]:
    """Count how often a command, with the processes it starts, opens each log."""
    watch, opened = folder / "watch", folder / "opened"
    watch.mkdir(exist_ok=True)
    (watch / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    opened.write_text("", encoding="utf-8")
    more = {"PYTHONPATH": str(watch), "OPENED": str(opened)}
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **more})
    return Counter(opened.read_text(encoding="utf-8").split())


def measure(*, quick: bool) -> list[Section]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        compatkit = make_environment(folder).compatkit
        rows = ROWS // 8 if quick else ROWS
        logs = [write_lm_eval(folder / name, rows, seed) for seed, name in enumerate(("v1", "v2"))]
        size = logs[0].stat().st_size / (1 << 20)
        files = list(map(str, logs))
        commands = {
            "score": [compatkit, "score", *files],
            "flips": [compatkit, "score", *files, "--show-flips", "5"],
            "gate": [compatkit, "gate", *files, "--max-nfr", "0.5"],
        }
        opens = {name: count_opens(folder, command) for name, command in commands.items()}
        runs = by_turns(commands, 3 if quick else 7)
    check_same_flips(*runs["gate"], *runs["score"])
    cpu = {name: [each.cpu for each in part] for name, part in runs.items()}
    wall = {name: [each.wall for each in part] for name, part in runs.items()}

    def show(name: str) -> str:
        return " and ".join(map(str, opens[name].values())) + " opens of the two logs"

    about = (
        f"`compatkit gate OLD NEW --max-nfr 0.5` and `compatkit score OLD NEW` on two logs of "
        f"{rows:,} rows and {size:.0f} MiB, whole processes with those that they start. The gate "
        "reads the flipped examples again, since it shows them; `score` where `--show-flips` asks "
        f"for them. `score` without: {show('score')}."
    )
    lines = [
        Line("CPU time of `gate`", cpu["gate"], cpu["score"], Goal(1.2, MOST), show("gate")),
        Line("CPU time of `score --show-flips 5`", cpu["flips"], cpu["score"], None, show("flips")),
        Line("wall time of `gate`", wall["gate"], wall["score"]),
    ]
    return [Section("`gate` beside `score`", "`compatkit score` = 1", about, lines)]


def measure_rows(*, quick: bool) -> list[Section]:
    rows = PLAIN_ROWS // 10 if quick else PLAIN_ROWS
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        compatkit = make_environment(folder).compatkit
        files = [*map(str, write_rows(folder, rows)), "--normalize", "squad"]
        commands = {
            "score": [compatkit, "score", *files],
            "score --show-flips 5": [compatkit, "score", *files, "--show-flips", "5"],
            "gate": [compatkit, "gate", *files, "--max-nfr", "0.5"],
            "score --json": [compatkit, "score", *files, "--json"],
        }
        runs = by_turns(commands, 3)
    check_same_flips(*runs["score"], *runs["score --show-flips 5"])
    goals = {"score --show-flips 5": 1.15, "gate": 1.15, "score --json": 1.5}
    of_score = {name: [getattr(run, name) for run in runs["score"]] for name in ("cpu", "peak")}
    lines = []
    for name, most in goals.items():
        cpu, peak = ([getattr(run, what) for run in runs[name]] for what in ("cpu", "peak"))
        lines.append(Line(f"CPU time of `{name}`", cpu, of_score["cpu"], Goal(most, MOST)))
        detail = f"{median(peak):.0f} / {median(of_score['peak']):.0f} MB"
        lines.append(Line(f"peak of memory of `{name}`", peak, of_score["peak"], None, detail))
    about = (
        f"Two files of {rows:,} rows, `--normalize squad`, whole processes with those that they "
        "start; memory is that of the largest process. `--json` holds every flip, with its texts."
    )
    return [Section(f"Flips of {rows:,} rows", "`compatkit score` = 1", about, lines)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows and repetitions")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    parts = [*measure(quick=chosen.quick), *measure_rows(quick=chosen.quick)]
    sections = "\n".join(map(str, parts))
    report = HEAD.format(machine=describe_machine(), load=load) + sections
    if not chosen.quick:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
