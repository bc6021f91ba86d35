"""Opening: the files of a comparison, each in the shape that was said of its side."""

from collections.abc import Sequence
from typing import Any

from compatkit.comparison.checked_options import Options
from compatkit.errors import ConfigError, DataError
from compatkit.readers import TEXT
from compatkit.readers.logs import LOGS
from compatkit.readers.prediction_file import (
    PredictionFile,
    name_sides,
    open_predictions,
    open_references,
)
from compatkit.record import replace


def open_files(
    old: Any, candidates: Sequence[Any], options: Options, *, old_rerun: Any = None
) -> list[PredictionFile]:
    """Open the old model's file, those of the candidates, and that of a second run.

    Args:
        old: the old model's predictions.
        candidates: the new model's, then those of further candidates.
        options: how they are read.
        old_rerun: a second run of the old model, which is read as its first.

    Raises:
        ConfigError: what was said of each side is not said of as many.
        DataError: a file that cannot be opened, or a second run that is the new model's.
    """
    data = [old, *candidates, *([] if old_rerun is None else [old_rerun])]
    names = ["old", "new", *(f"candidate {n}" for n in range(2, len(candidates) + 1)), "old rerun"]
    options.check_sides(1 + len(candidates))
    places = [*range(1 + len(candidates)), 0]
    files = [
        open_predictions(
            side,
            name=name,
            reader=options.reader_of(number),
            selection=options.selection_of(number),
            shape=options.shape_of(number),
        )
        for side, name, number in zip(data, names, places, strict=False)
    ]
    if old_rerun is not None:
        _refuse_rerun_of_new(files)
    return name_sides(join_references(files, options))


def join_references(files: Sequence[PredictionFile], options: Options) -> list[PredictionFile]:
    """Give each file the references that were named; logs that are read with them have them."""
    if not options.references:
        alone = next((file for file in files if file.reader == TEXT), None)
        if alone is not None:
            raise ConfigError(
                f"{alone.name}: plain text holds answers alone. --references FILE names the file "
                "of their references, a line each."
            )
        return list(files)
    references = open_references(
        options.references,
        options.roles,
        reader=options.reader,
        by_position=options.by_position,
        missing=options.missing,
    )
    return [
        file
        if file.log is not None and LOGS[file.log.harness].takes_dataset
        else replace(file, references=references)
        for file in files
    ]


def _refuse_rerun_of_new(files: Sequence[PredictionFile]) -> None:
    """Refuse a new model's file as the old one's second run: its flips would all count as noise."""
    old, *candidates, rerun = files
    twin = next((file for file in candidates if file.reading == rerun.reading != old.reading), None)
    if twin is not None:
        raise DataError(
            f"{rerun.name}: the second run of the old model holds the same bytes as {twin.name}, "
            "so that every flip would count as noise. Run the old model again."
        )
