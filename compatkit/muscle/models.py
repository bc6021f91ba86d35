"""Models: the old one, the student on the new base, and fresh adapters; frozen or training."""

import warnings
from pathlib import Path
from typing import Any

from compatkit.checkpoints.adapters import check_base, find_adapter, put_adapter, read_config
from compatkit.checkpoints.checkpoint import Checkpoint, load_base, open_checkpoint
from compatkit.checkpoints.loading import first_lines
from compatkit.checkpoints.sources import NONE, Model, Trust
from compatkit.errors import ConfigError, DataError

__all__ = [
    "STUDENT",
    "TASK",
    "build_empty",
    "find_lora",
    "load_old",
    "load_student",
    "new_adapter",
    "open_base",
]

STUDENT, TASK = "default", "task"  # names of the adapters on the new base


def open_base(name: str, trust: Trust = NONE) -> Checkpoint:
    """Read configuration and tokenizer of a base model.

    Raises:
        DataError: neither a checkpoint's folder nor a name on the Hub; no causal model.
    """
    base = open_checkpoint(Model(name), trust)
    if base.encoder_decoder:
        raise DataError(f"{name}: an encoder-decoder; causal language models alone are trained.")
    return base


def find_lora(
    name: str, base: str, trust: Trust = NONE, *, renamed: bool = False, trains: bool = False
) -> Path:
    """Return the folder of a LoRA adapter, and refuse one that was made for another base.

    Args:
        name: the adapter, a folder or a name on the Hub.
        base: the base it is to be put on.
        trust: what may run code.
        renamed: accept one that names another base.
        trains: whether a copy of it will train beside it, on one base.

    Raises:
        DataError: no adapter, no LoRA, one of another base, or one that trains the base itself.
    """
    folder = find_adapter(name, trust)
    values = read_config(folder)
    kind, bias = values.get("peft_type"), values.get("bias", "none")
    if kind != "LORA":
        raise DataError(f"{name}: an adapter of the type {kind}; LoRA was expected.")
    if trains and bias != "none":
        raise DataError(
            f"{name}: its bias is {bias!r}, so it holds biases of the base, which the teacher and "
            "the student share: training would change both. Make one with bias 'none', by "
            "compatkit muscle finetune."
        )
    check_base(name, folder, base, renamed=renamed)
    return folder


def build_empty(base: Checkpoint) -> Any:
    """Build a model without weights, for what its modules alone tell."""
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM  # noqa: PLC0415

    loader: Any = AutoModelForCausalLM
    with torch.device("meta"):
        return loader.from_config(base.config, trust_remote_code=base.trust.code)


def load_old(base: str, adapter: str | None, dtype: str, trust: Trust = NONE) -> Any:
    """Load the old model: the base with its task adapter, or a whole checkpoint; frozen.

    Raises:
        DataError: weights that cannot be loaded, or do not fit the base.
    """
    model = load_base(open_base(base, trust), dtype)
    if adapter is not None:
        model = put_adapter(model, adapter, find_adapter(adapter, trust), base)
    return model.eval().requires_grad_(False)


def load_student(
    base: str, adapter: str | None, dtype: str, trust: Trust = NONE, *, config: Any = None
) -> Any:
    """Load the new base once, with the task adapter and a copy of it that trains.

    The copy is called `default`, so that it is saved as an adapter of its own; the original
    is called `task`. Where there is no task adapter the base alone is the teacher, and a fresh
    adapter trains, which changes nothing at first.

    Args:
        base: the new base.
        adapter: the task adapter; None where the base is a whole checkpoint.
        dtype: of the base weights.
        trust: what may run code.
        config: says what a fresh adapter is like.

    Raises:
        DataError: weights that cannot be loaded, or do not fit the base.
    """
    model = load_base(open_base(base, trust), dtype)
    if adapter is None:
        return new_adapter(model, config)
    folder = find_adapter(adapter, trust)
    model = put_adapter(model, adapter, folder, base, trainable=True)
    model.load_adapter(str(folder), adapter_name=TASK, is_trainable=False)
    model.set_adapter(STUDENT)
    return model


def new_adapter(base: Any, config: Any) -> Any:
    """Put a fresh LoRA adapter on a base, as the configuration says."""
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415

    made: Any = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=config.target_modules,
        task_type="CAUSAL_LM",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about what peft calls in transformers
            return get_peft_model(base, made)
    except ValueError as error:
        others = "" if config.target_modules == "all-linear" else "all-linear, or "
        raise ConfigError(
            f"target_modules is {config.target_modules!r}: {first_lines(error)} Pass "
            f"--target-modules with {others}names of the base's modules."
        ) from error
