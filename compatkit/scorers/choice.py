"""Choice: 1 if the chosen label is the reference."""

import re
from collections.abc import Sequence

from compatkit.errors import ConfigError, DataError
from compatkit.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, score_right

LABEL = r"\(?\b([A-Za-z]|\d{1,3})\b\)?"
# In this order: the whole text; what follows 'answer is' or 'answer:' (the last one); a label
# that opens the text and is set off, as in 'B. Paris' or '(B) Paris'.
WHOLE = re.compile(rf"[\s*`'\"\[]*{LABEL}[\s.:,;*`'\"\]]*")
STATED = re.compile(rf"answer(?:\s+is)?\s*:?\s*[*`'\"\[]*{LABEL}(?![\w'])", re.IGNORECASE)
OPENING = re.compile(r"\s*(?:\(([A-Za-z]|\d{1,3})\)|([A-Za-z]|\d{1,3})[.):])\s")
NO_LABEL = "predictions without a choice label: wrong"
MIXED = (
    "predictions name an index where the reference is a letter, or the reverse: wrong unless "
    "--first-index says which index stands for A"
)


def choice(*, first_index: int | None = None) -> Scorer:
    """Score 1 if the label that the prediction chooses is the reference's, else 0.

    A label is a letter (case apart) or an index. It is read from the whole text ('B',
    '(b).'), else from the last 'answer is B' or 'Answer: B', else from the opening
    ('B. Paris'). Nothing is normalised as prose: the answer 'A' is a label, not an
    article. No label is no answer.

    Args:
        first_index: the index that stands for A, 0 or 1, where one side names letters and
            the other indices; without it a letter never equals an index.

    Raises:
        DataError: a reference that is no label.
    """
    if first_index not in {None, 0, 1}:
        raise ConfigError(f"--first-index is {first_index}; 0 or 1 was expected.")

    def score(rows: Predictions) -> Scored:
        known: dict[str | None, str | None] = {None: None}
        for text in rows.prediction:
            if text not in known and text is not None:
                known[text] = _read(text, first_index)
        labels = [known[text] for text in rows.prediction]
        unread = sum(
            label is None and text is not None
            for label, text in zip(labels, rows.prediction, strict=True)
        )
        accepted = _accepted(rows, first_index)
        notes = {NO_LABEL: unread, MIXED: _count_mixed(rows, labels, accepted)}
        return score_right(rows, labels, lambda texts: [accepted[text] for text in texts], notes)

    options = {} if first_index is None else {"first_index": first_index}
    return Scorer("choice", score, options)


def find_label(text: str) -> str | None:
    """Return the label that a text chooses, letters in upper case, or None.

    >>> find_label("So the answer is (C).")
    'C'
    """
    whole = WHOLE.fullmatch(text)
    if whole:
        return whole[1].upper()
    stated = [match[1] for match in STATED.finditer(text)]
    if stated:
        return str(stated[-1]).upper()
    opening = OPENING.match(text)
    return (opening[1] or opening[2]).upper() if opening else None


def _read(text: str, first_index: int | None) -> str | None:
    label = find_label(text)
    if label is None or not label.isdigit():
        return label
    index = int(label)
    if first_index is None:
        return str(index)
    letter = index - first_index
    return chr(ord("A") + letter) if 0 <= letter < 26 else None  # noqa: PLR2004


def _accepted(rows: Predictions, first_index: int | None) -> dict[str, str | None]:
    accepted: dict[str, str | None] = {}
    for row, references in enumerate(rows.references):
        for text in references:
            if text not in accepted:
                accepted[text] = _read(text, first_index)
                if accepted[text] is None:
                    raise DataError(
                        f"{rows.name}:{rows.lines[row]}: the reference {text[:40]!r} is no label; "
                        "a letter or an index was expected. Another --scorer may fit."
                    )
    return accepted


def _count_mixed(
    rows: Predictions, labels: Sequence[str | None], accepted: dict[str, str | None]
) -> int:
    """Count the labels that are letters where every reference is an index, or the reverse."""
    return sum(
        label is not None
        and all((accepted[text] or "").isdigit() != label.isdigit() for text in references)
        for label, references in zip(labels, rows.references, strict=True)
        if references
    )
