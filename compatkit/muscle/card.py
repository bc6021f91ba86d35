"""The card: what an adapter was made from and what it scored, beside it as README.md."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from compatkit.checkpoints.sources import digest_checkpoint
from compatkit.errors import DataError
from compatkit.muscle.config import METHODS, MuscleConfig
from compatkit.output import write_whole
from compatkit.version import __version__

__all__ = [
    "RECORD",
    "Record",
    "add_scores",
    "describe_files",
    "list_versions",
    "read_record",
    "write_record",
]

RECORD, CARD = "muscle.json", "README.md"
SHOWN_DIGEST = 12
LOADED = "The adapter is loaded as any other PEFT adapter, on its base alone."
METHOD_NAMES = {
    "finetune": "Task adapter, trained by cross-entropy",
    "muscle": "Compatibility adapter (MUSCLE, arXiv 2407.09435)",
    "ce": "Control: the task adapter, trained on by cross-entropy",
    "kd_old": "Control: the task adapter, distilled from the old model alone",
    "kd_mix": "Compatibility adapter, distilled from the old and the new model alike",
    "blend": "Blend of two adapters, by their weights",
}


@dataclass(frozen=True, slots=True)
class Record:
    """All that a card says.

    Attributes:
        what: `finetune`, or the method of the training.
        config: the configuration.
        files: name and digest of bases and adapters.
        data: SHA-256 of each file of examples.
        epochs: the validation's metrics, one row each.
        best: the step of the epoch that was kept; None for the last.
        steps: how many were taken.
        versions: of compatkit and the libraries below it.
        notes: what a reader should know.
        scores: what `compatkit muscle evaluate` measured, one row per task.
    """

    what: str
    config: Mapping[str, Any]
    files: Mapping[str, Any]
    data: Mapping[str, str]
    epochs: Sequence[Mapping[str, Any]]
    best: int | None
    steps: int
    versions: Mapping[str, str]
    notes: Sequence[str] = ()
    scores: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @classmethod
    def of(
        cls,
        config: MuscleConfig,
        what: str,
        state: Any,
        *,
        files: Mapping[str, Any],
        data: Mapping[str, str],
        notes: Sequence[str],
    ) -> "Record":
        """Make one of a training's state."""
        epochs = [
            {"step": row["step"], **{k: row[f"eval_{k}"] for k in KEPT if f"eval_{k}" in row}}
            for row in state.log_history
            if "eval_cross_entropy" in row
        ]
        best = state.best_global_step if config.select != "last" else None
        return cls(
            what=what if what == "finetune" else config.method,
            config=config.to_dict(),
            files=files,
            data=data,
            epochs=epochs,
            best=best,
            steps=state.global_step,
            versions=list_versions(),
            notes=tuple(notes),
        )


KEPT = ("cross_entropy", "accuracy", "old_accuracy", "nfr", "compatibility")


def describe_files(config: MuscleConfig) -> dict[str, Any]:
    """Return names and digests of what a training is made from."""
    files = {}
    for role in ("new_base", "new_adapter", "old_base", "old_adapter"):
        name = getattr(config, "task_adapter" if role == "new_adapter" else role)
        if name:
            files[role] = {"name": name, "digest": digest_checkpoint(name)}
    return files


def write_record(folder: str | Path, record: Record) -> None:
    """Write the record and its card into the adapter's folder."""
    text = json.dumps(asdict(record), indent=2, default=str)
    write_whole(Path(folder) / RECORD, text.encode() + b"\n")
    write_whole(Path(folder) / CARD, render_card(record).encode())


def read_record(folder: str | Path) -> Record:
    """Read the record of an adapter that compatkit trained.

    Raises:
        DataError: a folder without one.
    """
    file = Path(folder) / RECORD
    try:
        record = Record(**json.loads(file.read_text(encoding="utf-8")))
        render_card(record)  # what no card can be made of is no record
    except OSError as error:
        raise DataError(
            f"{folder}: no {RECORD}; an adapter that compatkit muscle wrote was expected."
        ) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"{file}: not a record of compatkit muscle ({error}).") from error
    return record


