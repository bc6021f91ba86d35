"""Make: a scorer of its name and options."""

import inspect
from collections.abc import Callable, Mapping

from compatkit.errors import ConfigError
from compatkit.scorers import SCORERS
from compatkit.scorers.answer_text import read_answers
from compatkit.scorers.declared import READING, SCORER_OPTIONS, takers
from compatkit.scorers.scorer import Scorer
from compatkit.spelling import suggest


def make_scorer(scorer: str | Scorer | Callable[..., object], **options: object) -> Scorer:
    """Make a scorer.

    Args:
        scorer: a name in `SCORERS`, `field:NAME`, `evaluate:NAME` (see
            `compatkit.scorers.evaluate_metric`), `module:function`, a function of two columns
            (see `compatkit.scorers.own`), or a `Scorer`.
        options: those that the scorer takes; None counts as not given.

    Raises:
        ConfigError: an unknown name, or an option that the scorer does not take.
    """
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for option in given.keys() & SCORER_OPTIONS.keys():
        SCORER_OPTIONS[option].check(given[option])
    reading = {name: given.pop(name) for name in READING if name in given}
    made = _make(scorer, given)
    if made.needs_prediction and not (made is scorer and made.options.keys() & READING):
        return read_answers(made, **reading)  # type: ignore[arg-type]
    if reading:
        raise ConfigError(_not_taken(made.name, next(iter(reading))))
    return made


def _make(scorer: str | Scorer | Callable[..., object], options: Mapping[str, object]) -> Scorer:
    name, colon, path = scorer.partition(":") if isinstance(scorer, str) else ("", "", "")
    if name in SCORERS and (name == "field" or not colon):
        for option in options:
            # What is no option of the scorer's own may still be one of every comparison.
            if option not in inspect.signature(SCORERS[name]).parameters:
                raise ConfigError(_not_taken(str(scorer), option))
        return SCORERS[name](*([path] if name == "field" else []), **options)
    if options:
        name = scorer if isinstance(scorer, str) else getattr(scorer, "__name__", "this scorer")
        raise ConfigError(_not_taken(name, next(iter(options))))
    if isinstance(scorer, Scorer):
        return scorer
    if not isinstance(scorer, str):
        from compatkit.scorers.own import make_own  # noqa: PLC0415  (start-up time)

        return make_own(getattr(scorer, "__name__", "function"), scorer)
    if scorer.partition(":")[0] == "evaluate":
        from compatkit.scorers.evaluate_metric import (  # noqa: PLC0415  (start-up time)
            load_evaluate_metric,
        )

        return load_evaluate_metric(scorer)
    if ":" in scorer:
        from compatkit.scorers.own import load_own  # noqa: PLC0415  (start-up time)

        return load_own(scorer)
    every = f"there are {', '.join(SCORERS)}, and module:function for your own."
    raise ConfigError(f"no scorer {scorer!r}; {suggest(scorer, SCORERS, every)}")


def _not_taken(scorer: str, option: str) -> str:
    owners = takers(option)
    hint = f"it belongs to {', '.join(owners)}" if owners else "no scorer takes it"
    return f"the scorer {scorer} has no option {option!r}; {hint}."
