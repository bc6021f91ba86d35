"""Prediction file: one model's predictions, wherever they lie, opened once."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import Struct

from compatkit.arrays import IntArray
from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import ALIASES, EITHER, Record
from compatkit.predictions.nested import ROOT
from compatkit.predictions.records import Records
from compatkit.readers import DOCUMENT, LINES, READERS, TABLES
from compatkit.readers.address import Address, Place, place_of
from compatkit.readers.jsonl import keep_lines
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.choosing import open_logs
from compatkit.readers.logs.log import Log, LogSelection, read_document
from compatkit.readers.memory import digest_memory, is_arrow, is_dataset, is_frame, read_memory
from compatkit.readers.references import OWN as JOINED
from compatkit.readers.references import References
from compatkit.readers.shape import PLAIN, Shape
from compatkit.readers.source import Progress, Source, kind_of_name, open_path, unpack
from compatkit.readers.spans import Span, hash_lines, read_lines
from compatkit.readers.where import keep_rows
from compatkit.record import replace
from compatkit.spelling import suggest

TURNS = 4  # readings of a file in which its records are picked, at most


class PredictionFile(Struct, frozen=True):
    """One model's predictions, wherever they lie; they can be read more than once.

    Attributes:
        name: what messages and reports call it.
        digest: SHA-256 of the stored bytes, or of the rows where they came from memory.
        source: the bytes, or None for rows in memory.
        data: the rows in memory, or None.
        reader: the name of the reader, `memory` for rows in memory.
        log: what the harness says that left the rows behind, or None.
        shape: what a user said of how the rows lie in it.
        references: what is right, where another file holds it.
        notes: sentences for the report on what was left aside beside it.
        spans: of lines at an address, the parts by which some are read again.
        alone: what was named is this file; False for one task of several, or of a run's folder.
    """

    name: str
    digest: str
    reader: str
    source: Source | None = None
    data: Any = None
    log: Log | None = None
    alone: bool = True
    shape: Shape = PLAIN
    references: References | None = None
    notes: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()

    @property
    def path(self) -> Place | None:
        """Where the file lies; None for rows in memory and standard input."""
        return None if self.source is None else self.source.path

    @property
    def reading(self) -> str:
        """What is the same where the same bytes are read in the same way."""
        metric = "" if self.log is None else self.log.metric
        return f"{self.digest} {metric} {'' if self.shape == PLAIN else self.shape}".rstrip()

    @property
    def roles(self) -> dict[str, str]:
        """Role to field, as far as a user, or a file of references, says it."""
        roles = dict(self.shape.roles)
        return roles if self.references is None else {**roles, "references": JOINED}

    def batches(self, progress: Progress | None = None, *, part: bool = False) -> Iterator[Records]:
        """Yield the records from the beginning.

        Args:
            progress: called with the name and the share that was read; not for rows in memory.
            part: this is a part of a file, which may hold no rows.

        Raises:
            DataError: the file cannot be read, or holds no rows.
        """
        rows = 0
        for batch in self._read(progress):
            rows += len(batch.rows)
            if batch.rows or (rows and batch.notes):
                yield batch
        if not rows and not part:
            raise DataError(f"{self.name}: the file holds no rows. Was it written to the end?")

    def pick(self, records: IntArray, lines: IntArray) -> Iterator[Record]:
        """Read the file again and yield some records, in the order given.

        Of millions no more than some thousands are held, and the file is read once, or, here, a few
        times where the order is the file's again and again.

        Args:
            records: the index of each record, from 0.
            lines: the line of each. Where each line is a record, no other line is decoded.

        Raises:
            CompatkitError: there is no room for a temporary file.
            DataError: the file changed since.
        """
        if not len(records):  # of the examples that flipped, this side may have none
            return
        if self.data is not None and digest_memory(self.data, self.name) != self.digest:
            raise self._changed()
        turns = np.flatnonzero(records[1:] < records[:-1]) + 1
        turns = turns if len(turns) < TURNS and not self.spans else turns[:0]
        for start, stop in pairwise([0, *turns.tolist(), len(records)]):
            yield from self._pick(records[start:stop], lines[start:stop])

    def _pick(self, records: IntArray, lines: IntArray) -> Iterator[Record]:
        """Yield some records as `pick` does, in one reading."""
        if (records[1:] >= records[:-1]).all():
            yield from self._find(records, lines)
            return
        from compatkit.readers.in_order import put_in_order  # noqa: PLC0415  (start-up time)

        order = np.argsort(records, kind="stable")
        numbered = zip(map(int, order), self._find(records[order], lines[order]), strict=True)
        most = None if self.data is None else len(order)  # rows in memory wait there
        yield from put_in_order(numbered, len(order), most)

    def _find(self, records: IntArray, lines: IntArray) -> Iterator[Record]:
        """Yield some records in the file's order; the arguments are those of `pick`."""
        by_line = self._has_lines()
        start = done = 0
        for batch in self._read(None, (records, lines) if by_line else None):
            here = np.asarray(batch.lines, np.int64)
            if by_line:
                stop = done + int(np.searchsorted(lines[done:], here[-1:].max(initial=0), "right"))
                places = np.searchsorted(here, lines[done:stop])
            else:
                stop = done + int(np.searchsorted(records[done:], start + len(here)))
                places = records[done:stop] - start
            if not np.array_equal(here[places], lines[done:stop]):
                raise self._changed()
            yield from map(batch.rows.__getitem__, places.tolist())
            done, start = stop, start + len(here)
            if done == len(records):
                break
        if done < len(records):
            raise self._changed()
        if self.source is not None:
            self.source.refuse_changed()

    def reopen(self) -> "PredictionFile":
        """Return the file as this machine sees it, under a stamp of its own.

        Raises:
            DataError: it is not there, or holds other bytes.
        """
        if self.source is None or self.source.path is None:
            return self
        source = open_path(self.source.path)
        further = [] if self.log is None else [open_path(path) for path in self.log.further]
        if _digest_all([source, *further]) != self.digest:
            raise DataError(
                f"{self.name}: holds other bytes where it is scored, or changed while it was read."
            )
        return replace(self, source=replace(self.source, stamp=source.stamp))

    def _has_lines(self) -> bool:
        if self.source is None:
            return False
        return self.reader in LINES if self.log is None else self.log.lines

    def _changed(self) -> DataError:
        if self.data is not None:
            return DataError(f"{self.name}: the rows changed since they were compared.")
        return DataError(f"{self.name}: the file changed while it was read. Run again.")

    def _read(
        self, progress: Progress | None, again: tuple[IntArray, IntArray] | None = None
    ) -> Iterator[Records]:
        """Yield the records as their shape has them.

        Args:
            progress: as of `batches`.
            again: the records, and their lines, that alone are read again, in the file's order.
        """
        batches = self._read_all(progress, None if again is None else again[1])
        # Lines that are read again met the conditions when they were read first.
        if self.shape.where and again is None:
            batches = keep_rows(batches, self.shape.where, self.name)
        if self.references is not None:
            numbers = None if again is None else np.unique(again[0]).tolist()
            roles = dict(self.shape.roles)
            batches = self.references.join(batches, self.name, roles, numbers)
        yield from batches

    def _read_all(
        self, progress: Progress | None, lines: IntArray | None = None
    ) -> Iterator[Records]:
        if self.source is None:
            yield from read_memory(self.data, self.name)
            return
        if lines is not None and self.spans:
            yield from read_lines(self.source, self.spans, lines)
            return
        with self.source.open(progress) as stream:
            rows = stream if lines is None else keep_lines(stream, self.name, lines)
            if self.log is not None:
                yield from LOGS[self.reader].read(rows, self.log)
                return
            options: dict[str, Any] = (
                {"quoting": self.shape.quoting} if self.reader in TABLES else {}
            )
            options |= {"rows": self.shape.rows} if self.reader == DOCUMENT else {}
            options |= {"line": self.source.line} if self.source.line > 1 else {}
            yield from READERS[self.reader](rows, self.name, **options)


