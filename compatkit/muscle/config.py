"""Configuration: what is trained, on what and how; checked once, before anything is loaded."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from compatkit.checkpoints.sources import Trust
from compatkit.errors import ConfigError
from compatkit.muscle.masks import MASKS
from compatkit.spelling import ask_near, suggest

__all__ = ["METHODS", "MuscleConfig", "read_config"]

# A method is the mask that it fixes; None leaves it to the option, "" needs no teacher.
METHODS: dict[str, str | None] = {"muscle": None, "ce": "", "kd_old": "all", "kd_mix": "half"}
TOKENS = ("all", "completion", "choice", "span")
APART = {"choice", "span"}  # compare likelihoods of texts, so that each model has its own tokens
TOO_LONG = ("refuse", "cut", "skip")
DTYPES = ("auto", "float32", "bfloat16", "float16")
NO_ADAPTER = "none"
SELECT = ("cross_entropy", "compatibility", "last")


@dataclass(frozen=True, slots=True, kw_only=True)
class MuscleConfig:
    """What `finetune` and `train` need to know; the defaults are the recipe of the paper.

    Attributes:
        new_base: the new base model, a folder or a name on the Hub; `finetune` trains on it.
        new_adapter: the task adapter on it, where training starts; `none` where the new model is a
            whole checkpoint, on which a fresh adapter is trained.
        old_base: the old base model.
        old_adapter: the task adapter on it; None where the old model is a whole checkpoint.
        data: the training examples, a file.
        unlabelled: further questions with choices and no right one, a file; for the methods that
            need no label, `kd_old` and `kd_mix` over the choice.
        validation: the validation examples; None splits `validation_share` off the data.
        validation_share: the share of the examples that validates.
        output: the folder of the adapter that is written.
        method: `muscle`, or a control: `ce`, `kd_old`, `kd_mix`.
        mask: a name in `MASKS`, of method `muscle`.
        temperature: T of the softened distributions.
        ce_weight: the weight of cross-entropy in the loss, 1 - lambda of eq. 5.
        tokens: the loss counts `all` tokens, those of the `completion`, or, in the place of
            tokens, the `choice` among the given ones by their log-likelihood, or each `span` of
            the completion between characters where a token ends for both models.
        select: which epoch is kept: that of the lowest validation `cross_entropy`, of the highest
            `compatibility` (token accuracy - nfr_weight * token NFR), or the `last`.
        nfr_weight: of `compatibility`.
        epochs: passes over the data.
        learning_rate: the highest, falling to 0 linearly.
        warmup_steps: steps over which it rises; a tenth of all steps where those are fewer than
            ten times as many.
        weight_decay: of AdamW.
        max_grad_norm: gradients are cut to this length.
        batch_size: examples per device and batch; one of choices is a sequence for each of them.
        gradient_accumulation: batches per step.
        lora_rank: of the adapter that `finetune` makes.
        lora_alpha: likewise.
        lora_dropout: likewise.
        target_modules: the modules it adapts; `all-linear`, or names.
        max_length: tokens of an example; None for what the model takes.
        too_long: what a longer example is: `refuse`, `cut` or `skip`.
        prompt_field: field of the prompt.
        completion_field: field of the answer.
        choices_field: field of a list of answers to choose from.
        answer_field: field that says which of them is right: its index from 0, or its text.
        text_field: field of a text that is learnt whole.
        messages_field: field of a conversation.
        delimiter: what stands between prompt and answer.
        cache: a folder in which the teachers' answers are kept; None asks them online.
        cache_top_k: the likeliest tokens that are kept there.
        dtype: of the base weights; `auto` is the checkpoint's own.
        gradient_checkpointing: compute activations twice instead of keeping them.
        seed: of the split, the order and a new adapter.
        logging_steps: steps between two lines of progress.
        save_steps: steps between two checkpoints; None for each epoch.
        tensorboard: write events for TensorBoard.
        renamed_base: accept adapters that name another base than the one given.
        allow_pickle: load weights that are not safetensors, which can run code.
        trust_remote_code: run code that a checkpoint brings.
    """

    new_base: str = ""
    new_adapter: str | None = None
    old_base: str | None = None
    old_adapter: str | None = None
    data: str = ""
    unlabelled: str | None = None
    validation: str | None = None
    validation_share: float = 0.2
    output: str = ""
    method: str = "muscle"
    mask: str = "student_wrong"
    temperature: float = 2.0
    ce_weight: float = 0.0
    tokens: str = "all"
    select: str = "cross_entropy"
    nfr_weight: float = 1.0
    epochs: float = 10.0
    learning_rate: float = 1e-4
    warmup_steps: int = 500
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    batch_size: int = 4
    gradient_accumulation: int = 8
    lora_rank: int = 128
    lora_alpha: int = 256
    lora_dropout: float = 0.0
    target_modules: str | list[str] = "all-linear"
    max_length: int | None = None
    too_long: str = "refuse"
    prompt_field: str = "prompt"
    completion_field: str = "completion"
    choices_field: str = "choices"
    answer_field: str = "answer"
    text_field: str = "text"
    messages_field: str = "messages"
    delimiter: str = " "
    cache: str | None = None
    cache_top_k: int = 64
    dtype: str = "auto"
    gradient_checkpointing: bool = False
    seed: int = 0
    logging_steps: int = 10
    save_steps: int | None = None
    tensorboard: bool = False
    renamed_base: bool = False
    allow_pickle: bool = False
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no training could use."""
        _check_types(self)
        for name, choices in (
            ("method", METHODS),
            ("mask", MASKS),
            ("tokens", TOKENS),
            ("too_long", TOO_LONG),
            ("dtype", DTYPES),
            ("select", SELECT),
        ):
            _check_choice(name, getattr(self, name), choices)
        if self.compares_texts and self.too_long == "cut":
            raise ConfigError(
                f"too_long is 'cut': a {self.tokens} that is cut has another likelihood. Pass "
                f"--too-long skip or refuse, or other --tokens than {self.tokens}."
            )
        if self.tokens == "span" and self.chosen_mask is None:
            raise ConfigError(
                f"tokens is 'span', and {self.method} asks no old model, whose spans these are. "
                "Pass --tokens completion."
            )
        if self.unlabelled is not None and not self._needs_no_label:
            raise ConfigError(
                "unlabelled: only a loss over the choice that asks models and no label can use it. "
                "Pass --tokens choice with --method kd_mix or kd_old, and no --ce-weight."
            )
        for name, fits, wanted in self._ranges():
            if not fits:
                raise ConfigError(
                    f"{name} is {getattr(self, name)!r}; {wanted} was expected. "
                    f"Change {_option(name)}."
                )

    def _ranges(self) -> list[tuple[str, bool, str]]:
        return [
            ("temperature", 0.01 <= self.temperature <= 100, "a number from 0.01 to 100"),  # noqa: PLR2004
            ("ce_weight", 0 <= self.ce_weight <= 1, "a number from 0 to 1"),
            ("nfr_weight", 0 <= self.nfr_weight < float("inf"), "0 or more"),
            ("validation_share", 0 < self.validation_share < 1, "a share between 0 and 1"),
            ("epochs", 0 < self.epochs < float("inf"), "a number above 0"),
            ("learning_rate", 0 < self.learning_rate < 1, "a number between 0 and 1"),
            ("warmup_steps", self.warmup_steps >= 0, "0 or more"),
            ("weight_decay", 0 <= self.weight_decay < float("inf"), "0 or more"),
            ("max_grad_norm", self.max_grad_norm >= 0, "0 or more"),
            ("batch_size", self.batch_size >= 1, "1 or more"),
            ("gradient_accumulation", self.gradient_accumulation >= 1, "1 or more"),
            ("lora_rank", self.lora_rank >= 1, "1 or more"),
            ("lora_alpha", self.lora_alpha >= 1, "1 or more"),
            ("lora_dropout", 0 <= self.lora_dropout < 1, "a share below 1"),
            ("max_length", self.max_length is None or self.max_length >= 2, "2 or more"),  # noqa: PLR2004
            ("cache_top_k", self.cache_top_k >= 1, "1 or more"),
            ("seed", 0 <= self.seed < 1 << 32, "a number from 0 to 4294967295"),
            ("logging_steps", self.logging_steps >= 1, "1 or more"),
            ("save_steps", self.save_steps is None or self.save_steps >= 1, "1 or more"),
        ]

    @property
    def _needs_no_label(self) -> bool:
        asked_alone = self.chosen_mask in {"all", "half"} and self.ce_weight == 0
        return asked_alone and self.tokens == "choice"

    @property
    def compares_texts(self) -> bool:
        """Whether likelihoods of texts are compared, so that each model reads by its own tokens."""
        return self.tokens in APART

    @property
    def trust(self) -> Trust:
        """What of a checkpoint may run code."""
        return Trust(self.allow_pickle, self.trust_remote_code)

    @property
    def task_adapter(self) -> str | None:
        """The task adapter on the new base; None where that is a whole checkpoint."""
        return None if self.new_adapter == NO_ADAPTER else self.new_adapter

    @property
    def chosen_mask(self) -> str | None:
        """The mask that the method trains with; None where no teacher is asked."""
        fixed = METHODS[self.method]
        return self.mask if fixed is None else fixed or None

    def to_dict(self) -> dict[str, Any]:
        """Return all values, as a configuration file has them."""
        return asdict(self)

    @classmethod
    def from_file(cls, path: str | Path, **changes: Any) -> "MuscleConfig":
        """Read a YAML or TOML file; `changes` win over what it says.

        Raises:
            ConfigError: a file that cannot be read, a key that is not known, a wrong value.
        """
        return make_config(read_config(path), changes, where=str(path))


