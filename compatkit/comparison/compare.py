"""Compare models: make the comparisons of the files of one task."""

from collections.abc import Sequence
from typing import Any

from compatkit.comparison.checked_options import Options
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.comparisons import Comparisons
from compatkit.comparison.finding import find_where
from compatkit.comparison.measurement import measure_files
from compatkit.comparison.names import give_names, name_files
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError
from compatkit.metrics.p_values import correct
from compatkit.readers.address import Place
from compatkit.record import replace


def compare(old: Any, new: Any = None, *, old_rerun: Any = None, **options: Any) -> Comparison:
    """Compare a new model's predictions with an old one's on the same examples.

    Args:
        old: a path, a list of mappings, a frame of pandas or polars, a table of Arrow or a
            `datasets.Dataset`; a path is a prediction file, or a harness's log or folder that
            holds one task, here or at an address such as `s3://bucket/new.jsonl`.
        new: the same; None where `old` holds the predictions of both models, and
            `old_fields` and `new_fields`, or `old_where` and `new_where`, tell them apart.
        old_rerun: a second run of the old model, for the noise floor of its flips.
        options: see `make_options`.

    Returns:
        The comparison: counts, metrics with intervals, slices, flipped examples, signature.

    Raises:
        DataError: a file that cannot be read, or rows that cannot be compared.
        ConfigError: a wrong option.

    >>> from compatkit import compare
    >>> old = [{"id": "a", "prediction": "4", "reference": "4"},
    ...        {"id": "b", "prediction": "6", "reference": "6"}]
    >>> new = [{"id": "a", "prediction": "4", "reference": "4"},
    ...        {"id": "b", "prediction": "7", "reference": "6"}]
    >>> compare(old, new).negative_flip_rate
    0.5
    """
    made = make_options(**options)
    return compare_files(old, made.find_new(old, new)[:1], made, old_rerun=old_rerun)[0]


def compare_candidates(
    old: Any,
    candidates: Sequence[Any] | None = None,
    *,
    old_rerun: Any = None,
    task: str = "",
    **options: Any,
) -> Comparisons:
    """Compare several candidates with one old model, on the examples that all have.

    The first candidate is the new model; the others carry the metrics of the family
    `candidate` too: what they change against it.

    Args:
        old: the old model's predictions.
        candidates: the new model's, then those of further candidates; None where `old` holds all of
            them, and `new_where`, or `new_fields`, is a list that tells them apart.
        old_rerun: a second run of the old model.
        task: the task's name in reports.
        options: see `make_options`.

    Returns:
        A comparison per candidate, in their order.

    Raises:
        DataError: a file that cannot be read, or rows that cannot be compared.
        ConfigError: a wrong option.
    """
    how = make_options(**options)
    candidates = how.find_new(old) if candidates is None else candidates
    if isinstance(candidates, str | Place) or not candidates:
        wanted = "a list of them was expected, the new model's first"
        raise ConfigError(f"candidates is {candidates!r}; {wanted}.")
    return Comparisons(compare_files(old, candidates, how, old_rerun=old_rerun, task=task))


def compare_files(
    old: Any,
    candidates: Sequence[Any],
    options: Options,
    *,
    old_rerun: Any = None,
    task: str = "",
    beside: bool = False,
) -> list[Comparison]:
    """Compare with options that were checked; see `compare_candidates`.

    A field to slice by that the task lacks is noted where others stand beside it, else refused.
    """
    measurement = measure_files(old, candidates, options, old_rerun, task, beside=beside)
    results = [measurement.comparison(number) for number in range(1, len(candidates) + 1)]
    if not beside:
        refuse_no_margin(results, options)
        results = find_where(results, options.plan)
    models = [side.file for side in measurement.sides[: 1 + len(candidates)]]
    return give_names(correct_tests(results, options.correction), name_files(models))


def refuse_no_margin(results: Sequence[Comparison], options: Options) -> None:
    """Refuse a margin of close calls where no comparison has an old margin.

    Raises:
        ConfigError: naming the old models' files.
    """
    if options.close_margin is None or any(result.close_margin for result in results):
        return
    names = ", ".join(dict.fromkeys(result.old for result in results))
    raise ConfigError(
        f"close_margin is of likelihoods of choices, and {names} holds none that are compared. "
        "Leave --close-margin out."
    )


def correct_tests(results: Sequence[Comparison], correction: str) -> list[Comparison]:
    """Correct the tests of several comparisons together."""
    corrected = correct([result.tests for result in results], correction)
    return [replace(result, tests=tests) for result, tests in zip(results, corrected, strict=True)]
