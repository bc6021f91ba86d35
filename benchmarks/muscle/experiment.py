"""The experiment of one update: bases, task adapters, every method, answers of all."""

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from answers import make_rows
from bases import Size, make_base
from worlds import WORLDS, Examples

from compatkit.muscle import MuscleConfig, finetune_adapter, train_adapter
from compatkit.muscle.checkpoints import load_old

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Pair:
    """A new base, an old one that is as good, and an old one that is much worse.

    Attributes:
        name: of the pair.
        world: a name in `WORLDS`.
        bases: `new`, `equal` and `gap`.
        masks: whether the ablation of the masks is made here.
        more: training examples, times those of the scale.
        recipe: of the adapters, where it differs.
        again: of what goes on from the new task adapter, where it differs.
    """

    name: str
    world: str
    bases: Mapping[str, Size]
    masks: bool = False
    more: float = 1.0
    recipe: Mapping[str, Any] = field(default_factory=dict)
    again: Mapping[str, Any] = field(default_factory=dict)


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
    """Write training examples as compatkit muscle reads them."""
    rows = zip(examples.prompts.tolist(), examples.answers.tolist(), strict=True)
    lines = [
        json.dumps(
            {
                "prompt": " ".join(f"w{w}" for w in prompt),
                "completion": " ".join(f"w{w}" for w in answer),
            }
        )
        for prompt, answer in rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


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

    def spend(self, seconds: float) -> float:
        """Add to the time that was spent in this folder, in earlier runs too, and return it."""
        file = self.folder / "seconds.txt"
        spent = seconds + (float(file.read_text()) if file.exists() else 0.0)
        file.write_text(str(spent), encoding="utf-8")
        return spent

    def _config(self, output: Path, side: str, seed: int, **values: Any) -> MuscleConfig:
        recipe = {**RECIPE, **self.pair.recipe, **values}
        recipe |= {} if self.scale.epochs is None else {"epochs": self.scale.epochs}
        return MuscleConfig(
            new_base=self.bases[side], data=self.data, output=str(output), seed=seed, **recipe
        )

    def task_adapter(self, side: str, seed: int) -> Path:
        """Train the task adapter of a base; one that is there is left."""
        output = self.folder / f"{side}-task-{seed}"
        if not (output / "adapter_config.json").exists():
            shutil.rmtree(output, ignore_errors=True)  # what an interrupted run left
            finetune_adapter(self._config(output, side, seed))
        return output

    def compatibility_adapter(
        self, old: str, name: str, seed: int, options: Mapping[str, Any]
    ) -> Path:
        """Train one method's adapter of an update; one that is there is left."""
        # Trained on without a teacher it is the same adapter for every old model.
        known = "any" if options.get("method") == "ce" else old
        output = self.folder / f"{known}-{name}@{options['epochs']}-{seed}"
        if not (output / "adapter_config.json").exists():
            shutil.rmtree(output, ignore_errors=True)
            config = self._config(
                output, "new", seed, **options,
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

    def of_method(self, old: str, name: str, options: Mapping[str, Any]) -> Rows:
        """Return the answers of a method's adapters."""
        return self.pool(
            lambda seed: self.answers("new", self.compatibility_adapter(old, name, seed, options))
        )


def run_methods(
    experiment: Experiment, old: str, methods: Mapping[str, Mapping[str, Any]]
) -> dict[str, Rows]:
    """Return the answers of every method for one update, and say how long each took."""
    found = {}
    for name, options in methods.items():
        started = time.monotonic()
        found[name] = experiment.of_method(old, name, options)
        print(
            f"{experiment.pair.name} {old} {name}: {time.monotonic() - started:.0f} s", flush=True
        )
    return found
