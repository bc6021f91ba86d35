"""Flips at each evaluation of a transformers Trainer."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import compatkit
from compatkit.errors import DataError


def evaluated(predictions, label_ids):
    return SimpleNamespace(predictions=predictions, label_ids=np.array(label_ids))


def test_labels_and_logits() -> None:
    logits = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.6, 0.4]])
    report = compatkit.flip_metrics([0, 1, 0, 1])
    expected = {
        "accuracy_new": 3 / 4,
        "accuracy_old": 2 / 4,
        "negative_flip_rate": 1 / 4,
        "positive_flip_rate": 2 / 4,
        "negative_flips": 1,
    }
    assert report(evaluated(logits, [0, 1, 1, 0])) == expected
    assert report(evaluated((logits, np.zeros((4, 7))), [0, 1, 1, 0])) == expected
    assert report(evaluated(np.array([0, 0, 1, 0]), [0, 1, 1, 0])) == expected
    old_logits = torch.tensor([[2.0, 1], [0, 1], [2, 1], [1, 2]], dtype=torch.bfloat16)
    for old in (old_logits, old_logits.float().numpy(), np.array([0, 1, 0, 1])):
        assert compatkit.flip_metrics(old)(evaluated(logits, [0, 1, 1, 0])) == expected
    assert {type(value) for value in expected.values()} == {float, int}


def test_decode_makes_texts_of_tokens() -> None:
    words = ["", "Paris", "Rome", "!"]

    def decode(predictions, label_ids):
        texts = [" ".join(words[token] for token in row if token) for row in predictions]
        return texts, [[" ".join(words[token] for token in row if token > 0)] for row in label_ids]

    report = compatkit.flip_metrics(["Paris", "Rome !"], decode=decode, normalize="squad")
    found = report(evaluated(np.array([[2, 0], [2, 3]]), [[1, -100], [2, -100]]))
    assert (found["negative_flips"], found["accuracy_new"]) == (1, 0.5)


def test_scores_between_0_and_1() -> None:
    texts = ["the cat sat", "dogs bark"]
    report = compatkit.flip_metrics(
        texts, decode=lambda new, _: (new, texts), scorer="rougeL", threshold=0.9
    )
    assert report(evaluated(["the cat sat", "dogs"], [0, 0]))["negative_flip_rate"] == 0.5


@pytest.mark.parametrize(
    ("old", "predictions", "error", "message"),
    [
        ([0], [0, 1], DataError, "old_predictions have 1 values and predictions have 2"),
        ([0, 1], np.zeros((2, 3, 4)), DataError, r"shape \(2, 3, 4\).*Pass decode"),
        (
            [0, 1],
            [[0.1, 0.2], [np.nan, 1]],
            DataError,
            "predictions:2: the logit of class 0 is nan",
        ),
        (
            [0, 1],
            [[0.1, -np.inf], [0, 1]],
            DataError,
            "predictions:1: the logit of class 1 is -inf",
        ),
        ([0, 1], np.ones((2, 1)), DataError, r"predictions have shape \(2, 1\): .* Pass decode"),
        ([0, 1], np.ones((2, 0)), DataError, r"predictions have shape \(2, 0\): "),
        ([0, 1], np.zeros((2, 3), int), DataError, r"shape \(2, 3\) and type int"),
        ([0, 1], np.array([0.5, 0.1]), DataError, "predictions hold the type float"),
    ],
)
def test_what_is_no_classification_is_a_sentence(old, predictions, error, message) -> None:
    report = compatkit.flip_metrics(old)
    with pytest.raises(error, match=message):
        report(evaluated(np.asarray(predictions), [0, 1]))


@pytest.mark.parametrize("labels", [[0, -100], [0.0, -100.0], [[0], [-100]]])
def test_the_label_that_a_loss_leaves_out_is_no_class(labels) -> None:
    report = compatkit.flip_metrics([0, 1])
    with pytest.raises(DataError, match="references:2: the label -100, which a loss leaves out"):
        report(evaluated(np.array([0, 1]), labels))


def test_old_logits_are_checked_at_once() -> None:
    with pytest.raises(DataError, match="old_predictions:1: the logit of class 1 is inf"):
        compatkit.flip_metrics(torch.tensor([[0.0, torch.inf]]))
    with pytest.raises(DataError, match=r"old_predictions have shape \(2, 1\)"):
        compatkit.flip_metrics(np.ones((2, 1)))


def test_old_predictions_of_tokens_are_refused_at_once() -> None:
    with pytest.raises(DataError, match="old_predictions have shape"):
        compatkit.flip_metrics(np.zeros((2, 3, 4)))


def test_a_trainer_reports_flips_at_each_evaluation(tmp_path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=8, num_labels=2,
    )  # fmt: skip
    rows = [
        {"input_ids": [1, 2 + number % 5, 3], "attention_mask": [1, 1, 1], "labels": number % 2}
        for number in range(12)
    ]
    arguments = TrainingArguments(
        tmp_path, num_train_epochs=2, eval_strategy="epoch", report_to="none", use_cpu=True,
        disable_tqdm=True, save_strategy="no", logging_strategy="no", learning_rate=0.05,
        dataloader_pin_memory=False,
    )  # fmt: skip
    old = Trainer(BertForSequenceClassification(config), arguments, eval_dataset=rows)
    old_logits = old.predict(rows).predictions
    new = Trainer(
        BertForSequenceClassification(config), arguments, train_dataset=rows, eval_dataset=rows,
        compute_metrics=compatkit.flip_metrics(old_logits),
    )  # fmt: skip
    new.train()
    reports = [entry for entry in new.state.log_history if "eval_negative_flip_rate" in entry]
    assert len(reports) == 2
    found = new.evaluate()
    labels = [row["labels"] for row in rows]
    columns = [old_logits.argmax(1).tolist(), new.predict(rows).predictions.argmax(1).tolist()]
    by_hand = sum(o == y != n for o, n, y in zip(*columns, labels, strict=True))
    assert found["eval_negative_flips"] == by_hand
    assert found["eval_negative_flip_rate"] == by_hand / 12
