"""What the gate must answer, worked out from the bytes of the files alone.

Nothing of compatkit is used: `json`, `csv`, `gzip`, a dictionary, and scipy's binomial.
"""

import csv
import gzip
import io
import json
import math
import zlib
from dataclasses import dataclass, field
from functools import lru_cache

import zstandard
from scipy.stats import binom

PASS, FAIL, INCONCLUSIVE, REFUSE = "pass", "fail", "inconclusive", "refuse"
EXIT_CODES = {PASS: 0, FAIL: 1, REFUSE: 2, INCONCLUSIVE: 3}
FAULTS = (ValueError, EOFError, OSError, zlib.error, zstandard.ZstdError, csv.Error)
BOM = b"\xef\xbb\xbf"
ABSENT = object()


class RefusedError(Exception):
    """The files cannot be measured."""


@dataclass(frozen=True)
class Rules:
    """What an update may break.

    `budgets` and those of a slice are shares: `max_nfr`, `min_btc`, `max_churn`.
    """

    budgets: dict = field(default_factory=dict)
    slices: dict = field(default_factory=dict)
    total: dict = field(default_factory=dict)
    advisory: dict = field(default_factory=dict)
    total_advisory: dict = field(default_factory=dict)
    slices_advisory: dict = field(default_factory=dict)
    ids: tuple = ()
    tags: dict = field(default_factory=dict)
    waived: tuple = ()
    expired: tuple = ()
    examples: int | None = None
    level: float = 0.95
    score: str | None = None
    waivable: float = 0.05
    left_out: float = 0.0
    blocks: bool = True
    strict: bool = False
    late: bool = False
    overlap: bool = False


def judge(old, new, rules, kinds=("jsonl", "jsonl")):
    """Return the true answer for two files, given as bytes."""
    try:
        sides = [
            _examples(data, kind, rules.score) for data, kind in zip((old, new), kinds, strict=True)
        ]
        return _decide(*_join(*sides), rules)
    except RefusedError:
        return REFUSE


@lru_cache(maxsize=32)
def _examples(data, kind, score):
    return _by_id(_read(data, kind), score)


def _read(data, kind):
    packing, _, kind = kind.rpartition(".")
    try:
        if packing == "gz":
            data = gzip.decompress(data)
        elif packing == "zst":
            data = _unpack_zstd(data)
        rows = {"jsonl": _lines, "json": _array, "csv": _table}[kind](data)
    except FAULTS as error:
        raise RefusedError from error
    if not rows:
        raise RefusedError
    return rows


def _unpack_zstd(data):
    whole = b""
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        whole += frame.decompress(data)
        if not frame.eof:
            raise EOFError
        data = frame.unused_data
    return whole


def _lines(data):
    lines = [line for line in data.removeprefix(BOM).split(b"\n") if line.strip()]
    return [_object(_loads(line)) for line in lines]


def _array(data):
    found = _loads(data.removeprefix(BOM))
    if not isinstance(found, list):
        raise RefusedError
    return [_object(row) for row in found]


def _loads(data):
    if b"\0" in data:
        raise RefusedError
    return json.loads(data.decode(), object_pairs_hook=_pairs)


def _pairs(pairs):
    if len(dict(pairs)) != len(pairs):
        raise RefusedError
    return dict(pairs)


def _object(row):
    if not isinstance(row, dict):
        raise RefusedError
    return row


def _table(data):
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    rows = [row for row in csv.reader(text, strict=True) if row]
    while rows and not any(map(str.strip, rows[0])):
        rows.pop(0)
    if not rows or len(set(rows[0])) != len(rows[0]):
        raise RefusedError
    if any(len(row) != len(rows[0]) for row in rows):
        raise RefusedError
    return [{key: cell or None for key, cell in zip(rows[0], row, strict=True)} for row in rows[1:]]


def _by_id(rows, score):
    keys = {key for row in rows for key in row}
    if {"reference", "references"} <= keys or {"prediction", "predictions"} <= keys:
        raise RefusedError
    table = {}
    for row in rows:
        error = row.get("error")
        if error and not isinstance(error, int | float):  # a number measures an error
            raise RefusedError
        name = row.get("id")
        if isinstance(name, bool) or not isinstance(name, str | int) or str(name) in table:
            raise RefusedError
        table[str(name)] = _example(row, score)
    return table


