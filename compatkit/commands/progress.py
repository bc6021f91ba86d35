"""Progress: a line on stderr for work that takes more than a second, on a terminal only."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from compatkit.outcomes import Progress

PATIENCE = 1.0


@contextmanager
def show_progress(*, enabled: bool = True) -> Iterator[Progress | None]:
    """Yield a function that shows how many rows of a file are scored, or None."""
    if not (enabled and sys.stderr.isatty()):
        yield None
        return
    started = time.monotonic()
    shown = False

    def progress(name: str, rows: int) -> None:
        nonlocal shown
        elapsed = time.monotonic() - started
        if elapsed > PATIENCE:
            shown = True
            name = name if name.isprintable() else ascii(name)
            sys.stderr.write(f"\r\x1b[K{name[-50:]}: {rows:,} rows, {elapsed:.0f} s")
            sys.stderr.flush()

    try:
        yield progress
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