def add_scores(folder: str | Path, scores: Sequence[Mapping[str, Any]]) -> Record:
    """Put measured scores into the record and the card of an adapter; return the record."""
    record = Record(**{**asdict(read_record(folder)), "scores": list(scores)})
    write_record(folder, record)
    return record


def render_card(record: Record) -> str:
    """Return the card as Markdown, with the front matter that the Hub reads."""
    config = record.config
    parts = [
        "---",
        f"base_model: {json.dumps(config['new_base'])}",
        "library_name: peft",
        "tags: [compatkit, lora]",
        "---",
        f"\n# {METHOD_NAMES[record.what]}\n",
        f"Written by compatkit {record.versions.get('compatkit', '')}. {LOADED}\n",
        "## Made from\n",
        "| role | name | SHA-256 |\n| --- | --- | --- |",
        *(_made_from(role, source) for role, source in record.files.items()),
        *(_row("examples", name, digest[:SHOWN_DIGEST]) for name, digest in record.data.items()),
        "\n## Training\n",
        "| setting | value |\n| --- | --- |",
        *(_row(name, value) for name, value in _settings(record)),
        *_epochs(record),
        *_scores(record),
    ]
    if record.notes:
        parts += ["\n## Notes\n", *(f"- {_plain(note)}" for note in record.notes)]
    return "\n".join(parts) + "\n"


def _made_from(role: str, file: Mapping[str, Any]) -> str:
    return _row(
        role.replace("_", " "), file["name"], file["digest"].partition(":")[2][:SHOWN_DIGEST]
    )


def _settings(record: Record) -> list[tuple[str, Any]]:
    config = record.config
    names = [
        "epochs", "learning_rate", "warmup_steps", "weight_decay", "batch_size",
        "gradient_accumulation", "tokens", "select", "dtype", "seed",
    ]  # fmt: skip
    if record.what == "blend":
        names = []
    elif record.what == "finetune":
        names = ["lora_rank", "lora_alpha", "lora_dropout", "target_modules", *names]
    elif METHODS.get(record.what) != "":
        mask = ["mask"] if record.what == "muscle" else []
        names = [*mask, "temperature", "ce_weight", "cache", *names]
    values: list[tuple[str, Any]] = [(name.replace("_", " "), config[name]) for name in names]
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    kept = "the last" if record.best is None else f"step {record.best}"
    return [*values, ("steps", record.steps), ("kept", kept), ("versions", versions)]


def _epochs(record: Record) -> list[str]:
    if not record.epochs:
        return []
    names = [name for name in KEPT if any(name in row for row in record.epochs)]
    if METHODS.get(record.what, "") == "":  # no old model was asked
        names = [name for name in names if name in {"cross_entropy", "accuracy"}]
    head = " | ".join(name.replace("_", " ") for name in names)
    lines = [
        "\n## Validation\n",
        f"Per {_unit(record)}, of the validation examples.\n",
        f"| step | {head} |",
        "| --- |" + " --- |" * len(names),
    ]
    lines += [_row(row["step"], *(f"{row[name]:.4f}" for name in names)) for row in record.epochs]
    return lines


def _unit(record: Record) -> str:
    return {"choice": "question", "span": "span"}.get(str(record.config.get("tokens")), "token")


def _scores(record: Record) -> list[str]:
    if not record.scores:
        return []
    names = list(dict.fromkeys(name for row in record.scores for name in row))
    return [
        "\n## Scores\n",
        "Measured by `compatkit muscle evaluate`, with 95 % intervals.\n",
        "| " + " | ".join(_plain(name) for name in names) + " |",
        "|" + " --- |" * len(names),
        *(_row(*(row.get(name, "-") for name in names)) for row in record.scores),
    ]


def _row(*cells: Any) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(value: Any) -> str:
    """Return a value as one line of Markdown that cannot break its table."""
    text = "-" if value is None else str(value)
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def list_versions() -> dict[str, str]:
    """Return the versions of compatkit and of the libraries below it."""
    from importlib.metadata import version  # noqa: PLC0415

    names = ("torch", "transformers", "peft", "accelerate")
    return {"compatkit": __version__, **{name: version(name) for name in names}}
