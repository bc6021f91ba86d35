"""False passes: each way in which an update once passed that nothing was shown of."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from gate_files import rows, write_pair, write_policy
from prediction_files import write_rows

from compatkit import ConfigError, DataError, check, check_policy
from compatkit.gate import Verdict, Waiver, read_policy

Rows = list[dict[str, Any]]
TODAY = date(2026, 1, 1)


def hold(folder: Path, text: str) -> Verdict:
    return check_policy(read_policy(write_policy(folder, text)), today=TODAY)


def one_task(*lines: str) -> str:
    return "\n".join(['[tasks.qa]\nold = "old.jsonl"\nnew = "new.jsonl"', *lines, ""])


def several_tasks(names: Sequence[str], limit: float = 0.002, more: str = "") -> str:
    tasks = "".join(
        f'[tasks.{name}]\nold = "{name}_old.jsonl"\nnew = "{name}_new.jsonl"\n' for name in names
    )
    return f"{tasks}[total]\n{more}budgets = {{ max_nfr = {limit} }}\n"


def scored(values: Sequence[float], key: str = "judge") -> Rows:
    return [{"id": f"q{n}", key: value, "input": f"{n}?"} for n, value in enumerate(values)]


# One example counts once.


def write_under_names(folder: Path, names: Sequence[str], old: Rows, new: Rows) -> None:
    for name in names:
        for side, which in (("old", old), ("new", new)):
            again = [{**row, "name": name} for row in which]
            write_rows(folder / f"{name}_{side}.jsonl", again)


NAMES = [f"t{n}" for n in range(30)]


def test_a_pair_of_files_under_thirty_names_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, size=60)
    text = several_tasks(NAMES)
    for name in NAMES:
        text = text.replace(f"{name}_old", "old").replace(f"{name}_new", "new")
    with pytest.raises(DataError, match=r"total: the tasks t0 and t1 are one pair of files"):
        hold(tmp_path, text)
    assert hold(tmp_path, text.replace("[total]", '[total]\noverlap = "keep"')).passed


@pytest.mark.parametrize("renamed", [False, True])
def test_one_set_of_examples_under_thirty_names_is_refused(tmp_path: Path, renamed: bool) -> None:
    old = rows(60)
    for name in NAMES:
        each = [{**row, "id": f"{name}-{row['id']}"} if renamed else row for row in old]
        write_under_names(tmp_path, [name], each, each)
    with pytest.raises(DataError, match=r"share 60 examples, by input and references: the first"):
        hold(tmp_path, several_tasks(NAMES))


def test_one_example_of_two_tasks_is_refused(tmp_path: Path) -> None:
    other = [{**row, "input": f"Other {row['input']}"} for row in rows()]
    write_under_names(tmp_path, ["a"], rows(), rows())
    other = [*other, {**rows()[7], "id": "x"}]
    write_under_names(tmp_path, ["b"], other, other)
    with pytest.raises(DataError, match=r"the tasks a and b share 1 example, .*'x'"):
        hold(tmp_path, several_tasks("ab"))
    assert hold(tmp_path, several_tasks("ab", 0.1, 'overlap = "keep"\n')).passed
    apart = several_tasks("ab").partition("[total]")[0]
    assert hold(tmp_path, apart.replace("old = ", "budgets.max_nfr = 0.1\nold = ")).passed


def without_inputs(which: Rows) -> Rows:
    return [{key: value for key, value in row.items() if key != "input"} for row in which]


def test_the_same_references_and_results_under_the_same_ids_are_the_same_examples(
    tmp_path: Path,
) -> None:
    old = [{**row, "reference": f"{n % 7}"} for n, row in enumerate(without_inputs(rows(60)))]
    old = [{**row, "prediction": row["reference"]} for row in old]
    write_under_names(tmp_path, ["a", "b"], old, old)
    with pytest.raises(DataError, match=r"of 60 ids .* 60 have the same .*, and 9 were expected"):
        hold(tmp_path, several_tasks("ab"))


def test_where_nobody_can_tell_it_is_said(tmp_path: Path) -> None:
    old = [{**row, "prediction": "yes"} for row in without_inputs(rows(60))]
    write_under_names(tmp_path, ["a", "b"], old, old)
    said = "total: the tasks a and b share 60 ids, of which 60 have the same references and results"
    assert any(each.startswith(said) for each in hold(tmp_path, several_tasks("ab")).warnings)
    with pytest.raises(DataError, match=r"strict: .*no inputs tell"):
        hold(tmp_path, "strict = true\n" + several_tasks("ab"))


def test_unlike_tasks_that_number_their_examples_alike_are_not_the_same(tmp_path: Path) -> None:
    for place, name in enumerate("ab"):
        answers = [str((n * n + place * n) % 4) for n in range(200)]
        each = [
            {"id": n, "prediction": a if n % 9 else "?", "reference": a}
            for n, a in enumerate(answers)
        ]
        write_under_names(
            tmp_path, [name], each, [*each[:1], {**each[1], "prediction": "!"}, *each[2:]]
        )
    assert not hold(tmp_path, several_tasks("ab", 0.1)).warnings


def copies(which: Rows, times: int) -> Rows:
    return [{**row, "id": f"{row['id']}-{n}"} for n in range(times) for row in which]


def test_one_example_under_many_ids_is_refused() -> None:
    again = copies(rows(60), 30)
    with pytest.raises(DataError, match=r"1,740 of 1,800 examples in old have the input and"):
        check(again, again, max_nfr=0.002)
    grouped = [{**row, "question": row["input"]} for row in again]
    assert check(grouped, grouped, max_nfr=0.002, cluster="question").outcome == "inconclusive"
    apart = [{**row, "group": n} for n, row in enumerate(again)]
    with pytest.raises(DataError, match=r"1,740 of 1,800 examples in old have the input and"):
        check(apart, apart, max_nfr=0.002, cluster="group")
    few = [*rows(400), *copies(rows(20), 1)]
    assert any("20 examples have the input" in w for w in check(few, few, max_nfr=0.1).warnings)


# What the old model never answered cannot break.


@pytest.mark.parametrize("failure", [{"error": "timeout"}, {"prediction": None}])
def test_an_old_model_that_did_not_answer_hides_nothing(failure: dict[str, Any]) -> None:
    old = [{**row, **failure} if n < 60 else row for n, row in enumerate(rows(1000))]
    new = rows(1000, broken=range(60))
    said = (
        r"60 of 1,000 examples tell nothing of what broke \(60 without an answer of the old model\)"
    )
    with pytest.raises(DataError, match=said):
        check(old, new, max_nfr=0.02, errors="wrong")
    assert check(old, new, max_nfr=0.02, errors="wrong", max_left_out=0.06).passed


def test_an_old_model_whose_answers_are_absent_hides_nothing() -> None:
    with pytest.raises(DataError, match="60 without an answer of the old model"):
        check(rows(1000)[60:], rows(1000, broken=range(60)), max_nfr=0.02, missing="wrong")


def test_a_second_run_that_did_not_answer_is_no_noise() -> None:
    again = [{**row, "prediction": None} if n < 20 else row for n, row in enumerate(rows())]
    with pytest.raises(DataError, match="20 without an answer of the old model"):
        check(rows(), rows(broken=range(20)), old_rerun=again, max_excess_nfr=0.05)


def test_a_judge_that_calls_a_null_answer_right_keeps_it() -> None:
    old = [{**row, "prediction": None} for row in scored([1.0] * 300)]
    assert check(old, old, scorer="field:judge", max_nfr=0.02).passed


# Nothing could flip.


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 1.0])
def test_a_threshold_that_every_score_of_a_field_reaches_is_refused(threshold: float) -> None:
    old = scored([1 + n % 5 for n in range(300)])
    new = scored([1] * 300)
    with pytest.raises(ConfigError, match=rf"threshold is {threshold:g}, and every score of field"):
        check(old, new, scorer="field:judge", threshold=threshold, max_nfr=0.02)
    assert check(old, new, scorer="field:judge", threshold=3, max_nfr=0.02).outcome == "fail"


def test_a_threshold_of_scores_that_are_right_or_wrong_is_above_0() -> None:
    old = scored([1.0] * 300)
    new = scored([0.0] * 300)
    with pytest.raises(ConfigError, match="threshold is 0, which every score of field:judge"):
        check(old, new, scorer="field:judge", threshold=0.0, max_nfr=0.02)
    assert check(old, old, scorer="field:judge", max_nfr=0.02).passed


def test_scores_alone_need_no_threshold() -> None:
    old = scored([0.7 + n % 3 / 10 for n in range(300)])
    assert check(old, old, scorer="field:judge", max_score_drop=0.02).outcome != "fail"
    with pytest.raises(ConfigError, match=r"threshold is 0.5, and every score .* above 0.7"):
        check(old, old, scorer="field:judge", max_score_drop=0.02, max_nfr=0.02)


def test_an_epsilon_of_the_range_of_the_scores_is_refused() -> None:
    old, new = scored([5 - n % 3 for n in range(300)]), scored([1] * 300)
    options = {"scorer": "field:judge", "threshold": 3, "max_mean_regression": 0.1}
    with pytest.raises(ConfigError, match=r"epsilon is 4, and scores of field:judge lie within 4"):
        check(old, new, **options, epsilon=4.0)
    assert check(old, new, **options, epsilon=3.9).decisions[0].value == 4


# A second run that is none.


def free(which: Rows, seed: int) -> Rows:
    """Let every fifth answer be another one in each run."""
    return [
        {
            **row,
            "prediction": f"{row['prediction']} {seed}" if n % 5 == seed % 5 else row["prediction"],
        }
        for n, row in enumerate(which)
    ]


def test_the_new_models_file_with_a_key_more_is_no_second_run() -> None:
    old, new = rows(400), rows(400, broken=range(40))
    again = [{**row, "latency": 1} for row in new]
    with pytest.raises(DataError, match="gives the same answer as the new model to each example"):
        check(old, new, old_rerun=again, max_excess_nfr=0.05)


def test_half_of_the_new_models_answers_are_no_second_run() -> None:
    old, new = rows(400), rows(400, broken=range(80))
    again = [new[n] if n % 2 else old[n] for n in range(400)]
    with pytest.raises(DataError, match=r"agrees with new more often than old does \(p = "):
        check(old, new, old_rerun=again, max_excess_nfr=0.05)


def test_a_second_run_that_broke_is_refused_or_warned_of() -> None:
    old, new = rows(400), rows(400, broken=range(40))
    other = [399 - n for n in range(80)]
    with pytest.raises(DataError, match=r"is right on .* two runs of one model differ so much"):
        check(old, new, old_rerun=rows(400, broken=other), max_excess_nfr=0.05)
    verdict = check(old, new, old_rerun=rows(400, broken=other[:12]), max_excess_nfr=0.3)
    assert any("two runs of one model differ so much" in each for each in verdict.warnings)
    (decision,) = verdict.decisions
    assert (verdict.outcome, decision.value) == ("inconclusive", None)
    assert "two runs of one model differ so much" in decision.reason


@pytest.mark.parametrize("decide", ["interval", "anytime", "point"])
def test_a_second_run_that_broke_hides_nothing_of_few_examples(decide: str) -> None:
    """Of 40 examples half of a broken second run has p = 3e-5, which is no refusal."""
    old, new = rows(40), rows(40, broken=range(16))
    again = rows(40, broken=range(1, 36, 2))
    verdict = check(old, new, old_rerun=again, max_excess_nfr=0.5, max_nfr=0.9, decide=decide)
    outcomes = {decision.budget: decision.outcome for decision in verdict.decisions}
    assert outcomes == {"max_excess_nfr": "inconclusive", "max_nfr": "pass"}
    assert verdict.outcome == "inconclusive"


def test_a_second_run_is_one() -> None:
    old = rows(400)
    again = rows(400, broken=[100, 200], repaired=[109, 209])
    verdict = check(old, rows(400, broken=range(40)), old_rerun=again, max_excess_nfr=0.3)
    assert verdict.passed
    assert not verdict.warnings


def test_a_greedy_new_model_agrees_with_both_runs_of_a_sampling_one() -> None:
    """Each run of the old model leaves its usual answer elsewhere; the new one always gives it."""
    usual = rows(400)
    old, again = free(usual, 1), free(usual, 2)
    assert check(old, usual, old_rerun=again, max_excess_nfr=0.3).outcome == "pass"


# Tasks that disagree, and groups of some.


def test_a_total_of_scores_needs_one_epsilon(tmp_path: Path) -> None:
    for name in "ab":
        each = scored([(n % 10) / 10 for n in range(100)])
        each = [{**row, "input": f"{name} {row['input']}"} for row in each]
        write_under_names(tmp_path, [name], each, each)
    text = several_tasks("ab").replace("max_nfr = 0.002", "max_mean_regression = 0.3")
    text = text.replace("[tasks.", 'scorer = "field:judge"\n[tasks.').replace(
        "[total]", 'scorer = "field:judge"\nepsilon = 0.1\n[total]'
    )
    text = text.removeprefix('scorer = "field:judge"\n')
    said = r"total: the tasks have not one epsilon: 0.0 of a, 0.1 of b"
    with pytest.raises(ConfigError, match=said):
        hold(tmp_path, text)


def test_a_task_without_groups_beside_one_with(tmp_path: Path) -> None:
    more = [{**row, "input": f"More: {row['input']}"} for row in rows(400)]
    write_under_names(tmp_path, ["a"], more, more)
    grouped = [{**row, "doc": n // 10} for n, row in enumerate(rows(400))]
    write_under_names(tmp_path, ["b"], grouped, grouped)
    text = several_tasks("ab", 0.1).replace("[total]", 'cluster = "doc"\n[total]')
    verdict = hold(tmp_path, text)
    (decision,) = verdict.decisions
    assert (decision.outcome, decision.total) == ("pass", 800)
    assert decision.method == "betting"


def test_examples_of_no_group_are_refused() -> None:
    grouped = [{**row, "doc": n // 10} for n, row in enumerate(rows())]
    for nothing in ({}, {"doc": None}, {"doc": ""}, {"doc": float("nan")}):
        lost = [
            {**{key: value for key, value in row.items() if key != "doc"}, **nothing}
            if n < 3
            else row
            for n, row in enumerate(grouped)
        ]
        with pytest.raises(DataError, match=r"'q0' has no 'doc' in old or new \(3 such examples\)"):
            check(lost, lost, cluster="doc", max_nfr=0.5)


# Waivers.


def waive(*numbers: int, **more: Any) -> list[Waiver]:
    return [Waiver("", f"q{n}", "known", date(2026, 6, 1), **more) for n in numbers]


def test_waivers_of_every_example_are_refused() -> None:
    old, new = rows(9), rows(9, broken=range(9))
    with pytest.raises(ConfigError, match="9 of 9 examples are waived"):
        check(old, new, max_nfr=0.5, waivers=waive(*range(9)), max_waived=0.99, today=TODAY)


def test_waivers_beyond_their_share_are_refused() -> None:
    broken = [n for n in range(12) if n % 10 != 9]
    options: dict[str, Any] = {"max_nfr": 0.02, "waivers": waive(*broken), "today": TODAY}
    with pytest.raises(
        ConfigError, match=r"11 of 200 .* waived; the policy allows a share of 0.05"
    ):
        check(rows(), rows(broken=broken), **options)
    assert check(rows(), rows(broken=broken), **options, max_waived=0.06).passed


def test_waivers_leave_no_slice_empty() -> None:
    old = [{**row, "part": "rare" if n < 2 else "usual"} for n, row in enumerate(rows(400))]
    new = [{**row, "prediction": "no"} if n < 2 else row for n, row in enumerate(old)]
    options: dict[str, Any] = {"max_nfr": 0.02, "slices": {"part": {"max_nfr": 0.05}}}
    with pytest.raises(ConfigError, match=r"2 of the 2 examples with part = 'rare' are waived"):
        check(old, new, **options, waivers=waive(0, 1), today=TODAY)


def test_the_example_that_is_waived_is_left_out_whatever_the_order() -> None:
    """Where results are sorted by id, q10 comes before q2."""
    old = [{**row, "doc": f"d{n}"} for n, row in enumerate(rows(400))]
    new = [{**row, "prediction": "no"} if n == 2 else row for n, row in enumerate(old)]
    verdict = check(old, new, cluster="doc", max_nfr=0.05, waivers=waive(2), today=TODAY)
    (decision,) = verdict.decisions
    assert (decision.numerator, decision.total) == (0, 399)


def test_a_waiver_for_years_is_a_warning() -> None:
    late = [Waiver("", "q0", "known", date(2027, 1, 3))]
    new = rows(broken=[0])
    verdict = check(rows(), new, max_nfr=0.05, waivers=late, today=TODAY)
    assert (
        "the waiver of 'q0' holds until 2027-01-03, which is more than a year away"
        in verdict.warnings
    )
    with pytest.raises(DataError, match="strict: the waiver"):
        check(rows(), new, max_nfr=0.05, waivers=late, today=TODAY, strict=True)
    assert not check(rows(), new, max_nfr=0.05, waivers=waive(0), today=TODAY).warnings


@pytest.mark.parametrize("day", ["20261231", "2026-W53-4", "31.12.2026", "2026-12-31T00:00"])
def test_a_waivers_last_day_is_written_one_way(tmp_path: Path, day: str) -> None:
    write_pair(tmp_path, broken=[0])
    waiver = f'[[waivers]]\nid = "q0"\nreason = "known"\nexpires = "{day}"\n'
    with pytest.raises(ConfigError, match=r"waivers\[0\].expires: is '.*'; a date was expected"):
        hold(tmp_path, one_task("budgets.max_nfr = 0.05", waiver))


# Limits that stop nothing.

RARE = [{**row, "part": "rare" if n == 0 else "usual"} for n, row in enumerate(rows(400))]


@pytest.mark.parametrize(
    ("limits", "worst"),
    [
        ({"max_nfr": 0.95}, "at most 0.9"),
        ({"max_churn": 1.0}, "at most 1"),
        ({"min_btc": 0.0}, "at least 0"),
        ({"min_bec": 0.0}, "at least 0"),
        ({"max_nfi": 1.0}, "at most 1"),
        ({"max_accuracy_drop": 0.9}, "at most 0.9"),
        ({"max_relative_nfr": 1e300}, r"at most 1\.1"),
        ({"slices": {"part": {"max_nfr": 1.0}}}, r"rare \(at most 1\), usual \(at most 0.899"),
    ],
)
def test_a_limit_that_nothing_could_break_is_a_warning(limits: dict[str, Any], worst: str) -> None:
    new = [{**row, "prediction": "no"} if n == 5 else row for n, row in enumerate(RARE)]
    options = {"max_nfr": 0.1, **limits}
    with pytest.raises(DataError, match=rf"strict: .* no update could break.*{worst}"):
        check(RARE, new, **options, strict=True)
    assert check(RARE, new, **options).warnings


def test_a_limit_that_something_could_break_is_none() -> None:
    new = [{**row, "prediction": "no"} if n == 5 else row for n, row in enumerate(RARE)]
    assert not check(RARE, new, max_nfr=0.89, max_churn=0.99, min_btc=0.01).warnings


def test_advisory_budgets_alone_show_nothing() -> None:
    with pytest.raises(ConfigError, match=r"nothing could stop the update: .* advisory"):
        check(rows(), rows(), advisory={"max_nfr": 0.05})


def test_must_not_flip_examples_that_were_wrong_hold_nothing() -> None:
    new = rows(broken=range(100))
    with pytest.raises(ConfigError, match="all 2 must-not-flip examples were wrong before"):
        check(rows(), new, must_not_flip=["q9", "q19"])
    assert check(rows(), new, must_not_flip=["q9", "q19"], max_nfr=0.8).warnings == (
        "all 2 must-not-flip examples were wrong before, so that none can break",
    )


# What cannot be told is said.


def test_rows_that_nothing_but_their_position_pairs_are_a_warning() -> None:
    old = [{"judge": 1.0} for _ in range(200)]
    options: dict[str, Any] = {"scorer": "field:judge", "by_position": True, "max_nfr": 0.05}
    (said,) = [each for each in check(old, list(old), **options).warnings if "position" in each]
    assert said.startswith("200 examples paired by position")
    with pytest.raises(DataError, match=r"strict: .*paired by position"):
        check(old, list(old), **options, strict=True)
    told = [{**row, "input": f"{n}?"} for n, row in enumerate(old)]
    assert not any("position" in each for each in check(told, list(told), **options).warnings)


def test_rewritten_references_that_are_kept_are_a_warning() -> None:
    new = [
        {**row, "prediction": "no", "reference": "no"} if n < 50 else row
        for n, row in enumerate(rows())
    ]
    verdict = check(rows(), new, max_nfr=0.05, edited="keep")
    assert any("held against its own file's" in each for each in verdict.warnings)
    with pytest.raises(DataError, match="strict: 50 examples with another reference or input"):
        check(rows(), new, max_nfr=0.05, edited="keep", strict=True)


def test_scores_without_a_range_are_a_warning() -> None:
    old = scored([1 + n % 5 + n / 1000 for n in range(300)])
    new = scored([1 + n % 5 + n / 1000 - (n % 7) / 100 for n in range(300)])
    verdict = check(old, new, scorer="field:judge", threshold=3, max_score_drop=0.5)
    assert any("a bootstrap decides max_score_drop" in each for each in verdict.warnings)
    with pytest.raises(DataError, match="strict: the scores have no range"):
        check(old, new, scorer="field:judge", threshold=3, max_score_drop=0.5, strict=True)
