"""What all prompts begin with goes through the model once, and changes no answer."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runner.conftest import Ask
from runner.tiny_models import LENGTH, WIDTH, train_tokenizer

from compatkit.runner import prefix
from compatkit.runner.encoding import Encoded
from compatkit.runner.prefix import LEAST, Prefix, find_prefix

SHOTS = {"shots": 1, "max_new_tokens": 12}


def prompts(*rows: list[int]) -> list[Encoded]:
    return [Encoded(number, "", tuple(row)) for number, row in enumerate(rows)]


def test_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix, "LEAST", 1)
    assert find_prefix(prompts([1, 2, 3, 4], [1, 2, 5], [1, 2, 3])) == (1, 2)
    assert find_prefix(prompts([1, 2, 3], [1, 2, 3, 4])) == (1, 2)  # one token is left to each
    assert find_prefix(prompts([1, 2], [3, 2])) == ()
    assert find_prefix(prompts([1], [1])) == ()


def test_one_prompt_and_a_short_beginning_share_nothing() -> None:
    assert find_prefix(prompts([1] * 99)) == ()
    assert find_prefix(prompts([1] * (LEAST - 1) + [2], [1] * (LEAST - 1) + [3])) == ()
    assert find_prefix(prompts([1] * LEAST + [2], [1] * LEAST + [3])) == (1,) * LEAST


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=30), min_size=2, max_size=6))
def test_every_prompt_begins_with_it_and_has_more(rows: list[list[int]]) -> None:
    shared = find_prefix(prompts(*rows))
    assert all(tuple(row[: len(shared)]) == shared and len(row) > len(shared) for row in rows)


@pytest.mark.parametrize(("model", "adapter"), [("llama", None), ("gpt2", None), ("llama", "lora")])
@pytest.mark.parametrize("more", [{}, {"samples": 2, "temperature": 0.7}, {"chat_template": True}])
def test_it_changes_no_answer(  # noqa: PLR0917
    ask: Ask,
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    adapter: str | None,
    more: dict[str, Any],
) -> None:
    made: list[bool] = []
    cache_for = Prefix.cache_for

    def spy(self: Prefix, *arguments: Any) -> Any:
        cache = cache_for(self, *arguments)
        made.append(cache is not None)
        return cache

    monkeypatch.setattr(Prefix, "cache_for", spy)
    files = []
    more = {**SHOTS, **more, "shots_data": str(tiny / "solved.jsonl")}
    for sharing in (True, False):
        values = {**more, "prefix_sharing": sharing, "batch_size": 8}
        output = f"{sharing}.jsonl"
        files.append(
            ask(model, "gsm8k", "gsm8k.jsonl", adapter=adapter, output=output, **values)[0]
        )
        assert set(made) == {sharing}
        made.clear()
    assert [row["prediction"] for row in files[0]] == [row["prediction"] for row in files[1]]


@pytest.mark.parametrize(
    ("model", "task", "data"),
    [("t5", "gsm8k", "gsm8k.jsonl"), ("llama", "samsum", "samsum.jsonl")],
)
def test_where_it_cannot_be_shared_each_goes_through_whole(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, model: str, task: str, data: str
) -> None:
    """An encoder reads the whole prompt; SAMSum lets no n-gram come twice."""
    monkeypatch.setattr(prefix, "LEAST", 1)
    monkeypatch.setattr(prefix, "_read", lambda *_: pytest.fail("read a prefix"))
    assert ask(model, task, data, max_new_tokens=4)[0]


def test_a_model_that_lets_tokens_slide_out_is_asked_whole(tmp_path: Path) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    tokenizer = train_tokenizer(tmp_path, begins=True)
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=LENGTH,
        sliding_window=8,
    )
    model = MistralForCausalLM(config)
    shared = Prefix(range(5, 5 + LEAST))
    assert shared.cache_for(model, 2) is None
    assert shared.tokens == ()
