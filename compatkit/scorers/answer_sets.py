"""Answer sets: 1 if the answers chosen are the reference's, whatever their order."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial as partial_of
from typing import Annotated

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.json_text import NoValueError, read_json
from compatkit.scorers.normalize import normalize_column
from compatkit.scorers.number import find_box
from compatkit.scorers.scorer import Scored, Scorer, score_pairs
from compatkit.scorers.unread import count_unread
from compatkit.scorers.unseen import leave_out_unseen
from compatkit.scorers.widths import narrow_prose

Read = Callable[[str], frozenset[str] | None]
NO_LABELS = "predictions without choice labels: wrong"
NOT_LABELS = "references are no choice labels: left out where there is no other"
NO_ITEMS = "predictions without an item: the empty set"
PARTIAL = Option(help="the share that is right, instead of all or nothing.")
LABEL = r"(?:[A-Z](?![A-Za-z])|[a-z](?![A-Za-z])|[0-9]{1,2}(?![0-9]))"
JOINED = r"\s*+(?:[,;/&+|\u3001]|\b(?:and|or)\b|\n|(?<=[\s)]))\s*+(?:and\b\s*+)?"
ONE = rf"[(\[*_`'\"]*+{LABEL}[)\].*_`'\":]*+"
LABELS = re.compile(rf"\s*+{ONE}(?:{JOINED}{ONE})*+\s*+\.?\s*+")
TOGETHER = re.compile(r"[\s(\[*_`'\"]*+([A-Z]{2,10})[\s)\].*_`'\"]*+")
STATED = re.compile(
    r"(?i:answers?|choices|options|\u7b54\u6848)[*_\"]*+\s*+(?:(?i:\bis\b|\bare\b)\s*+:?|[:=]|\u662f)"
    r"\s*+([^\n]{1,200})"
)
SEPARATORS = re.compile(r"[,;\n]")


def choices(*, partial: Annotated[bool, PARTIAL] = False) -> Scorer:
    r"""Score 1 if the labels that the prediction chooses are the reference's, else 0.

    Labels are letters (case apart) or indices: `A, C`, `(A) and (C)`, `["A", "C"]`, capitals in a
    row and in the order of the alphabet (`AC`). They are the whole text, else what the last
    `\boxed{}` holds, else what follows the last 'answer is', 'answers are' or 'Answer:' in its
    line, else the last line; each must be labels alone. No labels are no answer, and are counted;
    an example whose reference is no labels is left out and counted. The answer that churn
    compares is the labels, sorted.

    Args:
        partial: score by 2 |a and b| / (|a| + |b|), the F1 of the labels.

    Source: Zhang et al. 2023 (arXiv 2305.12474), GAOKAO, for questions with several right labels.
    """
    score = partial_of(_score, find=_find_labels, read=_whole_labels, partial=partial)
    score = partial_of(score, unread=NO_LABELS, unseen=NOT_LABELS)
    return Scorer("choices", score, {"partial": partial}, continuous=partial, reads_lists=True)


def item_set(
    *,
    partial: Annotated[bool, PARTIAL] = False,
    item_separator: Annotated[
        str | None,
        Option(metavar="TEXT", help="what stands between items; comma, semicolon, line if unsaid."),
    ] = None,
) -> Scorer:
    """Score 1 if the items that the prediction lists are the reference's, else 0.

    A JSON list is its items; any other text is split at commas, semicolons and ends of lines.
    Items are compared after SQuAD's normalisation, each once, whatever their order. The answer
    that churn compares is the items, sorted.

    Args:
        partial: score by 2 |a and b| / (|a| + |b|), the F1 of the items; 1 where both are empty.
        item_separator: a text that stands between items, instead of those signs.

    Source: Rajpurkar et al. 2016 (arXiv 1606.05250), for the normalisation.
    """
    read = partial_of(_items, separator=item_separator)
    score = partial_of(_score, find=read, read=read, partial=partial)
    score = partial_of(score, unread=NO_ITEMS, unseen=NOT_LABELS)
    options = {"partial": partial, "item_separator": item_separator or ",;\\n"}
    return Scorer("set", score, options, continuous=partial, reads_lists=True)


def _score(
    rows: Predictions, *, find: Read, read: Read, partial: bool, unread: str, unseen: str
) -> Scored:
    given = {text: find(text) for text in rows.prediction if text is not None}
    accepted = {text: read(text) for texts in rows.references for text in texts}

    def score_columns(texts: Sequence[str], references: Sequence[str]) -> FloatArray:
        pairs = ((given[text], accepted[r]) for text, r in zip(texts, references, strict=True))
        return np.array([_agreement(*pair, partial=partial) for pair in pairs], np.float64)

    answers = [None if text is None else _write(given[text]) for text in rows.prediction]
    count = count_unread([answer or None for answer in answers], rows)
    notes = {unread: count} if count else {}
    scored = Scored(score_pairs(rows, score_columns), answers, notes)
    return leave_out_unseen(scored, rows, lambda text: accepted[text] is not None, unseen)


def _agreement(one: frozenset[str] | None, other: frozenset[str] | None, *, partial: bool) -> float:
    if one is None or other is None:
        return 0.0
    if not partial or not (one or other):
        return float(one == other)
    return 2 * len(one & other) / (len(one) + len(other))


def _write(items: Iterable[str] | None) -> str | None:
    return None if items is None else "; ".join(sorted(items))


def _find_labels(text: str) -> frozenset[str] | None:
    stated = [match[1] for match in STATED.finditer(narrow_prose(text))]
    places = (text, find_box(text), *stated[-1:], text.strip().rpartition("\n")[2])
    labels = (_whole_labels(place) for place in places if place)
    return next((chosen for chosen in labels if chosen is not None), None)


def _whole_labels(text: str) -> frozenset[str] | None:
    """Return the labels that a text is, None where it is anything else."""
    listed = _listed(text)
    if listed is not None:
        text = ", ".join(listed)
    text = narrow_prose(text)
    together = TOGETHER.fullmatch(text)
    if together and list(together[1]) == sorted({*together[1]}):
        return frozenset(together[1])
    if not LABELS.fullmatch(text):
        return None
    return frozenset(label.upper() for label in re.findall(rf"(?<![A-Za-z0-9]){LABEL}", text))


def _listed(text: str) -> list[str] | None:
    """Return the texts of a JSON list of texts and numbers, None of any other text."""
    try:
        value = read_json(text.strip())
    except NoValueError:
        return None
    if not isinstance(value, list) or any(isinstance(item, dict | list) for item in value):
        return None
    return [item if isinstance(item, str) else str(item) for item in value]


def _items(text: str, separator: str | None) -> frozenset[str] | None:
    items = _listed(text)
    if items is None:
        items = text.split(separator) if separator else SEPARATORS.split(text)
    return frozenset(filter(None, normalize_column(items)))
