import builtins
import re
from collections.abc import Sequence
from functools import cache

import pytest
from prediction_files import rows_of_model
from rich.cells import cell_len

from compatkit import Comparison, compare, compare_candidates
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.measure_pair import Slice
from compatkit.record import replace
from compatkit.reports import View
from compatkit.reports.shown_metrics import shown_metrics
from compatkit.reports.tables import (
    Table,
    candidate_table,
    metric_table,
    slice_tables,
    sweep_table,
    task_table,
)
from compatkit.reports.terminal import render_terminal

WIDTHS = (60, 80, 100, 120)
LONG = "results/2026-11-21/a_checkpoint_whose_name_goes_on/and_on_and_on/for_ever/seed-{}.jsonl"
OLD, NEW, CANDIDATE = map(rows_of_model, ("old", "new", "candidate"))
NUMBER = re.compile(r"\d")


@cache
def five() -> list[Comparison]:
    """Return five candidates of a continuous scorer, with long names and long slices."""
    values = ["de", "日本語" * 15, "x" * 150, "several words " * 9]
    rows = [
        [{**row, "lang": values[number % 4]} for number, row in enumerate(model)]
        for model in (OLD, NEW, CANDIDATE, NEW, CANDIDATE, OLD)
    ]
    results = compare_candidates(
        rows[0], rows[1:], scorer="token_f1", by="lang", sweep=True, task="one"
    )
    return [
        replace(each, old=LONG.format("old"), new=LONG.format(number))
        for number, each in enumerate(results)
    ]


def large() -> Comparison:
    """Return a comparison of many examples with scores far from 1."""
    measured = five()[1]
    metrics = {
        name: replace(
            metric,
            value=None if metric.value is None else -123_456.789,
            low=None if metric.low is None else -223_456.789,
            high=None if metric.high is None else 323_456.789,
        )
        for name, metric in measured.metrics.items()
    }
    counts = replace(measured.counts, total=12_345_678, negative_flips=1_234_567)
    slices = {"lang": {"x" * 90: Slice(counts, metrics)}}
    return replace(measured, metrics=metrics, counts=counts, slices=slices)


CASES: dict[str, Sequence[Comparison]] = {
    "pair": [compare(OLD, NEW)],
    "long names": five()[:1],
    "candidates": five(),
    "large numbers": [large()],
    "large candidates": [large(), large()],
    "tasks": [replace(each, task=task) for task in ("a" * 70, "b", "total") for each in five()],
    "tasks of a pair": [replace(five()[0], task=task) for task in ("a" * 70, "b", "total")],
}


def tables_of(results: Sequence[Comparison]) -> list[Table]:
    if len({each.task for each in results}) > 1:
        return [task_table(results)]
    shown = results if len(results) == 1 else results[1:]
    tables = [candidate_table(results)] if len(results) > 1 else []
    for each in shown:
        sweep = sweep_table(each)
        tables += [metric_table(each), *slice_tables(each), *([sweep] if sweep else [])]
    return tables


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", CASES)
def test_no_number_is_cut_and_no_line_too_long(case: str, width: int) -> None:
    results = CASES[case]
    report = render_terminal(results, View(verbose=True, sweep=True, width=width))
    for line in report.split("\n"):
        assert line.startswith("signature") or cell_len(line) <= width
    cells = set(re.split(r" {2,}|\n", report))
    for table in tables_of(results):
        for row in table.rows:
            for cell in row[table.text_columns :]:
                assert cell in cells or not NUMBER.search(cell), f"{cell} is not in\n{report}"
        for name in table.header[table.text_columns :]:
            assert name in cells


@pytest.mark.parametrize("width", WIDTHS)
def test_every_table_that_continues_names_its_rows(width: int) -> None:
    lines = render_terminal(five(), View(width=width, verbose=True)).split("\n")
    heads = [line for line in lines if line.startswith("model ")]
    assert len(heads) == {60: 4, 80: 3, 100: 2, 120: 2}[width]
    assert len([line for line in lines if line.startswith("old: old")]) == len(heads)
    # The new model's sentence, and its details, begin with its name too.
    assert len([line for line in lines if line.startswith("new:")]) == len(heads) + 2


def test_a_short_table_of_candidates_is_one_at_80_columns_and_says_what_it_leaves_out() -> None:
    report = render_terminal(five(), View(width=80))
    assert len([line for line in report.split("\n") if line.startswith("model ")]) == 1
    assert "further columns: -v, --explain or --json" in report
    assert "acc. vs new" not in report


