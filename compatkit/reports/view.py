"""View: what of a comparison a report shows, and how numbers are written."""

from collections.abc import Sequence
from dataclasses import dataclass

from compatkit.comparison import Comparison
from compatkit.estimates import MetricValue
from compatkit.metrics import METRICS

DASH = "-"


@dataclass(frozen=True, slots=True)
class View:
    """What a report shows.

    Attributes:
        explain: what each metric means, beside it.
        show_flips: how many negative flips are shown.
        sweep: flips over all thresholds.
        width: columns of the terminal.
        color: whether the terminal knows colours.
    """

    explain: bool = False
    show_flips: int = 0
    sweep: bool = False
    width: int = 100
    color: bool = False


def format_number(value: float | None, unit: str, *, sign: bool | None = None) -> str:
    """Write a number in its unit; a dash where there is none.

    >>> format_number(0.0577, "share"), format_number(None, "share")
    ('5.77%', '-')
    """
    if value is None:
        return DASH
    signed = "+" if (unit in {"points", "percent", "change"} if sign is None else sign) else ""
    if unit in {"share", "points"}:
        return f"{100 * value:{signed}.2f}" + ("%" if unit == "share" else " pp")
    if unit == "percent":
        return f"{value:{signed}.2f}%"
    return f"{value:{signed}.4f}" if unit in {"score", "change"} else f"{value:{signed}.3f}"


def format_value(name: str, metric: MetricValue) -> str:
    """Write a metric's value."""
    return format_number(metric.value, METRICS[name].unit)


def format_interval(name: str, metric: MetricValue) -> str:
    """Write a metric's interval, a dash where there is none."""
    if metric.low is None or metric.high is None:
        return DASH
    unit = METRICS[name].unit
    low = format_number(metric.low, unit).removesuffix(" pp").removesuffix("%")
    high = format_number(metric.high, unit).removesuffix(" pp").removesuffix("%")
    return f"{low} to {high}"


def format_fraction(metric: MetricValue) -> str:
    """Write the count and the denominator of a proportion."""
    if metric.denominator is None:
        return ""
    return f"{metric.numerator:,} / {metric.denominator:,}"


def format_count(count: float) -> str:
    """Write a count; an expected one with a decimal."""
    return f"{count:,}" if isinstance(count, int) else f"{count:,.1f}"


def count_of(count: float, noun: str) -> str:
    """Write a count with its noun, in the plural where it is not one.

    >>> count_of(1, "negative flip"), count_of(1200, "example")
    ('1 negative flip', '1,200 examples')
    """
    return f"{format_count(count)} {noun}{'' if count == 1 else 's'}"


def shown_metrics(results: Sequence[Comparison]) -> list[str]:
    """Return the metrics that are worth a row: those with a value or a cause of their own."""
    families = {"accuracy", "flips"}
    if not all(each.pair.single for each in results):
        families = {"accuracy"}
    if any(each.metrics["expected_negative_flip_rate"].value is not None for each in results):
        families.add("samples")
    if any(each.continuous for each in results):
        families.add("smooth")
    names = [name for name, metric in METRICS.items() if metric.family in families]
    if any(each.baseline is not None for each in results):
        names += [
            name
            for name, metric in METRICS.items()
            if metric.family == "candidate"
            and any(each.metrics[name].value is not None for each in results)
        ]
    return names


def left_out(comparison: Comparison) -> list[str]:
    """Say in sentences what was left out or counted as wrong."""
    counts = comparison.counts
    reasons = {
        "errored": "errored",
        "missing": "in one file alone",
        "edited": "with another reference or input",
    }
    out = [
        f"{number:,} {reasons.get(reason, reason)}"
        for reason, number in counts.excluded.items()
        if number
    ]
    said = [f"left out: {', '.join(out)}" if out else "left out: nothing"]
    if counts.no_answer_old or counts.no_answer_new:
        said.append(
            f"no answer, counted as wrong: {counts.no_answer_old:,} old, "
            f"{counts.no_answer_new:,} new"
        )
    wrong = [f"{number:,} {reason}" for reason, number in counts.counted_wrong.items() if number]
    if wrong:
        said.append(f"counted as wrong: {', '.join(wrong)}")
    return said


def describe_scorer(comparison: Comparison) -> str:
    """Name the scorer, and the threshold where it matters."""
    if comparison.continuous:
        return f"{comparison.scorer}, right from {comparison.threshold:g}"
    return comparison.scorer


def tasks_of(results: Sequence[Comparison]) -> list[str]:
    """Return the tasks in order, each once."""
    return list(dict.fromkeys(each.task for each in results))
