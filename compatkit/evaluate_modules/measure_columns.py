"""Measure columns: from checked columns and options to the numbers of a module."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from compatkit.comparison.compare import compare_files
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.option_table import OPTIONS
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError
from compatkit.evaluate_modules import MODULES, Module
from compatkit.evaluate_modules.columns import (
    COLUMNS,
    NEW,
    OLD,
    REFERENCES,
    check_alike,
    check_lengths,
    check_scores,
    check_values,
)
from compatkit.option import EVALUATE
from compatkit.predictions.fields import Columns
from compatkit.readers.prediction_file import PredictionFile, open_predictions
from compatkit.record import replace
from compatkit.scorers.declared import SCORER_OPTIONS

# Of `make_options`; the others are about files.
MEASURE_OPTIONS = tuple(
    name
    for name, option in OPTIONS.items()
    if EVALUATE in option.places and name not in SCORER_OPTIONS
)
# What stands beside the metrics in the result.
EXTRAS = ("intervals", "counts", "tests", "signature")

Result = dict[str, float | int | str | None]


def measure_columns(
    name: str, columns: Mapping[str, list[Any]], options: Mapping[str, Any]
) -> Result:
    """Return what a module computes.

    Args:
        name: the module's name.
        columns: `old_predictions`, `predictions` and `references`, plain values.
        options: those of `compute`.

    Returns:
        Names to floats and whole numbers, None where undefined; the signature is a text.

    Raises:
        DataError: columns that cannot be compared.
        ConfigError: a wrong option.
    """
    module = MODULES[name]
    given = {key: value for key, value in options.items() if value is not None}
    extras = {extra: _flag(extra, given.pop(extra, False)) for extra in EXTRAS}
    scorer = _choose_scorer(name, module, given)
    comparison = compare_columns(
        columns,
        scorer,
        resample=extras["intervals"] or extras["tests"],
        signature=extras["signature"],
        **given,
    )
    return _result(module, comparison, extras)


def compare_columns(
    columns: Mapping[str, list[Any]],
    scorer: Any = None,
    *,
    resample: bool = False,
    signature: bool = False,
    **options: Any,
) -> Comparison:
    """Compare two columns of predictions, by position; see `measure_columns`.

    Args:
        columns: as there.
        scorer: None for exact match, or for scores where there are no references.
        resample: make the intervals and tests of scores.
        signature: hash the columns, so that the signature is that of `compatkit.compare`.
        options: of `make_options`.
    """
    check_lengths({name: columns[name] for name in COLUMNS})
    given = check_values(columns)
    if not given and scorer is not None:
        raise ConfigError(
            "references are missing: the predictions are scored by them. Without references, and "
            "without a scorer, predictions are taken for scores."
        )
    if given:
        made = make_options(
            "exact_match" if scorer is None else scorer,
            by_position=True,
            keep_flips=False,
            **options,
        )
        if made.scorer.name == "exact_match":
            check_alike(columns)
    else:
        made = make_options("field:score", by_position=True, keep_flips=False, **options)
        check_scores(columns, options.get("threshold"))
    made = replace(made, plan=replace(made.plan, resample=resample))
    sides = [_side(name, columns, given, signature) for name in (OLD, NEW)]
    return compare_files(sides[0], sides[1:], made)[0]


def _side(
    name: str, columns: Mapping[str, list[Any]], references: bool, signature: bool
) -> PredictionFile:
    """Make a file of one model's column; its digest, which costs time, only for the signature."""
    if references:
        rows = Columns({"prediction": columns[name], "reference": columns[REFERENCES]})
    else:
        rows = Columns({"score": columns[name]})
    if signature:
        return replace(open_predictions(list(rows), name=name), data=rows)
    return PredictionFile(name, f"not taken: {name}", "memory", None, rows)


def _choose_scorer(name: str, module: Module, options: dict[str, Any]) -> Any:
    """Take the scorer out of the options, and refuse options that the module does not take."""
    taken = {*MEASURE_OPTIONS, *SCORER_OPTIONS, module.scorer_option} - {""}
    for option in options:
        if option not in taken:
            listed = ", ".join([*filter(None, [module.scorer_option]), *MEASURE_OPTIONS, *EXTRAS])
            raise ConfigError(
                f"the module {name} has no option {option!r}; there are {listed}, and the options "
                "of its scorer."
            )
    default = module.scorers[0] if module.scorers else None
    scorer = options.pop(module.scorer_option, default)
    if module.scorers and scorer not in module.scorers:
        raise ConfigError(
            f"{module.scorer_option} is {scorer!r}; one of {', '.join(module.scorers)} was "
            "expected."
        )
    if isinstance(scorer, str) and scorer.partition(":")[0] == "field":
        raise ConfigError(
            f"the scorer {scorer} reads a file. Give the scores as predictions, without references."
        )
    return scorer


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}; True or False was expected.")
    return value


def _result(module: Module, comparison: Comparison, extras: Mapping[str, bool]) -> Result:
    measured = {name: comparison.metrics[name] for name in module.metrics}
    result: Result = {name: metric.value for name, metric in measured.items()}
    if extras["intervals"]:
        for name, metric in measured.items():
            result |= {f"{name}_low": metric.low, f"{name}_high": metric.high}
    counts = {
        name: count for name, count in asdict(comparison.counts).items() if isinstance(count, int)
    }
    result |= counts if extras["counts"] else {name: counts[name] for name in module.counts}
    if extras["tests"]:
        result |= {f"p_value_{name}": test.p_value for name, test in comparison.tests.items()}
    if extras["signature"]:
        result["signature"] = comparison.signature
    return result
