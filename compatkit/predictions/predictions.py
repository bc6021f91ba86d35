"""Predictions: the rows of a prediction file as columns.

A reader yields `Records` (JSON objects with the line each came from);
`to_predictions` makes columns of them and refuses what cannot be scored.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from msgspec import Struct, field

from compatkit.errors import DataError
from compatkit.predictions.fields import (
    MISSING,
    OF_CHOICES,
    Fields,
    Record,
    ask_about_answer,
    get_column,
    get_path,
    list_keys,
    split_path,
)
from compatkit.predictions.records import Records
from compatkit.predictions.texts import cell_text, container_text, to_text

LARGEST_FLOAT_ID = 2**53  # beyond it floats do not hold every whole number
LISTS = ("samples", "sequence", "set", "json")
ONE_ANSWER = {"sequence", "set", "json"}
FLAGS = {"true", "false", "yes", "no", "null", "none"}
MEASURED = (
    "rows with a number or a boolean in the field 'error', which says of no row that it failed; "
    "--error-field error counts them as failed"
)


class Predictions(Struct, frozen=True):
    """A batch of prediction rows as columns of equal length.

    Attributes:
        id: the example's id as text.
        prediction: the model's answer as text; None for no answer.
        references: the accepted answers of each row, as texts; empty where there are none.
        input: the prompt as text; None where there is none.
        sample: which sample of the example a row is; None where samples are not told apart.
        errored: True where the record holds an error instead of an answer.
        item_hash: what is the same for the same example, whatever its prompt; None if unknown.
        attributes: further fields that were asked for, as they stand in the record.
        rows: for each row the index of its record in the file, from 0.
        lines: for each row the line of its record.
        name: what messages call the file.
        notes: sentences with the number of rows they are true of.
        records: the records that the rows were made of.
    """

    id: list[str]
    prediction: list[str | None]
    references: list[tuple[str, ...]]
    input: list[str | None]
    sample: list[str | None]
    errored: list[bool]
    item_hash: Sequence[str | None] = ()
    attributes: dict[str, list[Any]] = field(default_factory=dict)
    rows: Sequence[int] = ()
    lines: Sequence[int] = ()
    name: str = "predictions"
    notes: Mapping[str, int] = field(default_factory=dict)
    records: Sequence[Record] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.id)


def to_predictions(
    records: Records,
    fields: Fields,
    *,
    start: int = 0,
    attributes: Iterable[str] = (),
    needs_prediction: bool = True,
    needs_references: bool = True,
) -> Predictions:
    """Make columns of records.

    A prediction that is a list stands for several samples and becomes several rows, unless it
    is said to be one answer.

    Args:
        records: the batch.
        fields: which field plays which role.
        start: the index in the file of the batch's first record.
        attributes: further fields to keep: paths, or names that the user gave a path to.
        needs_prediction: refuse a row that has neither a prediction nor an error.
        needs_references: refuse a row without a reference.

    Raises:
        DataError: with file, line, what was found and what to do.
    """
    rows: Sequence[int] = range(start, start + len(records.rows))
    samples = None
    lists = fields.lists
    if lists not in ONE_ANSWER:
        records, rows, samples = _explode_samples(records, fields, start)
    paths, at = fields.paths, records
    # What is of choices stands among the attributes.
    own = {role: path for role, path in paths.items() if role not in {"id", *OF_CHOICES}}
    column = {role: get_column(records.rows, path) for role, path in own.items()}
    if lists in ONE_ANSWER:
        (_write_json if lists == "json" else _join_lists)(column, at, lists)
    errors = column.get("error", [])
    any_error = errors.count(MISSING) < len(errors)
    is_error = _is_filled if "error" in fields.named else _tells_error
    errored = list(map(is_error, errors)) if any_error else []
    measured = sum(map(_is_filled, errors)) - sum(errored) if any_error else 0
    absent: list[Any] = [None] * len(records.rows)
    predictions = column.get("prediction", absent)
    if needs_prediction:
        _refuse_missing(predictions, at, paths.get("prediction", "prediction"), errored)
    references = _reference_column(column.get("references"), at, paths)
    if needs_references:
        _refuse_no_reference(references, at, paths, errored)
    if samples is None and "sample" in column:
        samples = to_text(column["sample"], at, "sample")
    return Predictions(
        id=read_ids(at, paths["id"]) if "id" in paths else [str(row + 1) for row in rows],
        prediction=to_text(predictions, at, "prediction"),
        references=references,
        input=to_text(column.get("input", absent), at, "input", containers=True),
        sample=samples if samples is not None else absent,
        errored=errored or [False] * len(records.rows),
        item_hash=to_text(column.get("item_hash", absent), at, "item hash"),
        attributes={name: get_column(records.rows, fields.path_of(name)) for name in attributes},
        rows=rows,
        lines=records.lines,
        name=records.name,
        notes={MEASURED: measured} if measured else {},
        records=records.rows,
    )


def _is_filled(value: Any) -> bool:
    """Tell whether a field that a user named says that the row failed.

    NaN is how pandas writes null.
    """
    return value is not MISSING and bool(value) and value == value  # noqa: PLR0124


def _tells_error(value: Any) -> bool:
    """Tell whether a field that is called `error` says that the row failed.

    A number or a boolean, as CSV's texts too, is a measure of how wrong the answer is.
    """
    if isinstance(value, str):
        return bool(value) and value.strip().lower() not in FLAGS and not _is_number(value)
    return isinstance(value, list | Mapping) and bool(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _join_lists(column: dict[str, list[Any]], at: Records, lists: str) -> None:
    """Make one text of each list that is one answer: JSON, sorted where the order means nothing.

    A list of lists as reference holds several answers that are accepted.
    """

    def join(value: Any, row: int, what: str) -> Any:
        if not isinstance(value, list):
            return value
        texts = [cell_text(item, at, row, what, containers=False) for item in value]
        if lists == "set":
            texts = sorted(set(texts), key=lambda text: (text is None, text))
        return json.dumps(texts, ensure_ascii=False)

    def join_accepted(value: Any, row: int) -> Any:
        if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
            return [join(item, row, "reference") for item in value]
        return join(value, row, "reference")

    if "prediction" in column:
        predictions = enumerate(column["prediction"])
        column["prediction"] = [join(value, row, "prediction") for row, value in predictions]
    if "references" in column:
        references = enumerate(column["references"])
        column["references"] = [join_accepted(value, row) for row, value in references]


def _write_json(column: dict[str, list[Any]], at: Records, _: str) -> None:
    """Make one text of each object and list: its JSON, which is one answer."""
    for role in ("prediction", "references"):
        if role in column:
            column[role] = [
                container_text(value, at, row, role) if isinstance(value, list | dict) else value
                for row, value in enumerate(column[role])
            ]


def _explode_samples(
    records: Records, fields: Fields, start: int
) -> tuple[Records, Sequence[int], list[str | None] | None]:
    """Repeat each record whose prediction is a list, once per element.

    A row that failed may hold an empty one.
    """
    indices: Sequence[int] = range(start, start + len(records.rows))
    path = fields.paths.get("prediction")
    if path is None:
        return records, indices, None
    column = get_column(records.rows, path)
    if list not in set(map(type, column)):
        return records, indices, None
    if fields.lists is None:
        _refuse_two_lists(column, records, fields)
    errors = fields.paths.get("error", "error")
    is_error = _is_filled if "error" in fields.named else _tells_error
    rows, lines, repeated, samples = [], [], [], []
    for record, line, index, value in zip(
        records.rows, records.lines, indices, column, strict=True
    ):
        values = value if isinstance(value, list) else [value]
        if not values and is_error(get_path(record, errors)):
            values = [None]
        if not values:
            raise DataError(
                f"{records.name}:{line}: the list of predictions is empty; "
                "write null for no answer, or leave the example out on both sides."
            )
        for number, sample in enumerate(values):
            rows.append({**record, path: sample})
            lines.append(line)
            repeated.append(index)
            samples.append(str(number))
    return Records(rows, lines, records.name), repeated, list(samples)


def _refuse_two_lists(column: Sequence[Any], at: Records, fields: Fields) -> None:
    path = fields.paths.get("references")
    if path is None:
        return
    for row, (prediction, reference) in enumerate(
        zip(column, get_column(at.rows, path), strict=True)
    ):
        if isinstance(prediction, list) and isinstance(reference, list):
            raise DataError(
                f"{at.name}:{at.lines[row]}: the prediction and the reference are both lists, of "
                f"{len(prediction)} and {len(reference)}. Say --lists samples if these are samples "
                "of one model and accepted answers, --lists sequence if each is one answer, "
                "--lists set if each is one answer and its order means nothing, --lists json for "
                "answers that are JSON."
            )


def read_ids(at: Records, path: str) -> list[str]:
    r"""Return the id of every record as text; of several fields, these joined by `|`.

    A `|` within a field is written `\|`, and a backslash twice, so that no two ids become one.

    Raises:
        DataError: an id is missing, or neither a text nor a whole number.
    """
    parts = split_path(at.rows, path)
    columns = [_to_ids(get_column(at.rows, part), at, part) for part in parts]
    if len(columns) == 1:
        return columns[0]
    escaped = [
        [text.replace("\\", r"\\").replace("|", r"\|") for text in column] for column in columns
    ]
    return list(map("|".join, zip(*escaped, strict=True)))


def _to_ids(column: list[Any], at: Records, path: str) -> list[str]:
    if set(map(type, column)) == {str}:
        return column
    ids = []
    for row, value in enumerate(column):
        plain = value.item() if hasattr(value, "item") else value
        whole = isinstance(plain, float) and plain.is_integer() and abs(plain) <= LARGEST_FLOAT_ID
        if isinstance(plain, bool) or not (whole or isinstance(plain, int | str)):
            where = f"{at.name}:{at.lines[row]}"
            if value is MISSING:
                raise DataError(
                    f'{where}: no field "{path}"; the fields are {list_keys(at.rows[row])}. '
                    "Give every row an id, or pass --id-field NAME."
                )
            raise DataError(
                f"{where}: the id is {json.dumps(plain, default=str)}; a string or a whole number "
                "was expected."
            )
        ids.append(str(plain))
    return ids


def _reference_column(
    column: list[Any] | None, at: Records, paths: Mapping[str, str]
) -> list[tuple[str, ...]]:
    if column is None:
        return [()] * len(at.rows)
    kinds = set(map(type, column))
    if kinds == {str}:
        return list(zip(column, strict=True))
    if kinds == {int}:
        single = {value: (str(value),) for value in set(column)}
        return list(map(single.__getitem__, column))
    if kinds == {list} and set(map(type, chain.from_iterable(column))) == {str}:
        return list(map(tuple, column))
    what = paths.get("references", "reference")
    result: list[tuple[str, ...]] = []
    for row, value in enumerate(column):
        if value is None or value is MISSING:
            result.append(())
            continue
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        texts = [cell_text(item, at, row, what, containers=False) for item in values]
        result.append(tuple(text for text in texts if text is not None))
    return result


def _refuse_missing(column: list[Any], at: Records, path: str, errored: list[bool]) -> None:
    if type(MISSING) not in set(map(type, column)):
        return
    failed = errored or repeat(False)
    for row, (value, error) in enumerate(zip(column, failed, strict=False)):
        if value is MISSING and not error:
            keys = list_keys(at.rows[row])
            raise DataError(
                f'{at.name}:{at.lines[row]}: no field "{path}"; the fields are {keys}. '
                "Pass --prediction-field NAME, or write null for no answer."
            )


def _refuse_no_reference(
    references: list[tuple[str, ...]], at: Records, paths: Mapping[str, str], errored: list[bool]
) -> None:
    if all(references):
        return
    failed = errored or [False] * len(references)
    for row, (accepted, error) in enumerate(zip(references, failed, strict=True)):
        if not accepted and not error:
            path = paths.get("references", "reference")
            keys = list_keys(at.rows[row])
            raise DataError(
                f'{at.name}:{at.lines[row]}: no reference in the field "{path}"; the fields are '
                f"{keys}. Pass --reference-field NAME, or score a field that the file already "
                f"holds with --scorer field:NAME.{ask_about_answer(at.rows[row])}"
            )
