"""The loss over choices: likelihoods of answers in the place of tokens."""

import math
from pathlib import Path

import pytest
import torch
from muscle.conftest import Tiny
from muscle.tiny_bases import make_choice_rows, make_tokenizer, write_rows

from compatkit.errors import ConfigError, DataError
from compatkit.muscle import MASKS, MuscleConfig, finetune_adapter, train_adapter
from compatkit.muscle.batches import Collator
from compatkit.muscle.choices import over_choices
from compatkit.muscle.data import read_examples
from compatkit.muscle.loss import DenseTeacher, Predicted, combine_losses

ROWS = [
    {"prompt": "w0 w1", "choices": ["w2", "w3 w4", "w5 w6 w7"], "answer": 1},
    {"prompt": "w9", "choices": ["w8", "w9 w9"], "answer": "w8"},
]


def read(tmp_path: Path, rows: list[dict[str, object]], **values: object):
    config = MuscleConfig(**{"tokens": "choice", **values})
    path = write_rows(tmp_path / "data.jsonl", rows)
    return read_examples(str(path), make_tokenizer(), config, None).rows


def test_rows_of_choices(tmp_path: Path) -> None:
    first, second = read(tmp_path, ROWS)
    assert [each.tokens for each in first.choices] == [
        (0, 6, 7, 8), (0, 6, 7, 9, 10), (0, 6, 7, 11, 12, 13)
    ]  # fmt: skip
    assert [each.answer for each in first.choices] == [3, 3, 3]
    assert (first.right, second.right) == (1, 0)
    # To the losses over tokens the right choice is a completion as any other.
    pair = {"prompt": "w0 w1", "completion": "w3 w4"}
    (same,) = read(tmp_path, [pair], tokens="all")
    assert (first.tokens, first.answer) == (same.tokens, same.answer)


def test_a_batch_has_a_row_for_each_choice(tmp_path: Path) -> None:
    batch = Collator(2, "choice")(read(tmp_path, ROWS))
    assert batch["labels"].tolist() == [
        [-100, -100, -100, 8, -100, -100],
        [-100, -100, -100, 9, 10, -100],
        [-100, -100, -100, 11, 12, 13],
        [-100, -100, 14, -100, -100, -100],
        [-100, -100, 15, 15, -100, -100],
    ]
    assert batch["choice_example"].tolist() == [0, 0, 0, 1, 1]
    assert batch["choice_place"].tolist() == [0, 1, 2, 0, 1]
    assert batch["choice_right"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"choices": "w2"}, "choices is 'w2'; a list of texts was expected. CSV and TSV know none"),
        ({"choices": ["w2"]}, "a list of texts"),
        ({"choices": ["w2", " "]}, "a list of texts"),
        ({"choices": ["w2", "w2"]}, "two of the choices are alike"),
        ({"answer": 3}, "the reference is 3; a choice's index, 0 to 2"),
        ({"answer": -1}, "a choice's index"),
        ({"answer": True}, "a choice's index"),
        ({"answer": "w9"}, "or its text was expected"),
        ({"answer": "D"}, "its letter, A to C, or its text was expected"),
        ({"answer": None}, "Pass --answer-field"),
    ],
)
def test_wrong_choices_are_refused_with_their_line(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, [ROWS[0], {**ROWS[0], **change}])
    assert "data.jsonl:2: " in str(caught.value)


@pytest.mark.parametrize("answer", [1, "1", "B", "w3 w4"])
def test_the_right_choice_is_an_index_a_letter_or_its_text(tmp_path: Path, answer: object) -> None:
    (row,) = read(tmp_path, [{**ROWS[0], "answer": answer}])
    assert row.right == 1


def test_a_row_without_choices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no field 'choices' beside 'prompt'"):
        read(tmp_path, [{"prompt": "w0", "completion": "w1"}])


def test_choices_that_the_model_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the same tokens to the model"):
        read(tmp_path, [{"prompt": "w0", "choices": ["unknown", "unheard"], "answer": 0}])


def test_a_row_with_both_is_a_pair_unless_the_loss_is_over_choices(tmp_path: Path) -> None:
    row = {"prompt": "w0", "completion": "w1", "choices": ["w2", "w3"]}
    (pair,) = read(tmp_path, [row], tokens="completion")
    assert pair.choices == ()
    (asked,) = read(tmp_path, [{**row, "answer": 0}])
    assert len(asked.choices) == 2


@pytest.mark.parametrize(
    ("tokens", "right", "size"),
    [("choice", 0, 6), ("choice", 1, 6), ("completion", 0, 5), ("completion", 1, 7), ("all", 0, 5)],
)
def test_what_is_too_long_is_what_is_learnt(
    tmp_path: Path, tokens: str, right: int, size: int
) -> None:
    # The choices have 4 and 6 tokens with the prompt; a completion has the token of end too.
    row = {"prompt": "w0 w1", "choices": ["w2", "w3 w4 w5"], "answer": right}
    path = str(write_rows(tmp_path / "data.jsonl", [row]))
    config = MuscleConfig(tokens=tokens)
    assert len(read_examples(path, make_tokenizer(), config, size).rows) == 1
    with pytest.raises(DataError, match=f"{size} tokens; the longest example that fits"):
        read_examples(path, make_tokenizer(), config, size - 1)


