"""Reference files: which of the files that were named hold the references of a task.

gold.csv              of every task
math=gold_math.csv    of the task math, before what is said of every task
gold/                 of each task the file that is called as the task is
"""

from collections.abc import Collection, Iterator
from typing import Any

from compatkit.comparison.checked_options import Options
from compatkit.comparison.names import split_name
from compatkit.comparison.sides import find_tasks
from compatkit.errors import ConfigError, DataError
from compatkit.readers.address import Place, place_of
from compatkit.record import replace


def options_of_task(options: Options, task: str) -> Options:
    """Return options whose references are those of one task.

    Args:
        options: as they were said, of all tasks.
        task: its name; empty where there is one without a name.

    Raises:
        ConfigError: references of named tasks, or a folder of them, where the task has no name.
        DataError: a folder that holds no file of the task.
    """
    named = [_split(item) for item in options.references]
    if not task and any(name or _is_folder(item) for name, item in named):
        raise ConfigError(
            "--references TASK=FILE, and a folder of references, are of several tasks; one task "
            "without a name is compared. Name the file alone."
        )
    own = [item for name, item in named if name and name == task]
    files = own or [_find(item, task) for name, item in named if not name]
    return replace(options, references=tuple(files))


def refuse_unknown_tasks(options: Options, tasks: Collection[str]) -> None:
    """Refuse references of a task that is not compared.

    Raises:
        ConfigError: naming it, and the tasks that there are.
    """
    for name, item in map(_split, options.references):
        if name and name not in tasks:
            listed = ", ".join(list(tasks)[:5]) + (", ..." if len(tasks) > 5 else "")  # noqa: PLR2004
            raise ConfigError(
                f"--references {name}={item}: no task {name!r} is compared; the tasks are {listed}."
            )


def reference_paths(references: Collection[Any]) -> Iterator[str]:
    """Yield the paths of all files of references, those of a folder each."""
    for _, item in map(_split, references):
        if _is_folder(item):
            yield from map(str, place_of(item).iterdir())
        elif isinstance(item, str | Place):
            yield str(item)


def _split(item: Any) -> tuple[str, Any]:
    """Return the task that references are of, empty for none, and where they are."""
    return split_name(item) if isinstance(item, str | Place) else ("", item)


def _is_folder(item: Any) -> bool:
    return isinstance(item, str | Place) and place_of(item).is_dir()


def _find(item: Any, task: str) -> Any:
    if not _is_folder(item):
        return item
    files = find_tasks(item)
    if task not in files:
        raise DataError(
            f"{item}: no references of the task {task!r}; it holds those of {', '.join(files)}. "
            "Add its file, or say --references TASK=FILE."
        )
    return files[task]
