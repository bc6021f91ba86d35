"""compatkit muscle data: what a task asks, as examples to train on."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from command_runner import make_runner

from compatkit.cli import command_line
from compatkit.errors import ConfigError, DataError

PROBLEMS = [
    {"question": "1 + 1?", "answer": "It is two.\n#### 2"},
    {"question": "1 + 2?", "answer": "Three.\n#### 3"},
]


def call(*words: str) -> Result:
    words = ("muscle", "data", *words)
    return make_runner().invoke(command_line, list(words), catch_exceptions=False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with problems, pets and a task of one's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PROBLEMS))
    pets = [{"goal": "purr", "sol1": "a cat", "sol2": "a dog", "label": label} for label in (0, "")]
    (tmp_path / "pets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pets))
    (tmp_path / "bare.toml").write_text(
        'kind = "generate"\nprompt = "{{ question }}"\nreference = "wanted"\ndelimiter = ""\n'
    )
    return tmp_path


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_prompts_of_a_task_with_their_whole_answers(here: Path) -> None:
    done = call("--task", "gsm8k", "--data", "problems.jsonl", "-o", "train.jsonl")
    assert (done.exit_code, done.stderr) == (0, "train.jsonl: 2 examples\n")
    assert read(here / "train.jsonl")[0] == {
        "id": "1",
        "prompt": "Question: 1 + 1?\nAnswer:",
        "completion": "It is two.\n#### 2",
    }


def test_the_choices_of_a_task_with_and_without_the_right_one(here: Path) -> None:
    done = call("--task", "piqa", "--data", "pets.jsonl", "-o", "train.jsonl")
    assert "note: 1 without an answer, which --unlabelled" in done.stderr
    first, second = read(here / "train.jsonl")
    assert first == {
        "id": "1", "prompt": "Question: purr\nAnswer:", "choices": ["a cat", "a dog"], "answer": 0
    }  # fmt: skip
    assert "answer" not in second


def test_what_cannot_be_learnt_is_refused(here: Path) -> None:
    (here / "bare.jsonl").write_text(json.dumps({"question": "a", "wanted": None}) + "\n")
    with pytest.raises(DataError, match=r"bare\.jsonl:1: no reference to learn"):
        call("--task", "bare.toml", "--data", "bare.jsonl", "-o", "train.jsonl")
    assert not (here / "train.jsonl").exists()
    with pytest.raises(ConfigError, match="would be written over"):
        call("--task", "gsm8k", "--data", "problems.jsonl", "-o", "problems.jsonl")


def test_another_delimiter_is_said(here: Path) -> None:
    (here / "bare.jsonl").write_text(json.dumps({"question": "a", "wanted": "b"}) + "\n")
    done = call("--task", "bare.toml", "--data", "bare.jsonl", "-o", "train.jsonl")
    assert "note: the task puts '' between prompt and answer: train with --delimiter" in done.stderr
