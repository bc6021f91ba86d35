"""Remote files: what fsspec's file systems say of an address, and its bytes in ranges.

Every failure is a `DataError` of one sentence, which shows an address as `show_url` does. What the
libraries beneath raise may hold the address with its secrets, and is never passed on.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from msgspec import Struct

from compatkit.errors import CompatkitError, ConfigError, DataError, MissingExtraError
from compatkit.urls import redact, scheme_of, secrets_of, show_url

CHUNK = 1 << 20  # bytes that a reader takes at a time
AHEAD = 4 << 20  # bytes of a range beyond what is asked for
# What file systems say that is another where the bytes are.
STAMPS = (
    *("ETag", "etag", "Content-MD5", "Digest", "md5Hash", "content_md5", "blob_id"),
    *("Last-Modified", "LastModified", "last_modified", "mtime", "modified", "updated", "created"),
    *("generation", "VersionId", "version_id"),
)
# The block size for which fsspec reads a web page from its beginning, and the one next to it.
WITHOUT_RANGES, NEARLY_NOTHING = 0, 1
GONE, DENIED = frozenset({404, 410}), frozenset({401, 403, 407})


class Entry(Struct, frozen=True):
    """What a file system says of an address.

    Attributes:
        folder: whether it is a folder.
        size: stored bytes; None where nobody says.
        stamp: what is another where the bytes are, as far as the file system says.
    """

    folder: bool
    size: int | None
    stamp: tuple[Any, ...]


def look_at(url: str) -> Entry | None:
    """Return what there is at an address; None for nothing.

    Raises:
        DataError: nobody says.
    """
    system, path = _file_system(url)
    with _failures(url):
        try:
            info = system.info(path)
        except FileNotFoundError as error:
            if _status_of(error) in GONE or error.__cause__ is None:
                return None
            raise
        size = info.get("size")
        told = [(key, str(info[key])) for key in STAMPS if info.get(key) is not None]
        return Entry(
            folder=info.get("type") == "directory",
            size=None if size is None else int(size),
            stamp=(size, *told),
        )


def look_for(url: str) -> Entry:
    """Return what there is at an address.

    Raises:
        DataError: there is nothing, or nobody says.
    """
    entry = look_at(url)
    if entry is None:
        raise DataError(f"{show_url(url)}: no such file.")
    return entry


def list_folder(url: str, *, deep: bool = False) -> list[str]:
    """Return the names of what lies in a folder; of all files in it and in its folders, if `deep`.

    Raises:
        DataError: it cannot be listed.
    """
    system, path = _file_system(url)
    with _failures(url):
        names = system.find(path) if deep else system.ls(path, detail=False)
        above = path.strip("/")
        inner = [name.strip("/").removeprefix(above).strip("/") for name in names]
        return sorted(filter(None, inner))


class RemoteStream(io.RawIOBase):
    """The bytes of an address, asked for in ranges, and read ahead.

    Of a server that sends no ranges all bytes are read in their order; to go back is to begin
    again. An end that comes before the size that was said is no end.
    """

    def __init__(self, url: str, *, exact: bool = False) -> None:
        """Ask for the file.

        Args:
            url: its address.
            exact: ask for what is read, and nothing beyond.

        Raises:
            DataError: it cannot be read.
        """
        self._url = url
        self._exact = exact
        self._ranges = True
        self._position = 0
        self._file = self._open(NEARLY_NOTHING if exact else AHEAD)

    @cached_property
    def _size(self) -> int | None:
        size = getattr(self._file, "size", None)
        return int(size) if size is not None else look_for(self._url).size

    def _open(self, ahead: int) -> Any:
        system, path = _file_system(self._url)
        with _failures(self._url):
            return system.open(path, "rb", block_size=ahead, cache_type="readahead")

    def readable(self) -> bool:
        """Return that it is read."""
        return True

    def seekable(self) -> bool:
        """Return that it can go back."""
        return True

    def tell(self) -> int:
        """Return the number of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte.

        Raises:
            UnsupportedOperation: it is counted from an end that nobody knows.
        """
        if whence == io.SEEK_END and self._size is None:
            raise io.UnsupportedOperation(
                "its server does not say how long it is, and this kind of file is read from its end"
            )
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size or 0}
        self._position = start[whence] + offset
        return self._position

    def readinto(self, target: Any) -> int:
        """Read on; 0 at the end.

        Raises:
            DataError: the bytes cannot be read, or end too soon.
        """
        view = memoryview(target)
        with _failures(self._url):
            data = self._take(len(view) if self._exact else min(len(view), CHUNK))
        if not data and self._size is not None and self._position < self._size:
            raise DataError(
                f"{show_url(self._url)}: ends after {self._position:,} of {self._size:,} bytes. "
                "Was it cut off, or written anew? Run again."
            )
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _take(self, size: int) -> bytes:
        if self._ranges:
            try:
                self._file.seek(self._position)
                return bytes(self._file.read(size))
            except ValueError:  # of a server that sends the whole for a part, or says no size
                if scheme_of(self._url) not in {"http", "https"}:
                    raise
                self._begin_again()
        if self._file.tell() > self._position:
            self._begin_again()
        while self._file.tell() < self._position:
            if not self._file.read(min(CHUNK, self._position - self._file.tell())):
                return b""
        return bytes(self._file.read(size))

    def _begin_again(self) -> None:
        self._ranges = False
        self._file.close()
        self._file = self._open(WITHOUT_RANGES)

    def close(self) -> None:
        """Let the file go."""
        if not self.closed:
            with suppress(Exception):
                self._file.close()
        super().close()


def _file_system(url: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path there.

    Raises:
        ConfigError: an address of a kind that is not known.
        MissingExtraError: fsspec, or what the file system needs beside it, is not installed.
    """
    shown, scheme = show_url(url), scheme_of(url)
    if "::" in url.partition("://")[2]:
        raise ConfigError(
            f"{shown}: one address within another, and a file is read from where it lies. Name the "
            "file itself: what is compressed, or alone in an archive, is unpacked."
        )
    from compatkit.extras import require_extra  # noqa: PLC0415  (start-up time)

    require_extra("url")
    from fsspec.core import url_to_fs  # noqa: PLC0415  (an extra)

    try:
        # A list that was kept would tell of a file as it was.
        system, path = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        package = _package_of(scheme, error)
        raise MissingExtraError(
            f"{shown}: to read {scheme}:// needs the package {package}: pip install {package}."
        ) from None
    except ValueError:
        raise ConfigError(
            f"{shown}: no file system is known for {scheme}://. "
            "A path, or an address that fsspec reads, such as s3:// or https://, was expected."
        ) from None
    except Exception as error:  # noqa: BLE001  (whatever a file system makes of an address)
        raise _failure(url, error) from None
    return system, path


