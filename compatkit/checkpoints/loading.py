"""Loading: what goes wrong in other libraries becomes one message, and what memory is."""

import gc
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from compatkit.errors import DataError

NOWHERE = "no such folder here, and as a name on the Hub it cannot be loaded"
# What other libraries say, and go on, where the model or its tokenizer is another one afterwards.
WRONG = (
    "incorrect regex pattern",
    "incorrect tokenization",
    "to instantiate a model of type",
    "proceed at your own risk",
    "Already found a `peft_config` attribute",
    "reinitialization of the adapter weights",
    "but no module was matched",
)

Loaded = TypeVar("Loaded")


def load(name: str, make: Callable[[], Loaded]) -> Loaded:
    """Load something of a checkpoint.

    Args:
        name: what messages call it.
        make: loads it.

    Raises:
        DataError: whatever was raised, as one message, and a warning that means another model.
    """
    try:
        with _watch_warnings():
            return make()
    except Exception as error:  # of many kinds: the file system, the network, torch, JSON
        if is_out_of_memory(error):
            raise DataError(
                f"{name}: does not fit into memory. Pass --dtype bfloat16, or --device auto."
            ) from error
        what = first_lines(error)
        hint = " Pass --trust-remote-code if you trust it." if "custom code" in what else ""
        local = " " in name or Path(name).expanduser().exists()  # a sentence names its places
        where = "cannot be loaded" if local else NOWHERE
        raise DataError(f"{name}: {where}: {what}{hint}") from error


@contextmanager
def _watch_warnings() -> Iterator[None]:
    """Make errors of the warnings that mean another model, silenced ones too."""
    messages: list[str] = []
    logger = logging.getLogger("transformers")
    level, shown = logger.level, [(handler, handler.level) for handler in logger.handlers]
    listener = logging.Handler()
    listener.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    with warnings.catch_warnings():
        for text in WRONG:
            warnings.filterwarnings("error", message=f"(?s:.*){re.escape(text)}")
        for handler, least in shown:  # what was not shown before is heard, and not shown
            handler.setLevel(max(least, level))
        logger.addHandler(listener)
        logger.setLevel(min(level, logging.WARNING))
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.removeHandler(listener)
            for handler, least in shown:
                handler.setLevel(least)
    wrong = [message for message in messages if any(text in message for text in WRONG)]
    if wrong:
        raise ValueError(wrong[0])


def first_lines(error: Exception) -> str:
    """Return the beginning of an error's message, which other libraries may fill a page with."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that a smaller batch might fit."""
    import torch  # noqa: PLC0415
    from accelerate.utils.memory import should_reduce_batch_size  # noqa: PLC0415

    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, Exception) and bool(should_reduce_batch_size(error))


def release_memory() -> None:
    """Let go of a model that nobody holds any more, before the next one is loaded."""
    import torch  # noqa: PLC0415

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
