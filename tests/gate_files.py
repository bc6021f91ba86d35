"""A pair of prediction files and a policy for tests of the gate."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from prediction_files import write_rows

POLICY = """\
format = 1

[tasks.math]
old = "old.jsonl"
new = "new.jsonl"
scorer = "exact_match"

[tasks.math.budgets]
max_nfr = 0.05
"""


def rows(
    size: int = 200, broken: Collection[int] = (), repaired: Collection[int] = (), **more: Any
) -> list[dict[str, Any]]:
    """Return rows of which every tenth is wrong, some broken, some repaired."""
    found = []
    for number in range(size):
        right = (number % 10 != 9 or number in repaired) and number not in broken
        row = {"id": f"q{number}", "prediction": "yes" if right else "no", "reference": "yes"}
        row |= {"input": f"Question {number}?", "lang": "de" if number % 2 else "fr"}
        found.append({**row, **more})
    return found


def write_pair(
    folder: Path, broken: Collection[int] = (), repaired: Collection[int] = (), size: int = 200
) -> tuple[str, str]:
    """Write old.jsonl and new.jsonl; return their paths."""
    old = write_rows(folder / "old.jsonl", rows(size))
    new = write_rows(folder / "new.jsonl", rows(size, broken, repaired))
    return str(old), str(new)


def write_policy(folder: Path, text: str = POLICY) -> Path:
    """Write compatkit.toml."""
    path = folder / "compatkit.toml"
    path.write_text(text, encoding="utf-8")
    return path
