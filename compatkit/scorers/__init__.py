"""Scorers: each is made with its options and turns a batch of rows into scores.

To add one: a file with one function that returns a `Scorer`, its keyword-only arguments
the options and its docstring the documentation, and a line in `SCORERS`. An option's help, and
its range, stand beside its type: `Annotated[float, Option(least=0, help="...")]`; the flag, the
policy's key and the check follow. `make docs` writes down what the signatures declare, so that a
scorer's file is loaded when it scores.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from compatkit.on_demand import import_each

if TYPE_CHECKING:
    from compatkit.scorers.scorer import Scorer

SCORERS: Mapping[str, Callable[..., "Scorer"]] = import_each(
    {
        "exact_match": "compatkit.scorers.exact_match:exact_match",
        "choice": "compatkit.scorers.choice:choice",
        "choices": "compatkit.scorers.answer_sets:choices",
        "numeric": "compatkit.scorers.numeric:numeric",
        "math": "compatkit.scorers.mathematics:math",
        "contains": "compatkit.scorers.contains:contains",
        "regex": "compatkit.scorers.regex:regex",
        "set": "compatkit.scorers.answer_sets:item_set",
        "json": "compatkit.scorers.json_equality:json",
        "tool_calls": "compatkit.scorers.tool_calls:tool_calls",
        "tokens": "compatkit.scorers.sequences:tokens",
        "entities": "compatkit.scorers.sequences:entities",
        "token_f1": "compatkit.scorers.token_f1:token_f1",
        "rouge1": "compatkit.scorers.rouge:rouge1",
        "rouge2": "compatkit.scorers.rouge:rouge2",
        "rougeL": "compatkit.scorers.rouge:rouge_l",
        "rougeLsum": "compatkit.scorers.rouge:rouge_lsum",
        "bleu": "compatkit.scorers.sacrebleu_scores:bleu",
        "chrf": "compatkit.scorers.sacrebleu_scores:chrf",
        "ter": "compatkit.scorers.sacrebleu_scores:ter",
        "verdict": "compatkit.scorers.judge_verdict:verdict",
        "field": "compatkit.scorers.field:field",
    }
)
