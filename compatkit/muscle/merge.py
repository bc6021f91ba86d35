"""Merge: an adapter's weights added to its base, written as a whole checkpoint."""

from pathlib import Path

from compatkit.checkpoints.sources import NONE, Trust
from compatkit.errors import ConfigError
from compatkit.muscle.models import load_old, open_base

__all__ = ["check_target", "merge_adapter"]


def check_target(output: str) -> None:
    """Refuse a folder that is there, before anything is trained.

    Raises:
        ConfigError: an output that is there already.
    """
    if Path(output).exists():
        raise ConfigError(f"{output}: is there already. Name another folder.")


def merge_adapter(
    base: str, adapter: str, output: str, *, dtype: str = "auto", trust: Trust = NONE
) -> None:
    """Write base and adapter as one checkpoint, with the base's tokenizer.

    Raises:
        ConfigError: an output that is there already.
        DataError: weights that cannot be loaded, or do not fit.
    """
    check_target(output)
    merged = load_old(base, adapter, dtype, trust).merge_and_unload()
    merged.save_pretrained(output)
    open_base(base, trust).tokenizer.save_pretrained(output)
