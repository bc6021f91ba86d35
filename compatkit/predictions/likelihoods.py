"""Likelihoods: how likely a model finds each of the choices of a row, as flat columns.

A row has them where its field `log_likelihoods` holds a number for each text of the field
`choices`, in one order, or an object from choices to numbers. `likelihood_weighing` says how the
numbers were weighed; they are raw where a row does not say.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct, field

from compatkit.arrays import BoolArray, FloatArray, IntArray, as_float
from compatkit.errors import ConfigError, DataError
from compatkit.predictions.choices import find_choices
from compatkit.predictions.fields import (
    ALIASES,
    CHOICES,
    LOG_LIKELIHOODS,
    MISSING,
    NO_FIELD,
    Fields,
    Record,
    get_path,
)
from compatkit.predictions.hashing import hash_rows
from compatkit.predictions.predictions import Predictions
from compatkit.record import replace

WEIGHING = "likelihood_weighing"  # the field
RAW, PER_CHARACTER, PER_BYTE = "raw", "per character", "per byte"
PER_TOKEN, LESS_ALONE = "per token", "less that of the choice alone"
# How the log-likelihood of a choice was weighed before one is taken for the answer.
WEIGHINGS = {
    RAW: "of the whole choice, as it stands",
    PER_CHARACTER: "divided by the number of characters of the choice",
    PER_BYTE: "divided by the number of bytes of the choice",
    PER_TOKEN: "divided by the number of tokens of the choice",
    LESS_ALONE: "less that of the choice without its question",
}
# What `compatkit run` calls the choice that is likeliest per character, and whether it is right.
NORMALIZED = frozenset({"prediction_normalized", "acc_norm"})
NUMBERS = {float, int}
FEWEST = 2  # choices
ROUNDED = 1e-4  # by which sums of a model's numbers may be above the logarithm of 1
BOUNDLESS = 1e100  # sums of larger numbers, and their squares, are infinite
NONE = "rows hold no likelihoods of their choices"
UNLIKE = "rows hold no likelihoods, which are one number for each of two choices or more"
INFINITE = "rows with a likelihood that is NaN, infinite or beyond 1e100, which are not used"
POSITIVE = "rows with a log-likelihood above 0, which no probability has, and are not used"
UNNAMED = "rows whose reference names none of the choices, or by its letter another than by text"
WANTED = (
    "a log-likelihood for each text of the field 'choices', or an object from choices to "
    "log-likelihoods, was expected"
)


class Likelihoods(Struct, frozen=True):
    """The log-likelihoods of the choices of each row, row after row.

    Attributes:
        sizes: shape (rows,), the number of a row's choices; 0 where it has no likelihoods.
        values: shape (choices of all rows,), natural logarithms, finite.
        names: of as many, a hash of each choice's text.
        right: of as many, whether the choice is right.
        weighing: a key of `WEIGHINGS`.
        faults: sentences with the number of rows they are true of.
    """

    sizes: IntArray
    values: FloatArray
    names: IntArray
    right: BoolArray
    weighing: str = RAW
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """The bytes that they take."""
        columns = self.sizes, self.values, self.names, self.right
        return sum(column.nbytes for column in columns)

    @property
    def starts(self) -> IntArray:
        """Shape (rows,), where the choices of each row begin."""
        return np.cumsum(self.sizes) - self.sizes

    def take(self, rows: IntArray, starts: IntArray | None = None) -> "Likelihoods":
        """Return the likelihoods of some rows, in the order given.

        Args:
            rows: which; none of -1.
            starts: as of the attribute, where it is at hand.
        """
        held = np.flatnonzero(rows >= 0)
        starts = self.starts if starts is None else starts
        places: slice | IntArray | None = _slice(self.sizes, rows, starts)
        if places is None:
            places = spread(self.sizes, rows[held], starts)
        columns = (self.values[places], self.names[places], self.right[places])
        sizes = np.zeros(len(rows), np.int64)
        sizes[held] = self.sizes[rows[held]]
        return Likelihoods(sizes, *columns, self.weighing)

    def share_names(self, other: "Likelihoods") -> "Likelihoods":
        """Return the likelihoods with the names of others, where those are the same, held once."""
        alike = np.array_equal(self.names, other.names)
        return replace(self, names=other.names) if alike else self

    def without(self, unfit: BoolArray, fault: str) -> "Likelihoods":
        """Return the likelihoods without those of rows of which a choice is unfit."""
        if not unfit.any():
            return self
        rows = np.repeat(np.arange(len(self.sizes)), self.sizes)
        lost = np.zeros(len(self.sizes), np.bool_)
        lost[rows[unfit]] = True
        kept = ~lost[rows]
        return replace(
            self,
            sizes=np.where(lost, 0, self.sizes),
            values=self.values[kept],
            names=self.names[kept],
            right=self.right[kept],
            faults={**self.faults, fault: int(lost.sum())},
        )


class Matched(NamedTuple):
    """The choices, and a number for each of them; none of a row where they do not fit.

    Attributes:
        choices: of each row.
        values: of all rows, row after row.
        sizes: shape (rows,), how many a row has.
    """

    choices: Sequence[Sequence[Any]]
    values: list[float]
    sizes: IntArray


def spread(all_sizes: IntArray, rows: IntArray, starts: IntArray | None = None) -> IntArray:
    """Return where the choices of some rows stand, row after row.

    Args:
        all_sizes: the number of choices of each row.
        rows: which.
        starts: where those of each row begin, where it is at hand.

    >>> spread(np.array([2, 3]), np.array([1, 0])).tolist()
    [2, 3, 4, 0, 1]
    """
    sizes = all_sizes[rows]
    starts = np.cumsum(all_sizes) - all_sizes if starts is None else starts
    shift = starts[rows] - (np.cumsum(sizes) - sizes)
    return np.repeat(shift, sizes) + np.arange(int(sizes.sum()))


def _slice(sizes: IntArray, rows: IntArray, starts: IntArray) -> slice | None:
    """Return where the choices of rows stand that follow each other; None of others."""
    if not len(rows) or rows[0] < 0 or (np.diff(rows) != 1).any():
        return None
    first, last = rows[0], rows[-1]
    return slice(starts[first], starts[last] + sizes[last])


def find_likelihoods(
    rows: Sequence[Record], name: str, fields: Fields, chosen: Mapping[str, str]
) -> Fields:
    """Return the fields with those that hold choices and their likelihoods, where there are any.

    Args:
        rows: the first records.
        name: what messages call the file.
        fields: which field plays which other role.
        chosen: role to path, as the user named them.

    Raises:
        ConfigError: choices were named, and no likelihoods.
        DataError: likelihoods were named, and none can be read.
    """
    first = rows[:1000]
    keys = dict.fromkeys(key for row in first for key in row)
    own = next((key for key in ALIASES[LOG_LIKELIHOODS] if key in keys), NO_FIELD)
    path, choices = chosen.get(LOG_LIKELIHOODS, own), chosen.get(CHOICES, CHOICES)
    if path == NO_FIELD:
        if chosen.get(CHOICES, NO_FIELD) == NO_FIELD:
            return fields
        raise ConfigError(
            f"{name}: --choices-field names the choices, and no field their likelihoods. Pass "
            "--log-likelihoods-field NAME, or leave it out."
        )
    held = [(get_path(row, path), get_path(row, choices)) for row in first]
    named = LOG_LIKELIHOODS in chosen
    if any(_match(*both)[0] for both in held):
        taken = f"{name}: the likelihoods of the choices are read from the field {path!r}"
        return replace(
            fields,
            paths={**fields.paths, CHOICES: choices, LOG_LIKELIHOODS: path},
            notes=(*fields.notes, *([] if named or path == LOG_LIKELIHOODS else [taken])),
        )
    if named:
        raise DataError(f"{name}: the field {path!r} holds no likelihoods of choices: {WANTED}.")
    if all(values is None or values is MISSING for values, _ in held):
        return fields
    note = f"{name}: the field {path!r} is not read as likelihoods of choices: {WANTED}"
    return replace(fields, notes=(*fields.notes, note))


def likelihood_fields(fields: Fields) -> tuple[str, ...]:
    """Return the paths that likelihoods are read from; empty where there are none."""
    path = fields.paths.get(LOG_LIKELIHOODS)
    return () if path is None else (path, fields.paths[CHOICES], WEIGHING)


def read_likelihoods(
    rows: Predictions, fields: Fields, *, normalized: bool, key: bytes = b""
) -> Likelihoods:
    """Make columns of the likelihoods of a batch.

    Args:
        rows: the batch, with `likelihood_fields` among its attributes.
        fields: which field holds what.
        normalized: what is judged is the choice that is likeliest per character, so that raw
            likelihoods are divided by the length of their choice.
        key: as of `hash_texts`, by which the choices are known.

    Raises:
        DataError: a weighing that does not exist, or several.
    """
    values, held, weighings = (rows.attributes[path] for path in likelihood_fields(fields))
    matched = _match_all(values, held, rows.errored)
    faults = _count_faults(values, matched.sizes, rows.errored)
    choices, numbers = matched.choices, matched.values
    if set(map(type, chain.from_iterable(choices))) - {str}:
        choices = [list(map(_name, row)) for row in choices]
    hashes = hash_rows(choices, len(numbers), key)
    right, unnamed = _mark_right(rows.references, matched.sizes, hashes, key)
    weighing = agree_on_weighing(_list_weighings(weighings, matched.sizes), rows.name)
    if normalized and weighing == RAW:
        lengths = map(len, chain.from_iterable(choices))
        numbers = [value / max(length, 1) for value, length in zip(numbers, lengths, strict=True)]
        weighing = PER_CHARACTER
    read = Likelihoods(
        matched.sizes,
        _to_floats(numbers),
        hashes,
        right,
        weighing,
        {fault: count for fault, count in {**faults, UNNAMED: unnamed}.items() if count},
    )
    read = read.without(~(np.abs(read.values) < BOUNDLESS), INFINITE)
    # A choice may well be likelier with its question than alone.
    return read if weighing == LESS_ALONE else read.without(read.values > ROUNDED, POSITIVE)


def agree_on_weighing(weighings: Mapping[str, None], name: str) -> str:
    """Return the one weighing of a file.

    Raises:
        DataError: one that does not exist, or several.
    """
    unknown = [weighing for weighing in weighings if weighing not in WEIGHINGS]
    if unknown or len(weighings) > 1:
        listed = " and ".join(map(repr, unknown[:1] or weighings))
        raise DataError(
            f"{name}: the likelihoods are weighed {listed}, by the field {WEIGHING!r}; one of "
            f"{', '.join(map(repr, WEIGHINGS))} was expected, the same in each row."
        )
    return next(iter(weighings), RAW)


def join_likelihoods(parts: Sequence[Likelihoods], name: str) -> Likelihoods:
    """Put the likelihoods of several batches together.

    Raises:
        DataError: they were weighed in several ways.
    """
    # A batch without likelihoods says nothing of how those of others were weighed.
    weighings = dict.fromkeys(part.weighing for part in parts if len(part.values))
    return Likelihoods(
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.names for part in parts]),
        np.concatenate([part.right for part in parts]),
        agree_on_weighing(weighings, name),
        {
            fault: sum(part.faults.get(fault, 0) for part in parts)
            for fault in dict.fromkeys(fault for part in parts for fault in part.faults)
        },
    )


def _match(values: Any, choices: Any) -> tuple[Sequence[Any], Sequence[float]]:
    """Return the choices of a row and a number for each; none where they do not fit."""
    if isinstance(values, Mapping):
        choices, values = list(values), list(values.values())
    elif not isinstance(values, list | tuple) or not isinstance(choices, list | tuple):
        return (), ()
    if not FEWEST <= len(values) == len(choices) or not set(map(type, values)) <= NUMBERS:
        return (), ()
    return choices, values


def _match_all(values: Sequence[Any], choices: Sequence[Any], errored: Sequence[bool]) -> Matched:
    """Match each row; all together where each of them holds two lists that fit."""
    if set(map(type, values)) == set(map(type, choices)) == {list} and True not in errored:
        sizes, others = (
            np.fromiter(map(len, column), np.int64, len(column)) for column in (values, choices)
        )
        fits = sizes.min() >= FEWEST and np.array_equal(sizes, others)
        numbers = list(chain.from_iterable(values)) if fits else []
        if fits and set(map(type, numbers)) <= NUMBERS:
            return Matched(choices, numbers, sizes)
    matched = [
        ((), ()) if failed else _match(*row)
        for *row, failed in zip(values, choices, errored, strict=True)
    ]
    return Matched(
        [row for row, _ in matched],
        [value for _, row in matched for value in row],
        np.array([len(row) for row, _ in matched], np.int64),
    )


def _count_faults(
    values: Sequence[Any], sizes: IntArray, errored: Sequence[bool]
) -> dict[str, int]:
    """Count the rows without likelihoods, but for those that failed."""
    faults = {NONE: 0, UNLIKE: 0}
    for row in np.flatnonzero(sizes == 0).tolist():
        if not errored[row]:
            faults[NONE if values[row] is None or values[row] is MISSING else UNLIKE] += 1
    return faults


def _list_weighings(weighings: Sequence[Any], sizes: IntArray) -> dict[str, None]:
    """Return how the rows with likelihoods say that these were weighed, each way once."""
    if weighings.count(MISSING) == len(weighings):
        return {}
    held = compress(weighings, (sizes > 0).tolist())
    return {RAW if way is MISSING or way is None else _name(way): None for way in held}


def _name(choice: Any) -> str:
    return choice if type(choice) is str else json.dumps(choice, sort_keys=True, default=str)


def _mark_right(
    references: Sequence[tuple[str, ...]], sizes: IntArray, names: IntArray, key: bytes
) -> tuple[BoolArray, int]:
    """Mark the choices that are right, and count the rows whose reference names none of them."""
    accepted = np.fromiter(map(len, references), np.int64, len(references))
    # A row for each reference of one with choices.
    rows = np.repeat(np.arange(len(references)), np.where(sizes > 0, accepted, 0))
    texts = list(chain.from_iterable(compress(references, (sizes > 0).tolist())))
    own = names if (accepted[sizes > 0] == 1).all() else names[spread(sizes, rows)]
    places = find_choices(texts, sizes[rows], own, key)
    named = places >= 0
    right = np.zeros(len(names), np.bool_)
    right[(np.cumsum(sizes) - sizes)[rows[named]] + places[named]] = True
    unnamed = (sizes > 0) & (accepted > 0)
    unnamed[rows[named]] = False
    return right, int(unnamed.sum())


def _to_floats(numbers: Sequence[float]) -> FloatArray:
    try:
        return np.array(numbers, np.float64)
    except OverflowError:  # a whole number that no float holds
        return np.array(list(map(as_float, numbers)), np.float64)
