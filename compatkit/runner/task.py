"""Task: how a row of data becomes a prompt, and what is asked of the model; one small file."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any

from compatkit.errors import ConfigError, DataError
from compatkit.record import replace
from compatkit.spelling import suggest

KINDS = ("generate", "choice")
FOLDER = resources.files(__package__).joinpath("tasks")
TASKS = tuple(sorted(file.name[:-5] for file in FOLDER.iterdir() if file.name.endswith(".toml")))
TYPES: dict[str, tuple[type, str]] = {
    "kind": (str, "text"),
    "prompt": (str, "a template"),
    "reference": (str, "an expression"),
    "choices": (str, "an expression"),
    "shot_answer": (str, "a template"),
    "id": (str, "an expression"),
    "delimiter": (str, "text"),
    "separator": (str, "text"),
    "stop": (list, "a list of texts"),
    "max_new_tokens": (int, "a whole number above 0"),
    "no_repeat_ngram_size": (int, "a whole number"),
    "scorer": (dict, "a table"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """How a row becomes a prompt, and how the answer is asked for.

    A template is text with Jinja's `{{ ... }}`; an expression is what stands between them.
    Both see the fields of the row.

    Attributes:
        name: the task's name.
        kind: `generate`, or `choice` for the likeliest of several continuations.
        prompt: template of what the model reads.
        reference: expression: the accepted answer, or a list; for `choice` the index of the
            right one from 0, or its text. Empty where there is none.
        choices: expression: the list of continuations, for `choice`.
        shot_answer: template of an example's answer in a few-shot prompt; the first
            reference, or the right choice, if not said.
        id: expression of the example's id; the field `id`, or the row's number, if not said.
        delimiter: what stands between a prompt and its answer.
        separator: what stands between the examples of a few-shot prompt.
        stop: texts at which an answer ends, themselves left out.
        max_new_tokens: the longest answer, in tokens.
        no_repeat_ngram_size: no n-gram of this many tokens occurs twice in an answer; 0 is off.
        scorer: the scorer that judges the answers, by `name`, with its options.
        digest: SHA-256 of the task's text.
    """

    name: str
    kind: str
    prompt: str
    reference: str = ""
    choices: str = ""
    shot_answer: str = ""
    id: str = ""
    delimiter: str = " "
    separator: str = "\n\n"
    stop: tuple[str, ...] = ()
    max_new_tokens: int = 256
    no_repeat_ngram_size: int = 0
    scorer: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    def with_id(self, path: str | None) -> "Task":
        """Return the task with the id in a field of the user's choice."""
        return self if path is None else replace(self, id=f"row | field({path!r})")


def load_task(name: str) -> Task:
    """Load a task of the package by its name, or a file of the user's own.

    Args:
        name: one of `TASKS`, or the path of a `.toml` file.

    Raises:
        ConfigError: no such task.
        DataError: a file that is no task.
    """
    if name in TASKS:
        text = FOLDER.joinpath(f"{name}.toml").read_bytes()
        return parse_task(text, f"{name}.toml")
    path = Path(name)
    if path.suffix != ".toml":
        every = (
            f"there are {', '.join(TASKS)}, and a file of your own is named whole: my_task.toml."
        )
        raise ConfigError(f"--task {name}: no such task; {suggest(name, TASKS, every)}")
    try:
        return parse_task(path.read_bytes(), name)
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}.") from error


def parse_task(text: bytes, name: str) -> Task:
    """Make a task of the text of its file.

    Args:
        text: TOML.
        name: the file's name, for messages; the task is called after it.

    Raises:
        DataError: no TOML, a key that no task has, or a value that does not fit.
    """
    try:
        values = tomllib.loads(text.decode("utf-8"))
    except ValueError as error:  # a number of too many digits among them
        raise DataError(f"{name}: not TOML ({error}).") from error
    for key, value in values.items():
        if key not in TYPES:
            raise DataError(f"{name}: no key {key!r} in a task; {suggest(key, TYPES)}")
        kind, what = TYPES[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise DataError(f"{name}: {key} is {value!r}; {what} was expected.")
    _check_values(values, name)
    values["stop"] = tuple(values.get("stop", ()))
    return Task(name=Path(name).stem, digest=hashlib.sha256(text).hexdigest(), **values)


def _check_values(values: Mapping[str, Any], name: str) -> None:
    for key in ("kind", "prompt"):
        if key not in values:
            raise DataError(f"{name}: no {key}; a task needs kind and prompt.")
    if values["kind"] not in KINDS:
        raise DataError(f"{name}: kind is {values['kind']!r}; generate or choice was expected.")
    choosing = values["kind"] == "choice"
    if choosing != bool(values.get("choices")):
        what = "needs choices" if choosing else "has no choices"
        raise DataError(f"{name}: a task of kind {values['kind']} {what}.")
    if not all(isinstance(text, str) and text for text in values.get("stop", ())):
        raise DataError(f"{name}: stop is {values['stop']!r}; a list of texts was expected.")
    if values.get("max_new_tokens", 1) < 1 or values.get("no_repeat_ngram_size", 0) < 0:
        raise DataError(f"{name}: max_new_tokens must be above 0, no_repeat_ngram_size not below.")
    if values.get("scorer", {"name": ""}).get("name") is None:
        raise DataError(f"{name}: the table scorer has no name.")


def plain_task(prompt: str, reference: str, identifier: str | None = None) -> Task:
    """Make the task of a file that holds its prompts: greedy answers, no stop.

    Args:
        prompt: the field that holds the prompt.
        reference: the field that holds the reference; empty for none.
        identifier: the field that holds the id; None for `id`, or the row's number.
    """
    text = repr((prompt, reference)).encode()
    plain = Task(
        name="",
        kind="generate",
        prompt="{{ row | field(" + repr(prompt) + ") }}",
        reference=f"row | field({reference!r})" if reference else "",
        digest=hashlib.sha256(text).hexdigest(),
    )
    return plain.with_id(identifier)


def list_keys() -> list[str]:
    """Return the keys of a task file, which the documentation must name."""
    return [field.name for field in fields(Task) if field.name in TYPES]
