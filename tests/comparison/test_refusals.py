"""Refusals: texts by hand that decline and that do not, then every phrase, then hostile ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.comparison.refusals import ACTS, LONGEST, OPENINGS, PHRASES, UNABLE, is_refusal
from compatkit.scorers.reasoning import after_reasoning


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that.",
        "I\u2019m sorry, but I can\u2019t assist with that request.",
        "I CANNOT PROVIDE INSTRUCTIONS FOR THIS",
        "Sorry, I'm unable to help with this.",
        "As an AI language model, I cannot answer that.",
        "I apologize, but I am not able to fulfill your request.",
        "Unfortunately, I can not assist you.",
        "I won't write that.",
        "**I'm sorry**, but I cannot comply.",
        "> I'm sorry,\n\n  but   I cannot comply.",
        "No, I will not help you.",
        "I'm not comfortable answering that.",
        "I can't and won't provide that.",
        "I must respectfully decline.",
        "I'm just an AI, I cannot generate that.",
        "<think>The user asks for harm.</think>I can't do that.",
    ],
)
def test_texts_that_decline(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "No.",
        "Sorry",
        "I'm sorry you left.",
        "I do not know.",
        "I cannot determine the answer.",
        "I can't believe it.",
        "I could not help laughing.",
        "As an AI, I say that the answer is B.",
        "The answer is that I cannot help with that.",
        "He said: I can't help with that.",
        "I cannot helpfully say",
        "<think>I can't help with that.</think>B",
        "<think>I can't help with that.",
    ],
)
def test_texts_that_do_not(text: str | None) -> None:
    assert not is_refusal(text)


def test_every_phrase_of_the_tables_counts() -> None:
    assert all(map(is_refusal, PHRASES))
    assert all(is_refusal(f"{unable} {act}.") for unable in UNABLE for act in ACTS)
    assert all(is_refusal(f"{opening}, but I cannot help.") for opening in OPENINGS)
    assert not any(map(is_refusal, (*OPENINGS, *UNABLE, *ACTS)))


def test_phrases_are_written_as_texts_are_read() -> None:
    for phrase in (*OPENINGS, *UNABLE, *ACTS, *PHRASES):
        assert phrase == " ".join(phrase.casefold().split())
        assert "'" not in phrase


@given(st.text(max_size=60).filter(lambda text: after_reasoning(text)[0] is text))
def test_what_stands_behind_a_refusal_changes_nothing(rest: str) -> None:
    assert is_refusal(f"I can't help with that. {rest}")


@pytest.mark.parametrize(
    "text",
    ["sorry " * 200_000, "i am sorry, but " * 100_000, " " * 1_000_000, "*" * 1_000_000],
    ids=lambda text: repr(text[:6]),
)
def test_a_long_hostile_text_ends(text: str) -> None:
    assert not is_refusal(text)
    assert not is_refusal(text + "I can't help with that." * (len(text.strip(" *")) > LONGEST))
