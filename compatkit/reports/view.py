"""View: what of a comparison a report shows, and how numbers are written."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from compatkit.comparison.comparison import Comparison
from compatkit.metrics import metric
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Metrics, MetricValue, undefined
from compatkit.metrics.measure_pair import Slice
from compatkit.metrics.p_values import PValue, Tests
from compatkit.metrics.pair import list_left_out
from compatkit.on_demand import OnDemand
from compatkit.reports.hostile import visible

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExamples

DASH = "-"
NAME_LIMIT = 60  # characters of a model's name in a title
OF_LOG = "log:"  # how the name of a log's own metric begins
ALPHA = 0.05  # what a corrected p-value must be able to reach
NOTHING_LEFT_OUT = "left out: nothing"
DIGITS = {"share": 2, "points": 2, "percent": 2, "score": 4, "change": 4, "ratio": 3}
MAIN_TESTS = ("accuracy_changed", "score_changed", "delta_nfr")
SIGNED = {"points", "percent", "change"}
SIGNS = {"share": "%", "points": " pp", "percent": "%"}


class View(Struct, frozen=True):
    """What a report shows.

    Attributes:
        explain: what each metric means, beside it.
        verbose: all metrics and tests, and the signature in full, as where they are explained.
        show_flips: how many negative flips are shown; of HTML, how many flips. None is what suits
            the report: none on a terminal and in Markdown, as many as fit in HTML.
        show_fields: fields of the records that are shown of each flip.
        show_changed: the examples whose answer is another and still wrong are shown, in HTML.
        sweep: flips over all thresholds.
        intervals: of LaTeX, each number's interval beside it.
        width: columns of the terminal.
        color: whether the terminal knows colours.
        report_url: where the whole report lies, for a comment to link to; empty for nowhere.
    """

    explain: bool = False
    verbose: bool = False
    show_flips: int | None = None
    show_fields: tuple[str, ...] = ()
    show_changed: bool = False
    sweep: bool = False
    intervals: bool = False
    width: int = 100
    color: bool = False
    report_url: str = ""

    @property
    def whole(self) -> bool:
        """Whether all metrics are shown, or those that matter most."""
        return self.verbose or self.explain


def format_number(
    value: float | None, unit: str, *, sign: bool | None = None, digits: int | None = None
) -> str:
    """Write a number in its unit; a dash where there is none.

    Args:
        value: as it was measured.
        unit: as in `compatkit.metrics.metric.Metric`.
        sign: whether a plus is written; the unit decides if not given.
        digits: behind the decimal point; the unit decides if not given.

    >>> format_number(0.0577, "share"), format_number(None, "share")
    ('5.77%', '-')
    """
    if value is None:
        return DASH
    signed = "+" if (unit in SIGNED if sign is None else sign) else ""
    places = DIGITS[unit] if digits is None else digits
    scale = 100 if unit in {"share", "points"} else 1
    return f"{scale * value:{signed}.{places}f}{SIGNS.get(unit, '')}"


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


def name_average(text: str, comparison: Comparison) -> str:
    """Return words about accuracy as those about what stands for it, where that is pass@k."""
    return metric.name_average(text, comparison.pair.pass_at)


QUESTIONS = {
    "accuracy_changed": "accuracy is unchanged",
    "accuracy_worse": "accuracy did not fall",
    "score_changed": "the mean score is unchanged",
    "score_worse": "the mean score did not fall",
    "delta_nfr": "the NFR is the new model's",
    "nfr_above_others": "the slice's NFR is not above that of the others",
    "any_task_worse_pooled": "accuracy did not fall over all tasks",
    "any_task_worse_largest_drop": "accuracy fell in no task, by the largest drop",
    "any_task_worse_fisher": "accuracy fell in no task, by Fisher's combination",
    "any_task_worse_any_of": "accuracy fell in no task, by any of these three",
}
TEST_NAMES = {
    "mcnemar-exact": "exact McNemar",
    "fisher-exact": "Fisher's exact test",
    "two-one-sided": "two one-sided tests",
    "permutation": "permutation test",
    "permutation-of-groups": "permutation test of groups",
    "combined-pooled": "exact McNemar",
    "combined-largest_drop": "exact",
    "combined-fisher": "Fisher",
    "combined-any_of": "Bonferroni",
    "permuted-pooled": "permutation test",
    "permuted-largest_drop": "permutation test",
    "permuted-fisher": "Fisher, of permutation tests",
    "permuted-any_of": "Bonferroni",
}
CORRECTION_NAMES = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "no correction"}


def format_p(p_value: float) -> str:
    """Write a p-value.

    >>> format_p(0.04321), format_p(1e-9)
    ('0.0432', '<0.0001')
    """
    return "<0.0001" if p_value < 1e-4 else f"{p_value:.4f}"  # noqa: PLR2004


def format_test(tests: Tests, name: str) -> str:
    """Write the corrected p-value of a test, a dash where it was not made."""
    test = tests.get(name)
    return DASH if test is None else format_p(test.p_adjusted)


def describe_equivalence(name: str, test: PValue, level: float) -> str:
    """Say whether a change was shown to be within its margin."""
    what = "accuracy" if name == "accuracy_equivalent" else "mean score"
    margin = f"{100 * (test.margin or 0.0):.10g} points"
    if what == "mean score":
        margin = f"{test.margin:.10g}"
    p_value = f"p = {format_p(test.p_adjusted)}".replace("= <", "< ")
    how = f"{p_value}, {TEST_NAMES[test.test]}"
    if test.family > 1:
        how += f", by {CORRECTION_NAMES[test.correction]} over {test.family} comparisons"
    if test.p_adjusted <= 1.0 - level:
        return f"{what}: equivalent within {margin}, {how}"
    return f"{what}: equivalence within {margin} is not shown, {how}"


def describe_tests(tests: Tests, level: float, *, whole: bool = True) -> list[str]:
    """Say in sentences how likely the data, or worse, would be if nothing had changed.

    Args:
        tests: name to outcome.
        level: what a claim of equivalence is made at.
        whole: all of them, or those that matter most and those that were asked for.
    """
    sentences = []
    for name, test in tests.items():
        if not (whole or name in MAIN_TESTS or test.margin is not None):
            continue
        if test.margin is not None:
            sentences.append(describe_equivalence(name, test, level))
            continue
        sided = "two-sided" if test.alternative == "two-sided" else "one-sided"
        text = f"p = {format_p(test.p_value)}".replace("= <", "< ")
        text += f" if {QUESTIONS[name]} ({TEST_NAMES[test.test]}, {sided})"
        if test.family > 1:
            corrected = f"{format_p(test.p_adjusted)} by {CORRECTION_NAMES[test.correction]}"
            text += f"; {corrected} over {test.family} comparisons"
        sentences.append(text)
    return sentences


def describe_family(tests: Sequence[Tests], what: str, name: str = "accuracy_changed") -> str:
    """Say what the column p of a table of several comparisons or slices is."""
    test = next((of_one[name] for of_one in tests if name in of_one), None)
    if test is None:
        return ""
    correction = CORRECTION_NAMES[test.correction]
    method = TEST_NAMES[test.test]
    sentence = f"p if {QUESTIONS[name]}: {method}, {correction} over {test.family} {what}"
    if test.least is not None and test.correction == "holm" and test.least * test.family > ALPHA:
        sentence += (
            f"; with so many, {test.least:.2g} times {test.family}, none can be below "
            f"{min(test.least * test.family, 1.0):.2g}: more --resamples would let them"
        )
    return sentence


def level_of(comparison: Comparison) -> float:
    """Return the level that a comparison's intervals have."""
    levels = (metric.level for metric in comparison.metrics.values())
    return next((level for level in levels if level is not None), 0.95)


