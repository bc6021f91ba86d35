"""Merging: what is written answers as base and adapter do, or nothing is written."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from muscle.conftest import Tiny
from muscle.tiny_bases import make_base

from compatkit.errors import ConfigError, DataError
from compatkit.muscle.merge import check_merge, merge_adapter
from compatkit.muscle.models import load_old, open_base


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_merged_checkpoint_answers_as_base_and_adapter_do(
    tiny: Tiny, tmp_path: Path, dtype: str
) -> None:
    config, merged = tiny.config, str(tmp_path / "merged")
    check_merge(config.new_base, str(config.new_adapter))
    merge_adapter(config.new_base, str(config.new_adapter), merged, dtype=dtype)
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    ids = torch.tensor([[0, 7, 8, 9]])
    apart = load_old(config.new_base, config.new_adapter, "float32")(ids).logits
    whole = load_old(merged, None, "float32")(ids).logits
    close = {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 0, "atol": 0.5}
    torch.testing.assert_close(whole, apart, **close)
    assert open_base(merged).tokenizer.encode("w1") == [0, 7]
    with pytest.raises(ConfigError, match="is there already"):
        merge_adapter(config.new_base, str(config.new_adapter), merged)


def tie(base: Path, adapter: Path, modules: list[str]) -> None:
    """Save a base whose embeddings are shared, and an adapter of some of its modules."""
    import transformers
    from peft import LoraConfig, get_peft_model

    config = transformers.LlamaConfig.from_pretrained(make_base(base, 3))
    config.tie_word_embeddings = True
    torch.manual_seed(3)
    model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(base)
    made = LoraConfig(r=2, target_modules=modules, init_lora_weights=False)
    get_peft_model(transformers.LlamaForCausalLM.from_pretrained(base), made).save_pretrained(
        adapter, save_embedding_layers=False
    )


@pytest.mark.filterwarnings("ignore")
def test_a_head_that_is_also_the_embedding_is_not_merged(tmp_path: Path) -> None:
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    tie(base, adapter, ["q_proj", "lm_head"])
    with pytest.raises(ConfigError, match="adapter adapts lm_head, which input and output"):
        check_merge(str(base), str(adapter))
    with pytest.raises(DataError, match=r"merged they answer otherwise: logits differ by \d"):
        merge_adapter(str(base), str(adapter), str(tmp_path / "merged"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "base"]
    tie(base, tmp_path / "other", ["q_proj"])
    check_merge(str(base), str(tmp_path / "other"))


def test_a_quantised_base_is_not_merged(tiny: Tiny, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", 1)
    values: dict[str, Any] = json.loads((base / "config.json").read_text())
    values["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_8bit": True}
    (base / "config.json").write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"--merge: .*base is quantised"):
        check_merge(str(base), str(tiny.config.new_adapter))
