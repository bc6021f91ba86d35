"""Policies and rows at random, and tricks on both whose truth the rows tell.

Whatever is done here, `gate_truth` works out of the rows and the policy whether a pass is true.
"""

import unicodedata
from copy import deepcopy

LANGUAGES = ("de", "en", "fr", "it")
SIZES = (12, 25, 25, 50, 50, 90, 160)
WORDS = ("pass", "fail", "inconclusive")


def draw_rows(draw):
    """Return file name to rows: two files of each of one to three tasks."""
    rows = {}
    for name in ("a", "b", "c")[: draw.choice([1, 1, 1, 1, 2, 3])]:
        broken = draw.choice([0.0, 0.0, 0.0, 0.02, 0.05, 0.1, 0.3])
        rows[f"{name}_old"], rows[f"{name}_new"] = _pair(draw, name, draw.choice(SIZES), broken)
    return rows


def _pair(draw, name, size, broken):
    wrong, chance = draw.choice([0.05, 0.3]), draw.random
    old, new = [], []
    for number in range(size):
        answer = str(number * 37 % 1009)
        was = "wrong" if chance() < wrong else answer
        flips = chance() < (broken if was == answer else 0.05)
        now = ("broken" if was == answer else answer) if flips else was
        row = {"id": f"{name}{number}", "input": f"{name}: question {number}"}
        row |= {"reference": answer, "lang": LANGUAGES[number % 4]}
        old.append({**row, "prediction": was, "judge": 0.9 if was == answer else 0.2})
        new.append({**row, "prediction": now, "judge": 0.9 if now == answer else 0.2})
    return old, new


def draw_policy(draw, rows, *, plain=False):
    """Return a policy for the files; a plain one is by exact match alone."""
    limit = draw.choice([0.05, 0.1, 0.2, 0.3])
    policy = {"level": draw.choice([0.9, 0.95, 0.99]), "tasks": {}}
    for old in [name for name in rows if name.endswith("_old")]:
        name, chance = old.removesuffix("_old"), draw.random
        task = {"old": old, "new": f"{name}_new", "budgets": {"max_nfr": limit}}
        task["budgets"] |= {"min_btc": round(1 - 2 * limit, 3)} if chance() < 0.2 else {}
        task["budgets"] |= {"max_churn": min(3 * limit, 0.9)} if chance() < 0.1 else {}
        if chance() < 0.15:
            task["slices"] = {"lang": {"budgets": {"max_nfr": min(3 * limit, 0.9)}}}
        if chance() < 0.3:
            task["examples"] = len(rows[old])
        if chance() < 0.15:
            task["must_not_flip"] = {"ids": [f"{name}{draw.randrange(len(rows[old]))}"]}
        if not plain and chance() < 0.1:
            task |= {"scorer": "field:judge", "threshold": draw.choice([0.5, 0.3, 0.85])}
        policy["tasks"][name] = task
    if draw.random() < 0.3:
        policy["total"] = {"budgets": {"max_nfr": limit}}
    return policy


def pick_task(case, draw):
    """Return the name of a task."""
    return draw.choice(list(case.policy["tasks"]))


def _side(rows, draw):
    return rows[draw.choice(list(rows))]


def _flips(rows, name):
    """Return the places of the right answers of a task that broke."""
    sides = zip(rows[f"{name}_old"], rows[f"{name}_new"], strict=False)
    return [
        place
        for place, (old, new) in enumerate(sides)
        if old.get("prediction") == old.get("reference") != new.get("prediction")
    ]


def _break(rows, draw, share):
    name = draw.choice(list(rows))[0]
    old, new = rows[f"{name}_old"], rows[f"{name}_new"]
    right = [n for n, row in enumerate(old) if row["prediction"] == row["reference"]]
    for place in draw.sample(right, min(len(right), max(1, int(share * len(right))))):
        new[place] |= {"prediction": "broken", "judge": 0.2}
    return name, _flips(rows, name)


# Tricks on rows


def nothing(rows, draw):
    """Leave the files as they are."""


def broken_at_random(rows, draw):
    """Break a share of the right answers."""
    _break(rows, draw, draw.choice([0.02, 0.05, 0.1, 0.3]))


