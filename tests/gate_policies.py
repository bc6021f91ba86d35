"""Corrupted variants of a policy, each with its true answer by a reading of its own."""

import datetime as dt
import fnmatch
import json
import tomllib
from copy import deepcopy
from functools import cache

from gate_mutations import FOLDER, Variant, copy, make_rows, pack
from gate_truth import PASS, REFUSE, RefusedError, Rules, judge

POLICY = {
    "format": 1,
    "name": "nightly",
    "level": 0.95,
    "decide": "interval",
    "inconclusive": "inconclusive",
    "strict": False,
    "seed": 7,
    "resamples": 2000,
    "tasks": {
        "qa": {
            "old": "old.jsonl",
            "new": "new.jsonl",
            "examples": 300,
            "max_left_out": 0.0,
            "scorer": "exact_match",
            "normalize": "none",
            "missing": "error",
            "errors": "refuse",
            "edited": "error",
            "by_position": False,
            "reader": "jsonl",
            "inconclusive": "fail",
            "fields": {"id": "id", "prediction": "prediction", "references": "reference"},
            "budgets": {"max_nfr": 0.05, "min_btc": 0.93},
            "advisory": {"max_churn": 0.001},
            "slices": {"lang": {"inconclusive": "fail", "budgets": {"max_nfr": 0.1}}},
            "must_not_flip": {"ids": ["q017", "q018"], "tags": {"tag": ["safety"]}},
        }
    },
    "total": {"inconclusive": "fail", "budgets": {"max_nfr": 0.05}, "advisory": {"max_nfi": 0.5}},
    "waivers": [
        {
            "task": "qa",
            "id": "q017",
            "reason": "the reference is wrong",
            "expires": dt.date(2999, 12, 31),
        }
    ],
}
WORDS = ("pass", "fail", "inconclusive")


def is_count(value, least, most=10**18):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value, low, high):
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def is_in(*words):
    return lambda value: isinstance(value, str) and value in words


def is_file(name):
    """Whether a path, or a pattern, stands for the file."""
    return lambda value: isinstance(value, str) and fnmatch.fnmatchcase(name, value)


def is_budget(value, *, at_least=False):
    return is_number(value, 0, 1) and value != int(at_least)


TOP = {
    "format": lambda value: is_count(value, 1, 1),
    "name": lambda value: isinstance(value, str),
    "level": lambda value: is_number(value, 0.500001, 0.9999),
    "decide": is_in("interval", "anytime", "point"),
    "looks": lambda value: is_count(value, 1, 1000),
    "inconclusive": is_in(*WORDS),
    "strict": lambda value: isinstance(value, bool),
    "seed": lambda value: is_count(value, 0, 10**40),
    "resamples": lambda value: is_count(value, 100, 10**6),
    "tasks": lambda value: isinstance(value, dict) and value,
    "total": lambda value: isinstance(value, dict),
    "waivers": lambda value: isinstance(value, list),
}
TASK = {
    "old": is_file("old.jsonl"),
    "new": is_file("new.jsonl"),
    "examples": lambda value: is_count(value, 1),
    "max_left_out": lambda value: is_number(value, 0, 0.999999999),
    "max_waived": lambda value: is_number(value, 0, 0.999999999),
    "scorer": is_in("exact_match", "field:judge"),
    "threshold": lambda value: is_number(value, 1e-9, 1),
    "cluster": is_in("doc"),
    "normalize": is_in("none", "squad"),
    "missing": is_in("error", "skip", "wrong"),
    "errors": is_in("exclude", "wrong", "refuse"),
    "edited": is_in("error", "skip", "keep"),
    "by_position": lambda value: value is False,  # else no id is known
    "reader": is_in("jsonl"),
    "fields": lambda value: isinstance(value, dict) and _right_fields(value),
    **dict.fromkeys(("slices", "must_not_flip"), lambda value: isinstance(value, dict)),
}
LIMITS = {
    "inconclusive": is_in(*WORDS),
    **dict.fromkeys(("budgets", "advisory"), lambda value: isinstance(value, dict)),
}
BUDGETS = {
    **dict.fromkeys(("max_nfr", "max_nfr_mc", "max_nfi", "max_churn"), is_budget),
    **dict.fromkeys(("min_btc", "min_bec"), lambda value: is_budget(value, at_least=True)),
    "max_accuracy_drop": lambda value: is_number(value, -1, 1) and value != -1,
    "max_accuracy_change": is_budget,
    "max_relative_nfr": lambda value: is_number(value, 0, 1e308) and value != 0,
}
WAIVER = {
    "task": is_in("qa", ""),
    "id": lambda value: isinstance(value, str),
    "reason": lambda value: isinstance(value, str) and value.strip(),
    "expires": lambda value: _day(value) is not None,
}