def open_predictions(
    data: Any,
    *,
    name: str = "",
    reader: str | None = None,
    selection: LogSelection | None = None,
    shape: Shape = PLAIN,
) -> PredictionFile:
    """Make a `PredictionFile` of a path, `-`, a list of mappings, a frame, table or dataset.

    Args:
        data: where the predictions are; a path may be an address, such as `s3://...`.
        name: what reports call rows in memory.
        reader: a name in `READERS` or `LOGS`; without it names and first bytes decide.
        selection: what was said of logs.
        shape: what was said of how the rows lie.

    Raises:
        ConfigError: an unknown reader, or a kind of object that holds no rows.
        DataError: an absent file, a folder, or content of no known kind.
    """
    if reader is not None and reader not in READERS and reader not in LOGS:
        raise ConfigError(f"no reader {reader!r}; {suggest(reader, [*READERS, *LOGS])}")
    if isinstance(data, PredictionFile):
        return replace(data, shape=shape)
    if isinstance(data, str | Place):
        run = open_run(data, reader=reader, selection=selection)
        file = _only_task(data, run) if run else open_file(data, reader)
        return replace(file, shape=shape)
    if isinstance(data, (list, tuple)) or any(
        tells(data) for tells in (is_frame, is_dataset, is_arrow)
    ):
        name = name or "rows"
        rows = tuple(data) if isinstance(data, list) else data  # whoever sorts his list sorts his
        return PredictionFile(name, digest_memory(rows, name), "memory", None, rows, shape=shape)
    raise ConfigError(
        f"predictions were given as a {type(data).__name__}; a path, a list of mappings, "
        "a frame of pandas or polars, a table of Arrow or a datasets.Dataset was expected."
    )


