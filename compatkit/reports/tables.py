"""Tables: the rows that the readable reports share, as plain text cells."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Metrics
from compatkit.metrics.p_values import ABOVE_OTHERS
from compatkit.reports.blocks import FlipList, Table, Tone
from compatkit.reports.shown_metrics import named_metrics, shown_metrics
from compatkit.reports.view import (
    count_of,
    describe_family,
    describe_scorer,
    format_count,
    format_fraction,
    format_interval,
    format_number,
    format_p,
    format_test,
    format_value,
    level_of,
    macro_averages,
    name_average,
    worst_first,
)

MOST_SLICES = 20
SWEEP_ROWS = 12
COLUMNS = "change: its points, broken: negative flips"
MACRO = "macro average: the mean over tasks, each counting once; it has no interval"

CANDIDATE_COLUMNS = {
    "accuracy_new": "accuracy",
    "delta_accuracy": "acc. vs new",
    "negative_flip_rate": "NFR",
    "delta_nfr": "NFR vs new",
    "delta_nfr_percent": "NFR in %",
    "positive_flip_rate": "PFR",
}
MAIN_COLUMNS = (
    *("accuracy_new", "negative_flip_rate", "delta_nfr", "positive_flip_rate"),
    *("expected_negative_flip_rate", "expected_positive_flip_rate"),
    *("score_new", "smooth_negative_flip_rate"),
)
SAMPLED_COLUMNS = {
    "accuracy_new": "accuracy",
    "expected_negative_flip_rate": "expected NFR",
    "expected_positive_flip_rate": "expected PFR",
    "excess_negative_flip_rate": "excess NFR",
}
SCORE_COLUMNS = {
    "score_new": "score",
    "delta_score": "score vs new",
    "smooth_negative_flip_rate": "fell",
    "delta_smooth_nfr": "fell vs new",
    "delta_smooth_nfr_percent": "fell in %",
    "delta_mean_gain": "gain vs new",
    "delta_mean_regression": "regr. vs new",
}


def count_table(comparison: Comparison) -> Table:
    """Return the four counts as a square."""
    c = comparison.counts
    expected = "" if comparison.pair.single else "expected "
    return Table(
        "",
        ("", "new right", "new wrong"),
        (
            (
                "old right",
                f"{format_count(c.both_right)}",
                count_of(c.negative_flips, f"{expected}negative flip"),
            ),
            (
                "old wrong",
                count_of(c.positive_flips, f"{expected}positive flip"),
                f"{format_count(c.both_wrong)}",
            ),
        ),
        cell_tones={(0, 2): Tone.BAD, (1, 1): Tone.GOOD},
    )


def metric_table(comparison: Comparison, *, whole: bool = True) -> Table:
    """Return the metrics of one comparison, one a row, with intervals and counts.

    Args:
        comparison: what is shown.
        whole: all metrics, or those that matter most.
    """
    rows = []
    names = shown_metrics([comparison], whole=whole)
    for name in names:
        metric = comparison.metrics[name]
        basis = format_fraction(metric) or (metric.reason if metric.value is None else "")
        if metric.denominator == 0:
            basis = metric.reason
        if METRICS[name].is_approximate(metric):
            basis = "approximate"
        rows.append(
            (
                name_average(METRICS[name].label, comparison),
                format_value(name, metric),
                format_interval(name, metric),
                basis,
            )
        )
    level = f"{100 * level_of(comparison):g}% interval"
    further = 0 if whole else len(named_metrics([comparison])) - len(names)
    note = f"{count_of(further, 'further metric')}: -v, --explain or --json" if further else ""
    return Table("", ("metric", "value", level, "counted"), rows, remarks=True, note=note)


def candidate_table(results: Sequence[Comparison], *, whole: bool = True) -> Table:
    """Return the columns of the paper's tables 4 to 6, a row per candidate of one task.

    Args:
        results: one comparison per candidate.
        whole: all columns, or those that matter most.

    Source: Echterhoff et al. 2024 (arXiv 2407.09435), tables 4, 5 and 6.
    """
    first = results[0]
    columns = dict(CANDIDATE_COLUMNS if first.pair.single else SAMPLED_COLUMNS)
    if first.continuous:
        columns |= SCORE_COLUMNS
        if not first.pair.single:
            columns = {name: head for name, head in columns.items() if "delta" not in name}
    further = 0 if whole else sum(name not in MAIN_COLUMNS for name in columns)
    if further:
        columns = {name: head for name, head in columns.items() if name in MAIN_COLUMNS}
    of_old = {"accuracy_new": "accuracy_old", "score_new": "score_old"}
    row = [_cell(of_old[name], first) if name in of_old else "" for name in columns]
    rows = [[f"old: {first.old_name}", *row]]
    for number, comparison in enumerate(results):
        label = "new" if number == 0 else "candidate"
        rows.append(
            [f"{label}: {comparison.new_name}", *(_cell(name, comparison) for name in columns)]
        )
    note = f"{count_of(further, 'further column')}: -v, --explain or --json" if further else ""
    header = ["model", *(name_average(head, first) for head in columns.values())]
    return Table("every model against the old one", header, rows, note=note)


def _cell(name: str, comparison: Comparison) -> str:
    cell = format_value(name, comparison.metrics[name])
    return cell.removesuffix(" pp").removesuffix("%")


def task_table(results: Sequence[Comparison]) -> Table:
    """Return a row per task and candidate, the totals last."""
    several = (
        len({comparison.new_name for comparison in results if comparison.task == results[0].task})
        > 1
    )
    header = ["task", *(["model"] if several else []), "N", "old", "new", "change"]
    header += ["broken", "NFR", "interval", "PFR"]
    header += ["NFR vs new"] if several else []
    header += ["p"]
    rows = []
    for comparison in results:
        names = ("accuracy_old", "accuracy_new", "accuracy_delta")
        expected = "negative_flip_rate" if comparison.pair.single else "expected_negative_flip_rate"
        other = expected.replace("negative", "positive")
        row = [
            comparison.task,
            *([comparison.new_name] if several else []),
            f"{comparison.counts.total:,}",
        ]
        row += [_plain(name, comparison.metrics) for name in names]
        row += [format_count(comparison.counts.negative_flips)]
        row += [format_value(expected, comparison.metrics[expected])]
        row += [format_interval(expected, comparison.metrics[expected])]
        row += [format_value(other, comparison.metrics[other])]
        row += [format_value("delta_nfr", comparison.metrics["delta_nfr"])] if several else []
        rows.append([*row, format_test(comparison.tests, "accuracy_changed")])
    last = sum(result.task == results[-1].task for result in results)
    rows[-last:-last] = [
        _macro_row(result, means, several=several)
        for result, means in zip(results[-last:], macro_averages(results), strict=True)
    ]
    average = name_average("accuracy", results[-1])
    title = f"{describe_scorer(results[-1])}; old, new: {average}; broken: negative flips"
    family = describe_family([comparison.tests for comparison in results], "tasks and candidates")
    family = name_average(family, results[-1])
    note = "; ".join(filter(None, (MACRO, family)))
    return Table(title, header, rows, text_columns=2 if several else 1, note=note)


def _plain(name: str, metrics: Metrics) -> str:
    return format_value(name, metrics[name]).removesuffix(" pp")


def _macro_row(comparison: Comparison, means: Metrics, *, several: bool) -> list[str]:
    expected = "negative_flip_rate" if comparison.pair.single else "expected_negative_flip_rate"
    averages = ("accuracy_old", "accuracy_new", "accuracy_delta")
    cells = ["macro average", *([comparison.new_name] if several else []), ""]
    cells += [_plain(name, means) for name in averages]
    cells += ["", format_value(expected, means[expected]), ""]
    other = expected.replace("negative", "positive")
    cells += [format_value(other, means[other])]
    cells += [format_value("delta_nfr", means["delta_nfr"])] if several else []
    return [*cells, ""]


def slice_tables(comparison: Comparison) -> list[Table]:
    """Return a table per field to slice by: the worst slices first."""
    tables = []
    for path, parts in comparison.slices.items():
        expected = "negative_flip_rate" if comparison.pair.single else "expected_negative_flip_rate"
        ordered = worst_first(parts)
        rows = [
            (
                value,
                f"{part.counts.total:,}",
                _plain("accuracy_old", part.metrics),
                _plain("accuracy_delta", part.metrics),
                format_count(part.counts.negative_flips),
                format_value(expected, part.metrics[expected]),
                format_interval(expected, part.metrics[expected]),
                format_test(part.tests, ABOVE_OTHERS),
            )
            for value, part in ordered[:MOST_SLICES]
        ]
        note = _describe_picking(comparison, path)
        if len(parts) > MOST_SLICES:
            note += f"; {MOST_SLICES} of {len(parts)} slices shown, --json has all"
        family = describe_family([part.tests for part in parts.values()], "slices", ABOVE_OTHERS)
        note += f"; {family}" if family else ""
        note += f"; old: {name_average('accuracy', comparison)}, {COLUMNS}"
        header = (path, "N", "old", "change", "broken", "NFR", "interval", "p")
        tables.append(Table(f"by {path}", header, rows, note=note))
    return tables


def _describe_picking(comparison: Comparison, path: str) -> str:
    """Say which slice is the worst, by limits that allow for the choice, and whether any is."""
    worst = comparison.worst_slice(path)
    if worst is None:
        return "no slice has a negative flip"
    value, part = worst
    sentence = f"worst: {value}"
    number, limits = len(comparison.slices[path]), part.together
    if limits.low is not None and limits.high is not None:
        interval = format_interval("negative_flip_rate", limits)
        level = f"{100 * level_of(comparison):g}%"
        sentence += (
            f", NFR {interval}, limits that hold for all {count_of(number, 'slice')} at {level}"
        )
    return f"{sentence}; {_describe_difference(comparison, path)}" if number > 1 else sentence


def _describe_difference(comparison: Comparison, path: str) -> str:
    test = comparison.slices_differ.get(path)
    if test is None or test.p_value is None:
        return f"whether slices differ is not tested: {'' if test is None else test.reason}"
    p_value = f"p = {format_p(test.p_value)}".replace("= <", "< ")
    if test.p_value <= 1.0 - level_of(comparison):
        return f"slices differ more than chance would have it, {p_value}"
    return f"no slice differs from the others more than chance would, {p_value}"


def sweep_table(comparison: Comparison) -> Table | None:
    """Return the flips at a few thresholds spread over the scores, or None without a sweep."""
    sweep = comparison.sweep
    if sweep is None:
        return None
    last = len(sweep.thresholds) - 1
    steps = min(SWEEP_ROWS, last + 1)
    chosen = sorted({round(step * last / max(steps - 1, 1)) for step in range(steps)})
    rows = [
        (
            f"{sweep.thresholds[i]:.4f}",
            format_number(sweep.negative_flips[i] / sweep.total, "share"),
            format_number(sweep.positive_flips[i] / sweep.total, "share"),
        )
        for i in chosen
    ]
    note = f"{len(chosen)} of {last + 1} thresholds; --json has all"
    return Table("flips by threshold", ("threshold", "NFR", "PFR"), rows, note=note)


def flip_table(flips: FlipList) -> Table:
    """Return flipped examples as a table of texts, with scores where those say more."""
    header = ["id", "reference", "old", "new"]
    rows = [
        [
            example.id,
            " / ".join(example.references),
            "(no answer)" if example.old_prediction is None else example.old_prediction,
            "(no answer)" if example.new_prediction is None else example.new_prediction,
        ]
        for example in flips.examples
    ]
    scores = [(example.old_score, example.new_score) for example in flips.examples]
    columns = {
        "score": [f"{old:.4g} -> {new:.4g}" for old, new in scores]
        if any(score not in {0.0, 1.0} for pair in scores for score in pair)
        else [],
        "confidence": [str(example.confidence or "") for example in flips.examples]
        if any(example.confidence for example in flips.examples)
        else [],
        "remark": flips.remarks if any(flips.remarks) else [],
    }
    for field in flips.fields:
        columns[f"field {field}"] = [
            " -> ".join(example.show_field(field).values()) for example in flips.examples
        ]
    for name, cells in columns.items():
        if cells:
            header.append(name)
            rows = [[*row, cell] for row, cell in zip(rows, cells, strict=True)]
    return Table(flips.title, header, rows, text_columns=len(header))
