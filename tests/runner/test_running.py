"""What a run does with checkpoints, lengths, samples and memory."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from runner.conftest import Ask
from runner.tiny_models import make_llama

from compatkit.errors import ConfigError, DataError
from compatkit.runner.answers import Answerer
from compatkit.runner.encoding import Encoded
from compatkit.runner.plan import Item, cut_batches, plan_batches
from compatkit.runner.write import cut_at_stops, find_thinking_end

FEW = {"max_new_tokens": 6, "batch_size": 4}


def header_of(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "out.meta.json").read_text(encoding="utf-8"))


def test_the_answer_of_generate_is_in_the_file(ask: Ask, tiny: Path) -> None:
    """Held to transformers itself, one prompt at a time."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows, _ = ask("llama", None, "plain.jsonl", **FEW)
    model = AutoModelForCausalLM.from_pretrained(tiny / "llama")
    tokenizer = AutoTokenizer.from_pretrained(tiny / "llama")
    for row in rows:
        tokens = tokenizer(row["input"], return_tensors="pt").input_ids
        out = model.generate(tokens, max_new_tokens=6, do_sample=False)
        text = tokenizer.decode(out[0, tokens.shape[1] :], skip_special_tokens=True)
        assert row["prediction"] == text.split("</s>")[0]


def test_an_adapter_changes_the_answers_and_is_named(ask: Ask, tmp_path: Path) -> None:
    plain, _ = ask("llama", None, "plain.jsonl", output="a.jsonl", **FEW)
    adapted, _ = ask("llama", None, "plain.jsonl", adapter="lora", **FEW)
    assert [row["prediction"] for row in plain] != [row["prediction"] for row in adapted]
    adapter = header_of(tmp_path)["model"]["adapter"]
    assert adapter["name"].endswith("lora")
    assert adapter["digest"].startswith("sha256:")
    choices, _ = ask("llama", "piqa", "piqa.jsonl", adapter="lora", output="c.jsonl")
    alone, _ = ask(
        "llama", "piqa", "piqa.jsonl", adapter="lora", output="d.jsonl", prefix_sharing=False
    )
    for shared, single in zip(choices, alone, strict=True):
        assert shared["log_likelihoods"] == pytest.approx(single["log_likelihoods"], abs=1e-4)


def test_settings_that_a_checkpoint_brings_do_not_count(
    ask: Ask, tiny: Path, tmp_path: Path
) -> None:
    expected, _ = ask("llama", None, "plain.jsonl", output="a.jsonl", **FEW)
    shutil.copytree(tiny / "llama", tiny / "sampling", dirs_exist_ok=True)
    path = tiny / "sampling/generation_config.json"
    brought = json.loads(path.read_text())
    brought |= {"do_sample": True, "temperature": 5.0, "repetition_penalty": 3.0, "max_length": 9}
    path.write_text(json.dumps(brought))
    assert ask("sampling", None, "plain.jsonl", **FEW)[0] == expected


def test_a_stop_ends_an_answer_and_is_left_out(ask: Ask) -> None:
    plain, _ = ask("llama", None, "plain.jsonl", output="a.jsonl", max_new_tokens=12)
    stop = next(row["prediction"][4:7] for row in plain if len(row["prediction"]) > 9)
    rows, _ = ask("llama", None, "plain.jsonl", max_new_tokens=12, stop=[stop])
    for row, before in zip(rows, plain, strict=True):
        assert row["prediction"] == before["prediction"].split(stop)[0]
        assert row["finished"] == (before["finished"] or stop in before["prediction"])