def open_references(
    data: Sequence[Any],
    roles: Mapping[str, str],
    *,
    reader: str | None = None,
    by_position: bool = False,
    missing: str = "error",
) -> References:
    """Open files of references, or rows in memory.

    Args:
        data: one of them, or several that each hold one reference of every example.
        roles: role to field, as named for all files.
        reader: a name in `READERS`; without it names and first bytes decide.
        by_position: join rows by their number.
        missing: what becomes of an id that one file alone has; see `References`.

    Raises:
        DataError: a file that cannot be opened.
    """
    files = [_open_references(item, reader) for item in data]
    return References(files, roles, by_position=by_position, missing=missing)


def _open_references(data: Any, reader: str | None) -> PredictionFile:
    from compatkit.readers.logs import squad  # noqa: PLC0415  (its data set, where there is one)

    if not isinstance(data, str | Place):
        return open_predictions(data, name="references")
    place = place_of(data)
    if reader is None and squad.is_dataset(place):
        rows = [{"id": key, **row} for key, row in squad.read_questions(place).items()]
        source = open_path(data)
        return replace(open_predictions(rows), name=source.name, digest=source.digest())
    file = open_file(data, reader if kind_of_name(place.name) is None else None)
    by_id = file.source is not None and _holds_ids(file.source)
    return replace(file, reader=DOCUMENT, shape=Shape(rows=ROOT)) if by_id else file


def _holds_ids(source: Source) -> bool:
    """Tell whether a file is one object from ids to references, and no row."""
    if kind_of_name(source.name) != DOCUMENT or not source.head().lstrip().startswith(b"{"):
        return False
    with source.open() as stream:
        try:
            document = read_document(stream, source.name)
        except DataError:
            return False  # JSON Lines
    own = [*ALIASES["references"], EITHER]
    return isinstance(document, dict) and not any(name in document for name in own)


def name_sides(files: Sequence[PredictionFile]) -> list[PredictionFile]:
    """Give the sides that lie in one file names of their own, by what was said of each."""
    names = [file.name for file in files]
    return [
        replace(file, name=f"{file.name} [{file.shape.label}]")
        if names.count(file.name) > 1 and file.shape.label
        else file
        for file in files
    ]


def open_file(path: str | Place, reader: str | None = None) -> PredictionFile:
    """Open a file that is no log.

    Args:
        path: a file, or `-` for standard input.
        reader: a name in `READERS`; without it name and first bytes decide.

    Raises:
        DataError: an absent file, a folder, or content of no known kind.
    """
    source = unpack(open_path(path))
    reader = reader or source.kind()
    if reader in LINES and not source.member and isinstance(source.path, Address):
        digest, spans = hash_lines(source)
        return PredictionFile(source.name, digest, reader, source, spans=spans)
    return PredictionFile(source.name, source.digest(), reader, source)


def open_run(
    path: str | Place, *, reader: str | None = None, selection: LogSelection | None = None
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
    place = place_of(path)
    logs = open_logs(place, selection or LogSelection(), reader)
    paths = [log.path for log in logs.values()]
    alone = len(paths) == 1 and paths[0] == place
    sources = {file: open_path(file) for log in logs.values() for file in (log.path, *log.further)}
    digests = {file: source.digest() for file, source in sources.items()}
    run = {}
    for task, log in logs.items():
        parts = [digests[file] for file in (log.path, *log.further)]
        run[task] = PredictionFile(
            name=str(log.path) if paths.count(log.path) == 1 else f"{log.path} [{task}]",
            digest=_join_digests(parts) if log.further else parts[0],
            reader=log.harness,
            source=sources[log.path],
            log=log,
            alone=alone,
        )
    return run


def _digest_all(sources: Sequence[Source]) -> str:
    """Return the digest of a file, or of all files that a task's rows are read from."""
    digests = [source.digest() for source in sources]
    return digests[0] if len(digests) == 1 else _join_digests(digests)


def _join_digests(digests: Sequence[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _only_task(path: str | Place, run: Mapping[str, PredictionFile]) -> PredictionFile:
    if len(run) == 1:
        return next(iter(run.values()))
    listed = ", ".join(list(run)[:6]) + (", ..." if len(run) > 6 else "")  # noqa: PLR2004
    raise DataError(
        f"{place_of(path)}: holds {len(run)} tasks: {listed}. compatkit score and "
        "compatkit.compare_folders compare all of them; name the file of one, or a smaller folder, "
        "to compare one."
    )
