"""Run: one model over all examples, into a file that is whole or can be resumed."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from compatkit.checkpoints.adapters import put_adapter
from compatkit.checkpoints.checkpoint import Checkpoint, load_base, open_checkpoint
from compatkit.checkpoints.loading import is_out_of_memory, release_memory
from compatkit.checkpoints.sources import Model
from compatkit.errors import ConfigError
from compatkit.output import write_whole
from compatkit.readers.prediction_file import open_predictions
from compatkit.readers.run_header import header_path, is_own_header, read_header
from compatkit.runner.answers import Answerer, Row
from compatkit.runner.encoding import Encoded, Encoder
from compatkit.runner.header import Asked, make_header
from compatkit.runner.journal import (
    Finished,
    Journal,
    find_journals,
    holds_batches,
    read_journals,
    refuse_other_settings,
    remove_journals,
)
from compatkit.runner.plan import Batch, cut_batches, plan_batches
from compatkit.runner.prefix import Prefix, find_prefix
from compatkit.runner.settings import Settings

Progress = Callable[[int, int], None]  # answers made, of how many

ON_CPU, ON_GPU = 16, 64  # sequences of a batch to begin with; halved where memory runs out
PATIENCE = timedelta(days=7)  # of a process for the others: batches differ in how long they take


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made.

    Attributes:
        output: the prediction file.
        rows: how many answers are in it.
        made: how many of them this run made; the others were resumed.
        cut: prompts cut from the left.
        unfinished: answers that met the largest number of tokens.
        unclosed: answers that never came, as the thinking before them did not end.
        main: whether this is the process that wrote the file.
    """

    output: str
    rows: int
    made: int
    cut: int
    unfinished: int
    unclosed: int
    main: bool


