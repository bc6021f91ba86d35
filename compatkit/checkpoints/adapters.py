"""Adapters: found, held to the base that they were made for, and put on it whole or not at all."""

import json
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from compatkit.checkpoints.loading import load
from compatkit.checkpoints.sources import (
    ADAPTER,
    NONE,
    Model,
    Trust,
    find_checkpoint,
    find_folder,
)
from compatkit.errors import DataError

CONFIG, WEIGHTS = ADAPTER, "adapter_model.safetensors"
SHOWN = 3


def check_model(model: Model, trust: Trust = NONE, *, renamed: bool = False) -> None:
    """Refuse a model for what lies on the disk; what is on the Hub is looked at when it is loaded.

    Args:
        model: the model, with its adapter.
        trust: what may run code.
        renamed: accept an adapter that names another base.

    Raises:
        DataError: no checkpoint, pickles that are not allowed, or an adapter of another base.
    """
    find_checkpoint(model.name, trust)
    if model.adapter is not None and find_folder(model.adapter) is not None:
        check_base(model.adapter, find_adapter(model.adapter, trust), model.name, renamed=renamed)


def find_adapter(name: str, trust: Trust = NONE) -> Path:
    """Return the folder of a PEFT adapter; one of the Hub is fetched.

    Raises:
        DataError: no adapter, or pickled weights that are not allowed.
    """
    folder = find_folder(name)
    if folder is None:
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        patterns = ["adapter_*.json", "adapter_*.safetensors"]
        patterns += ["adapter_*.bin"] if trust.pickle else []
        folder = Path(load(name, lambda: snapshot_download(name, allow_patterns=patterns)))
    if not (folder / CONFIG).is_file():
        raise DataError(f"{name}: no {CONFIG}; the folder of a PEFT adapter was expected.")
    if not (folder / WEIGHTS).is_file() and not trust.pickle:
        raise DataError(
            f"{name}: no {WEIGHTS}. Pass --allow-pickle if it holds a pickle that you trust."
        )
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """Read what an adapter says about itself.

    Raises:
        DataError: a configuration that is no JSON object.
    """
    file = folder / CONFIG
    try:
        values: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file}: not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise DataError(f"{file}: holds {type(values).__name__}; keys and values were expected.")
    return values


def check_base(name: str, folder: Path, base: str, *, renamed: bool = False) -> None:
    """Refuse an adapter that was made for another base: where shapes agree it answers nonsense.

    Args:
        name: what messages call the adapter.
        folder: where it lies.
        base: the base it is to be put on.
        renamed: accept one that names another base, or none.

    Raises:
        DataError: an adapter of another base.
    """
    made_for = str(read_config(folder).get("base_model_name_or_path") or "")
    if renamed or (made_for and _is_same(made_for, base)):
        return
    was = f"was made for the base {made_for}, not for" if made_for else "names no base to hold to"
    raise DataError(
        f"{name}: {was} {base}. Name its base, or pass --renamed-base if that is another name "
        "of it."
    )


def put_adapter(model: Any, name: str, folder: Path, base: str, *, trainable: bool = False) -> Any:
    """Put an adapter on its base, with every weight of it in its place.

    Args:
        model: the base, of transformers.
        name: what messages call the adapter.
        folder: where it lies.
        base: what messages call the base.
        trainable: whether its weights will train.

    Raises:
        DataError: weights that do not fit, are missing, or belong nowhere.
    """
    from peft import PeftModel  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about what peft calls in transformers
        warnings.filterwarnings("ignore", "Found missing adapter keys")  # refused below
        what = f"the adapter {name} on {base}"
        made: Any = load(
            what, lambda: PeftModel.from_pretrained(model, str(folder), is_trainable=trainable)
        )
        if not made.active_peft_config.is_prompt_learning:  # which peft loads whole by itself
            # Peft keeps to itself what it found; asked once more, it tells.
            training = made.training
            result = made.load_adapter(str(folder), "default", is_trainable=trainable)
            made.train(training)
            refuse_keys(what, result.missing_keys, result.unexpected_keys)
    return made


def refuse_keys(what: str, missing: Collection[str], unexpected: Collection[str]) -> None:
    """Refuse weights that were not loaded whole.

    Args:
        what: what messages call the checkpoint or adapter.
        missing: names of weights that its file lacks.
        unexpected: names of weights that the model has no place for.

    Raises:
        DataError: any of them, with the first names of each kind.
    """
    parts = [
        f"{len(keys)} weights {fault}, {', '.join(sorted(keys)[:SHOWN])}"
        f"{', ...' * (len(keys) > SHOWN)}"
        for keys, fault in ((missing, "are missing"), (unexpected, "belong nowhere"))
        if keys
    ]
    if parts:
        raise DataError(
            f"{what}: {'; '.join(parts)}. The file is of another architecture or version, or was "
            "edited; without these weights the model would answer as another one."
        )


def _is_same(made_for: str, base: str) -> bool:
    if made_for == base or Path(made_for).resolve() == Path(base).expanduser().resolve():
        return True
    # A folder that was copied keeps its name.
    copied = Path(base).expanduser().is_dir() and not Path(made_for).exists()
    return copied and Path(made_for).name == Path(base).expanduser().resolve().name
