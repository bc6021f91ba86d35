"""Progress: a bar on stderr for work that takes more than a second, on a terminal only."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from compatkit.readers.source import Progress
from compatkit.reports.hostile import visible

PATIENCE = 1.0


@contextmanager
def show_progress() -> Iterator[Progress | None]:
    """Yield a function that shows what share of a file was read and scored, or None."""
    if not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    tasks: dict[str, int] = {}
    with ExitStack() as stack:
        bars = None

        def progress(name: str, share: float) -> None:
            nonlocal bars
            if time.monotonic() - started < PATIENCE:
                return
            if bars is None:
                from rich.console import Console  # noqa: PLC0415
                from rich.progress import Progress as Bars  # noqa: PLC0415

                console = Console(stderr=True, markup=False)
                bars = stack.enter_context(Bars(console=console, transient=True))
            if name not in tasks:
                tasks[name] = bars.add_task(visible(name, 40), total=1.0)
            bars.update(tasks[name], completed=share)  # type: ignore[arg-type]

        yield progress


@contextmanager
def show_answers(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function that shows how many answers are made, how fast, and the time left."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, markup=False)
    started = time.monotonic()
    with Bars(*columns, console=console, transient=True) as bars:
        task = bars.add_task(visible(name, 40), total=None, speed="")

        def progress(done: int, total: int) -> None:
            speed = done / max(time.monotonic() - started, 1e-9)
            bars.update(task, completed=done, total=total, speed=f"{speed:.1f} examples/s")

        yield progress
