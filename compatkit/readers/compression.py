"""Compression: gzip and zstd, told by the first bytes, read as a stream that may go back."""

import io
from typing import Any, BinaryIO

GZIP, ZSTD, ZSTD_SKIPPED = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"
CHUNK = 1 << 20
COMPRESSED = 1 << 12  # a zstd stream may grow 32,768 times: 128 MiB come of as much at most
LARGEST_WINDOW = 1 << 31  # all that zstd can write, --long=31


def decompress(stream: BinaryIO) -> BinaryIO:
    """Return the stream of what a stream holds, compressed or not."""
    head = stream.peek(4)[:4] if isinstance(stream, io.BufferedReader) else stream.read(4)
    if not isinstance(stream, io.BufferedReader):
        stream.seek(0)
    if not is_packed(head):
        return stream
    if head.startswith(GZIP):
        import gzip  # noqa: PLC0415  (start-up time)

        return io.BufferedReader(gzip.GzipFile(fileobj=stream), CHUNK)
    return io.BufferedReader(_ZstdStream(stream), CHUNK)


def is_packed(head: bytes) -> bool:
    """Tell compressed bytes by the first four."""
    return head.startswith((GZIP, ZSTD)) or head[1:4] == ZSTD_SKIPPED


def is_compressed(stream: BinaryIO) -> bool:
    """Tell whether to go back in a stream is to decompress it again from the beginning."""
    raw = getattr(stream, "raw", None)
    if raw is None or isinstance(raw, io.FileIO):
        return False
    from gzip import GzipFile  # noqa: PLC0415  (start-up time)
    from zipfile import ZipExtFile  # noqa: PLC0415  (start-up time)

    return isinstance(raw, GzipFile | _ZstdStream | ZipExtFile)


def damages() -> tuple[type[Exception], ...]:
    """Return what is raised by compressed bytes that are cut off or damaged, once they are."""
    from gzip import BadGzipFile  # noqa: PLC0415  (start-up time)
    from zipfile import BadZipFile  # noqa: PLC0415  (start-up time)
    from zlib import error  # noqa: PLC0415  (start-up time)

    return EOFError, error, BadGzipFile, BadZipFile


def knows_end(stream: BinaryIO) -> bool:
    """Tell whether a stream may be read from its end, and go back to its beginning."""
    try:
        stream.seek(0, io.SEEK_END)
    except io.UnsupportedOperation:
        return False
    stream.seek(0)
    return True


class _ZstdStream(io.RawIOBase):
    """Decompress zstd frames, and notice a file that ends within one.

    The library's own stream reader takes a cut file for a short one. To go back is to begin
    again, as with gzip.
    """

    def __init__(self, stream: BinaryIO) -> None:
        import zstandard  # noqa: PLC0415

        self._stream = stream
        self._library = zstandard
        self._begin()

    def _begin(self) -> None:
        self._frame = self._new_frame()
        self._ready = b""
        self._fed = False
        self._position = 0

    def _new_frame(self) -> Any:
        return self._library.ZstdDecompressor(max_window_size=LARGEST_WINDOW).decompressobj()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = self._position + offset if whence == io.SEEK_CUR else offset
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end of compressed data is known once it is read")
        if target < self._position:
            self._stream.seek(0)
            self._begin()
        while self._position < target and self.read(min(CHUNK, target - self._position)):
            pass
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        while not self._ready:
            if not self._fill():
                return 0
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        self._position += size
        return size

    def _fill(self) -> bool:
        chunk = self._frame.unused_data if self._frame.eof else b""
        chunk = chunk or self._stream.read(COMPRESSED)
        if not chunk:
            if self._fed and not self._frame.eof:
                raise EOFError("the last frame has no end")
            return False
        if self._frame.eof:
            self._frame = self._new_frame()
        self._fed = True
        try:
            self._ready = self._frame.decompress(chunk)
        except self._library.ZstdError as error:
            raise EOFError(str(error)) from error
        return True
