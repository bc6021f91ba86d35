"""Which examples broke for which cause: read once, when it is asked for, whole and in parts."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compatkit import compare, compare_folders
from compatkit.comparison.best_so_far import compare_with_best
from compatkit.comparison.broken_for import flag_causes
from compatkit.comparison.flipped import Witnesses
from compatkit.comparison.options import make_options
from compatkit.metrics.cause_metrics import CAUSES, UNEXPLAINED

OLD = ["Paris"] * 6
NEW = ["Rome", "paris", "Paris", "", "PARIS", "Paris"]


def rows(answers: list[str]) -> list[dict[str, Any]]:
    return [
        {"id": f"q{number}", "prediction": answer, "reference": "Paris"}
        for number, answer in enumerate(answers)
    ]


def write(path: Path, answers: list[str]) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(answers)))
    return str(path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many examples were read of a side, each time that some were."""
    sizes: list[int] = []
    read = Witnesses.read

    def count(self: Witnesses, places: Any) -> Any:
        sizes.append(len(places))
        return read(self, places)

    monkeypatch.setattr(Witnesses, "read", count)
    return sizes


def test_flags_by_hand() -> None:
    result = compare(rows(OLD), rows(NEW))
    flags = {cause: held.tolist() for cause, held in result.pair.broken_for.items() if held.any()}
    assert flags == {
        "format": [False, True, False, False, True, False],
        "no answer": [False, False, False, True, False, False],
        UNEXPLAINED: [True, False, False, False, False, False],
    }
    assert [*result.pair.broken_for] == [*CAUSES, UNEXPLAINED]


def test_nothing_is_read_before_a_metric_asks_for_it_and_then_once(reads: list[int]) -> None:
    result = compare(rows(OLD), rows(NEW))
    assert result.negative_flip_rate == 4 / 6
    assert reads == []
    assert result.format_flip_rate == 2 / 6
    assert reads == [4, 4]  # of the old side and of the new
    assert result.content_flip_rate == 2 / 6
    assert result.no_answer_flip_rate == 1 / 6
    assert len(reads) == 2


def test_what_a_list_has_read_is_not_read_again(reads: list[int]) -> None:
    result = compare(rows(OLD), rows(NEW))
    assert result.examples is not None
    assert [example.cause for example in result.examples] == [None, "format", "no answer", "format"]
    count = len(reads)
    assert result.format_flip_rate == 2 / 6
    assert len(reads) == count


def test_a_copy_and_a_pickled_one_hold_them() -> None:
    result = compare(rows(OLD), rows(NEW))
    for other in (copy.deepcopy(result), pickle.loads(pickle.dumps(result))):  # noqa: S301
        assert other.format_flip_rate == 2 / 6
        assert other.pair.take(np.array([1, 0])).broken_for["format"].tolist() == [True, False]


def test_the_order_of_the_files_is_of_no_consequence() -> None:
    turned = compare(rows(OLD)[::-1], rows(NEW))
    assert (
        turned.metrics["format_flip_rate"]
        == compare(rows(OLD), rows(NEW)).metrics["format_flip_rate"]
    )
    flags = turned.pair.broken_for["no answer"].tolist()
    assert [turned.pair.ids[place] for place, held in enumerate(flags) if held] == ["q3"]


def test_the_total_of_several_tasks_counts_those_of_all(tmp_path: Path) -> None:
    for task in ("a", "b"):
        write(tmp_path / "old" / f"{task}.jsonl", OLD)
        write(tmp_path / "new" / f"{task}.jsonl", NEW if task == "a" else OLD)
        (tmp_path / "old").mkdir(exist_ok=True)
    total = compare_folders(tmp_path / "old", tmp_path / "new")[-1]
    value = total.metrics["format_flip_rate"]
    assert (value.numerator, value.denominator) == (2, 12)


def test_those_against_the_best_so_far_are_read_of_the_version_that_was_it() -> None:
    first = rows(["Paris", "no", "no", "no", "no", "no"])
    second = rows(["no", "Paris", "Paris", "Paris", "no", "Paris"])
    result = compare_with_best([first], second, rows(NEW), make_options())
    assert result.counts.negative_flips == 3
    counted = {name: held.sum() for name, held in result.pair.broken_for.items() if held.any()}
    assert counted == {"format": 1, "no answer": 1, UNEXPLAINED: 1}


def test_of_flips_that_were_not_kept_nothing_is_known() -> None:
    assert len(flag_causes(compare(rows(OLD), rows(NEW)).pair, None)) == 0
