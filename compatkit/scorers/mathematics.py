"""Mathematics: 1 if the expression that the answer gives equals the reference's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Struct

from compatkit.extras import require_extra
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer
from compatkit.scorers.unread import count_unread
from compatkit.scorers.unseen import leave_out_unseen

if TYPE_CHECKING:
    from compatkit.scorers.math_process import MathProcess

NO_EXPRESSION = "predictions without an expression: wrong"
TOO_SLOW = "predictions that take more than {:g} CPU seconds to read and compare: wrong"
FAILED = "predictions that the library cannot compare: wrong"
NOT_AN_EXPRESSION = "references are no expression: left out where there is no other"


def math(
    *,
    time_limit: Annotated[
        float, Option(above=0, most=3600, help="the CPU seconds that one answer may take.")
    ] = 3.0,
) -> Scorer:
    r"""Score 1 if the last expression of the prediction equals the reference's, else 0.

    Expressions are read and compared by math-verify: numbers, fractions, roots, percent (50 % is
    0.5 and 50 as well), tuples, sets, intervals, matrices, equations; `\frac{1}{2}` is 0.5, and
    `x = 5` is 5. What is boxed counts (several boxes are a set), else the last mathematics between
    dollar signs, else the last number. A text that is an expression alone, in which no letters
    stand in a row, is mathematics whole: `\sqrt{2}`, `(3, 5)`. What stands before the last `####`
    of a reference does not count; an example whose reference is words or anything else that is no
    expression is left out and counted. The answer that churn compares is the value; one that is
    right is the reference's.

    Expressions are handled in a process of their own, which the operating system ends where one
    answer takes longer than the time limit.

    Args:
        time_limit: the CPU seconds that reading one answer and comparing it may take; longer is
            wrong, and counted.

    Raises:
        MissingExtraError: math-verify is not installed.

    Source: math-verify; Hendrycks et al. 2021 (arXiv 2103.03874), MATH, for `\boxed{}`.
    """
    require_extra("math")
    from compatkit.scorers.math_process import MathProcess  # noqa: PLC0415  (start-up time)

    process = MathProcess(time_limit)

    def score(rows: Predictions) -> Scored:
        readable = {
            text: bool((process.judge(None, text) or {}).get("readable"))
            for text in sorted({text for texts in rows.references for text in texts})
        }
        judged: dict[tuple[str, tuple[str, ...]], _Judged] = {}
        outcomes = []
        for text, references in zip(rows.prediction, rows.references, strict=True):
            accepted = tuple(reference for reference in references if readable[reference])
            if text is None:
                outcomes.append(_Judged())
                continue
            if (text, accepted) not in judged:
                judged[text, accepted] = _judge(process, text, accepted)
            outcomes.append(judged[text, accepted])
        return leave_out_unseen(
            _scored(outcomes, rows, time_limit), rows, readable.__getitem__, NOT_AN_EXPRESSION
        )

    from importlib.metadata import version  # noqa: PLC0415  (start-up time)

    options = {"math_verify": version("math-verify"), "time_limit": time_limit}
    return Scorer("math", score, options)


class _Judged(Struct, frozen=True):
    """What became of one answer: its value, whether it is right, and what kept it from either."""

    answer: str | None = None
    right: bool = False
    slow: bool = False
    failed: bool = False


def _judge(process: "MathProcess", text: str, accepted: Sequence[str]) -> _Judged:
    """Judge an answer by the references that can be read; the best counts."""
    best: _Judged | None = None
    for reference in accepted:
        result = process.judge(text, reference)
        if result is None:
            judged = _Judged(slow=True)
        elif "right" not in result:
            judged = _Judged(failed=True)
        else:
            judged = _Judged(result["answer"], result["right"])
        if judged.right:
            return judged
        best = judged if best is None or best.answer is None else best
    return best or _Judged()


def _scored(judged: Sequence[_Judged], rows: Predictions, time_limit: float) -> Scored:
    answers = [one.answer for one in judged]
    slow, failed = (sum(getattr(one, what) for one in judged) for what in ("slow", "failed"))
    notes = {
        NO_EXPRESSION: count_unread(answers, rows) - slow - failed,
        TOO_SLOW.format(time_limit): slow,
        FAILED: failed,
    }
    return Scored(
        np.array([one.right for one in judged], np.float64),
        answers,
        {note: count for note, count in notes.items() if count},
    )