def left_out_of(excluded: Mapping[str, int]) -> str:
    """Say how many examples were left out, by reason."""
    out = list_left_out(excluded)
    return f"left out: {out}" if out else NOTHING_LEFT_OUT


def left_out(results: Sequence[Comparison], *, nothing: bool = True) -> list[str]:
    """Say in sentences what was left out or counted as wrong, model by model.

    Args:
        results: the comparisons of one task (or of the total), one per candidate.
        nothing: say so where nothing was left out.
    """
    excluded = results[0].counts.excluded
    sentences = [left_out_of(excluded)] if nothing or any(excluded.values()) else []
    silent = {results[0].old_name: results[0].counts.no_answer_old}
    silent |= {comparison.new_name: comparison.counts.no_answer_new for comparison in results}
    shown = [f"{number:,} of {name}" for name, number in silent.items() if number]
    if shown:
        how = "counted as wrong" if results[0].needs_answer else "scored as the file says"
        sentences.append(f"no answer, {how}: {', '.join(shown)}")
    for comparison in results:
        wrong = [
            f"{number:,} {reason}"
            for reason, number in comparison.counts.counted_wrong.items()
            if number
        ]
        if wrong:
            names = f"{comparison.old_name} and {comparison.new_name}"
            sentences.append(f"counted as wrong in {names}: {', '.join(wrong)}")
    return sentences


