"""What `decide = "anytime"` decides by: limits that hold at every number of examples at once."""

from typing import Any

import pytest
from gate_files import rows

from compatkit import check
from compatkit.statistics import confidence_sequence

NEW = rows(broken=[0, 1, 2])  # 3 of the 180 that were right; 23 are wrong now


def test_a_share_is_limited_by_its_confidence_sequence() -> None:
    (decision,) = check(rows(), NEW, max_nfr=0.2, decide="anytime").decisions
    limits = confidence_sequence(3, 200, 0.9)  # each bound misses with 5 %
    assert (decision.value, decision.outcome) == (0.015, "pass")
    assert decision.low == pytest.approx(limits.low, rel=1e-12)
    assert decision.high == pytest.approx(limits.high, rel=1e-12)
    once = check(rows(), NEW, max_nfr=0.2).decisions[0]
    assert decision.low < once.low < once.high < decision.high


def test_the_relative_rate_is_limited_by_both_of_its_parts() -> None:
    (decision,) = check(rows(), NEW, max_relative_nfr=0.9, decide="anytime").decisions
    impact, accuracy = confidence_sequence(3, 23, 0.95), confidence_sequence(180, 200, 0.95)
    assert decision.value == pytest.approx(0.015 / (0.9 * 23 / 200))
    assert decision.low == pytest.approx(impact.low / accuracy.high)
    assert decision.high == pytest.approx(impact.high / accuracy.low)
    assert decision.method == "beta-mixture-bonferroni"


def test_groups_limit_the_relative_rate_by_both_of_its_parts_too() -> None:
    pair = ([{**row, "group": n // 4} for n, row in enumerate(side)] for side in (rows(), NEW))
    (decision,) = check(*pair, max_relative_nfr=0.9, cluster="group").decisions
    assert decision.value == pytest.approx(0.015 / (0.9 * 23 / 200))
    assert 0 <= decision.low < decision.value < decision.high < 0.9
    assert decision.method.endswith("-bonferroni")


def test_scores_without_a_range_tell_nothing_then() -> None:
    def side(score: float) -> list[dict[str, Any]]:
        return [{**row, "score": score + n % 3 * (score - 3)} for n, row in enumerate(rows())]

    options: dict[str, Any] = {"scorer": "field:score", "threshold": 1.0, "max_score_drop": 0.5}
    (decision,) = check(side(3.0), side(2.9), **options, decide="anytime").decisions
    assert decision.outcome == "inconclusive"
    assert decision.reason == "scores without a range have no limits at any look"
    assert check(side(3.0), side(2.9), **options).decisions[0].outcome == "pass"
