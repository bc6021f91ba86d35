"""What every family of triples shares: where results are kept, and old models of another tokenizer.

A triple is a world, an old base and a new one, all of seeds of its own. What was trained is kept
by the hash of its recipe, whole or not at all, so that a run that was cut goes on.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from bases import Size, choose_device, make_base
from experiment import RECIPE
from worlds import BEGIN

from compatkit.muscle import MuscleConfig
from compatkit.muscle.models import load_old


@dataclass(frozen=True)
class Scale:
    """How large a run is.

    Attributes:
        triples: of each update.
        train: training examples of a triple, and as many unlabelled ones.
        held: validation examples.
        test: test examples.
        share: of the bases' steps.
        epochs: of every training; None for those of the recipes.
    """

    triples: int
    train: int
    held: int
    test: int
    share: float = 1.0
    epochs: float | None = None

    @property
    def dtype(self) -> str:
        """Return the number type of the bases' weights, in training and in answering."""
        return "float32"

    def size(self, width: int, steps: int, seed: int) -> Size:
        """Return how large a base of this width is."""
        return Size(width, 2, max(int(steps * self.share), 4), seed)

    def rate(self, recipe: float) -> float:
        """Return the learning rate in the place of a recipe's."""
        return recipe


@dataclass(frozen=True)
class LargeScale(Scale):
    """A run of larger bases in bfloat16, for a GPU.

    Attributes:
        wider: times the widths.
        layers: of every base.
        base_rate: the learning rate of the bases.
        slower: the learning rates of the recipes are divided by it; chosen on triple 0.
    """

    wider: int = 8
    layers: int = 8
    base_rate: float = 1e-3
    slower: float = 1.0

    @property
    def dtype(self) -> str:
        """Return the number type of the bases' weights, in training and in answering."""
        return "bfloat16"

    def size(self, width: int, steps: int, seed: int) -> Size:
        """Return how large a base of this width is."""
        long = max(int(steps * self.share), 4)
        return Size(self.wider * width, self.layers, long, seed, rate=self.base_rate)

    def rate(self, recipe: float) -> float:
        """Return the learning rate in the place of a recipe's."""
        return recipe / self.slower


def make_pieces(words: int) -> Any:
    """Make a tokenizer that reads each word as two tokens: another vocabulary, another length."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors  # noqa: PLC0415

    pieces = ["w", *(f"w{n}" for n in range(1, words // 10 + 1)), *map(str, range(10))]
    names = ["<s>", "</s>", "<pad>", "<unk>", *pieces]
    inner = Tokenizer(models.WordLevel({name: n for n, name in enumerate(names)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"\d$"), "isolated")]
    )
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", BEGIN)]
    )
    special = dict(zip(("bos", "eos", "pad", "unk"), names, strict=False))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, **{f"{role}_token": name for role, name in special.items()}
    )


class Pieces:
    """A world whose texts are read by the tokenizer of two tokens a word."""

    def __init__(self, world: Any) -> None:
        """Keep the world; a word of number n is the piece of n // 10 and that of n % 10."""
        self.world, self.topics = world, world.topics
        self.tens = world.size // 10 + 1
        self.size = self.tens + 10

    def texts(self, random: Any, count: int, mix: Any) -> Any:
        """Draw the texts of the world, in pieces."""
        words = self.world.texts(random, count, mix)
        return self.cut(words)

    def cut(self, words: Any) -> Any:
        """Return words as pieces, twice as many."""
        pieces = np.stack([words // 10, self.tens + words % 10], -1)
        return pieces.reshape(len(words), -1)


class Triple:
    """A world, its bases and its examples, in a folder that keeps what was made.

    Args:
        number: of the triple.
        update: `equal` or `gap`.
        scale: how large it is.
        folder: of all triples.
    """

    family = ""
    world: Any
    bases: dict[str, Path]

    def __init__(self, number: int, update: str, scale: Scale, folder: Path) -> None:
        """Say where it is kept, and its seed."""
        self.scale, self.update = scale, update
        self.seed = 1000 * (number + 1) + (500 if update == "gap" else 0)
        self.folder = folder / f"{self.family}{update}-{number}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def make_bases(self, sizes: Mapping[str, tuple[int, int, int]]) -> None:
        """Train the bases of these widths, steps and seeds; `pieces` reads by another tokenizer."""
        self.bases = {}
        for side, (wide, long, shift) in sizes.items():
            size = self.scale.size(wide, long, self.seed + shift)
            world = Pieces(self.world) if side == "pieces" else self.world
            self.bases[side] = make_base(self.folder / side, world, size)
        make_pieces(self.world.size).save_pretrained(self.bases["pieces"])

    def write(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Write examples as compatkit muscle reads them."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.folder / f"{name}.jsonl").write_text(text, encoding="utf-8")

    def adapter(self, name: str, train: Callable[[MuscleConfig], Any], **values: Any) -> Path:
        """Train an adapter by a recipe; one that is there is left."""
        few = {} if self.scale.epochs is None else {"epochs": self.scale.epochs}
        recipe = {**RECIPE, **values, **few}
        recipe["learning_rate"] = self.scale.rate(recipe["learning_rate"])
        output = self.folder / f"adapter-{digest_recipe(name, recipe, self.scale, self.folder)}"
        if not (output / "adapter_config.json").exists():
            shutil.rmtree(output, ignore_errors=True)
            data = {"data": "train", "validation": "held"}
            files = {role: str(self.folder / f"{part}.jsonl") for role, part in data.items()}
            made = {"output": str(output), "seed": self.seed, "dtype": self.scale.dtype}
            train(MuscleConfig(**{**files, **recipe, **made}))
        return output

    def keep(self, name: str, side: str, adapter: Path, ask: Callable[[Any], Any]) -> Any:
        """Return what an adapter answers, from its file; without one it is asked."""
        file = adapter / f"{name}.npy"
        if not file.exists():
            model = load_old(str(self.bases[side]), str(adapter), self.scale.dtype)
            answers = ask(model.to(choose_device()))
            np.save(file.with_suffix(".part.npy"), answers)
            file.with_suffix(".part.npy").replace(file)  # whole, or not at all
        return np.load(file)


def digest_recipe(name: str, recipe: Mapping[str, Any], scale: Scale, folder: Path) -> str:
    """Return the hash by which a result is kept: of the recipe and the scale, not of the place."""
    inside = {key: str(value).removeprefix(f"{folder}/") for key, value in recipe.items()}
    sizes = {**scale.__dict__, "triples": None}  # more triples leave those that are there
    text = json.dumps([name, inside, sizes], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
