"""Scorers: each is made with its options and turns a batch of rows into scores.

To add one: a file with one function that returns a `Scorer`, its keyword-only arguments
the options and its docstring the documentation, and a line in `SCORERS`.
"""

import inspect
from collections.abc import Callable
from functools import partial

from compatkit.errors import ConfigError
from compatkit.scorers.choice import choice
from compatkit.scorers.contains import contains
from compatkit.scorers.evaluate_metric import load_evaluate_metric
from compatkit.scorers.exact_match import exact_match
from compatkit.scorers.field import field
from compatkit.scorers.numeric import numeric
from compatkit.scorers.own import load_own, make_own
from compatkit.scorers.regex import regex
from compatkit.scorers.rouge import rouge
from compatkit.scorers.sacrebleu_scores import bleu, chrf, ter
from compatkit.scorers.scorer import Scored, Scorer
from compatkit.scorers.token_f1 import token_f1

__all__ = ["SCORERS", "Scored", "Scorer", "make_scorer", "scorer_options"]

SCORERS: dict[str, Callable[..., Scorer]] = {
    "exact_match": exact_match,
    "choice": choice,
    "numeric": numeric,
    "contains": contains,
    "regex": regex,
    "token_f1": token_f1,
    "rouge1": partial(rouge, "rouge1"),
    "rouge2": partial(rouge, "rouge2"),
    "rougeL": partial(rouge, "rougeL"),
    "rougeLsum": partial(rouge, "rougeLsum"),
    "bleu": bleu,
    "chrf": chrf,
    "ter": ter,
    "field": field,
}


def scorer_options(name: str) -> tuple[str, ...]:
    """Return the options that a scorer of the table takes, by name."""
    parameters = inspect.signature(SCORERS[name]).parameters.values()
    return tuple(each.name for each in parameters if each.kind is each.KEYWORD_ONLY)


def make_scorer(scorer: str | Scorer | Callable[..., object], **options: object) -> Scorer:
    """Make a scorer.

    Args:
        scorer: a name in `SCORERS`, `field:NAME`, `evaluate:NAME` (see
            `compatkit.scorers.evaluate_metric`), `module:function`, a function of two columns
            (see `compatkit.scorers.own`), or a `Scorer`, which stays as it is.
        options: those that the scorer takes; None counts as not given.

    Raises:
        ConfigError: an unknown name, or an option that the scorer does not take.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(scorer, str) and scorer in SCORERS and scorer != "field":
        known = scorer_options(scorer)
        for option in given:
            if option not in known:
                raise ConfigError(_not_taken(scorer, option))
        return SCORERS[scorer](**given)
    if given:
        name = scorer if isinstance(scorer, str) else getattr(scorer, "__name__", "this scorer")
        raise ConfigError(_not_taken(name, next(iter(given))))
    if isinstance(scorer, Scorer):
        return scorer
    if not isinstance(scorer, str):
        return make_own(getattr(scorer, "__name__", "function"), scorer)
    if scorer.partition(":")[0] == "field":
        return field(scorer.partition(":")[2])
    if scorer.partition(":")[0] == "evaluate":
        return load_evaluate_metric(scorer)
    if ":" in scorer:
        return load_own(scorer)
    raise ConfigError(
        f"no scorer {scorer!r}; there are {', '.join(SCORERS)}, and module:function for your own."
    )


def _not_taken(scorer: str, option: str) -> str:
    takers = [name for name in SCORERS if option in scorer_options(name)]
    hint = f"it belongs to {', '.join(takers)}" if takers else "no scorer takes it"
    return f"the scorer {scorer} has no option {option!r}; {hint}."
