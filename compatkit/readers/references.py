"""References: what is right, from a file of its own, joined to the rows of each side.

Rows are joined by id. Where the predictions, or the references, have no id, they are joined by
their number, if there are as many of both. Which it was is said. What the predictions hold
themselves is never overruled in silence: references of their own are refused, and a further field
that both hold is the predictions'.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, Protocol

from msgspec import Struct

from compatkit.errors import DataError
from compatkit.predictions.fields import (
    ALIASES,
    CHOICES,
    MISSING,
    NO_FIELD,
    Fields,
    Record,
    find_fields,
    get_column,
    has_path,
    list_keys,
)
from compatkit.predictions.predictions import read_ids
from compatkit.predictions.records import Records

OWN = "reference"  # the field that a joined reference is put into
SHOWN = 5
# What a file of references holds no field of.
NOT_READ = dict.fromkeys(("prediction", "sample", "error", "item_hash"), NO_FIELD)


class Rows(Protocol):
    """A file of rows, as far as it is needed here."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def reading(self) -> str:
        """What is the same where the same bytes are read in the same way."""

    @property
    def roles(self) -> dict[str, str]:
        """Role to field, as far as the kind of the file says it."""

    def batches(self) -> Iterator[Records]:
        """Yield the records."""


def gather_references(data: Any) -> tuple[Any, ...]:
    """Return references as files or rows in memory: one, or one for each reference of an example.

    >>> gather_references({"q1": "4", "q2": ["5", "five"]})
    ([{'id': 'q1', 'reference': '4'}, {'id': 'q2', 'reference': ['5', 'five']}],)
    """
    if data is None or (isinstance(data, list | tuple) and not data):
        return ()
    if isinstance(data, Mapping):
        return ([{"id": key, "reference": value} for key, value in data.items()],)
    if isinstance(data, list | tuple) and not isinstance(data[0], Mapping):
        return tuple(data)
    return (data,)


class Table(Struct, frozen=True):
    """The rows of one file of references.

    Attributes:
        name: what messages call the file.
        fields: which field plays which role.
        ids: the id of each row; None where the file has none.
        references: the value of each row.
        lines: the line of each row.
        further: the other fields of each row.
    """

    name: str
    fields: Fields
    ids: list[str] | None
    references: list[Any]
    lines: list[int]
    further: list[Record]


