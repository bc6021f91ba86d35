"""Inputs of the fuzz of logs: what may happen to the files of a run."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pyarrow as pa
from fuzz_inputs import mutate
from fuzz_log_runs import FIXTURES, Files, write_archive, write_json, write_lines
from pyarrow import parquet

OTHERS: Sequence[Any] = (
    None,
    True,
    False,
    0,
    1,
    0.5,
    -1,
    "",
    "x",
    "C",
    "I",
    "NaN",
    float("nan"),
    [],
    {},
    [1],
)
Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One input: the name of the fixture, and the files of the new run."""

    fixture: str
    files: Files


def make_mutant(seed: int, number: int) -> Mutant:
    """Return the input with this number: the same for the same seed, whatever came before."""
    random = Random(f"logs/{seed}/{number}")
    name = random.choice(list(FIXTURES))
    files = dict(FIXTURES[name].files)
    for _ in range(random.choices((1, 2, 3), (7, 2, 1))[0]):
        path = random.choice(list(files))
        if len(files) > 1 and random.random() < 0.02:
            del files[path]
        elif FIXTURES[name].kind in {"inspect", "lm-eval"} and random.random() < 0.02:
            files[f"again_{path}"] = files[path]
        elif random.random() < 0.35:
            files[path] = mutate(files[path], random)
        else:
            files[path] = alter(path, files[path], random)
    return Mutant(name, files)


def alter(path: str, data: bytes, random: Random) -> bytes:
    """Alter what a file says; its bytes where it can no longer be read."""
    try:
        if path.endswith(".eval"):
            return _alter_archive(data, random)
        if path.endswith(".parquet"):
            return _alter_parquet(data, random)
        if path.endswith(".jsonl"):
            rows = [json.loads(line) for line in data.splitlines() if line.strip()]
            return write_lines(_altered_list(rows, random))
        return write_json(_altered(json.loads(data), random))
    except Exception:  # noqa: BLE001 (an earlier change left nothing that can be read)
        return mutate(data, random)


def _alter_archive(data: bytes, random: Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(list(members))
    way = random.random()
    if way < 0.06:
        del members[name]
    elif way < 0.2:
        members[name] = mutate(members[name], random)
    elif way < 0.26:
        members[name.replace("1", "2", 1)] = members[name]
    else:
        members[name] = write_json(_altered(json.loads(members[name]), random))
    return write_archive(members, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def _alter_parquet(data: bytes, random: Random) -> bytes:
    rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(_altered_list(rows, random)), file)
    return file.getvalue()


def _altered_list(rows: list[Any], random: Random) -> list[Any]:
    value = _altered(rows, random)
    return value if isinstance(value, list) else rows


def _altered(value: Any, random: Random) -> Any:
    """Alter one part of a JSON value."""
    places = [place for place in _places(value) if place]
    if not places:
        return value
    # A few parts decide what a row is worth: they come more often than the many that nobody reads.
    telling = [place for place in places if place[-1] in TELLING]
    place = random.choice(telling if telling and random.random() < 0.5 else places)
    value = json.loads(json.dumps(value))
    node = value
    for key in place[:-1]:
        node = node[key]
    random.choice(WAYS)(node, place[-1], random)
    return value


TELLING = {
    *("id", "doc_id", "sample_id", "problem_idx", "instance_id", "epoch", "repeat", "filter"),
    *("score", "scores", "value", "success", "correct", "reward", "mean", "count", "em", "acc"),
    *("exact_match", "error", "failureReason", "gradingResult", "invalidation", "status", "type"),
    *("higher_is_better", "effective", "evaluation", "is_correct", "stats", "name", "vars"),
    *("samples", "lower_is_better", "metric", "result", "success", "error_category", "split"),
    *("task_id", "passed", "base_status", "plus_status", "index", "group_id", "generation_index"),
    *("prediction", "details", "is_correct", "resolved_ids", "unresolved_ids", "submitted_ids"),
    *(
        "error_ids",
        "empty_patch_ids",
        "infra_failure_ids",
        "input",
        "expectedOutput",
        "metricsData",
    ),
}


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _places(part, (*place, key))
    elif isinstance(value, list):
        for key, part in enumerate(value):
            yield from _places(part, (*place, key))


def _replace(node: Any, key: Any, random: Random) -> None:
    node[key] = random.choice(OTHERS)


def _flip(node: Any, key: Any, random: Random) -> None:
    value = node[key]
    if isinstance(value, bool):
        node[key] = not value
    elif isinstance(value, int | float):
        node[key] = random.choice((1 - value, str(value), value + 1))
    elif isinstance(value, str):
        node[key] = random.choice((value + "x", value[:-1], {"C": "I", "I": "C"}.get(value, "")))


def _remove(node: Any, key: Any, random: Random) -> None:  # noqa: ARG001
    del node[key]


def _repeat(node: Any, key: Any, random: Random) -> None:
    if isinstance(node, list):
        node.insert(random.randrange(len(node) + 1), node[key])
    else:
        node[f"{key}x"] = node[key]


def _swap(node: Any, key: Any, random: Random) -> None:
    other = random.choice(list(node) if isinstance(node, dict) else range(len(node)))
    node[key], node[other] = node[other], node[key]


def _wrap(node: Any, key: Any, random: Random) -> None:
    node[key] = random.choice(([node[key]], {"x": node[key]}, str(node[key])))


WAYS: Sequence[Callable[[Any, Any, Random], None]] = (
    *(_replace, _replace, _flip, _flip, _remove, _repeat, _swap, _wrap),
)
