"""Expressions, beside the library that reads them and with answers that would hang it."""

from collections.abc import Callable
from importlib.util import find_spec

import pytest
from rows_of import rows_of

from compatkit import extras
from compatkit.errors import CompatkitError, MissingExtraError
from compatkit.scorers import math_process, mathematics
from compatkit.scorers.make import make_scorer
from compatkit.scorers.math_process import MathProcess
from compatkit.scorers.scorer import Scored

pytest.importorskip("math_verify", reason="the extra math is not installed")

TOWER = "$9^{9^{9^{9}}}$"


@pytest.fixture(scope="module")
def process() -> MathProcess:
    return MathProcess(20.0)


@pytest.fixture(scope="module")
def score() -> Callable[..., Scored]:
    scorer = make_scorer("math")
    return lambda texts, references: scorer.score(rows_of(texts, references))


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        (r"so \boxed{\frac{1}{2}}", "1/2", True),
        ("0.5", r"\frac12", True),
        ("The share is 50%", r"\frac12", True),
        (r"\sqrt{8}", r"2\sqrt{2}", True),
        ("(3, 5)", "(3,5)", True),
        ("(5, 3)", "(3,5)", False),
        (r"$\{2, 1\}$", r"\{1,2\}", True),
        (r"[3, 5)", "[3,5)", True),
        (r"[3, 5]", "[3,5)", False),
        ("x = 5", "5", True),
        ("1,000", "1000", True),
        (r"\boxed{x^2 + 2x + 1}", "(x+1)^2", True),
        (r"\boxed{7}", "We add them up and get #### 7", True),
        (r"\boxed{8}", r"Adding gives \boxed{7}.", False),
        (r"\boxed{7} and \boxed{8}", r"\{7, 8\}", True),
        (r"\boxed{7}, no: \boxed{8}", "8", False),
        (r"10\sqrt{3}\text{ cm}", r"10\sqrt{3}", True),
        ("no idea", "8", False),
    ],
)
def test_by_hand(score: Callable[..., Scored], answer: str, reference: str, right: bool) -> None:
    scored = score([answer], [reference])
    assert scored.scores.tolist() == [right]
    assert scored.unscored is None or not scored.unscored.any()


@pytest.mark.parametrize("gold", ["$1/2$", r"$\sqrt{2}$", "$(3,5)$", r"$\{1,2\}$", "$x=5$", "7"])
@pytest.mark.parametrize(
    "answer", ["0.5", r"it is \boxed{\sqrt{2}}", "$(3,5)$", r"$\{2,1\}$", "$5$", "so 7.", "none"]
)
def test_it_is_the_library_where_both_read_the_same_text(
    process: MathProcess, gold: str, answer: str
) -> None:
    from math_verify import parse, verify  # noqa: PLC0415

    expected = verify(
        parse(gold, parsing_timeout=None), parse(answer, parsing_timeout=None), timeout_seconds=None
    )
    result = process.judge(answer, gold)
    assert result is not None
    assert result["right"] == expected


def test_a_reference_in_words_is_left_out_and_counted(score: Callable[..., Scored]) -> None:
    references = ["12:00", "Evelyn", "18 dollars", "", ["Evelyn", "18"]]
    scored = score(["12", "Evelyn", "18", "1", "18"], references)
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [True, True, True, True, False]
    assert scored.scores[4] == 1
    assert scored.notes[mathematics.NOT_AN_EXPRESSION] == 5
    assert scored.examples[mathematics.NOT_AN_EXPRESSION] == "12:00"


def test_what_was_read_is_compared_by_value(score: Callable[..., Scored]) -> None:
    scored = score(["0.25", r"\frac{1}{4}", "0.5", None, "none"], ["1/2"] * 5)
    assert scored.answers == ["1/4", "1/4", "1/2", None, None]
    assert scored.notes == {mathematics.NO_EXPRESSION: 1}


@pytest.mark.parametrize("hostile", [TOWER, "9" * 4000 + "**" + "9" * 400, "$" + "(" * 5000 + "$"])
def test_an_answer_that_would_hang_is_wrong_and_the_next_is_read(hostile: str) -> None:
    scorer = make_scorer("math", time_limit=0.5)
    scored = scorer.score(rows_of([hostile, "2", hostile], [["2"], ["2"], ["3", "4"]]))
    assert scored.scores.tolist() == [0, 1, 0]
    assert scored.answers[1] == "2"


def test_what_took_too_long_is_counted() -> None:
    scorer = make_scorer("math", time_limit=0.2)
    scored = scorer.score(rows_of([TOWER, "2", TOWER], ["2", "2", "2"]))
    assert scored.notes == {mathematics.TOO_SLOW.format(0.2): 2}


def test_one_reference_that_takes_too_long_hides_no_other() -> None:
    scorer = make_scorer("math", time_limit=0.5)
    scored = scorer.score(rows_of(["3"], [[r"$\sum_{k=1}^{10^{9}} \frac{1}{k^{3}}$", "3"]]))
    assert scored.scores.tolist() == [1]


def test_a_process_that_ends_by_itself_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math_process, "WORKER", math_process.WORKER.with_name("none.py"))
    with pytest.raises(CompatkitError, match="does not start"):
        MathProcess(1.0).judge("1", "1")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_spec("math_verify") is not None
    monkeypatch.setattr(extras, "find_spec", lambda name: None)  # noqa: ARG005
    with pytest.raises(MissingExtraError, match=r"compatkit\[math\]"):
        make_scorer("math")
