"""Two tiny bases, a task adapter on each and examples, made once for all tests of muscle."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from muscle.tiny_bases import make_base, make_rows, write_rows

from compatkit.muscle.config import MuscleConfig


@dataclass(frozen=True)
class Tiny:
    """A folder of tiny models, and a configuration that names them."""

    folder: Path
    config: MuscleConfig

    def having(self, output: Path | str = "", **values: Any) -> MuscleConfig:
        """Return the configuration with other values."""
        return replace(self.config, output=str(output), **values)


@pytest.fixture(autouse=True)
def _quiet():
    """Leave the warnings of other libraries to them."""
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with warnings.catch_warnings():
        for module in ("transformers", "peft", "accelerate", "torch"):
            warnings.filterwarnings("ignore", module=module)
        yield


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Make two bases that differ, and the task adapters."""
    import torch
    from peft import PeftModel

    from compatkit.checkpoints.checkpoint import load_base
    from compatkit.muscle.models import new_adapter, open_base

    folder = tmp_path_factory.mktemp("muscle")
    config = MuscleConfig(
        old_base=str(make_base(folder / "old", 1)),
        new_base=str(make_base(folder / "new", 2)),
        old_adapter=str(folder / "old-task"),
        new_adapter=str(folder / "new-task"),
        data=str(write_rows(folder / "train.jsonl", make_rows(20))),
        epochs=2,
        batch_size=4,
        gradient_accumulation=2,
        learning_rate=5e-3,
        lora_rank=2,
        lora_alpha=4,
        logging_steps=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed, side in enumerate(("old", "new")):
            torch.manual_seed(seed)
            model: PeftModel = new_adapter(load_base(open_base(str(folder / side)), "auto"), config)
            for name, weight in model.named_parameters():
                if "lora_B" in name:  # a fresh adapter changes nothing; a trained one does
                    torch.nn.init.normal_(weight, std=0.3)
            model.save_pretrained(str(folder / f"{side}-task"))
    return Tiny(folder, config)