def describe_scorer(comparison: Comparison) -> str:
    """Name the scorer, the threshold where it matters, and k of pass@k."""
    k = comparison.pair.pass_at
    drawn = "" if k is None else f", pass@{k}"
    name = comparison.scorer
    if name.startswith(OF_LOG):
        name = f"the logs' {name.replace(OF_LOG, '')}"
    if comparison.continuous:
        return f"{name}, right from {comparison.threshold:g}{drawn}"
    return f"{name}{drawn}"


def worst_first(parts: Mapping[str, Slice]) -> list[tuple[str, Slice]]:
    """Sort slices by the most certain damage, as `Comparison.worst_slice` has it, then by value."""
    return sorted(parts.items(), key=lambda item: (-(item[1].together.low or 0.0), item[0]))


def macro_averages(results: Sequence[Comparison]) -> list[Metrics]:
    """Return of each candidate the mean of every metric over the tasks, each counting once.

    Tasks are no sample of tasks, so that a mean has no interval; where a metric is undefined in
    one of them, its mean is.

    Args:
        results: one comparison per task and candidate, totals last.
    """
    last = sum(result.task == results[-1].task for result in results)
    return [_average_all(results[:-last][number::last]) for number in range(last)]


def _average_all(tasks: Sequence[Comparison]) -> Metrics:
    names = [name for name in METRICS if all(name in task.metrics for task in tasks)]

    def average(name: str) -> MetricValue:
        return _average([task.metrics[name].value for task in tasks])

    return OnDemand({name: partial(average, name) for name in names})


def _average(values: Sequence[float | None]) -> MetricValue:
    defined = [value for value in values if value is not None]
    if len(defined) < len(values):
        return undefined("it is undefined in a task")
    return MetricValue(sum(defined) / len(defined), reason="a mean over tasks has no interval")


def title_of(results: Sequence[Comparison]) -> str:
    """Name the old model, and every new one; a long name loses its middle."""
    names = dict.fromkeys(visible(comparison.new_name, NAME_LIMIT) for comparison in results)
    return f"{visible(results[-1].old_name, NAME_LIMIT)} -> {', '.join(names)}"


def tasks_of(results: Sequence[Comparison]) -> list[str]:
    """Return the tasks in order, each once."""
    return list(dict.fromkeys(comparison.task for comparison in results))


def describe_order(flips: "Sequence[FlippedExamples]") -> str:
    """Say in which order flips are shown: by harm, which tells none apart where all is 0 or 1."""
    harms = [of_task.harms for of_task in flips if len(of_task)]
    falls = {float(fall) for of_task in harms for fall in (of_task.min(), of_task.max())}
    return "the largest fall of score first" if len(falls) > 1 else "in the old file's order"
