from typing import Any

import pytest

from compatkit.errors import ConfigError, DataError
from compatkit.testing import assert_compatible


def rows(broken: int = 0, total: int = 200) -> list[dict[str, Any]]:
    return [
        {"id": f"q{i}", "prediction": "5" if i < broken else "4", "reference": "4"}
        for i in range(total)
    ]


def test_a_pass_returns_the_verdict() -> None:
    verdict = assert_compatible(rows(), rows(1), max_nfr=0.05)
    assert verdict.outcome == "pass"
    assert verdict.decisions[0].numerator == 1


def test_a_fail_is_an_assertion_whose_message_is_the_report() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_compatible(rows(), rows(30), max_nfr=0.02, must_not_flip=["q3"])
    message = str(caught.value)
    first = message.splitlines()[0]
    assert first.startswith("FAIL: 30 of 200 right answers broke, 1 of them must not; 0 repaired")
    assert "The must-not-flip example broke (q3)" in message
    assert "id q3" in message
    assert "\x1b" not in message


def test_the_message_shows_as_many_flips_as_are_asked_for() -> None:
    shown = {}
    for number in (0, 2):
        with pytest.raises(AssertionError) as caught:
            assert_compatible(rows(), rows(30), max_nfr=0.02, show_flips=number)
        shown[number] = str(caught.value).count("\nid q")
    assert shown == {0: 0, 2: 2}


def test_an_inconclusive_verdict_is_no_pass_unless_it_counts_as_one() -> None:
    budget = {"max_nfr": 0.02}
    with pytest.raises(AssertionError, match=r"(?s)^INCONCLUSIVE: .*would settle it"):
        assert_compatible(rows(), rows(2), **budget)
    assert assert_compatible(rows(), rows(2), inconclusive="pass", **budget).passed


def test_what_cannot_be_measured_is_no_assertion() -> None:
    with pytest.raises(DataError, match="lacks"):
        assert_compatible(rows(), rows(total=199), max_nfr=0.02)
    with pytest.raises(ConfigError, match="did you mean 'max_nfr'"):
        assert_compatible(rows(), rows(), advisory={"max_nfrr": 0.02})
    with pytest.raises(ConfigError, match="nothing to hold the update against"):
        assert_compatible(rows(), rows())


def test_hostile_answers_are_visible_in_the_message() -> None:
    hostile = [{**row, "prediction": "\x1b[2J\n::error::x"} for row in rows()]
    with pytest.raises(AssertionError) as caught:
        assert_compatible(rows(), hostile, max_nfr=0.02)
    message = str(caught.value)
    assert "\x1b" not in message
    assert not [line for line in message.splitlines() if line.lstrip().startswith("::")]