def _example(row, score):
    example = {"row": row, "input": row.get("input")}
    if not isinstance(example["input"], str | type(None)):
        example["input"] = _number(row["input"]) or json.dumps(row["input"], sort_keys=True)
    if score:
        example["right"] = _score(row.get(score)) >= 0.5
        example["answered"] = row.get("prediction", ABSENT) is not None
        example["references"] = _texts(row.get("reference"))
        return example
    prediction = row.get("prediction", ABSENT)
    if isinstance(prediction, list) and len(prediction) == 1:
        (prediction,) = prediction
    references = _texts(row.get("reference"))
    if prediction is ABSENT or not references:
        raise RefusedError
    prediction = None if prediction is None else _text(prediction)
    right = prediction is not None and prediction in references
    answered = prediction is not None
    found = {"right": right, "answered": answered, "prediction": prediction}
    return {**example, **found, "references": references}


def _texts(value):
    several = value if isinstance(value, list) else [value]
    return {_text(each) for each in several if each is not None}


def _text(value):
    if isinstance(value, str):
        return value
    number = _number(value)
    if number is None:
        raise RefusedError
    return number


def _number(value):
    if isinstance(value, float) and not math.isfinite(value):
        raise RefusedError
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _score(value):
    words = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
    try:
        value = words.get(value.strip().lower(), value) if isinstance(value, str) else value
        number = float(value)
    except (TypeError, ValueError):
        raise RefusedError from None
    if not math.isfinite(number):
        raise RefusedError
    return number


def _join(old, new):
    if set(old) != set(new):
        raise RefusedError
    for name, one in old.items():
        other = new[name]
        if one["references"] and other["references"] and one["references"] != other["references"]:
            raise RefusedError
        if None not in {one["input"], other["input"]} and one["input"] != other["input"]:
            raise RefusedError
    return old, new


def judge_tasks(tasks):
    """Return the true answer for several tasks: the old file, the new file and the rules of each.

    The budgets of `total` are those of the first; the tasks are to share no example.
    """
    rules = tasks[0][2]
    try:
        sides = [
            _join(*(_examples(each, "jsonl", own.score) for each in data)) for *data, own in tasks
        ]
        measured = [_measure(*pair, task[2]) for pair, task in zip(sides, tasks, strict=True)]
        _refuse_shared([old for old, _ in sides], rules)
    except RefusedError:
        return REFUSE
    joined = {}, {}
    for number, (pair, (_, _, kept)) in enumerate(zip(sides, measured, strict=True)):
        for side, examples in zip(joined, pair, strict=True):
            side.update({(number, name): examples[name] for name in kept})
    asked = [each for found, _, _ in measured for each in found]
    asked += _ask(list(joined[0]), *joined, rules.total)
    return _answer(asked, any(broke for _, broke, _ in measured), 1 - rules.level)


def _refuse_shared(tasks, rules):
    known = set()
    for old in tasks if rules.total or rules.total_advisory else ():
        contents = {(each["input"], *sorted(each["references"])) for each in old.values()}
        if known & contents and not rules.overlap:
            raise RefusedError
        known |= contents


def _decide(old, new, rules):
    asked, broke, kept = _measure(old, new, rules)
    return _answer(asked + _ask(kept, old, new, rules.total), broke, 1 - rules.level)


def _answer(asked, broke, alpha):
    if broke or _any_fails(asked, alpha):
        return FAIL
    return PASS if all(each[0] <= alpha for each in asked) else INCONCLUSIVE


