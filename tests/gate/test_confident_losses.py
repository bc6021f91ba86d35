"""Confident losses as a budget: worked by hand, and refused without likelihoods."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from compatkit import check, check_policy
from compatkit.errors import ConfigError
from compatkit.gate import read_policy
from compatkit.reports.verdicts import VERDICT_REPORTS
from compatkit.statistics import clopper_pearson

Row = dict[str, Any]
SIZE = 400


def rows(shares: list[float]) -> list[Row]:
    """Return a row for each probability of the right choice, of two."""
    return [
        {
            "id": str(number),
            "prediction": "AB"[share < 0.5],
            "reference": "A",
            "input": f"question {number}",
            "log_likelihoods": {"A": math.log(share), "B": math.log(1 - share)},
        }
        for number, share in enumerate(shares)
    ]


# Of 20 that break, 16 were at .51 (a margin of .02) and 4 at .9.
SHARES = [0.51] * 16 + [0.9] * (SIZE - 16)
OLD = rows(SHARES)
NEW = rows([0.4] * 20 + [0.9] * (SIZE - 20))
BARE = [{key: row[key] for key in ("id", "prediction", "reference", "input")} for row in OLD]


def test_a_budget_of_confident_losses_by_hand() -> None:
    verdict = check(OLD, NEW, max_nfr=0.1, max_confident_nfr=0.03)
    assert verdict.outcome == "pass"
    confident = next(d for d in verdict.decisions if d.budget == "max_confident_nfr")
    assert (confident.numerator, confident.denominator) == (4, SIZE)
    assert confident.high == pytest.approx(clopper_pearson(4, SIZE, 0.9).high)
    assert confident.method == "clopper-pearson"
    assert check(OLD, NEW, max_nfr=0.1, max_confident_nfr=0.002).outcome == "fail"
    assert check(OLD, NEW, max_confident_nfr=0.015).outcome == "inconclusive"


def test_without_old_likelihoods_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_confident_nfr needs likelihoods of the choices"):
        check(BARE, NEW, max_confident_nfr=0.1)
    old, new = (
        [{**row, "reference": "C", "ok": number % 2} for number, row in enumerate(side)]
        for side in (OLD, NEW)
    )
    with pytest.raises(ConfigError, match="max_confident_nfr needs likelihoods of the choices, a"):
        check(old, new, scorer="field:ok", max_confident_nfr=0.1)


def test_a_slice_without_old_likelihoods_is_refused_by_its_name(tmp_path: Path) -> None:
    for name, side in (("old", OLD), ("new", NEW)):
        rows_of = [
            {**row, "part": "b"} | ({"log_likelihoods": None} if name == "old" else {})
            if number % 2
            else {**row, "part": "a"}
            for number, row in enumerate(side)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows_of)))
    policy = tmp_path / "compatkit.toml"
    policy.write_text(
        '[tasks.qa]\nold = "old.jsonl"\nnew = "new.jsonl"\nbudgets = { max_nfr = 0.9 }\n'
        "[tasks.qa.slices.part.budgets]\nmax_confident_nfr = 0.9\n"
    )
    with pytest.raises(ConfigError, match="task qa: the slice part=b: max_confident_nfr needs lik"):
        check_policy(read_policy(policy))


def test_flips_without_an_old_margin_count() -> None:
    old = [
        row if number % 2 else {**row, "log_likelihoods": None} for number, row in enumerate(OLD)
    ]
    (decision,) = check(old, NEW, max_confident_nfr=0.1).decisions
    assert decision.numerator == 8 + 4  # half of the close calls are not known to be any


def test_a_second_run_says_what_is_close() -> None:
    again = rows([share + 0.004 for share in SHARES])  # margins move by .008
    (decision,) = check(OLD, NEW, old_rerun=again, max_confident_nfr=0.1).decisions
    assert decision.numerator == 20
    far = rows([share - 0.05 if share > 0.6 else share for share in SHARES])  # by .1
    (decision,) = check(OLD, NEW, old_rerun=far, max_confident_nfr=0.1).decisions
    assert decision.numerator == 4


def test_a_policy_says_what_is_close(tmp_path: Path) -> None:
    for name, side in (("old", OLD), ("new", NEW)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, side)))
    policy = tmp_path / "compatkit.toml"
    for margin, count in (("0.01", 20), ("0.5", 4), ("0.9", 0)):
        policy.write_text(
            f'[tasks.a]\nold = "old.jsonl"\nnew = "new.jsonl"\nclose_margin = {margin}\n'
            "[tasks.a.budgets]\nmax_confident_nfr = 0.1\n"
        )
        verdict = check_policy(read_policy(policy))
        assert verdict.decisions[0].numerator == count
        said = f"old margin of at most {margin}, as close_margin says"
        assert said in VERDICT_REPORTS["terminal"](verdict, None)
    # As no right answer is surer than that, nothing could break the budget.
    assert any("max_confident_nfr" in warning for warning in verdict.warnings)
    policy.write_text(policy.read_text().replace("0.9", "nan"))
    with pytest.raises(ConfigError, match="close_margin: is nan; a share from 0 to below 1"):
        read_policy(policy)


def test_a_limit_that_nothing_could_break_is_a_warning() -> None:
    old = rows([0.51] * 300 + [0.9] * 100)
    verdict = check(old, old, max_confident_nfr=0.3)
    assert any("max_confident_nfr" in warning for warning in verdict.warnings)


def test_the_best_so_far_is_as_confident_as_its_version() -> None:
    first = rows([0.9] * 20 + [0.4] * 20 + [0.9] * (SIZE - 40))
    second = rows([0.4] * 20 + [0.51] * 20 + [0.9] * (SIZE - 40))
    new = rows([0.4] * 40 + [0.9] * (SIZE - 40))
    (decision,) = check(second, new, history=[first], max_confident_nfr=0.2).decisions
    assert decision.numerator == 20  # those of the first version; the second was close on its own
    with pytest.raises(ConfigError, match="needs likelihoods of the choices"):
        check(second, new, history=[BARE], max_confident_nfr=0.2)
