"""Choices: the loss of MUSCLE where a choice among given answers takes the place of a token.

An answer is scored by the log-likelihood of its tokens, as in evaluation harnesses, and the
softmax over the answers of an example is what models are taught, compared by and chosen by.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from compatkit.muscle.loss import DenseTeacher, Predicted, Teacher, find_sequences

__all__ = ["over_choices", "score_choices"]

# The score of a choice that an example lacks; finite, so that 0 * (this - this) is 0.
LOWEST = -1e30


def score_choices(gold: Tensor, sequence: Tensor, example: Tensor, place: Tensor) -> Tensor:
    """Return the log-likelihood of each choice, shape (examples, most choices), in nats.

    Args:
        gold: log-probabilities of the right tokens of all choices, shape (tokens,).
        sequence: the choice that each token belongs to, shape (tokens,).
        example: the example of each choice, shape (choices,).
        place: of the choice among those of its example, shape (choices,).

    >>> import torch
    >>> score_choices(
    ...     torch.tensor([-1.0, -2.0, -4.0]), torch.tensor([0, 0, 1]),
    ...     torch.tensor([0, 0]), torch.tensor([0, 1]),
    ... ).tolist()
    [[-3.0, -4.0]]
    """
    sums = gold.new_zeros(len(example)).index_add(0, sequence, gold)
    shape = (int(example.max()) + 1, int(place.max()) + 1)
    return gold.new_full(shape, LOWEST).index_put((example, place), sums)


def over_choices(
    predicted: Predicted, old: Teacher | None, new: Teacher | None, batch: Mapping[str, Any]
) -> tuple[Predicted, DenseTeacher | None, DenseTeacher | None]:
    """Return what a student and its teachers say about choices, from what they say about tokens.

    Args:
        predicted: the student's logits of the tokens of all choices.
        old: the old model, on the same tokens or those of its own; None where no teacher is asked.
        new: the new model's task adapter, on the student's tokens.
        batch: `choice_example` and `choice_place`, each (choices,), and `choice_right`, the place
            of the right one, (examples,); `old`, where the old model has tokens of its own.
    """
    right = batch["choice_right"]
    sequences = predicted.sequence
    of_old = find_sequences(batch["old"]["labels"]) if "old" in batch else sequences

    def score(gold: Tensor, sequence: Tensor = sequences) -> Tensor:
        return score_choices(gold, sequence, batch["choice_example"], batch["choice_place"])

    examples = torch.arange(len(right), device=right.device)
    return (
        Predicted(score(predicted.gold), right, examples),
        None if old is None else DenseTeacher.of(score(old.gold, of_old), right),
        None if new is None else DenseTeacher.of(score(new.gold), right),
    )
