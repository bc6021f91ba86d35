"""Journal: what a run has finished, batch by batch, beside the file that it will become.

The first line holds the header, each further one a finished batch. A line is written at once
and forced to the disk; one that was cut is left out when the journal is read. Each process of
a run has a journal of its own, and a resumed run reads them all.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.errors import ConfigError, DataError
from compatkit.readers.run_header import list_differences

Row = Mapping[str, Any]


@dataclass
class Finished:
    """What journals hold.

    Attributes:
        batches: the rows of each finished batch, by its number in the plan.
        size: the batch size that the last batch was run with, where memory ran out before.
    """

    batches: dict[int, Sequence[Row]] = field(default_factory=dict)
    size: int | None = None

    @property
    def rows(self) -> int:
        """How many answers are finished."""
        return sum(map(len, self.batches.values()))


class Journal:
    """The journal of one process of a run."""

    def __init__(self, output: Path, rank: int, header: Mapping[str, Any]) -> None:
        """Open the journal, after what an earlier process of this rank left whole.

        Raises:
            ConfigError: it cannot be written.
        """
        self._path = journal_path(output, rank)
        try:
            whole = _whole_bytes(self._path) if holds_batches(self._path) else 0
            self._file: BinaryIO = self._path.open("ab", buffering=0)
            self._file.truncate(whole)
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be written: {error.strerror}.") from error
        self._empty = not whole
        if self._empty:
            self._append({"header": header})

    def add(self, number: int, size: int, rows: Sequence[Row]) -> None:
        """Write a finished batch.

        Raises:
            DataError: the disk is full, or gone; what was written before stays.
        """
        self._append({"batch": number, "size": size, "rows": rows})
        self._empty = False

    def close(self) -> None:
        """Close the file, which stays if a batch is in it."""
        self._file.close()
        if self._empty:
            self._path.unlink(missing_ok=True)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry, default=str).encode() + b"\n"
        try:
            while line:
                line = line[self._file.write(line) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise DataError(
                f"{self._path}: cannot be written: {error.strerror}. What was finished before is "
                "kept: make room, and run the same command with --resume."
            ) from error


def journal_path(output: Path, rank: int) -> Path:
    """Return where the journal of a process is."""
    return output.with_name(f"{output.name}.journal-{rank}")


def find_journals(output: Path) -> list[Path]:
    """Return the journals that lie beside an output."""
    return sorted(
        path
        for path in output.parent.iterdir()
        if path.name.startswith(f"{output.name}.journal-") and path.name[-1].isdigit()
    )


def holds_batches(journal: Path) -> bool:
    """Tell whether a batch is in a journal, and not its header alone."""
    return journal.exists() and journal.read_bytes().count(b"\n") > 1


def read_journals(output: Path, header: Mapping[str, Any]) -> Finished:
    """Read what earlier processes finished.

    Args:
        output: the file that the run will make.
        header: of this run.

    Raises:
        DataError: a line that is no entry of a journal.
        ConfigError: the journal of a run with other settings.
    """
    finished = Finished()
    for path in filter(holds_batches, find_journals(output)):
        text = path.read_bytes()[: _whole_bytes(path)]
        for number, line in enumerate(text.splitlines(), 1):
            try:
                entry = json.loads(line)
                if number == 1:
                    refuse_other_settings(str(path), entry["header"], header)
                    continue
                finished.batches[entry["batch"]] = entry["rows"]
                finished.size = min(entry["size"], finished.size or entry["size"])
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(
                    f"{path}:{number}: no entry of a journal. --overwrite begins anew."
                ) from error
    return finished


def remove_journals(output: Path) -> None:
    """Remove the journals of an output."""
    for path in find_journals(output):
        path.unlink(missing_ok=True)


def refuse_other_settings(name: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Refuse to go on with a run that was made otherwise.

    Raises:
        ConfigError: naming what differs.
    """
    changed = [
        f"{path} was {old!r} and is {new!r}"
        for path, old, new in list_differences(theirs, json.loads(json.dumps(ours)))
    ]
    if changed:
        raise ConfigError(
            f"{name}: is of another run: {'; '.join(changed)}. Resume with the settings that it "
            "was begun with, or pass --overwrite to begin anew."
        )


def _whole_bytes(path: Path) -> int:
    """Return how many bytes of a journal are whole lines."""
    return path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0
