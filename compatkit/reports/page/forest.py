"""Forest: where an update broke, a row for each slice, task or model, which filters the flips."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.estimates import Metrics, MetricValue, Plan
from compatkit.metrics.measure_pair import count_pair, measure_pair
from compatkit.metrics.pair import Counts
from compatkit.record import replace
from compatkit.reports.page.bars import Bar, bar_of, scale_of
from compatkit.reports.view import format_count, format_number, format_value, level_of, name_average

MOST_ROWS = 50


class Tick(Struct, frozen=True):
    """A number on the scale.

    Attributes:
        place: in percent of the width.
        text: as it is written.
    """

    place: float
    text: str


class ForestRow(Struct, frozen=True):
    """What broke among the examples of one slice, task or model.

    Attributes:
        name: whose examples.
        token: which flips it filters the list to; empty for none.
        counted: broken answers and examples.
        rate: the NFR.
        interval: its interval.
        bar: the same, drawn; None where it is undefined.
        change: of the accuracy.
        tone: of the change: `broken`, `repaired` or empty.
    """

    name: str
    token: str
    counted: str
    rate: str
    interval: str
    bar: Bar | None
    change: str
    tone: str


class Forest(Struct, frozen=True):
    """A table of rows with a bar each.

    Attributes:
        title: what the rows are the values of.
        noun: what one row is.
        rows: from the worst on.
        ticks: of the scale that all bars share.
        overall: where the rate of all examples stands; None where there is none.
        level: of the intervals, in percent.
        note: below the table.
        average: what the last column is the change of.
    """

    title: str
    noun: str
    rows: tuple[ForestRow, ...]
    ticks: tuple[Tick, ...]
    overall: float | None
    level: str
    note: str
    average: str


class Part(Struct, frozen=True):
    """Whose numbers a row shows.

    Attributes:
        name: whose examples.
        token: which flips it filters the list to.
        counts: examples by kind.
        metrics: name to value and interval.
    """

    name: str
    token: str
    counts: Counts
    metrics: Metrics


def forest_of_slices(
    comparison: Comparison, path: str, tokens: Mapping[str, str], title: str
) -> Forest:
    """Return the slices by one field, those with the most certain damage first."""
    ordered = sorted(
        comparison.slices[path].items(), key=lambda item: (-(item[1].together.low or 0.0), item[0])
    )
    parts = [
        Part(value, tokens.get(value, ""), part.counts, part.metrics) for value, part in ordered
    ]
    average = name_average("accuracy", comparison)
    return make_forest(title, path, parts, flip_rate(comparison.metrics).value, average=average)


def forest_of_gathered(comparison: Comparison, tokens: Mapping[str, str], title: str) -> Forest:
    """Return the slices where broken answers gather, as the tested half shows them."""
    outcome = comparison.found_slices
    gathered = () if outcome is None else outcome.gathered
    plan = Plan(level=level_of(comparison))
    parts = []
    for place in gathered:
        pair = replace(comparison.pair.take(place.held_out), baseline=None)
        metrics = measure_pair(pair, plan)[0]
        parts.append(Part(place.name, tokens.get(place.name, ""), count_pair(pair), metrics))
    note = "counted on the half of the examples that was not searched; lift and p stand in Numbers"
    average, rate = name_average("accuracy", comparison), flip_rate(comparison.metrics).value
    return make_forest(title, "slice", parts, rate, note, average=average)


def make_forest(
    title: str,
    noun: str,
    parts: Sequence[Part],
    overall: float | None = None,
    note: str = "",
    *,
    average: str = "accuracy",
) -> Forest:
    """Return rows with bars on one scale."""
    shown = parts[:MOST_ROWS]
    rates = [flip_rate(part.metrics) for part in shown]
    ends = [end for rate in rates for end in (rate.value, rate.low, rate.high)]
    scale = scale_of([*ends, overall])
    if len(shown) < len(parts):
        more = f"{len(shown)} of {len(parts):,} rows; the JSON report has all"
        note = f"{more}; {note}" if note else more
    if overall is not None:
        dashed = f"dashed: all examples, {format_number(overall, 'share', digits=1)}"
        note = "; ".join(filter(None, (dashed, note)))
    return Forest(
        title,
        noun,
        tuple(
            _row(part, rate, bar_of(scale, rate.value, (rate.low, rate.high)))
            for part, rate in zip(shown, rates, strict=True)
        ),
        tuple(Tick(scale.place(tick), f"{100 * tick:.4g}%") for tick in scale.ticks),
        None if overall is None else scale.place(overall),
        next((f"{100 * rate.level:g}%" for rate in rates if rate.level is not None), ""),
        note,
        average,
    )


def flip_rate(metrics: Metrics) -> MetricValue:
    """Return the NFR, the expected one where examples have several samples."""
    rate = metrics["negative_flip_rate"]
    return rate if rate.value is not None else metrics["expected_negative_flip_rate"]


def _row(part: Part, rate: MetricValue, bar: Bar | None) -> ForestRow:
    change = part.metrics["accuracy_delta"]
    tone = ""
    if change.value is not None and change.low is not None and change.high is not None:
        tone = "broken" if change.high < 0 else "repaired" if change.low > 0 else ""
    low, high = (format_number(end, "share", digits=1) for end in (rate.low, rate.high))
    return ForestRow(
        part.name,
        part.token,
        f"{format_count(part.counts.negative_flips)} / {format_count(part.counts.total)}",
        format_number(rate.value, "share", digits=1),
        f"{low.removesuffix('%')} to {high}" if rate.low is not None else rate.reason,
        bar,
        format_value("accuracy_delta", change),
        tone,
    )
