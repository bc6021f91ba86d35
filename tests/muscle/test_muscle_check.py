"""Which models can be aligned, which adapters fit, and the estimate of memory."""

import json
import shutil
from pathlib import Path

import pytest
from muscle.conftest import Tiny
from muscle.tiny_bases import WORDS, make_base, make_tokenizer, write_rows

from compatkit.errors import ConfigError, DataError
from compatkit.muscle.check import Alignment, check_examples, check_pair, estimate_memory
from compatkit.muscle.data import read_examples
from compatkit.muscle.models import find_lora, load_student, new_adapter, open_base
from compatkit.muscle.train import finetune_adapter, train_adapter


def test_models_of_one_tokenizer_can_be_aligned(tiny: Tiny) -> None:
    old, new = open_base(str(tiny.config.old_base)), open_base(tiny.config.new_base)
    assert check_pair(old, new) == Alignment(46, [])


def test_heads_of_other_sizes_are_noted(tiny: Tiny, tmp_path: Path) -> None:
    wide = open_base(str(make_base(tmp_path / "wide", 3, extra=5)))
    pair = check_pair(wide, open_base(tiny.config.new_base))
    assert pair.words == 46
    assert pair.notes == ["the heads have 51 and 46 words; the first 46 are compared"]


def test_training_with_a_padded_head(tiny: Tiny, tmp_path: Path) -> None:
    wide = make_base(tmp_path / "wide", 3, extra=5)
    config = tiny.having(tmp_path / "made", old_base=str(wide), old_adapter=None, epochs=1.0)
    assert train_adapter(config).main


def test_another_vocabulary_is_refused_before_anything_is_loaded(
    tiny: Tiny, tmp_path: Path
) -> None:
    other = make_base(tmp_path / "other", 1, words=["x", *WORDS[1:]])
    with pytest.raises(
        DataError, match=r"vocabularies of 46 and 46 words differ in 2.*with --tokens choice"
    ):
        train_adapter(tiny.having(tmp_path / "made", old_base=str(other), old_adapter=None))


def make_instruct(folder: Path, *, end: str = "<end>") -> Path:
    """Save a base with two tokens more than the others, one of which ends its answers."""
    base = make_base(folder, 4, extra=2)
    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<end>", "<tool>"]})
    tokenizer.eos_token = end
    tokenizer.save_pretrained(base)
    return base


def test_added_tokens_are_refused_where_the_data_uses_them(tiny: Tiny, tmp_path: Path) -> None:
    """A base and its instruct model: two tokens more, another end, and a shared one renamed."""
    old, new = open_base(str(tiny.config.old_base)), open_base(str(make_instruct(tmp_path / "new")))
    pair = check_pair(old, new)
    assert pair.words == 46
    assert [note.partition(",")[0] for note in pair.notes] == [
        "2 added tokens differ",
        "the end tokens are '</s>' and '<end>'; examples end with the new model's",
        "the heads have 46 and 48 words; the first 46 are compared".partition(",")[0],
    ]

    def read(rows: list[dict[str, str]]) -> None:
        data = str(write_rows(tmp_path / "data.jsonl", rows))
        examples = read_examples(data, new.tokenizer, tiny.config, None).rows
        check_examples(old, new, 46, examples)

    with pytest.raises(DataError, match=r"data.jsonl:1: the token '<end>' is number 46, which is"):
        read([{"prompt": "w0", "completion": "w1"}])
    # The new one's end token counts, and here the old one knows it.
    known = open_base(str(make_instruct(tmp_path / "known", end="w39")))
    new = known
    read([{"prompt": "w0", "completion": "w1"}])
    with pytest.raises(DataError, match=r"data.jsonl:2: the token '<tool>' is number 47, which is"):
        read([{"prompt": "w0", "completion": "w1"}, {"prompt": "w0 <tool>", "completion": "w1"}])


def test_other_encodings_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    from tokenizers import normalizers

    other = make_base(tmp_path / "other", 1)
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace(" ", "")
    tokenizer.save_pretrained(other)
    with pytest.raises(DataError, match=r"'The quick brown.*is encoded into different tokens"):
        check_pair(open_base(str(other)), open_base(tiny.config.new_base))


def test_a_head_that_lacks_words_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    small = make_base(tmp_path / "small", 1, extra=-3)
    with pytest.raises(DataError, match="heads have 43 and 46 words, the tokenizer 46"):
        check_pair(open_base(str(small)), open_base(tiny.config.new_base))


def test_an_adapter_of_another_base_is_refused(tiny: Tiny) -> None:
    assert find_lora(str(tiny.config.old_adapter), str(tiny.config.old_base)).is_dir()
    with pytest.raises(DataError, match=r"was made for the base .*old, not for .*new"):
        find_lora(str(tiny.config.old_adapter), tiny.config.new_base)
    assert find_lora(str(tiny.config.old_adapter), tiny.config.new_base, renamed=True)


