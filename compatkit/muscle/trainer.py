"""The trainer: transformers' own, with the loss of MUSCLE."""

import math
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers

from compatkit.errors import ConfigError, DataError, MissingExtraError
from compatkit.muscle.batches import IGNORED
from compatkit.muscle.choices import over_choices
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.loss import (
    Parts,
    Student,
    Teacher,
    combine_losses,
)
from compatkit.muscle.resuming import mark_whole
from compatkit.muscle.spans import over_spans
from compatkit.muscle.teachers import Teachers, predict

__all__ = ["MuscleTrainer", "make_arguments"]

SUMS = ("tokens", "labelled", "old_share", "student_right")
OVERFLOW = "Try a lower --learning-rate, or --dtype bfloat16 or float32 where float16 overflows."
COLUMNS = ("cross_entropy", "tokens", "right", "old_right", "broken")


class MuscleTrainer(transformers.Trainer):  # type: ignore[misc]
    """A `transformers.Trainer` whose loss is eq. 1 or eq. 5 of MUSCLE.

    Args:
        config: mask, temperature and weights.
        teachers: who answers for the old model and the new task adapter; None for cross-entropy.
        words: how many words both heads know; None where they are alike.
        options: of `transformers.Trainer`; the data set gives `TokenizedExample`, the collator
            is a `Collator`.

    The log holds, beside the loss, `cross_entropy` and `student_accuracy` per token whose right
    one is known and, with teachers, `divergence` and `old_share` (the share of tokens that learn
    from the old model). Validation gives `eval_cross_entropy`, `eval_accuracy`,
    `eval_compatibility` (without teachers the accuracy) and, with teachers, `eval_old_accuracy`
    and `eval_nfr` (the share of tokens that the old model has right and the student wrong). Where
    the loss is over choices or spans, each of these is per question or span instead of per token.
    """

    def __init__(
        self,
        *,
        config: MuscleConfig,
        teachers: Teachers | None = None,
        words: int | None = None,
        **options: Any,
    ) -> None:
        """Make a trainer of transformers that knows its teachers."""
        summarize = _summarize(config.nfr_weight, taught=teachers is not None)
        super().__init__(**options, compute_metrics=summarize)
        self.muscle = config
        self.teachers = teachers
        self.words = words
        self.model_accepts_loss_kwargs = True  # the loss is divided by all tokens of a step
        self._seen: dict[str, float] = defaultdict(float)
        self._unchecked = True

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the loss of a batch: its tokens' sum over the number of tokens of the step."""
        parts = self._measure(model, inputs, num_items_in_batch)
        if not torch.isfinite(parts.loss):
            raise DataError(
                f"step {self.state.global_step + 1}: the loss is {parts.loss.item()}. {OVERFLOW}"
            )
        self._note(parts, num_items_in_batch)
        # Processes average their gradients, and each has divided by the tokens of all of them.
        loss = parts.loss * (
            self.accelerator.num_processes if num_items_in_batch is not None else 1
        )
        return (loss, {"loss": loss}) if return_outputs else loss

    def _measure(self, model: Any, inputs: dict[str, Any], num_items: Any) -> Parts:
        predicted, old, new = self._ask(model, inputs)
        return combine_losses(
            predicted,
            old,
            new,
            mask=self.muscle.chosen_mask or "all",
            temperature=self.muscle.temperature,
            ce_weight=self.muscle.ce_weight,
            num_items=num_items,
        )

    def _ask(
        self, model: Any, inputs: dict[str, Any]
    ) -> tuple[Student, Teacher | None, Teacher | None]:
        """Return what the student says of a batch, and the teachers, who are asked first."""
        old: Teacher | None = None
        new: Teacher | None = None
        if self.teachers is not None:
            old, new = self.teachers.ask(model, inputs, self.words)
        predicted = predict(model, inputs, self.words)
        if "choice_right" in inputs:
            return over_choices(predicted, old, new, inputs)
        if "span" in inputs and old is not None and new is not None:
            return over_spans(predicted, old, new, inputs)
        return predicted, old, new

    def _note(self, parts: Parts, num_items: Any) -> None:
        share = 1.0 if num_items is None else float(num_items) / max(int(parts.tokens), 1)
        for name in SUMS:
            self._seen[name] += float(getattr(parts, name))
        for name in ("divergence", "cross_entropy"):
            self._seen[name] += float(getattr(parts, name)) * share * float(parts.tokens)

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> Any:
        """Count what the loss counts, in all batches and processes of a step."""
        count = sum(_count(batch) for batch in batch_samples)
        return self.accelerator.gather(torch.as_tensor(count).to(device)).sum()

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """Take a step; after the first backward every weight that trains must have a gradient."""
        loss = super().training_step(*args, **kwargs)
        if self._unchecked and not (self.is_deepspeed_enabled or self.is_fsdp_enabled):
            self._unchecked = False
            check_gradients(self.model)
        return loss

    def prediction_step(
        self,
        model: Any,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: Any = None,  # noqa: ARG002
    ) -> tuple[Any, Any, Any]:
        """Return, per example, what validation sums up; see `_summarize`."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad():
            seen, old, _ = self._ask(model, inputs)
        of_old = seen.right if old is None else old.right
        table = torch.stack(
            [
                -seen.gold,
                torch.ones_like(seen.gold),
                seen.right.float(),
                of_old.float(),
                (of_old & ~seen.right).float(),
            ],
            1,
        )
        rows = len(inputs.get("choice_right", inputs["labels"]))
        sums = table.new_zeros(rows, len(COLUMNS)).index_add(0, seen.sequence, table)
        loss = sums[:, 0].sum() / sums[:, 1].sum().clamp(min=1)
        return (loss, None, None) if prediction_loss_only else (loss, sums, sums[:, :1])

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add to a line of the log what the loss was made of since the last one."""
        if "loss" in logs:
            names = (*SUMS, "divergence", "cross_entropy")
            seen = torch.tensor([self._seen[name] for name in names], device=self.args.device)
            sums = dict(
                zip(names, self.accelerator.reduce(seen, reduction="sum").tolist(), strict=True)
            )
            self._seen.clear()
            tokens, labelled = (max(sums[name], 1.0) for name in ("tokens", "labelled"))
            logs = {
                **logs,
                "cross_entropy": sums["cross_entropy"] / labelled,
                "student_accuracy": sums["student_right"] / labelled,
            }
            if self.teachers is not None:
                logs |= {name: sums[name] / tokens for name in ("divergence", "old_share")}
            error = getattr(self.teachers, "error", None)
            logs |= {} if error is None else {"cache_error": error}
        super().log(logs, *args, **kwargs)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save a checkpoint, and last of all what it holds."""
        super()._save_checkpoint(model, trial)
        if self.args.should_save:
            mark_whole(Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}")

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Save the student's adapter alone, as a normal PEFT adapter."""
        from compatkit.muscle.models import STUDENT  # noqa: PLC0415

        if not self.args.should_save:
            return
        folder = output_dir or self.args.output_dir
        model = self.accelerator.unwrap_model(self.model)
        model.save_pretrained(folder, state_dict=state_dict, selected_adapters=[STUDENT])
        torch.save(self.args, f"{folder}/training_args.bin")


