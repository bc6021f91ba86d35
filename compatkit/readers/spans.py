"""Spans: a file of lines in parts of whole lines, which can be read apart from each other.

Each part is known by a digest of its bytes, so that another machine, which sees the file under
another stamp, reads these bytes or none.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import BinaryIO

from msgspec import Struct

from compatkit.errors import DataError
from compatkit.readers.blocks import LARGEST_LINE, too_long
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


def _cut(stream: BinaryIO, name: str, size: int) -> Iterator[Span]:
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
            length += len(chunk)
            breaks += chunk.count(b"\n")
        if not length:
            return
        yield Span(start, length, line, digest.digest())
        start, line = start + length, line + breaks


def read_span(source: Source, span: Span) -> Source:
    """Read a part of a file, wherever the path leads to that file.

    Raises:
        DataError: the file is not there, or holds other bytes.
    """
    path = source.path
    if path is None:
        raise ValueError("a part is of a file that has a path")
    try:
        with path.open("rb") as stream:
            stream.seek(span.start)
            data = stream.read(span.length)
    except OSError as error:
        raise DataError(
            f"{source.name}: cannot be read where it is scored: {error.strerror or error}. Every "
            "worker of a cluster needs the files under the same paths."
        ) from error
    if blake2b(data, digest_size=SIZE).digest() != span.digest:
        raise DataError(
            f"{source.name}: holds other bytes where it is scored, or changed while it was read. "
            "Every worker of a cluster needs the same files under the same paths."
        )
    return replace(source, path=None, data=data, stamp=(), line=span.line)
