"""Answers of several parts, whatever their order."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.scorers.answer_sets import NO_ITEMS, NO_LABELS, NOT_LABELS
from compatkit.scorers.make import make_scorer

labels = st.sets(st.sampled_from("ABCDE"), min_size=1).map(sorted)
words = st.lists(st.sampled_from(["rome", "paris", "oslo", "bern"]), max_size=4)


@pytest.mark.parametrize(
    "text",
    [
        "A, C",
        "C,A",
        "(A) and (C)",
        "AC",
        "a; c",
        "A C",
        "A and C",
        "A, and C.",
        "**A**, **C**",
        "A\nC",
        '["C", "A"]',
        "The answers are A and C.",
        "The correct answer is: (A), (C)\nSince B is wrong.",
        "Answer: AC",
        "Answer: A\nNo. Answer: A, C",
        r"so \boxed{A, C} holds, not B",
        "I weigh them.\nA, C",
        "\u7b54\u6848\uff1aAC",
    ],
)
def test_labels_by_hand(text: str) -> None:
    scored = make_scorer("choices").score(rows_of([text], ["A, C"]))
    assert (scored.scores.tolist(), scored.answers) == ([1], ["A; C"])


@pytest.mark.parametrize(
    "text", ["", "CA", "AA", "a cat", "A cat and a dog", "ca", "A and C are right", "Answer: a dog"]
)
def test_no_labels_is_no_answer(text: str) -> None:
    scored = make_scorer("choices").score(rows_of([text, None], ["A, C"] * 2))
    assert (scored.scores.tolist(), scored.answers) == ([0, 0], [None, None])
    assert scored.notes == {NO_LABELS: 1}


def test_a_reference_that_is_no_labels_is_left_out() -> None:
    scored = make_scorer("choices").score(rows_of(["A", "A"], ["Paris", ["Paris", "A"]]))
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [True, False]
    assert scored.scores[1] == 1
    assert scored.notes == {NOT_LABELS: 2}


@given(labels, labels)
def test_choices_are_sets(chosen: list[str], wanted: list[str]) -> None:
    texts = [", ".join(chosen), "".join(chosen), json.dumps(chosen[::-1]), f"Answer: {chosen}"]
    texts[3] = f"Answer: {' and '.join(chosen)}"
    rows = rows_of(texts, [", ".join(wanted)] * 4)
    assert make_scorer("choices").score(rows).scores.tolist() == [chosen == wanted] * 4
    share = 2 * len({*chosen} & {*wanted}) / (len(chosen) + len(wanted))
    assert make_scorer("choices", partial=True).score(rows).scores == pytest.approx([share] * 4)


@given(words, words)
def test_items_are_sets(given_items: list[str], wanted: list[str]) -> None:
    texts = [", ".join(given_items), json.dumps(given_items), "; ".join(given_items).upper()]
    rows = rows_of(texts, ["\n".join(wanted)] * 3)
    one, other = {*given_items}, {*wanted}
    assert make_scorer("set").score(rows).scores.tolist() == [one == other] * 3
    share = 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0
    assert make_scorer("set", partial=True).score(rows).scores == pytest.approx([share] * 3)


def test_items_may_be_set_off_by_another_sign() -> None:
    rows = rows_of(["Paris, France / Rome", "", None], ["rome/paris france", "", "x"])
    scored = make_scorer("set", item_separator="/").score(rows)
    assert scored.scores.tolist() == [1, 1, 0]
    assert scored.answers == ["paris france; rome", "", None]
    assert scored.notes == {NO_ITEMS: 1}


@pytest.mark.parametrize("name", ["choices", "set"])
@pytest.mark.parametrize(
    "hostile", ["A, " * 50_000, "answer is " * 20_000, "(" * 99_999, "A and " * 20_000, "\ud800"]
)
def test_a_hostile_text_is_read_to_the_end(name: str, hostile: str) -> None:
    assert make_scorer(name).score(rows_of([hostile], ["B, C"])).scores.tolist() == [0]
