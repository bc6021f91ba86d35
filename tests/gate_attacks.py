"""Attacks: random policies and files, each with a trick that hides what broke, and what is true.

A case is a policy of one to three tasks and the files that it names, drawn from a seed. One trick
is played on it, or none. What may pass is worked out from the bytes by `gate_truth`, which shares
nothing with the package; where a trick leaves nothing in the bytes to tell it by, the case knows.
"""

import json
import random
from copy import deepcopy
from dataclasses import dataclass, field

from gate_policies import interpret, write_toml
from gate_truth import PASS, REFUSE, RefusedError, judge_tasks

LANGUAGES = ("de", "en", "fr", "it")


@dataclass
class Case:
    """A policy and its files.

    Attributes:
        trick: what was done.
        policy: the policy, as a table.
        rows: file name to rows.
        refuse: a pass is wrong, whatever the bytes say.
        warn: a pass is right only with a warning, whose word this is.
    """

    trick: str
    policy: dict
    rows: dict = field(repr=False)
    refuse: bool = False
    warn: str = ""

    def files(self):
        """Return name to bytes."""
        files = {
            name: "".join(json.dumps(row) + "\n" for row in rows).encode()
            for name, rows in self.rows.items()
        }
        files["compatkit.toml"] = write_toml(self.policy).encode()
        return files


def make_case(seed, number):
    """Return a case, always the same one of a seed and a number."""
    draw = random.Random(f"{seed}-{number}")
    case = _base(draw)
    trick = draw.choice(TRICKS)
    case.trick = trick.__name__
    trick(case, draw)
    return case


def may_pass(case):
    """Whether a pass is true, by the bytes of the files alone."""
    if case.refuse:
        return False
    files = case.files()
    try:
        policy = case.policy
        tasks = []
        for name, task in policy["tasks"].items():
            alone = {name: task | {"old": "old.jsonl", "new": "new.jsonl"}}
            rules = interpret({**policy, "tasks": alone, "waivers": _of(policy, name)})
            tasks.append((files[task["old"]], files[task["new"]], rules))
    except RefusedError:
        return False
    return judge_tasks(tasks) == PASS


def is_false_pass(case, warnings):
    """Whether a pass of the gate, with these warnings, is a wrong one."""
    if case.refuse:
        return True
    if case.warn:
        return not any(case.warn in each for each in warnings)
    return not may_pass(case)


def try_case(case, folder, check, error):
    """Let the gate answer a case whose files lie in a folder.

    Args:
        case: the case.
        folder: where its files are written.
        check: what holds the policy's path, and returns the outcome and the warnings.
        error: what it raises where it refuses.

    Returns:
        What became of it: `pass`, `fail`, `inconclusive`, `refuse`, `false pass`, or `crash` with
        what was raised.
    """
    for name, data in case.files().items():
        (folder / name).write_bytes(data)
    try:
        outcome, warnings = check(folder / "compatkit.toml")
    except error:
        return REFUSE
    except Exception as fault:  # noqa: BLE001  (whatever it is, it is one)
        return f"crash: {type(fault).__name__}: {fault}"
    return "false pass" if outcome == PASS and is_false_pass(case, warnings) else outcome


def _of(policy, name):
    return [each for each in policy.get("waivers", []) if each["task"] == name]


# What is drawn


def _base(draw):
    policy = {"level": draw.choice([0.9, 0.95, 0.99]), "tasks": {}}
    rows = {}
    for name in ("a", "b", "c")[: draw.choice([1, 1, 2, 3])]:
        size = draw.choice([40, 80, 150, 300])
        limit = draw.choice([0.03, 0.1, 0.2])
        rows[f"{name}_old"], rows[f"{name}_new"] = _pair(draw, name, size, limit)
        task = {"old": f"{name}_old", "new": f"{name}_new", "budgets": {"max_nfr": limit}}
        task["budgets"] |= {"min_btc": round(1 - 2 * limit, 3)} if draw.random() < 0.3 else {}
        task["budgets"] |= {"max_churn": min(3 * limit, 0.9)} if draw.random() < 0.2 else {}
        if draw.random() < 0.3:
            task["slices"] = {"lang": {"budgets": {"max_nfr": min(3 * limit, 0.9)}}}
        if draw.random() < 0.3:
            task["examples"] = size
        if draw.random() < 0.2:
            task["must_not_flip"] = {"ids": [f"{name}{draw.randrange(size)}"]}
        task["reader"] = "jsonl"
        policy["tasks"][name] = task
    if draw.random() < 0.5:
        policy["total"] = {"budgets": {"max_nfr": draw.choice([0.03, 0.1, 0.2])}}
    return Case("", policy, rows)


