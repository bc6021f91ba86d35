"""Columns: what users of evaluate give, as lists of plain Python values, checked.

Examples are counted from 1 in messages, as rows of files are.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Any

from compatkit.errors import ConfigError, DataError

OLD, NEW, REFERENCES = "old_predictions", "predictions", "references"
COLUMNS = (OLD, NEW, REFERENCES)
PLAIN = (str, int, float, bool, type(None))
NUMBERS = (int, float, bool)


def to_column(name: str, values: Any) -> list[Any]:
    """Make a list of plain values of a list, tuple, NumPy array, torch tensor, pandas series...

    Args:
        name: what messages call the column.
        values: one value per example.

    Raises:
        DataError: there is nothing, a single text, a mapping, a scalar, a set, which has no
            order, a table, or predictions of more than one dimension.
    """
    if values is None:
        raise DataError(
            f"{name} are missing; compute(old_predictions=..., predictions=..., references=...) "
            "takes one value per example in each."
        )
    unfit = isinstance(values, str | bytes | Mapping | set | frozenset) or not isinstance(
        values, Iterable
    )
    if unfit or hasattr(values, "columns"):  # a DataFrame's iteration gives the names alone
        raise _no_column(name, values)
    shape = tuple(getattr(values, "shape", ()))
    if name != REFERENCES and len(shape) > 1:
        raise DataError(
            f"{name} have shape {shape}; one answer per example was expected, in one dimension. "
            "Of logits take the argmax."
        )
    held: Any = values
    if hasattr(held, "notna"):  # pandas writes null as NaN
        held = held.astype(object).where(held.notna(), None)
    for method in ("tolist", "to_pylist"):
        if hasattr(held, method):
            column = getattr(held, method)()
            if not isinstance(column, list):
                raise _no_column(name, values)
            return _plain_values(column)
    return _plain_values(list(held))


def _no_column(name: str, values: Any) -> DataError:
    return DataError(
        f"{name} is a {type(values).__name__}; a list, an array or a tensor with one value per "
        "example was expected."
    )


def _plain_values(column: list[Any]) -> list[Any]:
    """Replace NumPy's and torch's scalars and arrays within a list by Python's."""
    kinds = set(map(type, column))
    if kinds <= set(PLAIN):
        return column
    if kinds == {list} and set(map(type, chain.from_iterable(column))) <= set(PLAIN):
        return column
    return [_plain(value) for value in column]


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.tolist() if hasattr(value, "tolist") else value


def check_lengths(columns: Mapping[str, Sequence[Any]]) -> None:
    """Refuse columns of different lengths.

    Raises:
        DataError: naming the first two that differ.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    (first, expected), *others = lengths.items()
    for name, length in others:
        if length != expected:
            raise DataError(
                f"{first} have {expected} values and {name} have {length}; one value per example "
                "was expected in each."
            )


def check_values(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Check the values of columns of equal length; return whether there are references.

    Raises:
        DataError: no examples, a value of no use, or an example without a reference.
    """
    if not columns[NEW]:
        raise DataError("there are no examples: predictions are empty.")
    for name in (OLD, NEW):
        _check_answers(name, columns[name])
    references = columns[REFERENCES]
    if _are_texts(references):
        return True
    if references.count(None) == len(references) or not any(map(_has_reference, references)):
        return False
    for row, value in enumerate(references, 1):
        if not _has_reference(value):
            raise DataError(
                f"{REFERENCES}:{row}: {value!r} is no reference, and other examples have one. "
                "Give every example a text, a number, or a list of several."
            )
        for reference in value if isinstance(value, list) else [value]:
            if not isinstance(reference, PLAIN):
                raise DataError(
                    f"{REFERENCES}:{row}: a {type(reference).__name__}; a text, a number, or a "
                    "list of these was expected."
                )
    return True


def _are_texts(references: Sequence[Any]) -> bool:
    """Tell columns of texts and numbers, or of lists of these, without a look at each example."""
    kinds = set(map(type, references))
    if kinds == {list} and all(references):
        kinds = set(map(type, chain.from_iterable(references)))
    return kinds <= {str, *NUMBERS}


def _has_reference(value: Any) -> bool:
    return any(part is not None for part in value) if isinstance(value, list) else value is not None


def _check_answers(name: str, column: Sequence[Any]) -> None:
    if set(map(type, column)) <= set(PLAIN):
        return
    for row, value in enumerate(column, 1):
        if not isinstance(value, PLAIN):
            raise DataError(
                f"{name}:{row}: a {type(value).__name__}; one answer per example was expected: a "
                "text, a label, a number or None. Of logits take the argmax; several samples per "
                "example are compatkit.compare's."
            )


def check_scores(columns: Mapping[str, Sequence[Any]], threshold: float | None) -> None:
    """Check that both columns of predictions can be scores.

    Raises:
        DataError: a value that is no finite number.
        ConfigError: numbers beyond [0, 1], and no threshold.
    """
    for name in (OLD, NEW):
        column = columns[name]
        if not set(map(type, column)) <= set(NUMBERS) or not all(map(_is_finite, column)):
            _refuse_score(name, column)
        low, high = min(column), max(column)
        if threshold is None and (low < 0 or high > 1):
            raise ConfigError(
                f"{name} lie between {low:g} and {high:g}. Without references they are scores, and "
                "threshold=... says from which one an answer is right; give references to compare "
                "labels."
            )


def _refuse_score(name: str, column: Sequence[Any]) -> None:
    for row, value in enumerate(column, 1):
        if not isinstance(value, NUMBERS) or not _is_finite(value):
            raise DataError(
                f"{name}:{row}: {_show(value)} is no score. Without references each prediction is "
                "the score of an answer, a finite number or a boolean; give references to compare "
                "answers."
            )


def _is_finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _show(value: Any) -> str:
    try:
        return f"{value!r:.60}"
    except ValueError:  # Python writes no number of thousands of digits
        return f"a number of {value.bit_length():,} bits"


def check_alike(columns: Mapping[str, Sequence[Any]]) -> None:
    """Refuse numbers that are compared as texts and can never be equal: 1, 1.0 and true.

    Raises:
        DataError: naming the two kinds.
    """
    references = columns[REFERENCES]
    if list in set(map(type, references)):
        listed = (value if isinstance(value, list) else [value] for value in references)
        references = list(chain.from_iterable(listed))
    wanted = set(map(type, references)) - {type(None)}
    for name in (OLD, NEW):
        given = set(map(type, columns[name])) - {type(None)}
        if given and given | wanted <= set(NUMBERS) and given.isdisjoint(wanted):
            raise DataError(
                f"{name} hold the type {_names(given)} and references the type {_names(wanted)}, "
                "which are never equal as answers (1, 1.0 and True). Give both as one type."
            )


def _names(kinds: set[type]) -> str:
    return " and ".join(sorted(kind.__name__ for kind in kinds))
