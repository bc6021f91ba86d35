"""Small prediction files for tests of reports and commands."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ANSWERS = {
    "old": ["Paris", "Rome", "4", "blue", "the cat sat", "yes", "no", "8"],
    "new": ["Paris", "Milan", "4", "red", "the cat sat down", "yes", "yes", "8"],
    "candidate": ["Paris", "Rome", "5", "red", "a cat", "yes", "no", "7"],
    "rerun": ["Paris", "Rome", "5", "blue", "the cat", "yes", "no", "7"],
}
REFERENCES = ["Paris", "Rome", "4", "red", "the cat sat down", "yes", "no", "9"]


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="ascii")
    return path


def rows_of_model(model: str) -> list[dict[str, Any]]:
    """Return the eight rows of a model of `ANSWERS`, with a field to slice by."""
    return [
        {
            "id": f"q{number}",
            "prediction": prediction,
            "reference": reference,
            "input": f"Question {number}?",
            "lang": "de" if number % 3 else "fr",
        }
        for number, (prediction, reference) in enumerate(
            zip(ANSWERS[model], REFERENCES, strict=True), 1
        )
    ]


def write_models(folder: Path) -> dict[str, Path]:
    """Write the file of every model of `ANSWERS`, called by its name."""
    return {model: write_rows(folder / f"{model}.jsonl", rows_of_model(model)) for model in ANSWERS}