def _pair(draw, name, size, limit):
    wrong, broken, mended = (
        draw.choice([0.05, 0.3]),
        limit * draw.choice([0, 0, 0.1, 0.3, 1, 2]),
        0.05,
    )
    old, new = [], []
    for number in range(size):
        answer = str(draw.randrange(1000))
        row = {
            "id": f"{name}{number}",
            "input": f"{name}: question {number}",
            "reference": answer,
            "prediction": "wrong" if draw.random() < wrong else answer,
            "lang": LANGUAGES[number % len(LANGUAGES)],
        }
        old.append(row)
        was_right = row["prediction"] == answer
        flips = draw.random() < (broken if was_right else mended)
        new.append(
            {
                **row,
                "prediction": ("broken" if was_right else answer) if flips else row["prediction"],
            }
        )
    return old, new


def _one(case, draw):
    return draw.choice(list(case.policy["tasks"]))


def _flipped(case, name):
    sides = zip(case.rows[f"{name}_old"], case.rows[f"{name}_new"], strict=True)
    return [
        place
        for place, (old, new) in enumerate(sides)
        if old["prediction"] == old["reference"] != new["prediction"]
    ]


def _break(case, name, draw, share=0.3, least=8):
    """Break a share of the right answers, so that no budget is kept."""
    old, new = case.rows[f"{name}_old"], case.rows[f"{name}_new"]
    right = [n for n, row in enumerate(old) if row["prediction"] == row["reference"]]
    for place in draw.sample(right, max(int(share * len(right)), least)):
        new[place]["prediction"] = "broken"
    return _flipped(case, name)


# Tricks


def nothing(case, draw):
    pass


def broken_at_random(case, draw):
    _break(case, _one(case, draw), draw, draw.choice([0.02, 0.05, 0.1, 0.3]))


def failing_cases_dropped(case, draw):
    name = _one(case, draw)
    gone = {case.rows[f"{name}_new"][place]["id"] for place in _break(case, name, draw)}
    for side in draw.choice([("new",), ("old", "new")]):
        key = f"{name}_{side}"
        case.rows[key] = [row for row in case.rows[key] if row["id"] not in gone]
    case.policy["tasks"][name]["examples"] = len(case.rows[f"{name}_old"]) + len(gone)
    case.refuse = True


def old_answers_taken(case, draw):
    name = _one(case, draw)
    task, old = case.policy["tasks"][name], case.rows[f"{name}_old"]
    places = _break(case, name, draw)
    way = draw.choice(["error", "null", "missing"])
    for place in places:
        old[place] |= {"error": {"error": "timeout"}, "null": {"prediction": None}}.get(way, {})
    if way == "missing":
        case.rows[f"{name}_old"] = [row for n, row in enumerate(old) if n not in set(places)]
    task |= {"errors": "wrong", "missing": "wrong"}
    task["max_left_out"] = draw.choice([0.0, 0.01])
    task.pop("examples", None)
    case.refuse = True


def every_flip_waived(case, draw):
    name = _one(case, draw)
    places = _break(case, name, draw, draw.choice([0.01, 0.03, 0.1, 0.5]), 1)
    case.policy["waivers"] = [
        {"task": name, "id": f"{name}{n}", "reason": "x", "expires": "2999-01-01"} for n in places
    ]
    if draw.random() < 0.2:
        case.policy["tasks"][name]["max_waived"] = draw.choice([0.0, 0.05, 0.2])


def one_pair_many_times(case, draw):
    name = _one(case, draw)
    policy, rows = case.policy, case.rows
    task = deepcopy(policy["tasks"][name])
    policy["total"] = {"budgets": {"max_nfr": draw.choice([0.01, 0.05])}}
    ways = ["same", "key", "renamed", "shuffled"]
    way = draw.choice(ways)
    for number in range(draw.choice([1, 3, 8])):
        again = f"again{number}"
        for side in ("old", "new"):
            copied = [dict(row) for row in rows[f"{name}_{side}"]]
            if way == "key":
                copied = [{**row, "run": number} for row in copied]
            if way == "renamed":
                copied = [{**row, "id": f"{number}-{row['id']}"} for row in copied]
            if way == "shuffled":
                draw.shuffle(copied)
            rows[f"{again}_{side}"] = copied
        policy["tasks"][again] = {
            **{key: value for key, value in task.items() if key in {"budgets", "reader"}},
            "old": f"{again}_old",
            "new": f"{again}_new",
        }
    case.refuse = True


