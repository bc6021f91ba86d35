"""Verdicts made by hand, one of every kind that a report must show."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from compatkit import Comparison, compare_candidates
from compatkit.comparison.examples import FlippedExample
from compatkit.gate.policy import Waiver
from compatkit.gate.verdict import Decision, Guarded, Verdict, WaiverUse
from compatkit.record import replace

CITIES = ("Paris", "Rome", "Oslo", "Lima", "Bern", "Quito", "Cairo", "Seoul")


@cache
def compared(
    task: str = "", *, total: int = 400, broken: int = 20, repaired: int = 12
) -> Comparison:
    """Return a comparison in which the first answers break and the last ones are repaired."""
    old, new = [], []
    for number in range(total):
        city = CITIES[number % len(CITIES)]
        row = {
            "id": f"q{number + 1}",
            "reference": city,
            "input": f"What is the capital of country {number + 1}?",
            "lang": ("de", "en", "fr")[number % 3],
        }
        was_right, is_right = number < total - repaired, number >= broken
        old.append({**row, "prediction": city if was_right else "Berlin"})
        new.append({**row, "prediction": city if is_right else "I am not sure."})
    (result,) = compare_candidates(old, [new], task=task)
    folder = f"{task}/" if task else ""
    return replace(result, old=f"old/{folder}answers.jsonl", new=f"new/{folder}answers.jsonl")


def graded(*falls: float) -> Comparison:
    """Return a comparison of a continuous scorer whose scores fall by so much."""
    old = [{"id": f"s{n}", "score": 0.9, "prediction": f"a{n}"} for n in range(len(falls))]
    new = [
        {"id": f"s{n}", "score": round(0.9 - fall, 4), "prediction": f"b{n}"}
        for n, fall in enumerate(falls)
    ]
    (result,) = compare_candidates(old, [new], scorer="field:score")
    return result


def decided(outcome: str, **values: Any) -> Decision:
    """Return a decision on the negative flip rate."""
    counts = {"pass": (4, 0.0034, 0.0227), "fail": (20, 0.0335, 0.0714)}
    numerator, low, high = counts.get(outcome, (10, 0.0136, 0.0420))
    usual: dict[str, Any] = {
        "task": "",
        "budget": "max_nfr",
        "limit": 0.03,
        "tier": "blocking",
        "outcome": outcome,
        "counts_as": outcome,
        "total": 400,
        "value": numerator / 400,
        "low": low,
        "high": high,
        "low_level": 0.95,
        "high_level": 0.95,
        "method": "clopper-pearson",
        "numerator": numerator,
        "denominator": 400,
        "more_examples": 940 if outcome == "inconclusive" else None,
    }
    return Decision(**(usual | values))


def undefined(outcome: str = "inconclusive", **values: Any) -> Decision:
    """Return a decision on a quantity that has no value."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("value", "low", "high", "method", "numerator", "denominator", "more_examples")
    )
    reason = "the new model makes no error"
    return decided(
        outcome, **{"budget": "min_bec", "limit": 0.5, "reason": reason} | nothing | values
    )


def flip_of(comparison: Comparison, number: int = 0) -> FlippedExample:
    """Return a negative flip."""
    return [example for example in comparison.examples or () if example.kind == "negative"][number]


def guard(comparison: Comparison, number: int = 0, **values: Any) -> Guarded:
    """Return a must-not-flip example that broke."""
    flip = flip_of(comparison, number)
    usual: dict[str, Any] = {
        "task": comparison.task,
        "id": flip.id,
        "outcome": "fail",
        "named": "id",
        "flip": flip,
    }
    return Guarded(**(usual | values))


def held(name: str, task: str = "", **values: Any) -> Guarded:
    """Return a must-not-flip example that did not break."""
    return Guarded(task, name, "pass", "safety=yes", **values)


def waived(name: str, state: str = "used", task: str = "") -> WaiverUse:
    """Return a waiver and what became of it."""
    return WaiverUse(Waiver(task, name, "the reference is wrong", date(2026, 12, 31)), state)


def judge(outcome: str, *decisions: Decision, **values: Any) -> Verdict:
    """Return a verdict on one task."""
    usual: dict[str, Any] = {"comparisons": (compared(),), "policy": "compatkit.toml"}
    return Verdict(outcome, decisions, **(usual | values))


