"""Stems, held to nltk's PorterStemmer() word by word."""

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from compatkit.scorers.porter import stem

TEXTS = Path(__file__).parents[3] / "shared/data"
truth = PorterStemmer().stem

SUFFIXES = """
s ss sses ies ied ed eed ing at bl iz y ational tional enci anci izer bli abli alli entli eli
ousli ization ation ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative
alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent sion tion ion ou ism ate
iti ous ive ize e ll li ly
""".split()  # noqa: SIM905 - a list of literals would be three pages
WORDS = st.builds(
    lambda head, tails: head + "".join(tails),
    st.text("aeiouybcdlstwxz19", max_size=6),
    st.lists(st.sampled_from(SUFFIXES), max_size=3),
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        # The examples of the paper, after all steps.
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("cats", "cat"),
        ("feed", "feed"),
        ("agreed", "agre"),
        ("plastered", "plaster"),
        ("bled", "bled"),
        ("sing", "sing"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("relational", "relat"),
        ("rational", "ration"),
        ("vietnamization", "vietnam"),
        ("triplicate", "triplic"),
        ("replacement", "replac"),
        ("adoption", "adopt"),
        ("rate", "rate"),
        ("controll", "control"),
        # What nltk does otherwise.
        ("dies", "die"),
        ("flies", "fli"),
        ("died", "die"),
        ("skies", "sky"),
        ("enjoy", "enjoy"),
        ("using", "use"),
        ("geology", "geolog"),
        ("is", "is"),
    ],
)
def test_by_hand(word: str, expected: str) -> None:
    assert stem(word) == expected


def differences(words: set[str]) -> list[tuple[str, str, str]]:
    return [(each, stem(each), truth(each)) for each in sorted(words) if stem(each) != truth(each)]


@given(WORDS)
@settings(max_examples=500, deadline=None)
@example("ationalli")  # two rules of step 2, one after the other
@example("y" * 50)
def test_stems_are_nltks(word: str) -> None:
    assert stem(word) == truth(word)


@given(st.text())
def test_stems_of_any_text_are_nltks(text: str) -> None:
    word = text.lower()
    if word.lower() == word:  # which is not so of every letter
        assert stem(word) == truth(word)


def test_stems_of_all_short_words_are_nltks() -> None:
    assert not differences(
        {"".join(word) for n in range(4) for word in product("aeylstdi1", repeat=n)}
    )


def test_stems_of_all_endings_are_nltks() -> None:
    heads = ["", *"bay", "ta", "ly", "relat", "yy", "gyr", "abs", "stez", "eyel"]
    assert not differences({a + b + c for a, b, c in product(heads, SUFFIXES, ["", *SUFFIXES])})


@pytest.mark.skipif(not TEXTS.is_dir(), reason="the texts lie beside the project where it is made")
def test_stems_of_all_words_of_real_texts_are_nltks() -> None:
    words: set[str] = set()
    for path in TEXTS.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            words |= set(re.findall("[a-z0-9]+", text.lower()))
    assert len(words) > 50_000
    assert not differences(words)
