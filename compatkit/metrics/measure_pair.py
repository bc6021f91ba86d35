"""Measure: counts and metrics of an aligned pair, whole and in slices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Measured, Metrics, MetricValue, Plan, Ratio, draw, undefined
from compatkit.metrics.metric import FAMILIES
from compatkit.metrics.p_values import Tests, compare_flips, correct, run_tests
from compatkit.metrics.pair import Counts, JudgedPair, rows_by_value
from compatkit.on_demand import OnDemand, join
from compatkit.predictions.ids import Ids
from compatkit.record import replace


@dataclass(frozen=True, slots=True, repr=False)
class Slice:
    """The counts, metrics and tests of the examples that share a value.

    Attributes:
        counts: examples by kind.
        metrics: name to value and interval, each for itself.
        tests: name to p-value, corrected over the slices of the field.
        together: the NFR with limits that hold for all slices of the field at once, so that one
            may be picked after they were seen.
    """

    counts: Counts
    metrics: Metrics
    tests: Tests = field(default_factory=dict)
    together: MetricValue = field(default_factory=lambda: undefined("one slice alone"))

    def __repr__(self) -> str:
        """Return one line."""
        counts = self.counts
        flips = f"{counts.negative_flips:g} negative and {counts.positive_flips:g} positive"
        return f"<Slice: {counts.total} examples, {flips} flips>"

    def _repr_html_(self) -> str:
        """Return the counts and the main metrics for a notebook."""
        from compatkit.reports.notebook import render_slice  # noqa: PLC0415  (docs/adr/0010)

        return render_slice(self)


def count_pair(
    pair: JudgedPair,
    *,
    excluded: Mapping[str, int] | None = None,
    counted_wrong: Mapping[str, int] | None = None,
) -> Counts:
    """Count a pair's examples; expected counts where examples have several samples."""
    both_right, negative, positive, both_wrong = pair.cells
    return Counts(
        total=len(pair.ids),
        both_right=both_right,
        negative_flips=negative,
        positive_flips=positive,
        both_wrong=both_wrong,
        no_answer_old=int(pair.old.silent.sum()),
        no_answer_new=int(pair.new.silent.sum()),
        excluded=dict(excluded or {}),
        counted_wrong=dict(counted_wrong or {}),
    )


def measure_pair(pair: JudgedPair, plan: Plan) -> tuple[Metrics, Tests]:
    """Return every metric that a pair names, in the order of `METRICS`, and the tests.

    Each is measured when it is first asked for; the intervals of the means of a family are drawn
    together.
    """
    grouped = pair.clusters is not None or pair.rerun is not None
    if pair.continuous or not pair.single or grouped or pair.confidence is not None:
        pair = sort_pair(pair)
    plan = replace(plan, clusters=pair.clusters)
    families = [name for name, family in FAMILIES.items() if family.is_named(pair)]
    named = {name: metric for name, metric in METRICS.items() if metric.family in families}
    prepared = OnDemand(
        {name: partial(metric.prepare, pair, plan) for name, metric in named.items()}
    )
    drawn = OnDemand({family: partial(_draw_family, family, prepared, plan) for family in families})
    metrics = {name: partial(_measure, name, prepared, drawn) for name in named}
    tests = run_tests(pair, plan)
    if pair.baseline is not None and pair.single:
        tests = join(tests, compare_flips(pair, plan))
    return OnDemand(metrics), tests


def _measure(
    name: str, prepared: Mapping[str, Measured], drawn: Mapping[str, Metrics]
) -> MetricValue:
    value = prepared[name]
    return drawn[METRICS[name].family][name] if isinstance(value, Ratio) else value


def _draw_family(family: str, prepared: Mapping[str, Measured], plan: Plan) -> Metrics:
    names = [name for name, metric in METRICS.items() if metric.family == family]
    return dict(zip(names, draw([prepared[name] for name in names], plan), strict=True))


def measure_slices(
    pair: JudgedPair,
    slices: Mapping[str, list[str]],
    plan: Plan,
    *,
    correction: str,
) -> dict[str, dict[str, Slice]]:
    """Measure the examples that share a value, for each field and value, in order of value.

    The tests of the slices of one field are corrected together.
    """
    result: dict[str, dict[str, Slice]] = {}
    if not slices:
        return result
    from compatkit.metrics.picking import (  # noqa: PLC0415  (start-up time)
        compare_with_others,
        limits_together,
        resamples_for,
    )

    for path, values in slices.items():
        rows_of = rows_by_value(values)
        parts = [pair.take(rows) for rows in rows_of.values()]
        enough = replace(plan, margin=None, resamples=resamples_for(len(parts), plan))
        measured = [_measure_slice(part, enough) for part in parts]
        above = compare_with_others(parts)
        tests = [join(part.tests, more) for part, more in zip(measured, above, strict=True)]
        together = limits_together(parts, plan)
        result[path] = {
            value: replace(part, tests=corrected, together=limits)
            for value, part, corrected, limits in zip(
                rows_of, measured, correct(tests, correction), together, strict=True
            )
        }
    return result


def _measure_slice(part: JudgedPair, plan: Plan) -> Slice:
    metrics, tests = measure_pair(replace(part, baseline=None), plan)
    return Slice(count_pair(part), metrics, tests)


def sort_pair(pair: JudgedPair) -> JudgedPair:
    """Sort the examples by id, so that the order of the files is of no consequence.

    Resampling draws by position: without this, the same rows in another order, or beside
    another candidate, would have other limits.
    """
    ids = pair.ids if isinstance(pair.ids, Ids) else Ids.pack(pair.ids)
    order = ids.order()
    return pair if (order[1:] > order[:-1]).all() else pair.take(order)
