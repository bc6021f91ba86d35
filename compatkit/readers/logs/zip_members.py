"""Zip archives whose members are stored, deflated, or packed with Zstandard.

Python's own zipfile knows the method of Zstandard (93) from version 3.14 on; it finds the
members in any case.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from compatkit.errors import DataError

ZSTD = 93
LOCAL_HEADER = 30


class ZipMembers:
    """The members of a zip archive, read one at a time."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """Read the list of members.

        Args:
            stream: the archive.
            name: what messages call it.
        """
        self._stream = stream if stream.seekable() else io.BytesIO(stream.read())
        self._name = name
        self._zip = zipfile.ZipFile(self._stream)

    @property
    def names(self) -> list[str]:
        """The members' names, each once, in their order."""
        return list(dict.fromkeys(self._zip.namelist()))

    def read(self, member: str) -> bytes:
        """Return a member whole.

        Raises:
            DataError: it is damaged, or packed in a way that is not known.
        """
        info = self._zip.getinfo(member)
        if info.compress_type == ZSTD:
            return self._read_zstd(info)
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise self._damaged(member, str(error)) from error
        except (NotImplementedError, RuntimeError) as error:
            raise DataError(f"{self._name}: {member} cannot be unpacked: {error}.") from error

    def _read_zstd(self, info: zipfile.ZipInfo) -> bytes:
        import zstandard  # noqa: PLC0415

        self._stream.seek(info.header_offset)
        header = self._stream.read(LOCAL_HEADER)
        if len(header) < LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise self._damaged(info.filename, "its header is not where the archive says")
        self._stream.seek(sum(struct.unpack("<HH", header[26:30])), io.SEEK_CUR)
        packed = self._stream.read(info.compress_size)
        try:
            with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
                # One byte more than it says, so that a member that lies about its size is found.
                data = reader.read(info.file_size + 1)
        except zstandard.ZstdError as error:
            raise self._damaged(info.filename, str(error)) from error
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise self._damaged(info.filename, "its length or checksum is not what it should be")
        return data

    def _damaged(self, member: str, what: str) -> DataError:
        return DataError(f"{self._name}: {member} is damaged: {what}. Copy the file again.")


@contextmanager
def open_zip(stream: BinaryIO, name: str) -> Iterator[ZipMembers]:
    """Open an archive; one that is none, or is cut off, becomes a `DataError`."""
    try:
        yield ZipMembers(stream, name)
    except (zipfile.BadZipFile, struct.error) as error:
        raise DataError(
            f"{name}: no whole zip archive ({error}). Was it cut off, or is the run going on? "
            "Copy the file again."
        ) from error
