"""Tool calls: 1 if the answer calls what the reference calls."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial as partial_of
from typing import Annotated

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.json_compare import Comparer
from compatkit.scorers.json_text import write_json
from compatkit.scorers.scorer import Scored, Scorer, score_pairs
from compatkit.scorers.tool_call_text import Call, NoCallsError, find_calls
from compatkit.scorers.unseen import leave_out_unseen

IN_ORDER, ANY_ORDER, F1 = "in-order", "any-order", "f1"
CALLS = (IN_ORDER, ANY_ORDER, F1)
UNREADABLE = "predictions begin a call that cannot be read: wrong"
NO_CALLS = "references speak of no call: left out where there is no other"


def tool_calls(
    *,
    calls: Annotated[
        str, Option(choices=CALLS, help="equal in order, in any order, or the F1 of calls.")
    ] = IN_ORDER,
    ignore_arguments: Annotated[
        bool, Option(help="compare the names of the functions alone.")
    ] = False,
) -> Scorer:
    """Score 1 if the prediction makes the reference's calls of functions, else 0.

    Read are messages and calls of OpenAI, Anthropic and Hugging Face's chat templates as JSON
    (`tool_calls`, `function_call`, `tool_use`, `{"name": ..., "arguments": ...}`), the marks
    `<tool_call>`, `[TOOL_CALLS]`, `<|python_tag|>`, `<function=NAME>`, and Python's notation
    `[f(city="Paris")]`. Arguments are compared as the scorer `json` compares: by value, whatever
    their order. A text without a call calls nothing, which is right where the reference calls
    nothing (`[]`). A call that cannot be read is no answer and wrong, and counted; an example
    whose reference speaks of no call is left out and counted. The answer that churn compares is
    the calls in one way of writing.

    Args:
        calls: `in-order`; `any-order`, as often as each is made; or `f1`, 2 S / (n + m) for n and m
            calls, where S is the largest sum over pairs of calls of one name, each of which adds
            the share of equal leaves of its arguments (see `json`); 1 where neither calls.
        ignore_arguments: two calls are equal if their names are.

    Source: Patil et al. 2024 (arXiv 2305.15334), for calls compared by what they hold instead of
        by their text.
    """

    def write(call: Call) -> str:
        return call.name if ignore_arguments else f"{call.name}({write_json(call.arguments)})"

    measure: Callable[[Sequence[Call], Sequence[Call]], float] = {
        IN_ORDER: lambda one, other: float(list(map(write, one)) == list(map(write, other))),
        ANY_ORDER: lambda one, other: float(Counter(map(write, one)) == Counter(map(write, other))),
        F1: lambda one, other: _f1(one, other, ignore_arguments=ignore_arguments),
    }[calls]

    score = partial_of(_score, measure=measure, write=write, ordered=calls == IN_ORDER)
    options = {"calls": calls, "ignore_arguments": ignore_arguments}
    return Scorer("tool_calls", score, options, continuous=calls == F1, reads_lists=True)


def _score(
    rows: Predictions,
    *,
    measure: Callable[[Sequence[Call], Sequence[Call]], float],
    write: Callable[[Call], str],
    ordered: bool,
) -> Scored:
    """Score a batch; `write` makes equal calls one text."""
    made = {text: _find(text) for text in rows.prediction if text is not None}
    wanted = {text: _wanted(text) for texts in rows.references for text in texts}

    def score_pair(text: str, reference: str) -> float:
        one, other = made[text], wanted[reference]
        return 0.0 if one is None or other is None else measure(one, other)

    def score_columns(texts: Sequence[str], references: Sequence[str]) -> FloatArray:
        return np.array(list(map(score_pair, texts, references)), np.float64)

    def answer(text: str | None) -> str | None:
        calls = None if text is None else made[text]
        if calls is None:
            return None
        texts = map(write, calls)
        return "; ".join(texts if ordered else sorted(texts))

    unreadable = sum(text is not None and made[text] is None for text in rows.prediction)
    notes = {UNREADABLE: unreadable} if unreadable else {}
    scored = Scored(score_pairs(rows, score_columns), list(map(answer, rows.prediction)), notes)
    return leave_out_unseen(scored, rows, lambda text: wanted[text] is not None, NO_CALLS)


def _find(text: str) -> list[Call] | None:
    """Return the calls of a prediction: none where it speaks of none, None where one is broken."""
    try:
        return find_calls(text) or []
    except NoCallsError:
        return None


def _wanted(text: str) -> list[Call] | None:
    try:
        return find_calls(text)
    except NoCallsError:
        return None


def _f1(one: Sequence[Call], other: Sequence[Call], *, ignore_arguments: bool) -> float:
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    if not (one and other):
        return float(not (one or other))
    share = Comparer().share
    gain = np.array(
        [
            [
                (1.0 if ignore_arguments else share(left.arguments, right.arguments))
                if left.name == right.name
                else 0.0
                for right in other
            ]
            for left in one
        ]
    )
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return float(2 * gain[rows, columns].sum() / (len(one) + len(other)))
