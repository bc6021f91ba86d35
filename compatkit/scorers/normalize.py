"""Normalisation of prose before it is compared.

Source: Rajpurkar et al. 2016, SQuAD, the official evaluation script: lower case, no
ASCII punctuation, no articles (a, an, the), single spaces.
"""

import re
import string
from collections.abc import Sequence
from itertools import chain

from compatkit.errors import ConfigError
from compatkit.predictions import Predictions
from compatkit.scorers.scorer import flat_references

NORMALIZERS = ("none", "squad")
ARTICLES = re.compile(r"\b(a|an|the)\b")
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
SEPARATOR = "\0"
EMPTIED = "references of which the normaliser leaves nothing are compared as they stand"


def check_normalizer(name: str) -> None:
    """Refuse a normaliser that does not exist.

    Raises:
        ConfigError: naming those that do.
    """
    if name not in NORMALIZERS:
        raise ConfigError(f"no normaliser {name!r}; there are {', '.join(NORMALIZERS)}.")


def normalize_rows(
    rows: Predictions, normalizer: str
) -> tuple[list[str | None], list[str], dict[str, int]]:
    """Normalise the predictions and references of a batch, each distinct text once.

    Where nothing would be left of a text it stays as it is: a text of articles and
    punctuation alone (the answer 'A' of a choice task) equals only itself, and nothing
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
    distinct = list(dict.fromkeys(chain(rows.prediction, flat)))
    texts = [text for text in distinct if text is not None]
    normals = normalize_squad(texts)
    forms: dict[str | None, str] = dict(zip(texts, normals, strict=True))
    nothing = {text for text in texts if not forms[text]} if "" in normals else set()
    forms |= {text: text for text in nothing}
    answers: list[str | None] = [None if text is None else forms[text] for text in rows.prediction]
    emptied = sum(text in nothing for text in flat) if nothing else 0
    return answers, [forms[text] for text in flat], {EMPTIED: emptied} if emptied else {}


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
    return [" ".join(part.split()) for part in _bare(joined).split(SEPARATOR)]


def _bare(text: str) -> str:
    return ARTICLES.sub(" ", text.lower().translate(NO_PUNCTUATION))
