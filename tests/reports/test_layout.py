import json

import pytest

from compatkit import compare_candidates
from compatkit.comparison.tasks import compare_folders
from compatkit.reports.layout import Explanation, FlipList, Heading, Line, lay_out
from compatkit.reports.tables import Table
from compatkit.reports.view import View

ROWS = [
    {"id": n, "prediction": "a", "reference": "a", "lang": "de" if n < 3 else "fr"}
    for n in range(6)
]
WORSE = [{**row, "prediction": "b" if row["id"] < 2 else "a"} for row in ROWS]


def test_several_candidates_have_their_details_each_under_a_heading() -> None:
    results = compare_candidates(ROWS, [WORSE, ROWS], by="lang")
    blocks = list(lay_out(results, View(show_flips=1)))
    headings = [each.text for each in blocks if isinstance(each, Heading)]
    assert headings == ["old -> new, candidate 2", "new: new", "candidate: candidate 2"]
    flips = [each.title for each in blocks if isinstance(each, FlipList)]
    assert flips == [
        "1 of 2 negative flips, in the old file's order; --flips FILE writes all",
        "0 of 0 negative flips, in the old file's order",
    ]


def test_several_tasks_show_the_slices_and_flips_that_were_asked_for(tmp_path) -> None:
    for name, rows in (("v1", ROWS), ("v2", WORSE)):
        (tmp_path / name).mkdir()
        for task in ("x", "y"):
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / name / f"{task}.jsonl").write_text(lines)
    options = {"by": "lang", "sweep": True}
    results = compare_folders(tmp_path / "v1", [tmp_path / "v2"], **options)
    blocks = list(lay_out(results, View(show_flips=2, sweep=True)))
    headings = [each.text.partition(":")[0] for each in blocks if isinstance(each, Heading)]
    assert headings[1:] == ["x", "y"]
    titles = [each.title for each in blocks if isinstance(each, Table)]
    assert titles[1:] == ["by lang", "flips by threshold"] * 2
    assert len([each for each in blocks if isinstance(each, FlipList)]) == 2


@pytest.mark.parametrize("explain", [False, True])
def test_explanations_come_on_request(explain: bool) -> None:
    blocks = list(lay_out(compare_candidates(ROWS, [WORSE]), View(explain=explain)))
    assert any(isinstance(each, Explanation) for each in blocks) is explain
    lines = [each.text for each in blocks if isinstance(each, Line)]
    assert lines[0].startswith("2 of 6 right answers broke")
    assert "6 examples, exact_match" in lines
