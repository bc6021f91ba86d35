"""A log: one task of one run, as an evaluation harness left it behind."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from msgspec import Struct, field

from compatkit.arrays import as_float
from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.blocks import read_json_text
from compatkit.readers.decoding import check_utf8, decode_json, repeats_a_key
from compatkit.readers.source import open_path
from compatkit.recipe import Recipe

GZIP, ZSTD = ".gz", ".zst"
COMPRESSIONS = ("", GZIP, ZSTD)
UNFINISHED = ("refuse", "keep")
NEWEST = "newest"
OWN_SCORE = Recipe("field:score")  # what the harness itself said of each row


class LogSelection(Struct, frozen=True):
    """What a user says of logs; what is not said is left to the log, or refused.

    Attributes:
        metric: the name of a metric, or several with `|` between them, of which the first that a
            task has counts; one for all sides, or for each.
        run: `newest`, or a text that is in the path of the run that is meant; one for all sides,
            or for each.
        unfinished: `refuse` or `keep` runs that were cut short.
        dataset: the one file of references, for logs that hold answers alone.
        lower_is_better: whether less is better, of metrics whose direction nothing else says.
        tasks: patterns of the tasks that are meant; all where there are none.
        skip_tasks: patterns of tasks that are left aside.
        judged_anew: a scorer judges the answers, so that no metric is read.
    """

    metric: str | tuple[str, ...] | None = None
    run: str | tuple[str, ...] | None = None
    unfinished: str = "refuse"
    dataset: str | Place | None = None
    lower_is_better: bool | None = None
    tasks: tuple[str, ...] = ()
    skip_tasks: tuple[str, ...] = ()
    judged_anew: bool = False


class Log(Struct, frozen=True):
    """One task of one run: what the harness says of it. The rows stay in the file.

    Attributes:
        harness: its name in the table.
        task: the task's name.
        path: the file that holds the rows.
        part: what the task is called where no other file is read: its name within the file.
        variant: what tells it from another task of the same name, such as its arguments.
        metrics: those that score each example, the one to take if nobody chooses first.
        refused: metrics that cannot be taken, with the reason.
        directions: whether less of a metric is better, of those whose direction the log states.
        model: the model's name, empty where the log does not say.
        run: what orders the runs of one task, such as a date.
        unfinished: why the run is not whole, empty where it is.
        conditions: what should be alike in two runs, such as the chat template, with its value.
        notes: sentences for the report.
        metric_notes: what is to be said where a metric is chosen, by metric.
        lines: each record is a line of the file, whatever the others hold.
        further: other files that the rows are read from.
        details: what the harness's own reader needs to find the rows.
        metric: the metric that was chosen, empty for none.
        less_is_better: whether less of the chosen metric is better, in which case a score is 1 - x;
            None where neither the log, nor its name, nor the user says.
        judge: the scorer that stands for the harness's own judgement.
    """

    harness: str
    task: str
    path: Place
    part: str = ""
    variant: str = ""
    metrics: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    directions: Mapping[str, bool] = field(default_factory=dict)
    model: str = ""
    run: str = ""
    unfinished: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    metric_notes: Mapping[str, str] = field(default_factory=dict)
    lines: bool = False
    further: tuple[Place, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    metric: str = ""
    less_is_better: bool | None = None
    judge: Recipe = OWN_SCORE

    @property
    def turned(self) -> bool:
        """Whether the score is 1 less the metric, since less of the metric is better."""
        return bool(self.less_is_better)


def plain_name(path: Place) -> str:
    """Return a file's name without the ending of its compression."""
    return path.name.removesuffix(GZIP).removesuffix(ZSTD)


def find_beside(path: Place, name: str) -> Place | None:
    """Return the file of a name in the folder of another, compressed or not; None for none."""
    places = [path.with_name(f"{name}{ending}") for ending in COMPRESSIONS]
    return next((place for place in places if place.is_file()), None)


def read_json_file(path: Place) -> Any:
    """Decode a JSON file, NaN and Infinity included.

    Raises:
        DataError: it cannot be read, or is no JSON.
    """
    with open_path(path).open() as stream:
        return read_document(stream, str(path))