def _right_fields(fields):
    right = {"id": "id", "prediction": "prediction", "references": "reference", "input": "input"}
    return all(right.get(role) == name for role, name in fields.items())


def _day(value):
    try:
        plain = isinstance(value, str) and len(value) == 10
        value = dt.datetime.strptime(value, "%Y-%m-%d").date() if plain else value  # noqa: DTZ007
    except ValueError:
        return None
    plain = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    return value if plain else None


def _check(table, known, needed=()):
    fine = isinstance(table, dict) and set(needed) <= set(table) <= set(known)
    if not fine or not all(known[key](value) for key, value in table.items()):
        raise RefusedError


def interpret(policy):
    """Return the rules of a policy, for the one task that it may have."""
    _check(policy, TOP, ("tasks",))
    if len(policy["tasks"]) != 1:
        raise RefusedError  # a second one would have no files
    ((name, task),) = policy["tasks"].items()
    if name in {"total", ""}:
        raise RefusedError
    _check(task, TASK | LIMITS, ("old", "new"))
    slices = {}
    for path, limits in task.get("slices", {}).items():
        _check(limits, LIMITS)
        slices[path] = _budgets(limits)
        if not (slices[path] or limits.get("advisory")):
            raise RefusedError
    _check_total(policy.get("total", {}))
    score = task.get("scorer", "exact_match").partition(":")[2] or None
    if "threshold" in task and score is None:
        raise RefusedError
    rule = policy.get("inconclusive", "inconclusive")
    own_rule = task.get("inconclusive", rule)
    guarded = task.get("must_not_flip", {})
    _check(guarded, {"ids": _is_texts, "tags": lambda value: isinstance(value, dict)})
    for values in guarded.get("tags", {}).values():
        if not _is_texts(values):
            raise RefusedError
    waived = [_waiver(each, name) for each in policy.get("waivers", [])]
    rules = Rules(
        examples=task.get("examples"),
        strict=policy.get("strict", False),
        overlap=policy.get("total", {}).get("overlap") == "keep",
        late=any((_day(each["expires"]) - _today()).days > 366 for each in waived),
        waivable=task.get("max_waived", 0.05),
        left_out=task.get("max_left_out", 0.0),
        advisory=task.get("advisory", {}),
        total_advisory=policy.get("total", {}).get("advisory", {}),
        slices_advisory={
            path: limits.get("advisory", {}) for path, limits in task.get("slices", {}).items()
        },
        blocks=bool(_budgets(task) or _budgets(policy.get("total", {})) or any(slices.values())),
        budgets=_budgets(task),
        slices=slices,
        total=_budgets(policy.get("total", {})),
        ids=_texts(guarded.get("ids", [])),
        tags={path: _texts(values) for path, values in guarded.get("tags", {}).items()},
        waived=tuple(each["id"] for each in waived if _day(each["expires"]) >= _today()),
        expired=tuple(each["id"] for each in waived if _day(each["expires"]) < _today()),
        level=policy.get("level", 0.95),
        decide=policy.get("decide", "interval"),
        looks=policy.get("looks", 1),
        rule=own_rule,
        slice_rules={
            path: limits.get("inconclusive", own_rule)
            for path, limits in task.get("slices", {}).items()
        },
        total_rule=policy.get("total", {}).get("inconclusive", rule),
        missing=task.get("missing", "error"),
        errors=task.get("errors", "refuse"),
        edited=task.get("edited", "error"),
        score=score,
        threshold=task.get("threshold", 0.5),
        cluster=task.get("cluster"),
    )
    if rules.looks > 1 and rules.decide != "interval":
        raise RefusedError
    held = (rules.budgets, task.get("advisory"), rules.ids, guarded.get("tags"), rules.total)
    if not any((*held, *slices.values(), policy.get("total", {}).get("advisory"))):
        raise RefusedError
    return rules


