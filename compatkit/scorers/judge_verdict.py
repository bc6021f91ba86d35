"""Judge verdict: what a judge's text says, on its scale."""

import re
from collections.abc import Sequence
from typing import Annotated

import numpy as np

from compatkit.errors import ConfigError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer

NOT_JUDGED = "texts of a judge without a verdict on the scale: left out"
SCALE = re.compile(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)")
NUMBER = r"(-?\d{1,6}(?:\.\d{1,6})?)"
RATING = re.compile(
    rf"\[\[\s*{NUMBER}\s*\]\]"
    rf"|(?i:rating|score|grade)[*_\"]*+\s*+(?:(?i:\bis\b|\bof\b)\s*+:?|[:=])[\s*_\"\[(]*+{NUMBER}"
    rf"(?![\d.]*\d)"
)
ALONE = re.compile(rf"[\s*_\"]*+{NUMBER}(?:\s*/\s*\d+)?[\s*_\"]*+\.?\s*+")
PAIRWISE = re.compile(
    r"\[\[\s*(?:(?P<one>[AB])\s*(?P<sign>=|>{1,2}|<{1,2})\s*(?P<other>(?!(?P=one))[AB])"
    r"|(?P<chosen>[ABC]|(?i:tie)))\s*\]\]"
)
TIES = {"C", "TIE"}


def verdict(
    *,
    scale: Annotated[
        str | None, Option(metavar="LOW-HIGH", help="from the worst rating to the best, as 1-10.")
    ] = None,
    winner: Annotated[
        str | None, Option(choices=("A", "B"), help="who is the model, of a judge of two.")
    ] = None,
) -> Scorer:
    """Score by the verdict that a judge's text ends with, on the scale that it was asked for.

    With `scale` the prediction is a rating: the last `[[7]]`, `Rating: 7` or `Score: 7/10`, or a
    text that is a number alone; the score is (rating - low) / (high - low). With `winner` it is
    a choice between two models: the last `[[A]]`, `[[B]]`, or `[[C]]` and `[[tie]]`, which are 1/2;
    also `[[A>B]]` and `[[A>>B]]`, which are one verdict, and `[[A=B]]`, a tie.
    No reference is needed. A text without a verdict, or with one beyond the scale such as -1, was
    not judged: it is neither right nor wrong, left out and counted, and so is a null one. The
    answer that churn compares is the verdict.

    Args:
        scale: the worst and the best rating, such as `1-10` or `0-1`.
        winner: which of the two, A or B, is the model that is looked at.

    Raises:
        ConfigError: neither scale nor winner, or both; a scale that is none.

    Source: Zheng et al. 2023 (arXiv 2306.05685), MT-Bench, for `[[rating]]` and `[[A]]`; Li et al.
    2024 (arXiv 2406.11939), Arena-Hard, for `[[A>>B]]`.
    """
    if (scale is None) == (winner is None):
        raise ConfigError(
            "the scorer verdict needs --scale LOW-HIGH for a judge that rates, or --winner A or B "
            "for one that compares two models."
        )
    low, high = (0.0, 1.0) if scale is None else _read_scale(scale)

    def score(rows: Predictions) -> Scored:
        verdicts = [_pairwise(t, winner or "A") if winner else _rating(t) for t in rows.prediction]
        judged = [value is not None and low <= value <= high for value in verdicts]
        scores = [
            0.0 if value is None or not right else (value - low) / (high - low)
            for value, right in zip(verdicts, judged, strict=True)
        ]
        answers = [
            f"{value:g}" if value is not None and right else None
            for value, right in zip(verdicts, judged, strict=True)
        ]
        return _scored(rows, scores, answers)

    options = {"scale": scale} if winner is None else {"winner": winner}
    return Scorer("verdict", score, options, continuous=True, needs_references=False)


def _read_scale(scale: str) -> tuple[float, float]:
    match = SCALE.fullmatch(scale.strip())
    if match is None or not float(match[1]) < float(match[2]):
        raise ConfigError(f"--scale is {scale!r}; LOW-HIGH was expected, as in 1-10.")
    return float(match[1]), float(match[2])


def _rating(text: str | None) -> float | None:
    """Return the rating that a text ends with, or None."""
    if text is None:
        return None
    alone = ALONE.fullmatch(text)
    if alone:
        return float(alone[1])
    ratings = [match[1] or match[2] for match in RATING.finditer(text)]
    return float(ratings[-1]) if ratings else None


def _pairwise(text: str | None, winner: str) -> float | None:
    """Return 1 for the model, 0 for the other, 1/2 for a tie, None for no verdict."""
    verdicts = [*PAIRWISE.finditer(text or "")]
    if not verdicts:
        return None
    last = verdicts[-1]
    chosen = (last["chosen"] or "").upper()
    if chosen in TIES or last["sign"] == "=":
        return 0.5
    if last["sign"]:
        chosen = last["one"] if last["sign"][0] == ">" else last["other"]
    return float(chosen == winner)


def _scored(rows: Predictions, scores: list[float], answers: Sequence[str | None]) -> Scored:
    lost = [answer is None for answer in answers]
    examples = (text for text, gone in zip(rows.prediction, lost, strict=True) if gone and text)
    count = sum(lost)
    return Scored(
        np.array(scores),
        list(answers),
        {NOT_JUDGED: count} if count else {},
        {NOT_JUDGED: first} if (first := next(examples, None)) else {},
        np.array(lost, np.bool_),
    )
