"""Blending: the mean of two changes of a base, exactly."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from muscle.conftest import Tiny

from compatkit.errors import ConfigError, DataError
from compatkit.muscle.blend import blend_adapters
from compatkit.muscle.card import read_record
from compatkit.muscle.models import load_old, new_adapter, open_base


@pytest.fixture(scope="module")
def pair(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return two adapters of the new base, of other ranks and scales."""
    from compatkit.checkpoints.checkpoint import load_base

    other = tmp_path_factory.mktemp("blend") / "other"
    torch.manual_seed(9)
    config = tiny.having(lora_rank=3, lora_alpha=9)
    model = new_adapter(load_base(open_base(tiny.config.new_base), "float32"), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(str(other))
    return str(tiny.config.new_adapter), str(other)


def changes(tiny: Tiny, adapter: str) -> dict[str, torch.Tensor]:
    """Return what an adapter adds to each weight of the base."""
    plain = load_old(tiny.config.new_base, None, "float32").state_dict()
    merged = load_old(tiny.config.new_base, adapter, "float32").merge_and_unload().state_dict()
    return {name: merged[name] - weight for name, weight in plain.items()}


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_change_of_the_base_is_the_mean_of_both(
    tiny: Tiny, pair: tuple[str, str], tmp_path: Path, weight: float
) -> None:
    output = str(tmp_path / "blend")
    blend_adapters(*pair, weight, output)
    first, second, blended = (changes(tiny, adapter) for adapter in (*pair, output))
    for name, change in blended.items():
        wanted = weight * first[name] + (1 - weight) * second[name]
        torch.testing.assert_close(change, wanted, rtol=1e-4, atol=1e-5)
    assert max(float(change.abs().max()) for change in blended.values()) > 0.1
    ids = torch.tensor([[0, 7, 8, 9]])
    if weight in {0.0, 1.0}:  # then it answers as one of them
        alone = pair[0] if weight else pair[1]
        answers = [
            load_old(tiny.config.new_base, name, "float32")(ids).logits for name in (output, alone)
        ]
        torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["blend"]
    assert read_record(output).what == "blend"
    assert f"{weight:g} of {pair[0]}" in (tmp_path / "blend/README.md").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"use_dora": True}, "use_dora is True; adapters of plain LoRA matrices"),
        ({"modules_to_save": ["lm_head"]}, r"modules_to_save is \['lm_head'\]"),
        ({"base_model_name_or_path": "elsewhere/model"}, "was made for the base elsewhere/model"),
        ({"peft_type": "IA3"}, "an adapter of the type IA3"),
    ],
)
def test_what_cannot_be_blended_is_refused(
    pair: tuple[str, str], tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    shutil.copytree(pair[1], tmp_path / "changed")
    file = tmp_path / "changed/adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(DataError, match=said):
        blend_adapters(pair[0], str(tmp_path / "changed"), 0.5, str(tmp_path / "blend"))
    assert not (tmp_path / "blend").exists()


def test_adapters_of_other_modules_are_not_blended(pair: tuple[str, str], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(pair[1], tmp_path / "thin")
    file = tmp_path / "thin/adapter_model.safetensors"
    save_file({n: w for n, w in load_file(file).items() if "q_proj" not in n}, file)
    with pytest.raises(DataError, match=r"q_proj.* is in one of them alone"):
        blend_adapters(pair[0], str(tmp_path / "thin"), 0.5, str(tmp_path / "blend"))
    with pytest.raises(ConfigError, match=r"--weight is 1\.5; a number from 0 to 1"):
        blend_adapters(*pair, 1.5, str(tmp_path / "blend"))
    with pytest.raises(ConfigError, match="is there already"):
        blend_adapters(*pair, 0.5, str(tmp_path / "thin"))
