"""The same prompts, choices and texts as lm-evaluation-harness, in any batch."""

from collections.abc import Mapping
from typing import Any

import pytest
from runner.conftest import CASES, LLAMA_CASES, MODELS, Ask

from compatkit.runner.task import TASKS

EVERY = [(model, name) for model in MODELS for name in CASES] + [
    ("llama", name) for name in LLAMA_CASES
]


def run_case(ask: Ask, tiny: Any, model: str, case: Mapping[str, Any], **more: Any) -> list[Any]:
    values: dict[str, Any] = {**more}
    for name in ("shots", "max_new_tokens"):
        if name in case:
            values[name] = case[name]
    if "shots_data" in case:
        values["shots_data"] = str(tiny / case["shots_data"])
    return ask(model, case["task"], case["data"], chat_template=case.get("chat", False), **values)[
        0
    ]


@pytest.mark.parametrize(("model", "name"), EVERY)
@pytest.mark.parametrize("batch_size", [1, 16])
def test_the_harness_says_the_same(  # noqa: PLR0917
    harness: Mapping[str, Any], ask: Ask, tiny: Any, model: str, name: str, batch_size: int
) -> None:
    case = {**CASES, **LLAMA_CASES}[name]
    theirs = harness[model][name]
    ours = run_case(ask, tiny, model, case, batch_size=batch_size)
    assert len(ours) == len(theirs) > 0
    for row, sample in zip(ours, theirs, strict=True):
        if "choices" not in row:
            [text] = sample["resps"]
            if model == "t5" and not row["finished"]:
                # The harness lets an encoder-decoder write as many tokens more as the prompt has.
                text = text[: len(row["prediction"])]
            assert row["prediction"] == text
            continue
        delimiter = "" if case.get("chat") else " "
        assert [delimiter + choice for choice in row["choices"]] == sample["continuations"]
        expected = [float(loglikelihood) for loglikelihood, _ in sample["resps"]]
        assert row["log_likelihoods"] == pytest.approx(expected, abs=1e-4)
        assert (row["acc"], row["acc_norm"]) == (sample["acc"], sample["acc_norm"])
    if not case.get("chat") and not case.get("shots"):
        assert [row["input"] for row in ours] == [sample["prompt"] for sample in theirs]


def test_every_task_of_the_package_has_its_case() -> None:
    assert {case["task"] for case in CASES.values()} == set(TASKS)


def test_the_answers_of_the_tiny_models_tell_something(harness: Mapping[str, Any]) -> None:
    """Agreement on one constant answer would show nothing."""
    for model in MODELS:
        assert 0 < sum(each["acc"] for each in harness[model]["hellaswag"]) < 20
        assert len({each["resps"][0] for each in harness[model]["gsm8k"]}) > 5
        assert any(each["acc"] != each["acc_norm"] for each in harness[model]["piqa"])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", ["hellaswag", "gsm8k"])
def test_batches_and_sharing_change_no_answer(ask: Ask, tiny: Any, model: str, task: str) -> None:
    runs = [
        run_case(ask, tiny, model, CASES[task], output=f"{number}.jsonl", **values)
        for number, values in enumerate(
            [
                {"batch_size": 1},
                {"batch_size": 16},
                {"batch_size": 16, "prefix_sharing": False},
                {"batch_size": 16, "sort_by_length": False},
            ]
        )
    ]
    for run in runs[1:]:
        for row, first in zip(run, runs[0], strict=True):
            assert row["prediction"] == first["prediction"]
            if "log_likelihoods" in row:
                assert row["log_likelihoods"] == pytest.approx(
                    first["log_likelihoods"], rel=1e-6, abs=1e-4
                )
