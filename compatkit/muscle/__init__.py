"""MUSCLE: train an adapter of the new model that breaks less of what the old one had right.

The loss is in `loss`, what it chooses by in `masks`, the data in `data`, the teachers in
`teachers` and `cache`, the training in `trainer` and `train`. torch, transformers, accelerate
and peft are imported when one of them is used.

Source: Echterhoff et al. 2024, MUSCLE: A Model Update Strategy for Compatible LLM Evolution,
arXiv 2407.09435.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from compatkit.extras import require_extra

if TYPE_CHECKING:
    from compatkit.muscle.config import MuscleConfig
    from compatkit.muscle.loss import muscle_loss
    from compatkit.muscle.masks import MASKS
    from compatkit.muscle.train import finetune_adapter, train_adapter
    from compatkit.muscle.trainer import MuscleTrainer

__all__ = [
    "MASKS",
    "MuscleConfig",
    "MuscleTrainer",
    "finetune_adapter",
    "muscle_loss",
    "train_adapter",
]

_HOMES = {
    "MASKS": "masks",
    "MuscleConfig": "config",
    "MuscleTrainer": "trainer",
    "finetune_adapter": "train",
    "muscle_loss": "loss",
    "train_adapter": "train",
}
_HEAVY = {"loss", "train", "trainer"}


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'compatkit.muscle' has no attribute {name!r}")
    if _HOMES[name] in _HEAVY:
        require_extra("muscle")
    return getattr(import_module(f"compatkit.muscle.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