def read_document(stream: BinaryIO, name: str, *, by_hand: bool = False, kind: Any = None) -> Any:
    """Decode a file that is one JSON text, quickly where it has no fault and no NaN.

    Args:
        stream: its decompressed bytes.
        name: what messages call it.
        by_hand: a person may have written it, so that keys that occur twice are looked for.
        kind: what is read of it; all else is skipped. A text of another kind is decoded whole.

    Raises:
        DataError: with the place and what was found there, or it is too large to be held.
    """
    import msgspec  # noqa: PLC0415

    raw = read_json_text(stream, name)
    if kind is not None:
        check_utf8(raw, name)
        with suppress(msgspec.DecodeError, RecursionError):
            return msgspec.json.decode(raw, type=kind)
    try:
        whole = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode_json(raw, name, cut=not raw.rstrip().endswith((b"}", b"]")))
    return decode_json(raw, name) if by_hand and repeats_a_key(raw, [whole]) else whole


def expect(value: Any, kind: type | tuple[type, ...], where: str, what: str) -> Any:
    """Return a value of the kind that the harness writes.

    Raises:
        DataError: it is missing, or of another kind.
    """
    if isinstance(value, kind):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    wanted = " or ".join(allowed.__name__ for allowed in kinds)
    actual = "missing" if value is None else f"of type {type(value).__name__}"
    raise DataError(f"{where}: {what} is {actual}; {wanted} was expected. Is this log whole?")


def part(row: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """Return what a row holds under a key that the harness writes a table to; empty for nothing.

    Raises:
        DataError: it is no table, so that all that is looked for in it would seem to be absent.
    """
    value = row.get(key)
    table: Mapping[str, Any] = {} if value is None else expect(value, dict, where, repr(key))
    return table


def items(row: Mapping[str, Any], key: str, where: str) -> Sequence[Any]:
    """Return what a row holds under a key that the harness writes a list to; empty for nothing.

    Raises:
        DataError: it is no list, so that all that is looked for in it would seem to be absent.
    """
    value = row.get(key)
    listed: Sequence[Any] = () if value is None else expect(value, list, where, repr(key))
    return listed


def stated(value: Any, where: str, what: str) -> bool | None:
    """Return a direction that a log states as true or false, None where it states none.

    Raises:
        DataError: it is neither, so that which way the metric points is not known.
    """
    return None if value is None else bool(expect(value, bool, where, what))


def counted(value: Any, where: str, what: str) -> int | None:
    """Return how many rows a log says that it has, None where it does not say.

    Raises:
        DataError: it is no whole number, so that a log that was cut off would seem to be whole.
    """
    if value is None:
        return None
    if (
        not isinstance(value, bool | str)
        and as_float(expect(value, (int, float), where, what)) % 1 == 0
    ):
        return int(value)
    raise DataError(f"{where}: {what} is {value!r:.40}; a whole number was expected. Is it whole?")


def set_score(record: dict[str, Any], value: Any, log: Log, where: str) -> None:
    """Put the value of the chosen metric into a record, or why there is none.

    NaN and null are no score, and no wrong answer either. A number may stand there as text.

    Raises:
        DataError: the value is no number.
    """
    score = _number(value)
    if is_missing(value):
        record["unscored"] = f"{log.metric} is {'missing' if value is None else 'NaN'}"
    elif score is None or math.isinf(score):
        raise DataError(
            f"{where}: {log.metric} is {value!r:.60}; a number, true or false was expected. "
            "--metric chooses another metric, and --scorer scores the answers anew."
        )
    else:
        record["score"] = 1.0 - score if log.turned else score


def is_missing(value: Any) -> bool:
    """Tell a value that is no score, and no other value either: null and NaN."""
    score = _number(value)
    return score is not None and math.isnan(score)


def _number(value: Any) -> float | None:
    """Return a metric's value as a number, NaN where there is none, None for another kind."""
    if value is None:
        return math.nan
    if isinstance(value, bool | int | float):
        return as_float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def batches(
    rows: Iterable[tuple[int, dict[str, Any]]], name: str, size: int = 5_000
) -> Iterator[Records]:
    """Yield records of numbered rows, some thousands at a time."""
    lines: list[int] = []
    records: list[dict[str, Any]] = []
    for line, record in rows:
        lines.append(line)
        records.append(record)
        if len(records) == size:
            yield Records(records, lines, name)
            lines, records = [], []
    if records:
        yield Records(records, lines, name)


def state_conditions(values: Mapping[str, Any]) -> dict[str, str]:
    """Return conditions of a run as texts, "none" where its log states none."""
    return {name: "none" if value is None else as_text(value) for name, value in values.items()}


def as_text(value: Any) -> str:
    """Return a value as text: strings as they are, all else as JSON."""
    if isinstance(value, str):
        return value
    if type(value) is int:  # by far the commonest of them
        return str(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
