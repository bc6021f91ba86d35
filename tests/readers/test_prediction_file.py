"""Records of a file that are read again, in whatever order they are wanted."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compatkit.errors import DataError
from compatkit.readers import blocks, in_order, jsonl
from compatkit.readers.prediction_file import PredictionFile, open_predictions, open_references

SIZE = 40
ROWS = [{"id": f"q{n}", "prediction": f"text {n}" * (n % 5)} for n in range(SIZE)]


def write_jsonl(path: Path) -> PredictionFile:
    path = path / "rows.jsonl"
    # Blank lines, so that a record and its line are not the same number.
    path.write_text("".join(json.dumps(row) + "\n" * (1 + n % 3) for n, row in enumerate(ROWS)))
    return open_predictions(path)


def write_json(path: Path) -> PredictionFile:
    path = path / "rows.json"
    path.write_text(json.dumps(ROWS, indent=1))
    return open_predictions(path)


def write_csv(path: Path) -> PredictionFile:
    path = path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    return open_predictions(path)


def hold_rows(_: Path) -> PredictionFile:
    return open_predictions(ROWS, name="rows")


@pytest.fixture(scope="module", autouse=True)
def _few_at_a_time() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (blocks, jsonl):
            patch.setattr(module, "BLOCK", 60)
        patch.setattr(in_order, "WAITING", 3)
        patch.setattr(in_order, "SHARES", 4)
        yield


def places(file: PredictionFile) -> tuple[list[Any], list[int]]:
    batches = list(file.batches())
    rows = [row for batch in batches for row in batch.rows]
    return rows, [line for batch in batches for line in batch.lines]


@pytest.mark.parametrize("make", [write_jsonl, write_json, write_csv, hold_rows])
@settings(deadline=None)
@given(records=st.lists(st.integers(0, SIZE - 1)))
def test_records_come_in_the_order_in_which_they_are_wanted(
    tmp_path_factory: pytest.TempPathFactory, make: Any, records: list[int]
) -> None:
    file = make(tmp_path_factory.mktemp("files"))
    rows, lines = places(file)
    wanted = np.array(records, np.int32)
    picked = list(file.pick(wanted, np.array(lines, np.int64)[wanted]))
    assert picked == [rows[record] for record in records]


@pytest.mark.parametrize(
    ("records", "readings"),
    [
        (list(range(SIZE)), 1),
        ([5, 9, 1, 30], 2),
        ([*range(0, SIZE, 3), *range(1, SIZE, 3), *range(2, SIZE, 3)], 3),
        (list(range(SIZE))[::-1], 1),
        ([7], 1),
        ([], 0),
    ],
)
def test_a_file_is_read_a_few_times_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[int], readings: int
) -> None:
    file = write_jsonl(tmp_path)
    rows, lines = places(file)
    opened: list[str] = []
    read = PredictionFile._read

    def count(self: PredictionFile, *given: Any) -> Any:
        opened.append(self.name)
        return read(self, *given)

    monkeypatch.setattr(PredictionFile, "_read", count)
    wanted = np.array(records, np.int64)
    picked = list(file.pick(wanted, np.array(lines)[wanted]))
    assert picked == [rows[record] for record in records]
    assert len(opened) == readings


@pytest.mark.parametrize("make", [write_jsonl, write_json])
def test_a_file_that_changes_while_it_is_read_again_is_refused(tmp_path: Path, make: Any) -> None:
    file = make(tmp_path)
    _, lines = places(file)
    records = file.pick(np.arange(SIZE), np.array(lines))
    assert next(records) == ROWS[0]
    assert file.path is not None
    with file.path.open("a") as stream:
        stream.write("\n")
    with pytest.raises(DataError, match="the file changed while it was read"):
        list(records)
    # Records where none, or another one, stands.
    for record, line in ((SIZE, 1000), (0, lines[1] + 1)):
        with pytest.raises(DataError, match="the file changed while it was read"):
            list(make(tmp_path).pick(np.array([record]), np.array([line])))


def test_references_of_another_file_are_joined_again_by_number(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps({"reference": str(n)}) + "\n" for n in range(SIZE)))
    file = open_predictions(write_jsonl(tmp_path).path)
    references = open_references([answers], {})
    joined = PredictionFile(
        **{name: getattr(file, name) for name in file.__struct_fields__}
        | {"references": references}
    )
    rows, lines = places(joined)
    wanted = np.array([30, 2, 2, 17, 9, 5, 4])
    picked = list(joined.pick(wanted, np.array(lines)[wanted]))
    assert picked == [rows[record] for record in wanted]