def broken_in_one_slice(rows, draw):
    """Break the answers of one language."""
    name = draw.choice(list(rows))[0]
    for row in rows[f"{name}_new"]:
        if row["lang"] == "fr":
            row |= {"prediction": "broken", "judge": 0.2}


def slices_renamed(rows, draw):
    """Spread what broke over slices of one row, or over one great one."""
    name, places = _break(rows, draw, 0.1)
    for place in places:
        for side in ("old", "new"):
            rows[f"{name}_{side}"][place]["lang"] = draw.choice([f"x{place}", "de"])


def rows_moved(rows, draw):
    """Put predictions under other ids, swap ids, take rows twice, or away."""
    held = _side(rows, draw)
    one, other = draw.sample(range(len(held)), 2)
    way = draw.choice(["prediction", "id", "twice", "gone", "input", "shuffled", "end"])
    if way == "twice":
        held.append(dict(held[one]))
    elif way == "gone":
        del held[one]
    elif way == "end":
        del held[draw.randrange(1, len(held)) :]
    elif way == "shuffled":
        draw.shuffle(held)
    else:
        held[one][way], held[other][way] = held[other][way], held[one][way]


def values_of_another_kind(rows, draw):
    """Give one field of one row a value of another kind."""
    row = draw.choice(_side(rows, draw))
    values = [None, [], {}, float("nan"), float("inf"), 10**400, True, "", 3.5, ["a", "b"], "1e5"]
    key = draw.choice(["id", "prediction", "reference", "input", "lang", "judge"])
    row[key] = draw.choice(values)


def ids_of_another_writing(rows, draw):
    """Write the ids of one side, or of both, otherwise."""
    name = draw.choice(list(rows))[0]
    sides = draw.choice([("old",), ("new",), ("old", "new")])
    ways = {
        "number": lambda text: int(text[1:]),
        "text": lambda text: text[1:],
        "composed": lambda text: unicodedata.normalize("NFC", f"e\u0301{text}"),
        "decomposed": lambda text: f"e\u0301{text}",
        "wide": lambda text: text.replace("1", "\uff11"),
        "space": lambda text: f"{text} ",
        "hidden": lambda text: f"\u200b{text}",
        "great": str.upper,
        "zeros": lambda text: f"{text[0]}0{text[1:]}",
        "fraction": lambda text: float(text[1:]),
        "list": lambda text: [text],
        "half": lambda text: text if text.endswith("1") else int(text[1:]),
    }
    one = draw.choice(list(ways))
    other = draw.choice([one, one, *ways])
    for side, way in zip(sides, (one, other), strict=False):
        for row in rows[f"{name}_{side}"]:
            row["id"] = ways[way](row["id"])


def answers_taken(rows, draw):
    """Take the answers of what broke away: of the old model, or of the new, in any way."""
    name, places = _break(rows, draw, draw.choice([0.02, 0.1, 0.3]))
    side = draw.choice(["old", "new"])
    held, ways = rows[f"{name}_{side}"], ("error", "null", "missing", "empty", "both")
    way = draw.choice(ways)
    for place in places:
        if way == "null":
            held[place]["prediction"] = None
        elif way == "empty":
            held[place]["prediction"] = ""
        elif way in {"error", "both"}:
            held[place]["error"] = draw.choice(["timeout", {"code": 1}, True])
            held[place]["prediction"] = None if way == "both" else held[place]["prediction"]
    if way == "missing":
        rows[f"{name}_{side}"] = [row for n, row in enumerate(held) if n not in set(places)]


def references_changed(rows, draw):
    """Give the references of what broke, on one side or both, or give them as lists."""
    name, places = _break(rows, draw, draw.choice([0.02, 0.1, 0.3]))
    old, new = rows[f"{name}_old"], rows[f"{name}_new"]
    way = draw.choice(["new", "both", "list", "more", "absent"])
    for place in range(len(old)) if way == "list" else places:
        for row in (old[place], new[place]) if way in {"both", "list"} else (new[place],):
            if way == "absent":
                row["reference"] = None
            elif way == "more":
                row["reference"] = [row["reference"], "broken"]
            else:
                row["reference"] = [row["reference"]] if way == "list" else "broken"


