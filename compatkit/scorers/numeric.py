"""Numeric: 1 if the number that the answer ends with is the reference's."""

import re
from decimal import Decimal
from typing import Annotated

from compatkit.errors import DataError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, flat_references, score_right
from compatkit.scorers.unread import count_unread

# Signs that set off thousands: comma, apostrophes, underscore, spaces that do not break, space.
THOUSANDS = ",'\u2019_\u00a0\u2009\u202f "
# Groups of three with one sign between them, unless more digits stand before or behind: a list.
GROUPS = "|".join(
    rf"(?<!\d{sign})[1-9]\d{{0,2}}(?:{sign}\d{{3}})+(?![{THOUSANDS}]?\d)" for sign in THOUSANDS
)
LAKHS = r"(?<!\d,)[1-9]\d?(?:,\d{2})+,\d{3}(?!,?\d)"  # 1,00,000
WHOLE = rf"(?:{LAKHS}|{GROUPS}|\d+)(?:\.\d+)?"
NUMBER = (  # compiled when a text is first read
    r"(?<![\w.])(?P<sign>[-\u2212+]?)[$\u20ac\u00a3\u00a5]?(?P<inner>[-\u2212]?)"
    rf"(?P<digits>{WHOLE}|\.\d+)(?:[eE](?P<exponent>[+-]?\d+))?"
    rf"|(?P<bare>{WHOLE})"
)
WITHOUT_THOUSANDS = str.maketrans("", "", THOUSANDS)
LARGEST_EXPONENT = 999
FINAL = "####"
NO_NUMBER = "predictions without a number: wrong"


def numeric(
    *,
    tolerance: Annotated[
        float, Option(least=0, help="the largest difference that counts as equal.")
    ] = 0.0,
) -> Scorer:
    """Score 1 if the last number of the prediction equals the reference's, else 0.

    A number after the last '####' (GSM8K's mark of the final answer) comes first. Currency
    signs do not count, nor does a comma, an apostrophe, an underscore or a single space
    between groups of three digits: 12,000 and 12 000 are 12000, and 1,2,3 ends with 3.
    Numbers are compared as decimals: 18, 18.0 and $18.00 are one answer, and no digit is
    lost. A number with an exponent beyond 999 is none.

    Args:
        tolerance: the largest absolute difference that still counts as equal.

    Raises:
        DataError: a reference without a number.

    Source: Cobbe et al. 2021 (arXiv 2110.14168), GSM8K: the final answer after '####'.
    """

    def score(rows: Predictions) -> Scored:
        answers = [None if text is None else find_number(text) for text in rows.prediction]
        accepted = _accepted(rows)
        notes = {NO_NUMBER: count_unread(answers, rows)}
        if tolerance == 0:
            return score_right(
                rows, answers, lambda texts: [accepted[text] for text in texts], notes
            )
        return _score_near(rows, answers, accepted, tolerance, notes)

    return Scorer("numeric", score, {"tolerance": tolerance})


def find_number(text: str) -> str | None:
    """Return the final number of a text in one way of writing, or None.

    >>> find_number("That is $1,250.50 in all.")
    '1250.5'
    >>> find_number("3 + 4 = 7 #### 8")
    '8'
    """
    if FINAL in text:
        marked = re.search(NUMBER, text[text.rindex(FINAL) + len(FINAL) :])
        if marked:
            return _plain(marked)
    last = None
    for last in re.finditer(NUMBER, text):  # noqa: B007
        pass
    return None if last is None else _plain(last)


def _plain(match: re.Match[str]) -> str | None:
    digits = (match["digits"] or match["bare"]).translate(WITHOUT_THOUSANDS)
    sign = "-" if {match["sign"], match["inner"]} & {"-", "\u2212"} else ""
    exponent = match["exponent"] or "0"
    if len(exponent.lstrip("+-0")) > len(str(LARGEST_EXPONENT)):
        return None
    value = Decimal(f"{sign}{digits}e{exponent}")
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _accepted(rows: Predictions) -> dict[str, str]:
    accepted: dict[str, str] = {}
    for row, references in enumerate(rows.references):
        for text in references:
            if text not in accepted:
                number = find_number(text)
                if number is None:
                    raise DataError(
                        f"{rows.name}:{rows.lines[row]}: the reference {text[:40]!r} holds no "
                        "number. Another --scorer may fit."
                    )
                accepted[text] = number
    return accepted


def _score_near(
    rows: Predictions,
    answers: list[str | None],
    accepted: dict[str, str],
    tolerance: float,
    notes: dict[str, int],
) -> Scored:
    flat, row_of = flat_references(rows)
    margin = Decimal(str(tolerance))
    right = {
        row
        for row, text in zip(row_of.tolist(), flat, strict=True)
        if (answer := answers[row]) is not None
        and abs(Decimal(answer) - Decimal(accepted[text])) <= margin
    }
    exact = score_right(rows, answers, lambda texts: [None] * len(texts), notes)
    exact.scores[list(right)] = 1.0
    return exact
