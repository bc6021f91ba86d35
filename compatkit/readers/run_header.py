"""Run header: what is known of how a prediction file was made.

`compatkit run` writes it beside the file, as `new.meta.json` beside `new.jsonl`; whoever
compares files reads it there, and says where two sides were made differently.
"""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from compatkit.errors import DataError
from compatkit.notes import Note, notes_of
from compatkit.readers.address import Place, place_of
from compatkit.readers.prediction_file import PredictionFile
from compatkit.recipe import Recipe

SUFFIX = ".meta.json"
FORMAT = 1
KEY = "compatkit_run"
# What may differ between two versions of a model without a word: the models themselves, and
# what follows from them.
OWN = ("model", "predictions", "data.file", "prompts.tokens", "prompts.cut")
COMPARED = ("scorer", "task", "data", "prompts", "generation", "batches", "versions")

Header = Mapping[str, Any]


def header_path(predictions: str | Place) -> Place:
    """Return where the header of a prediction file lies.

    >>> header_path("runs/new.jsonl").name
    'new.meta.json'
    """
    path = place_of(predictions)
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    return path.with_name(name.removesuffix(PurePath(name).suffix) + SUFFIX)


def is_header(path: Place) -> bool:
    """Tell by its name whether a file is a header and no prediction file."""
    return path.name.endswith(SUFFIX)


def lies_there(path: Place) -> bool:
    """Tell whether there is a header; not where nobody says, which its reading notes."""
    try:
        return path.is_file()
    except DataError:
        return False


def is_own_header(path: Place) -> bool:
    """Tell by its content whether a file is the header of a run, of whatever format."""
    try:
        header: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and KEY in header


def read_header(file: PredictionFile) -> tuple[Header | None, list[Note]]:
    """Read the header of a prediction file, where one lies beside it.

    Returns:
        The header, or None, and what a reader of the numbers should know about it.
    """
    if file.path is None:
        return None, []
    path = header_path(file.path)
    header, notes = load_header(path)
    digest = None if header is None else _get(header, "predictions.sha256")
    changed = digest is not None and digest != file.digest
    text = f"{file.name} is no longer the file that {path} describes"
    return header, [*notes, *([Note("changed", text)] if changed else [])]


def load_header(path: Place) -> tuple[Header | None, list[Note]]:
    """Read a header, whatever became of its prediction file; see `read_header`."""
    try:
        if not path.exists():
            return None, []
        header: Any = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError, DataError) as error:
        reason = str(error).removeprefix(f"{path}: ").removesuffix(".")
        text = f"{path} cannot be read ({reason}); how the file was made is not known"
        return None, [Note("header", text)]
    if not isinstance(header, dict) or KEY not in header:
        return None, []
    if header[KEY] != FORMAT:
        text = f"{path} has format {header[KEY]!r}; format {FORMAT} was expected"
        return None, [Note("header", text)]
    return header, []


def compare_runs(old: PredictionFile, new: PredictionFile, scorer: str) -> list[Note]:
    """Note how differently two files were made, and whether the scorer fits.

    Args:
        old: the old model's file.
        new: the new model's file.
        scorer: the name of the scorer that judges them.
    """
    (old_header, notes), (new_header, more) = read_header(old), read_header(new)
    differences = compare_headers(old_header, new_header, (old.name, new.name))
    notes = [*notes, *more, *notes_of("made", differences)]
    notes += notes_of("cut", _count_cut(old_header, new_header, (old.name, new.name)))
    wanted = find_scorer(old_header, new_header)
    if wanted is not None and wanted.name != scorer:
        text = f"the files were made for the scorer {wanted.name}, and {scorer} judged them"
        notes.append(Note("judged", text))
    return notes


