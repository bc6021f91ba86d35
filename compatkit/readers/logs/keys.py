"""Keys: what tells the rows of a log apart. A key means one content."""

from collections.abc import Iterator
from typing import Any

from compatkit.errors import DataError
from compatkit.predictions.records import Records

SHOWN = 80


class Once:
    """What was read under each key.

    Where a format writes one thing in several places (a statistic an entry, an event a message),
    its reader puts the parts together here.

    Args:
        what: what a key names, as messages call it.
    """

    def __init__(self, what: str) -> None:
        """Begin with nothing."""
        self.values: dict[Any, Any] = {}
        self._what = what

    def put(self, key: Any, value: Any, where: str) -> None:
        """Keep what is under a key.

        Raises:
            DataError: the key was read before, with another content.
        """
        before = self.values.setdefault(key, value)
        if before is not value and before != value:
            raise DataError(
                f"{where}: {self._what} {_name(key)} occurs twice, with different contents: "
                f"{_shown(before)} and {_shown(value)}. Which one counts is not said. Were two "
                "runs written into one file?"
            )


def refuse_repeated(batches: Iterator[Records], known_by: str) -> Iterator[Records]:
    """Pass the rows of a log on, and refuse one whose id, and sample, were there before.

    Args:
        batches: the rows.
        known_by: the fields of the format that tell rows apart.

    Raises:
        DataError: a row that was there before, even one that is the same.
    """
    seen: dict[tuple[str, object], int] = {}
    for batch in batches:
        for row, line in zip(batch.rows, batch.lines, strict=True):
            key = str(row["id"]), row.get("sample")
            if key in seen:
                sample = "" if key[1] is None else f" with the sample {key[1]!r}"
                raise DataError(
                    f"{batch.name}:{line}: the id {_shown(key[0])!r}{sample} occurs twice, first "
                    f"in line {seen[key]}; a row is known by {known_by}. Were two runs written "
                    "into one file?"
                )
            seen[key] = line
        yield batch


def _name(key: Any) -> str:
    """Return a key as messages show it: its parts, without those that are empty."""
    if not isinstance(key, tuple):
        return _shown(key)
    return ", ".join(_name(part) for part in key if part not in ("", None, 0, (None, None)))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
