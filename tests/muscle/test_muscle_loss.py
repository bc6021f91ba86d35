"""The loss against a plain reference of eq. 1 and eq. 5 in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from compatkit.muscle.loss import Predicted, combine_losses, muscle_loss
from compatkit.muscle.masks import MASKS, Tokens

IGNORED = -100


def softmax(logits: list[float], temperature: float = 1.0) -> list[float]:
    parts = [math.exp(each / temperature) for each in logits]
    return [each / sum(parts) for each in parts]


def kl(p: list[float], q: list[float]) -> float:
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def old_weight(mask: str, student: list, old: list, new: list, y: int) -> float:
    """Return m_i of one token, but for the mask that needs the whole sequence."""
    p_student, p_old, p_new = (softmax(each)[y] for each in (student, old, new))
    return {
        "student_wrong": float(student.index(max(student)) != y),
        "old_right": float(old.index(max(old)) == y),
        "all": 1.0,
        "token_likelihood": float(p_student < p_old),
        "half": 0.5,
        "token_odds": p_old / (p_old + p_new),
    }[mask]


def sequence_weight(mask: str, tokens: list[tuple]) -> float:
    gold = [tuple(softmax(each)[y] for each in models) for *models, y in tokens]
    if mask == "sequence_likelihood":
        return float(sum(s < o for s, o, _ in gold) > len(gold) / 2)
    p_old, p_new = math.prod(o for _, o, _ in gold), math.prod(n for _, _, n in gold)
    return p_old / (p_old + p_new)


def reference(batch, mask: str, temperature: float, ce_weight: float) -> float:
    """Eq. 1 and eq. 5, token by token; `batch` holds student, old, new, labels of each sequence."""
    total, entropy, count = 0.0, 0.0, 0
    for student, old, new, labels in batch:
        tokens = [
            (student[i], old[i], new[i], labels[i + 1])
            for i in range(len(labels) - 1)
            if labels[i + 1] != IGNORED
        ]
        for s, o, n, y in tokens:
            if mask in {"sequence_likelihood", "sequence_odds"}:
                m = sequence_weight(mask, tokens)
            else:
                m = old_weight(mask, s, o, n, y)
            q = softmax(s, temperature)
            total += m * kl(softmax(o, temperature), q) + (1 - m) * kl(softmax(n, temperature), q)
            entropy -= math.log(softmax(s)[y])
            count += 1
    return ((1 - ce_weight) * total + ce_weight * entropy) / count


def make_batch(seed: int, rows: int = 3, length: int = 5, words: int = 6):
    generator = torch.Generator().manual_seed(seed)
    logits = [3 * torch.randn(rows, length, words, generator=generator) for _ in range(3)]
    labels = torch.randint(words, (rows, length), generator=generator)
    labels[0, 3:] = IGNORED  # padding
    labels[1, :2] = IGNORED  # a prompt that does not count
    return (*logits, labels)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("temperature", "ce_weight"), [(2.0, 0.0), (1.0, 0.3), (3.5, 1.0)])
def test_the_loss_is_that_of_the_paper(mask: str, temperature: float, ce_weight: float) -> None:
    student, old, new, labels = make_batch(0)
    expected = reference(
        [tuple(each[row].tolist() for each in (student, old, new, labels)) for row in range(3)],
        mask,
        temperature,
        ce_weight,
    )
    found = muscle_loss(
        student, old, new, labels, mask=mask, temperature=temperature, ce_weight=ce_weight
    )
    assert float(found) == pytest.approx(expected, rel=1e-5)


@given(seed=st.integers(0, 1000), mask=st.sampled_from(sorted(MASKS)))
@settings(max_examples=40, deadline=None)
def test_what_padding_holds_changes_nothing(seed: int, mask: str) -> None:
    student, old, new, labels = make_batch(seed)
    before = muscle_loss(student, old, new, labels, mask=mask)
    for each in (student, old, new):
        each[0, 2:] = 100 * torch.randn_like(each[0, 2:])
    assert torch.equal(before, muscle_loss(student, old, new, labels, mask=mask))


def test_a_token_is_predicted_at_the_one_before_it() -> None:
    student, old, new = (torch.zeros(1, 3, 4) for _ in range(3))
    old[0, 1, 2] = 9.0
    apart = {
        place: float(
            muscle_loss(
                student,
                old,
                new,
                torch.tensor([[1 if place == i else IGNORED for i in range(3)]]),
                mask="all",
                num_items=1,
            )
        )
        for place in (0, 1, 2)
    }
    assert apart[0] == 0  # nothing stands before the first
    assert apart[1] == 0
    assert apart[2] > 0.1


@pytest.mark.parametrize("mask", ["student_wrong", "sequence_odds"])
def test_the_gradient_is_that_of_finite_differences(mask: str) -> None:
    student, old, new, labels = make_batch(1)
    student.requires_grad_()
    loss = lambda logits: muscle_loss(logits, old, new, labels, mask=mask, ce_weight=0.25)  # noqa: E731
    (gradient,) = torch.autograd.grad(loss(student), student)
    step = 1e-2
    for place in [(0, 0, 0), (0, 1, 3), (1, 2, 5), (2, 3, 1)]:
        nudge = torch.zeros_like(student)
        nudge[place] = step
        with torch.no_grad():
            slope = (loss(student + nudge) - loss(student - nudge)) / (2 * step)
        assert float(gradient[place]) == pytest.approx(float(slope), rel=2e-2, abs=2e-5)
    assert float(gradient[0, 3:].abs().sum()) == 0


def test_no_gradient_goes_into_a_teacher() -> None:
    student, old, new, labels = make_batch(2)
    for each in (student, old, new):
        each.requires_grad_()
    muscle_loss(student, old, new, labels).backward()
    assert student.grad is not None
    assert old.grad is None
    assert new.grad is None


def test_heads_of_other_sizes_are_cut_to_what_all_know() -> None:
    student, old, new, labels = make_batch(3)
    wide = torch.cat([old, torch.full((3, 5, 2), 50.0)], -1)
    assert torch.equal(
        muscle_loss(student, old, new, labels), muscle_loss(student, wide, new, labels)
    )


def test_half_precision_is_compared_in_single() -> None:
    student, old, new, labels = make_batch(4)
    half = [each.bfloat16() for each in (student, old, new)]
    whole = [each.float() for each in half]
    assert torch.equal(muscle_loss(*half, labels), muscle_loss(*whole, labels))


def test_teachers_that_agree_with_the_student_leave_nothing_to_learn() -> None:
    student, _, _, labels = make_batch(5)
    assert float(muscle_loss(student, student, student, labels)) == pytest.approx(0, abs=1e-6)


def test_a_mask_of_ones_own_is_taken() -> None:
    student, old, new, labels = make_batch(6)

    def nowhere(tokens: Tokens) -> torch.Tensor:
        return torch.zeros_like(tokens.student_gold)

    assert torch.equal(
        muscle_loss(student, old, new, labels, mask=nowhere),
        muscle_loss(student, new, new, labels, mask="all"),
    )


def test_a_batch_without_counted_tokens_has_a_loss_of_zero() -> None:
    student, old, new, labels = make_batch(7)
    assert float(muscle_loss(student, old, new, torch.full_like(labels, IGNORED))) == 0


def test_the_parts_say_what_the_loss_was_made_of() -> None:
    student, _, _, labels = make_batch(8)
    parts = combine_losses(Predicted.of(student, labels), None, None)
    assert float(parts.loss) == float(parts.cross_entropy)
    assert float(parts.divergence) == 0
    assert int(parts.tokens) == int((labels[:, 1:] != IGNORED).sum())
