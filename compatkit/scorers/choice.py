"""Choice: 1 if the chosen label is the reference."""

import re
from collections.abc import Sequence
from typing import Annotated

from compatkit.errors import DataError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, score_right
from compatkit.scorers.unread import count_unread

# Patterns are possessive (*+) where text of a model could make them try again and again. They stay
# texts until one is first read: compiling them would slow every start of the command line.
ONE = r"(?:[A-Za-z]|[0-9]{1,3})"
# What may stand before a label, and behind one that stands alone in its line.
BEFORE = r"(?:[\s:*_`'\"$(\[]|\\[(\[]|\\(?:text|textbf|mathrm|mathbf)\{)*+"
BEHIND = r"[\s.:,;!*_`'\")\]}$\\]*+"
OPTION = r"(?i:(?:the\s++)?(?:correct\s++)?(?:option|choice|letter))\s"
# What ends a label that has no brackets; prose goes on with a word.
ENDS = r"(?=\s*+\Z|[^\S\n]*+(?:\n|because\b|[)\]}])|[.,;:!*_`'\"](?!\w))"
ENDS_LINE = r"(?=[^\S\n]*+[.:,;!*_`'\")\]}$\\]*+[^\S\n]*+(?:\n|\Z))"
BRACKETED = rf"(?<=[(\[{{$])({ONE})\\?[)\]}}$]"
PLAIN = rf"(?<![A-Za-z0-9$])(?:([A-Zb-hj-z]|[0-9]{{1,3}}){ENDS}|([ai]){ENDS_LINE})"
# 'A and B' and 'A, B' choose two labels, which is none.
MORE = r"(?:[A-Z]|[0-9]{1,3})(?:[)\]*_`'\"}$\\]|\b(?!\s+\w))"
ALONE = rf"(?![*_`'\")\]}}$\\]*+\s*+(?:,|&|/|(?:and|or)\b)\s*+[*_`'\"($\[]*+{MORE})"
SAYS = (
    r"(?i:answer(?:\s++(?:choice|option|letter))?)[*_\"]*+(?:\s++(?i:is)\b|['\u2019]s\b|\s*+[:=])"
)

WHOLE = (
    rf"{BEFORE}(?:{OPTION}{BEFORE})?(?:(?<=\$)({ONE})\\?\$|(?<!\$)({ONE})(?![A-Za-z0-9])){BEHIND}"
)
STATED = (
    rf"{SAYS}{BEFORE}(?:{OPTION}{BEFORE})?(?:{BRACKETED}|{PLAIN}){ALONE}"
    rf"|\\f?boxed\{{{BEFORE}({ONE})[\s)\]}}.:]*?\}}"
)
OPENING = r"\s*+(?:\(([A-Za-z]|[0-9]{1,3})\)|([A-Za-z]|[0-9]{1,3})[.):])\s"
MENTIONED = rf"(?i:(?<!not )\boption)\s++[(*`'\"]*+([A-Z]|[0-9]{{1,3}})(?!\w)(?:(?P<last>{ENDS}))?"
NO_LABEL = "predictions without a choice label: wrong"
MIXED = (
    "predictions name an index where the reference is a letter, or the reverse: wrong unless "
    "--first-index says which index stands for A"
)


def choice(
    *,
    first_index: Annotated[
        int | None,
        Option(choices=(0, 1), help="the index that stands for A, where one side names letters."),
    ] = None,
) -> Scorer:
    r"""Score 1 if the label that the prediction chooses is the reference's, else 0.

    A label is a letter (case apart) or an index. It is read from the whole text ('B',
    '(b).'), else from the last 'answer is B', 'Answer: B' or '\boxed{B}', else from a last
    or first line that is a label alone, else from the opening ('B. Paris'), else from the
    only option that is named ('so option B.'). After 'answer is' a label without brackets
    counts only where prose does not go on: 'the answer is a dog' has none. No label is no
    answer.

    Args:
        first_index: the index that stands for A, 0 or 1, where one side names letters and
            the other indices; without it a letter never equals an index.

    Raises:
        DataError: a reference that is no label.
    """

    def score(rows: Predictions) -> Scored:
        known: dict[str | None, str | None] = {None: None}
        for text in rows.prediction:
            if text not in known and text is not None:
                known[text] = _read(text, first_index)
        labels = [known[text] for text in rows.prediction]
        accepted = _accepted(rows, first_index)
        notes = {NO_LABEL: count_unread(labels, rows), MIXED: _count_mixed(rows, labels, accepted)}
        return score_right(rows, labels, lambda texts: [accepted[text] for text in texts], notes)

    options = {} if first_index is None else {"first_index": first_index}
    return Scorer("choice", score, options)


def find_label(text: str) -> str | None:
    """Return the label that a text chooses, letters in upper case, or None.

    >>> find_label("So the answer is (C).")
    'C'
    """
    stated: re.Match[str] | None = None
    for stated in re.finditer(STATED, text):  # noqa: B007
        pass
    lines = text.strip().split("\n")
    found = (
        re.fullmatch(WHOLE, text)
        or stated
        or re.fullmatch(WHOLE, lines[-1])
        or re.fullmatch(WHOLE, lines[0])
        or re.match(OPENING, text)
    )
    # Each pattern has one group for each way of writing, of which one takes part.
    return _only_option(text) if found is None else str(found[found.lastindex or 0]).upper()


def _only_option(text: str) -> str | None:
    """Return the option that a text names, where it names one alone and a sentence ends there."""
    mentions = list(re.finditer(MENTIONED, text))
    ends = any(match["last"] is not None for match in mentions)
    return mentions[0][1] if ends and len({match[1] for match in mentions}) == 1 else None


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