class References:
    """The references of one file, or of several that each hold one reference of every example."""

    def __init__(
        self, files: Sequence[Rows], roles: Mapping[str, str], *, by_position: bool, missing: str
    ) -> None:
        """Keep what is read when it is needed.

        Args:
            files: at least one.
            roles: role to field, as named for all files; an id or an input of another name is
                found where this file has none of that name.
            by_position: ids are not read.
            missing: `error`, `skip` or `wrong`: what becomes of an id that one file alone has.
        """
        self.files = tuple(files)
        self.roles = dict(roles)
        self.by_position = by_position
        self.missing = missing

    def __getstate__(self) -> dict[str, Any]:
        """Leave what was read behind: another process reads it again."""
        return {key: value for key, value in vars(self).items() if key not in {"tables", "places"}}

    @property
    def name(self) -> str:
        """What messages call the files."""
        return " and ".join(file.name for file in self.files)

    @cached_property
    def digest(self) -> str:
        """A digest of all files."""
        return sha256("".join(file.reading for file in self.files).encode()).hexdigest()

    @cached_property
    def tables(self) -> list[Table]:
        """The rows of each file.

        Raises:
            DataError: a file that cannot be read, an id twice, or files of other examples.
        """
        tables = [self._read(file) for file in self.files]
        first, *others = tables
        for table in others:
            if (table.ids is None) != (first.ids is None) or len(table.references) != len(
                first.references
            ):
                raise DataError(_unequal(first.name, len(first.references), table))
            if table.ids is not None and first.ids is not None:
                lost = sorted(set(first.ids) ^ set(table.ids))
                if lost:
                    raise DataError(
                        f"{first.name} and {table.name}: references of other examples: "
                        f"{_listed(lost)} stand in one of them alone."
                    )
        return tables

    @cached_property
    def places(self) -> list[dict[str, int]]:
        """For each file, id to the number of its row; empty without ids."""
        return [
            dict(zip(table.ids, range(len(table.ids)), strict=True)) if table.ids else {}
            for table in self.tables
        ]

    def __len__(self) -> int:
        """Return the number of rows of all files."""
        return sum(len(table.references) for table in self.tables)

    @property
    def ids(self) -> list[str] | None:
        """The ids of all examples; None where as many rows as there are must be answered."""
        return self.tables[0].ids

    def join(
        self,
        batches: Iterator[Records],
        name: str,
        roles: Mapping[str, str],
        numbers: Sequence[int] | None = None,
    ) -> Iterator[Records]:
        """Yield the records with their references, and at the end how these were joined.

        Args:
            batches: the predictions.
            name: what messages call their file.
            roles: role to field in it, as named.
            numbers: of records that are read again, the number of each, from 0; None where all
                are read.

        Raises:
            DataError: predictions with references of their own, ids without a reference, or rows
                without ids that are not as many.
        """
        fields: Fields | None = None
        path: str | None = None
        count = 0
        lost: list[str] = []
        answered: set[str | int] = set()
        for batch in batches:
            if fields is None and batch.rows:
                fields = self._find_own(batch, name, roles)
                path = None if self.tables[0].ids is None else fields.paths.get("id")
            asked = fields is not None and "input" in fields.paths
            has_id = fields is not None and "id" in fields.paths
            rows, lines = [], []
            for row, line, key in zip(
                batch.rows, batch.lines, self._keys(batch, path, count, numbers), strict=True
            ):
                joined = self._joined(key)
                if joined is None:
                    lost.append(str(key))
                    continue
                ids = {} if has_id else {"id": self._id_of(key)}
                further = joined[1] if not asked else self._without_input(joined[1])
                rows.append({**further, **row, **ids, OWN: joined[0]})
                lines.append(line)
                answered.add(key)
            count += len(batch.rows)
            yield Records(rows, lines, batch.name, batch.notes)
        if numbers is None and count:
            absent = len(self.tables[0].references) - len(answered)
            yield Records([], [], name, self._finish(name, path, count, lost, absent))

    def _keys(
        self, batch: Records, path: str | None, count: int, numbers: Sequence[int] | None
    ) -> Sequence[str | int]:
        """Return the id of each record, or its number where rows are joined by that."""
        if path is not None:
            return read_ids(batch, path)
        every = range(count, count + len(batch.rows))
        return every if numbers is None else [numbers[place] for place in every]

    def _joined(self, key: str | int) -> tuple[Any, Record] | None:
        """Return the reference of an example, and the further fields of its row."""
        values: list[Any] = []
        further: dict[str, Any] = {}
        for table, places in zip(self.tables, self.places, strict=True):
            place = places.get(key, -1) if isinstance(key, str) else key
            if not 0 <= place < len(table.references):
                return None
            value = table.references[place]
            values += value if isinstance(value, list | tuple) and len(self.tables) > 1 else [value]
            further = {**table.further[place], **further}
        given = [value for value in values if value is not None]
        if not given:
            table = self.tables[0]
            raise DataError(
                f"{table.name}:{table.lines[place]}: no reference, and each answer is held against "
                "one. Write it, or leave the example out on every side."
            )
        return given[0] if len(self.tables) == 1 else given, further

    def _id_of(self, number: str | int) -> str:
        ids = self.tables[0].ids
        return ids[int(number)] if ids else str(int(number) + 1)

    def _without_input(self, row: Record) -> Record:
        """Return the further fields where the predictions hold what was asked themselves."""
        paths = {table.fields.paths.get("input") for table in self.tables}
        return {key: value for key, value in row.items() if key not in paths}

    def _find_own(self, batch: Records, name: str, roles: Mapping[str, str]) -> Fields:
        """Return the fields of the predictions; refuse references of their own."""
        chosen = {**roles, "references": NO_FIELD}
        fields = find_fields(
            batch.rows,
            name,
            chosen,
            by_position=self.by_position,
            needs_id=False,
            needs_prediction=False,
            needs_references=False,
        )
        if roles.get("references") != NO_FIELD:
            keys = {key for row in batch.rows[:1000] for key in row}
            own = [key for key in ALIASES["references"] if key in keys]
            own = [key for key in own if key != fields.paths.get("prediction")]
            if own:
                raise DataError(
                    f"{name}: holds references of its own, in the field {own[0]!r}, and "
                    f"--references names those of {self.name}. Leave --references out; or, if the "
                    f"field holds the answers, say --prediction-field {own[0]}; or, if it is not "
                    "to count, --old-field references=none and --new-field references=none."
                )
        return fields

    def _finish(
        self, name: str, path: str | None, count: int, lost: Sequence[str], absent: int
    ) -> tuple[str]:
        """Return how the references were joined; refuse what cannot be."""
        table = self.tables[0]
        of = f"references are read from {self.name}, the field {table.fields.paths['references']!r}"
        if path is None:
            if count != len(table.references):
                raise DataError(_unequal(name, count, table))
            why = "as asked for" if self.by_position else "since not both have ids"
            return (f"{of}, joined by the number of the row, {why}",)
        if lost and self.missing != "skip":
            raise DataError(
                f"{name}: {len(lost):,} of {count:,} rows have an id that {self.name} does not "
                f"hold: {_listed(lost)}. An answer without a reference cannot be judged: complete "
                "the references, or say --missing skip to leave such rows out."
            )
        left = f"; {len(lost):,} rows without a reference are left out" if lost else ""
        left += f"; {absent:,} of its examples have no answer" if absent else ""
        key = table.fields.paths["id"]
        other = "" if key == path else f" and {key!r}"
        return (f"{of}, joined by {path!r}{other}{left}",)

    def _read(self, file: Rows) -> Table:
        ids: list[str] = []
        references: list[Any] = []
        lines: list[int] = []
        further: list[Record] = []
        fields: Fields | None = None
        for batch in file.batches():
            if fields is None:
                fields = self._find_fields(batch, file)
            held = get_column(batch.rows, fields.paths["references"])
            references += [None if value is MISSING else value for value in held]
            lines += batch.lines
            path = fields.paths.get("id")
            if path is not None:
                ids += read_ids(batch, path)
            roles = self._own_names(fields)
            further += [{k: v for k, v in row.items() if k not in roles} for row in batch.rows]
        if fields is None:
            raise DataError(f"{file.name}: the file holds no rows. Was it written to the end?")
        if len(set(ids)) < len(ids):
            twice = next(key for key, one in _counts(ids).items() if one > 1)
            raise DataError(
                f"{file.name}: the id {twice!r} occurs twice, so that it is not clear which of the "
                "references counts. Write several into one list, or into files of their own."
            )
        return Table(file.name, fields, ids or None, references, lines, further)

    def _own_names(self, fields: Fields) -> frozenset[str]:
        """Return the fields that could play a role of the predictions, which theirs must play."""
        kept = {"input", CHOICES}
        names = {name for role, names in ALIASES.items() if role not in kept for name in names}
        named = {path for role, path in self.roles.items() if role not in {"id", "input"}}
        return frozenset({*names, *named, *fields.paths.values()} - {fields.paths.get("input")})

    def _find_fields(self, batch: Records, file: Rows) -> Fields:
        named = {**self.roles, **file.roles}
        for role in ("id", "input"):
            # Named for the predictions too, which may call it otherwise.
            if role in named and not has_path(batch.rows, named[role]):
                del named[role]
        fields = find_fields(
            batch.rows,
            file.name,
            {**named, **NOT_READ},
            by_position=self.by_position,
            needs_id=False,
            needs_prediction=False,
        )
        if "references" not in fields.paths:
            raise DataError(
                f'{file.name}: no field "reference"; the fields are {list_keys(batch.rows[0])}. '
                "Pass --reference-field NAME, which is of the file of references where there is "
                "one."
            )
        return fields


def _unequal(name: str, count: int, table: Table) -> str:
    return (
        f"{name} and {table.name} hold {count:,} and {len(table.references):,} rows: without ids "
        "rows are joined by their number, and as many were expected. Is one of them cut, or of "
        "other examples?"
    )


def _counts(ids: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key in ids:
        counts[key] = counts.get(key, 0) + 1
    return counts


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(map(repr, ids[:SHOWN])) + (", ..." if len(ids) > SHOWN else "")
