"""What the gate must answer, worked out from the bytes of the files, or from rows, alone.

Nothing of compatkit is used: `json`, `csv`, `gzip`, a dictionary, and scipy's binomial. Where the
gate has bounds of its own (at any look, of groups, of differences), the binomial gives what no
valid bound can be better than: it is exact for one of the populations that the bound holds for.
"""

import csv
import gzip
import io
import json
import math
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import zstandard
from scipy.special import betainc

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
    decide: str = "interval"
    looks: int = 1
    rule: str = INCONCLUSIVE
    slice_rules: dict = field(default_factory=dict)
    total_rule: str = INCONCLUSIVE
    missing: str = "error"
    errors: str = "refuse"
    edited: str = "error"
    threshold: float = 0.5
    cluster: str | None = None


class Asked(NamedTuple):
    """A budget: how sure it is that it is kept, or broken, and what nothing shown counts as.

    `kept` is the p-value of the budget being broken, or a lower limit of every valid one; `broken`
    that of its being kept, 1 where nothing here tells it. `within` is None where the quantity is
    undefined.
    """

    kept: float
    broken: float
    within: bool | None
    rule: str


def judge(old, new, rules, kinds=("jsonl", "jsonl")):
    """Return the true answer for two files, given as bytes."""
    try:
        sides = [
            _examples(data, kind, rules.score, rules.threshold)
            for data, kind in zip((old, new), kinds, strict=True)
        ]
        return _decide(*sides, rules)
    except RefusedError:
        return REFUSE


@lru_cache(maxsize=32)
def _examples(data, kind, score, threshold):
    return _by_id(_read(data, kind), score, threshold)


@lru_cache(maxsize=64)
def examples_of_rows(rows, score, threshold):
    """Return the examples of rows in memory, given as `Rows`."""
    if not rows.rows:
        raise RefusedError
    for row in rows.rows:
        _object(row)
    return _by_id(rows.rows, score, threshold)


class Rows:
    """Rows in memory, known by what they are and not by what they hold."""

    def __init__(self, rows):
        self.rows = rows


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


def _by_id(rows, score, threshold):
    keys = {key for row in rows for key in row}
    if {"reference", "references"} <= keys or {"prediction", "predictions"} <= keys:
        raise RefusedError
    table = {}
    for row in rows:
        name = row.get("id")
        name = _number(name) if isinstance(name, float) else name
        if isinstance(name, bool) or not isinstance(name, str | int) or str(name) in table:
            raise RefusedError
        table[str(name)] = _example(row, score, threshold)
    return table


def _example(row, score, threshold):
    error = row.get("error")  # a number measures an error
    errored = bool(error) and not isinstance(error, int | float)
    example = {"row": row, "input": row.get("input"), "errored": errored}
    if not isinstance(example["input"], str | type(None)):
        example["input"] = _number(row["input"]) or json.dumps(row["input"], sort_keys=True)
    if score:
        number = _score(row.get(score))
        example["answered"] = row.get("prediction", ABSENT) is not None
        example["right"] = number >= threshold  # whatever the answer is
        example["prediction"] = row.get("prediction")
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


LOST = {"right": False, "answered": False, "prediction": None}


def _join(old, new, rules):
    """Return both sides with the same examples, and how many were left out."""
    names, left_out, sides = {**old, **new}, 0, ({}, {})
    for name in names:
        one, other = old.get(name), new.get(name)
        if _is_left_out(one, other, rules):
            left_out += 1
            continue
        for side, example in zip(sides, (one or {**other, **LOST}, other or {**one, **LOST})):  # noqa: B905
            side[name] = {**example, **LOST} if example["errored"] else example
    return *sides, left_out


def _is_left_out(one, other, rules):
    """Whether an example is left out; what the rules do not allow for is refused."""
    if one is None or other is None:
        if rules.missing == "error":
            raise RefusedError
        return rules.missing == "skip"
    if one["errored"] or other["errored"]:
        if rules.errors == "refuse":
            raise RefusedError
        return rules.errors == "exclude"
    edited = bool(
        one["references"] and other["references"] and one["references"] != other["references"]
    )
    edited |= None not in {one["input"], other["input"]} and one["input"] != other["input"]
    if edited and (rules.edited == "error" or (rules.edited == "keep" and rules.strict)):
        raise RefusedError
    return bool(edited) and rules.edited == "skip"


