"""OpenCompass: the predictions of a run, `predictions/MODEL/DATASET.json`.

A row is a place in the dataset, the key of its prediction: prompt and gold answer must agree on
both sides. Predictions hold no judgement: where `results/MODEL/DATASET.json` has `details`, as
`--dump-eval-details` writes them, its `correct` is the score; elsewhere `--scorer NAME` judges the
answers. What a partitioner wrote in pieces (`DATASET_0.json`) is a task each.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.decoding import decode_json, repeats_a_key
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    decode_whole,
    expect,
    part,
    plain_name,
    read_json_file,
    set_score,
)
from compatkit.readers.source import read_head

FIRST = re.compile(rb'\s*\{\s*"\d+"\s*:\s*\{')
PREDICTION = b'"prediction"'
CORRECT = "correct"
PREDICTIONS, RESULTS = "predictions", "results"


def find_logs(files: Sequence[Path]) -> list[Path]:
    """Return the JSON files whose first key is a number, and its value a prediction."""
    return [
        path
        for path in files
        if plain_name(path).endswith(".json")
        and FIRST.match(read_head(path))
        and PREDICTION in read_head(path)
    ]


def open_logs(files: Sequence[Path], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file of predictions.

    Raises:
        DataError: a file of results that cannot be read.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Path) -> Log:
    results = _results_of(path)
    judged = results is not None and bool(_details(results))
    return Log(
        harness="opencompass",
        task=plain_name(path).removesuffix(".json"),
        path=path,
        metrics=(CORRECT,) if judged else (),
        refused={} if judged else {CORRECT: "no results with details are beside the predictions"},
        directions={CORRECT: False},
        model=path.absolute().parent.name,
        further=(results,) if results is not None and judged else (),
    )


def _results_of(path: Path) -> Path | None:
    """Return the file of results of the same model and dataset, where there is one."""
    folder = path.absolute().parent
    if folder.parent.name != PREDICTIONS:
        return None
    file = folder.parent.parent / RESULTS / folder.name / plain_name(path)
    return file if file.is_file() else None


def _details(path: Path) -> Mapping[str, Any]:
    """Return what was judged, by place; empty where the results hold no details."""
    whole = expect(read_json_file(path), dict, str(path), "the file of results")
    details = whole.get("details") or {}
    if isinstance(details, list):
        return {str(place): detail for place, detail in enumerate(details)}
    table: Mapping[str, Any] = expect(details, dict, str(path), "'details'")
    return {place: detail for place, detail in table.items() if place != "type"}


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the predictions.

    Raises:
        DataError: one that is not as OpenCompass writes it, or that the results do not judge.
    """
    name = str(log.path)
    raw = stream.read()
    whole = expect(decode_whole(raw, name), dict, name, "the file")
    if repeats_a_key(raw, [whole]):
        decode_json(raw, name)  # which names it
    details = _details(log.further[0]) if log.further else {}
    if log.further and details.keys() != whole.keys():
        other = sorted(details.keys() ^ whole.keys())
        raise DataError(
            f"{name}: {len(other):,} of the places {', '.join(other[:3])} are not both predicted "
            f"and judged in {log.further[0]}. Are the results those of another run? Evaluate again."
        )
    yield from batches(
        (
            (number, _record(place, row, details.get(place), log, f"{name}: {place}"))
            for number, (place, row) in enumerate(whole.items(), 1)
        ),
        name,
    )


def _record(place: str, row: Any, detail: Any, log: Log, where: str) -> dict[str, Any]:
    row = expect(row, dict, where, "the prediction")
    if "prediction" not in row:
        raise DataError(
            f"{where}: no field 'prediction'. Is this a file of predictions, and whole?"
        )
    gold = row.get("gold")
    references = gold if isinstance(gold, list) else [gold]
    answer, prompt = row["prediction"], row.get("origin_prompt")
    record: dict[str, Any] = {
        "id": place,
        "prediction": None if answer is None else as_text(answer),
        "references": [as_text(text) for text in references if text is not None],
        "input": None if prompt is None else as_text(prompt),
    }
    if log.metric:
        value = part({"detail": detail}, "detail", where).get(CORRECT)
        # Several runs of one example are a list of judgements.
        alone = value[0] if isinstance(value, list) and len(value) == 1 else value
        set_score(record, alone, log, where)
    return record