def _count(batch: dict[str, Any]) -> int:
    """Return how many tokens of a batch the loss counts, or how many questions or spans."""
    if "span_sequence" in batch:
        return len(batch["span_sequence"])
    if "choice_right" in batch:
        return len(batch["choice_right"])
    return int((batch["labels"][:, 1:] != IGNORED).sum())


def check_gradients(model: Any) -> None:
    """Refuse to train on where no gradient reaches an adapter.

    Raises:
        ConfigError: weights that train and have no gradient, or none that train.
    """
    names = [name for name, weight in model.named_parameters() if weight.requires_grad]
    silent = [
        name
        for name, weight in model.named_parameters()
        if weight.requires_grad and weight.grad is None
    ]
    if not names or silent:
        what = f"{len(silent)} of {len(names)} weights" if names else "no weight at all"
        raise ConfigError(
            f"no gradient reaches {what} after the first step"
            + (f", {silent[0]} among them" if silent else "")
            + ". The adapter has modules that the forward pass does not use, or its weights are "
            "frozen; make it anew with compatkit muscle finetune."
        )


def _summarize(nfr_weight: float, *, taught: bool) -> Any:
    """Return a function that makes metrics of the validation's sums."""

    def summarize(evaluation: Any) -> dict[str, float]:
        entropy, tokens, right, old_right, broken = evaluation.predictions.sum(0).tolist()
        if not math.isfinite(entropy):  # the last step's weights are seen by nothing else
            raise DataError(f"validation: the cross-entropy is {entropy}. {OVERFLOW}")
        tokens = max(tokens, 1.0)
        of_old = {"old_accuracy": old_right / tokens, "nfr": broken / tokens}
        return {
            "cross_entropy": entropy / tokens,
            "accuracy": right / tokens,
            **(of_old if taught else {}),
            "compatibility": (right - nfr_weight * broken) / tokens,
        }

    return summarize


def make_arguments(config: MuscleConfig, folder: str, steps: int) -> transformers.TrainingArguments:
    """Return transformers' arguments for a configuration.

    Args:
        config: of the training.
        folder: where checkpoints go.
        steps: of the whole training.

    Raises:
        MissingExtraError: events for TensorBoard are asked for, and it is not installed.
    """
    if config.tensorboard and not any(map(find_spec, ("tensorboard", "tensorboardX"))):
        raise MissingExtraError("--tensorboard needs tensorboard: pip install tensorboard.")
    regular = {
        "save_strategy": "epoch" if config.save_steps is None else "steps",
        "eval_strategy": "epoch" if config.save_steps is None else "steps",
    }
    if config.save_steps is not None:
        regular |= {"save_steps": config.save_steps, "eval_steps": config.save_steps}  # type: ignore[dict-item]
    best = {
        "load_best_model_at_end": True,
        "metric_for_best_model": config.select,
        "greater_is_better": config.select == "compatibility",
    }
    return transformers.TrainingArguments(
        output_dir=folder,
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        warmup_steps=min(config.warmup_steps, steps // 10),
        lr_scheduler_type="linear",
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        seed=config.seed,
        logging_steps=config.logging_steps,
        logging_nan_inf_filter=False,
        report_to=["tensorboard"] if config.tensorboard else "none",
        remove_unused_columns=False,
        label_names=["labels"],
        save_total_limit=2,
        average_tokens_across_devices=True,
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        **regular,
        **(best if config.select != "last" else {}),
    )
