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
from compatkit.readers.logs.keys import Once

ZSTD = 93
MOST = 1 << 30  # bytes of a member
RATIO = 1_000  # of a member's size to its packed one, from which its size is a claim
FREELY = 16 << 20  # bytes of a member below which no ratio is looked at
LOCAL_HEADER = 30


class ZipMembers:
    """The members of a zip archive, read one at a time.

    Attributes:
        names: the members' names, each once, in their order.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """Read the list of members.

        Args:
            stream: the archive.
            name: what messages call it.

        Raises:
            DataError: a member twice, with different contents.
        """
        self._stream = stream if stream.seekable() else io.BytesIO(stream.read())
        self._name = name
        self._size = self._stream.seek(0, io.SEEK_END)
        try:
            self._zip = zipfile.ZipFile(self._stream)
        except (OSError, ValueError) as error:  # a place before the beginning, or none
            raise zipfile.BadZipFile(str(error)) from error
        members = Once("the member")
        for info in self._zip.infolist():
            members.put(info.filename, (info.file_size, info.CRC), name)
        self.names = list(members.values)

    def read(self, member: str) -> bytes:
        """Return a member whole.

        Raises:
            DataError: it is damaged, or packed in a way that is not known.
        """
        info = self._zip.getinfo(member)
        self._refuse_absurd(info)
        if info.compress_type == ZSTD:
            return self._read_zstd(info)
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise self._damaged(member, str(error)) from error
        except (NotImplementedError, RuntimeError) as error:
            raise DataError(f"{self._name}: {member} cannot be unpacked: {error}.") from error

    def _refuse_absurd(self, info: zipfile.ZipInfo) -> None:
        """Refuse sizes that no log has, before anything is made room for."""
        packed, size = info.compress_size, info.file_size
        if not 0 <= info.header_offset < self._size:
            raise self._damaged(info.filename, "its place is not within the file")
        if packed > self._size:
            raise self._damaged(info.filename, f"it claims {packed:,} of {self._size:,} bytes")
        if size > MOST or (size > FREELY and size > RATIO * packed):
            raise DataError(
                f"{self._name}: {info.filename} claims to be {size:,} bytes, packed in {packed:,}; "
                f"at most {MOST:,}, and {RATIO:,} times its packed size, is read. Was it tampered "
                "with?"
            )

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
    except (zipfile.BadZipFile, struct.error, NotImplementedError) as error:
        raise DataError(
            f"{name}: no whole zip archive ({error}). Was it cut off, or is the run going on? "
            "Copy the file again."
        ) from error
