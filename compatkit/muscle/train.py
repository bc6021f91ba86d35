"""Train: from a configuration to an adapter on disk, with all that can be refused refused first."""

import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers

from compatkit.checkpoints.checkpoint import Checkpoint, load_base
from compatkit.checkpoints.tokens import digest_tokenizer
from compatkit.errors import CompatkitError, DataError
from compatkit.extras import require_extra
from compatkit.muscle.batches import Collator, TokenizedExample
from compatkit.muscle.card import Record, describe_files, list_versions, write_record
from compatkit.muscle.check import Alignment, check_examples, check_pair
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.data import Examples, read_examples, split_examples
from compatkit.muscle.models import (
    STUDENT,
    build_empty,
    find_lora,
    load_old,
    load_student,
    new_adapter,
    open_base,
)
from compatkit.muscle.refusals import check_finetune, check_train
from compatkit.muscle.resuming import (
    CHECKPOINTS,
    check_settings,
    find_last_checkpoint,
    write_settings,
)
from compatkit.muscle.teachers import OnlineTeachers, Teachers
from compatkit.muscle.trainer import MuscleTrainer, make_arguments

__all__ = ["InterruptedTrainingError", "Trained", "finetune_adapter", "train_adapter"]

Progress = Callable[[Mapping[str, Any]], None]


class InterruptedTrainingError(CompatkitError):
    """Training was interrupted, and a checkpoint was left to go on from."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training made.

    Attributes:
        output: the adapter's folder.
        main: whether this is the process that wrote it.
        record: what the card is made from.
        notes: what a user should know.
    """

    output: str
    main: bool
    record: Record
    notes: Sequence[str] = field(default_factory=tuple)


def finetune_adapter(
    config: MuscleConfig, *, resume: bool = False, progress: Progress | None = None
) -> Trained:
    """Train a task adapter on a base by cross-entropy; the recipe is that of the paper.

    Args:
        config: `new_base`, `data` and `output` are needed.
        resume: go on from the last checkpoint.
        progress: called in the first process with each line of the log.

    Raises:
        ConfigError: a wrong option, or an output that is there already.
        DataError: examples or a checkpoint that cannot be used.
        InterruptedTrainingError: by Ctrl-C or SIGTERM, after a checkpoint was written.
    """
    require_extra("muscle")
    check_finetune(config, resume=resume)
    base = open_base(config.new_base, config.trust)
    data = _prepare(config, base, base.max_length)
    begin = _begin(config, data, [base], resume=resume)
    new_adapter(build_empty(base), config)  # modules that the base lacks, before it is loaded
    transformers.set_seed(config.seed)
    model = new_adapter(load_base(base, config.dtype), config)
    return _train(_Training(config, "finetune", data, begin, model), progress)


def train_adapter(
    config: MuscleConfig, *, resume: bool = False, progress: Progress | None = None
) -> Trained:
    """Train a compatibility adapter, which starts as a copy of the new task adapter.

    Args:
        config: both bases, both adapters, `data` and `output` are needed; the controls `ce`
            needs no old model.
        resume: go on from the last checkpoint.
        progress: called in the first process with each line of the log.

    Raises:
        ConfigError: a wrong option, or an output that is there already.
        DataError: models that cannot be aligned, an adapter of another base, or examples that
            cannot be used.
        InterruptedTrainingError: by Ctrl-C or SIGTERM, after a checkpoint was written.
    """
    require_extra("muscle")
    check_train(config, resume=resume)
    taught, trust = config.chosen_mask is not None, config.trust
    new = open_base(config.new_base, trust)
    old, pair, longest = None, Alignment(None, []), new.max_length
    renamed = config.renamed_base
    if config.task_adapter is not None:
        find_lora(config.task_adapter, config.new_base, trust, renamed=renamed, trains=True)
    if taught:
        old = open_base(str(config.old_base), trust)
        pair = check_pair(old, new, config.tokens)
        if config.old_adapter is not None:
            find_lora(config.old_adapter, old.name, trust, renamed=renamed)
        longest = min((length for length in (old.max_length, longest) if length), default=None)
    data = _prepare(config, new, longest, old.tokenizer if old and pair.apart else None)
    data.notes += pair.notes
    if old is not None and pair.words is not None:
        check_examples(old, new, pair.words, data.asked["old"])
    begin = _begin(config, data, [new, old] if old else [new], resume=resume)
    transformers.set_seed(config.seed)
    teachers: Teachers | None = None
    if taught and config.cache is not None:
        from compatkit.muscle.cache import open_cached_teachers  # noqa: PLC0415

        teachers, made = open_cached_teachers(config, data.asked, pair.words)
        data.notes += made
    model = load_student(config.new_base, config.task_adapter, config.dtype, trust, config=config)
    if taught and teachers is None:
        device = transformers.TrainingArguments(output_dir=config.output, report_to="none").device
        before = load_old(str(config.old_base), config.old_adapter, config.dtype, trust)
        teachers = OnlineTeachers(before.to(device), model)
    training = _Training(config, "train", data, begin, model, teachers, pair.words)
    return _train(training, progress)


