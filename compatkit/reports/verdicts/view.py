"""Verdict view: a gate's decisions in words, for somebody who never saw one."""

import math
import re
from collections.abc import Sequence

from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import ADVISORY, ANYTIME, FAIL, INCONCLUSIVE, PASS
from compatkit.gate.verdict import TOTAL, Decision, Guarded, Verdict
from compatkit.record import replace
from compatkit.reports.hostile import visible
from compatkit.reports.view import (
    DASH,
    DIGITS,
    SIGNED,
    SIGNS,
    count_of,
    format_number,
)

NAME_LIMIT = 80
NAMED = 3  # must-not-flip examples that a sentence names
MORE_DIGITS = 8
ABBREVIATION = re.compile(r" \((\w+)\)$")

# How the methods begin whose bounds hold the level.
HOLDING = ("clopper-pearson", "betting", "beta-mixture")


def brief(text: str) -> str:
    """Return a name as a sentence can hold it."""
    return visible(text, NAME_LIMIT)


def name_quantity(decision: Decision) -> str:
    """Name what is limited, as a sentence does.

    A label such as `accuracy, new - old` would be taken for two things.
    """
    label, comma, rest = decision.label.partition(", ")
    return f"{label} ({rest})" if comma else label


def shorten_quantity(decision: Decision) -> str:
    """Name what is limited by its abbreviation, where it has one."""
    match = ABBREVIATION.search(decision.label)
    return match[1] if match else name_quantity(decision)


def name_place(decision: Decision) -> str:
    """Name the task and the slice, empty for all examples of the only task."""
    task = "all tasks" if decision.task == TOTAL and not decision.field else brief(decision.task)
    part = f"{brief(decision.field)} = {brief(decision.slice)}" if decision.field else ""
    return ", ".join(filter(None, (task, part)))


def place_in(verdict: Verdict, decision: Decision) -> str:
    """Name the task and the slice, as a row does: the only task is not said again."""
    if len(verdict.comparisons) == 1 and decision.task == verdict.comparisons[0].task:
        return name_place(replace(decision, task=""))
    return name_place(decision)


def find_field(verdict: Verdict) -> str:
    """Return the one field by whose values alone a verdict's decisions are told apart, if any."""
    fields = {decision.field for decision in verdict.decisions if decision.field}
    return fields.pop() if len(fields) == 1 and len(verdict.comparisons) == 1 else ""


def format_limit(decision: Decision) -> str:
    """Write a limit with all its digits: 2%, 0.125%, -1 pp."""
    decision = _signed(decision)
    unit = BUDGETS[decision.budget].unit
    scale = 100 if unit in {"share", "points"} else 1
    sign = "+" if unit in SIGNED else ""
    either = "+-" if decision.two_sided else ""
    sign = "" if either else sign
    return f"{either}{scale * decision.limit:{sign}.10g}{SIGNS.get(unit, '')}"


def format_measured(decision: Decision, value: float | None) -> str:
    """Write a value or a bound with as many digits as set it apart from the limit."""
    unit = BUDGETS[decision.budget].unit
    if value is None:
        return DASH
    scale = 100 if unit in {"share", "points"} else 1
    exact = math.copysign(decision.limit, value) if decision.two_sided else decision.limit
    limit = round(scale * exact, 10)
    for digits in range(DIGITS[unit], MORE_DIGITS):
        rounded = round(scale * value, digits)
        if (rounded > limit) == (value > exact) and (rounded < limit) == (value < exact):
            return format_number(value, unit, digits=digits)
    return format_number(value, unit)


def format_level(level: float) -> str:
    """Write a confidence level.

    >>> format_level(0.95), format_level(0.99583)
    ('95%', '99.58%')
    """
    return f"{100 * level:.4g}%"


def describe_confidence(verdict: Verdict) -> str:
    """Say how sure a bound is, and over how many looks."""
    over = {ANYTIME: " at every look"}.get(verdict.decide, "")
    over = f" over {verdict.looks:,} looks" if verdict.looks > 1 else over
    return f"{format_level(verdict.level)} confidence{over}"