def _measure(old, new, rules):
    """Return the p-values of the budgets, whether a guarded example broke, and who was kept."""
    values = {path: _values(old, new, path) for path in (*rules.slices, *rules.tags)}
    flipped = {name for name in old if old[name]["right"] and not new[name]["right"]}
    guarded = _guarded(rules, values)
    accepted = flipped & set(rules.waived)
    parts = _parts(rules, values)
    faults = (
        rules.examples not in {None, len(old)},
        not any(each["right"] for each in old.values()),
        _unanswered(old) > rules.left_out * len(old),
        not set(old) >= {*rules.ids, *rules.waived, *rules.expired},
        any(_waives_too_much(accepted & part, part, rules, path) for path, part in parts),
        accepted and _waives_too_much(accepted, set(old), rules, ""),
        not rules.blocks and not any(old[name]["right"] for name in guarded & set(old)),
        rules.strict and (rules.late or _is_loose(rules, old, values)),
    )
    if any(faults):
        raise RefusedError
    kept = [name for name in old if name not in accepted]
    asked = _ask(kept, old, new, rules.budgets)
    for path, part in parts:
        asked += _ask([name for name in kept if name in part], old, new, rules.slices[path])
    return asked, bool(guarded & flipped - accepted), kept


def _unanswered(old):
    return sum(not each["answered"] and not each["right"] for each in old.values())


def _guarded(rules, values):
    guarded = set(rules.ids)
    for path, wanted in rules.tags.items():
        for value in wanted:
            tagged = {name for name, held in values[path].items() if held == value}
            if not tagged:
                raise RefusedError
            guarded |= tagged
    return guarded


def _parts(rules, values):
    return [
        (path, {name for name, held in values[path].items() if held == value})
        for path in rules.slices
        for value in set(values[path].values())
    ]


def _waives_too_much(waived, part, rules, path):
    """Whether so many are waived of a task, or of a slice, where one always may be."""
    most = max(rules.waivable * len(part), 1 if path else 0)
    return bool(waived) and (len(waived) > most or len(waived) == len(part))


def _is_loose(rules, old, values):
    """Whether nothing that the new model answers could break one of the limits."""
    sets = [(old, rules.budgets | rules.advisory), (old, rules.total | rules.total_advisory)]
    for path, budgets in (*rules.slices.items(), *rules.slices_advisory.items()):
        parts = [{n for n in old if values[path][n] == v} for v in set(values[path].values())]
        sets += [({n: old[n] for n in part}, budgets) for part in parts]
    for examples, budgets in sets:
        right = sum(each["right"] for each in examples.values()) / len(examples)
        worst = {"max_nfr": right, "min_btc": 0.0, "min_bec": 0.0}
        for name, limit in budgets.items():
            at_worst = worst.get(name, 1.0)
            if at_worst >= limit if name.startswith("min") else at_worst <= limit:
                return True
    return False


def _values(old, new, path):
    found = {}
    for name in old:
        held = [side[name]["row"].get(path, ABSENT) for side in (old, new)]
        texts = {"(null)" if each is None else str(each) for each in held if each is not ABSENT}
        if len(texts) > 1:
            raise RefusedError
        found[name] = texts.pop() if texts else "(none)"
    if set(found.values()) == {"(none)"}:
        raise RefusedError
    return found


def _ask(names, old, new, budgets):
    """Return, for each budget, the p-values of 'it is beyond' and of 'it is within'."""
    asked = []
    right = [old[name]["right"] for name in names]
    still = [new[name]["right"] for name in names]
    broken = sum(was and not is_still for was, is_still in zip(right, still, strict=True))
    for budget, allowed in budgets.items():
        count, total, limit = broken, len(names), allowed
        if budget == "min_btc":  # as a share of broken ones, at most 1 - limit
            total, limit = sum(right), 1 - allowed
        if budget == "min_bec":  # of the new wrong ones
            total, limit = len(names) - sum(still), 1 - allowed
        if budget == "max_churn":
            count = sum(old[each]["prediction"] != new[each]["prediction"] for each in names)
        if total == 0:
            asked.append((0.0, 1.0) if budget == "min_btc" else (1.0, 1.0))
            continue
        within = 0.0 if limit == 1 else binom.cdf(count, total, limit)
        asked.append((within, binom.sf(count - 1, total, limit)))
    return asked


def _any_fails(asked, alpha):
    """Holm: any fails when the smallest p-value is at most alpha over their number."""
    return bool(asked) and min(each[1] for each in asked) <= alpha / len(asked)
