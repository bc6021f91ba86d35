"""The options of `compatkit muscle`: one for each value of its configuration."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, TypeVar, get_args

from compatkit.commands.flags import Choice, NamedPath, flag
from compatkit.muscle.config import (
    DTYPES,
    METHODS,
    SELECT,
    TOKENS,
    TOO_LONG,
    MuscleConfig,
    make_config,
    read_config,
)
from compatkit.muscle.masks import MASKS
from compatkit.readers.source import FILES

Command = TypeVar("Command", bound=Callable[..., Any])

CHOICES: dict[str, Iterable[str]] = {
    "method": METHODS,
    "mask": MASKS,
    "tokens": TOKENS,
    "too_long": TOO_LONG,
    "dtype": DTYPES,
    "select": SELECT,
}
HELP = {
    "new_base": "The new base model: a folder, or a name on the Hub.",
    "new_adapter": "The task adapter on the new base, where training starts; none where the new "
    "model is a whole checkpoint.",
    "old_base": "The old base model.",
    "old_adapter": "The task adapter on it; without one the old model is a whole checkpoint.",
    "data": f"Training examples: {FILES}.",
    "unlabelled": "Further questions with choices, without the right one; for kd_mix and kd_old.",
    "validation": "Validation examples; without a file a share of the data.",
    "validation_share": "The share that validates.",
    "output": "The folder of the adapter.",
    "method": "muscle (the paper's); kd_mix, distilled from both models alike, the one to try "
    "first where the new model is much better; or a control: ce, trained on by cross-entropy, and "
    "kd_old, distilled from the old model alone.",
    "mask": f"Where to learn from the old model: {', '.join(MASKS)}.",
    "temperature": "Of the softened distributions.",
    "ce_weight": "Weight of cross-entropy in the loss.",
    "tokens": "What counts: all tokens, those of the answer, the choice among given answers, or "
    "spans of the answer between characters where a token ends for both models.",
    "select": "Which epoch is kept: the lowest cross-entropy, the highest compatibility (token "
    "accuracy less weighted token NFR), or the last.",
    "nfr_weight": "Of compatibility.",
    "epochs": "Passes over the data.",
    "learning_rate": "The highest; it falls to 0 linearly.",
    "warmup_steps": "Steps over which it rises; at most a tenth of all.",
    "weight_decay": "Of AdamW.",
    "max_grad_norm": "Gradients are cut to this length; 0 leaves them.",
    "batch_size": "Examples at once, on each device.",
    "gradient_accumulation": "Batches per step.",
    "lora_rank": "Rank of the adapter.",
    "lora_alpha": "Its scale, times the rank.",
    "lora_dropout": "Its dropout.",
    "target_modules": "Modules that it adapts; repeatable.",
    "max_length": "Tokens of an example; what the model takes, if not said.",
    "too_long": "What a longer example is.",
    "prompt_field": "Field of the prompt.",
    "completion_field": "Field of the answer.",
    "choices_field": "Field of the answers to choose from.",
    "answer_field": "Field of the right one: its index from 0, or its text.",
    "text_field": "Field of a text that is learnt whole.",
    "messages_field": "Field of a conversation.",
    "delimiter": "What stands between prompt and answer.",
    "cache": "Keep the teachers' answers in this folder, and no old model in memory.",
    "cache_top_k": "The likeliest tokens that are kept there.",
    "dtype": "Of the base weights.",
    "gradient_checkpointing": "Compute activations twice instead of keeping them.",
    "seed": "Of the split, the order and a new adapter.",
    "logging_steps": "Steps between two lines of progress.",
    "save_steps": "Steps between two checkpoints; each epoch, if not said.",
    "tensorboard": "Write events for TensorBoard.",
    "renamed_base": "Accept adapters that name another base.",
    "allow_pickle": "Load weights that are no safetensors.",
    "trust_remote_code": "Run code that a checkpoint brings.",
}
DATA = (
    "data", "validation", "validation_share", "max_length", "too_long", "prompt_field",
    "completion_field", "choices_field", "answer_field", "text_field", "messages_field",
    "delimiter",
)  # fmt: skip
RECIPE = (
    "epochs", "learning_rate", "warmup_steps", "weight_decay", "max_grad_norm", "batch_size",
    "gradient_accumulation", "tokens", "select", "dtype", "gradient_checkpointing", "seed",
    "logging_steps", "save_steps", "tensorboard", "allow_pickle", "trust_remote_code",
)  # fmt: skip
LORA = ("lora_rank", "lora_alpha", "lora_dropout", "target_modules")
MODELS = ("old_base", "old_adapter", "new_base", "new_adapter")
LOSS = (
    "method", "mask", "temperature", "ce_weight", "nfr_weight", "cache", "cache_top_k",
    "unlabelled",
)  # fmt: skip
GROUPS = {"Models": MODELS, "Data": DATA, "Loss": LOSS, "Training": RECIPE, "Adapter": LORA}
SHORT = {"output": "-o"}


def quieten() -> None:
    """Leave standard error to what compatkit says, once all is refused that needs no model."""
    import transformers  # noqa: PLC0415

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def config_options(
    *names: str, renamed: dict[str, str] | None = None
) -> Callable[[Command], Command]:
    """Return a decorator that adds an option for each of these values of `MuscleConfig`.

    No option has a default of its own: what is not said is left to the file, and then to
    `MuscleConfig`.

    Args:
        names: of the values.
        renamed: what a value is called on this command, without dashes.
    """

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _make_option(name, (renamed or {}).get(name, name))(command)
        return flag(
            "--config", "-c", type=NamedPath(), metavar="FILE", help="A YAML or TOML file of these."
        )(command)

    return decorate


def make_muscle_config(values: dict[str, Any]) -> MuscleConfig:
    """Make the configuration of a command's options over those of its file."""
    path = values.pop("config")
    changes = {name: value for name, value in values.items() if value not in (None, ())}
    if "target_modules" in changes:
        chosen = list(changes["target_modules"])
        changes["target_modules"] = chosen[0] if chosen == ["all-linear"] else chosen
    return make_config({} if path is None else read_config(path), changes, where=path or "")


def _make_option(name: str, called: str) -> Callable[[Command], Command]:
    field = next(field for field in fields(MuscleConfig) if field.name == name)
    kinds = get_args(field.type) or (field.type,)
    option = "--" + called.replace("_", "-")
    group = next((title for title, names in GROUPS.items() if name in names), "")
    options: dict[str, Any] = {"help": _help(name, field.default), "group": group, "default": None}
    if bool in kinds:
        options["is_flag"] = True
    elif name == "target_modules":
        options |= {"multiple": True, "metavar": "NAME"}
    elif name in CHOICES:
        options["type"] = Choice(list(CHOICES[name]))
        options["metavar"] = "NAME" if name == "mask" else None  # the help lists them
    else:
        options["type"] = next(kind for kind in (int, float, str) if kind in kinds)
    return flag(*([SHORT[name]] if name in SHORT else []), option, name, **options)


def _help(name: str, default: Any) -> str:
    shown = repr(default) if default == " " else default
    hidden = default is None or default == "" or isinstance(default, bool)
    return HELP[name] + ("" if hidden else f"  [default: {shown}]")
