"""How long the HTML report takes beside JSON, and how large it becomes, on real and on many flips.

Run `python benchmarks/page_size.py [--quick]`: it prints a table, and a full run writes
`benchmarks/results/page_size.md`. MMLU-Pro is read from ../shared/data; without it that part is
left out, and said. The sides of a ratio are measured by turns, in one run.
"""

import argparse
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from speed_processes import by_turns, make_environment
from speed_table import Goal, Line, Section, describe_machine

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "page_size.md"
DATA = ROOT.parent / "shared" / "data" / "mmlu_pro"
MANY = 100_000
MOST_MEGABYTES = 10
MMLU_GOAL, MMLU_MEGABYTES = Goal(2, most=True), 3
CUT = re.compile(r"[0-9,]+ of [0-9,]+ flips are shown, as many as 10 MB hold")
SHOWN = re.compile(r"<article ")
HEAD = """# Pages

Command: `python benchmarks/page_size.py`. {machine}. Load average when it began: {load:.1f}.

"""


def measure_pair(
    program: str,
    files: list[str],
    options: list[str],
    repeats: int,
    *,
    fields: Sequence[str] = (),
    goal: Goal | None = None,
    most_megabytes: float = MOST_MEGABYTES,
) -> Line:
    """Return CPU time of the page beside that of JSON, with the size of the page."""
    base = [program, "score", *files, *options]
    folder = Path(program).parent
    page, report = folder / "report.html", folder / "report.json"
    show = [part for name in fields for part in ("--show-field", name)]
    commands = {"html": [*base, *show, "-o", str(page)], "json": [*base, "-o", str(report)]}
    runs = by_turns(commands, repeats)
    cpu = {name: [run.cpu for run in part] for name, part in runs.items()}
    text = page.read_text(encoding="utf-8")
    cut = CUT.search(text)
    shown = cut[0] if cut else f"all {len(SHOWN.findall(text)):,} flips are shown"
    seconds = f"{median(cpu['html']):.3g} / {median(cpu['json']):.3g} s"
    megabytes = page.stat().st_size / 1e6
    size = f"{megabytes:.2f} MB{' **missed**' * (megabytes > most_megabytes)}; {shown}"
    command = f"`{' '.join(['score', *options, *show])}`"
    return Line(command, cpu["html"], cpu["json"], goal, f"{seconds}, {size}")


def write_many(folder: Path, rows: int) -> list[str]:
    """Write two files of which every answer flips."""
    paths = []
    for side, right in (("old", True), ("new", False)):
        path = folder / f"{side}.jsonl"
        with path.open("w", encoding="ascii") as file:
            for number in range(rows):
                question = f"Question {number}: which of these many answers is the right one?"
                answer = (
                    "This is the right answer." if right else f"This is the wrong one: {number}."
                )
                row = {"id": number, "input": question, "prediction": answer}
                file.write(json.dumps({**row, "reference": "This is the right answer."}) + "\n")
        paths.append(str(path))
    return paths


def measure(*, quick: bool) -> list[Section]:
    """Return the tables."""
    repeats = 1 if quick else 3
    sections = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        program = make_environment(folder).compatkit
        if DATA.is_dir():
            files = [str(DATA / f"{side}.jsonl.gz") for side in ("old", "new")]
            by = ["--edited", "skip", "--by", "meta.category"]
            kinds = [(), ("output_text",)]
            lines = [
                measure_pair(
                    program,
                    files,
                    by,
                    repeats,
                    fields=fields,
                    goal=MMLU_GOAL,
                    most_megabytes=MMLU_MEGABYTES,
                )
                for fields in kinds
            ]
            about = (
                "12,024 answers of MMLU-Pro, every flip on the page; goals: at most twice the "
                f"time, and {MMLU_MEGABYTES} MB."
            )
            sections.append(Section("MMLU-Pro", "JSON = 1", about, lines))
        else:
            print("../shared/data is not here: MMLU-Pro is left out")
        rows = MANY // 10 if quick else MANY
        lines = [measure_pair(program, write_many(folder, rows), [], repeats)]
        about = f"{rows:,} answers, each of which breaks: the page ends in a stated cut."
        sections.append(Section("Many flips", "JSON = 1", about, lines))
    return sections


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer flips and repetitions")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    sections = "\n".join(map(str, measure(quick=chosen.quick)))
    machine = describe_machine(("jinja2", "msgspec"))
    report = HEAD.format(machine=machine, load=load) + sections
    if not chosen.quick:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
