"""Slices: the NFR of each, a forest plot."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.estimates import MetricValue
from compatkit.metrics.measure_pair import Slice
from compatkit.record import replace
from compatkit.reports.pictures.lacking import NO_SLICES, NoPictureError
from compatkit.reports.pictures.panels import (
    MOST_PANELS,
    MOST_ROWS,
    change_of,
    describe_rate,
    end_together,
    flip_rate,
    join_sentences,
    label_of,
    level_text,
    refuse_undefined,
    rest_of,
)
from compatkit.reports.pictures.picture import (
    BROKEN,
    Forest,
    ForestRow,
    Picture,
    is_drawn,
)
from compatkit.reports.view import count_of, format_count, worst_first


def describe_slices(results: Sequence[Comparison]) -> Picture:
    """Describe the NFR by slice, the most certain damage first.

    Args:
        results: one comparison per task and candidate.

    Raises:
        NoPictureError: no slices were asked for, or none has an NFR.
    """
    sliced = [(comparison, path) for comparison in results for path in comparison.slices]
    if not sliced:
        raise NoPictureError(f"slices: {NO_SLICES}")
    parts = [part for comparison, path in sliced for part in comparison.slices[path].values()]
    refuse_undefined("slices", [_rate(part) for part in parts])
    shown = sliced[:MOST_PANELS]
    panels = [_panel(comparison, path) for comparison, path in shown]
    fields = list(dict.fromkeys(path for _, path in sliced))
    if len(shown) > 1:
        comparisons = [comparison for comparison, _ in sliced]
        panels = [
            replace(panel, heading=_heading(comparison, path, comparisons, fields))
            for panel, (comparison, path) in zip(panels, shown, strict=True)
        ]
    title = f"Broken answers by {fields[0]}" if len(fields) == 1 else "Broken answers by slice"
    panels = end_together(panels)
    sentences = join_sentences(
        [_sentence(*pair, panel) for pair, panel in zip(shown, panels, strict=True)]
    )
    rest = rest_of(len(shown), len(sliced), "forest")
    return Picture("slices", title, f"{title}. {sentences}", panels, rest)


def _heading(
    comparison: Comparison, path: str, comparisons: Sequence[Comparison], fields: Sequence[str]
) -> str:
    names = [label_of(comparison, comparisons), f"by {path}" if len(fields) > 1 else ""]
    return ", ".join(filter(None, names))


def _rate(part: Slice) -> MetricValue:
    """Return the NFR with the limits that hold for all slices at once, where there are such."""
    if part.together.low is not None:
        return part.together
    rate = part.metrics["negative_flip_rate"]
    return rate if is_drawn(rate) else part.metrics["expected_negative_flip_rate"]


def _panel(comparison: Comparison, path: str) -> Forest:
    parts = worst_first(comparison.slices[path])
    rows = tuple(
        ForestRow(
            value,
            (_rate(part),),
            f"{format_count(part.counts.negative_flips)} / {part.counts.total:,}",
        )
        for value, part in parts[:MOST_ROWS]
    )
    notes = [_limits(comparison, path), rest_of(len(rows), len(parts), "slice")]
    overall = flip_rate(comparison)
    return Forest(
        heading="",
        group=path,
        rows=rows,
        series=(BROKEN,),
        overall=overall.value if is_drawn(overall) else None,
        remark="broken / N",
        note="; ".join(filter(None, notes)),
    )


def _limits(comparison: Comparison, path: str) -> str:
    """Say what the limits are."""
    parts, level = comparison.slices[path], level_text(comparison)
    if all(part.together.low is not None for part in parts.values()):
        return f"{level} limits that hold for all {count_of(len(parts), 'slice')} at once"
    return f"{level} limits, each for itself"


def _sentence(comparison: Comparison, path: str, panel: Forest) -> str:
    drawn = [row for row in panel.rows if is_drawn(row.values[0])]
    text = f"{change_of(comparison)}: the NFR is {describe_rate(flip_rate(comparison))}"
    if drawn:
        first, last = drawn[0], min(drawn, key=lambda row: row.values[0].value or 0.0)
        text += f"; by {path} it is worst for {first.label}, {describe_rate(first.values[0])}"
        if last is not first:
            text += f", and least for {last.label}, {describe_rate(last.values[0])}"
    undefined = len(panel.rows) - len(drawn)
    text += f"; it is undefined for {count_of(undefined, 'slice')}" if undefined else ""
    return f"{text}; {panel.note}."
