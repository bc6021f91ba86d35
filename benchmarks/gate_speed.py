"""Start of `compatkit gate` beside the interpreter's own, numpy's and `compatkit score`'s.

Run `python benchmarks/gate_speed.py [--quick]`: it prints a table, and a full run writes
`benchmarks/results/gate_speed.md`. The sides of a ratio are measured by turns, in one run.
"""

import argparse
import os
import tempfile
from pathlib import Path

from speed_processes import MOST, by_turns, check_same_flips, make_environment
from speed_table import Goal, Line, Section, describe_machine
from speed_texts import write_rows

RESULTS = Path(__file__).parent / "results" / "gate_speed.md"
HEAD = """# Start of the gate

Command: `python benchmarks/gate_speed.py`. {machine}. Load average when it began: {load:.1f}.

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


def measure(*, quick: bool) -> Section:
    count = 1000
    with tempfile.TemporaryDirectory() as folder:
        environment = make_environment(Path(folder))
        old, new = write_rows(Path(folder), count)
        policy = Path(folder) / "compatkit.toml"
        text = POLICY.format(old=old.name, new=new.name, count=count)
        policy.write_text(text, encoding="utf-8")
        gate = [environment.compatkit, "gate"]
        options = ["--normalize", "squad", "--max-nfr", "0.5"]
        commands = {
            "floor": [environment.python, "-c", "pass"],
            "numpy": [environment.python, "-c", "import numpy"],
            "score": environment.score(old, new)["ours"],
            "gate": [*gate, str(old), str(new), *options],
            "policy": [*gate, "--policy", str(policy)],
            "quiet": [*gate, str(old), str(new), *options, "--json"],
            "written": [*gate, str(old), str(new), *options, "-o", str(Path(folder) / "gate.xml")],
        }
        runs = by_turns(commands, 5 if quick else 15)
    check_same_flips(*runs["gate"], *runs["score"])
    walls = {name: [each.wall for each in part] for name, part in runs.items()}

    def line(what: str, name: str, most: float | None = None) -> Line:
        return Line(what, walls[name], walls["floor"], Goal(most, MOST) if most else None)

    lines = [
        line("`compatkit gate`, 1,000 rows", "gate", 15),
        line("`compatkit gate --policy`, 1,000 rows, two budgets", "policy", 15),
        line("`compatkit gate --json`", "quiet"),
        line("`compatkit gate -o gate.xml`", "written"),
        line("`compatkit score`, 1,000 rows", "score"),
        line("`python -c 'import numpy'`", "numpy"),
    ]
    about = (
        "Wall time of whole processes, installed in a virtual environment of their own. Normalised "
        "texts are compared exactly; the gate and `score` must count the same negative flips."
    )
    return Section("Start of the gate", "`python -c pass` = 1", about, lines)


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
