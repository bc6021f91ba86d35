"""Regex: 1 if what a pattern finds in the prediction is a reference."""

import re
from typing import Annotated

from compatkit.errors import ConfigError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, score_right
from compatkit.scorers.unread import count_unread

NO_MATCH = "predictions in which the pattern finds nothing: wrong"


def regex(
    *,
    pattern: Annotated[
        str | None,
        Option(metavar="REGEX", help="finds the answer; its first group, if any."),
    ] = None,
) -> Scorer:
    r"""Score 1 if the pattern's last match in the prediction equals any reference, else 0.

    The match is the pattern's first group, or the whole match where it has none; white space
    around it does not count. It is the answer that churn compares.

    Args:
        pattern: a regular expression of Python's `re`, such as `answer is (\w+)`.

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
        found = last[1] if compiled.groups else last[0]
        return None if found is None else str(found).strip()

    def score(rows: Predictions) -> Scored:
        answers = [find(text) for text in rows.prediction]
        notes = {NO_MATCH: count_unread(answers, rows)}
        return score_right(rows, answers, lambda texts: [text.strip() for text in texts], notes)

    return Scorer("regex", score, {"pattern": pattern})