def groups_of_examples(rows, draw):
    """Give the examples groups, equal, unequal, or one alone, of which some break whole."""
    name = draw.choice(list(rows))[0]
    size = len(rows[f"{name}_old"])
    way = draw.choice(["one", "pairs", "fives", "half", "each"])
    of = {
        "one": lambda number: 0 * number,
        "pairs": lambda number: number // 2,
        "fives": lambda number: number // 5,
        "half": lambda number: 0 if number < size // 2 else number,
        "each": lambda number: number,
    }[way]
    gone = draw.choice([None, None, 0, 3])
    for side in ("old", "new"):
        for number, row in enumerate(rows[f"{name}_{side}"]):
            row["doc"] = f"d{of(number)}"
            if side == "new" and of(number) == gone:
                row |= {"prediction": "broken", "judge": 0.2}


def scores_of_another_mind(rows, draw):
    """Let the score of a field and the text of the answer say different things."""
    name, places = _break(rows, draw, draw.choice([0.02, 0.1, 0.3]))
    judges = draw.choice(
        [[0.5], [0.9], ["0.9"], ["yes"], [True], [1], [2.0, 0.9], [None], ["good"]]
    )
    for place in places:
        rows[f"{name}_new"][place]["judge"] = draw.choice(judges)


ROW_TRICKS = (
    nothing,
    broken_at_random,
    broken_in_one_slice,
    slices_renamed,
    rows_moved,
    values_of_another_kind,
    ids_of_another_writing,
    answers_taken,
    references_changed,
    groups_of_examples,
    scores_of_another_mind,
)


# Tricks on policies


def keys_at_random(case, draw):
    """Give a key of the policy a value at random, or take it away."""
    values = [None, 1e300, -1, 0.0, 1.0, 2, "x", True, [], {}, 10**30, "keep", "pass", 0.5, "skip"]
    task = case.policy["tasks"][pick_task(case, draw)]
    where = draw.choice([case.policy, task, task["budgets"], case.policy.get("total", task)])
    keys = [key for key in where if key not in {"tasks", "old", "new"}]
    keys += ["examples", "max_waived", "max_left_out", "level", "overlap", "max_nfr", "min_bec"]
    value = draw.choice(values)
    if value is None:
        where.pop(draw.choice(keys), None)
    else:
        where[draw.choice(keys)] = value


def flips_waived(case, draw):
    """Waive flips: all or some, of today or of long ago, once or twice, of this task or another."""
    name = pick_task(case, draw)
    places = _flips(case.rows, name)
    some = draw.sample(places, draw.randint(0, len(places))) if draw.random() < 0.6 else places
    days = draw.choice([["2999-01-01"], ["2001-01-01"], ["2001-01-01", "2999-12-31"], ["1-1-1"]])
    task = draw.choice([name, name, name, "", "a", "total", "x"])
    case.policy["waivers"] = [
        {"task": task, "id": _id_of(case, name, n), "reason": "x", "expires": draw.choice(days)}
        for n in some
    ]
    if draw.random() < 0.2:
        case.policy["waivers"] *= 2
    if draw.random() < 0.3:
        case.policy["tasks"][name]["max_waived"] = draw.choice([0.0, 0.05, 0.2, 0.99])


def _id_of(case, name, place):
    held = case.rows[f"{name}_old"][place].get("id")
    return held if isinstance(held, str) else f"{name}{place}"


def words_for_the_inconclusive(case, draw):
    """Say what nothing shown counts as, of all, of tasks, of slices and of the total."""
    places = [case.policy, *case.policy["tasks"].values()]
    places += [task["slices"]["lang"] for task in places[1:] if "slices" in task]
    places += [case.policy["total"]] if "total" in case.policy else []
    for place in draw.sample(places, draw.randint(1, len(places))):
        place["inconclusive"] = draw.choice(WORDS)