def test_an_example_that_fits_is_not_counted_as_cut(tmp_path: Path) -> None:
    row = {"prompt": "w0 w1", "choices": ["w2", "w3 w4 w5 w6 w7"], "answer": 0}
    config = MuscleConfig(tokens="completion", too_long="cut")
    path = write_rows(tmp_path / "data.jsonl", [row])
    assert read_examples(str(path), make_tokenizer(), config, 5).cut == 0


def test_choices_cannot_be_cut() -> None:
    with pytest.raises(ConfigError, match="a choice that is cut"):
        MuscleConfig(tokens="choice", too_long="cut")


def _random_batch(tmp_path: Path, seed: int):
    """Return a batch, logits of three models on it, and the scores of choices by a plain loop."""
    draw = torch.Generator().manual_seed(seed)
    batch = Collator(2, "choice")(read(tmp_path, ROWS))
    shape = (*batch["input_ids"].shape, 20)
    logits = [torch.randn(shape, generator=draw, dtype=torch.float64) for _ in range(3)]
    scores = []
    for each in logits:
        rows = [
            sum(
                float(each[row, at - 1].log_softmax(-1)[label])
                for at, label in enumerate(labels)
                if label != -100
            )
            for row, labels in enumerate(batch["labels"].tolist())
        ]
        scores.append([rows[:3], rows[3:]])
    return batch, logits, scores


def _plain_loss(scores, mask: str, temperature: float) -> float:
    """Eq. 1 over choices, example by example."""

    def soften(values):
        powers = [math.exp(each / temperature) for each in values]
        return [each / sum(powers) for each in powers]

    total = 0.0
    for right, student, old, new in zip((1, 0), *scores, strict=True):
        wrong = max(student) > student[right]
        weight = {"student_wrong": float(wrong), "all": 1.0, "half": 0.5}[mask]
        p, a, b = soften(student), soften(old), soften(new)
        for teacher, share in ((a, weight), (b, 1 - weight)):
            total += share * sum(
                t * (math.log(t) - math.log(s)) for t, s in zip(teacher, p, strict=True)
            )
    return total / 2


@pytest.mark.parametrize("mask", ["student_wrong", "all", "half"])
@pytest.mark.parametrize("seed", range(4))
def test_the_loss_over_choices_against_a_plain_loop(tmp_path: Path, mask: str, seed: int) -> None:
    batch, logits, scores = _random_batch(tmp_path, seed)
    predicted = Predicted.of(logits[0], batch["labels"])
    counted = batch["labels"][:, 1:] != -100
    teachers = [DenseTeacher.of(each[:, :-1][counted], predicted.labels) for each in logits[1:]]
    chosen, *made = over_choices(predicted, *teachers, batch)
    found = combine_losses(chosen, *made, mask=mask, temperature=2.0)
    assert float(found.loss) == pytest.approx(_plain_loss(scores, mask, 2.0), rel=1e-5)
    assert int(found.tokens) == 2


@pytest.mark.parametrize("mask", sorted(MASKS))
def test_every_mask_serves_choices(tmp_path: Path, mask: str) -> None:
    batch, logits, _ = _random_batch(tmp_path, 9)
    student = logits[0].float().requires_grad_()
    predicted = Predicted.of(student, batch["labels"])
    counted = batch["labels"][:, 1:] != -100
    teachers = [DenseTeacher.of(each[:, :-1][counted], predicted.labels) for each in logits[1:]]
    chosen, *made = over_choices(predicted, *teachers, batch)
    loss = combine_losses(chosen, *made, mask=mask).loss
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(student.grad).all()


def test_training_over_choices(tiny: Tiny, tmp_path: Path) -> None:
    data = str(write_rows(tmp_path / "choices.jsonl", make_choice_rows(16)))
    lines: list[dict[str, float]] = []
    config = tiny.having(tmp_path / "out", data=data, tokens="choice", select="compatibility")
    train_adapter(config, progress=lines.append)
    seen = next(each for each in lines if "eval_nfr" in each)
    assert 0 <= seen["eval_accuracy"] <= 1

    assert all(math.isfinite(each["loss"]) for each in lines if "loss" in each)
    assert "Per question" in (tmp_path / "out" / "README.md").read_text()
    made = finetune_adapter(tiny.having(tmp_path / "task", data=data, tokens="choice"))
    assert (Path(made.output) / "adapter_config.json").exists()


def test_validation_counts_questions_whatever_the_batches(tiny: Tiny, tmp_path: Path) -> None:
    data = str(write_rows(tmp_path / "choices.jsonl", make_choice_rows(7)))
    seen = []
    for size in (1, 3, 7):
        config = tiny.having(
            tmp_path / str(size), data=data, validation=data, tokens="choice", epochs=1,
            batch_size=size, learning_rate=1e-12,
        )  # fmt: skip
        seen.append(train_adapter(config).record.epochs[-1])
    for other in seen[1:]:
        for name in ("cross_entropy", "accuracy", "old_accuracy", "nfr"):
            assert other[name] == pytest.approx(seen[0][name], rel=1e-4)
    assert seen[0]["old_accuracy"] * 7 == pytest.approx(round(seen[0]["old_accuracy"] * 7))


