"""Features: what may tell examples apart, beside their scores, kept as small columns.

Of each row the fields of its record that have few values, or are numbers; and what is told by its
texts: `TEXT_FEATURES`. To add one: a function of a column of texts, and a line in that table.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from math import isfinite, isnan
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct

from compatkit.arrays import FloatArray, IntArray, as_float
from compatkit.predictions.fields import MISSING, Columns, Record, get_column
from compatkit.predictions.predictions import Predictions
from compatkit.predictions.scripts import find_script

MOST_VALUES = 100  # distinct texts of a field, beyond which it is none to slice by
MOST_KEYS = 50  # of an object whose values are fields
DEEPEST = 3  # objects within objects
PROBED = 1000  # rows by which a field of free text is told at once
LAST = 2000  # characters, at the end of a text, that are looked at
LETTERED = re.compile(r"^[ \t]*\(?([A-Z])[.):][ \t]", re.MULTILINE)
DIGIT = re.compile(r"\d")
# What program text has and prose has not: fences, definitions, calls, markup; each is looked for
# where its sign is there.
CODE = {
    "```": "```",
    "def ": r"^\s*def\s+\w+.*:\s*$",
    "class ": r"^\s*class\s+\w+.*:\s*$",
    "import ": r"^\s*(?:from\s+[\w.]+\s+)?import\s+[\w.]+",
    "#include": r"#include\s*<",
    "function": r"\bfunction\s*\w*\s*\(",
    "{": r"\)\s*\{",
    ";": r";\s*$",
    "SELECT": r"\bSELECT\b.+\bFROM\b",
    "</": r"</\w+>",
    "=>": "=>",
    ").": r"\w+\(\w*\)\.",
}
CODES = {sign: re.compile(pattern, re.MULTILINE) for sign, pattern in CODE.items()}

FREE_TEXT = f"more than {MOST_VALUES} values, which are no numbers"
MANY_KEYS = f"an object of more than {MOST_KEYS} keys"


class Feature(Struct, frozen=True):
    """What one field, or one text, tells of each row.

    Attributes:
        codes: shape (rows,), which of the texts each row has, -1 where it has none; None where
            there are more than `MOST_VALUES`.
        texts: the distinct texts.
        numbers: shape (rows,), nan where a row has none; None where a value is no number.
    """

    codes: IntArray | None
    texts: tuple[str, ...]
    numbers: FloatArray | None


class Features(NamedTuple):
    """What tells the rows of one file apart.

    Attributes:
        of_fields: path to feature, for the fields of the records.
        of_texts: name to feature, for what the texts tell.
        aside: path to why a field is none to slice by.
    """

    of_fields: Mapping[str, Feature]
    of_texts: Mapping[str, Feature]
    aside: Mapping[str, str]

    @property
    def nbytes(self) -> int:
        """The bytes of memory that the columns take."""
        features = [*self.of_fields.values(), *self.of_texts.values()]
        columns = chain.from_iterable((feature.codes, feature.numbers) for feature in features)
        return sum(column.nbytes for column in columns if column is not None)


NO_FEATURES = Features({}, {}, {})


PLAIN_NUMBERS = {int, float, type(None)}


class _Column:
    """The values of one feature, batch by batch."""

    def __init__(self) -> None:
        self.texts: dict[str, int] | None = {}
        self.numeric = True
        self._parts: list[tuple[int, IntArray | None, FloatArray | None]] = []

    @property
    def ended(self) -> bool:
        """Whether it is neither of few values nor of numbers, so that nothing more is kept."""
        return self.texts is None and not self.numeric

    def add(self, values: Sequence[Any], start: int) -> None:
        """Add the values of a batch that begins with this row."""
        if self.ended:
            return
        probe = set(values[:PROBED])
        texts = str in set(map(type, probe))
        if texts and len(set(map(_to_text, probe))) > MOST_VALUES + 1 and not _are_numbers(probe):
            self._drop_texts()
            self._drop_numbers()
            return
        distinct = set(values)
        numbers = _to_numbers(values, distinct) if self.numeric else None
        if numbers is None:
            self._drop_numbers()
        codes = self._encode(values, distinct) if self.texts is not None else None
        if not self.ended:
            self._parts.append((start, codes, numbers))

    def _encode(self, values: Sequence[Any], distinct: Collection[Any]) -> IntArray | None:
        texts = {} if self.texts is None else self.texts
        code_of: dict[Any, int] = {}
        for value in distinct:
            text = _to_text(value)
            code_of[value] = -1 if text is None else texts.setdefault(text, len(texts))
            if len(texts) > MOST_VALUES:
                self._drop_texts()
                return None
        return np.fromiter(map(code_of.__getitem__, values), np.int64, len(values))

    def _drop_texts(self) -> None:
        self.texts = None
        self._parts = [(start, None, numbers) for start, _, numbers in self._parts]

    def _drop_numbers(self) -> None:
        self.numeric = False
        self._parts = [(start, codes, None) for start, codes, _ in self._parts]

    def feature(self, rows: int) -> Feature:
        """Return the whole column; rows of batches without the field have no value."""
        codes = None if self.texts is None else np.full(rows, -1, np.int64)
        numbers = np.full(rows, np.nan) if self.numeric else None
        for start, part, of_numbers in self._parts:
            if codes is not None and part is not None:
                codes[start : start + len(part)] = part
            if numbers is not None and of_numbers is not None:
                numbers[start : start + len(of_numbers)] = of_numbers
        return Feature(codes, tuple(self.texts or ()), numbers)


def _is_nothing(value: Any) -> bool:
    return value is None or value is MISSING or (isinstance(value, float) and isnan(value))


def _to_text(value: Any) -> str | None:
    """Return a value as text, None for none: whole numbers are written alike, whatever their type.

    >>> _to_text(2.0), _to_text(2), _to_text(True), _to_text(None)
    ('2', '2', 'True', None)
    """
    if _is_nothing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _are_numbers(values: Collection[Any]) -> bool:
    return all(map(_is_number, values))


def _is_number(value: Any) -> bool:
    if _is_nothing(value):
        return True
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return isfinite(as_float(value))
    try:
        return isinstance(value, str) and "_" not in value and isfinite(float(value))
    except ValueError:
        return False


def _to_numbers(values: Sequence[Any], distinct: Collection[Any]) -> FloatArray | None:
    """Return values as numbers, None where one is none."""
    if set(map(type, distinct)) <= PLAIN_NUMBERS:
        try:
            plain = np.array(values, np.float64)
        except OverflowError:
            return None
        return None if np.isinf(plain).any() else plain
    if not _are_numbers(distinct):
        return None
    numbers = {value: np.nan if _is_nothing(value) else as_float(value) for value in distinct}
    return np.fromiter(map(numbers.__getitem__, values), np.float64, len(values))


class FeatureCollector:
    """Gathers the features of a file, batch by batch.

    Args:
        skipped: the fields that play a role, or hold the score.
        with_texts: whether the texts are looked at, too.
    """

    def __init__(self, skipped: Collection[str], *, with_texts: bool) -> None:
        """Begin with nothing."""
        self._skipped = set(skipped)
        self._with_texts = with_texts
        self._fields: dict[str, _Column] = {}
        self._texts: dict[str, _Column] = {}
        self._aside: dict[str, str] = {}
        self._rows = 0

    def add(self, rows: Predictions) -> None:
        """Add the rows of a batch."""
        for path, values in self._split(rows.records):
            self._fields.setdefault(path, _Column()).add(values, self._rows)
        for name, tell in TEXT_FEATURES.items() if self._with_texts else ():
            self._texts.setdefault(name, _Column()).add(tell(rows), self._rows)
        self._rows += len(rows)

    def _split(self, records: Sequence[Record]) -> Iterator[tuple[str, list[Any]]]:
        keys = (
            list(records.columns)
            if isinstance(records, Columns)
            else list(dict.fromkeys(chain.from_iterable(records)))
        )
        for key in keys:
            if key not in self._skipped and not self._is_ended(key):
                yield from self._unfold(key, get_column(records, key), 1)

    def _is_ended(self, path: str) -> bool:
        return path in self._aside or (path in self._fields and self._fields[path].ended)

    def _unfold(self, path: str, values: list[Any], depth: int) -> Iterator[tuple[str, list[Any]]]:
        """Yield the plain values of a field, and those of what lies in its objects and lists."""
        kinds = set(map(type, values))
        nested = {kind for kind in kinds if issubclass(kind, Mapping)}
        lists = {kind for kind in kinds if issubclass(kind, list | tuple)}
        if nested and depth <= DEEPEST:
            yield from self._open(path, values, depth)
        if lists:
            held = [len(value) if isinstance(value, list | tuple) else None for value in values]
            yield f"number of {path}", held
        plain = {str, int, float, bool, type(None), type(MISSING)}
        if kinds - plain - nested - lists:  # dates and the like, as frames hold them
            values = [value if type(value) in plain else str(value) for value in values]
        if nested or lists:
            skip = (Mapping, list, tuple)
            values = [MISSING if isinstance(value, skip) else value for value in values]
        if bool in kinds:  # True is 1 as far as sets go
            values = [str(value) if isinstance(value, bool) else value for value in values]
        if any(map(set(kinds).__contains__, plain - {type(MISSING), type(None)})):
            yield path, values

    def _open(
        self, path: str, values: Sequence[Any], depth: int
    ) -> Iterator[tuple[str, list[Any]]]:
        objects = [v if type(v) is dict or isinstance(v, Mapping) else {} for v in values]
        keys = list(dict.fromkeys(chain.from_iterable(objects)))
        if len(keys) > MOST_KEYS:
            self._aside[path] = MANY_KEYS
            return
        for key in keys:
            inner = f"{path}.{key}"
            if inner not in self._skipped and not self._is_ended(inner):
                of_key = [value.get(key, MISSING) for value in objects]
                yield from self._unfold(inner, of_key, depth + 1)

    def features(self) -> Features:
        """Return the features of all rows."""
        aside = dict(self._aside)
        of_fields = {}
        for path, column in self._fields.items():
            if column.ended:
                aside[path] = FREE_TEXT
            elif not any(path.startswith(f"{left}.") for left in self._aside):
                of_fields[path] = column.feature(self._rows)
        of_texts = {
            name: column.feature(self._rows)
            for name, column in self._texts.items()
            if not column.ended
        }
        return Features(of_fields, of_texts, aside)


def _of_input(tell: Callable[[list[str | None]], list[Any]]) -> Callable[[Predictions], list[Any]]:
    """Return what tells something of each input, by its end where it is long."""
    return lambda rows: tell([None if text is None else text[-LAST:] for text in rows.input])


def _each(tell: Callable[[str], Any]) -> Callable[[list[str | None]], list[Any]]:
    return lambda texts: [None if text is None else tell(text) for text in texts]


def _say_whether(
    patterns: Mapping[str, re.Pattern[str]],
) -> Callable[[list[str | None]], list[Any]]:
    """Return what says of each text whether a pattern is in it; signs that no text has are not."""

    def say(texts: list[str | None]) -> list[Any]:
        whole = "\n".join(filter(None, texts))
        held = [(sign, pattern) for sign, pattern in patterns.items() if sign in whole]
        return [
            None
            if text is None
            else "yes"
            if any(sign in text and pattern.search(text) for sign, pattern in held)
            else "no"
            for text in texts
        ]

    return say


def _count_choices(text: str) -> int | None:
    r"""Return how many lettered choices the last list of them has; None where there is none.

    >>> _count_choices("Which?\nA. one\nB. two\nC. three\nAnswer:")
    3
    """
    letters = LETTERED.findall(text) if "A" in text else []
    if "A" not in letters:
        return None
    start = len(letters) - 1 - letters[::-1].index("A")
    count = 0
    while start + count < len(letters) and letters[start + count] == chr(ord("A") + count):
        count += 1
    return count if count > 1 else None


def _length(text: str | None) -> int | None:
    return None if text is None else len(text)


TEXT_FEATURES: dict[str, Callable[[Predictions], list[Any]]] = {
    "length of the input": lambda rows: list(map(_length, rows.input)),
    "script of the input": _of_input(_each(lambda text: find_script(text[-200:]) or "none")),
    "digits in the input": _of_input(_say_whether({"": DIGIT})),
    "code in the input": _of_input(_say_whether(CODES)),
    "choices in the input": _of_input(_each(_count_choices)),
    "length of the old answer": lambda rows: list(map(_length, rows.prediction)),
    "reference": lambda rows: [
        references[0] if len(references) == 1 else None for references in rows.references
    ],
    "length of the reference": lambda rows: [
        max(map(len, references), default=None) for references in rows.references
    ],
}
