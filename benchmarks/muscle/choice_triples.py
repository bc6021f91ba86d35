"""The choice task over triples, where every method applies.

The recipes are those of `pairs.py`, chosen on the bases there and on none of these.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from experiment import write_words
from triples import LargeScale, Pieces, Scale, Triple
from worlds import BEGIN, ENDINGS, FIRST, ChoiceWorld, Examples

from compatkit.muscle import finetune_adapter, train_adapter
from compatkit.muscle.blend import blend_adapters

WEIGHTS = (0.25, 0.5, 0.75)  # of a blend, chosen on validation
RERANKED = 2  # choices of the new model, of which the old one takes its own
CHOICE = {"tokens": "choice", "batch_size": 32}
TASK = {**CHOICE, "learning_rate": 1e-3, "epochs": 5}
AGAIN = {"batch_size": 32, "learning_rate": 3e-3, "epochs": 6}
# What goes on from the new task adapter.
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "ce": {**CHOICE, "method": "ce", "learning_rate": 1e-3, "epochs": 6},
    "muscle": AGAIN,
    "kd_old": {**AGAIN, "method": "kd_old"},
    "kd_old, choice": {**AGAIN, "method": "kd_old", "tokens": "choice"},
    "kd_mix": {**AGAIN, "method": "kd_mix"},
    "kd_mix, choice": {**AGAIN, "method": "kd_mix", "tokens": "choice"},
    "token_odds, choice": {**AGAIN, "mask": "token_odds", "tokens": "choice"},
    "kd_mix, choice, unlabelled": {**AGAIN, "method": "kd_mix", "tokens": "choice"},
    "kd_mix, choice, other tokenizer": {**AGAIN, "method": "kd_mix", "tokens": "choice"},
}
FULL = Scale(8, 2000, 300, 2000)
SCALES = {
    "full": FULL,
    "quick": Scale(2, 96, 32, 200, 0.04, 1),
    "large": LargeScale(4, 2000, 300, 2000, slower=3.0),
}


class ChoiceTriple(Triple):
    """A world of choices, an old base and a new one, and an old one of another tokenizer."""

    def __init__(self, number: int, update: str, scale: Scale, folder: Path) -> None:
        """Draw the examples and train the bases."""
        super().__init__(number, update, scale, folder)
        self.world = ChoiceWorld(self.seed)
        self.parts = {
            name: self.world.examples(np.random.default_rng(self.seed + place), count)
            for place, (name, count) in enumerate(
                {"train": scale.train, "held": scale.held, "test": scale.test,
                 "unlabelled": scale.train, "few": scale.train // 16}.items(), 1,
            )
        }  # fmt: skip
        for name, examples in self.parts.items():
            self._write(name, examples)
        width, steps = (48, 450) if update == "gap" else (64, 700)
        self.make_bases(
            {"new": (64, 700, 1), "old": (width, steps, 2), "pieces": (width, steps, 2)}
        )

    def _write(self, name: str, examples: Examples) -> None:
        """Write examples, the right choice of each at a place of its own."""
        assert examples.endings is not None
        places = np.random.default_rng(self.seed).integers(0, ENDINGS, len(examples.prompts))
        rows = []
        for prompt, endings, right in zip(
            examples.prompts.tolist(), examples.endings.tolist(), places.tolist(), strict=True
        ):
            turned = [*endings[1:][:right], endings[0], *endings[1:][right:]]
            row: dict[str, Any] = {"prompt": write_words(prompt)}
            row |= {"choices": [write_words(ending) for ending in turned]}
            rows.append({**row, **({} if name == "unlabelled" else {"answer": right})})
        self.write(name, rows)

    def task(self, side: str) -> Path:
        """Return the task adapter of a base."""
        return self.adapter(
            f"task {side}", finetune_adapter, new_base=str(self.bases[side]), **TASK
        )

    def method(self, name: str) -> Path:
        """Return the adapter of a method."""
        if name == "plain":
            return self.task("new")
        side = "pieces" if "other tokenizer" in name else "old"
        more = {}
        if "unlabelled" in name:  # few labels, and for the others questions alone
            more = {part: str(self.folder / f"{part}.jsonl") for part in ("few", "unlabelled")}
            more["data"] = more.pop("few")
        return self.adapter(
            name, train_adapter, **RECIPES[name], **more,
            new_base=str(self.bases["new"]), new_adapter=str(self.task("new")),
            old_base=str(self.bases[side]), old_adapter=str(self.task(side)),
        )  # fmt: skip

    def scores(self, side: str, adapter: Path, part: str) -> Any:
        """Return the log-likelihoods of the choices, the right one first."""
        pieces = Pieces(self.world) if side == "pieces" else None
        return self.keep(
            f"scores-{part}", side, adapter, lambda model: score(model, self.parts[part], pieces)
        )


def score(model: Any, examples: Examples, pieces: Pieces | None) -> Any:
    """Return the log-likelihood of each ending, shape (examples, 4)."""
    assert examples.endings is not None

    def cut(words: Any) -> Any:
        return words if pieces is None else pieces.cut(words)

    columns = []
    for place in range(ENDINGS):
        prompt, ending = cut(examples.prompts), cut(examples.endings[:, place])
        begin = np.full((len(prompt), 1), BEGIN)
        tokens = torch.from_numpy(np.concatenate([begin, FIRST + prompt, FIRST + ending], 1))
        tokens = tokens.to(model.device)
        size = ending.shape[1]
        with torch.no_grad():
            logits = model(tokens).logits[:, -size - 1 : -1].float().log_softmax(-1)
        gold = logits.gather(-1, tokens[:, -size:, None])[..., 0]
        columns.append(gold.sum(1).cpu().numpy())
    return np.stack(columns, 1)


def soften(scores: Any) -> Any:
    """Return the softmax over choices."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def rerank(new: Any, old: Any) -> Any:
    """Return the old model's scores of the new one's likeliest choices, -inf for the others.

    Source: Cai et al. 2022 (arXiv 2202.02976), backward-congruent re-ranking, over choices.
    """
    outside = new < np.sort(new, 1)[:, [-RERANKED]]
    return np.where(outside, -np.inf, old)


