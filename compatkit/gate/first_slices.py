"""First slices: the fields of a pair that have few values, which a first policy proposes."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from compatkit.predictions.fields import ALIASES, Record
from compatkit.readers.prediction_file import PredictionFile

MOST_FIELDS = 5
MOST_VALUES = 20
LEAST_ROWS = 20  # of each value
LONGEST = 60  # characters of a value that names a slice
NAMES_OF_ROLES = frozenset(name for names in ALIASES.values() for name in names)

Values = Mapping[str, Counter[Any]]


def propose_fields(
    old: PredictionFile, new: PredictionFile, *, without: Collection[str] = ()
) -> list[str]:
    """Return the fields by which slices are worth a look: few values, many rows of each.

    Both files have to hold a field with the same values as often; a field by the name of a role,
    such as `label`, is none.

    Args:
        old: the old model's predictions.
        new: the new model's.
        without: fields that are used already.

    Raises:
        DataError: a file that cannot be read.
    """
    before, after = _count_values(old), _count_values(new)
    fitting = (path for path, values in before.items() if values == after.get(path))
    few = [path for path in fitting if path not in without and _are_few(before[path])]
    return few[:MOST_FIELDS]


def _are_few(values: Counter[Any]) -> bool:
    return 1 < len(values) <= MOST_VALUES and min(values.values()) >= LEAST_ROWS


def _count_values(file: PredictionFile) -> Values:
    """Count the values of each field of a file, without those that turn out to have many."""
    counts: dict[str, Counter[Any]] = {}
    many: set[str] = set()
    for batch in file.batches():
        for row in batch.rows:
            for path, value in _list_values(row):
                if path in many:
                    continue
                counts.setdefault(path, Counter())[value] += 1
                if len(counts[path]) > MOST_VALUES or len(str(value)) > LONGEST:
                    many.add(path)
                    del counts[path]
    return counts


def _list_values(row: Record) -> Iterator[tuple[str, Any]]:
    """Yield the plain values of a record, and of the tables in it, by their paths."""
    for key, value in row.items():
        if key in NAMES_OF_ROLES or "." in key:
            continue
        nested = value.items() if isinstance(value, Mapping) else [("", value)]
        for name, plain in nested:
            if isinstance(plain, str | bool | int):
                yield (f"{key}.{name}" if name else key), plain
