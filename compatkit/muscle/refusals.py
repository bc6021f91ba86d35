"""Refusals: what is wrong with a training and seen without a model, or torch, being loaded."""

from itertools import islice
from pathlib import Path

from compatkit.checkpoints.sources import find_checkpoint, find_folder
from compatkit.errors import ConfigError
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.data import find_form, open_examples, read_rows
from compatkit.muscle.models import find_lora
from compatkit.muscle.resuming import CHECKPOINTS, find_last_checkpoint

__all__ = ["check_data", "check_finetune", "check_train", "require"]


def check_finetune(config: MuscleConfig, *, resume: bool = False) -> None:
    """Refuse what `finetune_adapter` could not do.

    Raises:
        ConfigError: an option that is missing, or an output that is there already.
        DataError: a base or examples that cannot be used.
    """
    require(config, "new_base", "data", "output")
    if config.tokens == "span":
        raise ConfigError(
            "tokens is 'span', and a task adapter is trained without an old model, whose spans "
            "these are. Pass --tokens completion."
        )
    _check_output(config, resume=resume)
    check_data(config)
    find_checkpoint(config.new_base, config.trust)


def check_train(config: MuscleConfig, *, resume: bool = False) -> None:
    """Refuse what `train_adapter` could not do.

    Raises:
        ConfigError: an option that is missing, or an output that is there already.
        DataError: a base, an adapter or examples that cannot be used.
    """
    taught = config.chosen_mask is not None
    require(config, "new_base", "new_adapter", "data", "output", *(["old_base"] if taught else []))
    _check_output(config, resume=resume)
    if config.cache is not None and Path(config.cache).is_file():
        raise ConfigError(f"{config.cache}: is a file; a folder was expected. Change --cache.")
    check_data(config)
    sides = [(config.new_base, config.task_adapter, True)]
    sides += [(str(config.old_base), config.old_adapter, False)] if taught else []
    for base, adapter, trains in sides:
        find_checkpoint(base, config.trust)
        if adapter is not None and find_folder(adapter) is not None:
            renamed = config.renamed_base
            find_lora(adapter, base, config.trust, renamed=renamed, trains=trains)


def require(config: MuscleConfig, *names: str) -> None:
    """Refuse a configuration without these values.

    Raises:
        ConfigError: naming the option.
    """
    for name in names:
        if not getattr(config, name):
            option = "--" + name.replace("_", "-")
            raise ConfigError(f"no {name}; pass {option}, or write it into the configuration file.")


def check_data(config: MuscleConfig) -> None:
    """Refuse a file that cannot be read, or whose first example has no known form.

    Raises:
        DataError: saying which.
    """
    for path in filter(None, (config.data, config.validation, config.unlabelled)):
        for row, where in islice(read_rows(open_examples(path), path), 1):
            find_form(row, config, where)


def _check_output(config: MuscleConfig, *, resume: bool) -> None:
    output = Path(config.output)
    if output.exists() and not output.is_dir():
        raise ConfigError(f"{output}: is a file; a folder is written.")
    if not output.resolve().parent.is_dir():
        raise ConfigError(f"{output}: cannot be written: its folder does not exist.")
    if (output / "adapter_config.json").exists():
        raise ConfigError(f"{output}: holds an adapter already. Name another folder.")
    if (output / CHECKPOINTS).exists() and not resume:
        raise ConfigError(
            f"{output}: holds the checkpoints of an earlier training. --resume goes on from them; "
            "name another folder, or remove it, to begin anew."
        )
    if resume:
        find_last_checkpoint(output / CHECKPOINTS)