def a_second_run_that_is_none(case, draw):
    name = _one(case, draw)
    task, rows = case.policy["tasks"][name], case.rows
    old, new = rows[f"{name}_old"], rows[f"{name}_new"]
    _break(case, name, draw, 0.4)
    way = draw.choice(["twin", "half", "broken"])
    again = [{**row, "seconds": 1} for row in new]
    if way == "half":
        again = [dict((old, new)[n % 2][n]) for n in range(len(old))]
    if way == "broken":
        again = [{**row, "prediction": "?"} if n % 2 else dict(row) for n, row in enumerate(old)]
    rows[f"{name}_again"] = again
    task["old_rerun"] = f"{name}_again"
    task["budgets"] = {"max_excess_nfr": draw.choice([0.02, 0.1])}
    for key in ("slices", "must_not_flip"):
        task.pop(key, None)
    case.policy.pop("total", None)
    case.refuse = True


def a_threshold_that_all_reach(case, draw):
    name = _one(case, draw)
    task = case.policy["tasks"][name]
    lowest = draw.choice([0.0, 1.0, -2.0])
    _break(case, name, draw)
    for side in ("old", "new"):
        for row in case.rows[f"{name}_{side}"]:
            right = row["prediction"] == row["reference"]
            row["judge"] = lowest + (draw.choice([2.0, 3.0, 4.0]) if right else 0.0)
    task["scorer"] = "field:judge"
    task["threshold"] = lowest - draw.choice([0.0, 0.5, 1e-9, 10.0])
    case.refuse = True


def limits_that_nothing_breaks(case, draw):
    name = _one(case, draw)
    task = case.policy["tasks"][name]
    _break(case, name, draw, 0.6)
    limits = [{"max_nfr": 1.0}, {"min_btc": 0.0}, {"max_churn": 1.0}, {"max_nfi": 1.0}]
    task["budgets"] = draw.choice([*limits, {"max_relative_nfr": 1e300}, {"min_bec": 0.0}])
    task.pop("slices", None)
    if draw.random() < 0.3:
        task["slices"] = {"lang": {"budgets": task["budgets"]}}
        task["budgets"] = {}
    task.pop("must_not_flip", None)
    case.policy.pop("total", None)
    strict = draw.random() < 0.5
    case.policy["strict"] = strict
    case.refuse, case.warn = strict, "no update could break"


def advisory_alone(case, draw):
    for task in case.policy["tasks"].values():
        task["advisory"] = task.pop("budgets")
        for key in ("slices", "must_not_flip"):
            task.pop(key, None)
    case.policy.pop("total", None)
    case.refuse = True


def guards_that_were_wrong(case, draw):
    name = _one(case, draw)
    old = case.rows[f"{name}_old"]
    old[3]["prediction"] = "wrong"
    task = case.policy["tasks"][name]
    task["must_not_flip"] = {"ids": [f"{name}3"]}
    for key in ("budgets", "slices"):
        task.pop(key, None)
    case.policy["tasks"] = {name: task}
    case.policy.pop("total", None)
    _break(case, name, draw)
    case.refuse = True


def slices_renamed(case, draw):
    """Spread what broke over slices of one row, or over one great one."""
    name = _one(case, draw)
    for place in _break(case, name, draw, 0.1):
        for side in ("old", "new"):
            case.rows[f"{name}_{side}"][place]["lang"] = draw.choice([f"x{place}", "de"])


def columns_swapped(case, draw):
    name = _one(case, draw)
    _break(case, name, draw)
    roles = [
        {"prediction": "reference"},
        {"references": "prediction"},
        {"prediction": "lang"},
        {"references": "copy"},
        {"id": "lang"},
        {"input": "lang", "references": "copy"},
    ]
    for side in ("old", "new"):
        for row in case.rows[f"{name}_{side}"]:
            row["copy"] = row["prediction"]
    case.policy["tasks"][name]["fields"] = draw.choice(roles)
    case.refuse = True