@dataclass(slots=True)
class _Data:
    """The examples of a training."""

    train: Sequence[TokenizedExample]
    validation: Sequence[TokenizedExample]
    collator: Collator
    digests: dict[str, str]
    notes: list[str]

    @property
    def asked(self) -> dict[str, list[TokenizedExample]]:
        """All sequences that the old and the new model are asked, choices each by itself."""
        rows, collator = [*self.train, *self.validation], self.collator
        return {
            "old": [sequence for row in rows for sequence in collator.old_sequences(row)],
            "new": [sequence for row in rows for sequence in collator.sequences(row)],
        }


def _prepare(
    config: MuscleConfig, base: Checkpoint, longest: int | None, old_tokenizer: Any = None
) -> _Data:
    limit = min((length for length in (config.max_length, longest) if length), default=None)

    def read(path: str, *, labelled: bool = True) -> Examples:
        return read_examples(
            path,
            base.tokenizer,
            config,
            limit,
            old_tokenizer=old_tokenizer,
            labelled=labelled,
        )

    examples = read(config.data)
    digests, notes = {config.data: examples.digest}, _tell(config.data, examples)
    if config.validation is None:
        if len(examples.rows) == 1:
            raise DataError(
                f"{config.data}: one example; training and validation need two at least. Add "
                "some, or pass --validation."
            )
        train, validation = split_examples(examples.rows, config.validation_share, config.seed)
    else:
        held = read(config.validation)
        digests[config.validation] = held.digest
        notes += _tell(config.validation, held)
        train, validation = list(examples.rows), list(held.rows)
    if config.unlabelled is not None:
        more = read(config.unlabelled, labelled=False)
        digests[config.unlabelled] = more.digest
        notes += [*_tell(config.unlabelled, more), f"{len(more.rows):,} examples have no label"]
        train = [*train, *more.rows]
    return _Data(train, validation, Collator(base.padding, config.tokens), digests, notes)


def _tell(path: str, examples: Any) -> list[str]:
    notes = []
    if examples.cut:
        notes.append(f"{path}: {examples.cut:,} examples were cut to the longest length")
    if examples.skipped:
        notes.append(f"{path}: {examples.skipped:,} examples were too long and left out")
    return notes


@dataclass(frozen=True, slots=True)
class _Begin:
    """Where a training begins.

    Attributes:
        settings: what it is made of.
        files: names and digests of bases and adapters.
        checkpoint: from which it goes on; None for the first step.
    """

    settings: Mapping[str, Any]
    files: Mapping[str, Any]
    checkpoint: Path | None


def _begin(
    config: MuscleConfig, data: _Data, bases: Sequence[Checkpoint], *, resume: bool
) -> _Begin:
    """Say what a training is made of; refuse to go on with another, before weights are loaded."""
    from accelerate import PartialState  # noqa: PLC0415

    state: Any = PartialState()
    files, folder = describe_files(config), Path(config.output) / CHECKPOINTS
    settings = {
        **config.to_dict(),
        "data_sha256": data.digests,
        **{f"{role}_digest": file["digest"] for role, file in files.items()},
        "tokenizer_digests": [digest_tokenizer(base.tokenizer) for base in bases],
        "processes": int(state.num_processes),
        "versions": list_versions(),
    }
    if not resume:
        return _Begin(settings, files, None)
    data.notes += check_settings(folder, settings)
    checkpoint, notes = find_last_checkpoint(folder)
    data.notes += notes
    return _Begin(settings, files, checkpoint)


