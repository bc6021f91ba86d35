"""Convert: logs and prediction files, written as compatkit's own JSON Lines."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isnan
from pathlib import Path

from compatkit.errors import ConfigError, DataError
from compatkit.output import refuse_url, write_whole
from compatkit.predictions.fields import MISSING, NO_FIELD, OWN_NAMES, Record, get_path, split_path
from compatkit.predictions.predictions import read_ids
from compatkit.predictions.records import Records
from compatkit.readers.address import Place, find_address, place_of
from compatkit.readers.logs.log import LogSelection
from compatkit.readers.prediction_file import PredictionFile, open_file, open_run
from compatkit.readers.shape import PLAIN, Shape
from compatkit.record import replace

# What a file system, or a reader of the folder, would take for something else.
UNSAFE = re.compile(r"[^\w.,=+@() -]|^\.")

Judge = Callable[[PredictionFile], Iterable[float]]
Tell = Callable[[str], object]


def convert(
    path: str | Place,
    output: str | Path,
    *,
    reader: str | None = None,
    selection: LogSelection | None = None,
    shape: Shape = PLAIN,
    join: Callable[[str, PredictionFile], PredictionFile] | None = None,
    tell: Tell = str,
    judge: Judge | None = None,
) -> dict[str, Path]:
    """Write the rows of a log, or of a prediction file, as JSON Lines.

    The fields that were named for a role have compatkit's own names in what is written.

    Args:
        path: what is read: a file, or a harness's folder.
        output: a file that ends in `.jsonl` for one task; a folder that does not exist yet for
            one task or several, with a file for each.
        reader: the name of the reader; without it names and first bytes decide.
        selection: what was said of logs.
        shape: what was said of how the rows lie.
        join: gives the file of a task its references, where another file holds them.
        tell: called with each sentence about how a file was read.
        judge: judges the answers anew: of a file, the score of each row, NaN for none.

    Returns:
        The file that was written of each task; the task of a file that is no log is its stem.

    Raises:
        ConfigError: the output is there already as a folder, or does not fit several tasks.
        DataError: what is read cannot be.
    """
    refuse_url(output)
    path = find_address(path)
    run = open_run(path, reader=reader, selection=selection)
    if not run:
        _refuse_selection(path, selection or LogSelection())
        run = {place_of(path).stem: open_file(path, reader)}
    run = {task: replace(file, shape=shape) for task, file in run.items()}
    run = {task: join(task, file) for task, file in run.items()} if join else run
    if judge is None:
        _refuse_unknown_direction(run)
    target = Path(output)
    if target.suffix == ".jsonl":
        if len(run) > 1:
            raise ConfigError(
                f"{path}: holds {len(run)} tasks, and {output} is one file. Name a folder, which "
                "gets a file for each."
            )
        ((task, file),) = run.items()
        write_whole(target, b"".join(_lines(file, judge, tell)))
        return {task: target}
    return _write_folder(run, target, judge, tell)


def _refuse_unknown_direction(run: Mapping[str, PredictionFile]) -> None:
    """Refuse to write a score that may point either way: what is written has lost its name."""
    for task, file in run.items():
        if file.log is not None and file.log.metric and file.log.less_is_better is None:
            raise DataError(
                f"{file.name}: {task} is judged by {file.log.metric}, and neither the log nor a "
                "known name says whether more of it is better. --lower-is-better or "
                "--higher-is-better says it."
            )


def _refuse_selection(path: str | Place, selection: LogSelection) -> None:
    """Refuse what is said of logs, where there is none."""
    plain = LogSelection()
    flags = {name: f"--{name.replace('_', '-')}" for name in LogSelection.__struct_fields__}
    if selection.lower_is_better is False:
        flags["lower_is_better"] = "--higher-is-better"
    del flags["judged_anew"], flags["dataset"]  # by --scorer and --references, of any file
    used = [
        flag for name, flag in flags.items() if getattr(selection, name) != getattr(plain, name)
    ]
    if used:
        raise ConfigError(
            f"{', '.join(used)}: of logs of evaluation harnesses, and {path} is none. Leave it out."
        )


def _write_folder(
    run: dict[str, PredictionFile], target: Path, judge: Judge | None, tell: Tell
) -> dict[str, Path]:
    """Write a file per task into a new folder, which appears when it is complete."""
    if target.exists():
        raise ConfigError(f"{target}: is there already. Name a new folder, or FILE.jsonl.")
    names = {task: f"{UNSAFE.sub('_', task)}.jsonl" for task in run}
    for task, name in names.items():
        twin = next((other for other in names if names[other] == name and other != task), None)
        if twin is not None:
            raise DataError(f"the tasks {task!r} and {twin!r} would both be written as {name}.")
    if not target.absolute().parent.is_dir():
        raise ConfigError(f"{target}: cannot be written: its folder does not exist.")
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.absolute().parent))
    try:
        for task, file in run.items():
            with (folder / names[task]).open("wb") as stream:
                stream.writelines(_lines(file, judge, tell))
        folder.chmod(0o777 & ~_umask())
        folder.replace(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return {task: target / name for task, name in names.items()}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _lines(file: PredictionFile, judge: Judge | None, tell: Tell) -> Iterator[bytes]:
    scores = None if judge is None else iter(judge(file))
    notes: dict[str, None] = {}
    for batch in file.batches():
        notes |= dict.fromkeys(batch.notes)
        for row, line in zip(batch.rows, batch.lines, strict=True):
            judged = {} if scores is None else _judged(row, next(scores))
            named = _name_roles(row, line, file)
            yield json.dumps({**named, **judged}, default=str).encode() + b"\n"
    for note in notes:
        tell(f"{file.name}: {note}")


def _name_roles(row: Record, line: int, file: PredictionFile) -> Record:
    """Return a record whose fields are called as the roles that they were named for."""
    named: dict[str, object] = {}
    for role, path in file.roles.items():
        if role == "id" and len(split_path([row], path)) > 1:
            named["id"] = read_ids(Records([row], [line], file.name), path)[0]
            continue
        value = get_path(row, path) if path != NO_FIELD else MISSING
        if value is not MISSING:
            named[OWN_NAMES.get(role, (role,))[0]] = value
    if not named:
        return row
    moved = {*file.roles.values(), *named}
    return {**named, **{key: value for key, value in row.items() if key not in moved}}


def _judged(row: Record, score: float) -> dict[str, object]:
    """Return what a scorer says of a row; one that failed stays as it is."""
    if not isnan(score):
        return {"score": float(score)}
    return {} if row.get("error") else {"unscored": "the scorer gave no score"}
