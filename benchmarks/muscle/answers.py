"""Answers of a model on the test examples, as rows of a prediction file."""

from typing import Any

import torch
from torch.nn import functional
from worlds import BEGIN, END, FIRST, Examples, frame

BATCH = 500


def make_rows(model: Any, world: Any, examples: Examples) -> list[dict[str, Any]]:
    """Ask a model all test examples.

    Returns:
        Rows with id, prediction and reference: a letter for a choice, words else.
    """
    with torch.no_grad():
        if world.kind == "choice":
            found = ["ABCD"[index] for index in _choose(model, examples)]
            right = ["A"] * len(found)
        else:
            found = [_text(each) for each in _generate(model, examples, world.new_tokens)]
            right = [_text(each) for each in examples.answers.tolist()]
    return [
        {"id": str(n), "prediction": a, "reference": b}
        for n, (a, b) in enumerate(zip(found, right, strict=True))
    ]


def _text(words: list[int]) -> str:
    return " ".join(f"w{word}" for word in words)


def _choose(model: Any, examples: Examples) -> list[int]:
    """Return the ending with the highest log-likelihood."""
    endings = examples.endings
    assert endings is not None
    scores = []
    for place in range(endings.shape[1]):
        tokens = torch.from_numpy(frame(BEGIN, FIRST + examples.prompts, FIRST + endings[:, place]))
        size = endings.shape[2]
        found = []
        for start in range(0, len(tokens), BATCH):
            batch = tokens[start : start + BATCH]
            logits = model(batch).logits[:, -size - 1 : -1].float()
            gold = functional.cross_entropy(
                logits.transpose(1, 2), batch[:, -size:], reduction="none"
            )
            found.append(-gold.sum(1))
        scores.append(torch.cat(found))
    best: list[int] = torch.stack(scores, 1).argmax(1).tolist()
    return best


def _generate(model: Any, examples: Examples, most: int) -> list[list[int]]:
    """Return greedy answers, each up to the token of end."""
    prompts = torch.from_numpy(frame(BEGIN, FIRST + examples.prompts))
    answers = []
    for start in range(0, len(prompts), BATCH):
        past, ask, found = None, prompts[start : start + BATCH], []
        for _ in range(most):
            out = model(ask, past_key_values=past, use_cache=True)
            past, ask = out.past_key_values, out.logits[:, -1:].argmax(-1)
            found.append(ask)
        for row in torch.cat(found, 1).tolist():
            end = row.index(END) if END in row else len(row)
            answers.append([word - FIRST for word in row[:end]])
    return answers
