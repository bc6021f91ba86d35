"""Spool: the blocks of a file's rows, in memory while they are few, then in a temporary file."""

import os
import re
from contextlib import suppress
from pathlib import Path

from compatkit.errors import CompatkitError, ConfigError
from compatkit.pairing.row_blocks import RowBlock
from compatkit.stored import MEGA, NoRoomError, Store

FREE = 4  # what is free is taken to a quarter, where nothing was said
HELD = 3  # rows take some three times of what their blocks do, once they are joined
UNITS = {"MB": MEGA, "GB": 1000 * MEGA, "TB": 1000 * 1000 * MEGA}
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([MGT]B)", re.IGNORECASE | re.ASCII)
PAGES = "SC_AVPHYS_PAGES"
# What Linux says of a group of processes, such as a container: its limit, and what it takes.
GROUP = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


class Spool:
    """The blocks of one file, in its order.

    Attributes:
        blocks: those so far.
        share: how much of the file was read.

    Args:
        name: the file's.
        limit: bytes of memory that blocks may take before they go into a file; None for no limit.
        store: the file that they go to; a new one if not given.
    """

    def __init__(self, name: str, limit: int | None = None, store: Store | None = None) -> None:
        """Begin without a block."""
        self.blocks: list[RowBlock] = []
        self.share = 0.0
        self._name = name
        self._limit = limit
        self._store = store
        self._held = 0

    def add(self, block: RowBlock) -> None:
        """Add the next block.

        Raises:
            CompatkitError: there is no room for a temporary file.
        """
        self.blocks.append(block)
        self._held += block.held
        if self._limit is not None and self._held > self._limit:
            self._limit = self._held = 0
            try:
                self._store = Store() if self._store is None else self._store
                for place, held in enumerate(self.blocks):
                    self.blocks[place] = held if held.ids.is_stored else held.put(self._store)
            except NoRoomError as error:
                raise CompatkitError(self._describe(error)) from error

    def _describe(self, error: NoRoomError) -> str:
        needed = ""
        if error.written and self.share:
            needed = f", and some {error.written / self.share / MEGA:,.0f} MB are needed"
        return (
            f"{error.where}: no room for what is kept of the rows of {self._name}: {error.reason}. "
            f"{error.written / MEGA:,.0f} MB were written{needed}. Name a folder with more room by "
            "the variable TMPDIR, or say a larger --memory, so that rows stay in memory."
        )


def parse_size(text: str | None) -> int | None:
    """Return the bytes of a size; None for None.

    Raises:
        ConfigError: what is no size.

    >>> parse_size("400MB"), parse_size("1.5 GB")
    (400000000, 1500000000)
    """
    if text is None:
        return None
    match = SIZE.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"memory is {text!r}; a size such as 400MB or 2GB was expected.")
    return int(float(match[1]) * UNITS[match[2].upper()])


def limit_blocks(memory: int | None, files: int) -> int:
    """Return how many bytes the blocks of a file may take.

    Args:
        memory: bytes that all processes may take; None for a quarter of what is free.
        files: number of files.
    """
    most = find_free() // FREE if memory is None else memory
    return max(most // HELD // max(files, 1), 1)


def find_free() -> int:
    """Return the bytes of memory that are free, of this machine or of this container."""
    free = os.sysconf(PAGES) * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(line.split()[1]) * 1024
    with suppress(OSError, ValueError):
        most, taken = (int(path.read_text(encoding="ascii")) for path in GROUP)
        free = min(free, max(most - taken, 0))
    return free
