"""The loss over spans: likelihoods of the same characters in the place of tokens."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from muscle.conftest import Tiny
from muscle.tiny_bases import make_base, make_pieces, make_rows, make_tokenizer, write_rows

from compatkit.errors import ConfigError, DataError
from compatkit.muscle import MASKS, MuscleConfig, finetune_adapter, train_adapter
from compatkit.muscle.batches import Collator
from compatkit.muscle.data import read_examples
from compatkit.muscle.loss import DenseTeacher, Predicted, combine_losses, divergence
from compatkit.muscle.spans import binary_divergence, over_spans

ROWS = [
    {"prompt": "w12 w3", "completion": "w30 w5"},
    {"prompt": "w9", "completion": "w21"},
]


def read(
    tmp_path: Path, *, apart: bool = True, tokenizer: Any = None, rows: Any = None, **values: Any
) -> Any:
    config = MuscleConfig(**{"tokens": "span", **values})
    path = write_rows(tmp_path / "data.jsonl", rows or ROWS)
    old = make_pieces() if apart else None
    new = tokenizer or make_tokenizer()
    return read_examples(str(path), new, config, None, old_tokenizer=old).rows


@pytest.mark.parametrize(
    ("teacher", "student", "temperature", "nats"),
    [
        # p log(p / q) + (1 - p) log((1 - p) / (1 - q)), by hand.
        (0.5, 0.25, 1.0, 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)),
        (0.9, 0.1, 1.0, 0.9 * math.log(9) + 0.1 * math.log(1 / 9)),
        # The powers of 1/2: 0.3 against 0.6, and of 1/4.
        (0.09, 0.36, 2.0, 0.3 * math.log(0.5) + 0.7 * math.log(0.7 / 0.4)),
        (0.5**4, 0.25**4, 4.0, 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)),
        (0.4, 0.4, 3.0, 0.0),
    ],
)
def test_binary_divergence_by_hand(
    teacher: float, student: float, temperature: float, nats: float
) -> None:
    old, new = (torch.tensor([value], dtype=torch.float64).log() for value in (teacher, student))
    assert float(binary_divergence(old, new, temperature)) == pytest.approx(nats, abs=1e-5)


LOGS = st.lists(st.floats(-30, 0), min_size=1, max_size=5)


@given(LOGS, st.floats(-30, 0), st.sampled_from([1.0, 2.0, 100.0]))
def test_binary_divergence_is_finite_and_no_less_than_0(
    teachers: list[float], student: float, temperature: float
) -> None:
    teacher = torch.tensor(teachers, dtype=torch.float64)
    asked = torch.full_like(teacher, student).requires_grad_()
    nats = binary_divergence(teacher, asked, temperature)
    nats.sum().backward()
    assert torch.isfinite(nats).all()
    assert torch.isfinite(asked.grad).all()
    assert (nats >= -1e-12).all()
    assert (binary_divergence(teacher, teacher, temperature) == 0).all()


@pytest.mark.parametrize("temperature", [1.0, 2.0, 100.0])
def test_the_gradient_is_that_of_the_formula(temperature: float) -> None:
    draw = torch.Generator().manual_seed(3)
    teacher, student = -5 * torch.rand(2, 12, generator=draw, dtype=torch.float64)
    student.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda logs: binary_divergence(teacher, logs, temperature), (student,)
    )


@pytest.mark.parametrize("seed", range(3))
def test_two_outcomes_of_many_diverge_no_more_than_all_of_them(seed: int) -> None:
    """To one tokenizer a token's divergence is a lower bound of the whole; of two words, equal."""
    draw = torch.Generator().manual_seed(seed)
    for words in (2, 7):
        old, new = torch.randn(2, 30, words, generator=draw, dtype=torch.float64)
        labels = torch.randint(words, (30, 1), generator=draw)
        old_gold, new_gold = (side.log_softmax(-1).gather(-1, labels)[:, 0] for side in (old, new))
        whole, part = divergence(old, new, 1.0), binary_divergence(old_gold, new_gold, 1.0)
        assert (part <= whole + 1e-4).all()
        if words == 2:
            assert torch.allclose(part, whole.double(), atol=1e-4)