def test_a_cache_teaches_choices_exactly(tiny: Tiny, tmp_path: Path) -> None:
    data = str(write_rows(tmp_path / "choices.jsonl", make_choice_rows(16)))
    said = []
    for name, cache in (("online", None), ("cached", str(tmp_path / "cache"))):
        lines: list[dict[str, float]] = []
        config = tiny.having(
            tmp_path / name, data=data, tokens="choice", cache=cache, cache_top_k=2
        )
        train_adapter(config, progress=lines.append)
        said.append([each["loss"] for each in lines if "loss" in each])
    assert said[0] == pytest.approx(said[1], abs=1e-5)


def turn_words(base: Path, folder: Path) -> Path:
    """Save the same model under a tokenizer whose words have other numbers."""
    import transformers
    from muscle.tiny_bases import WORDS

    model = transformers.LlamaForCausalLM.from_pretrained(base)
    order = torch.tensor([*range(6), *reversed(range(6, 46))])
    for table in (model.get_input_embeddings(), model.get_output_embeddings()):
        table.weight.data = table.weight.data[order].contiguous()
    model.save_pretrained(folder)
    make_tokenizer(WORDS[::-1]).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("cached", [False, True])
def test_an_old_model_reads_choices_by_its_own_tokenizer(
    tiny: Tiny, tmp_path: Path, cached: bool
) -> None:
    """The same old model under other numbers of words teaches the same, to the digit."""
    data = str(write_rows(tmp_path / "choices.jsonl", make_choice_rows(16)))
    plain = Path(str(tiny.config.old_base))
    losses, notes = [], []
    for name, base in (("same", plain), ("turned", turn_words(plain, tmp_path / "turned-base"))):
        lines: list[dict[str, float]] = []
        cache = str(tmp_path / "cache") if cached else None
        config = tiny.having(
            tmp_path / name, old_base=str(base), old_adapter=None, data=data, tokens="choice",
            method="kd_mix", cache=cache,
        )  # fmt: skip
        notes.append(" ".join(train_adapter(config, progress=lines.append).notes))
        losses.append([line["loss"] for line in lines if "loss" in line])
        losses.append([line["eval_nfr"] for line in lines if "eval_nfr" in line])
    assert losses[2:] == [pytest.approx(values, abs=1e-6) for values in losses[:2]]
    assert "each model reads by its own tokenizer" in notes[1]
    assert "own tokenizer" not in notes[0]
    with pytest.raises(DataError, match=r"differ in 40.*with --tokens choice"):
        train_adapter(tiny.having(tmp_path / "all", old_base=str(base), old_adapter=None))


def test_questions_without_a_right_answer_teach_what_both_models_say(
    tiny: Tiny, tmp_path: Path
) -> None:
    """The same questions with and without their labels give the same losses by kd_mix."""
    rows = make_choice_rows(16)
    bare = [{key: row[key] for key in ("prompt", "choices")} for row in rows]
    few = str(write_rows(tmp_path / "few.jsonl", rows[:2]))
    losses = []
    for name, field in (("labelled", "answer"), ("unlabelled", "nothing")):
        more = str(write_rows(tmp_path / f"{name}.jsonl", rows if field == "answer" else bare))
        lines: list[dict[str, float]] = []
        config = tiny.having(
            tmp_path / name, data=few, validation=few, unlabelled=more, tokens="choice",
            method="kd_mix", epochs=1,
        )  # fmt: skip
        made = train_adapter(config, progress=lines.append)
        assert "16 examples have no label" in made.notes
        assert more in made.record.data
        losses.append([line["loss"] for line in lines if "loss" in line])
        # Of a step of 8 examples at most 2 are labelled, and these alone are counted.
        seen = [line["student_accuracy"] for line in lines if "student_accuracy" in line]
        assert all(value in {0, 0.5, 1} for value in seen)
    assert losses[0] == losses[1]
    assert len(losses[0]) == 3


@pytest.mark.parametrize(
    "values",
    [
        {"method": "muscle"},
        {"method": "ce"},
        {"method": "kd_mix", "tokens": "all"},
        {"method": "kd_mix", "ce_weight": 0.1},
        {"mask": "token_odds"},
    ],
)
def test_what_needs_a_label_takes_no_unlabelled_questions(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="unlabelled: only a loss over the choice"):
        MuscleConfig(**{"tokens": "choice", "unlabelled": "more.jsonl", **values})


def test_an_unlabelled_question_needs_no_answer_and_reads_none(tmp_path: Path) -> None:
    path = str(write_rows(tmp_path / "data.jsonl", [{**ROWS[0], "answer": "nonsense"}]))
    config = MuscleConfig(tokens="choice")
    (row,) = read_examples(path, make_tokenizer(), config, None, labelled=False).rows
    assert row.right == -100
    assert len(row.choices) == 3
