"""Limits: what a budget may be set to, as a number or a percentage, wherever it is said."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from gate_files import POLICY, rows, write_pair, write_policy
from hypothesis import given
from hypothesis import strategies as st

from compatkit import ConfigError, check
from compatkit.cli import command_line
from compatkit.gate import read_policy
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.limits import read_limit

SHARES = [name for name, budget in BUDGETS.items() if budget.is_share]


@pytest.mark.parametrize(
    ("said", "limit"),
    [("4%", 0.04), ("0.1%", 0.001), (" 12.5 % ", 0.125), ("100%", 1.0), (0.04, 0.04), (1, 1.0)],
)
def test_by_hand(said: Any, limit: float) -> None:
    assert read_limit("max_nfr", said, "interval") == limit


@pytest.mark.parametrize(
    "said",
    ["4", "4 percent", "%", "4%%", "1e1%", "nan%", "0x4%", "101%", "-1%", "\u0664%", None, True],
)
def test_what_is_no_share_is_refused(said: Any) -> None:
    with pytest.raises(ConfigError, match=r"max_nfr is .* or a percentage such as '2%', was exp"):
        read_limit("max_nfr", said, "interval")


@given(st.integers(1, 10_000), st.sampled_from(SHARES))
def test_a_percentage_is_the_number_that_python_writes_so(hundredths: int, name: str) -> None:
    """So that no bound is decided by the last bit of a division."""
    whole, part = divmod(hundredths, 100)
    assert read_limit(name, f"{whole}.{part:02}%", "point") == float(f"{hundredths}e-4")


def test_of_scores_and_ratios_there_is_no_percentage() -> None:
    others = set(BUDGETS).difference(SHARES)
    assert {"max_relative_nfr", "max_score_drop"} <= others
    for name in others:
        with pytest.raises(ConfigError, match=rf"{name} is '2%'; a number from"):
            read_limit(name, "2%", "interval")


def test_it_is_the_same_on_the_command_line_in_a_policy_and_in_python(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, broken=[0, 1])
    flags = ["--max-nfr", "5%", "--by", "lang", "--max-slice-nfr", "9%"]
    run = CliRunner().invoke(command_line, ["gate", *pair, *flags])
    assert run.exit_code == 0, run.output
    policy = read_policy(write_policy(tmp_path, POLICY.replace("0.05", '"5%"')))
    assert policy.tasks[0].limits.blocking == {"max_nfr": 0.05}
    verdict = check(rows(), rows(broken=[0, 1]), max_nfr="5%", advisory={"max_churn": "2%"})
    assert [decision.limit for decision in verdict.decisions] == [0.05, 0.02]


def test_a_percentage_that_is_none_is_refused_on_the_command_line(tmp_path: Path) -> None:
    pair = write_pair(tmp_path)
    run = CliRunner().invoke(command_line, ["gate", *pair, "--max-nfr", "five%"])
    assert run.exit_code != 0
    assert "max_nfr is 'five%'" in f"{run.output}{run.exception}"
