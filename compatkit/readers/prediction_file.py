"""Prediction file: one model's predictions, wherever they lie, opened once."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import Record
from compatkit.predictions.predictions import Records
from compatkit.readers import READERS
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.choosing import open_logs
from compatkit.readers.logs.log import Log, LogSelection
from compatkit.readers.memory import digest_memory, is_dataset, is_frame, read_memory
from compatkit.readers.source import Progress, Source, open_path


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """One model's predictions, wherever they lie; they can be read more than once.

    Attributes:
        name: what messages and reports call it.
        digest: SHA-256 of the stored bytes, or of the rows where they came from memory.
        source: the bytes, or None for rows in memory.
        data: the rows in memory, or None.
        reader: the name of the reader, `memory` for rows in memory.
        log: what the harness says that left the rows behind, or None.
    """

    name: str
    digest: str
    reader: str
    source: Source | None = None
    data: Any = None
    log: Log | None = None

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
            if self.log is not None:
                yield from LOGS[self.reader].read(stream, self.log)
                return
            yield from READERS[self.reader](stream, self.name)


def open_predictions(
    data: Any, *, name: str = "", reader: str | None = None, selection: LogSelection | None = None
) -> PredictionFile:
    """Make a `PredictionFile` of a path, `-`, a list of mappings, a frame or a dataset.

    Args:
        data: where the predictions are.
        name: what reports call rows in memory.
        reader: a name in `READERS` or `LOGS`; without it names and first bytes decide.
        selection: what was said of logs.

    Raises:
        ConfigError: an unknown reader, or a kind of object that holds no rows.
        DataError: an absent file, a folder, or content of no known kind.
    """
    if reader is not None and reader not in READERS and reader not in LOGS:
        raise ConfigError(f"no reader {reader!r}; the readers are {', '.join([*READERS, *LOGS])}.")
    if isinstance(data, PredictionFile):
        return data
    if isinstance(data, (str, Path)):
        run = open_run(data, reader=reader, selection=selection)
        if run:
            return _only_task(data, run)
        source = open_path(data)
        return PredictionFile(source.name, source.digest(), reader or source.kind(), source)
    if is_frame(data) or is_dataset(data) or isinstance(data, (list, tuple)):
        name = name or "rows"
        return PredictionFile(name, digest_memory(data, name), "memory", None, data)
    raise ConfigError(
        f"predictions were given as a {type(data).__name__}; a path, a list of mappings, "
        "a pandas frame or a datasets.Dataset was expected."
    )


def open_run(
    path: str | Path, *, reader: str | None = None, selection: LogSelection | None = None
) -> dict[str, PredictionFile]:
    """Return the tasks of a harness's run, in order of name; none where the path holds no log.

    Args:
        path: a file, or a folder.
        reader: a name in `LOGS`; names in `READERS` mean that the path is no log.
        selection: what was said of logs.

    Raises:
        DataError: as `compatkit.readers.logs.choosing.open_logs`.
    """
    if reader in READERS or str(path) == "-":
        return {}
    logs = open_logs(Path(path), selection or LogSelection(), reader)
    paths = [log.path for log in logs.values()]
    return {
        task: _open_log(log, log.path if paths.count(log.path) == 1 else f"{log.path} [{task}]")
        for task, log in logs.items()
    }


def _open_log(log: Log, name: str | Path) -> PredictionFile:
    source = open_path(log.path)
    digests = [source.digest(), *(open_path(each).digest() for each in log.further)]
    joined = hashlib.sha256("".join(digests).encode()).hexdigest()
    return PredictionFile(
        str(name), joined if log.further else digests[0], log.harness, source, log=log
    )


def _only_task(path: str | Path, run: Mapping[str, PredictionFile]) -> PredictionFile:
    if len(run) == 1:
        return next(iter(run.values()))
    listed = ", ".join(list(run)[:6]) + (", ..." if len(run) > 6 else "")  # noqa: PLR2004
    raise DataError(
        f"{path}: holds {len(run)} tasks: {listed}. compatkit score and compatkit.compare_folders "
        "compare all of them; name the file of one, or a smaller folder, to compare one."
    )