def test_a_narrower_view_is_60_columns() -> None:
    results = five()
    assert render_terminal(results, View(width=1)) == render_terminal(results, View(width=60))


def test_no_two_columns_of_a_table_share_a_name() -> None:
    for results in CASES.values():
        for table in tables_of(results):
            assert len(set(table.header)) == len(table.header)
            assert {len(row) for row in table.rows} == {len(table.header)}


def test_candidates_of_samples_show_what_samples_have() -> None:
    rows = [
        [{**row, "prediction": [row["prediction"], "yes"]} for row in model]
        for model in (OLD, NEW, CANDIDATE)
    ]
    table = candidate_table(compare_candidates(rows[0], rows[1:]))
    assert table.header == ["model", "accuracy", "expected NFR", "expected PFR", "excess NFR"]
    for row in table.rows[1:]:
        assert all(NUMBER.search(cell) for cell in row[1:])


def test_colour_changes_nothing_but_colour() -> None:
    results = [compare(OLD, NEW, by="lang")]
    view = View(explain=True, show_flips=3)
    plain, color = (render_terminal(results, replace(view, color=each)) for each in (False, True))
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", color)
    assert "\x1b[31m" in color
    assert [line.rstrip() for line in stripped.split("\n")] == plain.split("\n")


def test_the_environment_does_not_change_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [compare(OLD, NEW)]
    plain = render_terminal(results)
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "dumb")
    assert render_terminal(results) == plain


def test_a_report_is_returned_in_a_notebook_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class ZMQInteractiveShell:
        pass

    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    assert "negative flip rate (NFR)" in render_terminal([compare(OLD, NEW)])


def test_explain_names_every_metric_that_is_shown() -> None:
    for results in ([compare(OLD, NEW)], five(), [compare(OLD, NEW, old_rerun=CANDIDATE)]):
        report = render_terminal(results, View(explain=True))
        for name in shown_metrics(results):
            metric = METRICS[name]
            assert f"{metric.label}  = " in report
            assert metric.meaning.split()[0] in report


def test_flips_are_shown_in_the_old_file_s_order() -> None:
    report = render_terminal([compare(OLD, NEW)], View(show_flips=1))
    assert "1 of 2 negative flips, in the old file's order; --flips FILE writes all" in report
    assert "\nid q2\n" in report
    assert "id q7" not in report
    silent = [{**row, "prediction": None} for row in NEW]
    report = render_terminal([compare(OLD, silent)], View(show_flips=1))
    assert "new       (no answer)" in report
    assert "no answer, counted as wrong: 8 of new" in report


def test_what_was_left_out_is_said() -> None:
    failed = [{**NEW[0], "error": "time out"}, *NEW[1:]]
    report = render_terminal([compare(OLD, failed)])
    assert "left out: 1 errored" in report
    report = render_terminal([compare(OLD, NEW[2:], missing="wrong")])
    assert "counted as wrong in old and new: 2 missing" in report
    assert "1 example," in render_terminal([compare(OLD[:1], NEW[:1])])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", CASES)
def test_a_short_report_keeps_to_the_width_and_says_what_it_leaves_out(
    case: str, width: int
) -> None:
    results = CASES[case]
    report = render_terminal(results, View(width=width))
    assert all(cell_len(line) <= width for line in report.split("\n"))
    assert "signature: " in report
    assert results[-1].signature not in report
    if "tasks" not in case:
        assert "further metrics: -v, --explain or --json" in report


def test_what_is_so_by_construction_is_no_metric_to_show() -> None:
    label = METRICS["agreement_right"].label
    exact = compare(OLD, NEW)
    assert exact.agreement_right == 1.0
    assert label not in render_terminal([exact], View(verbose=True))
    # Of two texts that contain the reference, either may be right: it is a result there.
    assert label in render_terminal([compare(OLD, NEW, scorer="contains")], View(verbose=True))


def test_the_short_signature_is_the_same_for_the_same_measurement_alone() -> None:
    one, again, other = compare(OLD, NEW), compare(OLD, NEW), compare(OLD, NEW, level=0.9)
    assert one.short_signature == again.short_signature != other.short_signature
    assert f"signature: {one.short_signature}; -v shows it in full\n" in str(one)
    assert f"signature: {one.signature}\n" in render_terminal([one], View(verbose=True))
    assert one.to_dict()["short_signature"] == one.short_signature
