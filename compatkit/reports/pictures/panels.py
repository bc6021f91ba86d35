"""Panels: what the pictures of several comparisons share: which are drawn, and what tells them."""

from collections.abc import Callable, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.estimates import MetricValue
from compatkit.record import replace
from compatkit.reports.pictures.lacking import NoPictureError
from compatkit.reports.pictures.picture import Forest, Panel, Picture, is_drawn
from compatkit.reports.view import count_of, format_interval, format_value, level_of, tasks_of

MOST_PANELS = 6
MOST_ROWS = 30
MOST_SENTENCES = 2


def flip_rate(comparison: Comparison, kind: str = "negative") -> MetricValue:
    """Return the NFR, or the PFR; the expected one where examples have several samples."""
    expected = "" if comparison.pair.single else "expected_"
    return comparison.metrics[f"{expected}{kind}_flip_rate"]


def describe_rate(rate: MetricValue) -> str:
    """Write a rate with its interval, or why there is none."""
    if not is_drawn(rate):
        return f"undefined ({rate.reason})" if rate.reason else "undefined"
    text = format_value("negative_flip_rate", rate)
    if rate.low is None or rate.high is None:
        return text
    return f"{text} ({format_interval('negative_flip_rate', rate)})"


def level_text(comparison: Comparison) -> str:
    """Write the level of a comparison's intervals."""
    return f"{100 * level_of(comparison):g}%"


def label_of(comparison: Comparison, results: Sequence[Comparison]) -> str:
    """Return what tells a comparison from the others: its task, its candidate, or both."""
    several_tasks = len(tasks_of(results)) > 1
    beside = {result.new_name for result in results if result.task == comparison.task}
    names = [comparison.task] * several_tasks + [comparison.new_name] * (len(beside) > 1)
    return ": ".join(names)


def change_of(comparison: Comparison) -> str:
    """Name the update."""
    return f"{comparison.old_name} -> {comparison.new_name}"


def one_by_one(
    name: str,
    title: str,
    comparisons: Sequence[Comparison],
    describe: Callable[[Comparison], tuple[Panel, str]],
) -> Picture:
    """Return a picture with a panel for each comparison, as many as one picture holds.

    Args:
        name: the picture's.
        title: the picture's.
        comparisons: those that have what is drawn.
        describe: a comparison's panel, and a sentence with its numbers.
    """
    shown = comparisons[:MOST_PANELS]
    panels, sentences = [], []
    for comparison in shown:
        panel, sentence = describe(comparison)
        label = label_of(comparison, comparisons)
        panels.append(replace(panel, heading=label))
        sentences.append(f"{label or change_of(comparison)}: {sentence}")
    rest = rest_of(len(shown), len(comparisons), "comparison")
    return Picture(name, title, f"{title}. {join_sentences(sentences)}", panels, rest)


def end_together(panels: Sequence[Forest]) -> list[Forest]:
    """Let the axes of forests end alike, just behind the last limit, so that they compare."""
    ends = [
        value.value if value.high is None else value.high
        for panel in panels
        for row in panel.rows
        for value in row.values
    ]
    end = min(1.03 * max([end for end in ends if end is not None], default=1.0), 1.0) or 1.0
    return [replace(panel, end=end) for panel in panels]


def join_sentences(sentences: Sequence[str]) -> str:
    """Return what is said of the first panels, and that there are more: a listener has no table."""
    more = len(sentences) - MOST_SENTENCES
    rest = [f"{count_of(more, 'more panel')}."] if more > 0 else []
    return " ".join([*sentences[:MOST_SENTENCES], *rest])


def rest_of(shown: int, total: int, noun: str) -> str:
    """Say how many of several are drawn; empty where all are."""
    return "" if shown == total else f"{shown} of {count_of(total, noun)} drawn"


def refuse_undefined(name: str, values: Sequence[MetricValue]) -> None:
    """Refuse a picture of which every value is undefined."""
    if not any(map(is_drawn, values)):
        reason = next((value.reason for value in values if value.reason), "no examples")
        raise NoPictureError(f"{name}: there is nothing to draw: {reason}.")
