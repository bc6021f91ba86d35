"""Spans: the loss of MUSCLE where spans of text take the place of tokens.

A span is the same characters to two models whose tokens differ (`compatkit.muscle.boundaries`),
and what the student is taught is how likely it is: KL between two outcomes, this span and any
other, softened by p^(1/T).

Source: Minixhofer et al. 2025, Universal Cross-Tokenizer Distillation via Approximate Likelihood
Matching, arXiv 2503.20083 (the binarised f-divergence, with KL as f).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from compatkit.muscle.loss import Predicted, Teacher

__all__ = ["SpanPredicted", "SpanTeacher", "binary_divergence", "over_spans"]

EPSILON = 1e-6  # nearer to 1 fp32 tells no likelihoods apart


def binary_divergence(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Return KL between the outcomes "this span" and "any other", per span, in nats.

    p log(p / q) + (1 - p) log((1 - p) / (1 - q)), with p and q the likelihoods of the span to the
    teacher and to the student, each to the power of 1/T, and times 1 - 1e-6.

    Args:
        teacher: log-likelihoods, shape (spans,).
        student: likewise.
        temperature: T.

    >>> import torch
    >>> round(float(binary_divergence(torch.tensor(0.5).log(), torch.tensor(0.25).log(), 1.0)), 4)
    0.1438
    """
    log_p, log_q = (log / temperature - EPSILON for log in (teacher, student))
    rest_p, rest_q = ((-torch.expm1(log)).log() for log in (log_p, log_q))
    return log_p.exp() * (log_p - log_q) - torch.expm1(log_p) * (rest_p - rest_q)


@dataclass(frozen=True, slots=True)
class SpanTeacher:
    """A teacher who knows how likely each span is.

    Attributes:
        gold: log-likelihood of each span, shape (spans,).
        right: whether each of its tokens is the likeliest, given those before.
    """

    gold: Tensor
    right: Tensor

    def divergence(self, student: Tensor, temperature: float) -> Tensor:
        """Return the binary divergence per span from the student's log-likelihoods."""
        return binary_divergence(self.gold, student, temperature)


@dataclass(frozen=True, slots=True)
class SpanPredicted:
    """What a student says about the spans of a batch, as `Predicted` does about tokens.

    Attributes:
        gold: log-likelihood of each span, shape (spans,), in nats.
        right: whether each of its tokens is the likeliest, given those before.
        sequence: the sequence of the batch that each span belongs to.
    """

    gold: Tensor
    right: Tensor
    sequence: Tensor

    @property
    def logits(self) -> Tensor:
        """What a teacher's divergence compares: the log-likelihoods."""
        return self.gold

    @property
    def labels(self) -> Tensor:
        """That what is right is known of every span."""
        return torch.zeros_like(self.sequence)


def over_spans(
    predicted: Predicted, old: Teacher, new: Teacher, batch: Mapping[str, Any]
) -> tuple[SpanPredicted, SpanTeacher, SpanTeacher]:
    """Return what a student and its teachers say about spans, from what they say about tokens.

    Args:
        predicted: the student's logits of the tokens of all spans.
        old: the old model, on the same tokens or those of its own.
        new: the new model's task adapter, on the student's tokens.
        batch: `span`, the span of each token, (tokens,), and `span_sequence`, the sequence of
            each span, (spans,); `old`, where the old model has tokens of its own.
    """
    sequence, span = batch["span_sequence"], batch["span"]
    of_old = batch["old"]["span"] if "old" in batch else span

    def add(answers: Teacher | Predicted, owner: Tensor) -> tuple[Tensor, Tensor]:
        sums = answers.gold.new_zeros(len(sequence)).index_add(0, owner, answers.gold)
        wrong = torch.zeros_like(sequence).index_add(0, owner, (~answers.right).long())
        return sums, wrong == 0

    return (
        SpanPredicted(*add(predicted, span), sequence),
        SpanTeacher(*add(old, of_old)),
        SpanTeacher(*add(new, span)),
    )
