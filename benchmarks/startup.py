"""Start of every command beside the interpreter's own, by CPU time.

Run `python benchmarks/startup.py [--quick]`: it prints a table, and a full run writes
`benchmarks/results/startup.md`. The sides of a ratio are measured by turns, in one run.
"""

import argparse
import os
import tempfile
from pathlib import Path

from speed_processes import MOST, Environment, by_turns, check_same_flips, make_environment
from speed_table import Goal, Line, Section, describe_machine
from speed_texts import write_rows

from compatkit.cli import COMMANDS

RESULTS = Path(__file__).parent / "results" / "startup.md"
HEAD = """# Start-up

Command: `python benchmarks/startup.py`. {machine}. Load average when it began: {load:.1f}.

"""
POLICY = """[tasks.qa]
old = "{old}"
new = "{new}"
examples = {count}
normalize = "squad"

[tasks.qa.budgets]
max_nfr = 0.5
max_accuracy_drop = 0.5
"""
HELP, SCORE, GATE = 5, 15, 15  # goals, as times `python -c pass`
ABOUT = (
    "User and system time of whole processes, installed in a virtual environment of their own, "
    "started by the command that an installation makes. Normalised texts are compared exactly; the "
    "gate and `score` must count the same negative flips. `numpy` is imported as a command does "
    "it, without threads."
)


def floors_of(environment: Environment) -> dict[str, list[str]]:
    """Return what a command cannot start without: the interpreter, and two libraries."""
    alone = "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; import "
    return {
        "floor": [environment.python, "-c", "pass"],
        "click": [environment.python, "-c", "import click"],
        "numpy": [environment.python, "-c", f"{alone}numpy"],
        "both": [environment.python, "-c", f"{alone}click, numpy"],
        "table": [environment.python, "-c", f"{alone}click, numpy, msgspec, rich.table"],
    }


def comparisons_of(environment: Environment, folder: Path, count: int) -> dict[str, list[str]]:
    """Return the commands that compare two files of so many rows."""
    old, new = write_rows(folder, count)
    policy = folder / f"{count}.toml"
    policy.write_text(POLICY.format(old=old.name, new=new.name, count=count), encoding="utf-8")
    options = [str(old), str(new), "--normalize", "squad"]
    return {
        f"score {count}": [environment.compatkit, "score", *options],
        f"score {count} --json": [environment.compatkit, "score", *options, "--json"],
        f"gate {count}": [environment.compatkit, "gate", *options, "--max-nfr", "0.5"],
        f"gate {count} --policy": [environment.compatkit, "gate", "--policy", str(policy)],
    }


def measure(*, quick: bool) -> Section:
    with tempfile.TemporaryDirectory() as name:
        environment = make_environment(Path(name))
        helps = {f"{words} --help": [*words.split(), "--help"] for words in COMMANDS}
        pages = {"--version": ["--version"], "--help": ["--help"], **helps}
        compared = {
            **comparisons_of(environment, Path(name), 200),
            **comparisons_of(environment, Path(name), 1000),
        }
        commands = {
            **floors_of(environment),
            **{words: [environment.compatkit, *call] for words, call in pages.items()},
            **compared,
        }
        runs = by_turns(commands, 5 if quick else 15)
    check_same_flips(*runs["score 200"], *runs["gate 200"])
    check_same_flips(*runs["score 1000"], *runs["gate 1000"])
    used = {words: [done.cpu for done in part] for words, part in runs.items()}

    def line(what: str, words: str, most: float | None = None) -> Line:
        return Line(what, used[words], used["floor"], Goal(most, MOST) if most else None)

    goals = {"score": SCORE, "gate": GATE}
    lines = [
        line("`import click`", "click"),
        line("`import numpy`", "numpy"),
        line("both", "both"),
        line("both, msgspec, and rich for a table", "table"),
        *(line(f"`compatkit {words}`", words, HELP) for words in pages),
        *(
            line(
                f"`compatkit {words.replace('1000', '1,000')}` rows",
                words,
                goals[words[:5].strip()],
            )
            for words in compared
        ),
    ]
    return Section("Start-up", "`python -c pass` = 1", ABOUT, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    section = measure(quick=chosen.quick)
    report = HEAD.format(machine=describe_machine(), load=load) + str(section)
    if not chosen.quick:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