def _package_of(scheme: str, error: ImportError) -> str:
    """Return the package that a file system lacks."""
    from fsspec.registry import known_implementations  # noqa: PLC0415  (an extra)

    package = str(known_implementations.get(scheme, {}).get("class", "")).partition(".")[0]
    names = [cause.name for cause in _chain(error) if isinstance(cause, ImportError) and cause.name]
    return package if package not in {"", "fsspec"} else [*names, scheme][0]


@contextmanager
def _failures(url: str) -> Iterator[None]:
    """Turn whatever a file system raises into one sentence without secrets."""
    try:
        yield
    except CompatkitError:
        raise
    except Exception as error:  # noqa: BLE001  (each file system has errors of its own)
        raise _failure(url, error) from None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came of."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status_of(error: BaseException) -> int | None:
    """Return the status by which a server refused, None where none did."""
    statuses = (getattr(cause, "status", None) for cause in _chain(error))
    return next((status for status in statuses if isinstance(status, int)), None)


def _failure(url: str, error: BaseException) -> DataError:
    """Return what a failure of reading an address means, without a word of its secrets."""
    return DataError(f"{show_url(url)}: {_reason(url, error)}")


def _reason(url: str, error: BaseException) -> str:
    status = _status_of(error)
    causes = list(_chain(error))
    if status in DENIED or any(map(_is_denied, causes)):
        code = f" ({status})" if status else ""
        return (
            f"access is denied{code}. Does the address, or the environment, give the right to it?"
        )
    if status is not None and status not in GONE:
        return f"the server answered {status}. Run again, or ask who keeps it."
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return "no answer in time. Run again."
    if status is None and any(map(_is_unreachable, causes)):
        return "the server cannot be reached. Is the address right?"
    if any(map(_is_broken_off, causes)):
        return "the transfer broke off before the end of the file. Run again."
    gone = status in GONE or isinstance(error, FileNotFoundError)
    return "no such file." if gone else f"cannot be read: {_cleaned(url, error)}."


def _is_denied(cause: BaseException) -> bool:
    return isinstance(cause, PermissionError) or type(cause).__name__ == "NoCredentialsError"


def _is_unreachable(cause: BaseException) -> bool:
    names = {kind.__name__ for kind in type(cause).__mro__}
    return isinstance(cause, ConnectionRefusedError) or bool(
        names & {"gaierror", "ClientConnectorError", "EndpointConnectionError"}
    )


def _is_broken_off(cause: BaseException) -> bool:
    names = {kind.__name__ for kind in type(cause).__mro__}
    return isinstance(cause, ConnectionError | EOFError) or bool(
        names & {"ClientPayloadError", "ServerDisconnectedError", "IncompleteRead"}
    )


def _cleaned(url: str, error: BaseException) -> str:
    """Return what an error says, without what is not shown of the address."""
    text = redact(str(error).partition("\n")[0].replace(url, show_url(url)))
    for secret in secrets_of(url):
        text = text.replace(secret, "...")
    return f"{type(error).__name__} {text:.200}".rstrip(" .")
