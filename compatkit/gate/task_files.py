"""Task files: which files a task of a policy stands for."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate
from pathlib import Path
from typing import Any

from compatkit.comparison.sides import open_sides
from compatkit.errors import ConfigError, DataError
from compatkit.gate.policy import Policy, TaskPolicy
from compatkit.readers.address import Address, Place, place_of
from compatkit.readers.prediction_file import PredictionFile, open_predictions
from compatkit.record import replace

WILDCARDS = re.compile(r"[*?]|\[[^\]]+\]")
LONE = re.compile(r"\[[^*?\[\]!/]\]")
PARTS = re.compile(r"(\*+|\?|\[!?\]?[^\]/]*\])")
SHOWN = 5

Files = Mapping[str, PredictionFile]


def expand_tasks(policy: Policy) -> list[TaskPolicy]:
    """Return the tasks of a policy with one file on each side, opened.

    A pattern (`*`, `?`, `[...]`) on one side stands for exactly one file. On both sides, files pair
    up by what the wildcards stand for, and each pair is a task: `NAME/WHAT_THEY_STAND_FOR`. Two
    folders stand for their prediction files, which pair up by name, and the runs of a harness for
    their tasks.

    Raises:
        ConfigError: standard input for several files.
        DataError: a file that does not exist, a pattern that matches none or several, files
            without a partner, or two tasks of one name.
    """
    sides = [side for task in policy.tasks for side in _sides_of(task)]
    if [side for side in sides if isinstance(side, str)].count("-") > 1:
        raise ConfigError("- can stand for one file only: standard input is read once.")
    tasks = [expanded for task in policy.tasks for expanded in _expand(task)]
    names = [task.name for task in tasks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"two tasks are called {twice!r}. Rename one in the policy.")
    return tasks


def _sides_of(task: TaskPolicy) -> list[Any]:
    sides = (*task.history, task.old, task.new, task.old_rerun)
    return [side for side in sides if side is not None]


def _expand(task: TaskPolicy) -> list[TaskPolicy]:
    if not isinstance(task.old, str | Address) or not isinstance(task.new, str | Address):
        return [task]
    if is_pattern(task.old) and is_pattern(task.new):
        if task.history:
            raise ConfigError(
                f"{task.where}history beside files that pair up by wildcards: nobody knows which "
                "version of which. Name folders, or a task for each pair with its own history."
            )
        return _pair_up(task, _open_all(task, "old"), _open_all(task, "new"))
    rerun = task.old_rerun
    if isinstance(rerun, str | Address):
        rerun = _one_file(rerun, task, "old_rerun")
    old, new = (_one_file(getattr(task, key), task, key) for key in ("old", "new"))
    history = tuple(_one_file(path, task, "history") for path in map(_named, task.history))
    return _open_tasks(replace(task, old=old, new=new, old_rerun=rerun, history=history))


def _open_tasks(task: TaskPolicy) -> list[TaskPolicy]:
    """Make a task of each that two folders, or the logs of a harness, hold."""
    of_one = replace(task, options=task.options.of_one_task)
    if not task.history:
        old, new = open_sides((task.old, task.new), task.options)
        if not old.several:
            return [replace(task, old=old.only, new=new.only)]
        return _pair_up(of_one, old.files, new.files)
    *history, old, new = open_sides((*task.history, task.old, task.new), task.options)
    if not old.several:
        versions = tuple(version.only for version in history)
        return [replace(task, old=old.only, new=new.only, history=versions)]
    return _pair_up(of_one, old.files, new.files, [version.files for version in history])


def path_of(file: Any) -> str:
    """Return where a side of a task lies; its name where it is in memory."""
    if isinstance(file, PredictionFile):
        return str(file.path or file.name)
    return str(file)


def files_of(task: TaskPolicy) -> list[str]:
    """Return the paths of all that is read for a task, as they were named or found."""
    sides = _sides_of(task)
    paths = [path_of(side) for side in sides]
    for side in sides:
        if isinstance(side, PredictionFile) and side.log is not None:
            paths += map(str, (side.log.path, *side.log.further))
    return [*paths, *(str(item) for item in task.options.references if is_path(item))]


def is_path(item: Any) -> bool:
    """Whether something is a file's name, and no rows in memory."""
    return isinstance(item, str | Place)


def is_pattern(path: str | Place) -> bool:
    """Whether a path holds wildcards, and names no file as it stands.

    An address is none: its wildcards are its own. Brackets around one character, such as `[1]`, are
    a name's own, but for `[*]`, `[?]` and `[[]`, by which a pattern says these characters.
    """
    if isinstance(path, Address):
        return False
    return WILDCARDS.search(LONE.sub("", str(path))) is not None and not Path(path).exists()


