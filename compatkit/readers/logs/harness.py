"""Harness: an evaluation harness, and the file of this folder that reads its logs."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, BinaryIO

from msgspec import Struct

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.logs.keys import refuse_repeated
from compatkit.readers.logs.log import Log, LogSelection
from compatkit.readers.logs.signs import FileSign
from compatkit.readers.source import read_beginning

# What reading a part raises that is missing, or of another kind than the harness writes.
SHAPES = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class Harness(Struct, frozen=True):
    """A harness, and the file of this folder that reads its logs.

    Attributes:
        title: the harness's own name.
        module: the name of the file.
        example: a command that reads such logs.
        known_by: the fields of the format that tell rows of a task apart.
        signs: what its logs have: all that one of these says.
        takes_dataset: its logs hold answers alone, and `dataset` names the file of questions.
    """

    title: str
    module: str
    example: str
    known_by: str
    signs: tuple[FileSign, ...]
    takes_dataset: bool = False

    def find(self, files: Sequence[Place]) -> list[Place]:
        """Return the files that are logs of this harness."""
        return self.keep([path for path in files if self.owns(path, read_beginning(path))])

    def owns(self, path: Place, beginning: bytes) -> bool:
        """Tell whether a file that begins so is a log of this harness."""
        return any(sign.fits(path, beginning) for sign in self.signs)

    def keep(self, logs: Sequence[Place]) -> list[Place]:
        """Leave aside what is no run of its own beside others."""
        leave_aside = getattr(self._load(), "leave_aside", None) if logs else None
        aside = leave_aside(logs) if leave_aside else ()
        return [path for path in logs if path not in aside]

    def open(self, files: Sequence[Place], selection: LogSelection) -> list[Log]:
        """Return a log per task and run, without reading more than must be.

        Raises:
            DataError: a log that cannot be read, or is not as the harness writes it.
        """
        logs: list[Log] = []
        for path in files:
            try:
                logs += self._load().open_logs([path], selection)
            except SHAPES as error:
                raise self._unlike(path, error) from error
        return logs

    def read(self, stream: BinaryIO, log: Log) -> Iterator[Records]:
        """Yield the rows of a log from its file's decompressed bytes.

        Raises:
            DataError: rows that cannot be read, or are not as the harness writes them.
        """
        try:
            yield from refuse_repeated(self._load().read_log(stream, log), self.known_by)
        except SHAPES as error:
            raise self._unlike(log.path, error) from error

    def _unlike(self, path: Place, error: Exception) -> DataError:
        return DataError(
            f"{path}: not as {self.title} writes it: a part is missing or of another kind "
            f"({type(error).__name__}: {error!s:.80}). Is it whole, and of a known version?"
        )

    def _load(self) -> Any:
        return import_module(f"{__package__}.{self.module}")
