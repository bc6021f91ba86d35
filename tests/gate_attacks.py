"""Attacks: random policies and files, each with tricks that hide what broke, and what is true.

A case is a policy of one to three tasks and the files that it names, drawn from a seed. Of half of
the cases what may pass is worked out from the rows by `gate_truth`, which shares nothing with the
package: a trick is played on the files, and another on each of the `POLICIES` that are held against
them. In the other half a trick of `gate_tricks` leaves nothing in the rows to tell it by, and the
case knows.
"""

import json
import random
from dataclasses import dataclass, field
from functools import lru_cache

import gate_tricks
from gate_judged import POLICY_TRICKS, ROW_TRICKS, draw_policy, draw_rows
from gate_policies import interpret, write_toml
from gate_truth import PASS, REFUSE, RefusedError, Rows, judge_tasks

POLICIES = 8


@dataclass
class Case:
    """A policy and its files.

    Attributes:
        trick: what was done.
        policy: the policy, as a table.
        rows: file name to rows.
        refuse: a pass is wrong, whatever the bytes say.
        warn: a pass is right only with a warning, whose word this is.
        truths: file name to its rows, as `gate_truth` knows them.
    """

    trick: str
    policy: dict
    rows: dict = field(repr=False)
    refuse: bool = False
    warn: str = ""
    truths: dict = field(default_factory=dict, repr=False)

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
    family, place = divmod(number, POLICIES)
    if family % 2:
        return _known(random.Random(f"{seed}-{number}"))
    trick, rows, truths = _files(seed, family)
    draw = random.Random(f"{seed}-{number}")
    case = Case(trick, draw_policy(draw, rows), rows, truths=truths)
    if place:
        more = draw.choice(POLICY_TRICKS)
        more(case, draw)
        case.trick = f"{trick}, {more.__name__}"
    return case


@lru_cache(maxsize=1)
def _files(seed, family):
    """Return the trick and the rows that several policies are held against."""
    draw = random.Random(f"{seed}-{family}-files")
    rows = draw_rows(draw)
    trick = draw.choice(ROW_TRICKS)
    trick(rows, draw)
    return trick.__name__, rows, {name: Rows(held) for name, held in rows.items()}


def _known(draw):
    rows = draw_rows(draw)
    case = Case("", draw_policy(draw, rows, plain=True), rows)
    trick = draw.choice(gate_tricks.TRICKS)
    case.trick = trick.__name__
    trick(case, draw)
    return case


def may_pass(case):
    """Whether a pass is true, by the rows of the files alone."""
    if case.refuse:
        return False
    policy, tasks = case.policy, []
    truths = case.truths or {name: Rows(rows) for name, rows in case.rows.items()}
    try:
        waivers = policy.get("waivers", [])
        names = policy["tasks"].keys()
        if any(each["task"] not in (names if len(names) > 1 else {*names, ""}) for each in waivers):
            return False
        for name, task in policy["tasks"].items():
            alone = {name: task | {"old": "old.jsonl", "new": "new.jsonl"}}
            own = [each for each in waivers if each["task"] in {name, ""}]
            rules = interpret({**policy, "tasks": alone, "waivers": own})
            tasks.append((truths[task["old"]], truths[task["new"]], rules))
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


def write_case(case, folder):
    """Write the files of a case; return where its policy lies."""
    for name, data in case.files().items():
        (folder / name).write_bytes(data)
    return folder / "compatkit.toml"


def try_case(case, check, error):
    """Let the gate answer a case.

    Args:
        case: the case.
        check: what holds it against its policy, and returns the outcome and the warnings.
        error: what it raises where it refuses.

    Returns:
        What became of it: `pass`, `fail`, `inconclusive`, `refuse`, `false pass`, or `crash` with
        what was raised.
    """
    try:
        outcome, warnings = check(case)
    except error:
        return REFUSE
    except Exception as fault:  # noqa: BLE001  (whatever it is, it is one)
        return f"crash: {type(fault).__name__}: {fault}"
    return "false pass" if outcome == PASS and is_false_pass(case, warnings) else outcome
