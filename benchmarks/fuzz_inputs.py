"""Inputs of the fuzz: small files of every kind, and what may happen to their bytes."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pyarrow as pa
import zstandard
from pyarrow import parquet

TEXTS = ("Paris", 'a "b", c', "two\nlines", "é ☃ 😀", '"Never', "0.5", "x", "[1]")
OLD: list[dict[str, Any]] = [
    {"id": f"q{number}", "prediction": text, "reference": text, "input": f"Question {number}?"}
    for number, text in enumerate(TEXTS)
]
UNQUOTED = [row for row in OLD if not {"\n", ","} & set(row["prediction"])]
LISTS = [{**row, "reference": [row["reference"], "x"], "error": None, "sample": "0"} for row in OLD]
TOKENS = (
    *(b'"', b'""', b"'", b",", b"\t", b";", b"\n", b"\r\n", b"\r", b"\\", b"\0", b"\x1a", b":"),
    *(b"{", b"}", b"[", b"]", b"[]", b"{}", b"null", b"true", b"NaN", b"-Infinity", b"1e999"),
    *(b"-0", b"1.0", b"9" * 400, b"\\u0000", b"\\ud800", b"\\n", b"\xef\xbb\xbf", b"\xff", b"\xc3"),
    *(b'"error": 1,', b'"error": "x",', b'"sample": 1,', b'"sample": "1",', b'"id": "q1",'),
    *(b'"prediction": "x",', b'"references": ["x"],', b'"input": null,', b"q1", b"q2", b"error"),
    *(b"[" * 300, b'{"a":' * 300, b"Paris", "e\u0301".encode(), "\u00a0".encode(), b"PAR1"),
)
SUFFIXES: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, 1, mtime=0),
    ".zst": zstandard.ZstdCompressor(level=1).compress,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One input.

    Attributes:
        fixture: what it was made of.
        old: the old model's rows, all of them right.
        name: the name of the file, as its reader tells kinds by it.
        data: the bytes.
        plain: the bytes before they were compressed; None where compressed bytes were altered.
    """

    fixture: str
    old: Sequence[Mapping[str, Any]]
    name: str
    data: bytes
    plain: bytes | None


def write_delimited(delimiter: str, quoting: int) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=quoting).writerows(  # type: ignore[arg-type]
        [list(OLD[0]), *(list(row.values()) for row in OLD)]
    )
    return file.getvalue().encode()


def write_unquoted(delimiter: str) -> bytes:
    rows = [list(OLD[0]), *(list(row.values()) for row in UNQUOTED)]
    return "".join(delimiter.join(cells) + "\n" for cells in rows).encode()


def write_parquet() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(OLD), file)
    return file.getvalue()


def write_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


# The name of the file, its bytes, and the old model's rows.
FIXTURES: Mapping[str, tuple[str, bytes, Sequence[Mapping[str, Any]]]] = {
    "csv": ("new.csv", write_delimited(",", csv.QUOTE_MINIMAL), OLD),
    "csv, all in quotes": ("new.csv", write_delimited(",", csv.QUOTE_ALL), OLD),
    "csv, no quoting": ("new.csv", write_unquoted(","), UNQUOTED),
    "tsv": ("new.tsv", write_delimited("\t", csv.QUOTE_MINIMAL), OLD),
    "tsv, no quoting": ("new.tsv", write_unquoted("\t"), UNQUOTED),
    "json": ("new.json", json.dumps(OLD, indent=1).encode(), OLD),
    "jsonl": ("new.jsonl", write_lines(OLD), OLD),
    "jsonl, lists": ("new.jsonl", write_lines(LISTS), LISTS),
    "parquet": ("new.parquet", write_parquet(), OLD),
}


def make_mutant(seed: int, number: int) -> Mutant:
    """Return the input with this number: the same for the same seed, whatever came before."""
    random = Random(f"{seed}/{number}")
    fixture = random.choice(list(FIXTURES))
    name, data, old = FIXTURES[fixture]
    suffix = random.choices(list(SUFFIXES), (8, 1, 1))[0]
    pack = SUFFIXES[suffix]
    if suffix and random.random() < 0.3:
        return Mutant(fixture, old, name + suffix, mutate(pack(data), random), None)
    plain = mutate(data, random)
    return Mutant(fixture, old, name + suffix, pack(plain), plain)


LARGEST = 1 << 20  # bytes that are put in at once: a small file stays one


def mutate(data: bytes, random: Random) -> bytes:
    """Alter bytes once, or a few times."""
    for _ in range(random.choices((1, 2, 3, 8), (6, 2, 1, 1))[0]):
        data = random.choice(WAYS)(data, random)
    return data


def _flip(data: bytes, random: Random) -> bytes:
    at = _place(data, random)
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _insert(data: bytes, random: Random) -> bytes:
    at = _place(data, random)
    return data[:at] + random.choice(TOKENS) + data[at:]


def _overwrite(data: bytes, random: Random) -> bytes:
    at = _place(data, random)
    token = random.choice(TOKENS)
    return data[:at] + token + data[at + len(token) :]


def _cut(data: bytes, random: Random) -> bytes:
    start, end = sorted((_place(data, random), _place(data, random)))
    return data[:start] + data[min(end, start + random.choice((1, 4, 1 << 20))) :]


def _end(data: bytes, random: Random) -> bytes:
    return data[: _place(data, random)]


def _repeat(data: bytes, random: Random) -> bytes:
    start, end = sorted((_place(data, random), _place(data, random)))
    times = random.choice((1, 2, 20))
    repeated = data[start:end] * (times if (end - start) * times <= LARGEST else 1)
    return data[:end] + repeated + data[end:]


def _swap_lines(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    one, other = random.randrange(len(lines) or 1), random.randrange(len(lines) or 1)
    if lines:
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _swap_words(data: bytes, random: Random) -> bytes:
    words = (b"Paris", b"prediction", b"reference", b"id", b"input", b"q1", b"q2", b"x", b'"')
    return data.replace(
        random.choice(words), random.choice((*words, b"")), random.choice((1, 2, -1))
    )


def _place(data: bytes, random: Random) -> int:
    return random.randrange(len(data) + 1)


WAYS = (_flip, _insert, _overwrite, _cut, _end, _repeat, _swap_lines, _swap_words)
