"""Alignment: the rows of several models joined by the example's id.

What cannot be compared is refused: an id twice, an id that one side lacks, a reference
or an input that differs. What is left out is counted.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from compatkit.arrays import BoolArray, IntArray
from compatkit.errors import ConfigError, DataError
from compatkit.notes import Note
from compatkit.pairing.alike import describe_difference, find_alike
from compatkit.pairing.edited import count_of, find_edited, line_of, name_row
from compatkit.pairing.numbering import mark, number_ids
from compatkit.pairing.scored_rows import NULL, ScoredRows
from compatkit.predictions.fields import list_keys
from compatkit.predictions.ids import Ids
from compatkit.spelling import suggest
from compatkit.stored import look_up

SHOWN = 5
NONE = "(none)"  # the text of an attribute that no side holds
NOTHING = np.array(None, object)
NO_GROUP = frozenset({NONE, NULL, ""})
POLICIES = {
    "missing": ("error", "skip", "wrong"),
    "errors": ("exclude", "wrong", "refuse"),
    "edited": ("error", "skip", "keep"),
}


class Alignment(Struct, frozen=True):
    """The examples that all sides are compared on.

    Attributes:
        ids: N ids, in the order of the first side.
        examples: for each side, of each row the index of its example, -1 where left out.
        excluded: number of examples left out, by reason (`errored`, `missing`, `edited`, and
            `unscored` where there are such).
        counted_wrong: for each side, number of answers counted as wrong, by reason.
        incomplete: shape (N,), the examples of which a sample was left out, on any side.
        attributes: field to the value of each example, for the fields kept beside the results.
        notes: what could not be checked.
    """

    ids: Ids
    examples: tuple[IntArray, ...]
    excluded: dict[str, int]
    counted_wrong: tuple[dict[str, int], ...]
    incomplete: BoolArray
    attributes: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def align(
    sides: Sequence[ScoredRows],
    *,
    missing: str = "error",
    errors: str = "exclude",
    edited: str = "error",
    attributes: Sequence[str] = (),
    cluster: str | None = None,
    optional: Collection[str] = (),
) -> Alignment:
    """Join the rows of several models by id.

    Args:
        sides: the old model first.
        missing: what to do with an id that a side lacks: `error` refuses, `skip` leaves the
            example out, `wrong` counts the missing answer as wrong.
        errors: what to do with rows that hold an error: `exclude` leaves the example out,
            `wrong` counts it as wrong, `refuse` refuses.
        edited: what to do with an id whose reference or input differs between the sides:
            `error` refuses, `skip` leaves the example out, `keep` holds each answer against
            its own side's reference.
        attributes: fields to keep beside the results; every side that has one must agree on it.
        cluster: the one of these that every example must have.
        optional: those of them that are left out where no side has them.

    Raises:
        ConfigError: an unknown policy, or a field that no side has and that is not optional.
        DataError: the sides cannot be compared; the message names the first culprits.
    """
    _check_policies(missing=missing, errors=errors, edited=edited)
    ids, (*codes, _) = number_ids([*(side.ids for side in sides), _expected(sides)])
    present = [mark(code, len(ids)) for code in codes]
    for side, code, here in zip(sides, codes, present, strict=True):
        _refuse_repeated(side, code, here)
    differ, notes = find_edited(sides, codes, len(ids), edited)
    usable = [~side.unscored & (~side.errored | (errors == "wrong")) for side in sides]
    used = list(zip(codes, usable, strict=True))
    answered = [mark(code, len(ids), use) for code, use in used]
    lost = ~np.logical_and.reduce(present)
    # An answered example is present too, so that the two differ where every row failed.
    failed = np.logical_or.reduce(np.not_equal(present, answered))
    unscored = failed & ~_errored(sides, codes, usable, answered)
    if missing == "error":
        _refuse_missing(sides, present, ids)
    if errors == "refuse":
        _refuse_errored(sides)
    changed = differ & (edited == "skip")
    skipped = lost & (missing == "skip")
    keep = ~(failed | changed | skipped)
    if not keep.any():
        raise DataError(_nothing_left(sides, failed, unscored, lost, changed))
    position, examples = _place(used, keep)
    ids = ids if keep.all() else ids.take(np.flatnonzero(keep))
    joined = _join_attributes(sides, examples, ids, attributes, optional)
    _refuse_ungrouped(sides, ids, joined, cluster)
    incomplete, lost_notes = _find_incomplete(sides, used, position, len(ids))
    return Alignment(
        ids=ids,
        examples=examples,
        excluded=_count_excluded(failed, unscored, skipped, changed),
        counted_wrong=tuple(
            _count_wrong(side, rows, ~here & keep)
            for side, rows, here in zip(sides, examples, present, strict=True)
        ),
        incomplete=incomplete,
        attributes=joined,
        notes=notes + lost_notes + _lacking(attributes, joined),
    )


def _place(
    used: Sequence[tuple[IntArray, BoolArray]], keep: BoolArray
) -> tuple[IntArray, tuple[IntArray, ...]]:
    """Return where each id stands among those that are kept, and of each side's rows the same."""
    position = np.cumsum(keep, dtype=used[0][0].dtype)
    position -= 1
    position[~keep] = -1
    places = [code if keep.all() else look_up(position, code) for code, _ in used]
    return position, tuple(
        place if use.all() else np.where(use, place, place.dtype.type(-1))
        for place, (_, use) in zip(places, used, strict=True)
    )


