"""Readers: each turns the bytes of a file into `Records`, batch by batch.

To add one: a file with one function `read_KIND(stream, name)` whose docstring is its
documentation, and a line in `READERS`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.errors import ConfigError, DataError
from compatkit.fields import Record
from compatkit.predictions import Records
from compatkit.readers.csv_table import read_csv, read_tsv
from compatkit.readers.json_array import read_json
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.memory import digest_memory, is_dataset, is_frame, read_memory
from compatkit.readers.parquet import read_parquet
from compatkit.readers.source import Progress, Source, open_path

__all__ = ["READERS", "PredictionFile", "Progress", "open_predictions"]

Reader = Callable[[BinaryIO, str], Iterator[Records]]

READERS: dict[str, Reader] = {
    "csv": read_csv,
    "json": read_json,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "tsv": read_tsv,
}


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """One model's predictions, wherever they lie; they can be read more than once.

    Attributes:
        name: what messages and reports call it.
        digest: SHA-256 of the stored bytes, or of the rows where they came from memory.
        source: the bytes, or None for rows in memory.
        data: the rows in memory, or None.
        reader: the name of the reader, `memory` for rows in memory.
    """

    name: str
    digest: str
    reader: str
    source: Source | None = None
    data: Any = None

    def batches(self, progress: Progress | None = None) -> Iterator[Records]:
        """Yield the records from the beginning.

        Args:
            progress: called with the name and the share that was read; not for rows in memory.

        Raises:
            DataError: the file cannot be read, or holds no rows.
        """
        rows = 0
        for batch in self._read(progress):
            rows += len(batch.rows)
            if batch.rows:
                yield batch
        if not rows:
            raise DataError(f"{self.name}: the file holds no rows. Was it written to the end?")

    def pick(self, indices: Iterable[int]) -> dict[int, Record]:
        """Read the file again and return the records at these indices, from 0.

        Raises:
            DataError: the file changed since.
        """
        wanted = sorted(set(indices))
        found: dict[int, Record] = {}
        start = 0
        for batch in self.batches():
            end = start + len(batch.rows)
            while len(found) < len(wanted) and wanted[len(found)] < end:
                index = wanted[len(found)]
                found[index] = batch.rows[index - start]
            if len(found) == len(wanted):
                return found
            start = end
        raise DataError(f"{self.name}: the file changed while it was read. Run again.")

    def _read(self, progress: Progress | None) -> Iterator[Records]:
        if self.source is None:
            yield from read_memory(self.data, self.name)
            return
        with self.source.open(progress) as stream:
            yield from READERS[self.reader](stream, self.name)


def open_predictions(data: Any, *, name: str = "", reader: str | None = None) -> PredictionFile:
    """Make a `PredictionFile` of a path, `-`, a list of mappings, a frame or a dataset.

    Args:
        data: where the predictions are.
        name: what reports call rows in memory.
        reader: a name in `READERS`; without it the suffix and the first bytes decide.

    Raises:
        ConfigError: an unknown reader, or a kind of object that holds no rows.
        DataError: an absent file, a folder, or content of no known kind.
    """
    if reader is not None and reader not in READERS:
        raise ConfigError(f"no reader {reader!r}; the readers are {', '.join(READERS)}.")
    if isinstance(data, PredictionFile):
        return data
    if isinstance(data, (str, Path)):
        source = open_path(data)
        return PredictionFile(source.name, source.digest(), reader or source.kind(), source)
    if is_frame(data) or is_dataset(data) or isinstance(data, (list, tuple)):
        name = name or "rows"
        return PredictionFile(name, digest_memory(data, name), "memory", None, data)
    raise ConfigError(
        f"predictions were given as a {type(data).__name__}; a path, a list of mappings, "
        "a pandas frame or a datasets.Dataset was expected."
    )
