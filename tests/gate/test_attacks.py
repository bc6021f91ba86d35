"""Attacks in small; `python benchmarks/gate_attacks.py` tries them by the thousand."""

from pathlib import Path

import pytest
from gate_attacks import (
    POLICIES,
    POLICY_TRICKS,
    ROW_TRICKS,
    gate_tricks,
    make_case,
    may_pass,
    try_case,
    write_case,
)

from compatkit import CompatkitError, check_policy
from compatkit.gate import read_policy

SEED, CASES = 20_261, 640


def test_no_trick_passes(tmp_path: Path) -> None:
    def hold(case: object) -> tuple[str, tuple[str, ...]]:
        verdict = check_policy(read_policy(write_case(case, tmp_path)), advice=False)
        return verdict.outcome, verdict.warnings

    cases = [make_case(SEED, number) for number in range(CASES)]
    outcomes = [try_case(case, hold, CompatkitError) for case in cases]
    played = {trick for case in cases for trick in case.trick.split(", ")}
    tables = (ROW_TRICKS, POLICY_TRICKS, gate_tricks.TRICKS)
    assert played == {trick.__name__ for table in tables for trick in table}
    wrong = [
        (number, cases[number].trick, outcome)
        for number, outcome in enumerate(outcomes)
        if outcome == "false pass" or outcome.startswith("crash")
    ]
    assert not wrong
    assert outcomes.count("pass") > CASES // 20


@pytest.mark.parametrize("number", range(0, CASES, 5 * POLICIES + 3))
def test_a_case_is_the_same_each_time(number: int) -> None:
    one, other = make_case(SEED, number), make_case(SEED, number)
    assert one.files() == other.files()
    assert may_pass(one) == may_pass(other)
