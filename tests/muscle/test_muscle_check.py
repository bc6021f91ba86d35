"""Which models can be aligned, which adapters fit, and the estimate of memory."""

import json
import shutil
from pathlib import Path

import pytest
from muscle.conftest import Tiny
from muscle.tiny_bases import WORDS, make_base, make_tokenizer

from compatkit.errors import ConfigError, DataError
from compatkit.muscle.check import check_pair, estimate_memory
from compatkit.muscle.models import find_lora, load_student, new_adapter, open_base
from compatkit.muscle.train import train_adapter


def test_models_of_one_tokenizer_can_be_aligned(tiny: Tiny) -> None:
    old, new = open_base(str(tiny.config.old_base)), open_base(tiny.config.new_base)
    assert check_pair(old, new) == (46, [])


def test_heads_of_other_sizes_are_noted(tiny: Tiny, tmp_path: Path) -> None:
    wide = open_base(str(make_base(tmp_path / "wide", 3, extra=5)))
    words, notes = check_pair(wide, open_base(tiny.config.new_base))
    assert words == 46
    assert notes == ["the heads have 51 and 46 words; the first 46 are compared"]


def test_training_with_a_padded_head(tiny: Tiny, tmp_path: Path) -> None:
    wide = make_base(tmp_path / "wide", 3, extra=5)
    config = tiny.having(tmp_path / "made", old_base=str(wide), old_adapter=None, epochs=1.0)
    assert train_adapter(config).main


def test_another_vocabulary_is_refused_before_anything_is_loaded(
    tiny: Tiny, tmp_path: Path
) -> None:
    other = make_base(tmp_path / "other", 1, words=["x", *WORDS[1:]])
    with pytest.raises(
        DataError, match=r"vocabularies of 46 and 46 words differ in 2.*not aligned yet"
    ):
        train_adapter(tiny.having(tmp_path / "made", old_base=str(other), old_adapter=None))


def test_other_special_tokens_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", 1)
    tokenizer = make_tokenizer()
    tokenizer.eos_token = "w0"  # noqa: S105
    tokenizer.save_pretrained(other)
    with pytest.raises(DataError, match=r"special tokens differ: eos_token 'w0' and '</s>'"):
        check_pair(open_base(str(other)), open_base(tiny.config.new_base))


def test_other_encodings_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    from tokenizers import normalizers

    other = make_base(tmp_path / "other", 1)
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace(" ", "")
    tokenizer.save_pretrained(other)
    with pytest.raises(DataError, match="encode 'The quick brown"):
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
    with pytest.raises(DataError, match="a IA3 adapter; LoRA was expected"):
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
    found = estimate_memory(old, new, tiny.config)
    # Two layers: q, k, v, o of 16 x 16 and three of 16 x 32, norms, and both tables of 46 x 16.
    weights = 2 * (4 * 256 + 3 * 512 + 32) + 16 + 2 * 46 * 16
    assert found.old_base == found.new_base == 4 * weights
    # Rank 2: 2 * (in + out) for each of the 14 modules; two adapters, gradients, two moments.
    assert found.adapters == 4 * 5 * 2 * 2 * (4 * 32 + 3 * 48)
    assert estimate_memory(old, new, tiny.having(cache="c")).old_base == 0
    assert found.total == found.old_base + found.new_base + found.adapters + found.logits


def test_other_templates_are_noted(tiny: Tiny, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", 1)
    make_tokenizer(template="{{ messages }}").save_pretrained(other)
    _, notes = check_pair(open_base(str(other)), open_base(tiny.config.new_base))
    assert notes == ["the chat templates differ; conversations are written by the new model's"]


def test_modules_that_the_base_lacks_are_refused(tiny: Tiny) -> None:
    from compatkit.checkpoints.checkpoint import load_base

    base = load_base(open_base(tiny.config.new_base), "auto")
    with pytest.raises(ConfigError, match=r"target_modules is \['nothing'\].*--target-modules all"):
        new_adapter(base, tiny.having(target_modules=["nothing"]))
