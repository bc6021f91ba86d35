"""Examples: the rows of a data file, made into prompts by a task."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from compatkit.errors import ConfigError, DataError
from compatkit.predictions.choices import find_right, name_choice
from compatkit.predictions.fields import MISSING, get_path, list_keys
from compatkit.readers.address import refuse_address
from compatkit.readers.prediction_file import open_predictions
from compatkit.runner.task import Task
from compatkit.runner.templates import Evaluate, Row, Templates

Turn = tuple[str, str]  # a question and its answer, as a few-shot prompt shows them


@dataclass(frozen=True, slots=True)
class Example:
    """One example, before a tokenizer has seen it.

    Attributes:
        id: the example's id.
        prompt: what the model reads last.
        references: the accepted answers; empty where there are none.
        choices: the continuations to choose from; empty for a generated answer.
        right: the index of the right choice; None where it is not known.
        shots: the examples that stand before it.
        kept: further fields of the row, for slices.
        where: file and line, for messages.
    """

    id: str
    prompt: str
    references: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    right: int | None = None
    shots: tuple[Turn, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """Where the rows of a task come from.

    Attributes:
        path: a local file; None for a data set of the Hub.
        dataset: the name of a data set for `datasets.load_dataset`.
        subset: its configuration.
        split: its split.
        revision: its revision.
    """

    path: str | None = None
    dataset: str | None = None
    subset: str | None = None
    split: str = "test"
    revision: str | None = None

    def __post_init__(self) -> None:
        """Refuse an address in the place of a file."""
        refuse_address(self.path or "")

    @property
    def name(self) -> str:
        """What messages call it."""
        parts = (self.dataset, self.subset, self.split, self.revision)
        return self.path or ":".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of a run.

    Attributes:
        rows: the examples in the order of the data.
        source: what the header says about the data.
    """

    rows: Sequence[Example]
    source: Mapping[str, Any]


def read_examples(
    task: Task,
    data: Data,
    *,
    limit: int | None = None,
    shots: int = 0,
    shots_data: str | None = None,
    keep: Sequence[str] = (),
) -> Examples:
    """Read the rows of the data and make examples of them.

    Args:
        task: how a row becomes a prompt.
        data: the rows.
        limit: how many rows, from the first; None for all.
        shots: how many rows of `shots_data` stand before each prompt, answered, from the
            first on; a row that is the example itself is left out.
        shots_data: a local file.
        keep: further fields to keep beside the prediction.

    Raises:
        DataError: with file and line: what cannot be read or made into a prompt, an id twice.
        ConfigError: shots without their data, or too few of them.
    """
    maker = _Maker.of(task, keep)
    pool = _read_shots(shots, shots_data)
    rows = []
    seen: dict[str, str] = {}
    for number, (row, where) in enumerate(islice(_read_rows(data), limit), 1):
        example = maker.make(row, where, number, _pick(pool, row, shots))
        if example.id in seen:
            raise DataError(
                f"{where}: the id {example.id!r} stands in {seen[example.id]} too. "
                "Give every row an id of its own."
            )
        seen[example.id] = where
        rows.append(example)
    if not rows:
        raise DataError(f"{data.name}: no rows. Was the file written to the end?")
    digest = open_predictions(data.path).digest if data.path and data.path != "-" else None
    source = {
        "file": data.path,
        "dataset": None if data.path else data.name,
        "sha256": digest,
        "examples": len(rows),
        "limit": limit,
    }
    return Examples(rows, source)


def read_solved(
    task: Task, data: Data, *, limit: int | None = None
) -> Iterator[tuple[Example, str | None]]:
    """Yield the examples of a task, each with the answer that a few-shot prompt would show.

    Raises:
        DataError: with file and line: what cannot be read or made into a prompt.
    """
    maker = _Maker.of(task, ())
    for number, (row, where) in enumerate(islice(_read_rows(data), limit), 1):
        example = maker.make(row, where, number, [])
        solved = maker.shot_answer is not None or example.right is not None or example.references
        yield example, maker.turn(row, where)[1] if solved else None


