"""Attacks in small; `python benchmarks/gate_attacks.py` tries them by the thousand."""

from pathlib import Path

import pytest
from gate_attacks import TRICKS, make_case, may_pass, try_case

from compatkit import CompatkitError, check_policy
from compatkit.gate import read_policy

SEED, CASES = 20_261, 240


def hold(policy: Path) -> tuple[str, tuple[str, ...]]:
    verdict = check_policy(read_policy(policy))
    return verdict.outcome, verdict.warnings


def test_no_trick_passes(tmp_path: Path) -> None:
    cases = [make_case(SEED, number) for number in range(CASES)]
    outcomes = [try_case(case, tmp_path, hold, CompatkitError) for case in cases]
    assert {case.trick for case in cases} == {trick.__name__ for trick in TRICKS}
    wrong = [
        (number, cases[number].trick, outcome)
        for number, outcome in enumerate(outcomes)
        if outcome == "false pass" or outcome.startswith("crash")
    ]
    assert not wrong
    assert outcomes.count("pass") > CASES // 20


@pytest.mark.parametrize("number", range(0, CASES, 40))
def test_a_case_is_the_same_each_time(number: int) -> None:
    one, other = make_case(SEED, number), make_case(SEED, number)
    assert one.files() == other.files()
    assert may_pass(one) == may_pass(other)