def judge_tasks(tasks):
    """Return the true answer for several tasks: both sides, as bytes or `Rows`, and their rules.

    The budgets of `total` are those of the first; the tasks are to share no example.
    """
    rules = tasks[0][2]
    try:
        sides = [[_open(side, own) for side in data] for *data, own in tasks]
        measured = [_measure(*pair, task[2]) for pair, task in zip(sides, tasks, strict=True)]
        _refuse_shared([old for old, _, _, _ in measured], rules)
        _refuse_idle([own for *_, own in tasks], measured)
    except RefusedError:
        return REFUSE
    joined = {}, {}
    for number, (old, new, _, _) in enumerate(measured):
        for side, examples in zip(joined, (old, new), strict=True):
            side.update({(number, name): example for name, example in examples.items()})
    asked = [each for *_, found, _ in measured for each in found]
    asked += _ask(_pairs_of(joined[0], *joined), rules.total, rules.total_rule, None)
    return _answer(asked, any(broke for *_, broke in measured), rules)


def _open(side, rules):
    if isinstance(side, Rows):
        return examples_of_rows(side, rules.score, rules.threshold)
    return _examples(side, "jsonl", rules.score, rules.threshold)


def _refuse_idle(rules, measured):
    """Refuse where nothing blocks but guards, and all that is guarded was wrong before."""
    was_right = (
        old[name]["right"]
        for own, (old, *_) in zip(rules, measured, strict=True)
        for name in _guarded(own, {p: _values(old, old, p) for p in own.tags}) & set(old)
    )
    if not any(own.blocks for own in rules) and not any(was_right):
        raise RefusedError


def _refuse_shared(tasks, rules):
    known = set()
    for old in tasks if rules.total or rules.total_advisory else ():
        contents = {(each["input"], *sorted(each["references"])) for each in old.values()}
        if known & contents and not rules.overlap:
            raise RefusedError
        known |= contents


def _decide(old, new, rules):
    old, new, asked, broke = _measure(old, new, rules)
    _refuse_idle([rules], [(old, new, asked, broke)])
    asked += _ask(_pairs_of(old, old, new), rules.total, rules.total_rule, None)
    return _answer(asked, broke, rules)


def _answer(asked, broke, rules):
    alpha = (1 - rules.level) / rules.looks
    by_point = rules.decide == "point"
    if broke or (by_point and any(each.within is False for each in asked)):
        return FAIL
    if rules.decide == "interval" and _any_fails(asked, alpha):
        return FAIL
    open_ = [each.rule for each in asked if not (each.within if by_point else each.kept <= alpha)]
    return FAIL if FAIL in open_ else INCONCLUSIVE if INCONCLUSIVE in open_ else PASS


def _measure(old, new, rules):
    """Return both sides as they are decided by, the budgets, and whether a guarded one broke."""
    old, new, left_out = _join(old, new, rules)
    values = {path: _values(old, new, path) for path in (*rules.slices, *rules.tags)}
    flipped = {name for name in old if old[name]["right"] and not new[name]["right"]}
    guarded = _guarded(rules, values)
    accepted = flipped & set(rules.waived)
    parts = _parts(rules, values)
    every = len(old) + left_out
    faults = (
        rules.examples not in {None, every},
        not any(each["right"] for each in old.values()),
        left_out + _unanswered(old) > rules.left_out * every,
        not set(old) >= {*rules.ids, *rules.waived, *rules.expired},
        any(_waives_too_much(accepted & part, part, rules, path) for path, part in parts),
        accepted and _waives_too_much(accepted, set(old), rules, ""),
        rules.strict and (rules.late or _is_loose(rules, old, values)),
    )
    if any(faults):
        raise RefusedError
    kept = [name for name in old if name not in accepted]
    asked = _ask(_pairs_of(kept, old, new), rules.budgets, rules.rule, rules.cluster)
    for path, part in parts:
        names = [name for name in kept if name in part]
        rule = rules.slice_rules.get(path, rules.rule)
        asked += _ask(_pairs_of(names, old, new), rules.slices[path], rule, rules.cluster)
    broke = bool(guarded & flipped - accepted)
    return {n: old[n] for n in kept}, {n: new[n] for n in kept}, asked, broke