def digest_prompts(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of all that the models are asked: shots, prompts and choices."""
    digest = hashlib.sha256()
    for example in examples:
        asked = [example.id, example.shots, example.prompt, example.choices]
        digest.update(json.dumps(asked).encode() + b"\n")
    return digest.hexdigest()


def _read_rows(data: Data) -> Iterator[tuple[Row, str]]:
    if data.path is not None:
        for batch in open_predictions(data.path).batches():
            for row, line in zip(batch.rows, batch.lines, strict=True):
                yield row, f"{data.path}:{line}"
        return
    import datasets  # noqa: PLC0415

    try:
        dataset: Any = datasets.load_dataset(
            data.dataset or "", data.subset, split=data.split, revision=data.revision
        )
    except Exception as error:  # of many kinds, from the network to the builder
        raise DataError(f"{data.name}: the data set cannot be loaded: {error}.") from error
    for number, row in enumerate(dataset, 1):
        yield row, f"{data.name}:{number}"


def _read_shots(shots: int, path: str | None) -> list[tuple[Row, str]]:
    if not shots:
        if path is not None:
            raise ConfigError("--shots-data without --shots: say how many, --shots 5.")
        return []
    if path is None:
        raise ConfigError(f"--shots {shots} needs --shots-data FILE, whose first rows are shown.")
    pool = list(islice(_read_rows(Data(path)), shots + 1))
    if len(pool) < shots:
        raise ConfigError(f"--shots {shots}: {path} has {len(pool)} rows.")
    return pool


def _pick(pool: Sequence[tuple[Row, str]], row: Row, shots: int) -> list[tuple[Row, str]]:
    """Return the first rows of the pool that are not the example itself."""
    shown = [shot for shot in pool if shot[0] != row][:shots]
    if len(shown) < shots:
        raise ConfigError(
            f"--shots {shots}: without the example itself {len(shown)} rows are left. Add rows."
        )
    return shown


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes examples of rows: a task's templates, compiled."""

    task: Task
    keep: Sequence[str]
    prompt: Evaluate
    reference: Evaluate | None
    choices: Evaluate | None
    shot_answer: Evaluate | None
    id: Evaluate | None

    @classmethod
    def of(cls, task: Task, keep: Sequence[str]) -> "_Maker":
        made = Templates(f"{task.name}.toml" if task.name else "the data")

        def expression(what: str) -> Evaluate | None:
            text: str = getattr(task, what)
            return made.expression(text, what) if text else None

        answer = made.template(task.shot_answer, "shot_answer") if task.shot_answer else None
        return cls(
            task=task,
            keep=keep,
            prompt=made.template(task.prompt, "prompt"),
            reference=expression("reference"),
            choices=expression("choices"),
            shot_answer=answer,
            id=expression("id"),
        )

    def make(self, row: Row, where: str, number: int, shots: list[tuple[Row, str]]) -> Example:
        """Make the example of a row, behind its shots."""
        prompt = _text(self.prompt(row, where), where, "prompt")
        reference = None if self.reference is None else self.reference(row, where)
        choices = self._choices(row, where)
        right = None
        if choices:
            right = None if reference is None else find_right(reference, choices, where)
            references: tuple[str, ...] = () if right is None else (name_choice(right, choices),)
        else:
            references = _texts(reference, where)
        return Example(
            id=self._id(row, where, number),
            prompt=prompt,
            references=references,
            choices=choices,
            right=right,
            shots=tuple(self.turn(*shot) for shot in shots),
            kept={path: _kept(row, path, where) for path in self.keep},
            where=where,
        )

    def turn(self, row: Row, where: str) -> Turn:
        """Return a row as a few-shot prompt shows it."""
        plain = self.make(row, where, 0, [])
        if self.shot_answer is not None:
            return plain.prompt, str(self.shot_answer(row, where))
        if plain.right is not None:
            return plain.prompt, plain.choices[plain.right]
        if not plain.references:
            raise DataError(f"{where}: no reference, which --shots would show as the answer.")
        return plain.prompt, plain.references[0]

    def _choices(self, row: Row, where: str) -> tuple[str, ...]:
        if self.choices is None:
            return ()
        choices = self.choices(row, where)
        if not isinstance(choices, list | tuple) or len(choices) < 2:  # noqa: PLR2004
            raise DataError(f"{where}: choices are {choices!r}; two texts or more were expected.")
        return tuple(_text(choice, where, "choice") for choice in choices)

    def _id(self, row: Row, where: str, number: int) -> str:
        value = self.id(row, where) if self.id is not None else row.get("id", number)
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise DataError(f"{where}: the id is {value!r}; a text or a whole number was expected.")
        return str(value)


def _text(value: Any, where: str, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise DataError(f"{where}: the {what} is {value!r}; a text was expected.")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(reference, dict | list) for reference in values):
        raise DataError(f"{where}: the reference is {value!r}; a text or a list was expected.")
    return tuple(
        reference if isinstance(reference, str) else json.dumps(reference)
        for reference in values
        if reference is not None
    )


def _kept(row: Row, path: str, where: str) -> Any:
    value = get_path(row, path)
    if value is MISSING:
        raise DataError(f'{where}: no field "{path}" to keep; the fields are {list_keys(row)}.')
    return value