@dataclass(frozen=True, slots=True)
class _Training:
    """What is trained, and on what."""

    config: MuscleConfig
    what: str
    data: _Data
    begin: _Begin
    model: Any
    teachers: Teachers | None = None
    words: int | None = None

    def trainer(self, folder: Path) -> MuscleTrainer:
        """Make the trainer; checkpoints go into the folder."""
        config, data = self.config, self.data
        if config.gradient_checkpointing:
            self.model.enable_input_require_grads()
            self.model.gradient_checkpointing_enable({"use_reentrant": False})
        return MuscleTrainer(
            config=config,
            teachers=self.teachers,
            words=self.words,
            model=self.model,
            args=make_arguments(config, str(folder), _count_steps(config, len(data.train))),
            train_dataset=list(data.train),
            eval_dataset=list(data.validation),
            data_collator=data.collator,
        )


def _train(training: _Training, progress: Progress | None) -> Trained:
    config, data = training.config, training.data
    output = Path(config.output)
    folder = output / CHECKPOINTS
    trainer = training.trainer(folder)
    trainer.remove_callback(transformers.PrinterCallback)
    notes = list(data.notes)
    if trainer.args.warmup_steps < config.warmup_steps:
        notes.append(
            f"warm-up takes {trainer.args.warmup_steps:g} steps, a tenth of all, instead of "
            f"{config.warmup_steps}"
        )
    if config.select == "compatibility" and training.teachers is None:
        notes.append("no old model is asked; the epoch is kept by its accuracy alone")
    if progress is not None and trainer.is_world_process_zero():
        trainer.add_callback(_Report(progress))
    begin = training.begin
    if begin.checkpoint is None and trainer.is_world_process_zero():
        write_settings(folder, begin.settings)
    with _stop_on_signals(trainer) as interrupt:
        trainer.train(resume_from_checkpoint=begin.checkpoint and str(begin.checkpoint))
    if interrupt.is_set() and trainer.state.global_step < trainer.state.max_steps:
        raise InterruptedTrainingError(
            f"interrupted at step {trainer.state.global_step} of {trainer.state.max_steps}; "
            f"{folder} holds a checkpoint. --resume goes on from it, to the same result."
        )
    record = Record.of(
        config,
        training.what,
        trainer.state,
        files=begin.files,
        data=data.digests,
        notes=notes,
    )
    main = bool(trainer.is_world_process_zero())
    if main:
        trainer.accelerator.unwrap_model(trainer.model).save_pretrained(
            str(output), selected_adapters=[STUDENT]
        )
        write_record(output, record)
    trainer.accelerator.wait_for_everyone()
    return Trained(str(output), main, record, notes)


class _Report(transformers.TrainerCallback):  # type: ignore[misc]
    """Hands each line of the log on."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Hand a line on, with the step it was made at."""
        self.progress({**(logs or {}), "step": state.global_step, "of": state.max_steps})


class _Stop(transformers.TrainerCallback):  # type: ignore[misc]
    """Ends training after a step, with a checkpoint."""

    def __init__(self, accelerator: Any) -> None:
        self.asked = threading.Event()
        self.accelerator = accelerator

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Save and stop where that was asked for, in all processes after the same step."""
        if self.accelerator.num_processes > 1:
            asked = torch.tensor(float(self.asked.is_set()), device=self.accelerator.device)
            if self.accelerator.reduce(asked, reduction="sum").item():
                self.asked.set()
        if self.asked.is_set():
            control.should_save = True
            control.should_training_stop = True

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Leave out the validation of an epoch that was cut, which would count as one of it."""
        if self.asked.is_set() and state.epoch % 1:
            control.should_evaluate = False
            control.should_save = False


@contextmanager
def _stop_on_signals(trainer: Any) -> Iterator[threading.Event]:
    """Let the first Ctrl-C or SIGTERM end the step and save; the second one ends at once."""
    stop = _Stop(trainer.accelerator)
    trainer.add_callback(stop)
    if threading.current_thread() is not threading.main_thread():
        yield stop.asked
        return

    def handle(number: int, frame: Any) -> None:  # noqa: ARG001
        if stop.asked.is_set():
            raise KeyboardInterrupt
        stop.asked.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop.asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _count_steps(config: MuscleConfig, examples: int) -> int:
    from accelerate import PartialState  # noqa: PLC0415

    state: Any = PartialState()
    batches = math.ceil(examples / (config.batch_size * int(state.num_processes)))
    return max(math.ceil(math.ceil(batches / config.gradient_accumulation) * config.epochs), 1)