def test_a_batch_has_the_same_spans_for_both_models(tmp_path: Path) -> None:
    batch = Collator(2, "span")(read(tmp_path))
    # w30, w5 and the end; w21 and the end.
    assert batch["span"].tolist() == [0, 1, 2, 3, 4]
    assert batch["old"]["span"].tolist() == [0, 0, 1, 1, 2, 3, 3, 4]
    assert batch["span_sequence"].tolist() == [0, 0, 0, 1, 1]
    assert batch["labels"].tolist() == [
        [-100, -100, -100, 36, 11, 1],
        [-100, -100, 27, 1, -100, -100],
    ]
    counted = (batch["old"]["labels"][:, 1:] != -100).sum()
    assert int(counted) == len(batch["old"]["span"])


def _answers(batch: Any, seed: int) -> tuple[Predicted, DenseTeacher, DenseTeacher]:
    draw = torch.Generator().manual_seed(seed)
    made = []
    for side in (batch, batch["old"], batch):
        shape = (*side["labels"].shape, 50)
        logits = 4 * torch.randn(shape, generator=draw, dtype=torch.float64)
        made.append(Predicted.of(logits, side["labels"]))
    student, old, new = made
    return student, DenseTeacher.of(old.logits, old.labels), DenseTeacher.of(new.logits, new.labels)


@pytest.mark.parametrize("mask", ["student_wrong", "all", "half", "token_odds", "sequence_odds"])
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_over_spans_against_a_plain_loop(tmp_path: Path, mask: str, seed: int) -> None:
    batch = Collator(2, "span")(read(tmp_path))
    student, old, new = _answers(batch, seed)
    spans, *teachers = over_spans(student, old, new, batch)
    loss = combine_losses(spans, *teachers, mask=mask, temperature=2.0)

    owners = {"student": batch["span"], "old": batch["old"]["span"], "new": batch["span"]}
    sides: dict[str, Predicted | DenseTeacher] = {"student": student, "old": old, "new": new}
    logs = {name: [0.0] * 5 for name in sides}
    right = dict.fromkeys(range(5), True)
    for name, side in sides.items():
        for owner, gold, fits in zip(
            owners[name].tolist(), side.gold.tolist(), side.right.tolist(), strict=True
        ):
            logs[name][owner] += gold
            if name == "student":
                right[owner] = right[owner] and fits
    gaps = [logs["old"][at] - logs["new"][at] for at in range(5)]
    total = 0.0
    for at, part in enumerate([slice(3), slice(3), slice(3), slice(3, 5), slice(3, 5)]):
        weight = {
            "student_wrong": float(not right[at]),
            "all": 1.0,
            "half": 0.5,
            "token_odds": 1 / (1 + math.exp(-gaps[at])),
            "sequence_odds": 1 / (1 + math.exp(-sum(gaps[part]))),
        }[mask]
        q = math.exp(logs["student"][at] / 2)
        for name, share in (("old", weight), ("new", 1 - weight)):
            p = math.exp(logs[name][at] / 2)
            total += share * (p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q)))
    assert float(loss.loss) == pytest.approx(total / 5, abs=1e-4)
    assert int(loss.tokens) == int(loss.labelled) == 5


@pytest.mark.parametrize("mask", sorted(MASKS))
def test_to_one_tokenizer_of_two_words_the_loss_is_that_over_tokens(
    tmp_path: Path, mask: str
) -> None:
    """Spans are tokens, and two outcomes are all there are: every mask, at temperature 1."""
    rows = read(tmp_path, apart=False)
    batch = Collator(2, "span")(rows)
    assert "old" not in batch
    draw = torch.Generator().manual_seed(5)
    labels = torch.where(batch["labels"] == -100, -100, batch["labels"] % 2)
    students = [torch.randn((*labels.shape, 2), generator=draw) for _ in range(3)]
    predicted = Predicted.of(students[0], labels)
    taught = [Predicted.of(logits, labels) for logits in students[1:]]
    teachers = [DenseTeacher.of(side.logits, side.labels) for side in taught]
    plain = combine_losses(predicted, *teachers, mask=mask, temperature=1.0)
    spans, *of_spans = over_spans(predicted, teachers[0], teachers[1], batch)
    loss = combine_losses(spans, *of_spans, mask=mask, temperature=1.0)
    assert float(loss.loss) == pytest.approx(float(plain.loss), abs=1e-4)
    assert float(loss.old_share) == pytest.approx(float(plain.old_share), abs=1e-5)
    assert int(loss.student_right) == int(plain.student_right)


