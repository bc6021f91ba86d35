"""The history of a training run, written while it trains."""

import json
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import IntervalStrategy

import compatkit
from compatkit.errors import DataError
from compatkit.reports.history_schema import history_schema

SIZE = 24
ROWS = [
    {"input_ids": [1, 2 + number % 5, 3 + number % 4], "attention_mask": [1, 1, 1],
     "labels": number % 5 % 2}
    for number in range(SIZE)
]  # fmt: skip


def make_trainer(folder, recorder, epochs: int = 10) -> Trainer:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=8, num_labels=2,
    )  # fmt: skip
    arguments = TrainingArguments(
        folder, num_train_epochs=epochs, eval_strategy="epoch", report_to="none", use_cpu=True,
        disable_tqdm=True, save_strategy="no", logging_strategy="no", learning_rate=0.2,
        dataloader_pin_memory=False, per_device_train_batch_size=8,
    )  # fmt: skip
    return Trainer(
        BertForSequenceClassification(config), arguments, train_dataset=ROWS, eval_dataset=ROWS,
        compute_metrics=recorder, callbacks=[recorder],
    )  # fmt: skip


def test_ten_checkpoints_of_a_training_run(tmp_path) -> None:
    recorder = compatkit.trainer_history(tmp_path / "history")
    trainer = make_trainer(tmp_path / "run", recorder)
    trainer.train()
    reports = [entry for entry in trainer.state.log_history if "eval_accuracy" in entry]
    files = sorted((tmp_path / "history" / "versions").iterdir(), key=lambda p: int(p.stem[5:]))
    assert len(reports) == len(files) == 10
    assert [path.name for path in files] == [f"step-{3 * n}.jsonl" for n in range(1, 11)]
    # A plain count over the files.
    right = np.array([
        [row["prediction"] == row["reference"]
         for row in map(json.loads, path.read_text().splitlines())]
        for path in files
    ])  # fmt: skip
    assert "eval_ever_right_now_wrong" not in reports[0]
    for number in range(1, 10):
        before = right[:number].any(axis=0)
        assert reports[number]["eval_broken"] == int((before & ~right[number]).sum())
        assert reports[number]["eval_accuracy"] == right[number].mean()
    written = json.loads((tmp_path / "history" / "history.json").read_text())
    jsonschema.validate(written, history_schema())
    of = written["history"]
    assert of["right"] == ["".join("WR"[int(r)] for r in column) for column in right.T]
    assert [version["name"] for version in of["versions"]][:2] == ["step-3", "step-6"]
    again = compatkit.history(tmp_path / "history" / "versions")
    assert again.trajectories.strings() == of["right"]
    # A prediction on other rows is of no evaluation, and the last step evaluated again is one.
    trainer.predict(ROWS[:5])
    assert trainer.evaluate()["eval_broken"] == reports[-1]["eval_broken"]
    assert len(list((tmp_path / "history" / "versions").iterdir())) == 10


def test_each_of_several_evaluation_sets_has_a_history_of_its_own(tmp_path) -> None:
    recorder = compatkit.trainer_history(tmp_path / "history")
    trainer = make_trainer(tmp_path / "run", recorder, epochs=3)
    trainer.eval_dataset = {"whole": ROWS, "../part": ROWS[:10], "turned": ROWS[::-1]}
    trainer.train()
    for name, folder, size in (
        ("whole", "whole", 24), ("../part", "%2E%2E%2Fpart", 10), ("turned", "turned", 24),
    ):  # fmt: skip
        home = tmp_path / "history" / folder
        of = json.loads((home / "history.json").read_text())["history"]
        assert [len(string) for string in of["right"]] == [3] * size
        broken = [
            entry[f"eval_{name}_broken"]
            for entry in trainer.state.log_history
            if f"eval_{name}_broken" in entry
        ]
        assert broken == [version["counts"]["broken"] for version in of["versions"]][1:]
    assert not (tmp_path / "part").exists()


def test_of_two_sets_of_the_same_references_the_files_are_complete(tmp_path) -> None:
    recorder = compatkit.trainer_history(tmp_path)
    begin(recorder)
    for step, answers in ((10, [0, 1, 0]), (20, [1, 1, 1])):
        for name, turned in (("a", answers), ("b", answers[::-1])):
            assert list(evaluate(recorder, step, turned, (0, 1, 0), name=name)) == ["accuracy"]
    for name in ("a", "b"):
        held = json.loads((tmp_path / name / "history.json").read_text())["history"]
        assert held["right"] == ["RW", "RR", "RW"]


