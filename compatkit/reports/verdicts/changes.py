"""Changes: a limit on a drop as reports show it, with the sign that every report gives a change."""

from dataclasses import dataclass, fields

from compatkit.gate.budgets import BUDGETS
from compatkit.gate.verdict import Decision

# What of a limit on a drop stands for what of one on a change.
TURNED = {
    "limit": "limit",
    "value": "value",
    "low": "high",
    "high": "low",
    "passing_limit": "passing_limit",
}


@dataclass(frozen=True, slots=True)
class ChangeDecision(Decision):
    """A limit on a drop as reports show it: a lower limit on the change, `new - old`."""

    @property
    def at_least(self) -> bool:
        """Whether the limit is a lower one."""
        return True


def show_change(decision: Decision) -> Decision:
    """Return a decision with the sign that every report gives a change: a fall is below 0."""
    if not BUDGETS[decision.budget].is_drop or isinstance(decision, ChangeDecision):
        return decision
    held = {part.name: getattr(decision, part.name) for part in fields(decision)}
    turned = {
        name: None if held[source] is None else 0.0 - held[source]
        for name, source in TURNED.items()
    }
    levels = {"low_level": decision.high_level, "high_level": decision.low_level}
    return ChangeDecision(**(held | turned | levels))
