"""Address: a file that lies elsewhere, named by a URL, with what of a path its readers use.

What is shown of it has neither who signs in, nor its query: its text is what messages, reports and
labels call it. The whole of it is what its file system is asked for.
"""

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar, overload

from compatkit.errors import ConfigError, DataError
from compatkit.readers import remote
from compatkit.urls import is_url, scheme_of, show_url, split_query

LOCAL = ("file", "local")  # of this machine, under its path
WITHOUT_FOLDERS = ("http", "https")  # whose servers answer for files alone


class Address:
    """A URL of a file or folder, as far as whoever reads it needs a path.

    Attributes:
        url: the whole of it, secrets and all; it is never shown.
    """

    __slots__ = ("_shown", "url")

    def __init__(self, url: str) -> None:
        """Keep the URL."""
        self.url = url
        self._shown = show_url(url)

    def __str__(self) -> str:
        """Return what is shown of it."""
        return self._shown

    def __repr__(self) -> str:
        """Return what is shown of it, as Python would write it."""
        return f"Address({self._shown!r})"

    def __eq__(self, other: object) -> bool:
        """Tell whether two are one, secrets included."""
        return isinstance(other, Address) and self.url == other.url

    def __hash__(self) -> int:
        """Return what is equal of equal ones."""
        return hash(self.url)

    def __lt__(self, other: "Address") -> bool:
        """Order by what is shown."""
        return (self._shown, self.url) < (other._shown, other.url)

    def __truediv__(self, name: str | PurePosixPath) -> "Address":
        """Return what lies in it."""
        whole, query = split_query(self.url)
        return Address(f"{whole.rstrip('/')}/{name}{query}")

    @property
    def _path(self) -> PurePosixPath:
        return PurePosixPath(self._shown.partition("://")[2])

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._path.name

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return self._path.stem

    @property
    def suffix(self) -> str:
        """The end of the name from its last dot on."""
        return self._path.suffix

    @property
    def suffixes(self) -> list[str]:
        """All suffixes of the name."""
        return self._path.suffixes

    @property
    def parent(self) -> "Address":
        """The folder that it lies in; itself where it is a host or bucket."""
        whole, query = split_query(self.url)
        scheme, _, rest = whole.partition("://")
        folder, slash, _ = rest.rstrip("/").rpartition("/")
        return Address(f"{scheme}://{folder}{query}") if slash else self

    @property
    def parents(self) -> tuple["Address", ...]:
        """The folders that it lies in, the nearest first."""
        above: list[Address] = []
        folder = self
        while folder.parent != folder:
            folder = folder.parent
            above.append(folder)
        return tuple(above)

    def with_name(self, name: str) -> "Address":
        """Return what lies beside it."""
        return self.parent / name

    def relative_to(self, folder: "Address") -> PurePosixPath:
        """Return the way to it from a folder that it lies in."""
        return self._path.relative_to(folder._path)  # noqa: SLF001  (its own kind)

    def resolve(self) -> "Address":
        """Return itself: it is no link."""
        return self

    def absolute(self) -> "Address":
        """Return itself: it is the same from everywhere."""
        return self

    def exists(self) -> bool:
        """Tell whether there is a file or a folder.

        Raises:
            DataError: nobody says, as where access is denied.
        """
        return remote.look_at(self.url) is not None

    def is_file(self) -> bool:
        """Tell whether there is a file; see `exists`."""
        entry = remote.look_at(self.url)
        return entry is not None and not entry.folder

    def is_dir(self) -> bool:
        """Tell whether there is a folder; see `exists`."""
        if scheme_of(self.url) in WITHOUT_FOLDERS:
            return False
        entry = remote.look_at(self.url)
        return entry is not None and entry.folder

    def iterdir(self) -> Iterator["Address"]:
        """Yield what lies in the folder.

        Raises:
            DataError: it cannot be listed.
        """
        self._refuse_no_folder()
        return iter([self / name for name in remote.list_folder(self.url)])

    def rglob(self, pattern: str) -> Iterator["Address"]:
        """Yield every file in the folder, and in all folders in it, whose path fits a pattern.

        Raises:
            DataError: it cannot be listed.
        """
        self._refuse_no_folder()
        names = remote.list_folder(self.url, deep=True)
        return iter([self / name for name in names if PurePosixPath(name).match(pattern)])

    def glob(self, pattern: str) -> Iterator["Address"]:
        """Yield what in the folder has a name that fits a pattern; see `iterdir`."""
        return iter([file for file in self.iterdir() if PurePosixPath(file.name).match(pattern)])

    def _refuse_no_folder(self) -> None:
        if scheme_of(self.url) in WITHOUT_FOLDERS:
            raise DataError(
                f"{self}: a folder that a reader has to list, and servers of http list none. Name "
                "its files, or copy the folder to this machine."
            )

    @overload
    def open(self, mode: str = "rb", buffering: Literal[-1] = -1) -> io.BufferedReader: ...

    @overload
    def open(self, mode: str, buffering: Literal[0]) -> io.RawIOBase: ...

    def open(
        self, mode: str = "rb", buffering: Literal[0, -1] = -1
    ) -> io.BufferedReader | io.RawIOBase:
        """Open the file for reading, in ranges of bytes.

        Args:
            mode: that of a path.
            buffering: 0 to ask for what is read and nothing beyond.

        Raises:
            DataError: it cannot be read; of a read, too.
        """
        if mode != "rb":
            raise ValueError("an address is read, and never written")
        if buffering == 0:
            return remote.RemoteStream(self.url, exact=True)
        return io.BufferedReader(remote.RemoteStream(self.url), remote.CHUNK)

    def read_bytes(self) -> bytes:
        """Return what the file holds."""
        with self.open() as stream:
            return stream.read()

    def read_text(self, encoding: str) -> str:
        """Return the text that the file holds."""
        return self.read_bytes().decode(encoding)

    def stamp(self) -> tuple[Any, ...]:
        """Return what tells that the file changed: size, times, and digests of the server.

        Raises:
            DataError: it is not there, or nobody says.
        """
        return remote.look_for(self.url).stamp

    def size(self) -> int | None:
        """Return the number of stored bytes; None where nobody says."""
        return remote.look_for(self.url).size


T = TypeVar("T")

Place = Path | Address  # where a file lies


def find_address(named: T) -> T | str | Address:
    """Return the address that a text is, of `file://` the path; whatever else was said as it is.

    >>> find_address("s3://bucket/new.jsonl"), find_address("file:///runs/new.jsonl")
    (Address('s3://bucket/new.jsonl'), '/runs/new.jsonl')
    """
    if not isinstance(named, str) or not is_url(named):
        return named
    return named.partition("://")[2] if scheme_of(named) in LOCAL else Address(named)


def refuse_address(path: str) -> None:
    """Refuse an address where a path is kept, in a header or a card, secrets and all.

    Raises:
        ConfigError: it is one.
    """
    if is_url(path):
        raise ConfigError(f"{show_url(path)}: is an address; a path of this machine was expected.")


def place_of(path: str | Place) -> Place:
    """Return where the file of a name lies."""
    place = find_address(path)
    return Path(place) if isinstance(place, str) else place
