"""The loss of MUSCLE: divergence from the old model or from the new one, token by token.

Source: Echterhoff et al. 2024, MUSCLE, arXiv 2407.09435, eq. 1 and eq. 5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from compatkit.muscle.batches import IGNORED
from compatkit.muscle.masks import MASKS, Mask, Tokens

__all__ = ["DenseTeacher", "Predicted", "Student", "Teacher", "combine_losses", "muscle_loss"]


class Teacher(Protocol):
    """What the loss needs to know of a teacher, for the counted tokens."""

    @property
    def gold(self) -> Tensor:
        """Log-probability of the right token, shape (tokens,), at temperature 1."""

    @property
    def right(self) -> Tensor:
        """Whether the likeliest token is the right one, shape (tokens,)."""

    def divergence(self, student: Tensor, temperature: float) -> Tensor:
        """Return KL(teacher || student) per token from the student's logits (tokens, words)."""


class Student(Protocol):
    """What the loss needs to know of the student, for the counted tokens, or spans of them."""

    @property
    def logits(self) -> Tensor:
        """What a teacher's divergence compares."""

    @property
    def labels(self) -> Tensor:
        """What is right, shape (tokens,); -100 where that is not known."""

    @property
    def sequence(self) -> Tensor:
        """The sequence of the batch that each belongs to, shape (tokens,)."""

    @property
    def gold(self) -> Tensor:
        """Log-probability of what is right, shape (tokens,), at temperature 1."""

    @property
    def right(self) -> Tensor:
        """Whether what is right is the likeliest, shape (tokens,)."""


@dataclass(frozen=True, slots=True)
class DenseTeacher:
    """A teacher whose logits are at hand.

    Attributes:
        logits: of the counted tokens, shape (tokens, words), in fp32.
        gold: log-probability of the right token, shape (tokens,), at temperature 1.
        right: whether the likeliest token is the right one, shape (tokens,).
    """

    logits: Tensor
    gold: Tensor
    right: Tensor

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor) -> "DenseTeacher":
        """Make one of logits and right tokens; no gradient goes into it."""
        logits = logits.detach().float()
        return cls(logits, gold_log_probability(logits, labels), logits.argmax(-1) == labels)

    def divergence(self, student: Tensor, temperature: float) -> Tensor:
        """Return KL(teacher || student) per token, both softened by the temperature."""
        return divergence(self.logits, student, temperature)


@dataclass(frozen=True, slots=True)
class Predicted:
    """The tokens of a batch that are predicted and counted, one after the other.

    Attributes:
        logits: of the student, shape (tokens, words), in fp32.
        labels: the right tokens, shape (tokens,).
        sequence: the sequence of the batch that each belongs to, shape (tokens,).
    """

    logits: Tensor
    labels: Tensor
    sequence: Tensor

    @property
    def gold(self) -> Tensor:
        """Log-probability of the right tokens, shape (tokens,), at temperature 1."""
        return gold_log_probability(self.logits, self.labels)

    @property
    def right(self) -> Tensor:
        """Whether the likeliest token is the right one, shape (tokens,)."""
        return self.logits.argmax(-1) == self.labels

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor, words: int | None = None) -> "Predicted":
        """Take from a batch what is counted: token i + 1 is predicted at token i."""
        counted = count_tokens(labels)
        shifted = labels[:, 1:][counted]
        return cls(select_tokens(logits, counted, words), shifted, find_sequences(labels))


def count_tokens(labels: Tensor) -> Tensor:
    """Return which tokens are predicted and counted, shape (batch, length - 1)."""
    return labels[:, 1:] != IGNORED


def find_sequences(labels: Tensor) -> Tensor:
    """Return the sequence of the batch that each counted token belongs to, shape (tokens,)."""
    return count_tokens(labels).nonzero(as_tuple=True)[0]


def select_tokens(logits: Tensor, counted: Tensor, words: int | None = None) -> Tensor:
    """Return the logits that predict the counted tokens, over the first words, in fp32."""
    return logits[:, :-1][counted][:, :words].float()