def _check_total(total):
    _check(total, LIMITS | {"overlap": is_in("refuse", "keep")})
    if total and not (total.get("budgets") or total.get("advisory")):
        raise RefusedError


def _today():
    return dt.datetime.now(dt.UTC).date()


def _is_texts(value):
    several = value if isinstance(value, list) else [value]
    return bool(several) and all(isinstance(each, str | int) for each in several)


def _texts(value):
    return tuple(map(str, value if isinstance(value, list) else [value]))


def _waiver(table, task):
    _check(table, WAIVER | {"task": is_in(task, "")}, ("id", "reason", "expires"))
    return table


def _budgets(limits):
    for tier in ("budgets", "advisory"):
        _check(limits.get(tier, {}), BUDGETS)
    return limits.get("budgets", {})


def write_toml(policy):
    """Write a policy, tables under headings."""
    lines = []
    _write_table(policy, "", lines)
    return "\n".join(lines) + "\n"


def _write_table(table, path, lines):
    later = {k: v for k, v in table.items() if isinstance(v, dict) and k != "fields"}
    lines += [f"{_key(k)} = {_value(v)}" for k, v in table.items() if k not in {*later, "waivers"}]
    for key, value in later.items():
        place = f"{path}.{_key(key)}" if path else _key(key)
        lines += ["", f"[{place}]"]
        _write_table(value, place, lines)
    waivers = table.get("waivers", [])
    if not isinstance(waivers, list) or not all(isinstance(each, dict) for each in waivers):
        lines.insert(0, f"waivers = {_value(waivers)}")
        return
    for each in waivers:
        lines += ["", "[[waivers]]"]
        _write_table(each, "waivers", lines)


def _key(key):
    return key if key.replace("_", "").replace("-", "").isalnum() else json.dumps(key)


def _value(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str | bool):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, dt.date) else repr(value)


@cache
def _base():
    return tuple(pack(rows, "jsonl") for rows in make_rows())


def _variant(kind, policy, data=None, **further):
    """Make a variant of a policy, given as a table or as bytes."""
    text = policy if isinstance(policy, bytes) else write_toml(policy).encode()
    data = data or _base()
    files = {"old.jsonl": data[0], "new.jsonl": data[1], "compatkit.toml": text}
    truth = further.pop("truth", None) or _truth(text, data)
    named = further.pop(
        "named", ("compatkit.toml", "old.jsonl", "new.jsonl", "task qa", "waiver of")
    )
    return Variant(kind, files, further.pop("arguments", ()), truth, named, **further)


def _truth(text, data):
    try:
        table = tomllib.loads(text.decode())
        return judge(*data, interpret(table))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RefusedError):
        return REFUSE


def _places(table=POLICY, path=()):
    """Yield the path of every table of the policy."""
    yield path
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _places(value, (*path, key))
        if key == "waivers":
            yield (*path, key, 0)


def _at(policy, path):
    for step in path:
        policy = policy[step]
    return policy


