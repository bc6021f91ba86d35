"""Numeric: 1 if the number that the answer ends with is the reference's."""

import re
from decimal import Decimal

from compatkit.errors import ConfigError, DataError
from compatkit.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, flat_references, score_right

NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-\u2212+]?)[$\u20ac\u00a3\u00a5]?(?P<inner>[-\u2212]?)"
    r"(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)(?P<exponent>[eE][+-]?\d{1,3})?"
    r"|(?P<bare>\d[\d,]*(?:\.\d+)?)"
)
FINAL = "####"
NO_NUMBER = "predictions without a number: wrong"


def numeric(*, tolerance: float = 0.0) -> Scorer:
    """Score 1 if the last number of the prediction equals the reference's, else 0.

    A number after the last '####' (GSM8K's mark of the final answer) comes first. Commas
    between digits and currency signs do not count. Numbers are compared as decimals: 18,
    18.0 and $18.00 are one answer, and no digit is lost.

    Args:
        tolerance: the largest absolute difference that still counts as equal.

    Raises:
        ConfigError: a tolerance below 0.
        DataError: a reference without a number.

    Source: Cobbe et al. 2021 (arXiv 2110.14168), GSM8K: the final answer after '####'.
    """
    if not 0 <= tolerance < float("inf"):
        raise ConfigError(f"--tolerance is {tolerance}; 0 or more was expected.")

    def score(rows: Predictions) -> Scored:
        answers = [None if text is None else find_number(text) for text in rows.prediction]
        unread = sum(
            answer is None and text is not None
            for answer, text in zip(answers, rows.prediction, strict=True)
        )
        accepted = _accepted(rows)
        notes = {NO_NUMBER: unread}
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
        marked = NUMBER.search(text[text.rindex(FINAL) + len(FINAL) :])
        if marked:
            return _plain(marked)
    last = None
    for last in NUMBER.finditer(text):  # noqa: B007
        pass
    return None if last is None else _plain(last)


def _plain(match: re.Match[str]) -> str:
    digits = (match["digits"] or match["bare"]).replace(",", "")
    sign = "-" if {match["sign"], match["inner"]} & {"-", "\u2212"} else ""
    value = Decimal(sign + digits + (match["exponent"] or ""))
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
