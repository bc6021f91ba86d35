"""Sides: what the path of each model holds: one task, or several that pair up by name."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from msgspec import Struct

from compatkit.comparison.checked_options import Options
from compatkit.errors import DataError
from compatkit.notes import Note, notes_of
from compatkit.readers.address import Place, find_address, place_of
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.choosing import note_aside, select_tasks
from compatkit.readers.logs.log import LogSelection
from compatkit.readers.prediction_file import PredictionFile, open_file, open_run
from compatkit.readers.run_header import is_header
from compatkit.readers.source import KINDS
from compatkit.record import replace

TOTAL = "total"


class Side(Struct, frozen=True):
    """What one model's path holds, opened.

    Attributes:
        path: as it was named.
        files: task to file; a plain file that was named by itself has a task without a name.
        several: whether the path stands for several tasks, since it, or another side's, does.
        aside: names of what else lies in a folder of prediction files.
    """

    path: str | Place
    files: Mapping[str, PredictionFile]
    several: bool
    aside: tuple[str, ...] = ()

    @property
    def only(self) -> PredictionFile:
        """The file of the one task."""
        (file,) = self.files.values()
        return file


def open_sides(
    paths: Sequence[str | Place], options: Options, *, several: bool = False
) -> list[Side]:
    """Open what the paths of several models hold: a file each, or a file per task each.

    Args:
        paths: files, folders of prediction files, logs of a harness or folders of them, or their
            addresses.
        options: the reader, and which of several logs are meant.
        several: each path stands for several tasks, whatever it holds.

    Raises:
        DataError: a path that cannot be read, or a file beside a folder.
    """
    paths = list(map(find_address, paths))
    options.check_sides(len(paths))
    reader = options.reader_of(0)
    runs = [
        open_run(path, reader=reader, selection=options.selection_of(number))
        for number, path in enumerate(paths)
    ]
    folders = [not run and place_of(path).is_dir() for path, run in zip(paths, runs, strict=True)]
    if not (several or any(folders) or any(len(run) > 1 for run in runs)):
        plain = [path for path, run in zip(paths, runs, strict=True) if not run]
        opened = {path: open_file(path, reader) for path in dict.fromkeys(plain)}
        return [
            Side(path, run or {"": opened[path]}, several=False)
            for path, run in zip(paths, runs, strict=True)
        ]
    return [
        Side(
            path,
            run or _open_folder(path, options.selection, reader),
            several=True,
            aside=() if run else tuple(_others(path)),
        )
        for path, run in zip(paths, runs, strict=True)
    ]


def _open_folder(
    path: str | Place, selection: LogSelection, reader: str | None
) -> dict[str, PredictionFile]:
    """Return the prediction files of a folder by task, those that were selected."""
    tasks = find_tasks(path)
    selected = select_tasks(tasks, selection, path)
    notes = note_aside(tasks, selected)
    files = {task: open_file(file, reader) for task, file in selected.items()}
    return {task: replace(file, notes=notes) for task, file in files.items()}


def share_tasks(sides: Sequence[Side], options: Options) -> tuple[list[str], list[Note]]:
    """Return the tasks that every side has, in the first one's order, and what was left aside.

    Raises:
        DataError: a task that one side lacks, where it is not to be skipped, or one whose name
            the sum of all has.
    """
    paths, folders = [side.path for side in sides], [side.files for side in sides]
    tasks = [task for task in folders[0] if all(task in folder for folder in folders)]
    if TOTAL in tasks:
        raise DataError(f"{paths[0]}: a task cannot be called {TOTAL!r}, as the sum of all is.")
    lost = sorted(set().union(*folders).difference(tasks))
    if lost and (options.missing != "skip" or not tasks):
        raise DataError(_missing_message(paths, folders))
    further = (
        [f"left out, since one folder lacks them: the tasks {', '.join(lost)}"] if lost else []
    )
    aside = sorted({name for side in sides for name in side.aside})
    further += [f"no prediction files, left aside: {', '.join(aside)}"] if aside else []
    return tasks, notes_of("tasks", further)


def find_tasks(folder: str | Place) -> dict[str, Place]:
    """Return the prediction files of a folder by task, in order of name.

    The task is the file's name without the endings of its kind and compression.

    Raises:
        DataError: no folder, no prediction file in it, or two files for one task.
    """
    path = place_of(folder)
    if not path.is_dir():
        raise DataError(
            f"{folder}: not a folder, nor a log of several tasks; where one side is, every side is."
        )
    tasks: dict[str, Place] = {}
    inner: list[Place] = [*path.iterdir()]
    for file in sorted(inner, key=str):
        name = file.name.removesuffix(".gz").removesuffix(".zst")
        if not is_task(file):
            continue
        task = name.removesuffix(PurePath(name).suffix)
        if task == TOTAL:
            raise DataError(f"{file}: a task cannot be called {TOTAL!r}. Rename the file.")
        if task in tasks:
            raise DataError(f"{folder}: {tasks[task].name} and {file.name} are one task. Keep one.")
        tasks[task] = file
    if not tasks:
        raise DataError(
            f"{folder}: no prediction file; {', '.join(KINDS)} were expected, or the logs of a "
            f"harness: {', '.join(LOGS)}."
        )
    return tasks


def is_task(file: Place) -> bool:
    """Whether a file of a folder is a prediction file."""
    name = file.name.removesuffix(".gz").removesuffix(".zst")
    readable = PurePath(name).suffix.lower() in KINDS
    hidden = file.name.startswith(".") or is_header(file)
    return readable and not hidden and not file.is_dir()


def _others(folder: str | Place) -> list[str]:
    """Return what else lies in a folder, but for hidden files."""
    return [
        file.name
        for file in place_of(folder).iterdir()
        if not is_task(file) and not file.name.startswith(".") and not is_header(file)
    ]


def _missing_message(
    names: Sequence[str | Place], folders: Sequence[Mapping[str, PredictionFile]]
) -> str:
    every = sorted(set().union(*folders))
    parts = []
    for name, folder in zip(names, folders, strict=True):
        absent = [task for task in every if task not in folder]
        if absent:
            listed = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")  # noqa: PLR2004
            parts.append(f"{name} lacks {len(absent)} of {len(every)} tasks: {listed}")
    return (
        "; ".join(parts) + ". A task that one side lacks cannot be compared: add its file, remove "
        "it from the other side, or say --missing skip to leave such tasks out."
    )
