"""Cards: the few numbers that a page begins with, each with its interval."""

from collections.abc import Iterator

from msgspec import Struct

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue
from compatkit.reports.view import format_count, format_number, name_average


class Card(Struct, frozen=True):
    """A number with its interval.

    Attributes:
        label: what it is.
        value: the number, or two with an arrow between them.
        details: its interval, and what it was counted among.
        tone: `broken`, `repaired` or empty.
    """

    label: str
    value: str
    details: tuple[str, ...]
    tone: str = ""


def make_cards(comparison: Comparison) -> list[Card]:
    """Return what an update broke and repaired, the averages, and what was kept."""
    return [*_flip_cards(comparison), *_average_cards(comparison), *_trust_cards(comparison)]


def _flip_cards(comparison: Comparison) -> Iterator[Card]:
    counts = comparison.counts
    for name, short, what, tone, number in (
        ("negative_flip_rate", "NFR", "broken", "broken", counts.negative_flips),
        ("positive_flip_rate", "PFR", "repaired", "repaired", counts.positive_flips),
    ):
        metric = comparison.metrics[name]
        label = f"{what} ({short})"
        if not comparison.pair.single:
            metric, label = comparison.metrics[f"expected_{name}"], f"{what} (expected {short})"
        counted = f"{format_count(number)} of {format_count(counts.total)} answers"
        yield Card(label, _write("share", metric), (*_interval("share", metric), counted), tone)


def _average_cards(comparison: Comparison) -> Iterator[Card]:
    for name, label, digits in (("accuracy", "accuracy", 1), ("score", "mean score", 3)):
        if name == "score" and not comparison.continuous:
            continue
        old, new, change = (
            comparison.metrics[f"{name}_{part}"] for part in ("old", "new", "delta")
        )
        unit = METRICS[f"{name}_old"].unit
        numbers = [format_number(metric.value, unit, digits=digits) for metric in (old, new)]
        value = f"{numbers[0].removesuffix('%')} \u2192 {numbers[1]}"
        of_change = METRICS[f"{name}_delta"].unit
        details = (_write(of_change, change, digits), *_interval(of_change, change, digits))
        yield Card(name_average(label, comparison), value, details)


def _trust_cards(comparison: Comparison) -> Iterator[Card]:
    kept = comparison.metrics["backward_trust_compatibility"]
    if kept.value is not None:
        among = f"{kept.numerator:,} of {kept.denominator:,}" if kept.denominator else ""
        details = (*_interval("share", kept), *([among] if among else []))
        yield Card("right answers kept (BTC)", _write("share", kept), details)
    relative = comparison.metrics["relative_negative_flip_rate"]
    if relative.value is not None:
        details = (*_interval("ratio", relative, 2), "1: two unrelated models")
        yield Card("relative NFR", _write("ratio", relative, 2), details)


def _write(unit: str, metric: MetricValue, digits: int = 1) -> str:
    return format_number(metric.value, unit, digits=digits)


def _interval(unit: str, metric: MetricValue, digits: int = 1) -> Iterator[str]:
    """Write an interval, or why there is none."""
    if metric.low is None or metric.high is None:
        if metric.reason:
            yield metric.reason
        return
    low, high = (format_number(end, unit, digits=digits) for end in (metric.low, metric.high))
    yield f"{low.removesuffix(' pp').removesuffix('%')} to {high}"
