"""Tiny checkpoints and data, made once for all tests of the runner."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from runner.tiny_models import (
    DEVICE,
    MAKERS,
    choice_rows,
    dialogue_rows,
    ending_rows,
    make_adapter,
    make_llama,
    problem_rows,
    read_jsonl,
    write_jsonl,
)

from compatkit.checkpoints.sources import Model
from compatkit.runner.examples import Data, read_examples
from compatkit.runner.header import Asked
from compatkit.runner.run import Outcome, run_model
from compatkit.runner.settings import make_settings
from compatkit.runner.task import load_task, plain_task

HERE = Path(__file__).parent
MODELS = tuple(MAKERS)
CASES: dict[str, dict[str, Any]] = {
    "piqa": {"task": "piqa", "data": "piqa.jsonl"},
    "hellaswag": {"task": "hellaswag", "data": "hellaswag.jsonl"},
    "gsm8k": {"task": "gsm8k", "data": "gsm8k.jsonl", "max_new_tokens": 16},
    "samsum": {
        "task": "samsum",
        "data": "samsum.jsonl",
        "max_new_tokens": 16,
        # The harness has no task of its own for SAMSum.
        "config": {
            "output_type": "generate_until",
            "doc_to_text": "Dialogue:\n{{dialogue | replace('\r\n', '\n') | trim}}\n\nSummary:",
            "doc_to_target": "summary",
            "generation_kwargs": {
                "until": ["Dialogue:", "Summary:", "</s>", "\n\n"],
                "do_sample": False,
                "no_repeat_ngram_size": 2,
            },
        },
    },
}
LLAMA_CASES: dict[str, dict[str, Any]] = {
    "few shots": {**CASES["gsm8k"], "shots": 2, "shots_data": "solved.jsonl"},
    "shots of choices": {**CASES["hellaswag"], "shots": 1, "shots_data": "ended.jsonl"},
    "chat": {**CASES["gsm8k"], "chat": True, "shots": 1, "shots_data": "solved.jsonl"},
    "chat choices": {**CASES["piqa"], "chat": True},
}

Ask = Callable[..., tuple[list[dict[str, Any]], Outcome]]


def cases_of(model: str) -> dict[str, dict[str, Any]]:
    """Return the cases that a model is held to the harness in."""
    return {**CASES, **(LLAMA_CASES if model == "llama" else {})}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the checkpoints, an adapter and the data."""
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    folder = tmp_path_factory.mktemp("tiny")
    for name, make in MAKERS.items():
        make(folder / name)
    make_llama(folder / "llama-v2", seed=4)
    make_adapter(folder / "llama", folder / "lora")
    write_jsonl(folder / "piqa.jsonl", choice_rows(24))
    write_jsonl(folder / "hellaswag.jsonl", ending_rows(20))
    write_jsonl(folder / "gsm8k.jsonl", problem_rows(20))
    write_jsonl(folder / "solved.jsonl", problem_rows(3, seed=8))
    write_jsonl(folder / "ended.jsonl", ending_rows(3, seed=9))
    write_jsonl(folder / "samsum.jsonl", dialogue_rows(16))
    plain = [
        {"id": f"p{n}", "prompt": row["question"], "reference": row["answer"], "lang": "en"}
        for n, row in enumerate(problem_rows(12))
    ]
    write_jsonl(folder / "plain.jsonl", plain)
    return folder


@pytest.fixture(scope="session")
def harness(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Run lm-evaluation-harness once, in a process of its own, over all cases."""
    pytest.importorskip("lm_eval", reason="lm-eval is not installed: the extra peers has it")
    folder = tmp_path_factory.mktemp("harness")
    cases = {model: cases_of(model) for model in MODELS}
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    command = [sys.executable, str(HERE / "run_harness.py"), str(tiny)]
    command += [str(folder / "cases.json"), str(folder / "found.json")]
    environment = {**os.environ, "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: Mapping[str, Any] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def ask(tiny: Path, tmp_path: Path) -> Ask:
    """Give a function that runs a model in this process and returns the rows of its file."""

    def run(
        model: str,
        task: str | None,
        data: str,
        *,
        output: str = "out.jsonl",
        adapter: str | None = None,
        **values: Any,
    ) -> tuple[list[dict[str, Any]], Outcome]:
        made = plain_task("prompt", "reference") if task is None else load_task(task)
        of_data = {
            name: values.pop(name)
            for name in ("limit", "shots", "shots_data", "keep")
            if name in values
        }
        of_run = {
            name: values.pop(name) for name in ("resume", "overwrite", "progress") if name in values
        }
        examples = read_examples(made, Data(str(tiny / data)), **of_data)
        outcome = run_model(
            Asked(made, examples, of_data.get("shots", 0)),
            make_settings(made, device=DEVICE, **values),
            Model(str(tiny / model), adapter=adapter and str(tiny / adapter)),
            str(tmp_path / output),
            **of_run,
        )
        return read_jsonl(tmp_path / output), outcome

    return run