def train(
    tiny: Tiny, output: Path, **values: object
) -> tuple[Any, list[float], list[Mapping[str, Any]]]:
    lines: list[Mapping[str, Any]] = []
    made = train_adapter(tiny.having(output, tokens="span", **values), progress=lines.append)
    return made, [line["loss"] for line in lines if "loss" in line], lines


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an old model that reads each word as two tokens."""
    return make_base(tmp_path_factory.mktemp("pieces") / "old", 4, tokenizer=make_pieces())


@pytest.mark.parametrize("method", ["muscle", "kd_old", "kd_mix"])
def test_training_over_spans_brings_the_student_nearer(
    tiny: Tiny, tmp_path: Path, pieces: Path, method: str
) -> None:
    old = {"old_base": str(pieces), "old_adapter": None, "method": method}
    made, losses, lines = train(tiny, tmp_path / "out", epochs=6, learning_rate=2e-2, **old)
    assert sum(losses[-3:]) < sum(losses[:3])
    assert any("each model reads by its own tokenizer" in note for note in made.notes)
    measured = [line for line in lines if "eval_nfr" in line]
    assert all(0 <= line["eval_nfr"] <= 1 for line in measured)
    assert "Per span" in (tmp_path / "out" / "README.md").read_text()


def test_a_cache_teaches_spans_exactly(tiny: Tiny, tmp_path: Path, pieces: Path) -> None:
    losses = []
    for name, cache in (("online", None), ("cached", str(tmp_path / "cache"))):
        options = {"old_base": str(pieces), "old_adapter": None, "cache_top_k": 2}
        losses.append(train(tiny, tmp_path / name, cache=cache, method="kd_mix", **options)[1])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_conversations_are_compared_where_both_templates_write_one_text(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "w12"}, {"role": "assistant", "content": "w30 w5"}]
    (row,) = read(tmp_path, rows=[{"messages": turns}])
    # w30, w5, and the token of end that the template writes, as one special token of both.
    assert len(row.spans) == len(row.old[0].spans) == 3
    other = make_tokenizer(template="{% for turn in messages %}{{ turn.content }} {% endfor %}")
    with pytest.raises(DataError, match="chat templates write the conversation as other texts"):
        read(tmp_path, rows=[{"messages": turns}], tokenizer=other)


def test_every_form_has_spans(tmp_path: Path) -> None:
    (text,) = read(tmp_path, rows=[{"text": "w12 w3 w30"}])
    assert text.spans == (2, 3, 4, 5)
    choice = {"prompt": "w12", "choices": ["w3", "w30"], "answer": 1}
    (row,) = read(tmp_path, rows=[choice])
    (pair,) = read(tmp_path, rows=[{"prompt": "w12", "completion": "w30"}])
    assert (row.tokens, row.spans, row.old) == (pair.tokens, pair.spans, pair.old)


def test_what_asks_no_old_model_has_no_spans(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ce asks no old model"):
        MuscleConfig(tokens="span", method="ce")
    with pytest.raises(ConfigError, match="task adapter is trained without an old model"):
        finetune_adapter(tiny.having(tmp_path / "out", tokens="span"))
    with pytest.raises(ConfigError, match="a span that is cut"):
        MuscleConfig(tokens="span", too_long="cut")


def test_too_long_a_text_of_the_old_model_is_refused(tmp_path: Path) -> None:
    path = str(write_rows(tmp_path / "data.jsonl", make_rows(3)))
    config, sides = MuscleConfig(tokens="span"), (make_tokenizer(), make_pieces())
    rows = read_examples(path, sides[0], config, None, old_tokenizer=sides[1]).rows
    longest = max(len(row.old[0].tokens) for row in rows)
    assert longest > max(len(row.tokens) for row in rows)
    read_examples(path, sides[0], config, longest, old_tokenizer=sides[1])
    with pytest.raises(DataError, match=r"Pass --too-long skip, or"):
        read_examples(path, sides[0], config, longest - 1, old_tokenizer=sides[1])
