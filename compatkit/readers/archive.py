"""Archive: a zip or tar file that holds one file which can be read."""

import io
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.readers.compression import knows_end

ZIP = b"PK\x03\x04"
TAR, TAR_AT = b"ustar", 257
SHOWN = 6


def is_archive(head: bytes) -> bool:
    """Tell an archive by its first bytes, decompressed."""
    return head.startswith(ZIP) or head[TAR_AT : TAR_AT + len(TAR)] == TAR


def find_member(stream: BinaryIO, name: str, suffixes: frozenset[str]) -> str:
    """Return the name of the one member that can be read.

    Args:
        stream: the bytes, seekable.
        name: what messages call the file.
        suffixes: the endings of what can be read.

    Raises:
        DataError: none, or several, or a damaged archive.
    """
    import tarfile  # noqa: PLC0415  (start-up time)
    import zipfile  # noqa: PLC0415  (start-up time)

    try:
        if stream.read(len(ZIP)) == ZIP:
            if not knows_end(stream):
                raise DataError(
                    f"{name}: a zip archive is read from its end, and how long it is nobody says. "
                    "Copy it to this machine, or unpack it."
                )
            stream.seek(0)
            members = [entry.filename for entry in zipfile.ZipFile(stream).infolist()]
        else:
            stream.seek(0)
            with tarfile.open(fileobj=stream) as tar:
                members = [entry.name for entry in tar if entry.isfile()]
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise DataError(f"{name}: the archive is cut off or damaged ({error}).") from error
    readable = [member for member in members if _is_readable(member, suffixes)]
    if len(readable) != 1:
        listed = ", ".join(readable[:SHOWN] or members[:SHOWN])
        raise DataError(
            f"{name}: an archive that holds {len(readable)} files that can be read ({listed}); one "
            "was expected. Unpack it, and name the file."
        )
    return readable[0]


def open_member(stream: BinaryIO, member: str) -> BinaryIO:
    """Open a member for reading.

    Raises:
        EOFError: the archive is damaged, or its member is encrypted.
    """
    import tarfile  # noqa: PLC0415  (start-up time)
    import zipfile  # noqa: PLC0415  (start-up time)

    try:
        first = stream.read(len(ZIP))
        stream.seek(0)
        opened: Any
        if first == ZIP:  # the archive stays open as long as what is read of it
            opened = zipfile.ZipFile(stream).open(member)  # noqa: SIM115
        else:
            opened = tarfile.open(fileobj=stream).extractfile(member)  # noqa: SIM115
    except (zipfile.BadZipFile, tarfile.TarError, RuntimeError, KeyError) as error:
        raise EOFError(str(error)) from error
    return io.BufferedReader(opened)


def _is_readable(member: str, suffixes: frozenset[str]) -> bool:
    path = PurePosixPath(member)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    plain = path.with_suffix("") if path.suffix in {".gz", ".zst"} else path
    return not hidden and not member.endswith("/") and plain.suffix.lower() in suffixes
