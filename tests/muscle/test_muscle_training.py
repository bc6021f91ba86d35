"""Training: the gradients of the plain loop, teachers, checkpoints, refusals."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from muscle.conftest import Tiny
from muscle.tiny_bases import make_choice_rows, make_rows, write_rows

from compatkit.errors import ConfigError, DataError, MissingExtraError
from compatkit.muscle.batches import Collator
from compatkit.muscle.data import read_examples
from compatkit.muscle.loss import muscle_loss
from compatkit.muscle.models import load_old, load_student, open_base
from compatkit.muscle.teachers import STUDENT, TASK, OnlineTeachers, active_adapter
from compatkit.muscle.train import InterruptedTrainingError, finetune_adapter, train_adapter
from compatkit.muscle.trainer import MuscleTrainer, check_gradients, make_arguments

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def weights_of(folder: Path | str) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(str(Path(folder) / "adapter_model.safetensors"))
    return found


def same(one: Path | str, other: Path | str) -> bool:
    left, right = weights_of(one), weights_of(other)
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def plain_loss_over_choices(
    student: torch.Tensor, old: torch.Tensor, new: torch.Tensor, batch: dict[str, Any]
) -> torch.Tensor:
    """Return the mean of eq. 1 over examples, one after the other, at temperature 2."""

    def score(logits: torch.Tensor, row: int) -> torch.Tensor:
        known = logits[row].log_softmax(-1)
        labels = batch["labels"][row].tolist()
        return sum(known[at - 1, each] for at, each in enumerate(labels) if each >= 0)

    losses = []
    for example, right in enumerate(batch["choice_right"].tolist()):
        rows = (batch["choice_example"] == example).nonzero()[:, 0].tolist()
        mine, before, task = (
            torch.stack([score(each, row) for row in rows]) for each in (student, old, new)
        )
        teacher = (task if int(mine.argmax()) == right else before) / 2
        gap = teacher.log_softmax(-1) - (mine / 2).log_softmax(-1)
        losses.append((teacher.softmax(-1) * gap).sum())
    return torch.stack(losses).mean()


def having_choices(tiny: Tiny, folder: Path) -> Tiny:
    data = str(write_rows(folder / "choices.jsonl", make_choice_rows(8)))
    return Tiny(tiny.folder, tiny.having(data=data, tokens="choice"))


def gradients_of_the_plain_loop(tiny: Tiny, count: int, **loss: Any) -> dict[str, torch.Tensor]:
    """Return the gradients of eq. 1 over some examples at once, with three models in memory."""
    config = tiny.config
    base = open_base(config.new_base)
    rows = read_examples(config.data, base.tokenizer, config, None).rows[:count]
    batch = Collator(base.padding, config.tokens)(rows)
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    old = load_old(str(config.old_base), config.old_adapter, "float32")
    new = load_old(config.new_base, config.new_adapter, "float32")
    student = load_student(config.new_base, str(config.new_adapter), "float32")
    with torch.no_grad():
        teachers = [model(**given).logits for model in (old, new)]
    logits = [student(**given).logits, *teachers]
    if config.tokens == "choice":
        plain_loss_over_choices(*logits, batch).backward()
    else:
        muscle_loss(*logits, batch["labels"], **loss).backward()
    return {n: w.grad.clone() for n, w in student.named_parameters() if w.grad is not None}


def gradients_of_the_trainer(tiny: Tiny, count: int, **values: Any) -> dict[str, torch.Tensor]:
    """Return the gradients that the trainer gathers for its first step."""
    config = tiny.having(tiny.folder / "unused", **values)
    base = open_base(config.new_base)
    rows = read_examples(config.data, base.tokenizer, config, None).rows[:count]
    student = load_student(config.new_base, str(config.new_adapter), "float32")
    old = load_old(str(config.old_base), config.old_adapter, "float32")
    found: dict[str, torch.Tensor] = {}

    class Watch(transformers.TrainerCallback):
        def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
            parameters = student.named_parameters()
            found.update({n: w.grad.cpu().clone() for n, w in parameters if w.grad is not None})

    arguments = make_arguments(config, str(tiny.folder / "unused"), 1)
    arguments.eval_strategy = arguments.save_strategy = "no"
    arguments.load_best_model_at_end = False
    arguments.max_steps = 1
    arguments.max_grad_norm = 0  # which would scale what is compared
    MuscleTrainer(
        config=config,
        teachers=OnlineTeachers(old.to(arguments.device), student),
        model=student,
        args=arguments,
        train_dataset=list(rows),
        data_collator=Collator(base.padding, config.tokens),
        callbacks=[Watch()],
    ).train()
    return found


@pytest.mark.parametrize(("size", "accumulation"), [(8, 1), (4, 2), (1, 8), (3, 3)])
def test_accumulation_gives_the_gradients_of_the_plain_loop(
    tiny: Tiny, size: int, accumulation: int
) -> None:
    plain = gradients_of_the_plain_loop(tiny, 8)
    found = gradients_of_the_trainer(tiny, 8, batch_size=size, gradient_accumulation=accumulation)
    assert plain.keys() == found.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        {"tokens": "completion"},
        {"mask": "old_right", "ce_weight": 0.5},
        {"gradient_checkpointing": True},
    ],
)
def test_options_give_the_gradients_of_the_plain_loop(tiny: Tiny, values: dict[str, Any]) -> None:
    loss = {k: v for k, v in values.items() if k in {"mask", "ce_weight"}}
    changed = Tiny(tiny.folder, tiny.having(**values))
    plain = gradients_of_the_plain_loop(changed, 8, **loss)
    found = gradients_of_the_trainer(changed, 8, batch_size=4, gradient_accumulation=2)
    for name, gradient in plain.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("batch", "steps"), [(8, 1), (3, 3)])
def test_choices_give_the_gradients_of_the_plain_loop(
    tiny: Tiny, tmp_path: Path, batch: int, steps: int
) -> None:
    changed = having_choices(tiny, tmp_path)
    plain = gradients_of_the_plain_loop(changed, 8)
    found = gradients_of_the_trainer(changed, 8, batch_size=batch, gradient_accumulation=steps)
    assert found.keys() == plain.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6)


def test_two_processes_give_the_gradients_of_one(tiny: Tiny, tmp_path: Path) -> None:
    """Over tokens and over choices."""
    cases = {tmp_path / "tokens": tiny, tmp_path / "choices": having_choices(tiny, tmp_path)}
    for folder, case in cases.items():
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(case.having(batch_size=2).to_dict()))
    environment = {
        **os.environ,
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    address = ["--master_addr", "127.0.0.1", "--master_port", str(free_port())]
    done = subprocess.run(
        [*launch, *address, str(HERE / "two_processes.py"), *map(str, cases)],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for folder, case in cases.items():
        plain = gradients_of_the_plain_loop(case, 8)
        for rank in (0, 1):
            gradients = torch.load(folder / f"gradients-{rank}.pt")
            assert gradients.keys() == plain.keys()
            for name, gradient in plain.items():
                torch.testing.assert_close(gradients[name], gradient, rtol=1e-3, atol=1e-6)


def test_training_moves_the_adapter_and_writes_a_normal_one(tiny: Tiny, tmp_path: Path) -> None:
    from peft import PeftModel

    lines: list[Any] = []
    config = tiny.having(tmp_path / "made")
    made = train_adapter(config, progress=lines.append)
    assert not same(made.output, str(config.new_adapter))
    trained = [line for line in lines if "loss" in line]
    assert all(0 <= line["old_share"] <= 1 for line in trained)
    assert trained[-1]["loss"] < trained[0]["loss"]
    assert {"eval_cross_entropy", "eval_nfr"} <= {name for line in lines for name in line}
    loaded = PeftModel.from_pretrained(load_old(config.new_base, None, "float32"), made.output)
    assert list(loaded.peft_config) == [STUDENT]
    card = (tmp_path / "made" / "README.md").read_text()
    assert "Compatibility adapter" in card
    assert Path(config.new_base).name in card


def test_teachers_do_not_move(tiny: Tiny) -> None:
    student = load_student(tiny.config.new_base, str(tiny.config.new_adapter), "float32")
    copies = {
        name: weight.clone()
        for name, weight in student.named_parameters()
        if f".{STUDENT}." not in name
    }
    for name, weight in student.named_parameters():
        if f".{STUDENT}." in name:
            weight.data += 1
    ids = torch.tensor([[0, 7, 8]])
    before = student(ids).logits
    with active_adapter(student, TASK), torch.no_grad():
        task = student(ids).logits
    plain = load_old(tiny.config.new_base, tiny.config.new_adapter, "float32")(ids).logits
    assert torch.equal(task, plain)
    assert not torch.equal(task, before)
    assert torch.equal(student(ids).logits, before)
    assert all(torch.equal(dict(student.named_parameters())[n], w) for n, w in copies.items())
    assert {n for n, w in student.named_parameters() if w.requires_grad} == {
        n for n, _ in student.named_parameters() if f".{STUDENT}." in n
    }


@pytest.mark.parametrize("cached", [False, True])
def test_a_whole_checkpoint_teaches_as_base_and_adapter_do(
    tiny: Tiny, tmp_path: Path, cached: bool
) -> None:
    """With no task adapter the new model itself is the teacher, and a fresh adapter trains."""
    ids = torch.tensor([[0, 7, 8]])
    config = tiny.having(tmp_path / "made", new_adapter="none", epochs=1.0)
    config = replace(config, cache=str(tmp_path / "cache") if cached else None)
    student = load_student(config.new_base, None, "float32", config=config)
    plain = load_old(config.new_base, None, "float32")(ids).logits
    assert torch.equal(student(ids).logits, plain)
    names = {name for name, weight in student.named_parameters() if weight.requires_grad}
    for name, weight in student.named_parameters():
        if name in names:
            weight.data += 1
    with active_adapter(student, TASK), torch.no_grad():
        assert torch.equal(student(ids).logits, plain)
    assert not torch.equal(student(ids).logits, plain)
    assert names == {n for n, weight in student.named_parameters() if weight.requires_grad}
    made = train_adapter(config)
    assert any(weight.abs().max() > 0 for n, weight in weights_of(made.output).items() if "_B" in n)
    assert "new_adapter" not in made.record.files


@pytest.mark.parametrize(
    ("method", "called"),
    [("ce", "Control"), ("kd_old", "Control"), ("kd_mix", "Compatibility adapter, distilled")],
)
def test_each_method_trains(tiny: Tiny, tmp_path: Path, method: str, called: str) -> None:
    made = train_adapter(tiny.having(tmp_path / method, method=method, epochs=1.0))
    assert not same(made.output, str(tiny.config.new_adapter))
    assert called in (tmp_path / method / "README.md").read_text()


def test_cross_entropy_needs_no_old_model(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.having(tmp_path / "ce", method="ce", old_base=None, old_adapter=None, epochs=1.0)
    assert train_adapter(config).main


def test_finetune_makes_the_adapter_that_train_begins_with(tiny: Tiny, tmp_path: Path) -> None:
    made = finetune_adapter(tiny.having(tmp_path / "task", epochs=1.0))
    settings = json.loads((Path(made.output) / "adapter_config.json").read_text())
    assert (settings["r"], settings["lora_alpha"]) == (2, 4)
    assert len({name.split(".")[-1] for name in settings["target_modules"]}) == 7
    config = tiny.having(tmp_path / "made", new_adapter=made.output, epochs=1.0)
    assert train_adapter(config).main


class Stopped:
    """Sends this process Ctrl-C when a step is logged."""

    def __init__(self, step: int) -> None:
        self.step = step

    def __call__(self, line: Any) -> None:
        if line["step"] == self.step and "loss" in line:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("step", [1, 2])
def test_what_was_interrupted_resumes_to_the_same_result(
    tiny: Tiny, tmp_path: Path, step: int
) -> None:
    train_adapter(tiny.having(tmp_path / "whole"))
    cut = tiny.having(tmp_path / "cut")
    with pytest.raises(InterruptedTrainingError, match=r"--resume"):
        train_adapter(cut, progress=Stopped(step))
    with pytest.raises(ConfigError, match="--resume"):
        train_adapter(cut)
    with pytest.raises(ConfigError, match="of a training with mask 'student_wrong', not 'all'"):
        train_adapter(replace(cut, mask="all"), resume=True)
    train_adapter(cut, resume=True)
    assert same(tmp_path / "whole", tmp_path / "cut")
    epochs = [
        json.loads((tmp_path / n / "muscle.json").read_text())["epochs"] for n in ("whole", "cut")
    ]
    assert epochs[0] == epochs[1]


def test_the_same_training_twice_gives_the_same_adapter(tiny: Tiny, tmp_path: Path) -> None:
    for name in ("one", "other"):
        train_adapter(tiny.having(tmp_path / name, epochs=1.0))
    assert same(tmp_path / "one", tmp_path / "other")


def test_a_loss_that_is_no_number_ends_training(tiny: Tiny, tmp_path: Path) -> None:
    from peft import PeftModel

    broken = load_old(str(tiny.config.old_base), tiny.config.old_adapter, "float32")
    assert isinstance(broken, PeftModel)
    for name, weight in broken.named_parameters():
        if "lora_B" in name:
            weight.data.fill_(float("nan"))
    broken.save_pretrained(str(tmp_path / "broken"))
    with pytest.raises(DataError, match="step 1: the loss is nan"):
        train_adapter(tiny.having(tmp_path / "made", old_adapter=str(tmp_path / "broken")))


def test_weights_without_a_gradient_are_refused() -> None:
    model = torch.nn.Linear(2, 2)
    with pytest.raises(ConfigError, match="no gradient reaches 2 of 2 weights"):
        check_gradients(model)
    with pytest.raises(ConfigError, match="no weight at all"):
        check_gradients(model.requires_grad_(False))


def test_what_is_there_is_not_written_over(tiny: Tiny) -> None:
    with pytest.raises(ConfigError, match="holds an adapter already"):
        train_adapter(tiny.having(str(tiny.config.new_adapter)))
    with pytest.raises(ConfigError, match="no checkpoint to go on from"):
        train_adapter(tiny.having(tiny.folder / "nothing"), resume=True)
    with pytest.raises(ConfigError, match="its folder does not exist"):
        train_adapter(tiny.having(tiny.folder / "a" / "b"))
    with pytest.raises(ConfigError, match="no new_adapter; pass --new-adapter"):
        train_adapter(tiny.having(tiny.folder / "x", new_adapter=None))


def test_compatibility_chooses_the_epoch(tiny: Tiny, tmp_path: Path) -> None:
    made = train_adapter(tiny.having(tmp_path / "made", select="compatibility", nfr_weight=2.0))
    rows = made.record.epochs
    best = max(rows, key=lambda row: row["compatibility"])
    assert made.record.best == best["step"]
    for row in rows:
        assert row["compatibility"] == pytest.approx(row["accuracy"] - 2 * row["nfr"])


def test_validation_of_its_own_file(tiny: Tiny, tmp_path: Path) -> None:
    held = write_rows(tmp_path / "held.jsonl", make_rows(6, seed=5))
    made = train_adapter(tiny.having(tmp_path / "made", validation=str(held), epochs=1.0))
    assert str(held) in made.record.data
    assert made.record.steps == 3  # 20 examples train, 8 a step


def test_tensorboard_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> None:
    from compatkit.muscle import trainer

    monkeypatch.setattr(trainer, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="pip install tensorboard"):
        make_arguments(tiny.having(tensorboard=True), "folder", 10)


def test_without_an_old_model_nothing_is_said_of_it(tiny: Tiny, tmp_path: Path) -> None:
    lines: list[Any] = []
    config = tiny.having(tmp_path / "made", method="ce", select="compatibility", epochs=1)
    made = train_adapter(config, progress=lines.append)
    said = {name for line in lines for name in line}
    assert not said & {"old_share", "divergence", "eval_nfr", "eval_old_accuracy"}
    assert not {"nfr", "old_accuracy"} & set(made.record.epochs[0])
    assert any("by its accuracy alone" in note for note in made.notes)


def test_a_validation_that_is_no_number_ends_training(tiny: Tiny, tmp_path: Path) -> None:
    class Wrong(MuscleTrainer):
        def prediction_step(self, *args: Any, **kwargs: Any) -> Any:
            loss, sums, labels = super().prediction_step(*args, **kwargs)
            return loss, sums * float("nan"), labels

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("compatkit.muscle.train.MuscleTrainer", Wrong)
        with pytest.raises(DataError, match="validation: the cross-entropy is nan"):
            train_adapter(tiny.having(tmp_path / "made", epochs=1))