def test_stops_count_from_the_end_of_the_thinking(ask: Ask) -> None:
    """Held to the plain answers: which of them hold the end, and what follows it there."""
    plain, _ = ask("llama", None, "plain.jsonl", output="a.jsonl", max_new_tokens=24)
    texts = [row["prediction"] for row in plain]
    ends = {text[at : at + 2] for text in texts for at in range(len(text) - 2)}
    # An end of thinking that some of the answers hold, and as often as not before a stop.
    end = max(sorted(ends), key=lambda part: min(sum(part in text for text in texts), 6))
    stop = next(text.partition(end)[2][2:4] for text in texts if len(text.partition(end)[2]) > 6)
    rows, outcome = ask("llama", None, "plain.jsonl", max_new_tokens=24, think_end=end, stop=[stop])
    for row, text in zip(rows, texts, strict=True):
        thinking, closing, answer = text.partition(end)
        assert row["thinking_closed"] == bool(closing)
        if closing:
            assert row["prediction"] == answer.split(stop)[0]
            assert row["thinking"] == thinking, "a stop within it ends nothing"
        else:
            assert row["prediction"] is None
    closed = sum(row["thinking_closed"] for row in rows)
    assert 0 < closed < len(rows), "so that both kinds are seen"
    assert outcome.unclosed == len(rows) - closed


def test_an_end_of_thinking_may_be_a_token_of_its_own(tiny: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny / "llama")
    tokenizer.add_special_tokens({"additional_special_tokens": ["</think>"]})
    row = tokenizer.encode("the cat</think>a dog", add_special_tokens=False)
    at = row.index(tokenizer.convert_tokens_to_ids("</think>")) + 1
    assert find_thinking_end(tokenizer, row, "</think>") == at
    assert find_thinking_end(tokenizer, row[:at], "</think>") == at
    assert find_thinking_end(tokenizer, row[: at - 1], "</think>") is None
    assert find_thinking_end(tokenizer, [], "</think>") is None


def test_arguments_of_the_template_reach_it(ask: Ask, tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny / "llama", tiny / "thinker", dirs_exist_ok=True)
    template = "{{ messages[0].content }}{% if enable_thinking %}yes{% else %}no{% endif %}"
    (tiny / "thinker/chat_template.jinja").write_text(template)
    digests = set()
    for number, value in enumerate((True, False)):
        values = {"template_args": {"enable_thinking": value}, "chat_template": True}
        ask("thinker", None, "plain.jsonl", output=f"{number}.jsonl", **values, **FEW)
        prompts = json.loads((tmp_path / f"{number}.meta.json").read_text())["prompts"]
        assert prompts["template_args"] == {"enable_thinking": value}
        digests.add(prompts["tokens"])
    assert len(digests) == 2
    values["template_args"] = {"enable_thinkin": True, "enable_thoughts": True}
    with pytest.raises(ConfigError, match="--template-arg enable_thoughts: the chat template of"):
        ask("thinker", None, "plain.jsonl", output="2.jsonl", **values, **FEW)


def test_a_stop_in_the_prompt_ends_nothing(ask: Ask) -> None:
    """The prompts of GSM8K end with 'Answer:' and hold 'Question:', which is a stop."""
    rows, _ = ask("llama", "gsm8k", "gsm8k.jsonl", max_new_tokens=6, stop=["Answer:", "wer:"])
    assert sum(bool(row["prediction"]) for row in rows) > len(rows) / 2


def test_samples_differ_and_come_back_with_their_seed(ask: Ask) -> None:
    values: dict[str, Any] = {"samples": 3, "temperature": 1.0, "max_new_tokens": 6}
    rows, _ = ask("llama", None, "plain.jsonl", **values)
    assert [(row["id"], row["sample"]) for row in rows] == [
        (f"p{number}", sample) for number in range(12) for sample in range(3)
    ]
    assert len({row["prediction"] for row in rows}) > 30
    assert ask("llama", None, "plain.jsonl", output="b.jsonl", **values)[0] == rows
    other, _ = ask("llama", None, "plain.jsonl", output="c.jsonl", seed=1, **values)
    assert [row["prediction"] for row in other] != [row["prediction"] for row in rows]


