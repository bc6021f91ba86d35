"""A limit on a drop as reports show it: turned, with everything else as it was."""

from dataclasses import asdict

import pytest
from verdicts import decided, judge

from compatkit.gate.budgets import BUDGETS
from compatkit.reports.verdicts.changes import show_change
from compatkit.reports.verdicts.page import render_html
from compatkit.reports.verdicts.readable import render_json, render_terminal
from compatkit.reports.verdicts.tables import decision_table, format_budget

DROPS = [name for name, budget in BUDGETS.items() if budget.is_drop]


def test_a_drop_is_a_change_below_0() -> None:
    drop = decided(
        "fail",
        budget="max_accuracy_drop",
        limit=0.01,
        value=0.021,
        low=0.013,
        high=0.029,
        low_level=0.975,
        passing_limit=0.03,
    )
    change = show_change(drop)
    assert (change.limit, change.value, change.low, change.high) == (-0.01, -0.021, -0.029, -0.013)
    assert (change.low_level, change.high_level) == (0.95, 0.975)
    assert change.passing_limit == -0.03
    assert change.at_least
    assert format_budget(change) == ">= -1 pp"
    assert show_change(change) is change
    turned = {"limit", "value", "low", "high", "low_level", "high_level", "passing_limit"}
    others = set(asdict(drop)) - turned
    assert all(getattr(change, name) == getattr(drop, name) for name in others)


def test_what_has_no_value_has_none_when_turned() -> None:
    nothing = decided("inconclusive", budget="max_score_drop", value=None, low=None, high=0.2)
    change = show_change(nothing)
    assert (change.value, change.low, change.high) == (None, -0.2, None)


@pytest.mark.parametrize("name", [name for name in BUDGETS if name not in DROPS])
def test_other_limits_are_shown_as_they_are(name: str) -> None:
    decision = decided("fail", budget=name)
    assert show_change(decision) is decision


@pytest.mark.parametrize("name", DROPS)
def test_every_report_for_people_has_the_sign_of_a_change_and_json_that_of_the_policy(
    name: str,
) -> None:
    drop = decided("fail", budget=name, limit=0.01, value=0.021, low=0.013, high=0.029)
    verdict = judge("fail", drop, decided("pass"))
    row = decision_table(verdict).rows[0]
    assert row[1].endswith("(new - old)")
    assert row[3].startswith("-")
    for text in (render_terminal(verdict), render_html(verdict)):
        assert "old - new" not in text
        assert row[3] in text
    assert '"value": 0.021' in render_json(verdict)