def describe_budget(decision: Decision) -> str:
    """Say what the policy allows."""
    if decision.two_sided:
        return f"the budget is within {format_limit(decision)}"
    direction = "at least" if decision.at_least else "at most"
    return f"the budget is {direction} {format_limit(decision)}"


def describe_decision(decision: Decision, verdict: Verdict, *, advised: bool = True) -> str:
    """Say in one sentence what was decided, and why.

    Args:
        decision: one of the verdict's.
        verdict: the gate's.
        advised: say of an inconclusive one what would settle it.
    """
    decision = _signed(decision)
    place = place_in(verdict, decision)
    name = f"the {name_quantity(decision)}{f' of {place}' if place else ''}"
    sentence = f"{name} {_describe_value(decision, verdict)}; {describe_budget(decision)}"
    if decision.outcome != INCONCLUSIVE or not advised:
        return sentence
    if decision.counts_as == INCONCLUSIVE:
        return f"{sentence}: {describe_doubt(decision, verdict)}"
    counts = f"inconclusive, which the policy counts as a {decision.counts_as}"
    return f"{sentence}: {counts} ({describe_doubt(decision, verdict)})"


def describe_doubt(decision: Decision, verdict: Verdict) -> str:
    """Say what would settle an inconclusive decision, without an invitation to look again."""
    if decision.value is None:
        return "it cannot be decided"
    if decision.more_examples is not None:
        noun, how, rest = describe_settling(verdict)
        number = count_of(count_settling(decision, verdict), noun)
        return f"about {number}{how} would settle it{rest}"
    if decision.passing_limit is None:
        return "too few examples to tell"
    value = "rate" if BUDGETS[decision.budget].unit == "share" else "value"
    near = "at" if decision.value == decision.limit else "all but at"
    passing = format_limit(replace(decision, limit=decision.passing_limit))
    return (
        f"the measured {value} is {near} the budget: no number of examples will settle it; a "
        f"budget of {passing} would pass today"
    )


def describe_settling(verdict: Verdict) -> tuple[str, str, str]:
    """Name what would settle an inconclusive decision, how it is taken, and what else there is."""
    if verdict.looks > 1:
        return "more example", " like these", f", at a further one of the {verdict.looks:,} looks"
    if verdict.decide == ANYTIME:
        return "more example", " like these", ""
    return "new example", ", once,", '; decide = "anytime" lets you add to these'


def count_settling(decision: Decision, verdict: Verdict) -> int:
    """Return how many examples would settle an inconclusive decision, in two digits."""
    anew = verdict.looks == 1 and verdict.decide != ANYTIME
    exact = (decision.more_examples or 0) + (decision.total if anew else 0)
    step = int(10 ** max(len(str(exact)) - 2, 0))
    return math.ceil(exact / step) * step


def _describe_value(decision: Decision, verdict: Verdict) -> str:
    low, high = (format_measured(decision, bound) for bound in (decision.low, decision.high))
    sure = describe_confidence(verdict)
    if decision.value is None:
        return f"is undefined ({brief(decision.reason)})" if decision.reason else "is undefined"
    if decision.two_sided and decision.outcome == PASS and verdict.decide != "point":
        return f"is at least {low} and at most {high}, each at {sure}"
    # What settles it is the bound on the side of the limit; a lower limit turns the sides.
    upper = (decision.outcome == PASS) != decision.at_least
    if decision.two_sided:
        upper = decision.value < 0
    bound = decision.high if upper else decision.low
    if verdict.decide == "point" or (bound is None and decision.outcome != INCONCLUSIVE):
        return f"is {format_measured(decision, decision.value)}"
    if decision.outcome != INCONCLUSIVE:
        word = f"at most {high}" if upper else f"at least {low}"
        return f"is {word} at {sure}"
    if decision.low is None or decision.high is None:
        why = f", without bounds ({brief(decision.reason)})" if decision.reason else ""
        return f"is {format_measured(decision, decision.value)}{why}"
    return f"is at least {low} and at most {high}, each at {sure}"


def describe_outcome(decision: Decision) -> str:
    """Name the outcome as a table does: what blocks in capitals."""
    outcome = decision.outcome.upper() if decision.blocks else decision.outcome
    if decision.tier == ADVISORY:
        return f"{outcome}, advisory"
    if decision.counts_as != decision.outcome:
        outcome += f", counts as {decision.counts_as}"
    return outcome