def run_model(
    asked: Asked,
    settings: Settings,
    source: Model,
    output: str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Ask a model all examples and write its prediction file, with its header beside it.

    Under `accelerate launch` every process calls this, takes its share of the batches, and
    the first one writes the file.

    Args:
        asked: task and examples.
        settings: how the model is run.
        source: the model.
        output: the file to write, `.jsonl`.
        resume: go on where an earlier run was cut.
        overwrite: begin anew, whatever is there.
        progress: called in the first process with the answers made and how many it makes.

    Raises:
        ConfigError: the output is there already, or of a run with other settings; prompts that
            do not fit.
        DataError: a checkpoint that cannot be loaded, an adapter of another base or one whose
            weights do not all fit, or a disk that is full.
    """
    from accelerate import PartialState  # noqa: PLC0415

    _quieten()
    state: Any = PartialState(cpu=settings.device == "cpu", timeout=PATIENCE)
    device = settings.device or state.device
    checkpoint = open_checkpoint(source, settings.trust, renamed=settings.renamed_base)
    encoded = _encode(asked, settings, checkpoint)
    batch_size = settings.batch_size or (ON_CPU if "cpu" in str(device) else ON_GPU)
    header = make_header(
        asked, settings, checkpoint, encoded, batch_size=batch_size, device=_kind(device)
    )
    plan = _plan(encoded, batch_size, settings)
    target = Path(output)
    check_existing(target, resume=resume, overwrite=overwrite)
    complete = None if overwrite else _read_complete(target, header)
    state.wait_for_everyone()  # none may write before all have looked
    if complete is not None:
        return _outcome(output, complete, 0, header, main=state.is_main_process)
    if overwrite and state.is_main_process:
        remove_journals(target)
    state.wait_for_everyone()
    finished = read_journals(target, header)
    state.wait_for_everyone()
    left = [number for number in range(len(plan)) if number not in finished.batches]
    journal = Journal(target, state.process_index, header)
    try:
        if share := left[state.process_index :: state.num_processes]:
            answerer = _make_answerer(asked, settings, checkpoint, encoded, device)
            work = _Work(answerer, plan, journal, finished.size or batch_size, progress)
            work.run(share)
    finally:
        journal.close()
    state.wait_for_everyone()
    if state.is_main_process:
        header = _write(target, header, plan, read_journals(target, header))
        remove_journals(target)
    state.wait_for_everyone()
    written = header.get("predictions") or {"rows": sum(map(len, plan))}
    made = sum(len(plan[number]) for number in left)
    return _outcome(output, written, made, header, main=state.is_main_process)


def _plan(encoded: Any, batch_size: int, settings: Settings) -> list[Batch]:
    return plan_batches(
        encoded, batch_size, samples=settings.samples, by_length=settings.sort_by_length
    )


def _outcome(
    output: str, written: dict[str, Any], made: int, header: dict[str, Any], *, main: bool
) -> Outcome:
    cut = header["prompts"]["cut"]
    unfinished, unclosed = (written.get(name, 0) for name in ("unfinished", "unclosed"))
    return Outcome(output, written["rows"], made, cut, unfinished, unclosed, main)


def _encode(asked: Asked, settings: Settings, checkpoint: Checkpoint) -> list[Encoded]:
    tokenizer = checkpoint.tokenizer
    if settings.chat_template and not tokenizer.chat_template:
        raise ConfigError(
            f"--chat-template: the tokenizer of {checkpoint.source.name} has none. Leave it out."
        )
    for name in settings.template_args:
        if name not in str(tokenizer.chat_template):
            raise ConfigError(
                f"--template-arg {name}: the chat template of {checkpoint.source.name} has no such "
                "word. Leave it out, or correct the name."
            )
    encoder = Encoder(
        tokenizer,
        asked.task,
        settings,
        settings.max_length or checkpoint.max_length,
        checkpoint.encoder_decoder,
    )
    return encoder.encode(asked.examples.rows)


def _make_answerer(
    asked: Asked,
    settings: Settings,
    checkpoint: Checkpoint,
    encoded: Sequence[Encoded],
    device: Any,
) -> Answerer:
    release_memory()
    model = _load_model(checkpoint, settings, device)
    adapter = getattr(model, "active_peft_config", None)
    if asked.task.kind == "choice" and adapter is not None and adapter.is_prompt_learning:
        raise ConfigError(
            f"{checkpoint.source.adapter}: adds tokens of its own before the prompt, and choices "
            "cannot be scored behind those. Adapters of weights, such as LoRA, can be."
        )
    return Answerer(
        model,
        checkpoint.tokenizer,
        settings,
        asked.examples.rows,
        checkpoint.padding,
        checkpoint.encoder_decoder,
        Prefix(find_prefix(encoded) if _shares_prefix(asked, settings, checkpoint) else ()),
    )


def _shares_prefix(asked: Asked, settings: Settings, checkpoint: Checkpoint) -> bool:
    """Whether answers are generated from what the model kept of their prompts' beginning.

    Where no n-gram may come twice, filler within the prompt would break those that span it.
    """
    written = asked.task.kind != "choice" and not checkpoint.encoder_decoder
    return settings.prefix_sharing and written and not settings.no_repeat_ngram_size


def _load_model(checkpoint: Checkpoint, settings: Settings, device: Any) -> Any:
    """Load the weights, the adapter on them, and put the model on its device.

    Settings of generation that the checkpoint brings, such as a temperature, are dropped: those
    of the run are all there is, and the same for every model.
    """
    import transformers  # noqa: PLC0415

    spread = "auto" if device == "auto" else {"": device}
    model = load_base(checkpoint, settings.dtype, device_map=spread)
    brought = model.generation_config
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=brought.eos_token_id,
        pad_token_id=checkpoint.padding,
        decoder_start_token_id=brought.decoder_start_token_id,
    )
    if checkpoint.adapter is not None:
        name = str(checkpoint.source.adapter)
        model = put_adapter(model, name, checkpoint.adapter, checkpoint.name)
    model.eval()
    return model


def check_existing(target: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse to write over what is there, as far as that is seen before a model is opened.

    Raises:
        ConfigError: naming the file, and what to do.
    """
    _check_header(target)
    if overwrite:
        return
    journals = list(filter(holds_batches, find_journals(target)))
    if journals and not resume:
        raise ConfigError(
            f"{target}: an earlier run of it was cut, and {journals[0].name} holds what it "
            "finished. --resume goes on, --overwrite begins anew."
        )
    if journals or not target.exists():
        return
    if not resume:
        raise ConfigError(f"{target}: is there already. --overwrite makes it anew.")
    header, notes = read_header(open_predictions(target))
    if header is None or notes:
        raise ConfigError(
            f"{target}: is there, and no header that describes it. --overwrite makes it anew."
        )


def _read_complete(target: Path, header: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is known of a file that is complete; None where there is none."""
    if any(map(holds_batches, find_journals(target))) or not target.exists():
        return None
    there, _ = read_header(open_predictions(target))
    of_file = dict(there or {})
    predictions: dict[str, Any] = of_file.pop("predictions", None) or {}
    refuse_other_settings(str(header_path(target)), of_file, header)
    return predictions


def _check_header(target: Path) -> None:
    """Refuse to write over a file of somebody else's that lies where the header goes."""
    path = header_path(target)
    if path.exists() and not is_own_header(path):
        raise ConfigError(
            f"{path}: is there, and no header of a run; the header of {target} would be written "
            "over it. Name another output, or move the file away."
        )


@dataclass
class _Work:
    """The batches of one process, run one after the other."""

    answerer: Answerer
    plan: Sequence[Batch]
    journal: Journal
    size: int
    progress: Progress | None

    def run(self, share: Sequence[int]) -> None:
        """Run the batches of these numbers, each into the journal."""
        total = sum(len(self.plan[number]) for number in share)
        done = 0
        for number in share:
            rows = self._answer(self.plan[number])
            self.journal.add(number, self.size, rows)
            done += len(rows)
            if self.progress is not None:
                self.progress(done, total)

    def _answer(self, batch: Batch) -> list[Row]:
        """Answer a batch whole, or in halves from where memory ran out."""
        while True:
            try:
                parts = cut_batches(batch, self.size)
                return [row for part in parts for row in self.answerer.answer(part)]
            except Exception as error:
                largest = max(item.sequences for item in batch)
                if not is_out_of_memory(error) or self.size <= largest:
                    self._explain(error, batch)
                    raise
            self.size = max(self.size // 2, 1)
            release_memory()

    def _explain(self, error: Exception, batch: Batch) -> None:
        if is_out_of_memory(error):
            longest = max(batch, key=lambda item: item.example.length).example
            where = self.answerer.examples[longest.number].where
            raise ConfigError(
                f"{where}: memory ran out over this example alone, {longest.length} tokens. Pass "
                "--dtype bfloat16, --device auto, or --max-length with --too-long cut-left."
            ) from error


def _write(
    target: Path, header: dict[str, Any], plan: Sequence[Batch], finished: Finished
) -> dict[str, Any]:
    """Write header and file, in the order of the data; return the header."""
    rows = sorted(
        (
            (item.example.number, item.sample, row)
            for number, batch in enumerate(plan)
            for item, row in zip(batch, finished.batches[number], strict=True)
        ),
        key=lambda placed: placed[:2],
    )
    text = b"".join(json.dumps(row, default=str).encode() + b"\n" for _, _, row in rows)
    unfinished = sum(row.get("finished") is False for _, _, row in rows)
    unclosed = sum(row.get("thinking_closed") is False for _, _, row in rows)
    digest = hashlib.sha256(text).hexdigest()
    counts = {"unfinished": unfinished, "unclosed": unclosed}
    written = {"rows": len(rows), **counts, "sha256": digest}
    whole = {**header, "predictions": written}
    write_whole(str(header_path(target)), json.dumps(whole, indent=2).encode() + b"\n")
    write_whole(target, text)
    return whole


def _kind(device: Any) -> str:
    """Name a device as the header does: its kind, and which GPU it is, but not its number."""
    import torch  # noqa: PLC0415

    kind = str(device).partition(":")[0]
    if kind in {"cuda", "auto"} and torch.cuda.is_available():
        return f"{kind} {torch.cuda.get_device_name()}"
    return kind


def _quieten() -> None:
    """Leave standard error to what compatkit says."""
    import transformers  # noqa: PLC0415

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
