"""Settings: how a model is run, checked once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compatkit.checkpoints.sources import Trust
from compatkit.errors import ConfigError
from compatkit.runner.task import Task

DTYPES = ("auto", "float32", "bfloat16", "float16")
TOO_LONG = ("refuse", "cut-left")


@dataclass(frozen=True, slots=True)
class Settings:
    """How models are run; `make_settings` checks them.

    Attributes:
        max_new_tokens: the longest answer, in tokens.
        no_repeat_ngram_size: no n-gram of this many tokens occurs twice in an answer; 0 is off.
        stop: texts at which an answer ends.
        samples: how many answers per example.
        temperature: of sampling; 0 takes the likeliest token each time.
        top_p: the share of probability that is sampled from.
        seed: of sampling.
        batch_size: sequences that go through the model at once; None for automatic.
        dtype: of the weights; `auto` is the checkpoint's own.
        device: None lets accelerate choose, `auto` spreads the model over all devices.
        too_long: what a prompt is that leaves no room: `refuse` or `cut-left`.
        max_length: tokens of the context; None for what the checkpoint says.
        chat_template: make a conversation of the prompt, by the tokenizer's template.
        template_args: further variables of that template, such as `enable_thinking`.
        think_end: the text that ends a model's thinking; the answer is what follows, and stops
            count from there. None where the whole is the answer.
        prefix_sharing: run a question once for all its choices, and what all prompts of generated
            answers begin with once for all.
        sort_by_length: put examples of like length into one batch.
        allow_pickle: load weights that are not safetensors, which can run code.
        trust_remote_code: run code that the checkpoint brings.
        renamed_base: accept an adapter that names another base than the one given.
    """

    max_new_tokens: int
    no_repeat_ngram_size: int
    stop: tuple[str, ...]
    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    batch_size: int | None = None
    dtype: str = "auto"
    device: str | None = None
    too_long: str = "refuse"
    max_length: int | None = None
    chat_template: bool = False
    template_args: Mapping[str, Any] = field(default_factory=dict)
    think_end: str | None = None
    prefix_sharing: bool = True
    sort_by_length: bool = True
    allow_pickle: bool = False
    trust_remote_code: bool = False
    renamed_base: bool = False

    @property
    def trust(self) -> Trust:
        """What of a checkpoint may run code."""
        return Trust(self.allow_pickle, self.trust_remote_code)


def make_settings(
    task: Task,
    *,
    max_new_tokens: int | None = None,
    no_repeat_ngram_size: int | None = None,
    stop: Sequence[str] = (),
    **values: Any,
) -> Settings:
    """Make settings for a task; what is not said, the task says.

    Args:
        task: the task.
        max_new_tokens: the longest answer, in tokens.
        no_repeat_ngram_size: see `Settings`.
        stop: texts at which an answer ends, beside the task's own.
        values: further attributes of `Settings`.

    Raises:
        ConfigError: a value out of its range, or settings that do not go together.
    """
    if task.kind == "choice":
        writing = {
            "--max-new-tokens": max_new_tokens,
            "--stop": stop,
            "--think-end": values.get("think_end"),
        }
        for name, given in writing.items():
            if given:
                raise ConfigError(f"{name}: {task.name or 'the task'} chooses and writes nothing.")
    settings = Settings(
        max_new_tokens=task.max_new_tokens if max_new_tokens is None else max_new_tokens,
        no_repeat_ngram_size=task.no_repeat_ngram_size
        if no_repeat_ngram_size is None
        else no_repeat_ngram_size,
        stop=tuple(dict.fromkeys((*task.stop, *stop))),
        **values,
    )
    _check_ranges(settings)
    if settings.template_args and not settings.chat_template:
        raise ConfigError("--template-arg: is of --chat-template. Say both, or leave this out.")
    if settings.samples > 1 and settings.temperature == 0:
        raise ConfigError(
            f"--samples {settings.samples} at temperature 0 would be one answer several times. "
            "Say --temperature 0.7, or another."
        )
    if settings.temperature > 0 and task.kind == "choice":
        raise ConfigError("--temperature: a choice by log-likelihood is not sampled. Leave it out.")
    return settings


def _check_ranges(settings: Settings) -> None:
    for option, value, fits, wanted in (
        ("max-new-tokens", settings.max_new_tokens, settings.max_new_tokens >= 1, "1 or more"),
        ("samples", settings.samples, settings.samples >= 1, "1 or more"),
        (
            "temperature",
            settings.temperature,
            0 <= settings.temperature < float("inf"),
            "0 or more",
        ),
        ("top-p", settings.top_p, 0 < settings.top_p <= 1, "a share above 0"),
        (
            "batch-size",
            settings.batch_size,
            settings.batch_size is None or settings.batch_size >= 1,
            "1 or more",
        ),
        (
            "max-length",
            settings.max_length,
            settings.max_length is None or settings.max_length >= 2,  # noqa: PLR2004
            "2 or more",
        ),
        ("think-end", settings.think_end, settings.think_end != "", "a text"),
        ("dtype", settings.dtype, settings.dtype in DTYPES, ", ".join(DTYPES)),
        ("too-long", settings.too_long, settings.too_long in TOO_LONG, " or ".join(TOO_LONG)),
    ):
        if not fits:
            raise ConfigError(f"--{option} is {value}; {wanted} was expected.")
