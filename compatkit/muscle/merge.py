"""Merge: an adapter's weights added to its base, written as a whole checkpoint and proved."""

import shutil
from pathlib import Path
from typing import Any

from compatkit.checkpoints.adapters import find_adapter, read_config
from compatkit.checkpoints.sources import NONE, Trust
from compatkit.errors import ConfigError, DataError
from compatkit.muscle.models import build_empty, load_old, open_base

__all__ = ["check_merge", "check_target", "merge_adapter"]

APART = "Leave --merge out: base and adapter are loaded as two by vLLM, transformers and peft."
ROWS, LENGTH = 4, 16  # of the batch that proves a merge


def check_target(output: str) -> None:
    """Refuse a folder that is there, before anything is trained.

    Raises:
        ConfigError: an output that is there already.
    """
    if Path(output).exists():
        raise ConfigError(f"{output}: is there already. Name another folder.")


def check_merge(base: str, adapter: str | None, trust: Trust = NONE) -> None:
    """Refuse an adapter that cannot be merged, before another one is trained from it.

    Raises:
        ConfigError: a quantised base, whose merged weights would be rounded, or an adapter on
            embeddings that input and output share, where a merge changes both.
    """
    checkpoint = open_base(base, trust)
    if getattr(checkpoint.config, "quantization_config", None):
        raise ConfigError(
            f"--merge: {base} is quantised, and what is merged would be rounded again. {APART}"
        )
    tied = getattr(checkpoint.config.get_text_config(), "tie_word_embeddings", False)
    if adapter is None or not tied:
        return
    values = read_config(find_adapter(adapter, trust))
    adapted = [values.get("target_modules") or [], values.get("modules_to_save") or []]
    names = {name for part in adapted for name in ([part] if isinstance(part, str) else part)}
    model = build_empty(checkpoint)
    shared = (model.get_input_embeddings(), model.get_output_embeddings())
    for name, module in model.named_modules():
        ends = {name.split(".", start)[-1] for start in range(name.count(".") + 1)}
        if any(module is part for part in shared) and names & ends:
            raise ConfigError(
                f"--merge: {adapter} adapts {name}, which input and output of {base} share; merged "
                f"into one it would change the other. {APART}"
            )


def merge_adapter(
    base: str, adapter: str, output: str, *, dtype: str = "auto", trust: Trust = NONE
) -> None:
    """Write base and adapter as one checkpoint, with the base's tokenizer.

    What was written is loaded again, and must answer one batch as base and adapter do.

    Raises:
        ConfigError: an output that is there already.
        DataError: weights that cannot be loaded, do not fit, or answer otherwise when merged.
    """
    check_target(output)
    checkpoint = open_base(base, trust)
    model = load_old(base, adapter, dtype, trust)
    apart = _ask(model, checkpoint.words)
    target = Path(output)
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        model.merge_and_unload().save_pretrained(part)
        checkpoint.tokenizer.save_pretrained(part)
        del model
        merged = load_old(str(part), None, dtype, trust)
        _refuse_other(f"{base} with {adapter}", apart, _ask(merged, checkpoint.words), merged.dtype)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _ask(model: Any, words: int) -> Any:
    import torch  # noqa: PLC0415

    tokens = torch.randint(words, (ROWS, LENGTH), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model(tokens.to(model.device), use_cache=False).logits.float()


def _refuse_other(what: str, apart: Any, merged: Any, dtype: Any) -> None:
    """Refuse logits that differ by more than weights rounded to this type explain."""
    import torch  # noqa: PLC0415

    off = float((apart - merged).square().mean().sqrt())
    allowed = max(1e-3, 8 * torch.finfo(dtype).eps) * float(apart.std())
    if not off <= allowed:
        raise DataError(
            f"{what}: merged they answer otherwise: logits differ by {off:.3g} in the root mean "
            f"square, where rounding explains {allowed:.3g}. Nothing was written. {APART}"
        )
