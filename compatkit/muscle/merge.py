"""Merge: an adapter's weights added to its base, written as a whole checkpoint."""

from pathlib import Path

from compatkit.errors import ConfigError
from compatkit.muscle.checkpoints import load_old, open_base

__all__ = ["merge_adapter"]


def merge_adapter(base: str, adapter: str, output: str, *, dtype: str = "auto") -> None:
    """Write base and adapter as one checkpoint, with the base's tokenizer.

    Raises:
        ConfigError: an output that is there already.
        DataError: weights that cannot be loaded, or do not fit.
    """
    target = Path(output)
    if target.exists():
        raise ConfigError(f"{output}: is there already. Name another folder.")
    merged = load_old(base, adapter, dtype).merge_and_unload()
    merged.save_pretrained(str(target))
    open_base(base).tokenizer.save_pretrained(str(target))
