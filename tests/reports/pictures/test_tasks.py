import pytest
from drawn_pictures import Drawn, compare_answers
from prediction_files import write_rows

from compatkit import Comparison, compare_folders
from compatkit.reports.pictures import NoPictureError, describe_picture


@pytest.fixture
def results(tmp_path) -> list[Comparison]:
    """Compare three tasks of ten rows: 1, 5 and 0 answers break, 2, 0 and 1 are repaired."""
    for model in ("old", "new"):
        (tmp_path / model).mkdir()
    for task, broken, repaired in (("x", 1, 2), ("y", 5, 0), ("z", 0, 1)):
        old = "r" * 7 + "w" * 3
        new = "w" * broken + "r" * (7 - broken) + "r" * repaired + "w" * (3 - repaired)
        for model, answers in (("old", old), ("new", new)):
            rows = [
                {"id": n, "prediction": a, "reference": "r", "kind": "k"}
                for n, a in enumerate(answers)
            ]
            write_rows(tmp_path / model / f"{task}.jsonl", rows)
    return compare_folders(tmp_path / "old", tmp_path / "new")


def test_a_row_a_task_worst_first_and_all_together_last(results: list[Comparison]) -> None:
    [panel] = describe_picture("tasks", results).panels
    assert [row.label for row in panel.rows] == ["y", "x", "z", "total"]
    assert [[v.value for v in row.values] for row in panel.rows] == [
        [0.5, 0.0],
        [0.1, 0.2],
        [0.0, 0.1],
        [6 / 30, 3 / 30],
    ]
    assert [row.apart for row in panel.rows] == [False, False, False, True]


def test_marks_stand_where_the_axis_has_their_numbers(results: list[Comparison]) -> None:
    drawn = Drawn(describe_picture("tasks", results))
    shares = [drawn.share_at(x) for x, _ in drawn.places_of("value")]
    assert shares == pytest.approx([0.5, 0, 0.1, 0.2, 0, 0.1, 0.2, 0.1], abs=0.004)


def test_the_text_has_the_total_and_the_worst(results: list[Comparison]) -> None:
    alt = describe_picture("tasks", results).alt
    assert "over 3 tasks the NFR is 20.00% (" in alt
    assert "and the PFR 10.00% (" in alt
    assert "; the NFR is worst in y, 50.00% (" in alt


def test_one_task_has_no_such_picture() -> None:
    rows = [(1, "a"), (0, "a")]
    with pytest.raises(NoPictureError, match="there is one alone"):
        describe_picture("tasks", [compare_answers(rows, rows)])
