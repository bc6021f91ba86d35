"""What a notebook shows of results."""

import json
from pathlib import Path

import pytest
from report_parsers import tags_of
from verdicts import VERDICTS

from compatkit import compare, compare_candidates, compare_folders, compare_matrix

ROWS = [
    {"id": n, "prediction": "a", "reference": "a", "field": "x" if n < 4 else "<img src=x>"}
    for n in range(8)
]
WORSE = [{**row, "prediction": "b" if row["id"] in {0, 5} else "a"} for row in ROWS]
SHOWN = {
    "comparison": lambda: compare(ROWS, WORSE, by="field"),
    "comparisons": lambda: compare_candidates(ROWS, [WORSE, ROWS], by="field"),
    "matrix": lambda: compare_matrix([ROWS, WORSE]),
    "slice": lambda: compare(ROWS, WORSE, by="field").slices["field"]["x"],
    "verdict": VERDICTS["tasks"],
}


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_a_fragment_that_runs_and_loads_nothing(name: str) -> None:
    html = SHOWN[name]()._repr_html_()
    tags = [tag for tag, _ in tags_of(html)]
    assert "table" in tags
    assert not {"html", "body", "script", "img", "link", "iframe"} & set(tags)


def test_a_slice_says_its_counts_and_its_limits() -> None:
    html = SHOWN["slice"]()._repr_html_()
    assert "4 examples, 1 negative flip, 0 positive flips" in html
    assert "limits that hold for all slices at once" in html


def test_several_comparisons_are_one_report(tmp_path: Path) -> None:
    several = SHOWN["comparisons"]()
    assert str(several).startswith("old -> new, candidate 2\n")
    assert "old -&gt; new, candidate 2" in several._repr_html_()
    assert several.to_latex().count(r"\\") == 4
    for model, rows in (("v1", ROWS), ("v2", WORSE)):
        (tmp_path / model).mkdir()
        for task in ("x", "y"):
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / model / f"{task}.jsonl").write_text(text)
    assert "macro average" in str(compare_folders(tmp_path / "v1", tmp_path / "v2"))
