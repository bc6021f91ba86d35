"""Where bytes come from: a file, standard input, plain or compressed."""

import hashlib
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from compatkit.errors import ConfigError, DataError
from compatkit.readers.address import Address, Place, find_address, place_of
from compatkit.readers.archive import find_member, is_archive, open_member
from compatkit.readers.blocks import BOM
from compatkit.readers.compression import CHUNK, damages, decompress, is_packed
from compatkit.record import replace

HEAD = 1 << 14  # bytes that tell what a file is
LONGEST_FIRST = 1 << 20  # of a first line, whose last key may tell it
# As help texts and messages name the kinds.
FILES = "JSONL, JSON, CSV, TSV, Parquet, Arrow or plain text"
KINDS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
# Of files that are named by themselves: in a folder of tasks they are anything.
TEXTS = dict.fromkeys((".txt", ".out", ".hyp", ".hypo", ".ref", ".target"), "text")
ARROW_FILE, ARROW_STREAM = b"ARROW1", b"\xff\xff\xff\xff"  # how each of its formats begins
NOT_OURS = {b"PK\x03\x04": "a zip archive", b"%PDF": "a PDF", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}

Progress = Callable[[str, float], None]  # the file's name, the share that was read


class Source(Struct, frozen=True):
    """Bytes that can be read more than once.

    Attributes:
        name: what messages call it.
        path: the file, here or elsewhere, or None where `data` holds the bytes.
        data: the bytes themselves, from standard input or another pipe.
        stamp: what the file's stamp was when it was first seen.
        member: of an archive, the file in it that is meant; empty for the file itself.
        line: the number of the first line of `data`, where this is a part of a file.
    """

    name: str
    path: Place | None = None
    data: bytes = b""
    stamp: tuple[Any, ...] = ()
    member: str = ""
    line: int = 1

    @property
    def is_watched(self) -> bool:
        """Whether the stamp has more than a size, which another file may have too."""
        return not isinstance(self.path, Address) or len(self.stamp) > 1

    @contextmanager
    def open(self, progress: Progress | None = None) -> Iterator[BinaryIO]:
        """Open for reading, decompressed; problems of the file become a `DataError`.

        A file that is no longer the one that was first seen is such a problem.

        Args:
            progress: called with the name and the share of the stored bytes that were read.
        """
        try:
            self.refuse_changed()
            with self._raw() as raw:
                stream = decompress(raw if progress is None else self._watched(raw, progress))
                yield decompress(open_member(stream, self.member)) if self.member else stream
            self.refuse_changed()
        except Exception as error:
            if isinstance(error, damages()):
                raise DataError(
                    f"{self.name}: the compressed data is cut off or damaged ({error}). "
                    "Write the file again."
                ) from error
            if isinstance(error, OSError):
                raise _unreadable(self.name, error) from error
            raise

    def _watched(self, raw: BinaryIO, progress: Progress) -> BinaryIO:
        try:
            size = raw.seek(0, io.SEEK_END)
        except io.UnsupportedOperation:  # of which no server says how long it is
            return raw
        raw.seek(0)

        def report(position: int) -> None:
            progress(self.name, position / max(size, 1))

        return io.BufferedReader(_WatchedStream(raw, report), CHUNK)

    def _raw(self) -> BinaryIO:
        return io.BytesIO(self.data) if self.path is None else self.path.open("rb")

    def refuse_changed(self) -> None:
        """Refuse a file that is no longer the one that was first seen.

        Raises:
            DataError: it is another.
        """
        if self.path is not None and self.stamp and _stamp(self.path) != self.stamp:
            raise DataError(f"{self.name}: the file changed while it was read. Run again.")

    def is_compressed(self) -> bool:
        """Tell whether the stored bytes are compressed."""
        with self._raw() as raw:
            return is_packed(raw.read(4))

    def size(self) -> int:
        """Return the number of stored bytes; 0 where nobody says."""
        if self.path is None:
            return len(self.data)
        if isinstance(self.path, Address):
            return self.path.size() or 0
        return self.path.stat().st_size

    def digest(self) -> str:
        """Return the SHA-256 of the stored bytes in hexadecimal, as `sha256sum` prints it.

        Raises:
            DataError: the file cannot be read.
        """
        digest = hashlib.sha256()
        try:
            with self._raw() as raw:
                while chunk := raw.read(CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        return digest.hexdigest()

    def kind(self) -> str:
        """Return the reader's name, from the suffix and, where it leaves a choice, the content.

        Raises:
            DataError: the content is of no kind that is known.
        """
        kind = kind_of_name(self.name)
        if kind in {"jsonl", "csv", "tsv", "parquet", "arrow", "text"}:
            return kind
        head = self.head()
        if kind == "json" and _opens_a_document(head):
            return kind
        return kind_of_bytes(head, self.name, kind)

    def head(self) -> bytes:
        """Return the first bytes, decompressed and without a byte order mark.

        The file is opened for them once.

        Raises:
            DataError: they cannot be read.
        """
        if self.path is not None and self.stamp and not self.member:
            return _read_head(self.path, self.stamp)
        with self.open() as stream:
            return stream.read(HEAD).removeprefix(BOM)

    def stored(self) -> bytes:
        """Return the stored bytes.

        Raises:
            DataError: the file cannot be read, or is no longer the one that was first seen.
        """
        try:
            self.refuse_changed()
            with self._raw() as raw:
                return raw.read()
        except OSError as error:
            raise _unreadable(self.name, error) from error


def kind_of_name(name: str) -> str | None:
    """Return the reader's name from the suffix of a file, None where it has none that tells.

    >>> kind_of_name("new.csv.gz"), kind_of_name("hyp.de")
    ('csv', None)
    """
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    while suffixes and suffixes[-1] in {".gz", ".zst"}:
        suffixes.pop()
    return (KINDS | TEXTS).get(suffixes[-1]) if suffixes else None


def kind_of_bytes(head: bytes, name: str, otherwise: str | None = None) -> str:
    """Return the reader's name from the first bytes of a file.

    Raises:
        DataError: no reader knows them.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((ARROW_FILE, ARROW_STREAM)):
        return "arrow"
    text = head.lstrip()
    if text.startswith(b"["):
        return "json"
    if text.startswith(b"{"):
        return "jsonl"
    if not text and otherwise:
        return otherwise
    kind = next((what for magic, what in NOT_OURS.items() if head.startswith(magic)), None)
    kind = kind or ("empty" if not text else f"unknown, it begins with {text[:12]!r}")
    raise DataError(f"{name}: its kind is {kind}. {FILES} was expected; --reader NAME says which.")


def open_path(path: str | Place) -> Source:
    """Make a source of a path or an address, or of standard input for `-`.

    What is no regular file, such as a named pipe or `<(...)` of a shell, is read at once,
    since it cannot be read twice.

    Raises:
        ConfigError: `-` while nothing is piped in.
        DataError: the file is absent, or a folder, or cannot be read.
    """
    if str(path) == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise ConfigError("- stands for standard input, and nothing is piped into it.")
        return Source("<stdin>", data=sys.stdin.buffer.read())
    named = find_address(path)
    file, name = place_of(named), str(named)
    try:
        if file.is_dir():
            raise DataError(f"{name}: is a folder; a prediction file was expected on this side.")
        if isinstance(file, Address):
            return Source(name, file, stamp=file.stamp())
        if not file.exists():
            raise DataError(f"{name}: no such file.")
        if not file.is_file():
            return Source(name, data=file.read_bytes())
        return Source(name, file, stamp=_stamp(file))
    except OSError as error:
        raise _unreadable(name, error) from error


def _opens_a_document(head: bytes) -> bool:
    """Tell an object that goes on over several lines, as no row of JSON Lines does."""
    first, line_break, _ = head.lstrip().partition(b"\n")
    return first.startswith(b"{") and bool(line_break) and not first.rstrip().endswith(b"}")


def unpack(source: Source) -> Source:
    """Return the one file of an archive that can be read; a file that is no archive as it is.

    Raises:
        DataError: an archive that holds none, or several, or is damaged.
    """
    if not is_archive(source.head()):
        return source
    with source.open() as stream:
        member = find_member(stream, source.name, frozenset(KINDS | TEXTS))
    return replace(source, name=f"{source.name}/{member}", member=member)


def read_head(path: Place) -> bytes:
    """Return the first bytes of a file as `Source.head` does; none where it cannot be read.

    Raises:
        DataError: it lies elsewhere and cannot be read: the next reading might succeed, and would
            take a log for none.
    """
    if isinstance(path, Address):
        return _read_head(path, _stamp(path))
    try:
        return _read_head(path, _stamp(path))
    except (OSError, DataError):
        return b""


def read_beginning(path: Place) -> bytes:
    """Return the first bytes of a file, of JSON Lines the whole first line; see `read_head`."""
    head = read_head(path)
    if kind_of_name(path.name) != "jsonl" or len(head) < HEAD - len(BOM) or b"\n" in head:
        return head
    try:
        with open_path(path).open() as stream:
            return stream.readline(LONGEST_FIRST).removeprefix(BOM)
    except DataError:
        if isinstance(path, Address):
            raise
        return head


@lru_cache(maxsize=2048)
def _read_head(path: Place, stamp: tuple[Any, ...]) -> bytes:
    with Source(str(path), path, stamp=stamp).open() as stream:
        return stream.read(HEAD).removeprefix(BOM)


def _stamp(path: Place) -> tuple[Any, ...]:
    if isinstance(path, Address):
        return path.stamp()
    status = path.stat()
    # The time of the last change of the file's state too, which no program sets back.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _unreadable(name: str, error: OSError) -> DataError:
    return DataError(f"{name}: cannot be read: {error.strerror or error}.")


class _WatchedStream(io.RawIOBase):
    """Pass everything on, and report the position after each read."""

    def __init__(self, stream: BinaryIO, report: Callable[[int], None]) -> None:
        self._stream = stream
        self._report = report

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, target: object) -> int:
        size: int = self._stream.readinto(target)  # type: ignore[attr-defined]
        self._report(self._stream.tell())
        return size
