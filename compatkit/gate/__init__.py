"""Gate: an update passes only if it stays within a budget of broken behaviour.

`check` holds two files against budgets, `check_policy` what a policy names; both return a
`Verdict`. `BUDGETS` lists what can be limited.
"""

from compatkit.gate.budgets import BUDGETS
from compatkit.gate.check_pair import check
from compatkit.gate.checking import check_policy
from compatkit.gate.policy import Limits, MustNotFlip, Policy, TaskPolicy, Waiver
from compatkit.gate.read_policy import find_policy, read_policy
from compatkit.gate.verdict import Decision, Guarded, Verdict

__all__ = [
    "BUDGETS",
    "Decision",
    "Guarded",
    "Limits",
    "MustNotFlip",
    "Policy",
    "TaskPolicy",
    "Verdict",
    "Waiver",
    "check",
    "check_policy",
    "find_policy",
    "read_policy",
]
