"""Spans: a file of lines in parts of whole lines, which can be read apart from each other.

Each part is known by a digest of its bytes, so that another machine, which sees the file under
another stamp, reads these bytes or none; and whoever comes back for some lines of a file that lies
elsewhere.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from io import BytesIO, FileIO, RawIOBase
from itertools import zip_longest
from typing import BinaryIO

from msgspec import Struct

from compatkit.arrays import IntArray
from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.blocks import LARGEST_LINE, too_long
from compatkit.readers.compression import is_compressed
from compatkit.readers.jsonl import keep_lines, read_jsonl
from compatkit.readers.source import Source
from compatkit.record import replace

CHUNK = 1 << 20
SIZE = 16  # bytes of a digest


class Span(Struct, frozen=True):
    """Some lines of a file.

    Attributes:
        start: the first byte.
        length: number of bytes.
        line: the number of the first line, from 1.
        digest: of the bytes.
    """

    start: int
    length: int
    line: int
    digest: bytes


def find_spans(source: Source, size: int) -> list[Span]:
    """Return the parts of a file that is not compressed, in its order.

    Args:
        source: the file.
        size: bytes of a part, of which each but the last has as many or, to end with a line, more.

    Raises:
        DataError: the file cannot be read, or changed.
    """
    with source.open() as stream:
        return list(_cut(stream, source.name, size))


def hash_lines(source: Source, size: int = CHUNK) -> tuple[str, tuple[Span, ...]]:
    """Return the digest of a file and its parts, in one reading; no parts of a compressed file.

    Args:
        source: the file.
        size: as of `find_spans`.

    Raises:
        DataError: the file cannot be read, or changed.
    """
    digest = hashlib.sha256()
    with source.open() as stream:
        if not is_compressed(stream):
            spans = tuple(_cut(stream, source.name, size, digest.update))
            return digest.hexdigest(), spans
    return source.digest(), ()


def read_lines(source: Source, spans: Sequence[Span], lines: IntArray) -> Iterator[Records]:
    """Yield the records of some lines, reading the parts that hold them and no others.

    Args:
        source: a file of JSON Lines.
        spans: all its parts.
        lines: the numbers of the lines, in ascending order.

    Raises:
        DataError: the file cannot be read, or a part holds other bytes.
    """
    with _open(source) as stream:
        for span, following in zip_longest(spans, spans[1:]):
            first = int(lines.searchsorted(span.line))
            last = len(lines) if following is None else int(lines.searchsorted(following.line))
            if first == last:
                continue
            data = _read(stream, span)
            if not _holds(span, data):
                raise DataError(f"{source.name}: the file changed while it was read. Run again.")
            kept = keep_lines(BytesIO(data), source.name, lines[first:last] - (span.line - 1))
            yield from read_jsonl(kept, source.name, line=span.line)


def _cut(
    stream: BinaryIO, name: str, size: int, tell: Callable[[bytes], object] = bool
) -> Iterator[Span]:
    """Yield the parts of a file.

    Args:
        stream: its bytes.
        name: what messages call it.
        size: as of `find_spans`.
        tell: called with all bytes, in their order.
    """
    start, line = 0, 1
    while True:
        digest, length, breaks = blake2b(digest_size=SIZE), 0, 0
        while length < size and (chunk := stream.read(min(CHUNK, size - length))):
            if length + len(chunk) == size:
                rest = stream.readline(LARGEST_LINE + 1)
                if len(rest) > LARGEST_LINE:
                    raise too_long(name, start + length + chunk.rfind(b"\n") + 1)
                chunk += rest
            digest.update(chunk)
            tell(chunk)
            length += len(chunk)
            breaks += chunk.count(b"\n")
        if not length:
            return
        yield Span(start, length, line, digest.digest())
        start, line = start + length, line + breaks


def join_spans(spans: Sequence[Span], size: int) -> Iterator[tuple[Span, ...]]:
    """Yield parts that follow each other, as many at a time as have a size together."""
    joined: list[Span] = []
    for span in spans:
        joined.append(span)
        if sum(part.length for part in joined) >= size:
            yield tuple(joined)
            joined = []
    if joined:
        yield tuple(joined)


def read_spans(source: Source, spans: Sequence[Span]) -> Source:
    """Read parts of a file that follow each other, wherever the path leads to that file.

    Raises:
        DataError: the file is not there, or holds other bytes.
    """
    try:
        with _open(source) as stream:
            parts = [_read(stream, span) for span in spans]
    except OSError as error:
        raise DataError(
            f"{source.name}: cannot be read where it is scored: {error.strerror or error}. Every "
            "worker of a cluster needs the files under the same paths."
        ) from error
    if not all(map(_holds, spans, parts)):
        raise DataError(
            f"{source.name}: holds other bytes where it is scored, or changed while it was read. "
            "Every worker of a cluster needs the same files under the same paths."
        )
    return replace(source, path=None, data=b"".join(parts), stamp=(), line=spans[0].line)


def _open(source: Source) -> FileIO | RawIOBase:
    if source.path is None:
        raise ValueError("a part is of a file that has a path")
    return source.path.open("rb", buffering=0)


def _read(stream: FileIO | RawIOBase, span: Span) -> bytes:
    stream.seek(span.start)
    parts: list[bytes] = []
    left = span.length
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _holds(span: Span, data: bytes) -> bool:
    return blake2b(data, digest_size=SIZE).digest() == span.digest
