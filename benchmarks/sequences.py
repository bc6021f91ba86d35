"""Limits that hold at any look beside those of one look, and beside confseq's.

Run `python benchmarks/sequences.py`: it prints and writes `results/sequences.md`. Nothing is
simulated; the numbers of confseq are those of `tests/statistics/test_sequences_reference.py`.
"""

import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from compatkit import statistics as ck

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "sequences.md"
HEAD = """# Limits of a proportion at any look, beside those of one look and of confseq

`python benchmarks/sequences.py`: Python {python}. At 95 %, in percent; in brackets the width as a
multiple of the width at one look. One look: Clopper and Pearson. confseq 0.0.11:
`bernoulli_confidence_interval`, told beforehand after how many examples to be narrowest: after the
number of the row, or after 400.

| examples | of these | one look | any look | confseq, for the number | confseq, for 400 |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    """Write the table."""
    table = HEAD.format(python=platform.python_version()) + "\n".join(_rows()) + "\n"
    sys.stdout.write(table)
    RESULTS.write_text(table, encoding="utf-8")


def _rows() -> Iterator[str]:
    sys.path.insert(0, str(HERE.parent / "tests" / "statistics"))
    for count, total, tuned, early in import_module("test_sequences_reference").INTERVALS:
        once, always = ck.clopper_pearson(count, total), ck.confidence_sequence(count, total)
        limits = [(once.low, once.high), (always.low, always.high), tuned, early]
        cells = [
            f"{100 * low:.2f} to {100 * high:.2f} ({(high - low) / (once.high - once.low):.2f})"
            for low, high in limits
        ]
        yield f"| {total:,} | {count:,} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
