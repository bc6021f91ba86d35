"""OpenCompass: the predictions of a run, `predictions/MODEL/DATASET.json`.

A row is a place in the dataset, the key of its prediction: prompt and gold answer must agree on
both sides. Predictions hold no judgement: where `results/MODEL/DATASET.json` has `details`, as
`--dump-eval-details` writes them, what they call `correct`, `is_correct` or `cascade_correct` is
the score; elsewhere `--scorer NAME` judges the answers. Where the dataset was asked several times
(`n`), the repeats of a place are its samples. What a partitioner wrote in pieces
(`DATASET_0.json`) is a task each; `tmp_DATASET.json` is what an unfinished run left. What a judging
model answered, which lies among the results, is no run.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.arrays import as_index
from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    expect,
    find_beside,
    plain_name,
    read_document,
    read_json_file,
    set_score,
)

CORRECT = "correct"
JUDGEMENTS = (CORRECT, "is_correct", "cascade_correct")  # in the order in which the tool looks
PREDICTIONS, RESULTS = "predictions", "results"
BEGUN = "tmp_"


def leave_aside(logs: Sequence[Place]) -> list[Place]:
    """Return what is among the results of a run: there it is the answers of a judge."""
    return [
        path
        for path in logs
        if path.absolute().parents[1].name == RESULTS
        and (path.absolute().parents[1].parent / PREDICTIONS).is_dir()
    ]


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file of predictions.

    Raises:
        DataError: a file of results that cannot be read.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    name = plain_name(path).removesuffix(".json")
    results = _results_of(path)
    judged = results is not None and any(
        _judgement(detail) is not None for detail in _details(results)[0].values()
    )
    why = "no results with details that judge each answer are beside the predictions"
    return Log(
        harness="opencompass",
        task=name.removeprefix(BEGUN),
        path=path,
        metrics=(CORRECT,) if judged else (),
        refused={} if judged else {CORRECT: why},
        directions={CORRECT: False},
        model=path.absolute().parent.name,
        unfinished="the run did not come to its end" if name.startswith(BEGUN) else "",
        further=(results,) if results is not None and judged else (),
    )


def _results_of(path: Place) -> Place | None:
    """Return the file of results of the same model and dataset, where there is one."""
    folder = path.absolute().parent
    if folder.parent.name != PREDICTIONS:
        return None
    results = folder.parent.parent / RESULTS / folder.name / path.name
    return find_beside(results, plain_name(path))


def _details(path: Place) -> tuple[Mapping[str, Mapping[str, Any]], bool]:
    """Return what was judged, by place, and whether each place may stand for several answers."""
    whole = expect(read_json_file(path), dict, str(path), "the file of results")
    details = expect(whole.get("details") or {}, (dict, list), str(path), "'details'")
    listed = isinstance(details, list)
    pairs = enumerate(details) if listed else details.items()
    return {
        str(place): expect(detail, dict, f"{path}: {place}", "the detail")
        for place, detail in pairs
        if listed or place != "type"
    }, listed


def _judgement(detail: Mapping[str, Any]) -> Any:
    return next((detail[key] for key in JUDGEMENTS if detail.get(key) is not None), None)


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the predictions.

    Raises:
        DataError: one that is not as OpenCompass writes it, or that the results do not judge.
    """
    name = str(log.path)
    whole = expect(read_document(stream, name, by_hand=True), dict, name, "the file")
    details, listed = _details(log.further[0]) if log.further else ({}, False)
    size = len(details)
    repeats = len(whole) // size if listed and size else 1
    places = {key: _place(key, size, repeats) for key in whole}
    judged = {f"{place}/{sample}" for place in details for sample in range(repeats)}
    if log.further and {f"{place}/{sample}" for place, sample in places.values()} != judged:
        other = sorted(details.keys() ^ {place for place, _ in places.values()}) or sorted(whole)
        raise DataError(
            f"{name}: {len(other):,} of the places {', '.join(other[:3])} are not both predicted "
            f"and judged in {log.further[0]}. Are the results those of another run? Evaluate again."
        )
    numbered = []
    for number, (key, row) in enumerate(whole.items(), 1):
        place, sample = places[key]
        record = {"id": place, **({"sample": sample} if repeats > 1 else {})}
        value = _judgement(details[place]) if log.metric else None
        if isinstance(value, list) and len(value) == repeats:
            value = value[sample]
        numbered.append((number, record | _record(row, value, log, f"{name}: {key}")))
    yield from batches(numbered, name)


def _place(key: str, size: int, repeats: int) -> tuple[str, int]:
    """Return the place in the dataset, of which a run holds one copy after the other."""
    index = as_index(key)
    if repeats == 1 or index is None:
        return key, 0
    return str(index % size), index // size


def _record(row: Any, value: Any, log: Log, where: str) -> dict[str, Any]:
    row = expect(row, dict, where, "the prediction")
    if "prediction" not in row:
        raise DataError(
            f"{where}: no field 'prediction'. Is this a file of predictions, and whole?"
        )
    # Of probabilities of choices the likeliest choice is the answer.
    answer, gold = row.get("pred_label", row["prediction"]), row.get("gold")
    several = isinstance(answer, list) and all(isinstance(text, str) for text in answer)
    if several and isinstance(gold, list) and not log.metric:
        raise DataError(
            f"{where}: {len(answer)} answers and {len(gold)} gold ones: what belongs together is "
            "not said, so that no scorer can judge them. Evaluate with --dump-eval-details."
        )
    references = gold if isinstance(gold, list) else [gold]
    prompt = row.get("origin_prompt", row.get("prompt"))
    samples = several and not log.metric
    record: dict[str, Any] = {
        "prediction": answer if answer is None or samples else as_text(answer),
        "references": [as_text(text) for text in references if text is not None],
        "input": None if prompt is None else as_text(prompt),
    }
    if log.metric:
        set_score(record, value, log, where)
    return record
