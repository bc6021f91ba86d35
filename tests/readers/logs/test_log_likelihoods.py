"""Likelihoods of choices in logs: against a plain script that reads the genuine files itself."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from harness_runs import RUNS

from compatkit import compare
from compatkit.comparison.comparison import Comparison
from compatkit.predictions.likelihoods import LESS_ALONE, PER_BYTE, PER_CHARACTER, RAW
from compatkit.readers.logs.lm_eval_rows import read_row
from compatkit.readers.logs.log import Log

FOLDERS = [str(RUNS / "lm_eval" / model) for model in ("v1", "v2")]
Weigh = Callable[[float, str], float]
WEIGHS: dict[str, Weigh] = {
    "acc": lambda value, _: value,
    "acc_norm": lambda value, text: value / len(text),
}


def find_samples(folder: str) -> dict[int, dict[str, float]]:
    """Return of each document the log-likelihood of each choice, and of the right one as ''."""
    (path,) = Path(folder).rglob("samples_tiny_choice_*.jsonl")
    documents = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        choices = row["doc"]["choices"]
        values = [float(response[0][0]) for response in row["resps"]]
        documents[row["doc_id"]] = dict(zip(choices, values, strict=True)) | {
            "": row["doc"]["gold"]
        }
    return documents


def softmax(values: list[float]) -> list[float]:
    weights = [math.exp(value - max(values)) for value in values]
    return [weight / sum(weights) for weight in weights]


def shares_of(document: dict[str, float], weigh: Weigh) -> list[float]:
    return softmax([weigh(value, text) for text, value in document.items() if text])


@pytest.mark.parametrize("metric", WEIGHS)
def test_a_plain_script_measures_the_same_of_genuine_logs(metric: str) -> None:
    comparison: Comparison = compare(*FOLDERS, metric=metric, tasks=["tiny_choice"])
    old, new = map(find_samples, FOLDERS)
    kl, same, log_change, brier, probabilities = [], [], [], [], {}
    for number, document in old.items():
        p, q = (shares_of(side, WEIGHS[metric]) for side in (document, new[number]))
        right = int(document[""])
        kl.append(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
        same.append(p.index(max(p)) == q.index(max(q)))
        log_change.append(math.log(q[right]) - math.log(p[right]))
        scores = [
            sum((share - (place == right)) ** 2 for place, share in enumerate(shares))
            for shares in (p, q)
        ]
        brier.append(scores[1] - scores[0])
        probabilities[str(number)] = p[right]
    assert len(kl) == 12
    assert comparison.kl_divergence == pytest.approx(sum(kl) / 12)
    assert comparison.top_choice_agreement == sum(same) / 12
    assert comparison.log_likelihood_delta == pytest.approx(sum(log_change) / 12)
    assert comparison.brier_delta == pytest.approx(sum(brier) / 12)
    confidence = comparison.pair.confidence
    assert confidence is not None
    measured = dict(zip(comparison.pair.ids, confidence.old.probability.tolist(), strict=True))
    assert measured == pytest.approx(probabilities)
    # The likeliest choice is right where the harness says so.
    assert confidence.old.hit.tolist() == comparison.pair.was_right.astype(float).tolist()
    notes = [note for note in comparison.notes if "likelihoods of choices are" in note]
    assert notes[0].startswith(
        f"likelihoods of choices are {'raw' if metric == 'acc' else PER_CHARACTER}"
    )


def test_another_metric_on_each_side_is_not_compared() -> None:
    comparison = compare(*FOLDERS, metric=["acc", "acc_norm"], tasks=["tiny_choice"])
    assert comparison.kl_divergence is None
    assert any(
        "raw in" in note and "so that none are compared" in note for note in comparison.notes
    )


ROW = {
    "doc_id": 0,
    "target": "1",
    "arguments": [["Q", " cat"], ["Q", " g\u00e4nse"]],
    "filtered_resps": [["-3.0", "False"], [-4.5, False]],
}


@pytest.mark.parametrize(
    ("metric", "weighing", "values"),
    [
        ("acc", RAW, [-3.0, -4.5]),
        ("", RAW, [-3.0, -4.5]),
        ("acc_norm", PER_CHARACTER, [-1.0, -0.9]),
        ("acc_bytes", PER_BYTE, [-1.0, -0.75]),
    ],
)
def test_each_metric_weighs_as_the_harness_does(
    metric: str, weighing: str, values: list[float]
) -> None:
    record = read_row(
        {**ROW, metric or "other": 1.0}, metric, Log("lm-eval", "t", Path(), metric=metric), "t:1"
    )
    assert record["choices"] == ["cat", "g\u00e4nse"]
    assert record["log_likelihoods"] == pytest.approx(values)
    assert record["likelihood_weighing"] == weighing
    assert record["reference"] == "g\u00e4nse"
    assert record["prediction"] == record["choices"][values.index(max(values))]


def test_what_the_question_adds_is_weighed_so() -> None:
    row = {
        **ROW,
        "arguments": [*ROW["arguments"], ["", " cat"], ["", " g\u00e4nse"]],  # type: ignore[misc]
        "filtered_resps": [[-3.0, False], [-4.5, False], [-2.0, False], [-9.0, False]],
        "acc_mutual_info": 1.0,
    }
    log = Log("lm-eval", "t", Path(), metric="acc_mutual_info")
    record = read_row(row, log.metric, log, "t:1")
    assert record["log_likelihoods"] == [-1.0, 4.5]
    assert (record["likelihood_weighing"], record["prediction"]) == (LESS_ALONE, "g\u00e4nse")
    lost = read_row({**ROW, "acc_mutual_info": 1.0}, log.metric, log, "t:1")
    assert lost["prediction"] is None
    assert "log_likelihoods" not in lost


def test_blanks_that_differ_in_the_prompt_are_told_apart_by_number() -> None:
    row = {**ROW, "arguments": [["the cat", " ran"], ["the dog", " ran"]], "acc_norm": 0.0}
    log = Log("lm-eval", "t", Path(), metric="acc_norm")
    record = read_row(row, "acc_norm", log, "t:1")
    assert record["choices"] == ["0", "1"]
    assert record["log_likelihoods"] == [-1.0, -1.5]
    assert (record["prediction"], record["reference"]) == ("0", "1")


def test_a_single_continuation_is_no_choice() -> None:
    row = {**ROW, "arguments": [["Q", " cat"]], "filtered_resps": [[-3.0, True]], "acc": 1.0}
    record = read_row(row, "acc", Log("lm-eval", "t", Path(), metric="acc"), "t:1")
    assert record["prediction"] == "True"
    assert "choices" not in record
