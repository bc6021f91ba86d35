"""Harness: an evaluation harness, and the file of this folder that reads its logs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.logs.keys import refuse_repeated
from compatkit.readers.logs.log import Log, LogSelection
from compatkit.readers.source import read_head

# What reading a part raises that is missing, or of another kind than the harness writes.
SHAPES = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Harness:
    """A harness, and the file of this folder that reads its logs.

    Attributes:
        title: the harness's own name.
        module: the name of the file.
        example: a command that reads such logs.
        known_by: the fields of the format that tell rows of a task apart.
        signs: one of these is in the name or the first bytes of each of its logs.
        takes_dataset: its logs hold answers alone, and `dataset` names the file of questions.
    """

    title: str
    module: str
    example: str
    known_by: str
    signs: tuple[bytes, ...]
    takes_dataset: bool = False

    def find(self, files: Sequence[Path]) -> list[Path]:
        """Return the files that are logs of this harness."""
        maybe = [path for path in files if self._has_sign(path)]
        logs: list[Path] = self._load("find_logs")(maybe) if maybe else []
        return logs

    def open(self, files: Sequence[Path], selection: LogSelection) -> list[Log]:
        """Return a log per task and run, without reading more than must be.

        Raises:
            DataError: a log that cannot be read, or is not as the harness writes it.
        """
        logs: list[Log] = []
        for path in files:
            try:
                logs += self._load("open_logs")([path], selection)
            except SHAPES as error:
                raise self._unlike(path, error) from error
        return logs

    def read(self, stream: BinaryIO, log: Log) -> Iterator[Records]:
        """Yield the rows of a log from its file's decompressed bytes.

        Raises:
            DataError: rows that cannot be read, or are not as the harness writes them.
        """
        try:
            yield from refuse_repeated(self._load("read_log")(stream, log), self.known_by)
        except SHAPES as error:
            raise self._unlike(log.path, error) from error

    def _unlike(self, path: Path, error: Exception) -> DataError:
        return DataError(
            f"{path}: not as {self.title} writes it: a part is missing or of another kind "
            f"({type(error).__name__}: {error!s:.80}). Is it whole, and of a known version?"
        )

    def _has_sign(self, path: Path) -> bool:
        text = path.name.encode("utf-8", "replace") + b"\n" + read_head(path)
        return any(sign in text for sign in self.signs)

    def _load(self, function: str) -> Callable[..., Any]:
        loaded: Callable[..., Any] = getattr(
            import_module(f"{__package__}.{self.module}"), function
        )
        return loaded
