"""What a report says of answers that were drawn, and of choices made by its numbers."""

import json
from pathlib import Path

import pytest

from compatkit import compare, compare_candidates
from compatkit.comparison.tasks import compare_folders

ROWS = [{"id": n, "prediction": "a", "reference": "a"} for n in range(40)]
HALF = [{**row, "prediction": "b"} if row["id"] % 2 else row for row in ROWS]


def write_run(path: Path, rows: list[dict], generation: dict) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    header = {"compatkit_run": 1, "generation": generation}
    path.with_suffix(".meta.json").write_text(json.dumps(header))
    return str(path)


def kinds(comparison) -> list[str]:
    return [note.kind for note in comparison.noted]


@pytest.mark.parametrize(("temperature", "noted"), [(0.7, True), (0.0, False)])
def test_one_answer_drawn_at_a_temperature_is_noted(tmp_path, temperature, noted) -> None:
    generation = {"kind": "generate", "temperature": temperature}
    old = write_run(tmp_path / "old.jsonl", ROWS, generation)
    new = write_run(tmp_path / "new.jsonl", HALF, generation)
    result = compare(old, new)
    assert ("sampled" in kinds(result)) == noted
    if noted:
        assert any("drawn at temperature 0.7" in note for note in result.notes)


def test_several_samples_need_no_such_note(tmp_path) -> None:
    generation = {"kind": "generate", "temperature": 1.0}
    twice = [{**row, "sample": n} for row in ROWS for n in range(2)]
    old = write_run(tmp_path / "old.jsonl", twice, generation)
    new = write_run(tmp_path / "new.jsonl", twice, generation)
    assert "sampled" not in kinds(compare(old, new))


def test_choices_by_the_numbers_are_noted() -> None:
    assert "chosen" not in kinds(compare(ROWS, HALF))
    several = compare_candidates(ROWS, [HALF, ROWS])
    assert all(any("best of 2 candidates" in note for note in each.notes) for each in several)
    swept = compare(ROWS, HALF, scorer="token_f1", sweep=True)
    assert any("chosen by the sweep" in note for note in swept.notes)


def test_what_few_samples_cannot_show_is_no_share() -> None:
    old = [{**row, "sample": n} for row in ROWS[:30] for n in range(5)]
    new = [{**row, "prediction": "b"} if row["id"] < 4 else row for row in old]
    found = compare(old, new).metrics["reliable_negative_flip_rate"]
    # 4 of 30 fell from all right to none, each with p = 1/126; it takes 5: 5 / 30 * .05 = .0083.
    assert found.value is None
    assert found.low is None
    assert found.reason == "none found; a note says what could be"
    said = (
        "reliable changes: with 5 and 5 samples even a change from all right to none has "
        "p = 0.0079, found only where 5 of 30 examples change so"
    )
    assert said in compare(old, new).notes
    five = [{**row, "prediction": "b"} if row["id"] < 5 else row for row in old]
    assert compare(old, five).metrics["reliable_negative_flip_rate"].numerator == 5


def test_tasks_with_samples_are_tested_together(tmp_path) -> None:
    for side, rows in (("old", ROWS), ("new", HALF)):
        (tmp_path / side).mkdir()
        for task in ("one", "two"):
            lines = [{**row, "sample": n} for row in rows for n in range(2)]
            text = "".join(json.dumps(row) + "\n" for row in lines)
            (tmp_path / side / f"{task}.jsonl").write_text(text)
    total = compare_folders(tmp_path / "old", tmp_path / "new")[-1]
    tests = {name: each for name, each in total.tests.items() if name.startswith("any_task")}
    assert len(tests) == 4
    assert all(each.test.startswith("permuted-") for each in tests.values())
    assert tests["any_task_worse_any_of"].p_adjusted < 0.01
    same = compare_folders(tmp_path / "old", tmp_path / "old")[-1]
    assert same.tests["any_task_worse_pooled"].p_value == 1.0
