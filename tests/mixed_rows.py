"""Rows of two models with answers, nulls, lone surrogates, several references and fields."""

from typing import Any


def make_rows(side: str, count: int = 60, inputs: int | None = None) -> list[dict[str, Any]]:
    """Return the rows of `old` or `new`; `inputs` says after how many an input comes again."""
    texts = ["The cat", "a dog", None, "two \ud800 birds", "fish"]
    return [
        {
            "id": f"q{number}",
            "prediction": texts[(number * (7 if side == "new" else 3)) % 5],
            "reference": ["the cat", "Cat"] if number % 2 else "dog",
            "input": f"What is {number if inputs is None else number % inputs}?",
            "lang": "de" if number % 3 else "en",
            "group": number // 4,
        }
        for number in range(count)
    ]
