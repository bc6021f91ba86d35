"""Cases in which gates of 2026 say the wrong thing, each with the verdict of this one.

The cases were run against NeMo Evaluator 0.4.0 (`nel compare`, `nel gate`) and statgate; the
docstrings name what they said.
"""

import pytest

from compatkit import ConfigError, DataError, check

RIGHT, WRONG = "yes", "no"


def rows(answers):
    """Rows of one file; an answer is True where it is right."""
    return [
        {"id": f"q{number}", "input": f"Is it {number}?", "prediction": answer, "reference": RIGHT}
        for number, answer in enumerate(RIGHT if right else WRONG for right in answers)
    ]


def pair(broken, repaired, total, *, both_wrong=0):
    """Files with so many answers broken and repaired, the others right."""
    rest = total - broken - repaired - both_wrong
    old = [True] * broken + [False] * (repaired + both_wrong) + [True] * rest
    new = [False] * broken + [True] * repaired + [False] * both_wrong + [True] * rest
    return rows(old), rows(new)


def test_a_hundred_flips_of_ten_thousand_are_enough_to_tell():
    """NeMo: inconclusive, 'Need ~3135 discordant': its power is counted in flips, not examples."""
    verdict = check(*pair(50, 50, 10_000), max_nfr=0.01, max_accuracy_drop=0.01)
    assert verdict.outcome == "pass"
    flips, drop = verdict.decisions
    assert (flips.value, drop.value) == (0.005, 0.0)
    assert flips.high < 0.0065
    assert drop.high < 0.002


def test_improvements_alone_pass():
    """NeMo: inconclusive, exit code 2, for 100 improvements and no regression among 500."""
    verdict = check(*pair(0, 100, 500), max_nfr=0.01, max_accuracy_drop=0.01)
    assert verdict.outcome == "pass"
    assert [each.value for each in verdict.decisions] == [0.0, -0.2]
    assert verdict.comparisons[0].counts.positive_flips == 100


@pytest.fixture
def slightly_lower_scores():
    """Every score falls by about a thousandth, very evenly: Cohen's d is 25.7 or so."""
    old = [{"id": n, "judge": 0.700 + 0.0001 * (n % 7)} for n in range(500)]
    new = [{**row, "judge": row["judge"] - 0.001 - 0.00001 * (n % 9)} for n, row in enumerate(old)]
    return old, new


def test_a_drop_of_a_thousandth_is_within_a_budget_of_five_hundredths(slightly_lower_scores):
    """NeMo: BLOCK, 'effect=25.7 > 0.05': it holds Cohen's d against the allowed mean drop."""
    verdict = check(*slightly_lower_scores, scorer="field:judge", max_score_drop=0.05)
    (decision,) = verdict.decisions
    assert verdict.outcome == "pass"
    assert decision.value == pytest.approx(0.00104, abs=1e-6)
    assert 0.001 < decision.low < decision.high < 0.0011


def test_the_same_drop_is_beyond_a_budget_of_half_a_thousandth(slightly_lower_scores):
    """So small a budget is meant: what decides is the score's own unit."""
    verdict = check(*slightly_lower_scores, scorer="field:judge", max_score_drop=0.0005)
    assert verdict.outcome == "fail"


def sampled(shares, *, samples=5):
    return [
        {
            "id": f"q{number}",
            "sample": sample,
            "prediction": RIGHT if sample < share else WRONG,
            "reference": RIGHT,
        }
        for number, share in enumerate(shares)
        for sample in range(samples)
    ]


def test_five_of_five_right_and_then_one_of_five_is_a_loss():
    """NeMo: PASS, 'identical per-sample results': it averages repeats and calls all > 0 right."""
    old, new = sampled([5] * 200), sampled([1] * 200)
    verdict = check(old, new, max_nfr=0.05, max_accuracy_drop=0.05, must_not_flip=["q3"])
    assert verdict.outcome == "fail"
    assert [round(each.value, 12) for each in verdict.decisions] == [0.8, 0.8]
    assert verdict.guarded[0].outcome == "fail"


def test_a_record_without_a_score_is_refused():
    """NeMo: a record without `reward` counts as 0: 100 regressions, BLOCK."""
    old = [{"id": n, "reward": 1.0} for n in range(100)]
    new = [{"id": n} for n in range(100)]
    with pytest.raises(DataError, match="the field 'reward' is missing"):
        check(old, new, scorer="field:reward", max_nfr=0.05)
    some = [row if row["id"] else {"id": 0} for row in old]
    with pytest.raises(DataError, match=r"new:1: the field 'reward' is missing"):
        check(old, some, scorer="field:reward", max_nfr=0.05)


