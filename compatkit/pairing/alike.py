"""Alike: two texts that look the same and are not, and in what they differ."""

import unicodedata
from collections.abc import Iterable
from typing import Literal

FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
INVISIBLE = {"Cf", "Cc"}


def describe_difference(left: str, right: str) -> str:
    r"""Return in what alone two texts differ that look the same; empty for others.

    >>> describe_difference("Cafe\u0301", "Caf\u00e9")
    'Unicode form (NFD and NFC)'
    >>> describe_difference("a b", "a\u00a0 b")
    'white space'
    >>> describe_difference("1", "1.0")
    'how a number is written'
    >>> describe_difference("a", "b")
    ''
    """
    if left == right:
        return ""
    if _compose(left) == _compose(right):
        return f"Unicode form ({_name_form(left)} and {_name_form(right)})"
    if _join_words(left) == _join_words(right):
        return "white space"
    if _leave_visible(left) == _leave_visible(right):
        return "Unicode form, white space or invisible characters"
    return "how a number is written" if _same_number(left, right) else ""


def find_alike(texts: Iterable[str], candidates: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of texts of two sides that look the same."""
    held = {_key(text): text for text in candidates}
    return [(text, held[_key(text)]) for text in texts if _key(text) in held]


def _key(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return _leave_visible(text)


def _same_number(left: str, right: str) -> bool:
    return isinstance(_key(left), float) and _key(left) == _key(right)


def _compose(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _name_form(text: str) -> str:
    return next((form for form in FORMS if unicodedata.is_normalized(form, text)), "mixed")


def _join_words(text: str) -> str:
    return " ".join(text.split())


def _leave_visible(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text)
    return "".join(
        letter
        for letter in composed
        if not letter.isspace() and unicodedata.category(letter) not in INVISIBLE
    )
