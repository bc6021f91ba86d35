"""Normalisation of prose before it is compared.

Source: Rajpurkar et al. 2016, SQuAD, the official evaluation script: lower case, no
ASCII punctuation, no articles (a, an, the), single spaces.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import flat_references

NORMALIZERS = ("none", "squad")
Normalize = Annotated[
    str,
    Option(choices=NORMALIZERS, help="how texts are normalised before they are compared."),
]
ARTICLES = re.compile(r"\b(a|an|the)\b")
ARTICLE_WORDS = (" the ", " a ", " an ")
# Control characters that are no white space (and not the separator): words end at them too.
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1b\x7f]")
# string.punctuation, whose module makes a language of templates before anything else.
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
NO_PUNCTUATION = str.maketrans("", "", PUNCTUATION)
SEPARATOR = "\0"
# For ASCII in one step: lower case, every white space a plain space, no punctuation.
WHITE = b"\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"
LOWER = bytes(ord(" ") if byte in WHITE else byte for byte in bytes(range(256)).lower())
ASCII_PUNCTUATION = PUNCTUATION.encode()
EMPTIED = "references of which the normaliser leaves nothing keep their articles"


def normalize_rows(
    rows: Predictions, normalizer: str
) -> tuple[list[str | None], list[str], dict[str, int]]:
    """Normalise the predictions and references of a batch.

    Where nothing would be left of a text it keeps its articles, and where even then nothing is
    left it stays as it is: 'A.' (of a choice task) equals 'a' and not 'The', and nothing
    matches by normalisation to nothing.

    Args:
        rows: the batch.
        normalizer: a name in `NORMALIZERS`.

    Returns:
        The normalised prediction of each row (None for no answer), the normalised references
        of all rows as one column (as `flat_references` orders them), and the note `EMPTIED`
        with the number of references it is true of.
    """
    flat = flat_references(rows)[0]
    if normalizer == "none":
        return list(rows.prediction), flat, {}
    references, emptied = _normalize_kept(flat)
    return normalize_column(rows.prediction), references, {EMPTIED: emptied} if emptied else {}


def normalize_column(texts: Sequence[str | None]) -> list[str | None]:
    """Normalise the answers of a column as `normalize_rows` does; None stays None."""
    forms = iter(_normalize_kept([text for text in texts if text is not None])[0])
    return [None if text is None else next(forms) for text in texts]


def _normalize_kept(texts: list[str]) -> tuple[list[str], int]:
    """Normalise texts so that something is left of each, and count those that would be emptied."""
    forms = normalize_squad(texts)
    emptied = [row for row, form in enumerate(forms) if not form and texts[row].strip()]
    for row in emptied:
        forms[row] = " ".join(texts[row].lower().translate(NO_PUNCTUATION).split()) or texts[row]
    return forms, len(emptied)


def normalize_squad(texts: Sequence[str]) -> list[str]:
    """Normalise every text as SQuAD's script does; nothing may be left of it.

    The column is worked on as one string, which is several times faster than a text at a
    time: the separator is no letter, digit, space or punctuation, so that it changes
    nothing about its neighbours.

    >>> normalize_squad(["The  Cat!", "A"])
    ['cat', '']
    """
    if not texts:
        return []
    joined = SEPARATOR.join(texts)
    if joined.count(SEPARATOR) != len(texts) - 1:
        return [" ".join(_bare(text).split()) for text in texts]
    if not joined.isascii() or CONTROL.search(joined):
        return [" ".join(part.split()) for part in _bare(joined).split(SEPARATOR)]
    return [part.strip() for part in _bare_ascii(joined).split(SEPARATOR)]


def _bare(text: str) -> str:
    return ARTICLES.sub(" ", text.lower().translate(NO_PUNCTUATION))


def _bare_ascii(joined: str) -> str:
    """Do the same to ASCII without control characters, and leave single spaces.

    Letters, digits and spaces are left of such a text: an article is a word between spaces,
    and no regular expression is needed.
    """
    text = joined.encode("ascii").translate(LOWER, ASCII_PUNCTUATION).decode("ascii")
    text = f" {text.replace(SEPARATOR, f' {SEPARATOR} ')} "
    for word in (*ARTICLE_WORDS, "  "):
        while word in text:  # what was replaced is not looked at again: 'the the' takes two rounds
            text = text.replace(word, " ")
    return text