def references_rewritten(case, draw):
    name = _one(case, draw)
    task, new = case.policy["tasks"][name], case.rows[f"{name}_new"]
    for place in _break(case, name, draw):
        new[place]["reference"] = "broken"
    task["edited"] = draw.choice(["error", "skip", "keep"])
    case.policy["strict"] = draw.random() < 0.5
    case.refuse = task["edited"] != "keep" or case.policy["strict"]
    case.warn = "its own file's"


def rows_by_position(case, draw):
    name = _one(case, draw)
    task = case.policy["tasks"][name]
    for side in ("old", "new"):
        rows = case.rows[f"{name}_{side}"]
        bare = [{"judge": float(row["prediction"] == row["reference"])} for row in rows]
        # Sorted, right ones first: flips and repairs meet and vanish.
        case.rows[f"{name}_{side}"] = sorted(bare, key=lambda row: -row["judge"])
    task |= {"scorer": "field:judge", "by_position": True}
    task["budgets"] = {"max_nfr": 0.3}
    for key in ("slices", "must_not_flip"):
        task.pop(key, None)
    case.policy["strict"] = draw.random() < 0.5
    case.refuse, case.warn = case.policy["strict"], "paired by position"


def groups_that_are_absent(case, draw):
    name = _one(case, draw)
    for side in ("old", "new"):
        for place, row in enumerate(case.rows[f"{name}_{side}"]):
            row["doc"] = place // 2 if place else draw.choice([None, ""])
    case.policy["tasks"][name]["cluster"] = "doc"
    case.refuse = True


def epsilon_of_the_range(case, draw):
    name = _one(case, draw)
    task = case.policy["tasks"][name]
    for side in ("old", "new"):
        for row in case.rows[f"{name}_{side}"]:
            row["judge"] = (
                draw.random() if row["prediction"] == row["reference"] else draw.random() / 3
            )
    task |= {"scorer": "field:judge", "epsilon": draw.choice([1.0, 1.5, 100.0])}
    task["budgets"] = {"max_mean_regression": 0.3, "max_nfr": 0.9}
    case.refuse = True


def rows_moved(case, draw):
    """Predictions under other ids, ids swapped, rows twice: whatever it does, it is counted."""
    name = _one(case, draw)
    rows = case.rows[f"{name}_{draw.choice(['old', 'new'])}"]
    one, other = draw.sample(range(len(rows)), 2)
    way = draw.choice(["prediction", "id", "twice", "gone", "input"])
    if way == "twice":
        rows.append(dict(rows[one]))
    elif way == "gone":
        del rows[one]
    else:
        rows[one][way], rows[other][way] = rows[other][way], rows[one][way]


def values_of_another_kind(case, draw):
    name = _one(case, draw)
    row = draw.choice(case.rows[f"{name}_{draw.choice(['old', 'new'])}"])
    values = [None, [], {}, float("nan"), 10**400, True, "", 3.5, ["a", "b"]]
    row[draw.choice(["id", "prediction", "reference", "input", "lang"])] = draw.choice(values)


def keys_of_the_policy(case, draw):
    values = [None, 1e300, -1, 0.0, 1.0, 2, "x", True, [], {}, 10**30, "keep", "pass", 0.5]
    task = case.policy["tasks"][_one(case, draw)]
    where = draw.choice([case.policy, task, task["budgets"], case.policy.get("total", task)])
    keys = [key for key in where if key not in {"tasks", "old", "new"}]
    keys += ["examples", "max_waived", "max_left_out", "level", "overlap", "max_nfr", "min_bec"]
    value = draw.choice(values)
    if value is None:
        where.pop(draw.choice(keys), None)
    else:
        where[draw.choice(keys)] = value
    if not case.policy.get("tasks"):
        case.refuse = True


TRICKS = (
    nothing,
    broken_at_random,
    failing_cases_dropped,
    old_answers_taken,
    every_flip_waived,
    one_pair_many_times,
    a_second_run_that_is_none,
    a_threshold_that_all_reach,
    limits_that_nothing_breaks,
    advisory_alone,
    guards_that_were_wrong,
    slices_renamed,
    columns_swapped,
    references_rewritten,
    rows_by_position,
    groups_that_are_absent,
    epsilon_of_the_range,
    rows_moved,
    values_of_another_kind,
    keys_of_the_policy,
)
