"""JSON Lines: one JSON object a line, UTF-8, with or without a byte order mark.

    {"id": "q1", "prediction": "Paris", "reference": "Paris"}

Blank lines are skipped. A line that is no JSON object, a key that occurs twice in
one object and a file that ends in the middle of a line are refused with the line.
NaN and Infinity, which JSON does not know, are read (Python writes them), and are
refused where they would be a score or an answer.
"""

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from compatkit.arrays import IntArray
from compatkit.predictions.fields import Record
from compatkit.predictions.records import Records
from compatkit.readers.blocks import BLOCK, BOM, BlockStream, read_blocks
from compatkit.readers.decoding import decode_object, repeats_a_key


def read_jsonl(
    stream: BinaryIO, name: str, *, by_hand: bool = True, line: int = 1
) -> Iterator[Records]:
    """Yield the records of a JSON Lines file, a block of lines at a time.

    Args:
        stream: the decompressed bytes.
        name: what messages call the file.
        by_hand: a person may have written it, so that keys that occur twice are looked for.
        line: the number of the first line, where the bytes are a part of a file.

    Raises:
        DataError: with the line and what was found there.
    """
    for block in read_blocks(stream, name):
        text = block.removeprefix(BOM) if line == 1 else block
        yield _decode(text, name, line, by_hand=by_hand)
        line += block.count(b"\n")


def keep_lines(stream: BinaryIO, name: str, wanted: IntArray) -> BinaryIO:
    """Return some lines of a JSON Lines file at their places, all others blank.

    Args:
        stream: the decompressed bytes, read as the lines are.
        name: what messages call the file.
        wanted: numbers of lines, from 1, in ascending order.
    """
    return io.BufferedReader(BlockStream(_keep_lines(stream, name, wanted)), BLOCK)


def _keep_lines(stream: BinaryIO, name: str, wanted: IntArray) -> Iterator[bytes]:
    line = 1
    for block in read_blocks(stream, name):
        breaks = block.count(b"\n")
        first = int(wanted.searchsorted(line))
        last = int(wanted.searchsorted(line + breaks, "right"))
        if first == len(wanted):
            return
        shown = [b""] * (breaks + 1)
        if first < last:
            lines = block.split(b"\n")
            for place in (wanted[first:last] - line).tolist():
                shown[place] = lines[place]
        yield b"\n".join(shown)
        line += breaks


def _decode(block: bytes, name: str, line: int, *, by_hand: bool) -> Records:
    """Decode a block at once, and line by line where that fails or says too little."""
    numbers: Sequence[int]
    if block.startswith(b"\n") or b"\n\n" in block:
        filled = [(n, raw) for n, raw in enumerate(block.split(b"\n"), line) if raw]
        numbers = [number for number, _ in filled]
        rows = _decode_fast(b"\n".join([raw for _, raw in filled]), by_hand=by_hand)
    else:
        numbers = range(line, line + block.count(b"\n") + (not block.endswith(b"\n")))
        rows = _decode_fast(block, by_hand=by_hand)
    if rows is None or len(rows) != len(numbers):
        return _decode_slowly(block, name, line)
    return Records(rows, numbers, name)


def _decode_fast(text: bytes, *, by_hand: bool) -> list[Record] | None:
    """Decode lines at once; None where something asks for a closer look."""
    import msgspec  # noqa: PLC0415

    try:
        rows = msgspec.json.Decoder().decode_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    whole = not rows or _one_a_line(text, len(rows))
    return None if not whole or (by_hand and repeats_a_key(text, rows)) else rows


def _one_a_line(block: bytes, lines: int) -> bool:
    """Tell whether every line begins and ends as an object does.

    The decoder also takes two objects in one line, and one object over several lines.
    """
    breaks = block.count(b"}\n{")
    if breaks < lines - 1:
        breaks += block.count(b"}\r\n{")
    return breaks == lines - 1 and block.startswith(b"{")


def _decode_slowly(block: bytes, name: str, line: int) -> Records:
    rows: list[Record] = []
    lines: list[int] = []
    last = line + block.count(b"\n")
    for number, raw in enumerate(block.split(b"\n"), line):
        if raw.strip():
            rows.append(decode_object(raw, name, number, cut=number == last))
            lines.append(number)
    return Records(rows, lines, name)
