"""Printing: where a command's report goes, and how wide it is."""

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from compatkit.arrays import as_index
from compatkit.commands.flags import Command, Report, add_flags, flag
from compatkit.errors import ConfigError
from compatkit.output import Data, refuse_url
from compatkit.reports.pictures import IMAGES
from compatkit.urls import is_url

if TYPE_CHECKING:
    from compatkit.readers.address import Place

REPORT = "Report"  # the heading of what is printed and written, in the help of a command
HELD = 1 << 24  # bytes of a report's parts that wait in memory to be printed
PART = 1 << 20  # characters that are printed at a time
MOST_COLUMNS, LEAST_COLUMNS, PIPED_COLUMNS = 120, 60, 100
# What the reports draw with, where the terminal's encoding lacks it.
PLAIN = str.maketrans({"\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-", "\N{RIGHTWARDS ARROW}": "->"})


def report_flags(suffixes: Collection[str], explained: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of what is printed and written.

    Args:
        suffixes: those that name a report's format.
        explained: what `--explain` says the meaning of.
    """
    shown = partial(flag, group=REPORT)
    return add_flags(
        shown("--explain", is_flag=True, help=f"Say what each {explained} means."),
        shown("--json", "as_json", is_flag=True, help="Print JSON instead of a table."),
        shown("--markdown", "as_markdown", is_flag=True, help="Print Markdown."),
        shown(
            "--output",
            "-o",
            multiple=True,
            type=Report(tuple(suffixes)),
            metavar="FILE",
            help=f"Write a report too; the suffix names the format: {', '.join(suffixes)}"
            f"{' (.xml is JUnit' + chr(39) + 's)' if '.xml' in suffixes else ''}.",
        ),
    )


def printed_kind(*, as_json: bool, as_markdown: bool) -> str:
    """Return the kind of the report that is printed.

    Raises:
        ConfigError: two were asked for.
    """
    if as_json and as_markdown:
        raise ConfigError(
            "--json and --markdown: one report is printed. Leave one out; -o FILE.md writes it too."
        )
    return "json" if as_json else "markdown" if as_markdown else "terminal"


def written_kind(path: str, kinds: Mapping[str, str]) -> str:
    """Return the kind of the report that a file is to hold; of a picture, its suffix.

    Args:
        path: the file.
        kinds: suffix to the kind of a report.

    Raises:
        ConfigError: a suffix that is neither a report's nor a picture's.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in kinds and suffix not in IMAGES:
        raise ConfigError(
            f"-o {path}: the suffix names the format: {', '.join([*kinds, *IMAGES])}."
        )
    return kinds.get(suffix, suffix)


def check_targets(targets: Sequence[str], inputs: "Iterable[str | Place]") -> None:
    """Refuse, before any work, to write where no file can be, or over what is read.

    Args:
        targets: what is to be written.
        inputs: the files and folders that are read. A file's header is read too, and all that a
            folder holds. A file is known by its path and, under another name, by itself; at an
            address nothing is written.

    Raises:
        ConfigError: naming the target.
    """
    from compatkit.readers.run_header import header_path  # noqa: PLC0415  (start-up time)

    read: set[Path] = set()
    for file in [file for file in map(str, inputs) if file and not is_url(file)]:
        read |= {Path(os.path.realpath(path)) for path in (file, str(header_path(file)))}
    same = {_identity(path) for path in read if path.is_file()}
    written: set[Path] = set()
    for target in targets:
        refuse_url(target)
        path = Path(os.path.realpath(target))
        beside = path.exists() and (not read.isdisjoint(path.parents) or _identity(path) in same)
        if path in read or beside:
            raise ConfigError(f"{target}: is read, and would be written over. Name another file.")
        if path in written:
            raise ConfigError(f"{target}: is named for two outputs. Name another file.")
        if path.is_dir() or not path.parent.is_dir():
            what = "it is a folder" if path.is_dir() else "its folder does not exist"
            raise ConfigError(f"{target}: cannot be written: {what}.")
        written.add(path)


def _identity(path: Path) -> tuple[int, int]:
    """Return what a file is known by under each of its names."""
    status = path.stat()
    return status.st_dev, status.st_ino


def find_width() -> int:
    """Return how many columns a report may take: COLUMNS says it, or else a terminal."""
    named = as_index(os.environ.get("COLUMNS", ""))
    if named:
        return min(max(named, LEAST_COLUMNS), MOST_COLUMNS)
    if not sys.stdout.isatty():
        return PIPED_COLUMNS
    import shutil  # noqa: PLC0415  (start-up time)

    return min(max(shutil.get_terminal_size().columns, LEAST_COLUMNS), MOST_COLUMNS)


def is_colored() -> bool:
    """Whether a report is in colour: NO_COLOR and FORCE_COLOR say it, or else a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return sys.stdout.isatty() or os.environ.get("FORCE_COLOR", "0") not in {"", "0", "false"}


def print_report(report: str | Iterable[str]) -> None:
    """Print a report, or its parts; what the terminal's encoding lacks becomes an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    for part in [report] if isinstance(report, str) else report:
        text = part
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
        sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def hold_report(report: str | Iterator[str]) -> Iterator[str | Iterator[str]]:
    """Make all parts of a report before the first is printed; many wait in a temporary file."""
    if isinstance(report, str):
        yield report
        return
    held, size = [], 0
    for part in report:
        held.append(part)
        size += len(part)
        if size > HELD:
            break
    else:
        yield iter(held)
        return
    from tempfile import TemporaryFile  # noqa: PLC0415  (start-up time)

    from compatkit.stored import refuse_no_room  # noqa: PLC0415  (start-up time)

    with refuse_no_room():
        file = TemporaryFile("w+", encoding="ascii")  # noqa: SIM115  (closed below)
    with file:
        for part in chain(held, report):
            with refuse_no_room():
                file.write(part)  # unlike writelines, which holds all until the last is made
        with refuse_no_room():
            file.seek(0)
        yield iter(partial(file.read, PART), "")


def encode_report(report: str | Iterator[str]) -> Data:
    """Return a report as it is written to a file."""
    return report.encode() if isinstance(report, str) else map(str.encode, report)