def other_ways_to_decide(case, draw):
    """Decide by the point, at any look, or in several looks, at another level."""
    case.policy["decide"] = draw.choice(["point", "anytime", "interval"])
    case.policy["looks"] = draw.choice([1, 1, 2, 8, 1000])
    case.policy["level"] = draw.choice([0.51, 0.9, 0.999])


def other_budgets(case, draw):
    """Limit other quantities, in a task, its slices or the total."""
    task = case.policy["tasks"][pick_task(case, draw)]
    limit = draw.choice([0.02, 0.1, 0.3])
    budgets = {
        "max_accuracy_drop": draw.choice([limit, limit, 0.0, -0.02]),
        "max_accuracy_change": limit,
        "max_relative_nfr": draw.choice([0.3, 1.0, 3.0]),
        "max_nfi": draw.choice([0.2, 0.6, 0.9]),
        "min_bec": draw.choice([0.1, 0.5, 0.9]),
        "min_btc": 1 - limit,
        "max_churn": limit,
    }
    chosen = dict(draw.sample(list(budgets.items()), draw.randint(1, 3)))
    where = draw.choice([task, task, case.policy.setdefault("total", {"budgets": {}})])
    where["budgets"] = draw.choice([chosen, where["budgets"] | chosen])
    if draw.random() < 0.3:
        task["slices"] = {"lang": {"budgets": chosen}}
    if not case.policy["total"]["budgets"]:
        del case.policy["total"]


def budgets_set_aside(case, draw):
    """Make budgets advisory, or take them away, of some tasks."""
    for task in case.policy["tasks"].values():
        if draw.random() < 0.6:
            task["advisory"] = task.pop("budgets")
            task["budgets"] = {}
        if draw.random() < 0.3:
            task.pop("slices", None)
    if draw.random() < 0.3:
        case.policy.pop("total", None)


def guards(case, draw):
    """Guard examples, by id or by tag, beside other budgets or alone."""
    name = pick_task(case, draw)
    size = len(case.rows[f"{name}_old"])
    ids = [f"{name}{draw.randrange(size + 2)}" for _ in range(draw.randint(1, 5))]
    held = [{"ids": ids}, {"tags": {"lang": ["de"]}}, {"tags": {"lang": ["de", "xx"]}}]
    held += [{"ids": ids, "tags": {"lang": ["it"]}}, {"tags": {"doc": ["d0"]}}, {"ids": []}]
    case.policy["tasks"][name]["must_not_flip"] = draw.choice(held)
    if draw.random() < 0.4:
        case.policy["tasks"][name]["budgets"] = {}


def what_may_be_left_out(case, draw):
    """Say what becomes of what is missing, errored or edited, and how much of it there may be."""
    for task in case.policy["tasks"].values():
        choices = {
            "missing": ["error", "skip", "wrong"],
            "errors": ["refuse", "exclude", "wrong"],
            "edited": ["error", "skip", "keep"],
            "max_left_out": [0.0, 0.0, 0.01, 0.1, 0.5],
            "max_waived": [0.0, 0.1],
        }
        for key in draw.sample(list(choices), draw.randint(1, len(choices))):
            task[key] = draw.choice(choices[key])


def examples_in_groups(case, draw):
    """Say that examples come in groups."""
    for task in case.policy["tasks"].values():
        task["cluster"] = "doc"
        task["budgets"] = {"max_nfr": draw.choice([0.1, 0.3, 0.5])}
    case.policy.pop("total", None)


def strictly(case, draw):
    """Refuse what is warned of."""
    case.policy["strict"] = True
    draw.choice(POLICY_TRICKS[:-1])(case, draw)


def one_task_alone(case, draw):
    """Hold one of the tasks, under another name, or under its own, in another order."""
    names = list(case.policy["tasks"])
    kept = draw.sample(names, draw.randint(1, len(names)))
    case.policy["tasks"] = {name: deepcopy(case.policy["tasks"][name]) for name in kept}


POLICY_TRICKS = (
    keys_at_random,
    flips_waived,
    words_for_the_inconclusive,
    other_ways_to_decide,
    other_budgets,
    budgets_set_aside,
    guards,
    what_may_be_left_out,
    examples_in_groups,
    one_task_alone,
    strictly,
)