def order_decisions(decisions: Sequence[Decision]) -> list[Decision]:
    """Return the decisions as they are shown: what blocks first, then what is beyond doubt.

    Within these, in the policy's order; of the slices of one field the worst first.
    """
    outcomes = (FAIL, INCONCLUSIVE, PASS)

    groups = list(dict.fromkeys(map(_group_of, decisions)))

    def rank(decision: Decision) -> tuple[bool, int, int, float]:
        outcome = decision.counts_as if decision.blocks else decision.outcome
        excess = measure_excess(decision) if decision.field else 0.0
        group = groups.index(_group_of(decision))
        return not decision.blocks, outcomes.index(outcome), group, -excess

    return sorted(map(_signed, decisions), key=rank)


def _group_of(decision: Decision) -> tuple[str, str, str]:
    return decision.task, decision.field, decision.budget


def measure_excess(decision: Decision) -> float:
    """Return how far a decision is beyond its limit: by the bound that a fail goes by."""
    bound = decision.high if decision.at_least else decision.low
    bound = decision.value if bound is None or decision.two_sided else bound
    bound = abs(bound) if bound is not None and decision.two_sided else bound
    if bound is None:
        return float("-inf")
    return decision.limit - bound if decision.at_least else bound - decision.limit


def is_approximate(decision: Decision) -> bool:
    """Whether its bounds are others than those that hold the level, such as a bootstrap's."""
    bounds = (decision.low, decision.high)
    return not (decision.method or "").startswith(HOLDING) and bounds != (None, None)


def is_broken(example: Guarded) -> bool:
    """Whether a must-not-flip example broke, and no waiver accepts it."""
    return example.outcome == FAIL and not example.waived


def describe_verdict(verdict: Verdict) -> str:
    """Say the outcome and its reason in one sentence, and how many flips were waived."""
    explain = _reasons_of_pass if verdict.outcome == PASS else _reasons_against
    return _say_outcome(verdict, explain(verdict))


def explain_verdict(verdict: Verdict) -> str:
    """Say why, in one sentence that does not repeat the outcome."""
    explain = _reasons_of_pass if verdict.outcome == PASS else _reasons_against
    reasons = "; ".join(explain(verdict))
    return f"{reasons[0].upper()}{reasons[1:]}." if reasons else ""


def summarize_verdict(verdict: Verdict) -> str:
    """Say the outcome and its reasons in numbers, beside what says each by itself."""
    if verdict.outcome != PASS:
        return _say_outcome(verdict, [*_describe_broken(verdict), *_count_blocking(verdict, 0)])
    blocking = [decision for decision in verdict.decisions if decision.tier != ADVISORY]
    alone = len(blocking) == 1 and blocking[0].outcome == INCONCLUSIVE
    reasons = _reasons_of_pass(verdict)
    if alone:
        reasons[0] = "the budget is inconclusive, which counts as a pass"
    return _say_outcome(verdict, reasons)


def _say_outcome(verdict: Verdict, reasons: Sequence[str]) -> str:
    used = sum(use.state == "used" for use in verdict.waivers)
    waived = f" ({count_of(used, 'flip')} waived)" if used else ""
    return ": ".join(filter(None, (verdict.outcome.upper(), "; ".join(reasons)))) + waived


def _reasons_against(verdict: Verdict) -> list[str]:
    counting = [
        decision
        for decision in order_decisions(verdict.decisions)
        if decision.blocks and decision.counts_as == verdict.outcome
    ]
    alone = len(verdict.decisions) == 1  # else what follows says what would settle each
    first = [describe_decision(decision, verdict, advised=alone) for decision in counting[:1]]
    return [*_describe_broken(verdict), *first, *_count_blocking(verdict, 1)]


def _describe_broken(verdict: Verdict) -> list[str]:
    """Say how many must-not-flip examples broke, if any did."""
    broken = [example for example in verdict.guarded if is_broken(example)]
    if not broken:
        return []
    names = ", ".join(brief(example.id) for example in broken[:NAMED])
    more = f" and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    guarded = count_of(len(verdict.guarded), "must-not-flip example")
    broke = f"{len(broken):,} of {guarded}"
    if len(broken) == len(verdict.guarded):
        broke = "the must-not-flip example" if len(broken) == 1 else f"all {guarded}"
    return [f"{broke} broke ({names}{more})"]