def compare_headers(old: Header | None, new: Header | None, names: tuple[str, str]) -> list[str]:
    """Say in sentences what differs between how two files were made, but for the model.

    Args:
        old: the old file's header, None where there is none.
        new: the new file's.
        names: what the sentences call the files.
    """
    if old is None and new is None:
        return []
    if old is None or new is None:
        lacking = names[0] if old is None else names[1]
        return [f"how {lacking} was made is not known: no header lies beside it"]
    sentences = []
    for part in COMPARED:
        changed = [
            f"{path} {_show(left)} and {_show(right)}"
            for path, left, right in list_differences({part: old.get(part)}, {part: new.get(part)})
            if not path.startswith(OWN)
        ]
        if changed:
            sentences.append(f"made with different {part}: {', '.join(changed)}")
    if _digests(old) == _digests(new) and None not in _digests(old):
        sentences.append("both files come from the same checkpoint")
    return sentences


def _count_cut(old: Header | None, new: Header | None, names: tuple[str, str]) -> list[str]:
    """Say of each side how many answers were cut or are missing, where there are any."""
    sentences = []
    for key, what in (
        ("unfinished", "cut at the largest length"),
        ("unclosed", "missing, as the thinking did not end"),
    ):
        counts = [_get(header, f"predictions.{key}") for header in (old, new)]
        if any(isinstance(count, int) and count for count in counts):
            sides = zip(counts, (old, new), names, strict=True)
            parts = [
                f"{count} of {_get(header, 'predictions.rows')} of {name}"
                for count, header, name in sides
                if isinstance(count, int)
            ]
            sentences.append(f"answers {what}: {', '.join(parts)}")
    return sentences


def find_scorer(*headers: Header | None) -> Recipe | None:
    """Return the scorer that all headers name, None where they do not agree on one."""
    named: list[Any] = [None if header is None else header.get("scorer") for header in headers]
    first = named[0]
    if not isinstance(first, dict) or not isinstance(first.get("name"), str):
        return None
    if any(scorer != first for scorer in named):
        return None
    return Recipe(first["name"], {key: value for key, value in first.items() if key != "name"})


def describe_header(header: Header) -> str:
    """Say in one line how a file was made."""
    model, parts = header.get("model") or {}, []
    parts.append(str(_get(model, "name")))
    version = _get(model, "revision") or _get(model, "digest")
    parts[0] += f" ({_show(version)})" if version else ""
    if _get(model, "adapter.name"):
        parts.append(f"adapter {_get(model, 'adapter.name')}")
    parts.append(str(_get(header, "task.name") or "no task"))
    shots = _get(header, "prompts.shots")
    parts.append(f"{shots}-shot" if shots else "0-shot")
    if _get(header, "prompts.chat_template"):
        parts.append("chat template")
    cut = _get(header, "prompts.cut")
    parts += [f"{cut} prompts cut from the left"] if cut else []
    unfinished = _get(header, "predictions.unfinished")
    parts += [f"{unfinished} answers cut at the largest length"] if unfinished else []
    unclosed = _get(header, "predictions.unclosed")
    parts += [f"{unclosed} answers missing, as the thinking did not end"] if unclosed else []
    parts.append(f"{_get(model, 'dtype')} on {_get(header, 'batches.device')}")
    return ", ".join(parts)


def list_differences(left: Header, right: Header, above: str = "") -> list[tuple[str, Any, Any]]:
    """Return what differs between two headers: the dotted path, and the value in each.

    >>> list_differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})
    [('a.c', 2, 3)]
    """
    differences: list[tuple[str, Any, Any]] = []
    for key in dict.fromkeys((*left, *right)):
        left_value, right_value = left.get(key), right.get(key)
        if isinstance(left_value, Mapping) and isinstance(right_value, Mapping):
            differences += list_differences(left_value, right_value, f"{above}{key}.")
        elif left_value != right_value:
            differences.append((f"{above}{key}", left_value, right_value))
    return differences


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _digests(header: Header) -> tuple[Any, Any]:
    model = header.get("model") or {}
    return _get(model, "digest"), _get(model, "adapter.digest") or "no adapter"


def _get(header: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(header, Mapping):
            return None
        header = header.get(part)
    return header


def _show(value: Any) -> str:
    """Write a value; of a long hash its beginning tells enough."""
    text = value if isinstance(value, str) else json.dumps(value)
    plain = text.removeprefix("sha256:")
    hashed = len(plain) >= 40 and set(plain) <= set("0123456789abcdef")  # noqa: PLR2004
    return plain[:12] if hashed else text
