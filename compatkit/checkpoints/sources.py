"""Sources: where a checkpoint lies, whether its weights may be loaded, and what it is.

Nothing is loaded here, and no heavy library is imported.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from compatkit.errors import DataError

HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
PICKLES = {".bin", ".pt", ".pth"}
# Where one of these lies, transformers and peft load it and no pickle.
SAFE = ("model.safetensors", "model.safetensors.index.json", "adapter_model.safetensors")
ADAPTER = "adapter_config.json"
# Beside the weights, what the answers depend on: the architecture, which tokens end them, how an
# adapter is put on, which files the weights are in, code of its own.
BESIDE = ("config.json", "generation_config.json", ADAPTER, "*.index.json", "*.py")


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint and what belongs to it.

    Attributes:
        name: a folder, or a name on the Hub.
        revision: branch, tag or commit, on the Hub.
        adapter: a PEFT adapter, likewise.
        tokenizer: where the tokenizer is, if not beside the model.
    """

    name: str
    revision: str | None = None
    adapter: str | None = None
    tokenizer: str | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """What of a checkpoint may run code.

    Attributes:
        pickle: load weights that are not safetensors.
        code: run the code that it brings.
    """

    pickle: bool = False
    code: bool = False


NONE = Trust()


def find_folder(name: str) -> Path | None:
    """Return the folder of a local checkpoint, None for a name on the Hub.

    Raises:
        DataError: neither a folder nor a name that the Hub could have.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists() or not HUB_NAME.fullmatch(name):
        what = "is no folder" if folder.exists() else "no such folder"
        raise DataError(
            f"{name}: {what}; a checkpoint as save_pretrained writes it was expected, or a name "
            "on the Hub, such as owner/model."
        )
    return None


def find_checkpoint(name: str, trust: Trust = NONE) -> Path | None:
    """Return the folder of a checkpoint whose weights may be loaded, None for one of the Hub.

    Raises:
        DataError: neither a folder nor a name that the Hub could have; no weights, pickles that
            are not allowed, or an adapter in the place of a model.
    """
    folder = find_folder(name)
    if folder is not None and (folder / ADAPTER).is_file():
        raise DataError(
            f"{name}: holds {ADAPTER}, an adapter; a whole model was expected. Name its base as "
            "the model, and this folder as the adapter on it."
        )
    if folder is not None and not any(path.suffix == ".safetensors" for path in folder.iterdir()):
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        if not pickles:
            raise DataError(f"{name}: no weights; files that end in .safetensors were expected.")
        if not trust.pickle:
            raise DataError(
                f"{name}: no safetensors; {pickles[0]} is a pickle, which can run code when "
                "it is loaded. Pass --allow-pickle if you trust it."
            )
    return folder


def digest_checkpoint(name: str, revision: str | None = None) -> str:
    """Return what a checkpoint or an adapter is known by: equal digests give equal answers.

    Of a folder it is the SHA-256 of the names and contents of its weights (pickles where those
    are what is loaded), their index, the configurations and the code; of a name on the Hub the
    commit that was resolved, and so loaded, last.

    Raises:
        DataError: a name on the Hub of which nothing is here.
    """
    folder = find_folder(name)
    if folder is not None:
        return digest_files(_list_files(folder))
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    for file in ("config.json", "adapter_config.json"):
        cached = try_to_load_from_cache(name, file, revision=revision)
        if isinstance(cached, str):
            return f"commit:{Path(cached).parent.name}"
    raise DataError(f"{name}: not loaded from the Hub yet, so what it is cannot be said.")


def digest_files(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of the names and the contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _list_files(folder: Path) -> list[Path]:
    weights = list(folder.glob("*.safetensors"))
    if not any((folder / name).is_file() for name in SAFE):
        weights += [path for path in folder.iterdir() if path.suffix in PICKLES]
    beside = [path for pattern in BESIDE for path in folder.glob(pattern)]
    return sorted({path for path in (*weights, *beside) if path.is_file()})
