"""Metrics: what holds of every one, and that one more is written in one place."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prediction_files import rows_of_model
from referencing import Registry, Resource

from compatkit import check, compare
from compatkit.errors import ConfigError
from compatkit.evaluate_modules import MODULES, Module
from compatkit.evaluate_modules.measure_columns import measure_columns
from compatkit.gate.budgets import BUDGETS, Budget
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Plan
from compatkit.metrics.flips import share_of
from compatkit.metrics.metric import FAMILIES, Metric
from compatkit.metrics.needs import ANSWERS, ONE_SAMPLE
from compatkit.reports import REPORTS
from compatkit.reports.json_report import render_json
from compatkit.reports.schema import score_schema
from compatkit.reports.verdicts import VERDICT_REPORTS
from compatkit.reports.verdicts.schema import verdict_schema
from compatkit.reports.view import DIGITS, View

DOCS = Path(__file__).parents[2] / "docs"
OLD, NEW = rows_of_model("old"), rows_of_model("new")
PLAN = Plan(exact=True, resamples=200)
NAME, LABEL, FORMULA = "both_wrong_rate", "both wrong", "n00 / N"
MEANING = "Share of the examples that both models answer wrong, and otherwise."


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_has_its_words_a_family_and_a_unit(name: str) -> None:
    metric = METRICS[name]
    assert metric.label
    assert metric.formula
    assert metric.meaning.endswith(".")
    assert metric.family in FAMILIES
    assert metric.unit in DIGITS
    assert set(FAMILIES[metric.family].needs) <= set(metric.needs)


def test_a_label_belongs_to_one_metric() -> None:
    labels = [metric.label for metric in METRICS.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", BUDGETS)
def test_a_budget_points_at_a_metric_and_says_what_it_lacks(name: str) -> None:
    budget = BUDGETS[name]
    metric = METRICS[budget.metric]
    assert budget.unit == metric.unit
    assert (not budget.named) == (budget.label == metric.label)
    assert budget.shown_label == (metric.label if budget.is_drop else budget.label)
    assert set(budget.needs) | {ONE_SAMPLE} == set(metric.needs) | {ONE_SAMPLE}
    pair = compare(OLD, NEW).pair
    lacking = budget.lacks(pair)
    if lacking is None:
        assert budget.measure(pair, PLAN).value is not None
    else:
        with pytest.raises(ConfigError, match=f"needs {lacking.name}"):
            budget.measure(pair, PLAN)


def write_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_reference", DOCS / "write_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> Metric:
    """Add a metric as one does: an entry each in the tables where it shall be."""
    metric = Metric(
        LABEL,
        FORMULA,
        MEANING,
        "flips",
        share_of(lambda pair: ~pair.was_right & ~pair.is_right),
        needs_too=(ANSWERS,),
    )
    monkeypatch.setitem(METRICS, NAME, metric)
    monkeypatch.setitem(BUDGETS, "max_both_wrong", Budget(NAME))
    monkeypatch.setitem(MODULES, "both_wrong", Module("Both wrong.", (NAME,)))
    return metric


@pytest.mark.usefixtures("one_more")
def test_one_more_metric_is_measured_and_reported() -> None:
    comparison = compare(OLD, NEW)
    measured = comparison.metrics[NAME]
    assert comparison.both_wrong_rate == measured.value
    wrong = comparison.counts.both_wrong
    assert (measured.numerator, measured.denominator) == (wrong, len(OLD))
    assert measured.value == wrong / len(OLD) > 0
    assert measured.low < measured.value < measured.high
    for kind in set(REPORTS) - {"json", "csv", "latex"}:
        report = REPORTS[kind]([comparison], View(explain=True, width=200))
        assert all(words in report for words in (LABEL, FORMULA, MEANING)), kind
    assert f",{NAME}," in REPORTS["csv"]([comparison], View())


@pytest.mark.usefixtures("one_more")
def test_one_more_metric_is_in_the_schema_and_on_its_page() -> None:
    report = json.loads(render_json([compare(OLD, NEW)]))
    assert report["results"][0]["metrics"][NAME]["numerator"] > 0
    schema = score_schema()
    assert schema["$defs"]["metrics"]["properties"][NAME]["description"] == MEANING
    assert list(Draft202012Validator(schema).iter_errors(report)) == []
    del report["results"][0]["metrics"][NAME]
    assert list(Draft202012Validator(schema).iter_errors(report)) != []
    pages = write_reference().pages()
    assert f"### `{NAME}`\n\n*{LABEL}* = {FORMULA}\n\n{MEANING}\n" in pages[DOCS / "metrics.md"]
    assert NAME in pages[DOCS / "score.schema.json"]


@pytest.mark.usefixtures("one_more")
def test_one_more_metric_is_a_budget_by_its_exact_bounds() -> None:
    verdict = check(OLD, NEW, max_both_wrong=0.9)
    (decision,) = verdict.decisions
    assert decision.method == "clopper-pearson"
    assert decision.value == decision.numerator / decision.denominator
    registry = Registry().with_resource("score.schema.json", Resource.from_contents(score_schema()))
    report = json.loads(VERDICT_REPORTS["json"](verdict, View()))
    validator = Draft202012Validator(verdict_schema(), registry=registry)
    assert list(validator.iter_errors(report)) == []
    shown = VERDICT_REPORTS["terminal"](verdict, View(explain=True, width=200))
    assert LABEL in shown
    assert MEANING in shown
    scores = [{"id": row["id"], "score": 1} for row in OLD]
    with pytest.raises(ConfigError, match="max_both_wrong needs files that hold the answers"):
        check(scores, scores, scorer="field:score", max_both_wrong=0.9)


@pytest.mark.usefixtures("one_more")
def test_one_more_metric_is_what_an_evaluate_module_gives() -> None:
    columns: dict[str, list[Any]] = {
        "old_predictions": ["a", "b", "c", "d"],
        "predictions": ["a", "x", "y", "z"],
        "references": ["a", "b", "-", "-"],
    }
    result = measure_columns("both_wrong", columns, {"intervals": True})
    assert result[NAME] == 0.5
    assert result[f"{NAME}_low"] < 0.5 < result[f"{NAME}_high"]
