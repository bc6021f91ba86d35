"""Speed and memory beside the peers, as ratios.

Run `python benchmarks/speed.py [--quick] [--only NAME]`: it prints a table, and a full run writes
`benchmarks/results/speed.md`. The sides of a ratio are measured by turns, in one run.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from speed_processes import measure_million, measure_reading, measure_startup
from speed_scorers import measure_rouge, measure_sacrebleu
from speed_table import Section, describe_machine

RESULTS = Path(__file__).parent / "results" / "speed.md"
PARTS: dict[str, Callable[..., list[Section]]] = {
    "startup": measure_startup,
    "rouge": measure_rouge,
    "sacrebleu": measure_sacrebleu,
    "million": measure_million,
    "reading": measure_reading,
}
HEAD = """# Speed beside the peers

Command: `python benchmarks/speed.py`. {machine}. Load average when it began: {load:.1f}.

The machine is shared, so the ratios count and the absolute values do not: the sides of a ratio took
turns in one run; `ratio` is the quotient of the medians, beside it the smallest and the largest
quotient of single repetitions.

## {missed} of {goals} goals missed

{misses}
"""


def render(sections: list[Section], load: float) -> str:
    lines = [(section, line) for section in sections for line in section.lines]
    misses = [
        f"- {section.title}: {line.what}: {line.ratio:.3g}, goal {line.goal}"
        for section, line in lines
        if line.missed
    ]
    head = HEAD.format(
        machine=describe_machine(),
        load=load,
        missed=len(misses),
        goals=sum(line.goal is not None for _, line in lines),
        misses="\n".join([*misses, ""] if misses else []),
    )
    return head.rstrip() + "\n\n" + "\n".join(map(str, sections))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, fewer repetitions")
    parser.add_argument("--only", choices=PARTS, help="one part; nothing is written")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    sections: list[Section] = []
    for name in [chosen.only] if chosen.only else PARTS:
        start = time.perf_counter()
        sections += PARTS[name](quick=chosen.quick)
        print(f"{time.perf_counter() - start:6.0f} s  {name}", file=sys.stderr)
    report = render(sections, load)
    if not chosen.quick and not chosen.only:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