def policies_as_they_are(draw):
    yield _variant("policy", POLICY, truth=PASS)
    for key in ("total", "waivers", "name", "seed", "strict", "level", "format"):
        yield _variant("policy without", {k: v for k, v in POLICY.items() if k != key})
    for number in (1, 2, 5, 9):
        yield _variant(
            "policy, commented", ("# a comment\n" * number + write_toml(POLICY)).encode()
        )
    named = ("--policy", "compatkit.toml")
    yield _variant("policy by name", POLICY, arguments=named, truth=PASS)
    project = "[project]\nname = 'x'\n\n"
    text = write_toml({"tool": {"compatkit": {k: v for k, v in POLICY.items() if k != "waivers"}}})
    waiver = "[[tool.compatkit.waivers]]" + write_toml(POLICY).partition("[[waivers]]")[2]
    files = dict(zip(("old.jsonl", "new.jsonl"), _base(), strict=True))
    whole = {"pyproject.toml": (project + text + waiver).encode()}
    yield Variant("policy of a project", files | whole, (), PASS, ("pyproject.toml",))
    for tools in (
        "[tool]\ncompatkit = 3\n",
        "[tool]\ncompatkit = []\n",
        "tool = 3\n",
        "[tool.x]\n",
    ):
        named_project = ("--policy", "pyproject.toml")
        other = files | {"pyproject.toml": tools.encode()}
        for arguments in (named_project, ()):
            yield Variant("no policy", other, arguments, REFUSE, ("pyproject.toml",))
    both = whole | {"compatkit.toml": write_toml(POLICY).encode()}
    yield Variant("two policies", files | both, (), REFUSE, ("pyproject.toml",))
    yield Variant("no policy", files, (), REFUSE, ("compatkit.toml",))
    absent = ("--policy", "absent.toml")
    yield Variant("no policy", files, absent, REFUSE, ("absent.toml",))
    folder = files | {"compatkit.toml": FOLDER}
    yield Variant("a folder for a policy", folder, named, REFUSE, ("compatkit.toml",))


def keys_unknown(draw):
    for path in _places():
        if path[-1:] in {("tasks",), ("lang",)} and path != ("tasks", "qa", "slices", "lang"):
            continue
        keys = [key for key in _at(POLICY, path) if isinstance(key, str)]
        if path in {
            ("tasks",),
            ("tasks", "qa", "slices"),
            ("tasks", "qa", "must_not_flip", "tags"),
        }:
            continue  # their keys are names
        for key in keys:
            typos = {key + "s", key[:-1], key.upper(), key.replace("_", "-"), "x" + key, "max-nfr"}
            for typo in sorted(typos - {key}):
                policy = deepcopy(POLICY)
                table = _at(policy, path)
                table[typo] = table.pop(key) if draw.random() < 0.5 else table[key]
                yield _variant("unknown key", policy)


def keys_removed(draw):
    for path in _places():
        for key in _at(POLICY, path):
            policy = deepcopy(POLICY)
            del _at(policy, path)[key]
            yield _variant("key removed", policy)


def values_wrong(draw):
    values = ["", "x", "qa", 0, 1, 3, -1, 10**30, 0.5, 0.0, 1.0, -0.1, 1.5, float("nan")]
    values += [float("inf"), True, False, [], [1], ["q018"], ["x"], [[]], {}, {"x": 1}]
    values += [dt.date(2999, 1, 1), dt.date(2001, 1, 1), dt.datetime(2999, 1, 1, tzinfo=dt.UTC)]
    for threshold in (0, 0.0, -0.0, -1, 1.5, float("nan"), float("inf"), True, "0.5", []):
        policy = deepcopy(POLICY)
        policy["tasks"]["qa"]["threshold"] = threshold
        yield _variant("threshold", policy, truth=REFUSE)
    for path in _places():
        for key in _at(POLICY, path):
            chosen = draw.sample(values, 12) if len(path) > 1 else values
            for value in chosen:
                policy = deepcopy(POLICY)
                _at(policy, path)[key] = value
                yield _variant("value of another kind", policy)