def test_a_base_that_moved_is_known_by_its_name(tiny: Tiny, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    shutil.copytree(str(tiny.config.old_adapter), adapter)
    settings = json.loads((adapter / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = "/was/there/old"
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    assert find_lora(str(adapter), str(tiny.config.old_base))


def test_no_adapter_and_no_lora_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no adapter_config\.json"):
        find_lora(str(tiny.folder), "base")
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "IA3"}')
    (tmp_path / "adapter_model.safetensors").write_text("")
    with pytest.raises(DataError, match="an adapter of the type IA3; LoRA was expected"):
        find_lora(str(tmp_path), "base")


def test_an_adapter_whose_weights_do_not_fit_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    import transformers

    base = make_base(tmp_path / "wide", 1)
    config = transformers.LlamaConfig.from_pretrained(base)
    config.hidden_size, config.intermediate_size = 24, 48
    transformers.LlamaForCausalLM(config).save_pretrained(base)
    with pytest.raises(DataError, match=r"the adapter .*new-task on .*wide: cannot be loaded"):
        load_student(str(base), str(tiny.config.new_adapter), "float32")


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no weights"):
        open_base(str(tmp_path))
    (tmp_path / "model.safetensors").write_text("")
    with pytest.raises(DataError, match="cannot be loaded"):
        open_base(str(tmp_path))


def test_memory_counts_the_new_base_once_and_the_old_one_unless_cached(tiny: Tiny) -> None:
    old, new = open_base(str(tiny.config.old_base)), open_base(tiny.config.new_base)
    found = estimate_memory(old, new, tiny.config, 32)
    # Two layers: q, k, v, o of 16 x 16 and three of 16 x 32, norms, and both tables of 46 x 16.
    weights = 2 * (4 * 256 + 3 * 512 + 32) + 16 + 2 * 46 * 16
    assert found.old_base == found.new_base == 4 * weights
    # Rank 2: 2 * (in + out) for each of the 14 modules; two adapters, gradients, two moments.
    assert found.adapters == 4 * 5 * 2 * 2 * (4 * 32 + 3 * 48)
    assert estimate_memory(old, new, tiny.having(cache="c"), 32).old_base == 0
    assert found.total == found.old_base + found.new_base + found.adapters + found.logits


def test_other_templates_are_noted(tiny: Tiny, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", 1)
    make_tokenizer(template="{{ messages }}").save_pretrained(other)
    pair = check_pair(open_base(str(other)), open_base(tiny.config.new_base))
    assert pair.notes == ["the chat templates differ; conversations are written by the new model's"]


def test_modules_that_the_base_lacks_are_refused(tiny: Tiny) -> None:
    from compatkit.checkpoints.checkpoint import load_base

    base = load_base(open_base(tiny.config.new_base), "auto")
    with pytest.raises(
        ConfigError, match=r"target_modules is \['nothing'\].*--target-modules with all"
    ):
        new_adapter(base, tiny.having(target_modules=["nothing"]))


def test_modules_that_cannot_be_adapted_are_refused_before_weights_are_loaded(
    tmp_path: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a Mamba all linear modules are too many, and it is said before an hour is lost."""
    import transformers

    base = tmp_path / "mamba"
    config = transformers.MambaConfig(
        vocab_size=46, hidden_size=16, num_hidden_layers=1, state_size=4
    )
    transformers.MambaForCausalLM(config).save_pretrained(base)
    make_tokenizer().save_pretrained(base)
    monkeypatch.setattr("compatkit.muscle.train.load_base", None)
    with pytest.raises(ConfigError, match=r"incompatible with Mamba.*with names of the base's mod"):
        finetune_adapter(tiny.having(tmp_path / "out", new_base=str(base)))


def test_memory_is_that_of_the_longest_example(tiny: Tiny) -> None:
    from click.testing import CliRunner

    from compatkit.cli import command_line

    models = ["--old-base", str(tiny.config.old_base), "--new-base", tiny.config.new_base]
    said = []
    for more in ([], ["--max-length", "5"], ["--data", tiny.config.data]):
        words = ["muscle", "check", *models, "--batch-size", "2", *more]
        done = CliRunner().invoke(command_line, words, catch_exceptions=False)
        said.append(next(line for line in done.stdout.splitlines() if "sequences of" in line))
    assert "2 sequences of 32 tokens (assumed; --data FILE tells)" in said[0]
    assert "2 sequences of 5 tokens (--max-length)" in said[1]
    # A token of beginning, seven words of a prompt, two of the answer, a token of end.
    assert "2 sequences of 11 tokens (the longest of --data)" in said[2]