def divergence(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Return KL(teacher || student) of softened logits, per token, in nats; no T^2 factor.

    >>> import torch
    >>> divergence(torch.tensor([[2.0, 0.0]]), torch.tensor([[2.0, 0.0]]), 2.0).tolist()
    [0.0]
    """
    of_teacher = functional.log_softmax(teacher.float() / temperature, -1)
    of_student = functional.log_softmax(student.float() / temperature, -1)
    return (of_teacher.exp() * (of_teacher - of_student)).sum(-1)


def gold_log_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the log-probability of the right token, shape (tokens,), at temperature 1.

    It is 0 where the right one is not known, by the label -100.
    """
    return -functional.cross_entropy(logits.float(), labels, reduction="none")


@dataclass(frozen=True, slots=True)
class Parts:
    """A loss and what it is made of, each a scalar.

    Attributes:
        loss: eq. 5 over the tokens, divided by `num_items`.
        divergence: eq. 1, likewise; 0 where no teacher was asked.
        cross_entropy: of the student, likewise, without gradient unless it is part of the loss.
        tokens: how many were counted.
        labelled: of how many the right one is known.
        old_share: the summed weight of the old model, in tokens.
        student_right: tokens that the student has right.
    """

    loss: Tensor
    divergence: Tensor
    cross_entropy: Tensor
    tokens: Tensor
    labelled: Tensor
    old_share: Tensor
    student_right: Tensor


def combine_losses(
    predicted: Student,
    old: Teacher | None,
    new: Teacher | None,
    *,
    mask: str | Mask = "student_wrong",
    temperature: float = 2.0,
    ce_weight: float = 0.0,
    num_items: Tensor | float | None = None,
) -> Parts:
    """Return the loss of the counted tokens of a batch; see `muscle_loss`.

    Args:
        predicted: the student's logits and the right tokens.
        old: the old model; None where the loss is cross-entropy alone.
        new: the new model's task adapter; likewise.
        mask: a name in `MASKS`, or a function like those.
        temperature: T of the softened distributions.
        ce_weight: 1 - lambda of eq. 5.
        num_items: what the sum over tokens is divided by; the number of them if not said.
    """
    total = max(predicted.labels.numel(), 1) if num_items is None else num_items
    gold = predicted.gold
    right = predicted.right
    entropy = -gold.sum() / total
    kept = torch.zeros_like(entropy)
    weight = torch.zeros_like(gold)
    if old is not None and new is not None:
        function: Callable[[Tokens], Any] = MASKS[mask] if isinstance(mask, str) else mask
        with torch.no_grad():
            tokens = Tokens(predicted.sequence, right, old.right, gold.detach(), old.gold, new.gold)
            weight = function(tokens)
        kept = _weigh(predicted.logits, old, new, weight, temperature).sum() / total
        loss = kept if ce_weight == 0 else (1 - ce_weight) * kept + ce_weight * entropy
    else:
        loss = entropy
    return Parts(
        loss=loss,
        divergence=kept.detach(),
        cross_entropy=entropy.detach(),
        tokens=torch.tensor(predicted.labels.numel(), device=loss.device),
        labelled=(predicted.labels != IGNORED).sum(),
        old_share=weight.sum(),
        student_right=right.sum(),
    )


def _weigh(
    student: Tensor, old: Teacher, new: Teacher, weight: Tensor, temperature: float
) -> Tensor:
    of_old = old.divergence(student, temperature)
    of_new = new.divergence(student, temperature)
    return weight * of_old + (1 - weight) * of_new


def muscle_loss(
    student: Tensor,
    old: Tensor,
    new: Tensor,
    labels: Tensor,
    *,
    mask: str | Mask = "student_wrong",
    temperature: float = 2.0,
    ce_weight: float = 0.0,
    num_items: Tensor | float | None = None,
) -> Tensor:
    """Return the loss of MUSCLE for a batch, a scalar in nats.

    L = (1 - c) / n * sum_i [m_i KL(p_old,i || p_i) + (1 - m_i) KL(p_new,i || p_i)] + c CE, with
    p = softmax(logits / T) and no factor of T^2. Token i + 1 is predicted at token i. Only the
    student gets a gradient.

    Args:
        student: logits of the compatibility adapter, shape (batch, length, words).
        old: logits of the old model; heads padded to other sizes are cut to the smallest.
        new: logits of the new model's task adapter.
        labels: the right tokens, shape (batch, length), -100 where a token is not counted.
        mask: a name in `MASKS`, or a function from `Tokens` to weights in [0, 1].
        temperature: T.
        ce_weight: c, which is 1 - lambda of eq. 5.
        num_items: what the sum over tokens is divided by; n, the counted tokens, if not said.

    Source: Echterhoff et al. 2024, MUSCLE, arXiv 2407.09435, section 4, eq. 1 and eq. 5.

    >>> import torch
    >>> same = torch.randn(1, 3, 5)
    >>> float(muscle_loss(same, same, same, torch.tensor([[1, 2, 3]])))
    0.0
    """
    words = min(logits.shape[-1] for logits in (student, old, new))
    counted = count_tokens(labels)
    predicted = Predicted.of(student, labels, words)
    teachers = [
        DenseTeacher.of(select_tokens(logits, counted, words), predicted.labels)
        for logits in (old, new)
    ]
    return combine_losses(
        predicted,
        *teachers,
        mask=mask,
        temperature=temperature,
        ce_weight=ce_weight,
        num_items=num_items,
    ).loss