def _count_excluded(
    failed: BoolArray, unscored: BoolArray, skipped: BoolArray, changed: BoolArray
) -> dict[str, int]:
    """Count the examples that are left out, each for its first reason."""
    excluded = {
        "errored": int((failed & ~unscored).sum()),
        "missing": int((skipped & ~failed).sum()),
        "edited": int((changed & ~failed & ~skipped).sum()),
    }
    return excluded | ({"unscored": int(unscored.sum())} if unscored.any() else {})


def _count_wrong(side: ScoredRows, examples: IntArray, absent: BoolArray) -> dict[str, int]:
    """Count a side's answers that count as wrong for what they are not."""
    errored = side.errored & (examples >= 0)
    return {"errored": int(errored.sum()), "missing": int(absent.sum())}


def _errored(
    sides: Sequence[ScoredRows],
    codes: Sequence[IntArray],
    usable: Sequence[BoolArray],
    answered: Sequence[BoolArray],
) -> BoolArray:
    """Tell which examples have an error, and no usable row, on some side."""
    result = np.zeros(len(answered[0]), np.bool_)
    for side, code, use, here in zip(sides, codes, usable, answered, strict=True):
        result[code[side.errored & ~use]] |= ~here[code[side.errored & ~use]]
    return result


def _find_incomplete(
    sides: Sequence[ScoredRows],
    used: Sequence[tuple[IntArray, BoolArray]],
    position: IntArray,
    size: int,
) -> tuple[BoolArray, tuple[Note, ...]]:
    """Find the examples that have further samples than those left out; and note how many."""
    incomplete = np.zeros(size, np.bool_)
    notes = []
    for side, (code, use) in zip(sides, used, strict=True):
        unused = position[code[~use]]
        unused = unused[unused >= 0]
        incomplete[unused] = True
        if len(unused):
            text = (
                f"{side.file.name}: {count_of(len(unused), 'sample')} with an error or no score "
                "left out of examples that have others"
            )
            notes.append(Note("samples", text))
    return incomplete, tuple(notes)


def _check_policies(**chosen: str) -> None:
    for name, policies in POLICIES.items():
        if chosen[name] not in policies:
            raise ConfigError(
                f"--{name} is {chosen[name]!r}; one of {', '.join(policies)} was expected."
            )


def _expected(sides: Sequence[ScoredRows]) -> Ids:
    """Return the ids that all sides are asked for: those of a file of references, if there is one.

    They are one more side as far as ids go, so that an example which no model answered is missing.
    """
    for side in sides:
        if side.file.references is not None and side.file.references.ids is not None:
            return Ids.pack(side.file.references.ids)
    return sides[0].ids


def _refuse_repeated(side: ScoredRows, codes: IntArray, present: BoolArray) -> None:
    """Refuse an id that occurs twice without a sample that tells the rows apart."""
    if len(codes) == np.count_nonzero(present):
        return
    shared = np.flatnonzero(look_up(np.bincount(codes, minlength=len(present)) > 1, codes))
    seen: dict[tuple[int, str | None], int] = {}
    culprits = []
    unnamed = []
    for row in shared.tolist():
        sample = None if side.samples is None else side.samples[row]
        first = seen.setdefault((int(codes[row]), sample), row)
        if first != row:
            culprits.append((first, row))
        if sample is None:
            unnamed.append(row)
    if culprits:
        first, row = culprits[0]
        sample = None if side.samples is None else side.samples[row]
        what = f"the id {side.ids[row]!r}" + (f" with the sample {sample!r}" if sample else "")
        raise DataError(
            f"{name_row(side, row)}: {what} occurs twice, first in line {line_of(side, first)} "
            f"({count_of(len(culprits), 'row')} repeat an id). Make the ids unique, or tell "
            'several samples of one example apart by a field "sample".'
        )
    if side.samples is not None and unnamed:
        raise DataError(
            f"{name_row(side, unnamed[0])}: no sample, while other rows of the file name theirs. "
            'Give every row a "sample".'
        )


def _refuse_missing(
    sides: Sequence[ScoredRows], present: Sequence[BoolArray], ids: Sequence[str]
) -> None:
    both = int(np.logical_and.reduce(present).sum())
    if both == len(ids):
        return
    anywhere = len(ids)
    parts = []
    for side, here in zip(sides, present, strict=True):
        absent = np.flatnonzero(~here)
        if len(absent):
            first = ", ".join(repr(ids[i]) for i in absent[:SHOWN].tolist())
            more = ", ..." if len(absent) > SHOWN else ""
            parts.append(f"{side.file.name} lacks {len(absent)} of {anywhere} ids: {first}{more}")
    raise DataError(
        "; ".join(parts)
        + f". In every file: {count_of(both, 'id')}. {_explain_alike(present, ids)}"
        "An example that one side lacks cannot be compared: complete the files, or say --missing "
        "skip to leave such examples out, or --missing wrong to count a missing answer as wrong."
    )


