"""Intervals that hold only about as often as they say are called approximate beside the number."""

import pytest
from verdicts import graded

from compatkit import compare_candidates
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue
from compatkit.reports.tables import metric_table


def remark(comparison: object, label: str) -> str:
    """Return the last cell of a metric's row."""
    return next(row[-1] for row in metric_table(comparison).rows if row[0] == label)  # type: ignore[arg-type]


def test_the_mean_of_few_falls_is_approximate() -> None:
    comparison = graded(0.5, 0.3, 0.1, 0.0, 0.0, 0.0)
    assert remark(comparison, "mean regression") == "approximate"
    assert remark(comparison, "negative flip rate (NFR)") == "1 / 6"


def test_the_relative_nfr_is_approximate_in_groups_alone() -> None:
    old = [
        {"id": n, "reference": "a", "prediction": "ab"[n % 5 == 0], "g": n % 9} for n in range(90)
    ]
    new = [{**row, "prediction": "b" if row["id"] % 7 == 0 else "a"} for row in old]
    (single,) = compare_candidates(old, [new])
    (grouped,) = compare_candidates(old, [new], cluster="g")
    assert remark(single, "relative NFR") != "approximate"
    assert remark(grouped, "relative NFR") == "approximate"


@pytest.mark.parametrize("low", [None, 0.1])
def test_without_an_interval_nothing_is_approximate(low: float | None) -> None:
    value = MetricValue(0.2, low, None, 0.95, "bootstrap-bca")
    assert not METRICS["mean_regression"].is_approximate(value)
