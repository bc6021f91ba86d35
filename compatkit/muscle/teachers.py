"""Teachers: the old model and the new task adapter, asked while the student trains."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from compatkit.muscle.loss import DenseTeacher, Predicted, Teacher, count_tokens, select_tokens
from compatkit.muscle.models import STUDENT, TASK

__all__ = ["OnlineTeachers", "Teachers", "active_adapter"]


class Teachers(Protocol):
    """Whoever answers for the old model and for the new task adapter."""

    def ask(self, model: Any, inputs: dict[str, Any], words: int | None) -> tuple[Teacher, Teacher]:
        """Return the old and the new teacher of a batch, on its counted tokens.

        It is asked before the student's forward: adapters are switched, and switching them
        between the student's forward and its backward would leave it without gradients.

        Args:
            model: the student, wrapped as the trainer has it.
            inputs: input_ids, attention_mask, labels and keys; `old` has those of an old model with
                tokens of its own.
            words: how many words both heads know.
        """


@contextmanager
def active_adapter(model: Any, name: str) -> Iterator[None]:
    """Let another adapter of a PEFT model answer, without dropout; the student's comes back.

    Where the model has no adapter of that name, the base answers alone.
    """
    training = model.training
    model.eval()
    try:
        if name in model.peft_config:
            model.base_model.set_adapter(name, inference_mode=True)
            yield
        else:
            with model.disable_adapter():
                yield
    finally:
        model.base_model.set_adapter(STUDENT)
        model.train(training)


@dataclass(frozen=True, slots=True)
class OnlineTeachers:
    """Both teachers in memory: the old model whole, the new one as an adapter beside the student's.

    Attributes:
        old: the old base with its adapter, in eval mode and on the student's device.
        new: the PEFT model that holds the adapters `default` (the student) and `task`.
    """

    old: Any
    new: Any

    def ask(self, model: Any, inputs: dict[str, Any], words: int | None) -> tuple[Teacher, Teacher]:
        """Return both teachers' answers; see `Teachers`."""
        own = inputs.get("old", inputs)
        with torch.no_grad():
            before = self.old(**_given(own), use_cache=False).logits
            with active_adapter(self.new, TASK):
                task = model(**_given(inputs), use_cache=False).logits
            return _answer(before, own["labels"], words), _answer(task, inputs["labels"], words)


def _given(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: inputs[name] for name in ("input_ids", "attention_mask")}


def _answer(logits: Any, labels: Any, words: int | None) -> DenseTeacher:
    counted = count_tokens(labels)
    return DenseTeacher.of(select_tokens(logits, counted, words), labels[:, 1:][counted])


def predict(model: Any, inputs: dict[str, Any], words: int | None) -> Predicted:
    """Return what the student says about the counted tokens of a batch."""
    logits = model(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
    ).logits
    return Predicted.of(logits, inputs["labels"], words)
