"""Tricks by which a case is known to be wrong, whatever the bytes of its files say.

Each takes a case and a source of chance, and says by `case.refuse` that a pass is false, or by
`case.warn` the words of the warning without which it is.
"""

from copy import deepcopy


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
    for place in draw.sample(right, min(max(int(share * len(right)), least), len(right))):
        new[place]["prediction"] = "broken"
    return _flipped(case, name)


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


def one_pair_many_times(case, draw):
    name = _one(case, draw)
    policy, rows = case.policy, case.rows
    task = deepcopy(policy["tasks"][name])
    policy["total"] = {"budgets": {"max_nfr": draw.choice([0.01, 0.05])}}
    ways = ["same", "key", "renamed", "shuffled"]
    way = draw.choice(ways)
    for number in range(draw.choice([1, 1, 1, 3])):
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
            **{key: value for key, value in task.items() if key == "budgets"},
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


def the_same_rows(case, draw):
    """Give the old model's rows for the new one's."""
    for name in case.policy["tasks"]:
        case.rows[f"{name}_new"] = [dict(row) for row in case.rows[f"{name}_old"]]
    case.policy["strict"] = draw.random() < 0.5
    case.refuse, case.warn = case.policy["strict"], "hold the same bytes"


def rows_hidden_by_a_filter(case, draw):
    """Read, of the new file or of both, the rows alone that did not break."""
    name = _one(case, draw)
    task, places = case.policy["tasks"][name], set(_break(case, name, draw))
    for side in ("old", "new"):
        for place, row in enumerate(case.rows[f"{name}_{side}"]):
            row["state"] = "bad" if place in places else "good"
    task["where" if draw.random() < 0.5 else "new_where"] = "state=good"
    task |= {"examples": len(case.rows[f"{name}_old"]), "missing": "skip"}
    case.refuse = True


def fields_of_one_side(case, draw):
    """Take the new model's answers from the references, or the old one's from the new."""
    name = _one(case, draw)
    _break(case, name, draw)
    ways = [("new_fields", {"prediction": "reference"}), ("old_fields", {"prediction": "lang"})]
    ways += [("new_fields", {"references": "prediction"}), ("new_fields", {"id": "lang"})]
    key, roles = draw.choice(ways)
    case.policy["tasks"][name][key] = roles
    case.refuse = True


def one_example_under_many_ids(case, draw):
    """Ask the same few questions many times, each time under another id."""
    name = _one(case, draw)
    for side in ("old", "new"):
        few = case.rows[f"{name}_{side}"][:6]
        case.rows[f"{name}_{side}"] = [
            {**row, "id": f"{row['id']}-{again}"}
            for again in range(draw.choice([3, 20]))
            for row in few
        ]
    task = case.policy["tasks"][name]
    for key in ("examples", "must_not_flip"):
        task.pop(key, None)
    case.refuse = True


def samples_copied(case, draw):
    """Break what the budget does not allow, and let each answer count five times."""
    name = _one(case, draw)
    task = case.policy["tasks"][name]
    _break(case, name, draw, 0.8)
    for side in ("old", "new"):
        rows = case.rows[f"{name}_{side}"]
        case.rows[f"{name}_{side}"] = [{**row, "sample": n} for row in rows for n in range(5)]
    task["budgets"] = {"max_nfr": 0.2}
    for key in ("slices", "examples"):
        task.pop(key, None)
    case.refuse = True


def samples_dropped(case, draw):
    """Keep of each example's samples of the new model the right ones."""
    name = _one(case, draw)
    for side in ("old", "new"):
        case.rows[f"{name}_{side}"] = [
            {**row, "sample": n, "prediction": row["reference"] if n == 0 else row["prediction"]}
            for row in case.rows[f"{name}_{side}"]
            for n in range(3)
        ]
    new = case.rows[f"{name}_new"]
    for row in new:
        if row["sample"] and draw.random() < 0.5:
            row["prediction"] = "broken"
    case.rows[f"{name}_new"] = [row for row in new if row["prediction"] == row["reference"]]
    task = case.policy["tasks"][name]
    task["budgets"] = {"max_nfr": 0.2}
    for key in ("slices", "examples", "must_not_flip"):
        task.pop(key, None)
    case.refuse = True


def one_group(case, draw):
    """Put all examples into one group, which is one that nothing broke in."""
    for name, task in case.policy["tasks"].items():
        for side in ("old", "new"):
            case.rows[f"{name}_{side}"] = [{**row, "doc": 1} for row in case.rows[f"{name}_old"]]
            for place, row in enumerate(case.rows[f"{name}_{side}"]):
                row["run"] = f"{side}{place}"
        task["cluster"] = "doc"
    case.refuse = True


def scores_that_fall(case, draw):
    """Let scores fall by more than the budget allows, on the right side of the threshold."""
    name = _one(case, draw)
    task = case.policy["tasks"][name]
    for side in ("old", "new"):
        for row in case.rows[f"{name}_{side}"]:
            row["judge"] = draw.uniform(0.9, 1.0) if side == "old" else draw.uniform(0.5, 0.65)
    task |= {"scorer": "field:judge"}
    limits = [{"max_mean_regression": 0.2}, {"max_score_drop": 0.2}, {"max_score_change": 0.2}]
    task["budgets"] = draw.choice(limits)
    for key in ("slices", "must_not_flip"):
        task.pop(key, None)
    case.policy.pop("total", None)
    case.refuse = True


def a_part_of_a_task_again(case, draw):
    """Count the examples of a task that did not break in a second task, too."""
    name = _one(case, draw)
    places = set(_flipped(case, name))
    for side in ("old", "new"):
        rows = enumerate(case.rows[f"{name}_{side}"])
        case.rows[f"again_{side}"] = [{**row, "id": f"z{n}"} for n, row in rows if n not in places]
    again = {"old": "again_old", "new": "again_new"}
    case.policy["tasks"]["again"] = again | {"budgets": {"max_nfr": 0.9}}
    case.policy["total"] = {"budgets": {"max_nfr": 0.5}}
    case.refuse = True


def options_of_logs(case, draw):
    """Say of plain files what only logs and folders have."""
    task = case.policy["tasks"][_one(case, draw)]
    ways = [("tasks", "a*"), ("skip_tasks", "b*"), ("metric", "acc"), ("run", "newest")]
    ways += [("unfinished", "keep"), ("higher_is_better", True)]
    key, value = draw.choice(ways)
    task[key] = value
    case.refuse = True


TRICKS = (
    failing_cases_dropped,
    old_answers_taken,
    one_pair_many_times,
    a_second_run_that_is_none,
    a_threshold_that_all_reach,
    limits_that_nothing_breaks,
    advisory_alone,
    guards_that_were_wrong,
    columns_swapped,
    references_rewritten,
    rows_by_position,
    groups_that_are_absent,
    epsilon_of_the_range,
    the_same_rows,
    rows_hidden_by_a_filter,
    fields_of_one_side,
    one_example_under_many_ids,
    samples_copied,
    samples_dropped,
    one_group,
    scores_that_fall,
    a_part_of_a_task_again,
    options_of_logs,
)
