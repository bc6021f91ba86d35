"""Scorers: each is made with its options and turns a batch of rows into scores.

To add one: a file with one function that returns a `Scorer`, its keyword-only arguments
the options and its docstring the documentation, and a line in `SCORERS`. An option's help, and
its range, stand beside its type: `Annotated[float, Option(least=0, help="...")]`; the flag, the
policy's key and the check follow.
"""

from collections.abc import Callable
from functools import partial

from compatkit.scorers.answer_sets import choices, item_set
from compatkit.scorers.choice import choice
from compatkit.scorers.contains import contains
from compatkit.scorers.exact_match import exact_match
from compatkit.scorers.field import field
from compatkit.scorers.json_equality import json
from compatkit.scorers.judge_verdict import verdict
from compatkit.scorers.mathematics import math
from compatkit.scorers.numeric import numeric
from compatkit.scorers.regex import regex
from compatkit.scorers.rouge import rouge
from compatkit.scorers.sacrebleu_scores import bleu, chrf, ter
from compatkit.scorers.scorer import Scorer
from compatkit.scorers.sequences import entities, tokens
from compatkit.scorers.token_f1 import token_f1
from compatkit.scorers.tool_calls import tool_calls

SCORERS: dict[str, Callable[..., Scorer]] = {
    "exact_match": exact_match,
    "choice": choice,
    "choices": choices,
    "numeric": numeric,
    "math": math,
    "contains": contains,
    "regex": regex,
    "set": item_set,
    "json": json,
    "tool_calls": tool_calls,
    "tokens": tokens,
    "entities": entities,
    "token_f1": token_f1,
    "rouge1": partial(rouge, "rouge1"),
    "rouge2": partial(rouge, "rouge2"),
    "rougeL": partial(rouge, "rougeL"),
    "rougeLsum": partial(rouge, "rougeLsum"),
    "bleu": bleu,
    "chrf": chrf,
    "ter": ter,
    "verdict": verdict,
    "field": field,
}