def test_prompts_that_do_not_fit_are_refused_or_cut_and_counted(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\d+ of 12 prompts do not fit into the context of 30"):
        ask("llama", None, "plain.jsonl", max_length=30, **FEW)
    rows, outcome = ask("llama", None, "plain.jsonl", max_length=30, too_long="cut-left", **FEW)
    cut = [row for row in rows if "cut_tokens" in row]
    assert 0 < outcome.cut == len(cut) < 12
    assert header_of(tmp_path)["prompts"]["cut"] == len(cut)
    with pytest.raises(ConfigError, match="the answer alone takes 40 tokens"):
        ask("llama", None, "plain.jsonl", max_length=30, max_new_tokens=40)
    chosen, outcome = ask(
        "llama", "piqa", "piqa.jsonl", max_length=60, too_long="cut-left", output="c.jsonl"
    )
    assert 0 < outcome.cut < len(chosen)


def refuse_batches_over(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """Let memory run out over so many sequences; return what was tried."""
    real, tried = Answerer.answer, []

    def answer(self: Answerer, batch: Any) -> Any:
        tried.append(sum(item.sequences for item in batch))
        if tried[-1] > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return real(self, batch)

    monkeypatch.setattr(Answerer, "answer", answer)
    return tried


@pytest.mark.parametrize("task", [None, "hellaswag"])
def test_where_memory_runs_out_batches_are_halved(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, task: str | None
) -> None:
    data = "plain.jsonl" if task is None else f"{task}.jsonl"
    values: dict[str, Any] = {"batch_size": 16, **({} if task else {"max_new_tokens": 6})}
    expected, _ = ask("llama", task, data, output="a.jsonl", **values)
    tried = refuse_batches_over(monkeypatch, 4)
    rows, _ = ask("llama", task, data, **values)
    assert tried[0] > 4
    assert max(tried[3:]) <= 4, "the smaller size stays"
    for row, before in zip(rows, expected, strict=True):
        assert row["prediction"] == before["prediction"]


def test_an_example_too_large_for_memory_is_named(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_batches_over(monkeypatch, 0)
    with pytest.raises(ConfigError, match=r"plain.jsonl:\d+: memory ran out over this example"):
        ask("llama", None, "plain.jsonl", **FEW)


def test_pickled_weights_are_refused_unless_asked(ask: Ask, tiny: Path, tmp_path: Path) -> None:
    folder = tiny / "pickled"
    shutil.copytree(tiny / "llama", folder, dirs_exist_ok=True)
    (folder / "model.safetensors").unlink()
    with pytest.raises(DataError, match="no weights"):
        ask("pickled", None, "plain.jsonl", **FEW)
    from transformers import AutoModelForCausalLM

    weights = AutoModelForCausalLM.from_pretrained(tiny / "llama").state_dict()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(DataError, match=r"pytorch_model.bin is a pickle.*Pass --allow-pickle"):
        ask("pickled", None, "plain.jsonl", **FEW)
    assert not list(tmp_path.iterdir())
    expected, _ = ask("llama", None, "plain.jsonl", output="a.jsonl", **FEW)
    rows, _ = ask("pickled", None, "plain.jsonl", allow_pickle=True, **FEW)
    assert rows == expected
    assert header_of(tmp_path)["model"]["pickle_allowed"] is True


def test_an_adapter_without_safetensors_is_refused(ask: Ask, tiny: Path) -> None:
    folder = tiny / "pickled-lora"
    shutil.copytree(tiny / "lora", folder, dirs_exist_ok=True)
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(DataError, match=r"no adapter_model\.safetensors\. Pass --allow-pickle"):
        ask("llama", None, "plain.jsonl", adapter="pickled-lora", **FEW)
    with pytest.raises(DataError, match="no adapter_config"):
        ask("llama", None, "plain.jsonl", adapter="gpt2", **FEW)


def test_an_adapter_of_another_base_is_refused_unless_it_moved(ask: Ask) -> None:
    with pytest.raises(DataError, match=r"lora: was made for the base .*llama, not for .*-v2"):
        ask("llama-v2", None, "plain.jsonl", adapter="lora", **FEW)
    rows, _ = ask("llama-v2", None, "plain.jsonl", adapter="lora", renamed_base=True, **FEW)
    assert len(rows) == 12


def test_an_adapter_that_lacks_a_layer_is_refused(ask: Ask, tiny: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny / "lora", tiny / "thin", dirs_exist_ok=True)
    file = tiny / "thin/adapter_model.safetensors"
    weights = load_file(file)
    save_file({name: each for name, each in weights.items() if ".layers.1." not in name}, file)
    with pytest.raises(DataError, match=r"4 weights are missing, .*\.layers\.1\."):
        ask("llama", None, "plain.jsonl", adapter="thin", **FEW)


def test_code_of_a_checkpoint_is_not_run_unless_asked(ask: Ask, tiny: Path) -> None:
    folder = tiny / "coded"
    make_llama(folder)
    (folder / "evil.py").write_text(f"open({str(tiny / 'ran')!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "coded", "auto_map": {"AutoConfig": "evil.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match="Pass --trust-remote-code if you trust it"):
        ask("coded", None, "plain.jsonl", **FEW)
    assert not (tiny / "ran").exists()


def test_a_checkpoint_that_is_damaged_or_absent_is_refused(ask: Ask, tiny: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        ask("no/such/model", None, "plain.jsonl", **FEW)
    with pytest.raises(DataError, match="is no folder"):
        ask("plain.jsonl", None, "plain.jsonl", **FEW)
    folder = tiny / "damaged"
    shutil.copytree(tiny / "llama", folder, dirs_exist_ok=True)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match="damaged: cannot be loaded"):
        ask("damaged", None, "plain.jsonl", **FEW)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match="has none"):
        ask("damaged", None, "plain.jsonl", chat_template=True, **FEW)


def test_the_hub_is_asked_for_a_hub_name_alone(
    ask: Ask, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def refuse(*_: Any) -> Any:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    rows, _ = ask("llama", "piqa", "piqa.jsonl", adapter="lora")
    assert len(rows) == 24


def test_fields_that_are_kept_stand_in_the_rows(ask: Ask) -> None:
    rows, _ = ask("llama", None, "plain.jsonl", keep=["lang"], limit=2, **FEW)
    assert [row["lang"] for row in rows] == ["en", "en"]


def encoded(number: int, length: int, choices: int = 0) -> Encoded:
    return Encoded(number, "", (1,) * length, ((1,),) * choices)


def test_the_plan_puts_long_prompts_first_and_fills_batches() -> None:
    examples = [encoded(0, 2), encoded(1, 9), encoded(2, 5), encoded(3, 9)]
    plan = plan_batches(examples, 3)
    assert [[item.example.number for item in batch] for batch in plan] == [[1, 3, 2], [0]]
    plan = plan_batches(examples, 3, by_length=False, samples=2)
    assert [[(i.example.number, i.sample) for i in batch] for batch in plan] == [
        [(0, 0), (0, 1), (1, 0)],
        [(1, 1), (2, 0), (2, 1)],
        [(3, 0), (3, 1)],
    ]


def test_a_batch_holds_as_many_sequences_as_it_may_and_one_example_at_least() -> None:
    items = [Item(encoded(number, 5, choices)) for number, choices in enumerate((4, 2, 5, 1, 1))]
    sizes = [[len(item.example.choices) for item in batch] for batch in cut_batches(items, 4)]
    assert sizes == [[4], [2], [5], [1, 1]]


def test_an_answer_is_cut_at_the_first_stop() -> None:
    assert cut_at_stops("a b c", ["c", "b"]) == "a "
    assert cut_at_stops("a b c", ["d"]) == "a b c"
    assert cut_at_stops("a b c", []) == "a b c"
