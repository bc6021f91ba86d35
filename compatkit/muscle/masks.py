"""Masks: on which tokens the student learns from the old model, and how much.

To add one: a function from `Tokens` to a weight per token, and a line in `MASKS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MASKS", "Mask", "Tokens"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a mask may look at: the tokens that are predicted and counted, padding left out.

    Every column has the shape (tokens,).

    Attributes:
        sequence: the number of the sequence in its batch that a token belongs to.
        student_right: whether the student's likeliest token is the right one.
        old_right: the same of the old model.
        student_gold: the student's log-probability of the right token, at temperature 1.
        old_gold: the old model's.
        new_gold: that of the new model's task adapter.
    """

    sequence: "Tensor"
    student_right: "Tensor"
    old_right: "Tensor"
    student_gold: "Tensor"
    old_gold: "Tensor"
    new_gold: "Tensor"


Mask = Callable[[Tokens], "Tensor"]


def mask_student_wrong(tokens: Tokens) -> "Tensor":
    """Learn from the old model where the student is wrong: MUSCLE, eq. 1."""
    return (~tokens.student_right).float()


def mask_old_right(tokens: Tokens) -> "Tensor":
    """Learn from the old model where it is right."""
    return tokens.old_right.float()


def mask_all(tokens: Tokens) -> "Tensor":
    """Learn from the old model everywhere."""
    return tokens.student_gold.new_ones(tokens.student_gold.shape)


def mask_token_likelihood(tokens: Tokens) -> "Tensor":
    """Learn from the old model where it finds the right token likelier than the student does."""
    return (tokens.student_gold < tokens.old_gold).float()


def mask_sequence_likelihood(tokens: Tokens) -> "Tensor":
    """Let the tokens of a sequence vote by `token_likelihood`; the majority holds for all."""
    return (_mean_of_sequence(mask_token_likelihood(tokens), tokens) > 0.5).float()  # noqa: PLR2004


def weigh_half(tokens: Tokens) -> "Tensor":
    """Learn from both models alike, everywhere: distillation without a mask."""
    return mask_all(tokens) / 2


def weigh_token_odds(tokens: Tokens) -> "Tensor":
    """Weigh the teachers by what each gives the right token: p_old / (p_old + p_new)."""
    return (tokens.old_gold - tokens.new_gold).sigmoid()


def weigh_sequence_odds(tokens: Tokens) -> "Tensor":
    """Weigh the teachers by the likelihood that each gives the whole sequence."""
    gap = tokens.old_gold - tokens.new_gold
    return (_sum_of_sequence(gap, tokens)).sigmoid()


def _sum_of_sequence(values: "Tensor", tokens: Tokens) -> "Tensor":
    size = int(tokens.sequence.max()) + 1 if tokens.sequence.numel() else 0
    return values.new_zeros(size).index_add(0, tokens.sequence, values)[tokens.sequence]


def _mean_of_sequence(values: "Tensor", tokens: Tokens) -> "Tensor":
    ones = values.new_ones(values.shape)
    return _sum_of_sequence(values, tokens) / _sum_of_sequence(ones, tokens)


MASKS: dict[str, Mask] = {
    "student_wrong": mask_student_wrong,
    "old_right": mask_old_right,
    "all": mask_all,
    "token_likelihood": mask_token_likelihood,
    "sequence_likelihood": mask_sequence_likelihood,
    "half": weigh_half,
    "token_odds": weigh_token_odds,
    "sequence_odds": weigh_sequence_odds,
}