def policies_cut(draw):
    text = write_toml(POLICY).encode()
    ends = sorted({0, len(text) - 1, *draw.sample(range(len(text)), 120)})
    for end in ends:
        yield _variant("policy cut", text[:end])
    for _ in range(150):
        place = draw.randrange(len(text))
        byte = bytes([draw.choice([draw.randrange(256), *b"0159.=[]{}\"'#\n_-qn\xff"])])
        kept = draw.choice([0, 1])
        yield _variant("bytes of the policy changed", text[:place] + byte + text[place + kept :])


def examples_that_may_not_break(draw):
    for each in range(60):
        old, new = (copy(rows) for rows in make_rows())
        named = [18, *range(5, 300, 25)]
        place = draw.choice(named if each % 2 else range(300))
        new[place]["prediction"] = "broken"
        if each % 3 == 0:  # one repaired for the one broken
            old[(place + 1) % 300]["prediction"] = "was wrong"
        data = pack(old, "jsonl"), pack(new, "jsonl")
        yield _variant("a must-not-flip example, or another, broken", POLICY, data)


def waivers_changed(draw):
    changes = [{"expires": dt.date(*day)} for day in ((2001, 1, 1), (2020, 2, 29), (1, 1, 1))]
    changes += [{"expires": day} for day in ("2001-01-01", "2999-01-01", "tomorrow", "31.12.2999")]
    changes += [
        {"id": each} for each in ("q016", "q018", "q999", "", "Q017", "q017 ", 17, ["q017"])
    ]
    changes += [{"task": each} for each in ("QA", "total", "qa/x", " qa", "", "*")]
    changes += [{"reason": each} for each in ("", "  ", "\n")]
    for change in changes:
        policy = deepcopy(POLICY)
        policy["waivers"][0] |= change
        yield _variant("waiver changed", policy)
        twice = deepcopy(POLICY)
        twice["waivers"].append(POLICY["waivers"][0] | change)
        yield _variant("waiver twice", twice)


def files_of_patterns(draw):
    old, new = _base()
    names = ("a", "b", "c")
    task = POLICY["tasks"]["qa"]
    some = {key: task[key] for key in ("examples", "budgets", "slices")}
    policy = {"tasks": {"qa": {"old": "runs/old/*.jsonl", "new": "runs/new/*.jsonl", **some}}}
    text = write_toml(policy).encode()
    whole = {"compatkit.toml": text}
    for name in names:
        whole |= {f"runs/old/{name}.jsonl": old, f"runs/new/{name}.jsonl": new}
    yield Variant("patterns", whole, (), PASS)
    for gone in sorted(whole.keys() - {"compatkit.toml"}):
        files = {name: data for name, data in whole.items() if name != gone}
        yield Variant(
            "a file of a pattern absent", files, (), REFUSE, ("a.jsonl", "b.jsonl", "c.jsonl")
        )
        for content in (b"", FOLDER, old[: len(old) // 2], old[:-9]):
            yield Variant(
                "a file of a pattern broken", whole | {gone: content}, (), REFUSE, (gone,)
            )
    for side in ("old", "new"):
        extra = whole | {f"runs/{side}/d.jsonl": old}
        yield Variant("a file too many", extra, (), REFUSE, ("d.jsonl",))
        files = {name: data for name, data in whole.items() if f"/{side}/" not in name}
        yield Variant(
            "no file of a pattern", files, (), REFUSE, ("compatkit.toml", f"runs/{side}/*")
        )
    one = {"tasks": {"qa": {**some, "old": "old.jsonl", "new": "runs/*.jsonl"}}}
    for count in (0, 2, 3):
        files = {f"runs/{name}.jsonl": new for name in names[:count]}
        files |= {"old.jsonl": old, "compatkit.toml": write_toml(one).encode()}
        yield Variant("one file for a pattern", files, (), REFUSE, ("runs/*.jsonl",))


FAMILIES = (
    policies_as_they_are,
    keys_unknown,
    keys_removed,
    values_wrong,
    policies_cut,
    examples_that_may_not_break,
    waivers_changed,
    files_of_patterns,
)
