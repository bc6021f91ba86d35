"""Edited examples: the same id with another reference, item or input on the two sides.

Where both sides hold an item hash, the example is known by it: another input is then
another prompt for the same example, which is noted and not refused.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from compatkit.arrays import BoolArray, IntArray
from compatkit.errors import DataError
from compatkit.notes import Note
from compatkit.pairing.alike import describe_difference
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.predictions.fields import get_path

SHOWN = 5
# The roles by which an example is known, as messages say one and several of them.
SINGLE = {"references": "reference", "item_hash": "item_hash", "input": "input"}
PLURAL = {"references": "references", "item_hash": "items", "input": "inputs"}

Fault = tuple[ScoredRows, ScoredRows, IntArray, str]


def find_edited(
    sides: Sequence[ScoredRows], codes: Sequence[IntArray], size: int, edited: str
) -> tuple[BoolArray, tuple[Note, ...]]:
    """Find the examples whose references or inputs differ; note what cannot be checked.

    Args:
        sides: the old model first.
        codes: for each side, of each row the number of its example.
        size: the number of examples.
        edited: the policy, `error`, `skip` or `keep`.

    Returns:
        Shape (size,), True where a side has another reference, item or input; and notes.

    Raises:
        DataError: the policy is `error`, and an example differs.
    """
    differ = np.zeros(size, np.bool_)
    notes: list[Note] = []
    faults: list[Fault] = []
    known_items = all(_is_full(side, "item_hash") for side in sides)
    same_item: list[BoolArray] = []
    for role in ("references", "item_hash", "input") if known_items else ("references", "input"):
        unlike = _find_differing(sides, codes, size, role)
        if role == "item_hash":
            same_item = [~rows for rows in unlike]
        if role == "input" and known_items:
            notes += _note_prompts(sides, codes, unlike, same_item)
            unlike = [rows & ~same for rows, same in zip(unlike, same_item, strict=True)]
        for side, code, rows in zip(sides, codes, unlike, strict=True):
            first = np.flatnonzero(rows)
            if len(first):
                differ[code[first]] = True
                faults.append(
                    (side, _first_holder(sides, codes, code[first[0]], role), first, role)
                )
        holders = sum(side.holds(role) for side in sides)
        if 0 < holders < len(sides):
            text = f"{PLURAL[role]} were not compared: {holders} of {len(sides)} files hold them"
            notes.append(Note("unchecked", text))
    if faults and edited == "error":
        raise DataError(_differ_message(*faults[0], edited=int(differ.sum())))
    if edited == "keep" and differ.any():
        text = (
            f"{count_of(int(differ.sum()), 'example')} with another reference or input on the two "
            "sides: each answer was held against its own file's"
        )
        notes.append(Note("kept", text))
    return differ, tuple(notes)


def _find_differing(
    sides: Sequence[ScoredRows], codes: Sequence[IntArray], size: int, role: str
) -> list[BoolArray]:
    """Return for each side which rows differ from what the example's first row holds."""
    if not any(side.holds(role) for side in sides):
        return [np.zeros(len(code), np.bool_) for code in codes]
    first_hash = np.zeros(size, np.int64)
    unlike = []
    for side, code in zip(sides, codes, strict=True):
        differing = np.zeros(len(code), np.bool_)
        for part, hashes in side.parts(role):
            places = code[part]
            unknown = (first_hash[places] == 0) & (hashes != 0)
            # The first row of an example decides, so that its own samples are held against it.
            first_hash[places[unknown][::-1]] = hashes[unknown][::-1]
            differing[part] = (hashes != 0) & (hashes != first_hash[places])
        unlike.append(differing)
    return unlike


def _is_full(side: ScoredRows, role: str) -> bool:
    return all(bool(hashes.all()) for _, hashes in side.parts(role))


def _first_holder(
    sides: Sequence[ScoredRows], codes: Sequence[IntArray], example: int, role: str
) -> ScoredRows:
    """Return the first side of which a row of an example holds a value."""
    return next(
        side
        for side, code in zip(sides, codes, strict=True)
        if side.pick(role, np.flatnonzero(code == example)).any()
    )


def _note_prompts(
    sides: Sequence[ScoredRows],
    codes: Sequence[IntArray],
    unlike: Sequence[BoolArray],
    same_item: Sequence[BoolArray],
) -> list[Note]:
    """Note the examples that were asked in other words."""
    notes = []
    for side, code, rows, same in zip(sides, codes, unlike, same_item, strict=True):
        changed = np.flatnonzero(rows & same)
        if not len(changed):
            continue
        first = int(changed[0])
        other = sides[0].ids.index(side.ids[first])
        hashes = [_digest(scored, row) for scored, row in ((sides[0], other), (side, first))]
        text = (
            f"{side.file.name}: the prompt of {count_of(len(np.unique(code[changed])), 'example')} "
            f"was changed, and not the example: their item hashes agree (SHA-256 of the prompt of "
            f"{side.ids[first]!r}: {hashes[0]} -> {hashes[1]})"
        )
        notes.append(Note("edited", text))
    return notes


def _digest(side: ScoredRows, row: int) -> str:
    return hashlib.sha256(str(_value(side, row, "input")).encode("utf-8", "replace")).hexdigest()[
        :8
    ]


def _differ_message(
    side: ScoredRows, other: ScoredRows, rows: IntArray, role: str, *, edited: int
) -> str:
    single = SINGLE[role]
    names = [side.ids[row] for row in rows[:SHOWN].tolist()]
    first = next(
        row
        for row, name in enumerate(other.ids)
        if name == names[0] and other.pick(role, np.array([row])).any()
    )
    values = [_value(scored, row, role) for scored, row in ((other, first), (side, int(rows[0])))]
    texts = list(map(_shown, values))
    alike = describe_difference(*map(str, values))
    alike = f"They differ in {alike} alone. " if alike else ""
    listed = ", ".join(map(repr, names)) + (", ..." if len(rows) > SHOWN else "")
    return (
        f"{name_row(side, int(rows[0]))}: the {single} of {names[0]!r} is {texts[1]}; in "
        f"{name_row(other, first)} it is {texts[0]}. {alike}"
        f"{count_of(len(rows), 'row')} differ{'s' if len(rows) == 1 else ''}: {listed}. "
        f"In all {count_of(edited, 'example')} have another reference or input. Answers to other "
        "questions cannot be compared: make both files from the same data, "
        "or say --edited skip to leave such examples out, --edited keep to hold each answer "
        "against its own file"
        + (", --input-field none if prompts are meant to differ." if role == "input" else ".")
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004


def _value(side: ScoredRows, row: int, role: str) -> object:
    records, lines = (side.pick(name, np.array([row])) for name in ("records", "lines"))
    (record,) = side.file.pick(records, lines)
    return get_path(record, side.fields.paths[role])


def name_row(side: ScoredRows, row: int) -> str:
    """Return the place of a row, as messages begin."""
    return f"{side.file.name}:{line_of(side, row)}"


def line_of(side: ScoredRows, row: int) -> int:
    """Return the line of a row's record."""
    return int(side.pick("lines", np.array([row]))[0])


def count_of(count: int, what: str) -> str:
    """Return a number with what it counts."""
    return f"{count} {what}" + ("s" if count != 1 else "")
