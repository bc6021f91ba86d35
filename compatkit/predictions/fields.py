"""Fields: which field of a record plays which role."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, overload

from msgspec import Struct, field

from compatkit.arrays import as_index
from compatkit.errors import ConfigError, DataError

Record = Mapping[str, Any]

MISSING: Any = object()
SHOWN = 20
NO_FIELD = "none"  # as the name of a field: the role is played by none

# The first name of a role is its own; the others are taken only where one alone is present.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": (
        "id",
        "example_id",
        "sample_id",
        "question_id",
        "qid",
        "doc_id",
        "uid",
        "idx",
        "task_id",
        "index",
    ),
    "prediction": (
        "prediction",
        "predictions",
        "output",
        "response",
        "completion",
        "generated_text",
        "model_output",
        "pred",
        "predict",
        "predicted",
        "filtered_resps",
    ),
    "references": (
        "reference",
        "references",
        "target",
        "targets",
        "label",
        "gold",
        "expected",
        "gt",
        "actual",
    ),
    "input": ("input", "prompt", "question"),
    "sample": ("sample",),
    "error": ("error",),
    "item_hash": ("item_hash",),
    "choices": ("choices",),
    "log_likelihoods": ("log_likelihoods", "logprobs"),
}
# Read together or not at all: see `compatkit.predictions.likelihoods`.
CHOICES, LOG_LIKELIHOODS = "choices", "log_likelihoods"
OF_CHOICES = frozenset({CHOICES, LOG_LIKELIHOODS})
# What the values of a text, or of an object from ids to values, are called: the prediction, or the
# reference of a file that holds nothing else.
LONE = "value"
NO_ROWS_HINT = "If the rows stand within this one, --rows says where"
# Could as well be what the model answered, so that it is nothing before a user says so.
EITHER = "answer"
SINGULAR = {"reference": "references", "item-hash": "item_hash"}  # as flags have them
OWN_NAMES = {"references": ("reference", "references"), "prediction": ("prediction", "predictions")}


class Fields(Struct, frozen=True):
    """Which field of a record plays which role, as paths nested by dots.

    Attributes:
        paths: role (a key of `ALIASES`), or what else a user gave a field to, to path.
        notes: sentences about aliases that were taken or could not be.
        absent: role to its own names that the first records did not have.
        lists: what a list of predictions is, of `compatkit.predictions.predictions.LISTS`; None
            refuses one beside a list of references, since it may be any.
        named: roles whose field the user named, so that its values count whatever their type.
    """

    paths: Mapping[str, str]
    notes: tuple[str, ...] = ()
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    lists: str | None = None

    def path_of(self, name: str) -> str:
        """Return the path of a further field: its name, unless a user gave it another."""
        return name if name in ALIASES else self.paths.get(name, name)


class Columns(Sequence[Record]):
    """Records that are held as columns: all have the same fields.

    Args:
        columns: field to its values, plain Python ones, of equal length; no field has dots.

    >>> Columns({"id": ["a", "b"], "prediction": ["1", None]})[1]
    {'id': 'b', 'prediction': None}
    """

    __slots__ = ("columns",)

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        """Hold the columns."""
        self.columns = columns

    def __len__(self) -> int:
        """Return the number of records."""
        return len(next(iter(self.columns.values()), ()))

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> "Columns": ...
    def __getitem__(self, index: int | slice) -> "Record | Columns":
        """Return a record, or the columns of some."""
        if isinstance(index, slice):
            return Columns({name: values[index] for name, values in self.columns.items()})
        return {name: values[index] for name, values in self.columns.items()}


def get_path(record: Record, path: str) -> Any:
    """Return the value at a dotted path of a record, or `MISSING`.

    A key that holds the dots itself comes before the nested one; in a list a number is the place
    of an item, from 0.

    >>> get_path({"meta": {"lang": "de"}}, "meta.lang")
    'de'
    >>> get_path({"choices": [{"message": {"content": "4"}}]}, "choices.0.message.content")
    '4'
    """
    value = record.get(path, MISSING)
    if value is not MISSING or "." not in path:
        return value
    node: Any = record
    for part in path.split("."):
        index = as_index(part) if isinstance(node, list | tuple) else None
        if index is not None and index < len(node):
            node = node[index]
        elif isinstance(node, Mapping) and part in node:
            node = node[part]
        else:
            return MISSING
    return node


def split_path(rows: Sequence[Record], path: str) -> tuple[str, ...]:
    """Return the fields that an id is joined of: of `a,b` both, unless a field is called so.

    >>> split_path([{"a": 1, "b": 2}], "a,b"), split_path([{"a,b": 1}], "a,b")
    (('a', 'b'), ('a,b',))
    """
    if "," not in path or any(get_path(row, path) is not MISSING for row in rows[:1000]):
        return (path,)
    return tuple(part.strip() for part in path.split(","))


def has_path(rows: Sequence[Record], path: str) -> bool:
    """Tell whether one of the first records has a field, or each of those that are joined."""
    return all(
        any(get_path(row, part) is not MISSING for row in rows[:1000])
        for part in split_path(rows, path)
    )


def ask_about_answer(keys: Iterable[str]) -> str:
    """Return the end of a message where a field is called `answer`, which names no side."""
    if EITHER not in keys:
        return ""
    return (
        f" The field {EITHER!r} may be the model's answer or the right one: --prediction-field "
        f"{EITHER} or --reference-field {EITHER} says it."
    )


def list_keys(keys: Iterable[str]) -> str:
    """Return the names of fields as messages list them."""
    names = list(map(str, keys))
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def get_column(rows: Sequence[Record], path: str) -> list[Any]:
    """Return the values at a path for every record, `MISSING` where a record lacks it."""
    if isinstance(rows, Columns) and (path in rows.columns or "." not in path):
        return rows.columns.get(path) or [MISSING] * len(rows)
    try:
        return list(map(itemgetter(path), rows))
    except KeyError:
        if "." not in path:
            return [row.get(path, MISSING) for row in rows]
        return [get_path(row, path) for row in rows]


def find_fields(
    rows: Sequence[Record],
    name: str,
    chosen: Mapping[str, str] | None = None,
    *,
    by_position: bool = False,
    needs_id: bool = True,
    needs_prediction: bool = True,
    needs_references: bool = True,
) -> Fields:
    """Decide which field plays which role, from the first records of a file.

    A role's own name always counts; an alias counts only where no other candidate
    for the role is present, and is reported. The field `error` counts wherever it stands,
    since often only the rows that failed have one.

    Args:
        rows: the first records.
        name: what messages call the file.
        chosen: role to path, as the user named them; `none` for no field.
        by_position: rows are paired by position, so that no id is read.
        needs_id: whether there must be an id, where it is read.
        needs_prediction: whether the scorer reads the prediction.
        needs_references: whether the scorer reads the references.

    Raises:
        ConfigError: a needed role was given no field.
        DataError: a needed role has no field, or several.
    """
    keys = list(dict.fromkeys(key for row in rows[:1000] for key in row))
    chosen = chosen or {}
    paths = {role: path for role, path in chosen.items() if path != NO_FIELD}
    notes = _note_named(rows, name, paths)
    for role in ALIASES:
        needed = (role == "id" and needs_id) or (role == "prediction" and needs_prediction)
        if (role == "id" and by_position) or role in OF_CHOICES:
            continue
        if role not in chosen:
            wanted = needed or role == "id" or (role == "references" and needs_references)
            note = _find_field(role, keys, name, paths, needed=needed, wanted=wanted)
            notes += [note] if note else []
        elif needed and role not in paths:
            raise ConfigError(_needs_field(role))
    if needs_prediction and needs_references:
        _refuse_one_for_both(paths, name)
    if "error" not in chosen:
        paths["error"] = "error"
    if "sample" in paths.keys() - chosen.keys() and not _tell_samples(rows):
        del paths["sample"]
        notes.append(
            f"{name}: the field 'sample' is not read, since it holds neither texts nor whole "
            "numbers; --sample-field sample reads it"
        )
    absent = {
        role: tuple(own for own in OWN_NAMES.get(role, (role,)) if own not in keys)
        for role in ALIASES
        if role not in {*chosen, CHOICES} and not (role == "id" and by_position)
    }
    absent.pop("error", None)
    absent = {role: names for role, names in absent.items() if names}
    return Fields(paths, tuple(notes), absent, frozenset(chosen))


def _tell_samples(rows: Sequence[Record]) -> bool:
    """Tell whether the values of a field `sample` can be names or numbers of samples."""
    values = [row.get("sample") for row in rows[:1000]]
    return all(
        value is None
        or isinstance(value, str)
        or (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
        for value in values
    )


def _refuse_one_for_both(paths: Mapping[str, str], name: str) -> None:
    path = paths.get("prediction")
    if path is not None and path == paths.get("references"):
        raise ConfigError(
            f"{name}: the field {path!r} is taken for the prediction and for the reference: every "
            "answer would be right. Pass another --prediction-field or --reference-field."
        )


def refuse_late_fields(
    rows: Sequence[Record], lines: Sequence[int], fields: Fields, name: str
) -> None:
    """Refuse a role's own name that stands in a later record alone: nobody reads it.

    Raises:
        DataError: with the line, and the option that names the field.
    """
    if isinstance(rows, Columns):  # the first rows have what all have
        return
    keys = set[str]().union(*rows)
    for role, names in fields.absent.items():
        for own in filter(keys.__contains__, names):
            late = next(line for row, line in zip(rows, lines, strict=True) if own in row)
            raise DataError(
                f"{name}:{late}: the field {own!r} begins here, and the first rows have none, "
                f"so that it was not taken for the {role}. Pass {_option(role)} {own}, or "
                f"{_option(role)} {NO_FIELD}."
            )


def _find_field(
    role: str,
    keys: Sequence[str],
    name: str,
    paths: dict[str, str],
    *,
    needed: bool,
    wanted: bool,
) -> str:
    """Add the field of a role to the paths; return what is to be noted about it."""
    present = [key for key in ALIASES[role] if key in keys]
    if not present and wanted and _is_lone(role, keys) and LONE not in paths.values():
        present = [LONE]
    own = [key for key in present if key in OWN_NAMES.get(role, (role,))]
    candidates = own or present
    option = _option(role)
    if len(candidates) == 1:
        paths[role] = candidates[0]
        return "" if own else _taken(name, role, candidates[0])
    listed = " and ".join(map(repr, candidates))
    if candidates and (wanted or own):
        raise DataError(f"{name}: {listed} could each be the {role}. Pass {option} NAME.")
    if needed:
        hint = " or --by-position" if role == "id" else ""
        raise DataError(
            f'{name}: no field "{role}"; the fields are {list_keys(keys)}. '
            f"Pass {option} NAME{hint}.{ask_about_answer(keys) if role == 'prediction' else ''}"
        )
    if candidates:
        return f"{name}: no {role} is read, since {listed} could each be it; {option} says which"
    return ""


def _is_lone(role: str, keys: Sequence[str]) -> bool:
    """Tell whether `value` is the role: the prediction, or what a file of nothing else holds."""
    only = set(keys) <= {"id", LONE}
    return LONE in keys and (role == "prediction" or (role == "references" and only))


def _taken(name: str, role: str, path: str) -> str:
    return f"{name}: {role} is read from the field {path!r}"


def _option(role: str) -> str:
    name = "reference" if role == "references" else role.replace("_", "-")
    return f"--{name}-field"


def _note_named(rows: Sequence[Record], name: str, paths: Mapping[str, str]) -> list[str]:
    """Note the fields that were named for a role; that one is absent, if nothing else would."""
    notes = []
    for role, path in paths.items():
        absent = not has_path(rows, path)
        parts = split_path(rows, path) if role == "id" else (path,)
        if len(parts) > 1:
            fields = " and ".join(map(repr, parts))
            notes.append(f"{name}: id is read from the fields {fields}, joined by '|'")
        elif not absent and path not in OWN_NAMES.get(role, (role,)):
            notes.append(_taken(name, role, path))
        if absent and role in {"input", "sample", "error", "item_hash"}:
            notes.append(f"{name}: no field {path!r} for the {role} in the first rows")
    return notes


def _needs_field(role: str) -> str:
    hint = "--by-position pairs rows without one" if role == "id" else "name the field"
    return f"{_option(role)} is {NO_FIELD}, and rows cannot be compared without: {hint}."


def parse_roles(pairs: Mapping[str, str | None], further: Collection[str] = ()) -> dict[str, str]:
    """Keep the roles that a user named a field for.

    Args:
        pairs: role to field; None for one that nobody named.
        further: names beside the roles, such as that of a score which both sides call otherwise.

    Raises:
        ConfigError: a role that does not exist, or is named twice.
    """
    roles: dict[str, str] = {}
    for name, path in pairs.items():
        role = SINGULAR.get(name, name)
        if role not in ALIASES and role not in further:
            listed = ", ".join([*ALIASES, *further])
            raise ConfigError(f"no role {name!r}; the roles are {listed}.")
        if path is not None:
            if role in roles:
                raise ConfigError(f"the role {role!r} has two fields. Leave one out.")
            roles[role] = path
    return roles
