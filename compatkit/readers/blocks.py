"""Blocks: a stream as blocks of whole lines, or as one; how much is held has a limit.

A compressed file of a few megabytes may hold a line of many gigabytes.
"""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from compatkit.errors import DataError

BLOCK = 1 << 19  # as much as stays in the processor's cache while it is worked on
BOM = b"\xef\xbb\xbf"
LARGEST_LINE = 1 << 26
LARGEST_WHOLE = 1 << 30


def read_blocks(stream: BinaryIO, name: str, *, returns: bool = False) -> Iterator[bytes]:
    """Yield blocks of whole lines; the last may lack its line break.

    Args:
        stream: the decompressed bytes.
        name: what messages call the file.
        returns: a carriage return ends a line too.

    Raises:
        DataError: a line of more than `LARGEST_LINE` bytes, before it is held.
    """
    parts: list[bytes] = []
    start, held = stream.tell(), 0
    while chunk := stream.read(BLOCK):
        cut = _last_end(chunk, returns=returns)
        if cut:
            block = b"".join([*parts, chunk[:cut]])
            start += len(block)
            yield block
            parts, held = [], 0
        parts.append(chunk[cut:])
        held += len(parts[-1])
        if held > LARGEST_LINE:
            raise too_long(name, start)
    if held:
        yield b"".join(parts)


class BlockStream(io.RawIOBase):
    """Blocks of bytes as a stream, which holds one of them at a time."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        """Begin before the first block."""
        self._blocks = blocks
        self._ready = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._position

    def readinto(self, target: Any) -> int:
        """Read some of what is left of a block, or of the next one."""
        while not self._ready:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._ready = memoryview(block)
        size = min(len(target), len(self._ready))
        target[:size], self._ready = self._ready[:size], self._ready[size:]
        self._position += size
        return size


def too_long(name: str, start: int) -> DataError:
    """Return the refusal of the line that begins at a byte of a file."""
    return DataError(
        f"{name}: the line that begins at byte {start:,} has more than "
        f"{LARGEST_LINE:,} bytes, the most that a line may have. Is each example a line?"
    )


def _last_end(chunk: bytes, *, returns: bool) -> int:
    """Return where the last whole line of a chunk ends, 0 if none does."""
    end = chunk.rfind(b"\n") + 1
    # A carriage return at the very end may be the first half of a line break.
    return end or (chunk.rfind(b"\r", 0, -1) + 1 if returns else 0)


def read_whole(stream: BinaryIO, name: str) -> bytes:
    """Return all bytes of a file that can only be read as one.

    Raises:
        DataError: more than `LARGEST_WHOLE` bytes, before they are held.
    """
    parts: list[bytes] = []
    held = 0
    while chunk := stream.read(BLOCK):
        parts.append(chunk)
        held += len(chunk)
        if held > LARGEST_WHOLE:
            raise DataError(
                f"{name}: more than {LARGEST_WHOLE:,} bytes, which this kind of file holds in "
                "memory all at once. Write it as JSON Lines (Inspect: .eval), read piece by piece."
            )
    return b"".join(parts)


def read_json_text(stream: BinaryIO, name: str) -> bytes:
    """Return all bytes of a JSON text but a byte order mark.

    Raises:
        DataError: as `read_whole`.
    """
    return read_whole(stream, name).removeprefix(BOM)
