"""Checkpoints: bases, tokenizers and adapters, from folders or the Hub, loaded or refused."""

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from compatkit.errors import ConfigError, DataError
from compatkit.muscle.teachers import STUDENT, TASK

__all__ = [
    "Base",
    "digest_folder",
    "load_base",
    "load_old",
    "load_student",
    "new_adapter",
    "open_base",
    "read_adapter",
]

Found = TypeVar("Found")
ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class Base:
    """A base model whose weights are not loaded yet.

    Attributes:
        name: a folder, or a name on the Hub.
        config: of transformers.
        tokenizer: of transformers.
    """

    name: str
    config: Any
    tokenizer: Any

    @property
    def words(self) -> int:
        """How many words the head knows, padding of the head included."""
        return int(self.config.get_text_config().vocab_size)

    @property
    def max_length(self) -> int | None:
        """How many tokens the model takes; None where nothing says so."""
        found = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return None if found is None else int(found)

    @property
    def padding(self) -> int:
        """The token that fills the shorter rows of a batch; it is masked, so any one does."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0


def open_base(name: str, *, trust: bool = False) -> Base:
    """Read configuration and tokenizer of a base model.

    Raises:
        DataError: neither a checkpoint's folder nor a name on the Hub; no causal model.
    """
    from transformers import AutoConfig, AutoTokenizer  # noqa: PLC0415

    options = {"trust_remote_code": trust}
    config: Any = _load(name, lambda: AutoConfig.from_pretrained(name, **options))
    if config.is_encoder_decoder:
        raise DataError(f"{name}: an encoder-decoder; causal language models alone are trained.")
    tokenizer: Any = _load(
        f"the tokenizer of {name}", lambda: AutoTokenizer.from_pretrained(name, **options)
    )
    return Base(name, config, tokenizer)


def load_base(name: str, dtype: str, *, trust: bool = False) -> Any:
    """Load the weights of a causal model.

    Raises:
        DataError: weights that cannot be loaded.
    """
    from transformers import AutoModelForCausalLM  # noqa: PLC0415

    loader: Any = AutoModelForCausalLM
    return _load(name, lambda: loader.from_pretrained(name, dtype=dtype, trust_remote_code=trust))


def read_adapter(name: str, base: str, *, renamed: bool = False) -> dict[str, Any]:
    """Read what an adapter says about itself, and refuse one that was made for another base.

    Args:
        name: the adapter's folder.
        base: the base it is to be put on.
        renamed: accept one that names another base.

    Raises:
        DataError: no adapter, no LoRA, or one of another base.
    """
    file = Path(name) / ADAPTER_CONFIG
    if not file.is_file():
        raise DataError(f"{name}: no {ADAPTER_CONFIG}; the folder of a PEFT adapter was expected.")
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file}: not JSON ({error}).") from error
    if found.get("peft_type") != "LORA":
        raise DataError(f"{name}: a {found.get('peft_type')} adapter; LoRA was expected.")
    made_for = str(found.get("base_model_name_or_path") or "")
    if made_for and not renamed and not _same_base(made_for, base):
        raise DataError(
            f"{name}: was made for the base {made_for}, not for {base}. Name that base, or pass "
            "--renamed-base if it only moved."
        )
    return found


def load_old(base: str, adapter: str | None, dtype: str, *, trust: bool = False) -> Any:
    """Load the old model: the base with its task adapter, or a whole checkpoint; frozen.

    Raises:
        DataError: weights that cannot be loaded, or do not fit the base.
    """
    model = load_base(base, dtype, trust=trust)
    if adapter is not None:
        model = _put_adapter(model, adapter, base, trainable=False)
    return model.eval().requires_grad_(False)


def load_student(base: str, adapter: str, dtype: str, *, trust: bool = False) -> Any:
    """Load the new base once, with the task adapter and a copy of it that trains.

    The copy is called `default`, so that it is saved as an adapter of its own; the original
    is called `task`.

    Raises:
        DataError: weights that cannot be loaded, or do not fit the base.
    """
    model = _put_adapter(load_base(base, dtype, trust=trust), adapter, base, trainable=True)
    model.load_adapter(adapter, adapter_name=TASK, is_trainable=False)
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
        raise ConfigError(
            f"target_modules is {config.target_modules!r}: {_first_line(error)} Pass "
            "--target-modules all-linear, or names of the base's modules."
        ) from error


def digest_folder(name: str | None, *, adapter: bool = False) -> str | None:
    """Return the SHA-256 of the weights in a folder; None for a name on the Hub."""
    if name is None or not Path(name).is_dir():
        return None
    pattern = "adapter_*" if adapter else "*.safetensors"
    digest = hashlib.sha256()
    for path in sorted(Path(name).glob(pattern)):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()


def _put_adapter(model: Any, adapter: str, base: str, *, trainable: bool) -> Any:
    from peft import PeftModel  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about what peft calls in transformers
        return _load(
            f"the adapter {adapter} on {base}",
            lambda: PeftModel.from_pretrained(model, adapter, is_trainable=trainable),
        )


def _same_base(made_for: str, base: str) -> bool:
    if made_for == base or Path(made_for).resolve() == Path(base).resolve():
        return True
    # A folder that was copied keeps its name.
    return Path(made_for).name == Path(base).name and not Path(made_for).exists()


def _load(name: str, load: Callable[[], Found]) -> Found:
    """Load something of a checkpoint; what goes wrong becomes one message."""
    try:
        return load()
    except Exception as error:  # of many kinds: the file system, the network, torch, JSON
        raise DataError(f"{name}: cannot be loaded: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__


def describe(values: Mapping[str, Any]) -> str:
    """Return values as JSON, for a digest."""
    return json.dumps(values, sort_keys=True)