def test_a_run_that_failed_is_no_regression():
    """NeMo (its PR 1155): an infrastructure error counts as a wrong answer. Here it is refused."""
    old, new = pair(0, 0, 100)
    failed = [{**row, "prediction": None, "error": "HTTP 503"} for row in new[:20]] + new[20:]
    with pytest.raises(DataError, match="'q0' holds an error"):
        check(old, failed, max_nfr=0.05)


def test_half_of_the_examples_are_not_all():
    """NeMo: PASS, no warning, for a candidate that covers 50 of the 100 examples."""
    old, new = pair(0, 0, 100)
    with pytest.raises(DataError, match="new lacks 50 of 100 ids"):
        check(old, new[:50], max_nfr=0.1)


def test_rows_in_another_order_under_the_same_index_are_refused():
    """NeMo: 50 invented regressions, no warning, since `problem_idx` alone joins the rows."""
    old = [
        {"id": n, "input": f"{n} + 1?", "prediction": str(n + 1), "reference": str(n + 1)}
        for n in range(100)
    ]
    moved = [{**row, "id": n} for n, row in enumerate(old[50:] + old[:50])]
    with pytest.raises(DataError, match=r"the reference of '0' is '51'; .* it is '1'"):
        check(old, moved, max_nfr=0.05)
    anonymous = [{key: row[key] for key in ("prediction", "reference")} for row in moved]
    with pytest.raises(DataError, match="the reference of"):
        check(
            [{k: r[k] for k in r if k != "id"} for r in old],
            anonymous,
            by_position=True,
            max_nfr=0.05,
        )


def test_dropping_the_failing_cases_does_not_help():
    """statgate: SHIP, +21 points, and one line that says so, for 300 of 1000 cases dropped."""
    old, new = pair(210, 0, 1000, both_wrong=90)
    assert check(old, new, max_nfr=0.02).outcome == "fail"
    kept = [row for row in new if row["prediction"] == RIGHT]
    assert len(kept) == 700
    with pytest.raises(DataError, match="new lacks 300 of 1000 ids"):
        check(old, kept, max_nfr=0.02)
    with pytest.raises(DataError, match="300 of 1,000 examples are left out"):
        check(old, kept, max_nfr=0.02, missing="skip")
    assert check(old, kept, max_nfr=0.02, missing="wrong").outcome == "fail"


def test_dropping_them_on_both_sides_does_not_help_where_the_number_is_known():
    """The same trick in both files; the policy that `--init` writes holds the number."""
    old, new = pair(210, 0, 1000, both_wrong=90)
    kept = {row["id"] for row in new if row["prediction"] == RIGHT}
    few = [[row for row in side if row["id"] in kept] for side in (old, new)]
    with pytest.raises(DataError, match="700 examples; the policy expects 1,000"):
        check(*few, max_nfr=0.02, examples=1000)


def test_as_many_broken_as_repaired_is_not_nothing():
    """statgate: 'mean difference +0.0000', too small to tell from noise, for 150 of 1000 each."""
    verdict = check(*pair(150, 150, 1000), max_nfr=0.02, max_accuracy_drop=0.05)
    assert verdict.outcome == "fail"
    flips, drop = verdict.decisions
    assert (flips.outcome, flips.value) == ("fail", 0.15)
    assert flips.low > 0.12
    assert (drop.outcome, drop.value) == ("pass", 0.0)


def test_the_net_alone_may_be_gated_too():
    """Whoever wants what the peers do says so, and gets it."""
    assert check(*pair(150, 150, 1000), max_accuracy_drop=0.05).outcome == "pass"


def test_a_second_run_of_the_new_model_is_no_noise_of_the_old():
    """With the candidate's own file as `old_rerun` every flip would count as noise."""
    old, new = pair(150, 0, 1000)
    with pytest.raises(DataError, match="same bytes"):
        check(old, new, old_rerun=new, max_excess_nfr=0.02)
    with pytest.raises(ConfigError, match="needs several samples of the old model, or old_rerun"):
        check(old, new, max_excess_nfr=0.02)