def _slices() -> Verdict:
    counts = {
        "de": ("fail", 15, 0.0611, 0.1725),
        "en": ("inconclusive", 4, 0.0103, 0.0674),
        "fr": ("pass", 1, 0.0004, 0.0349),
    }
    parts = [
        decided(
            outcome,
            field="lang",
            slice=value,
            limit=0.05,
            value=number / 134,
            low=low,
            high=high,
            low_level=0.9875 if outcome == "fail" else 0.95,
            numerator=number,
            denominator=134,
            total=134,
            more_examples=310 if outcome == "inconclusive" else None,
        )
        for value, (outcome, number, low, high) in counts.items()
    ]
    return judge("fail", decided("pass"), *parts)


def _tasks() -> Verdict:
    names = ("arc", "gsm8k", "safety")
    decisions = [
        decided("pass", task="arc"),
        decided("inconclusive", task="gsm8k"),
        decided(
            "pass",
            task="gsm8k",
            budget="max_accuracy_drop",
            limit=0.01,
            value=-0.02,
            low=-0.034,
            high=-0.0061,
            numerator=None,
            denominator=None,
        ),
        decided(
            "fail",
            task="safety",
            budget="min_btc",
            limit=0.99,
            value=0.95,
            numerator=380,
            denominator=400,
            low=0.9286,
            high=0.9665,
        ),
        decided("fail", task="safety", tier="advisory", limit=0.01),
        decided("pass", task="total", total=1200, limit=0.025),
    ]
    return judge(
        "fail",
        *decisions,
        comparisons=tuple(compared(name) for name in names),
        guarded=(
            guard(compared("safety"), 2, named="kind=refusal"),
            guard(compared("safety"), 3, waived=True),
            held("q50", "safety"),
            held("q399", "safety", was_wrong=True),
        ),
        waivers=(
            waived("q4", task="safety"),
            waived("q9", "expired", "arc"),
            waived("q100", "unused", "arc"),
        ),
        warnings=("safety: the policy names max_nfr twice",),
        name="nightly",
    )


def _many() -> Verdict:
    decisions = [
        decided(
            "fail" if n % 50 == 49 else "inconclusive" if n % 20 == 7 else "pass",
            task=f"task-{n:03}",
        )
        for n in range(200)
    ]
    one = compared()
    return judge(
        "fail", *decisions, comparisons=tuple(replace(one, task=f"task-{n:03}") for n in range(200))
    )


def _guarded() -> Verdict:
    one = compared()
    return judge(
        "fail",
        decided("pass"),
        guarded=(
            *(guard(one, n, named="safety=yes") for n in range(7)),
            guard(one, 9, waived=True),
            held("q40"),
            held("q399", was_wrong=True),
        ),
        waivers=(waived("q10"),),
    )


def _no_flips() -> Verdict:
    none = compared(broken=0, repaired=0)
    clean = decided("pass", numerator=0, value=0.0, low=0.0, high=0.0075)
    return judge("pass", clean, comparisons=(none,), policy="")


VERDICTS: dict[str, Callable[[], Verdict]] = {
    "pass": lambda: judge("pass", decided("pass")),
    "fail": lambda: judge("fail", decided("fail")),
    "inconclusive": lambda: judge("inconclusive", decided("inconclusive")),
    "inconclusive, passes": lambda: judge("pass", decided("inconclusive", counts_as="pass")),
    "inconclusive, fails": lambda: judge("fail", decided("inconclusive", counts_as="fail")),
    "undefined": lambda: judge("inconclusive", undefined()),
    "undefined, passes": lambda: judge(
        "pass", undefined("pass", budget="max_mean_regression", reason="no score fell")
    ),
    "without bounds": lambda: judge(
        "inconclusive",
        decided(
            "inconclusive", low=None, high=None, more_examples=None, reason="all values are equal"
        ),
    ),
    "advisory": lambda: judge(
        "pass", decided("pass"), decided("fail", tier="advisory", limit=0.01)
    ),
    "only advisory": lambda: judge("pass", decided("inconclusive", tier="advisory")),
    "point": lambda: judge("fail", decided("fail"), decide="point"),
    "slices": _slices,
    "tasks": _tasks,
    "many": _many,
    "guarded": _guarded,
    "guarded alone": lambda: judge("pass", guarded=(held("q40"), held("q41"))),
    "waived": lambda: judge(
        "pass",
        decided("pass"),
        guarded=(guard(compared(), 3, waived=True), held("q40")),
        waivers=(waived("q4"), waived("q1", "expired"), waived("q77", "unused")),
    ),
    "zero flips": _no_flips,
    "graded": lambda: judge(
        "fail",
        decided("fail"),
        comparisons=(graded(0.0, 0.45, 0.8, 0.45, -0.1, 0.6),),
    ),
}
