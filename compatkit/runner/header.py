"""Header: what a run is, before it begins; `compatkit.readers.run_header` reads it."""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from compatkit.checkpoints.checkpoint import Checkpoint
from compatkit.checkpoints.sources import digest_checkpoint
from compatkit.checkpoints.tokens import digest_tokenizer
from compatkit.readers.run_header import FORMAT, KEY
from compatkit.runner.encoding import Encoded
from compatkit.runner.examples import Examples, digest_prompts
from compatkit.runner.settings import Settings
from compatkit.runner.task import Task
from compatkit.version import __version__

LIBRARIES = ("torch", "transformers", "tokenizers", "accelerate", "peft")


@dataclass(frozen=True, slots=True)
class Asked:
    """What every model of a run is asked.

    Attributes:
        task: the task.
        examples: its examples.
        shots: how many answered examples stand before each prompt.
    """

    task: Task
    examples: Examples
    shots: int = 0


def make_header(
    asked: Asked,
    settings: Settings,
    checkpoint: Checkpoint,
    encoded: Sequence[Encoded],
    *,
    batch_size: int,
    device: str,
) -> dict[str, Any]:
    """Return the header of a file that is to be made: all that its bytes depend on."""
    task = asked.task
    return {
        KEY: FORMAT,
        "model": describe_model(checkpoint, settings),
        "task": {"name": task.name or None, "sha256": task.digest},
        "scorer": dict(task.scorer) or None,
        "data": dict(asked.examples.source),
        "prompts": {
            "sha256": digest_prompts(asked.examples.rows),
            "shots": asked.shots,
            "chat_template": settings.chat_template,
            "template_args": dict(settings.template_args),
            "too_long": settings.too_long,
            "max_length": settings.max_length,
            "tokens": _digest_tokens(encoded),
            "cut": sum(bool(example.cut) for example in encoded),
        },
        "generation": _describe_generation(task, settings),
        "batches": {
            "size": batch_size,
            "by_length": settings.sort_by_length,
            "prefix_sharing": settings.prefix_sharing,
            "device": device,
        },
        "versions": {
            "compatkit": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in LIBRARIES},
        },
    }


def _describe_generation(task: Task, settings: Settings) -> dict[str, Any]:
    generation: dict[str, Any] = {"kind": task.kind}
    if task.kind == "generate":
        generation |= {
            "max_new_tokens": settings.max_new_tokens,
            "stop": list(settings.stop),
            "think_end": settings.think_end,
            "no_repeat_ngram_size": settings.no_repeat_ngram_size,
            "samples": settings.samples,
            "temperature": settings.temperature,
        }
    if settings.temperature > 0:
        generation |= {"top_p": settings.top_p, "seed": settings.seed}
    return generation


def describe_model(checkpoint: Checkpoint, settings: Settings) -> dict[str, Any]:
    """Return what the header says about a model."""
    source, config = checkpoint.source, checkpoint.config
    adapter = None
    if checkpoint.adapter is not None:
        adapter = {"name": source.adapter, "digest": digest_checkpoint(str(source.adapter))}
    return {
        "name": source.name,
        "revision": getattr(config, "_commit_hash", None) or source.revision,
        "digest": digest_checkpoint(source.name, source.revision),
        "adapter": adapter,
        "tokenizer": source.tokenizer,
        "tokenizer_digest": digest_tokenizer(checkpoint.tokenizer),
        "architecture": (config.architectures or [type(config).__name__])[0],
        "dtype": _name_dtype(config, settings),
        "pickle_allowed": settings.allow_pickle,
        "remote_code_trusted": settings.trust_remote_code,
    }


def _name_dtype(config: Any, settings: Settings) -> str:
    if settings.dtype != "auto":
        return settings.dtype
    return str(getattr(config, "dtype", None) or "float32").removeprefix("torch.")


def _digest_tokens(encoded: Sequence[Encoded]) -> str:
    digest = hashlib.sha256()
    for example in encoded:
        digest.update(json.dumps([example.prompt, example.choices]).encode() + b"\n")
    return digest.hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