def make_config(
    values: Mapping[str, Any], changes: Mapping[str, Any], *, where: str = ""
) -> MuscleConfig:
    """Make a configuration of a file's values and of those that win over them."""
    keys = {field.name for field in fields(MuscleConfig)}
    for key in [*values, *changes]:
        if key not in keys:
            at = f"{where}: " if key in values and where else ""
            raise ConfigError(f"{at}no key {key!r}; {suggest(key, sorted(keys))}")
    try:
        return MuscleConfig(**{**values, **changes})
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}" if where else str(error)) from error


def read_config(path: str | Path) -> dict[str, Any]:
    """Read a YAML or TOML file of configuration; `a-key` is `a_key`.

    Raises:
        ConfigError: a file that cannot be read, or that holds no table.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".toml":
            values: Any = tomllib.loads(text)
        elif file.suffix in {".yaml", ".yml"}:
            values = _read_yaml(text)
        else:
            raise ConfigError(f"{path}: a file that ends in .yaml, .yml or .toml was expected.")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except ValueError as error:  # of tomllib, of UTF-8
        raise ConfigError(f"{path}: cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: holds {type(values).__name__}; keys and values were expected.")
    return {str(key).replace("-", "_"): value for key, value in values.items()}


def _read_yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    return {} if values is None else values


def _check_types(config: MuscleConfig) -> None:
    for field in fields(MuscleConfig):
        value, kind = getattr(config, field.name), field.type
        allowed = [part for part in (get_args(kind) or (kind,)) if isinstance(part, type)]
        allowed += [list] if field.name == "target_modules" else []
        if float in allowed and isinstance(value, int) and not isinstance(value, bool):
            object.__setattr__(config, field.name, float(value))
            continue
        wrong = isinstance(value, bool) and bool not in allowed
        wrong |= isinstance(value, list) and not all(isinstance(part, str) for part in value)
        if wrong or not isinstance(value, tuple(allowed)):
            names = " or ".join(part.__name__ for part in allowed if part is not type(None))
            hint = " YAML reads 1e-4 as a text; write 1.0e-4." if isinstance(value, str) else ""
            raise ConfigError(f"{field.name} is {value!r}; {names} was expected.{hint}")


def _check_choice(name: str, value: str, choices: Any) -> None:
    if value not in choices:
        raise ConfigError(
            f"{name} is {value!r}; one of {', '.join(choices)} was expected."
            f"{ask_near(value, choices)}"
        )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