def test_a_run_that_was_cut_goes_on_with_its_history(tmp_path) -> None:
    """By a real Trainer: interrupted after a checkpoint, resumed, and no version is lost."""

    class Cut(TrainerCallback):
        def on_epoch_end(self, args, state, control, **_):  # noqa: ARG002
            if state.epoch >= 3:
                raise KeyboardInterrupt

    def start(*more) -> Trainer:
        recorder = compatkit.trainer_history(tmp_path / "history")
        trainer = make_trainer(tmp_path / "run", recorder, epochs=4)
        trainer.args.save_strategy = trainer.args.eval_strategy = IntervalStrategy.STEPS
        trainer.args.save_steps = trainer.args.eval_steps = 2
        for callback in more:
            trainer.add_callback(callback)
        return trainer

    with pytest.raises(KeyboardInterrupt):
        start(Cut()).train()
    with pytest.raises(DataError, match="of another run, and this one begins anew"):
        start().train()
    start().train(resume_from_checkpoint=True)
    home = tmp_path / "history"
    assert len(list((home / "versions").iterdir())) == 6
    of = json.loads((home / "history.json").read_text())["history"]
    assert [version["name"] for version in of["versions"]] == [
        f"step-{step}" for step in range(2, 13, 2)
    ]


def evaluate(recorder, step: int, predictions, labels=(0, 1, 1), *, zero: bool = True, name=""):
    state = SimpleNamespace(global_step=step, is_world_process_zero=zero)
    recorder.on_step_end(None, state, None)
    report = recorder(
        SimpleNamespace(predictions=np.array(predictions), label_ids=np.array(labels))
    )
    recorder.on_evaluate(None, state, None, metrics={f"eval{name and '_'}{name}_runtime": 0.1})
    return report


def begin(recorder, step: int = 0) -> None:
    recorder.on_train_begin(None, SimpleNamespace(global_step=step), None)


def test_each_evaluation_reports_what_it_broke(tmp_path) -> None:
    recorder = compatkit.trainer_history(tmp_path, ids=["a", "b", "c"])
    begin(recorder)
    assert evaluate(recorder, 10, [0, 1, 0]) == {"accuracy": 2 / 3}
    assert not (tmp_path / "history.json").exists()
    second = evaluate(recorder, 20, [1, 1, 1])
    assert second == {
        "accuracy": 2 / 3, "ever_right_now_wrong": 1 / 2, "negative_flip_rate": 1 / 3,
        "positive_flip_rate": 1 / 3, "broken": 1, "repaired": 0, "learned": 1, "first_broken": 1,
        "never_right": 0,
    }  # fmt: skip
    third = evaluate(recorder, 30, [0, 0, 1])
    assert (third["broken"], third["repaired"], third["first_broken"]) == (1, 1, 1)
    written = json.loads((tmp_path / "history.json").read_text())["history"]
    assert (written["ids"], written["right"]) == (["a", "b", "c"], ["RWR", "RRW", "WRR"])


def test_a_run_that_goes_on_reads_what_was_written_and_a_new_one_is_refused(tmp_path) -> None:
    first = compatkit.trainer_history(tmp_path)
    begin(first)
    evaluate(first, 10, [0, 1, 0])
    evaluate(first, 20, [1, 1, 1])
    with pytest.raises(DataError, match=r"holds step-20\.jsonl of another run"):
        begin(compatkit.trainer_history(tmp_path))
    resumed = compatkit.trainer_history(tmp_path)
    begin(resumed, 10)
    # Step 20 was evaluated before the run was cut: it is written anew.
    assert evaluate(resumed, 20, [0, 0, 0])["broken"] == 1
    assert json.loads((tmp_path / "history.json").read_text())["history"]["right"] == [
        "RR", "RW", "WW",
    ]  # fmt: skip


def test_another_evaluation_set_is_refused(tmp_path) -> None:
    recorder = compatkit.trainer_history(tmp_path)
    begin(recorder)
    evaluate(recorder, 10, [0, 1, 0])
    with pytest.raises(DataError, match="2 examples are evaluated, and 3 were before"):
        evaluate(recorder, 20, [0, 1], labels=(0, 1))
    with pytest.raises(DataError, match=r"whose references are not those of step-10\.jsonl"):
        evaluate(recorder, 20, [0, 1, 0], labels=(0, 1, 0))
    assert [path.name for path in (tmp_path / "versions").iterdir()] == ["step-10.jsonl"]
    with pytest.raises(DataError, match="ids: 1 are given, and 3 examples"):
        evaluate(compatkit.trainer_history(tmp_path / "x", ids=["a"]), 10, [0, 1, 0])


def test_other_processes_write_nothing(tmp_path) -> None:
    recorder = compatkit.trainer_history(tmp_path)
    begin(recorder)
    evaluate(recorder, 10, [0, 1, 0], zero=False)
    assert not (tmp_path / "versions").exists()


def test_texts_by_a_decoder_and_a_scorer(tmp_path) -> None:
    texts = ["the cat sat", "dogs bark"]
    recorder = compatkit.trainer_history(
        tmp_path, decode=lambda new, _: (new, texts), scorer="rougeL", threshold=0.9
    )
    begin(recorder)
    evaluate(recorder, 1, texts, labels=(0, 0))
    assert evaluate(recorder, 2, ["the cat sat", "dogs"], labels=(0, 0))["broken"] == 1


def test_what_is_no_classification_is_a_sentence(tmp_path) -> None:
    recorder = compatkit.trainer_history(tmp_path)
    begin(recorder)
    with pytest.raises(DataError, match="label -100"):
        evaluate(recorder, 1, [0, 1, 0], labels=(0, -100, 1))
