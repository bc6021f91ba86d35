"""The experiment of one update: bases, task adapters, every method, answers of all."""

import json
import shutil
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from answers import make_rows
from bases import Size, make_base
from worlds import WORLDS, Examples

from compatkit.muscle import MuscleConfig, finetune_adapter, train_adapter
from compatkit.muscle.models import load_old

Rows = list[dict[str, Any]]
Options = Mapping[str, Any]
Methods = Mapping[str, Options]


@dataclass(frozen=True)
class Ablation:
    """Methods that are compared beside the table of an update.

    Attributes:
        title: of the table.
        update: `equal` or `gap`.
        methods: the options of each; one of them is the control, `ce`.
        masks: whether the table stands beside the paper's of the masks.
    """

    title: str
    update: str
    methods: Methods
    masks: bool = False


@dataclass(frozen=True)
class Pair:
    """A new base, an old one that is as good, and an old one that is much worse.

    Attributes:
        name: of the pair.
        world: a name in `WORLDS`.
        bases: `new`, `equal` and `gap`.
        methods: by update, the options of each.
        ablations: what else is compared on an update.
        more: training examples, times those of the scale.
        task: recipe of the task adapters, where it differs.
        again: recipe of what goes on from the new one, where it differs.
    """

    name: str
    world: str
    bases: Mapping[str, Size]
    methods: Mapping[str, Methods]
    ablations: tuple[Ablation, ...] = ()
    more: float = 1.0
    task: Options = field(default_factory=dict)
    again: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Attributes:
        train: training examples of a pair.
        test: test examples.
        seeds: of the task adapters.
        share: of the bases' steps.
        epochs: of every training; None for those of the recipes.
    """

    train: int
    test: int
    seeds: int
    share: float = 1.0
    epochs: float | None = None


RECIPE: dict[str, Any] = {
    "batch_size": 64,
    "gradient_accumulation": 1,
    "learning_rate": 2e-3,
    "lora_rank": 32,
    "lora_alpha": 64,
    "epochs": 5,
    "logging_steps": 1000,
    "validation_share": 0.1,
    "select": "last",
}


def make_examples(world: Any, seed: int, count: int) -> Examples:
    """Draw examples of a task."""
    found: Examples = world.examples(np.random.default_rng(seed), count)
    return found


def write_examples(path: Path, examples: Examples) -> Path:
    """Write training examples as compatkit muscle reads them; a file that is there is left."""
    if path.exists():
        return path
    rows: Rows = [{"prompt": write_words(each)} for each in examples.prompts.tolist()]
    if examples.endings is None:
        for row, answer in zip(rows, examples.answers.tolist(), strict=True):
            row["completion"] = write_words(answer)
    else:
        for row, endings in zip(rows, examples.endings.tolist(), strict=True):
            row |= {"choices": [write_words(each) for each in endings], "answer": 0}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_words(words: list[int]) -> str:
    """Return words as the tokenizers of the bases read them."""
    return " ".join(f"w{word}" for word in words)


class Experiment:
    """One pair of bases and its updates, in a folder that keeps what was made."""

    def __init__(self, pair: Pair, scale: Scale, folder: Path) -> None:
        """Draw the examples and train the bases."""
        self.pair, self.scale = pair, scale
        self.world = WORLDS[pair.world]()
        self.folder = folder / pair.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.test = make_examples(self.world, 3, scale.test)
        self.data = str(
            write_examples(
                self.folder / "train.jsonl",
                make_examples(self.world, 1, int(pair.more * scale.train)),
            )
        )
        self.bases = {}
        for side, size in pair.bases.items():
            few = Size(
                size.width, size.layers, int(size.steps * scale.share), size.seed, size.family
            )
            self.bases[side] = str(make_base(self.folder / side, self.world, few))

    def _config(self, output: Path, side: str, seed: int, **values: Any) -> MuscleConfig:
        recipe = {**RECIPE, **values}
        recipe |= {} if self.scale.epochs is None else {"epochs": self.scale.epochs}
        return MuscleConfig(
            new_base=self.bases[side], data=self.data, output=str(output), seed=seed, **recipe
        )

    def task_adapter(self, side: str, seed: int) -> Path:
        """Train the task adapter of a base; one that is there is left."""
        output = self.folder / f"{side}-task-{seed}"
        if not (output / "adapter_config.json").exists():
            shutil.rmtree(output, ignore_errors=True)  # what an interrupted run left
            finetune_adapter(self._config(output, side, seed, **self.pair.task))
        return output

    def compatibility_adapter(self, old: str, name: str, seed: int, options: Options) -> Path:
        """Train one method's adapter of an update; one that is there is left."""
        # Trained on without a teacher it is the same adapter for every old model.
        known = "any" if options.get("method") == "ce" else old
        output = self.folder / f"{known}-{name}-{seed}"
        if not (output / "adapter_config.json").exists():
            shutil.rmtree(output, ignore_errors=True)
            config = self._config(
                output, "new", seed, **{**self.pair.again, **options},
                old_base=self.bases[old], old_adapter=str(self.task_adapter(old, seed)),
                new_adapter=str(self.task_adapter("new", seed)),
            )  # fmt: skip
            train_adapter(config)
        return output

    def answers(self, side: str, adapter: Path) -> Rows:
        """Return the answers of an adapter; they are kept in a file."""
        file = adapter / "answers.json"
        if not file.exists():
            model = load_old(self.bases[side], str(adapter), "float32")
            file.write_text(json.dumps(make_rows(model, self.world, self.test)), encoding="utf-8")
        rows: Rows = json.loads(file.read_text(encoding="utf-8"))
        return rows

    def pool(self, make: Any) -> Rows:
        """Return the answers of all seeds together; an example's seeds are one group."""
        return [
            {**row, "id": f"{seed}-{row['id']}", "example": row["id"]}
            for seed in range(self.scale.seeds)
            for row in make(seed)
        ]

    def of_task(self, side: str, shift: int = 0) -> Rows:
        """Return the answers of a base's task adapters, those of other seeds with a shift."""
        seeds = self.scale.seeds
        return self.pool(
            lambda seed: self.answers(side, self.task_adapter(side, (seed + shift) % seeds))
        )

    def of_method(self, old: str, name: str, options: Options) -> Rows:
        """Return the answers of a method's adapters."""
        return self.pool(
            lambda seed: self.answers("new", self.compatibility_adapter(old, name, seed, options))
        )

    def make(self, seed: int) -> None:
        """Train all adapters of a seed and keep their answers."""
        for side in self.pair.bases:
            self.answers(side, self.task_adapter(side, seed))
        plans = [*self.pair.methods.items(), *((a.update, a.methods) for a in self.pair.ablations)]
        for old, methods in plans:
            for name, options in methods.items():
                started = time.monotonic()
                self.answers("new", self.compatibility_adapter(old, name, seed, options))
                spent = time.monotonic() - started
                print(f"{self.pair.name} {old} {name} {seed}: {spent:.0f} s", flush=True)

    def of_methods(self, old: str, methods: Methods) -> dict[str, Rows]:
        """Return the answers of some methods for one update."""
        return {name: self.of_method(old, name, options) for name, options in methods.items()}


def make_part(pair: Pair, scale: Scale, folder: Path, seed: int | None) -> None:
    """Train the bases of a pair, and the adapters of a seed where one is said."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    experiment = Experiment(pair, scale, folder)
    if seed is not None:
        experiment.make(seed)