def _pairs_of(names, old, new):
    return [(old[name], new[name]) for name in names]


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
        worst = {"max_nfr": right, "min_btc": 0.0, "min_bec": 0.0, "max_accuracy_drop": right}
        worst["max_accuracy_change"] = max(right, 1 - right)
        worst["max_relative_nfr"] = 1 / right if right else math.inf
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


def _ask(pairs, budgets, rule, cluster):
    """Return what is known of each budget, of pairs of examples."""
    right = sum(one["right"] for one, _ in pairs)
    still = sum(other["right"] for _, other in pairs)
    broken = sum(one["right"] and not other["right"] for one, other in pairs)
    asked = []
    for budget, allowed in budgets.items():
        if budget in {"max_accuracy_drop", "max_accuracy_change", "max_relative_nfr"}:
            asked.append(_ask_of_both(budget, allowed, (len(pairs), right, still, broken), rule))
            continue
        count, total, limit = broken, len(pairs), allowed
        if budget == "min_btc":  # as a share of broken ones, at most 1 - limit
            total, limit = right, 1 - allowed
        if budget in {"min_bec", "max_nfi"}:  # of the new wrong ones
            total = len(pairs) - still
            limit = 1 - allowed if budget == "min_bec" else allowed
        if budget == "max_churn":
            count = sum(one["prediction"] != other["prediction"] for one, other in pairs)
        if total == 0:
            asked.append(Asked(1.0, 1.0, None, rule))
        elif cluster is not None:
            flips = budget == "max_nfr"
            groups = [(one["row"][cluster], one["right"] > other["right"]) for one, other in pairs]
            asked.append(_ask_of_groups(groups if flips else [], count / total, limit, rule))
        else:
            sure = at_most(count, total, limit), at_least(count, total, limit)
            asked.append(Asked(*sure, count / total <= limit + TIE, rule))
    return asked


TIE = 1e-12


def _ask_of_both(budget, limit, counts, rule):
    """Return what is known of a difference, or a ratio, of which both sides vary.

    If an update that only breaks, at exactly the limit, is passed with b broken answers, it is with
    fewer: a bound that passes b more broken than repaired ones passes b broken ones alone.
    """
    size, right, still, broken = counts
    drop = right - still
    if size == 0 or (budget == "max_relative_nfr" and 0 in {right, size - still}):
        return Asked(1.0, 1.0, None, rule)
    if budget == "max_relative_nfr":
        ratio = broken * size / (right * (size - still))
        return Asked(0.0 if ratio <= limit else 1.0, 1.0, ratio <= limit + TIE, rule)
    value = abs(drop) if budget == "max_accuracy_change" else drop
    within = value / size <= limit + TIE
    told = within and limit > 0 and value >= 0
    kept = at_most(value, size, limit) if told else 1.0 - within
    return Asked(kept, 1.0, within, rule)


def _ask_of_groups(groups, value, limit, rule):
    """Return what is known of a share in groups, which may break as a whole or not at all."""
    if value > limit + TIE:
        return Asked(1.0, 1.0, False, rule)
    sizes, flips = {}, {}
    for group, flipped in groups:
        sizes[group] = sizes.get(group, 0) + 1
        flips[group] = flips.get(group, 0) + flipped
    kept = 0.0
    whole = all(flips[group] in {0, size} for group, size in sizes.items())
    if whole and (len(set(sizes.values())) == 1 or not any(flips.values())):
        kept = at_most(sum(count > 0 for count in flips.values()), len(sizes), limit)
    return Asked(kept, 1.0, True, rule)


def at_most(count, total, rate):
    """Return P(X <= count) of a binomial."""
    if count >= total or rate <= 0.0:
        return 1.0
    return 0.0 if rate >= 1.0 else float(betainc(total - count, count + 1, 1.0 - rate))


def at_least(count, total, rate):
    """Return P(X >= count) of a binomial."""
    return 1.0 if count <= 0 else 1.0 - at_most(count - 1, total, rate)


def _any_fails(asked, alpha):
    """Holm: any fails when the smallest p-value is at most alpha over their number."""
    return bool(asked) and min(each.broken for each in asked) <= alpha / len(asked)