def _explain_alike(present: Sequence[BoolArray], ids: Sequence[str]) -> str:
    """Say that ids which a side lacks look like others that only it has."""
    # An id that every side lacks, and references alone have, looks like none of another side.
    some = np.logical_or.reduce(present)
    first, *others = ([ids[i] for i in np.flatnonzero(~here & some).tolist()] for here in present)
    pairs = [pair for absent in others for pair in find_alike(first, absent)]
    if not pairs:
        return ""
    name, twin = pairs[0]
    return (
        f"{count_of(len(pairs), 'pair')} of these ids differ in {describe_difference(name, twin)} "
        f"alone, such as {name!a} and {twin!a}: write them alike. "
    )


def _nothing_left(
    sides: Sequence[ScoredRows],
    failed: BoolArray,
    unscored: BoolArray,
    lost: BoolArray,
    changed: BoolArray,
) -> str:
    names = " and ".join(side.file.name for side in sides)
    unjudged = f"{int(unscored.sum())} were not scored, " if unscored.any() else ""
    return (
        f"{names}: no example is left to compare: {int(lost.sum())} are missing on a side, "
        f"{int((failed & ~unscored).sum())} errored, {unjudged}{int(changed.sum())} were edited. "
        "Are these predictions on the same data?"
    )


def _refuse_errored(sides: Sequence[ScoredRows]) -> None:
    for side in sides:
        rows = np.flatnonzero(side.errored)
        if len(rows):
            raise DataError(
                f"{name_row(side, int(rows[0]))}: the row {side.ids[rows[0]]!r} holds an error "
                f"({count_of(len(rows), 'such row')} in the file). Run these again, or say "
                "--errors exclude or --errors wrong."
            )


def _lacking(paths: Sequence[str], joined: Collection[str]) -> tuple[Note, ...]:
    """Note the fields to slice by that no row has."""
    absent = [path for path in paths if path not in joined]
    return tuple(Note("slices", f"no slices by {path}: no row has it") for path in absent)


def _join_attributes(
    sides: Sequence[ScoredRows],
    examples: Sequence[IntArray],
    ids: Sequence[str],
    attributes: Sequence[str],
    optional: Collection[str],
) -> dict[str, list[str]]:
    """Return the fields of each example, without optional ones that no side has."""
    joined = {path: _join_attribute(sides, examples, path, len(ids)) for path in attributes}
    columns = {path: values for path, values in joined.items() if values}
    absent = next((path for path in joined if path not in {*columns, *optional}), None)
    if absent is not None:
        names = " or ".join(side.file.name for side in sides)
        paths = _list_paths(sides[0])
        near = suggest(absent, paths, f"the fields are {list_keys(paths)}.")
        raise ConfigError(f"no field {absent!r} to slice by in {names}; {near}")
    return columns


def _list_paths(side: ScoredRows) -> list[str]:
    """Return the paths of the fields of a file's first row, those within an object too."""
    columns = side.columns
    record = next(side.file.pick(columns["records"][:1], columns["lines"][:1]))
    inner = [
        f"{name}.{key}"
        for name, value in record.items()
        if isinstance(value, dict)
        for key in value
    ]
    return [*inner, *map(str, record)]


def _refuse_ungrouped(
    sides: Sequence[ScoredRows],
    ids: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    cluster: str | None,
) -> None:
    """Refuse an example without its group: it depends on nobody knows which."""
    if cluster is None or NO_GROUP.isdisjoint(columns[cluster]):
        return
    pairs = zip(ids, columns[cluster], strict=True)
    lost = [example for example, group in pairs if group in NO_GROUP]
    names = " or ".join(side.file.name for side in sides)
    raise DataError(
        f"{lost[0]!r} has no {cluster!r} in {names} ({count_of(len(lost), 'such example')}). "
        "Every example was expected to name its group, by which --cluster knows which depend "
        "on each other: give each of these its group's name, or one of its own."
    )


def _join_attribute(
    sides: Sequence[ScoredRows], examples: Sequence[IntArray], path: str, size: int
) -> list[str]:
    """Return the value of each example, from the sides that hold the field; none if none does."""
    values = np.full(size, None, object)
    for side, example in zip(sides, examples, strict=True):
        column = np.array(side.attributes[path], object)
        rows = np.flatnonzero((example >= 0) & np.not_equal(column, NOTHING))
        index, named = example[rows], column[rows]
        new = np.equal(values[index], NOTHING)
        values[index[new][::-1]] = named[new][::-1]  # the first row of an example decides
        unlike = np.flatnonzero(np.not_equal(values[index], named))
        if len(unlike):
            row = int(rows[unlike[0]])
            raise DataError(
                f"{name_row(side, row)}: {path!r} of {side.ids[row]!r} is {column[row]!r}, and "
                f"{values[example[row]]!r} on the other side. Slice by what belongs to the "
                "example, not to the model."
            )
    absent = np.equal(values, NOTHING)
    if absent.all():
        return []
    values[absent] = NONE
    joined: list[str] = values.tolist()
    return joined