def _count_blocking(verdict: Verdict, described: int) -> list[str]:
    """Say how many budgets block, beyond those of the verdict's outcome that were said."""
    blocking = [decision for decision in verdict.decisions if decision.blocks]
    reasons = []
    for outcome, words in ((FAIL, "broken"), (INCONCLUSIVE, "inconclusive")):
        number = sum(decision.counts_as == outcome for decision in blocking)
        number -= described if outcome == verdict.outcome else 0
        if number > 0:
            more = "more " if described and outcome == verdict.outcome else ""
            verb = "is" if number == 1 else "are"
            reasons.append(f"{count_of(number, f'{more}budget')} {verb} {words}")
    return reasons


def _reasons_of_pass(verdict: Verdict) -> list[str]:
    blocking = [decision for decision in verdict.decisions if decision.tier != ADVISORY]
    kept = [decision for decision in blocking if decision.outcome == PASS]
    doubtful = [decision for decision in blocking if decision.outcome == INCONCLUSIVE]
    reasons = []
    if len(blocking) == 1:
        reasons.append(describe_decision(blocking[0], verdict))
    elif blocking:
        at_level = f" at {describe_confidence(verdict)}"
        every = f"all {len(kept):,}" if len(kept) == len(blocking) else f"{len(kept):,} of"
        every += "" if len(kept) == len(blocking) else f" {len(blocking):,}"
        reasons.append(f"{every} budgets are kept{at_level if verdict.decide != 'point' else ''}")
        if doubtful:
            reasons.append(f"{len(doubtful):,} inconclusive, which counts as a pass")
    if verdict.guarded:
        reasons.append(_describe_kept(verdict.guarded))
    beyond = sum(
        decision.tier == ADVISORY and decision.outcome == FAIL for decision in verdict.decisions
    )
    if beyond:
        verb = "is" if beyond == 1 else "are"
        reason = f"{count_of(beyond, 'advisory budget')} {verb} broken, which does not count"
        reasons.append(reason)
    return reasons if blocking or verdict.guarded else ["no budget blocks", *reasons]


def _describe_kept(guarded: Sequence[Guarded]) -> str:
    """Say that the must-not-flip examples held, but for those that a waiver accepts."""
    waived = sum(example.outcome == FAIL for example in guarded)
    if len(guarded) == 1:
        return f"the must-not-flip example {'broke and is waived' if waived else 'did not break'}"
    examples = count_of(len(guarded), "must-not-flip example")
    if not waived:
        return f"none of {examples} broke"
    return f"of {examples}, {waived:,} broke and {'is' if waived == 1 else 'are'} waived"


def describe_guarded(guarded: Sequence[Guarded]) -> str:
    """Say how the must-not-flip examples fared."""
    broken = sum(is_broken(example) for example in guarded)
    waived = sum(example.outcome == FAIL and example.waived for example in guarded)
    wrong = sum(example.was_wrong for example in guarded)
    held = len(guarded) - broken - waived - wrong
    parts = [
        f"{number:,} {what}"
        for number, what in (
            (broken, "broke"),
            (waived, "broke and waived"),
            (wrong, "wrong before the update already"),
            (held, "held"),
        )
        if number
    ]
    return f"{count_of(len(guarded), 'must-not-flip example')}: {', '.join(parts)}"


def count_shown(shown: int, total: int, noun: str) -> str:
    """Write how many of something are shown.

    >>> count_shown(2, 20, "flip"), count_shown(2, 2, "flip")
    ('2 of 20 flips', '2 flips')
    """
    return f"{shown:,} of {count_of(total, noun)}" if shown < total else count_of(total, noun)


def _signed(decision: Decision) -> Decision:
    """Return a decision with the sign that every report gives a change; few are limits on one."""
    if not BUDGETS[decision.budget].is_drop:
        return decision
    from compatkit.reports.verdicts.changes import show_change  # noqa: PLC0415  (start-up time)

    return show_change(decision)
