"""Hints: where broken answers gather, of a task that was searched. They decide nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compatkit.gate.checked_task import CheckedTask
from compatkit.gate.policy_keys import MIN_LIFT

if TYPE_CHECKING:
    from compatkit.metrics.found_slices import FoundSlice


def tell_gathered(task: CheckedTask) -> Iterator[str]:
    """Say in a sentence each where broken answers gather, from the policy's lift on.

    A slice outside which nothing broke has no lift, and is told of.
    """
    outcome = task.comparison.found_slices
    if outcome is None:
        return
    least = MIN_LIFT.default if task.policy.min_lift is None else task.policy.min_lift
    for place in outcome.gathered:
        if place.lift.value is None or place.lift.value >= least:
            yield f"{task.where}{_describe(place)}"
    if not outcome.gathered:
        why = f": {outcome.reason}" if outcome.reason else ""
        nothing = f"no slice is shown to break more than the others{why}"
        yield f"{task.where}{nothing}; this decides nothing"


def _describe(place: "FoundSlice") -> str:
    inside, outside = (f"{100 * (rate or 0.0):.1f}%" for rate in (place.nfr, place.nfr_outside))
    p_value = "p < 0.0001" if place.p_adjusted < 1e-4 else f"p = {place.p_adjusted:.4f}"  # noqa: PLR2004
    lift = "" if place.lift.value is None else f"lift {place.lift.value:.2f}, "
    return (
        f"broken answers gather where {place.name}: {inside} broke there, {outside} elsewhere "
        f"({lift}{p_value}); such as {place.example}; this decides nothing"
    )
