"""Blend: two LoRA adapters of one base mixed into one, by their weights; nothing is trained."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compatkit.checkpoints.adapters import check_base, read_config
from compatkit.checkpoints.sources import ADAPTER, NONE, Trust, digest_checkpoint
from compatkit.errors import ConfigError, DataError
from compatkit.muscle.card import Record, list_versions, read_record, write_record
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.models import find_lora
from compatkit.output import write_whole

__all__ = ["blend_adapters", "check_blend"]

FILE = "adapter_model.safetensors"
# What scales, adds to or stands in the place of plain LoRA matrices, and its value where it is off.
PLAIN: Mapping[str, tuple[Any, ...]] = {
    "use_dora": (False, None),
    "bias": ("none", None),
    "modules_to_save": (None, []),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "trainable_token_indices": (None,),
    "layer_replication": (None,),
    "lora_bias": (False, None),
}


def check_blend(
    first: str, second: str, output: str, trust: Trust = NONE
) -> list[tuple[Path, dict[str, Any]]]:
    """Refuse two adapters that cannot be blended, before torch is imported.

    Returns:
        The folder and the configuration of each.

    Raises:
        ConfigError: an output that is there already.
        DataError: no LoRA, another base, or weights beside the plain matrices.
    """
    if Path(output).exists():
        raise ConfigError(f"{output}: is there already. Name another folder.")
    if not Path(output).resolve().parent.is_dir():
        raise ConfigError(f"{output}: cannot be written: its folder does not exist.")
    sides = []
    for name in (first, second):
        folder = find_lora(name, "", trust, renamed=True)
        if not (folder / FILE).is_file():
            raise DataError(f"{name}: no {FILE}; pickled weights are not blended.")
        config = read_config(folder)
        odd = [key for key, plain in PLAIN.items() if config.get(key, plain[0]) not in plain]
        if odd:
            raise DataError(
                f"{name}: {odd[0]} is {config[odd[0]]!r}; adapters of plain LoRA matrices are "
                "blended alone."
            )
        sides.append((folder, config))
    check_base(second, sides[1][0], str(sides[0][1].get("base_model_name_or_path") or ""))
    return sides


def blend_adapters(
    first: str, second: str, weight: float, output: str, trust: Trust = NONE
) -> Record:
    """Write the adapter whose change of the base is weight * first + (1 - weight) * second.

    The change is the product of two matrices, so the sum of two changes is the product of the
    stacked ones: it is exact, at the sum of both ranks.

    Args:
        first: a LoRA adapter.
        second: another, of the same base.
        weight: of the first, from 0 to 1.
        output: the folder that is written.
        trust: what may run code.

    Raises:
        ConfigError: a weight out of its range, or an output that is there already.
        DataError: adapters that cannot be blended.
    """
    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    if not 0 <= weight <= 1:
        raise ConfigError(f"--weight is {weight}; a number from 0 to 1 was expected.")
    sides = check_blend(first, second, output, trust)
    configs = [config for _, config in sides]
    matrices = [load_file(str(folder / FILE)) for folder, _ in sides]
    blended = _stack(first, second, matrices, configs, (weight, 1 - weight))
    rank = sum(int(config["r"]) for config in configs)
    made = {**configs[1], "r": rank, "lora_alpha": rank, "use_rslora": False}
    record = _describe(first, second, weight, str(configs[1].get("base_model_name_or_path")))
    target = Path(output)
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        save_file(blended, str(part / FILE), {"format": "pt"})
        write_whole(part / ADAPTER, json.dumps(made, indent=2).encode() + b"\n")
        write_record(part, record)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return record


def _stack(
    first: str, second: str, matrices: Any, configs: Any, weights: tuple[float, float]
) -> dict[str, Any]:
    import torch  # noqa: PLC0415

    one, other = matrices
    if one.keys() != other.keys():
        name = min(one.keys() ^ other.keys())
        raise DataError(
            f"{first} and {second}: {name} is in one of them alone. Both must adapt the "
            "same modules."
        )
    scales = [share * _scale(config) for share, config in zip(weights, configs, strict=True)]
    blended = {}
    for name, matrix in one.items():
        if ".lora_A." in name:
            blended[name] = torch.cat([matrix.float(), other[name].float()], 0).contiguous()
        elif ".lora_B." in name:
            parts = [scales[0] * matrix.float(), scales[1] * other[name].float()]
            blended[name] = torch.cat(parts, 1).contiguous()
        else:
            raise DataError(f"{first}: {name} is no matrix of plain LoRA; it cannot be blended.")
    return blended


def _scale(config: Mapping[str, Any]) -> float:
    rank = float(config["r"])
    return float(config["lora_alpha"]) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _describe(first: str, second: str, weight: float, base: str) -> Record:
    """Return the record, with the models of the training that made one of the two."""
    trained: Mapping[str, Any] = MuscleConfig(new_base=base).to_dict()
    for name in (first, second):
        try:
            trained = read_record(name).config
        except DataError:
            continue
    named = {"first": first, "second": second}
    files = {
        role: {"name": name, "digest": digest_checkpoint(name)} for role, name in named.items()
    }
    note = f"weights between two adapters: {weight:g} of {first} and {1 - weight:g} of {second}"
    return Record("blend", trained, files, {}, [], None, 0, list_versions(), [note])