def _named(path: Any) -> str | Address:
    return path if isinstance(path, Address) else str(path)


def _one_file(path: str | Place, task: TaskPolicy, key: str) -> str | Place:
    if path == "-" or not is_pattern(path):
        if path != "-" and not place_of(path).exists():
            wild = WILDCARDS.search(str(path)) if isinstance(path, Address) else None
            hint = " Wildcards of an address stand for themselves: name each file." if wild else ""
            raise DataError(
                f"{task.where}{key} is {path}, which does not exist. A task whose files are absent "
                f"cannot pass: make the file, or take the task out of the policy.{hint}"
            )
        return path
    files = _matches(str(path), task, key)
    if len(files) != 1:
        listed = f": {_listed(files)}" if files else ""
        raise DataError(
            f"{task.where}{key} = {path} matches {len(files)} files{listed}. Exactly one was "
            "expected; wildcards on both sides make one task of each pair."
        )
    return files[0]


def _pair_up(
    task: TaskPolicy, old: Files, new: Files, history: Sequence[Files] = ()
) -> list[TaskPolicy]:
    """Make a task of each name that all sides have."""
    if task.old_rerun is not None:
        raise DataError(
            f"{task.where}a second run of the old model stands beside one file, not several."
        )
    alone = sorted(set(old) ^ set(new))
    if alone:
        files = [path_of({**old, **new}[name]) for name in alone]
        raise DataError(
            f"{task.where}no partner for {_listed(files)}. Every file of one side needs one of "
            "the other, by the same name."
        )
    for version in history:
        lost = [path_of(old[name]) for name in old if name not in version]
        if lost:
            raise DataError(
                f"{task.where}a version of the history has no partner for {_listed(lost)}. Every "
                "version needs every task, by the same name."
            )
    prefix = f"{task.name}/" if task.name else ""
    return [
        replace(
            task,
            name=f"{prefix}{name}",
            old=old[name],
            new=new[name],
            history=tuple(version[name] for version in history),
        )
        for name in old
    ]


def _open_all(task: TaskPolicy, key: str) -> dict[str, PredictionFile]:
    how = task.options
    return {
        name: open_predictions(
            file, reader=how.reader_of(0), selection=how.selection_of(key == "new")
        )
        for name, file in _stand_for(task, key).items()
    }


def _stand_for(task: TaskPolicy, key: str) -> dict[str, str]:
    """Return what the wildcards of a pattern stand for, with the file, in order of name."""
    pattern = str(getattr(task, key))
    files = _matches(pattern, task, key)
    if not files:
        raise DataError(
            f"{task.where}{key} = {pattern} matches no file. A task whose files are absent "
            "cannot pass: make them, or take the task out of the policy."
        )
    shape = re.compile(_groups_of(pattern))
    named: dict[str, str] = {}
    for file in files:
        match = shape.fullmatch(file)
        name = "/".join(filter(None, match.groups())) if match else file
        if name in named:
            raise DataError(f"{task.where}{named[name]} and {file} are both {name!r}.")
        named[name] = file
    return named


def _matches(pattern: str, task: TaskPolicy, key: str) -> list[str]:
    """Return the files that a pattern stands for, as `glob` finds them, in order of name."""
    from glob import glob  # noqa: PLC0415  (start-up time)

    lone = LONE.search(pattern)
    if lone is not None:
        raise DataError(
            f"{task.where}{key} = {pattern}: {lone[0]} is either a name's own brackets or a set of "
            f"one character. Write {lone[0][1:-1]} for the character, or [[]{lone[0][1:]} for the "
            "brackets."
        )
    return sorted(glob(pattern, recursive=True))  # noqa: PTH207  (patterns may be absolute)


def _groups_of(pattern: str) -> str:
    """Return a regular expression whose groups are what the wildcards of `glob` stand for."""
    *folders, last = pattern.split("/")
    parts = ["(?:(.+)/)?" if folder == "**" else f"{_groups_in(folder)}/" for folder in folders]
    return "".join(parts) + ("(.*)" if last == "**" else _groups_in(last))


def _groups_in(name: str) -> str:
    """Return the expression of one name, which holds no slash."""
    return "".join(map(_group, PARTS.split(name)))


def _group(part: str) -> str:
    if part.startswith("*"):
        return "([^/]*)"
    if part == "?":
        return "([^/])"
    if part.startswith("[") and part.endswith("]"):
        return f"({translate(part)[4:].rpartition(')')[0]})"  # without (?s: and )\Z
    return re.escape(part)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
