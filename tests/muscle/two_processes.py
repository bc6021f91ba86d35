"""One of two processes: take the first step on 8 examples and write its gradients.

python -m torch.distributed.run --nproc_per_node 2 two_processes.py FOLDER...
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
import transformers

from compatkit.muscle.batches import Collator
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.data import read_examples
from compatkit.muscle.models import load_old, load_student, open_base
from compatkit.muscle.teachers import OnlineTeachers
from compatkit.muscle.trainer import MuscleTrainer, make_arguments


def take_step(folder: Path) -> None:
    """Train one step of 2 processes, 2 sequences and 2 batches, as the folder's configuration."""
    config = MuscleConfig(**json.loads((folder / "config.json").read_text()))
    base = open_base(config.new_base)
    rows = read_examples(config.data, base.tokenizer, config, None).rows[:8]
    student = load_student(config.new_base, str(config.new_adapter), "float32")
    old = load_old(str(config.old_base), config.old_adapter, "float32")
    found: dict[str, torch.Tensor] = {}

    class Watch(transformers.TrainerCallback):
        def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
            parameters = student.named_parameters()
            found.update({n: w.grad.clone() for n, w in parameters if w.grad is not None})

    arguments = make_arguments(config, str(folder / "checkpoints"), 1)
    arguments.eval_strategy = arguments.save_strategy = "no"
    arguments.load_best_model_at_end = False
    arguments.max_steps = 1
    arguments.max_grad_norm = 0  # which would scale what is compared
    trainer = MuscleTrainer(
        config=config,
        teachers=OnlineTeachers(old, student),
        model=student,
        args=arguments,
        train_dataset=list(rows),
        data_collator=Collator(base.padding, config.tokens),
        callbacks=[Watch()],
    )
    if trainer.accelerator.num_processes != 2:
        raise SystemExit(f"{trainer.accelerator.num_processes} processes")
    trainer.train()
    torch.save(found, folder / f"gradients-{trainer.accelerator.process_index}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:]:
        take_step(Path(name))
