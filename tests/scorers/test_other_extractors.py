"""Answers that other extractors read otherwise: what ours reads, as docs/scorers.md has it.

The values of the others were measured with lighteval 0.13.0 (expressions and LaTeX; letters) and
Inspect 0.3.285 (`match(numeric=True)`; `answer("letter")`). The answers are of our own making.
"""

from pathlib import Path

import pytest

from compatkit.scorers.label import find_label
from compatkit.scorers.number import find_number

PAGE = (Path(__file__).parents[2] / "docs" / "scorers.md").read_text(encoding="utf-8")
TABLES = PAGE.partition("Inspect 0.3.285")[2]
# The answer as the page shows it, as it stands in a file, and what we read.
NUMBERS = [
    ("`#### 18`, a run-on, `#### 20`", "#### 18\nQuestion: 5+5? #### 20", "18"),
    ("`So 3/4 of it`", "So 3/4 of it", "0.75"),
    ("`the answer is 50%`", "the answer is 50%", "50"),
    ("`about 1e3`", "about 1e3", "1000"),
    ("`1.2e-3`", "1.2e-3", "0.0012"),
    (r"`first 5, then \boxed{6}, not 7`", r"first 5, then \boxed{6}, not 7", "6"),
    ("`\u22125` with the minus sign U+2212", "\u22125", "-5"),
    ("`\u00bd`", "\u00bd", "0.5"),
    ("`The answer is 42. I used 3 steps.`", "The answer is 42. I used 3 steps.", "3"),
    ("`14{,}916`", "14{,}916", "14916"),
    ("`1.234,5`", "1.234,5", "5"),
    ("`2 2/3`", "2 2/3", "8/3"),
    ("`5 000`", "5 000", "5000"),
    ("`(12)`", "(12)", "12"),
    ("`12th`", "12th", "12"),
    ("`version 2.0.1`", "version 2.0.1", "2"),
    ("`3 x 10^4`", "3 x 10^4", "30000"),
    ("`\uff15`, full width", "\uff15", "5"),
]
LABELS = [
    ("`The answer is B`", "The answer is B", "B"),
    ("`B) Paris`", "B) Paris", "B"),
    ("`I think B is right, not C.`", "I think B is right, not C.", "B"),
    ("`The correct option is B`", "The correct option is B", "B"),
    (r"`<answer>B</answer>`, `[[B]]`, `\boxed{B}`", "<answer>B</answer>", "B"),
    ("`\u7b54\u6848\uff1aB`", "\u7b54\u6848\uff1aB", "B"),
    ("`A or B`", "A or B", None),
    ("`Answer: B, C`", "Answer: B, C", None),
    ("`B, because A is wrong`", "B, because A is wrong", "B"),
    ("`A man walks`", "A man walks", None),
    ("`The answer is: A man walks in`", "The answer is: A man walks in", None),
    ("`Answer - B`", "Answer - B", "B"),
    (
        "`My final answer: B is correct and the answer is A`",
        "My final answer: B is correct and the answer is A",
        "A",
    ),
]


def row_of(shown: str) -> list[str]:
    """Return the cells of the row of the page that begins with an answer."""
    (line,) = [line for line in TABLES.splitlines() if line.startswith(f"| {shown} | ")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


@pytest.mark.parametrize(("shown", "answer", "number"), NUMBERS)
def test_numbers_are_read_as_the_page_says(shown: str, answer: str, number: str | None) -> None:
    assert find_number(answer) == number
    assert row_of(shown)[3] == (number or "none")


@pytest.mark.parametrize(("shown", "answer", "label"), LABELS)
def test_labels_are_read_as_the_page_says(shown: str, answer: str, label: str | None) -> None:
    assert find_label(answer) == label
    assert row_of(shown)[3] == (label or "none")


def test_the_forms_that_share_a_row_are_read_alike() -> None:
    assert [find_label(text) for text in ("<answer>B</answer>", "[[B]]", r"\boxed{B}")] == ["B"] * 3
