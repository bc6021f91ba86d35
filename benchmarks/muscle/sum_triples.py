"""The sum task over triples: generated text, held out by the whole question.

A question is a thing, a number and a vague word. Questions are shared out between training,
validation and test: none that is asked was trained on. Its answer is drawn anew each time it is
asked, as often as an example is drawn; all examples of a question are one prompt, answered once.

The recipes are those of `pairs.py`, chosen on the bases there; that of the spans was chosen on
the triple of number 0, by its validation examples (`SPANS_TRIED`), which is no part of the table.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from experiment import write_words
from triples import LargeScale, Pieces, Scale, Triple
from worlds import BEGIN, FIRST, Examples, SumWorld

from compatkit.muscle import finetune_adapter, train_adapter

COMPLETION = {"tokens": "completion", "learning_rate": 3e-3}
TASK = {**COMPLETION, "epochs": 16}
AGAIN = {**COMPLETION, "epochs": 8}
# Of those tried that are no less accurate than plain, the one whose NFR fell most, by the mean of
# the changes of both updates.
SPANS: Mapping[str, Any] = {**AGAIN, "tokens": "span", "temperature": 1.0}
# What was tried on triple 0: temperatures and learning rates of the spans, for kd_mix.
SPANS_TRIED = [
    {"temperature": temperature, "learning_rate": rate}
    for temperature in (1.0, 2.0, 10.0)
    for rate in (3e-3, 1e-2)
]
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "ce": {**AGAIN, "method": "ce"},
    "muscle": AGAIN,
    "kd_old": {**AGAIN, "method": "kd_old"},
    "kd_mix": {**AGAIN, "method": "kd_mix"},
    "muscle, spans, other tokenizer": SPANS,
    "kd_old, spans, other tokenizer": {**SPANS, "method": "kd_old"},
    "kd_mix, spans, other tokenizer": {**SPANS, "method": "kd_mix"},
}
PARTS = {"train": 0.5, "held": 0.15, "test": 0.35}  # of the questions
FULL = Scale(8, 2400, 1000, 2000)
SCALES = {
    "full": FULL,
    "quick": Scale(2, 128, 32, 200, 0.02, 1),
    "large": LargeScale(4, 2400, 1000, 2000),
}


class SumTriple(Triple):
    """A world of sums, an old base and a new one, and an old one of another tokenizer."""

    family = "sum-"

    def __init__(self, number: int, update: str, scale: Scale, folder: Path) -> None:
        """Share out the questions, draw the examples and train the bases."""
        super().__init__(number, update, scale, folder)
        self.world = SumWorld(self.seed)
        drawn = self.world.examples(np.random.default_rng(self.seed + 1), 20 * scale.train)
        self.parts = share_out(drawn, scale, self.seed)
        for name, examples in self.parts.items():
            self.write(
                name,
                [
                    {"prompt": write_words(prompt), "completion": write_words(answer)}
                    for prompt, answer in zip(
                        examples.prompts.tolist(), examples.answers.tolist(), strict=True
                    )
                ],
            )
        width, steps = (48, 700) if update == "gap" else (64, 1500)
        self.make_bases(
            {"new": (64, 1500, 1), "old": (width, steps, 2), "pieces": (width, steps, 2)}
        )

    def task(self, side: str) -> Path:
        """Return the task adapter of a base."""
        return self.adapter(
            f"task {side}", finetune_adapter, new_base=str(self.bases[side]), **TASK
        )

    def method(self, name: str, recipe: Mapping[str, Any] | None = None) -> Path:
        """Return the adapter of a method."""
        if name == "plain":
            return self.task("new")
        side = "pieces" if "other tokenizer" in name else "old"
        return self.adapter(
            name, train_adapter, **(recipe or RECIPES[name]),
            new_base=str(self.bases["new"]), new_adapter=str(self.task("new")),
            old_base=str(self.bases[side]), old_adapter=str(self.task(side)),
        )  # fmt: skip

    def right(self, side: str, adapter: Path, part: str) -> Any:
        """Return which examples of a part are answered as their answer is, shape (examples,)."""
        examples = self.parts[part]
        pieces = Pieces(self.world) if side == "pieces" else None
        answers = self.keep(
            f"answers-{part}", side, adapter, lambda model: answer(model, examples, pieces)
        )
        return answers == examples.answers[:, 0]


def share_out(drawn: Examples, scale: Scale, seed: int) -> dict[str, Examples]:
    """Return the first examples of each part, whose questions are in no other part."""
    questions, of = np.unique(drawn.prompts, axis=0, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(questions))
    parts, begin = {}, 0.0
    for name, share in PARTS.items():
        first, last = (round(at * len(questions)) for at in (begin, begin + share))
        inside = np.isin(of.ravel(), order[first:last]).nonzero()[0][: getattr(scale, name)]
        parts[name] = Examples(drawn.prompts[inside], drawn.answers[inside])
        begin += share
    return parts


def answer(model: Any, examples: Examples, pieces: Pieces | None) -> Any:
    """Return the word that follows each prompt greedily; -1 where it is none."""
    prompts = examples.prompts if pieces is None else pieces.cut(examples.prompts)
    tokens = torch.from_numpy(
        np.concatenate([np.full((len(prompts), 1), BEGIN), FIRST + prompts], 1)
    ).to(model.device)
    for _ in range(1 if pieces is None else 2):
        with torch.no_grad():
            following = model(tokens).logits[:, -1:].argmax(-1)
        tokens = torch.cat([tokens, following], 1)
    words = tokens[:, prompts.shape[1] + 1 :].cpu().numpy() - FIRST
    if pieces is None:
        return words[:, 0]
    tens, ones = words[:, 0], words[:, 1] - pieces.tens
    return np.where((tens < pieces.tens) & (ones >= 0), 10 * tens + ones, -1)


def measure_sums(number: int, update: str, scale: Scale, folder: Path) -> dict[str, Any]:
    """Train and ask all methods of a triple; return accuracy and NFR of each, on its test set."""
    triple = SumTriple(number, update, scale, folder)
    old, other = (triple.right(side, triple.task(side), "test") for side in ("old", "pieces"))
    plain = triple.right("new", triple.method("plain"), "test")
    rows: dict[str, Any] = {}
    for name in ("plain", "plain, other tokenizer", *RECIPES):
        right = (
            plain if name.startswith("plain") else triple.right("new", triple.method(name), "test")
        )
        before = other if "other tokenizer" in name else old
        rows[name] = {"accuracy": right.mean(), "nfr": (before & ~right).mean()}
    rows["old"] = {"accuracy": old.mean(), "nfr": 0.0}
    return rows


def choose_spans(folder: Path, scale: Scale = FULL) -> list[dict[str, Any]]:
    """Try `SPANS_TRIED` on triple 0; return accuracy and NFR of each on its validation examples."""
    rows = []
    for update in ("equal", "gap"):
        triple = SumTriple(0, update, scale, folder)
        other = triple.right("pieces", triple.task("pieces"), "held")
        tried: dict[str, Path] = {"plain": triple.method("plain")}
        for values in SPANS_TRIED:
            recipe = {**SPANS, "method": "kd_mix", **values}
            tried[str(values)] = triple.method("kd_mix, spans, other tokenizer", recipe)
        for name, adapter in tried.items():
            right = triple.right("new", adapter, "held")
            row = {"accuracy": right.mean(), "nfr": (other & ~right).mean()}
            rows.append({"update": update, "recipe": name, **row})
    return rows


def try_slower(update: str, slower: float, folder: Path) -> dict[str, Any]:
    """Try learning rates of large bases on triple 0; return accuracy and NFR on validation."""
    triple = SumTriple(0, update, LargeScale(1, 2400, 1000, 2000, slower=slower), folder)
    was = triple.right("old", triple.task("old"), "held")
    rows: dict[str, Any] = {"old": {"accuracy": was.mean()}}
    for name in ("plain", "ce", "muscle", "kd_mix"):
        right = triple.right("new", triple.method(name), "held")
        rows[name] = {"accuracy": right.mean(), "nfr": (was & ~right).mean()}
    return rows