def measure_choices(number: int, update: str, scale: Scale, folder: Path) -> dict[str, Any]:
    """Train and ask all methods of a triple; return accuracy and NFR of each, on its test set."""
    triple = ChoiceTriple(number, update, scale, folder)
    old = triple.scores("old", triple.task("old"), "test")
    other = triple.scores("pieces", triple.task("pieces"), "test")
    rows: dict[str, Any] = {}

    def note(name: str, scores: Any, before: Any = old) -> None:
        was, right = (part.argmax(1) == 0 for part in (before, scores))
        rows[name] = {"accuracy": right.mean(), "nfr": (was & ~right).mean()}

    plain = triple.scores("new", triple.method("plain"), "test")
    note("plain", plain)
    note("plain, other tokenizer", plain, other)
    for name in RECIPES:
        before = other if "other tokenizer" in name else old
        note(name, triple.scores("new", triple.method(name), "test"), before)
    note("ensemble (at inference)", np.log(soften(old) + soften(plain)))
    note("re-ranking (at inference)", rerank(plain, old))
    weight, blended = choose_blend(triple)
    note("blend", triple.scores("new", blended, "test"))
    rows["blend"]["weight"] = weight
    rows["old"] = {"accuracy": (old.argmax(1) == 0).mean(), "nfr": 0.0}
    return rows


def choose_blend(triple: ChoiceTriple) -> tuple[float, Path]:
    """Return the blend of plain and kd_old that validation chooses: no less right, fewest flips."""
    plain, compatible = triple.method("plain"), triple.method("kd_old, choice")
    old = triple.scores("old", triple.task("old"), "held").argmax(1) == 0
    least = (triple.scores("new", plain, "held").argmax(1) == 0).mean()
    tried = []
    for share in WEIGHTS:
        output = triple.folder / f"blend-{share}-{plain.name[-6:]}-{compatible.name[-6:]}"
        if not output.exists():
            blend_adapters(str(plain), str(compatible), share, str(output))
        right = triple.scores("new", output, "held").argmax(1) == 0
        broken = (old & ~right).mean()
        tried.append((right.mean() < least, broken, share, output))
    _, _, chosen, folder = min(tried)
    return chosen, folder


def try_slower(update: str, slower: float, folder: Path) -> dict[str, Any]:
    """Try learning rates of large bases on triple 0; return accuracy and NFR on validation."""
    triple = ChoiceTriple(0, update, LargeScale(1, 2000, 300, 2000, slower=slower), folder)
    was = triple.scores("old", triple.task("old"), "held").argmax(1) == 0
    rows: dict[str, Any] = {"old": {"accuracy": was.mean()}}
    for name in ("plain", "ce", "muscle", "kd_mix", "kd_mix, choice"):
        right = triple.scores("new", triple.method(name), "held").argmax(1) == 0
        rows[name] = {"accuracy": right.mean(), "nfr": (was & ~right).mean()}
    return rows
