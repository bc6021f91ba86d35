"""Checkpoint: a model and its tokenizer, from a folder or the Hub, and what they are."""

import gc
import hashlib
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from compatkit.errors import DataError
from compatkit.runner.settings import Model, Settings

ADAPTER = "adapter_model.safetensors"
# Beside the weights, what the answers depend on: the architecture, and which tokens end them.
CONFIGS = ("config.json", "generation_config.json")
HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
NOWHERE = "no such folder here, and as a name on the Hub it cannot be loaded"

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint whose weights are not loaded yet.

    Attributes:
        source: where it comes from.
        folder: the folder, or None for one of the Hub.
        adapter: the adapter's folder, or None where there is none.
        config: the model's configuration.
        tokenizer: of transformers.
        identity: what the header says about the model.
    """

    source: Model
    folder: Path | None
    adapter: Path | None
    config: Any
    tokenizer: Any
    identity: Mapping[str, Any]

    @property
    def encoder_decoder(self) -> bool:
        """Whether prompt and answer go through two halves of the model."""
        return bool(self.config.is_encoder_decoder)


def open_checkpoint(source: Model, settings: Settings) -> Checkpoint:
    """Read all of a checkpoint but its weights, which are only hashed.

    Raises:
        DataError: no such folder, nothing on the Hub, or weights that are not safetensors.
    """
    from transformers import AutoConfig, AutoTokenizer  # noqa: PLC0415

    folder = find_folder(source.name)
    options = _options(source, settings, folder)
    config: Any = _load(
        source.name, lambda: AutoConfig.from_pretrained(folder or source.name, **options)
    )
    beside = source.tokenizer or source.name
    home = find_folder(beside)
    tokenizer: Any = _load(
        beside,
        lambda: AutoTokenizer.from_pretrained(
            home or beside, **_options(source, settings, home, revision=beside == source.name)
        ),
    )
    adapter = None if source.adapter is None else _find_adapter(source.adapter, settings)
    identity = {
        "name": source.name,
        "revision": getattr(config, "_commit_hash", None) or source.revision,
        "weights": None if folder is None else _digest_weights(folder, settings),
        "config": None if folder is None else _digest_configs(folder),
        "adapter": None
        if adapter is None
        else {"name": source.adapter, "weights": digest_files(sorted(adapter.glob("adapter_*")))},
        "tokenizer": source.tokenizer,
        "architecture": (config.architectures or [type(config).__name__])[0],
        "dtype": _name_dtype(config, settings),
        "pickle_allowed": settings.allow_pickle,
        "remote_code_trusted": settings.trust_remote_code,
    }
    return Checkpoint(source, folder, adapter, config, tokenizer, identity)


def load_model(checkpoint: Checkpoint, settings: Settings, device: Any) -> Any:
    """Load the weights, the adapter on them, and put the model on its device.

    Settings of generation that the checkpoint brings, such as a temperature, are dropped: those
    of the run are all there is, and the same for every model.

    Args:
        checkpoint: which.
        settings: dtype, and whether pickles or remote code are allowed.
        device: of torch, or `auto` to spread the model over all of them.

    Raises:
        DataError: weights that cannot be loaded.
    """
    import transformers  # noqa: PLC0415

    source = checkpoint.source
    kind = "AutoModelForSeq2SeqLM" if checkpoint.encoder_decoder else "AutoModelForCausalLM"
    loader: Any = getattr(transformers, kind)
    model = _load(
        source.name,
        lambda: loader.from_pretrained(
            checkpoint.folder or source.name,
            dtype=settings.dtype,
            use_safetensors=None if settings.allow_pickle else True,
            device_map="auto" if device == "auto" else {"": device},
            **_options(source, settings, checkpoint.folder),
        ),
    )
    brought = model.generation_config
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=brought.eos_token_id,
        pad_token_id=find_padding(checkpoint.tokenizer),
        decoder_start_token_id=brought.decoder_start_token_id,
    )
    if checkpoint.adapter is not None:
        model = _put_adapter(model, checkpoint)
    model.eval()
    return model


def release_memory() -> None:
    """Let go of a model that nobody holds any more, before the next one is loaded."""
    import torch  # noqa: PLC0415

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def find_padding(tokenizer: Any) -> int:
    """Return the token that fills the shorter rows of a batch; it is masked, so any one does."""
    for token in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    return 0


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


def digest_files(paths: list[Path]) -> str:
    """Return the SHA-256 of the names and the contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _digest_weights(folder: Path, settings: Settings) -> str:
    safe = sorted(folder.glob("*.safetensors"))
    pickled = sorted(path for path in folder.iterdir() if path.suffix in {".bin", ".pt", ".pth"})
    if not safe and not pickled:
        raise DataError(f"{folder}: no weights; files that end in .safetensors were expected.")
    if not safe and not settings.allow_pickle:
        raise DataError(
            f"{folder}: no safetensors; {pickled[0].name} is a pickle, which can run code when "
            "it is loaded. Pass --allow-pickle if you trust it."
        )
    return digest_files(safe or pickled)


def _digest_configs(folder: Path) -> str:
    return digest_files([folder / name for name in CONFIGS if (folder / name).is_file()])


def _find_adapter(name: str, settings: Settings) -> Path:
    folder = find_folder(name)
    if folder is None:
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        patterns = ["adapter_*.json", "adapter_*.safetensors"]
        patterns += ["adapter_*.bin"] if settings.allow_pickle else []
        folder = Path(_load(name, lambda: snapshot_download(name, allow_patterns=patterns)))
    if not (folder / "adapter_config.json").exists():
        raise DataError(f"{name}: no adapter_config.json; a PEFT adapter was expected.")
    if not (folder / ADAPTER).exists() and not settings.allow_pickle:
        raise DataError(
            f"{name}: no {ADAPTER}. Pass --allow-pickle if it holds a pickle that you trust."
        )
    return folder


def _put_adapter(model: Any, checkpoint: Checkpoint) -> Any:
    from peft import PeftModel  # noqa: PLC0415

    folder = str(checkpoint.adapter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about what peft calls in transformers
        return _load(
            str(checkpoint.source.adapter), lambda: PeftModel.from_pretrained(model, folder)
        )


def _name_dtype(config: Any, settings: Settings) -> str:
    if settings.dtype != "auto":
        return settings.dtype
    return str(getattr(config, "dtype", None) or "float32").removeprefix("torch.")


def _options(
    source: Model, settings: Settings, folder: Path | None, *, revision: bool = True
) -> dict[str, Any]:
    return {
        "revision": source.revision if revision and source.revision else "main",
        "trust_remote_code": settings.trust_remote_code,
        "local_files_only": folder is not None,
    }


def _load(name: str, load: Callable[[], Found]) -> Found:
    """Load something of a checkpoint; what goes wrong becomes one message."""
    from compatkit.runner.memory import is_out_of_memory  # noqa: PLC0415

    try:
        return load()
    except Exception as error:  # of many kinds: the file system, the network, torch, JSON
        if is_out_of_memory(error):
            raise DataError(
                f"{name}: does not fit into memory. Pass --dtype bfloat16, or --device auto."
            ) from error
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        what = " ".join(lines[:2]) or type(error).__name__
        hint = " Pass --trust-remote-code if you trust it." if "custom code" in what else ""
        where = "cannot be loaded" if Path(name).expanduser().exists() else NOWHERE
        raise DataError(f"{name}: {where}: {what}{hint}") from error
