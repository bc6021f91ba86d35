"""Verdicts of judges, on their scales."""

import pytest
from rows_of import rows_of

from compatkit.errors import ConfigError
from compatkit.scorers.judge_verdict import NOT_JUDGED
from compatkit.scorers.make import make_scorer


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Rating: [[7]]", 2 / 3),
        ("Score: 7/10", 2 / 3),
        ("7", 2 / 3),
        ("7/10", 2 / 3),
        ("**Rating:** 7", 2 / 3),
        ("The rating is 7.", 2 / 3),
        ("[[2]] at first, then [[7]]", 2 / 3),
        ("Score: 2. Overall score: 7", 2 / 3),
        ("My rating is 5.5", 0.5),
        ("[[1]]", 0.0),
        ("[[10]]", 1.0),
    ],
)
def test_ratings_by_hand(text: str, score: float) -> None:
    scored = make_scorer("verdict", scale="1-10").score(rows_of([text], [[]]))
    assert scored.scores == pytest.approx([score])
    assert scored.unscored is not None
    assert not scored.unscored.any()


@pytest.mark.parametrize(
    "text", ["-1", "[[-1]]", "[[0]]", "[[11]]", "fine", "", None, "7 or 8", "Rating: high"]
)
def test_what_is_no_rating_was_not_judged(text: str | None) -> None:
    scored = make_scorer("verdict", scale="1-10").score(rows_of([text, "7"], [[], []]))
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [True, False]
    assert scored.answers == [None, "7"]
    assert scored.notes == {NOT_JUDGED: 1}


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("[[A]]", 0),
        ("[[B]] or rather [[A]]", 0),
        ("so [[B]]", 1),
        ("[[C]]", 0.5),
        ("[[Tie]]", 0.5),
        ("[[A>B]]", 0),
        ("[[B>>A]]", 1),
        ("[[A<<B]]", 1),
        ("[[A=B]]", 0.5),
        ("[[A]] or [[B>A]]", 1),
    ],
)
def test_a_choice_between_two(text: str, score: float) -> None:
    scored = make_scorer("verdict", winner="B").score(rows_of([text], [[]]))
    assert scored.scores.tolist() == [score]
    mirrored = make_scorer("verdict", winner="A").score(rows_of([text], [[]]))
    assert mirrored.scores.tolist() == [1 - score]


def test_no_choice_was_not_judged() -> None:
    scored = make_scorer("verdict", winner="A").score(rows_of(["A", "[[D]]", None], [[]] * 3))
    assert scored.notes == {NOT_JUDGED: 3}
    assert scored.examples == {NOT_JUDGED: "A"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "--scale LOW-HIGH"),
        ({"scale": "1-5", "winner": "A"}, "--scale LOW-HIGH"),
        ({"scale": "5"}, "LOW-HIGH was expected"),
        ({"scale": "5-1"}, "LOW-HIGH was expected"),
        ({"scale": "1-1"}, "LOW-HIGH was expected"),
    ],
)
def test_what_is_no_scale_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_scorer("verdict", **options)


def test_scales_below_0() -> None:
    scored = make_scorer("verdict", scale="-1-1").score(rows_of(["[[0]]", "[[-1]]"], [[], []]))
    assert scored.scores.tolist() == [0.5, 0]
