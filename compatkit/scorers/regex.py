"""Regex: 1 if what a pattern finds in the prediction is a reference."""

import re
from typing import Annotated

from compatkit.errors import ConfigError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.normalize import Normalize, normalize_column, normalize_rows
from compatkit.scorers.scorer import Scored, Scorer, score_right
from compatkit.scorers.unread import count_unread

NO_MATCH = "predictions in which the pattern finds nothing: wrong"


def regex(
    *,
    pattern: Annotated[
        str | None,
        Option(metavar="REGEX", help="finds the answer; the first of its groups that took part."),
    ] = None,
    normalize: Normalize = "none",
) -> Scorer:
    r"""Score 1 if the pattern's last match in the prediction equals any reference, else 0.

    The match is the first of the pattern's groups that took part, or the whole match where it
    has no group; white space around it does not count. It is the answer that churn compares.

    Args:
        pattern: a regular expression of Python's `re`, such as `answer is (\w+)`.
        normalize: `none` or `squad`, applied to the match and the references.

    Raises:
        ConfigError: no pattern, or one that does not compile.
    """
    if pattern is None:
        raise ConfigError("the scorer regex needs --pattern, such as 'answer is (\\w+)'.")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"--pattern {pattern!r} is no regular expression: {error}.") from error

    def find(text: str | None) -> str | None:
        last = None
        for last in compiled.finditer(text or ""):  # noqa: B007
            pass
        if last is None:
            return None
        if not compiled.groups:
            return str(last[0]).strip()
        return next((group.strip() for group in last.groups() if group is not None), None)

    def score(rows: Predictions) -> Scored:
        answers = [find(text) for text in rows.prediction]
        notes = {NO_MATCH: count_unread(answers, rows)}
        if normalize == "none":
            return score_right(rows, answers, lambda texts: [text.strip() for text in texts], notes)
        _, accepted, emptied = normalize_rows(rows, normalize)
        return score_right(
            rows, normalize_column(answers), lambda _: accepted, {**notes, **emptied}
        )

    return Scorer("regex", score, {"pattern": pattern, "normalize": normalize})
