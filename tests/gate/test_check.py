"""Check: what passes, what fails, and all that must not pass."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from gate_files import POLICY, rows, write_pair, write_policy
from prediction_files import write_rows

from compatkit import CompatkitError, ConfigError, DataError, check, check_policy
from compatkit.gate import Verdict, Waiver, read_policy

BROKEN = range(0, 60, 3)  # 20 of 200, of which 18 were right


def outcome(new: list[dict[str, Any]], **options: Any) -> Verdict:
    return check(rows(), new, **{"max_nfr": 0.05, **options})


def test_an_update_within_its_budget_passes() -> None:
    verdict = outcome(rows(broken=[0], repaired=[9, 19]))
    assert (verdict.outcome, verdict.exit_code, verdict.passed) == ("pass", 0, True)
    assert verdict.decisions[0].numerator == 1


def test_an_update_beyond_it_fails() -> None:
    verdict = outcome(rows(broken=BROKEN))
    assert (verdict.outcome, verdict.exit_code) == ("fail", 1)
    assert len(verdict.comparisons[0].examples or ()) == verdict.decisions[0].numerator == 18


def test_repaired_answers_do_not_make_up_for_broken_ones() -> None:
    repaired = range(9, 200, 10)
    verdict = outcome(rows(broken=BROKEN, repaired=repaired), max_accuracy_drop=0.1)
    assert verdict.comparisons[0].accuracy_delta == 0
    assert [each.outcome for each in verdict.decisions] == ["fail", "pass"]
    assert verdict.exit_code == 1


def test_too_few_examples_tell_nothing() -> None:
    verdict = check(rows(20), rows(20), max_nfr=0.05)
    assert (verdict.outcome, verdict.exit_code) == ("inconclusive", 3)
    assert verdict.decisions[0].more_examples == 39  # 1 - 0.05^(1/59) is below 0.05
    for rule, code in (("pass", 0), ("fail", 1)):
        assert check(rows(20), rows(20), max_nfr=0.05, inconclusive=rule).exit_code == code


def test_advisory_budgets_stop_nothing() -> None:
    verdict = check(rows(), rows(broken=BROKEN), max_nfr=0.2, advisory={"max_churn": 0.01})
    assert [(each.tier, each.outcome) for each in verdict.decisions] == [
        ("blocking", "pass"),
        ("advisory", "fail"),
    ]
    assert verdict.exit_code == 0


def test_slices_are_decided_one_by_one() -> None:
    german = [n for n in range(1, 60, 2) if n % 10 != 9]
    verdict = check(rows(), rows(broken=german), max_nfr=0.5, slices={"lang": {"max_nfr": 0.1}})
    assert [(d.slice, d.outcome, d.total) for d in verdict.decisions] == [
        ("", "pass", 200),
        ("de", "fail", 100),
        ("fr", "pass", 100),
    ]
    assert verdict.exit_code == 1


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda new: new[:-1], "missing|one file alone|lacks"),
        (lambda _: [], "empty|no row|no prediction"),
        (lambda new: [*new, new[0]], "twice|duplicate|q0"),
        (lambda new: [{**new[0], "reference": "no"}, *new[1:]], "reference"),
        (lambda new: [{**new[0], "input": "Other?"}, *new[1:]], "input"),
        (lambda new: [{**new[0], "error": "timeout"}, *new[1:]], "error"),
        (lambda new: [{**row, "id": f"x{row['id']}"} for row in new], "x?q0"),
        (lambda new: [{**new[0], "id": None}, *new[1:]], "id"),
        (lambda new: [{k: v for k, v in r.items() if k != "prediction"} for r in new], "predict"),
    ],
)
def test_what_cannot_be_compared_never_passes(edit: Any, said: str) -> None:
    with pytest.raises(CompatkitError, match=said):
        outcome(edit(rows()))


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None, "high", [1.0]])
def test_a_score_that_is_none_never_passes(score: object) -> None:
    good = [{"id": str(n), "score": 1.0} for n in range(100)]
    bad = [{**good[0], "score": score}, *good[1:]]
    with pytest.raises(DataError, match="score"):
        check(good, bad, scorer="field:score", max_nfr=0.05)


def test_a_scorer_by_which_the_old_model_is_never_right_is_refused() -> None:
    nothing = [{**row, "reference": "maybe"} for row in rows()]
    with pytest.raises(DataError, match="right on none of 200 examples by exact_match"):
        check(nothing, nothing, max_nfr=0.05)


def test_the_number_of_examples_is_held_to() -> None:
    cut = rows()[:150]
    assert check(cut, cut, max_nfr=0.05).passed
    with pytest.raises(DataError, match="150 examples; the policy expects 200"):
        check(cut, cut, max_nfr=0.05, examples=200)


def test_what_is_left_out_is_held_to_a_share() -> None:
    new = [{**row, "error": "timeout"} if n < 10 else row for n, row in enumerate(rows())]
    with pytest.raises(DataError, match=r"10 of 200 examples are left out \(10 errored\)"):
        outcome(new, errors="exclude")
    assert outcome(new, errors="exclude", max_left_out=0.05).decisions[0].total == 190
    assert outcome(new, errors="wrong").decisions[0].numerator == 9


def test_the_baseline_itself_is_a_warning(tmp_path: Path) -> None:
    old, new = write_pair(tmp_path)
    verdict = check(old, new, max_nfr=0.05)
    assert verdict.passed
    assert "the candidate is the baseline itself" in verdict.warnings[0]
    with pytest.raises(DataError, match=r"strict: .* the candidate is the baseline itself"):
        check(old, new, max_nfr=0.05, strict=True)


def test_a_budget_that_no_update_could_break_is_a_warning() -> None:
    wrong = [{**row, "prediction": "no"} if n > 2 else row for n, row in enumerate(rows())]
    verdict = check(wrong, wrong, max_nfr=0.05)
    assert (
        "max_nfr = 0.05 is a limit that no update could break: whatever it answers, the negative "
        "flip rate (NFR) is at most 0.015" in verdict.warnings
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_nfr": None}, "max_nfr is None"),
        ({"max_nrf": 0.1}, "no option 'max_nrf'"),
        ({"advisory": {"max_nrf": 0.1}}, "did you mean 'max_nfr'"),
        ({"max_mean_regression": 0.1}, "max_mean_regression needs a scorer with scores between"),
        ({"max_excess_nfr": 0.1}, "max_excess_nfr needs several samples of the old model"),
        ({"level": 0.5}, "level is 0.5"),
        ({"decide": "wald"}, "decide is 'wald'"),
        ({"looks": 0}, "looks is 0"),
        ({"looks": 3, "decide": "anytime"}, "its bounds hold at every look"),
        ({"looks": 3, "decide": "point"}, "it has no error that looks could share"),
        ({"max_accuracy_change": 0.0}, "max_accuracy_change is 0, which no number of examples"),
        ({"inconclusive": "maybe"}, "inconclusive is 'maybe'"),
        ({"max_left_out": 1.0}, "max_left_out is 1.0"),
        ({"must_not_flip": ["q999"]}, "no example 'q999'"),
        ({"must_not_flip_tags": {"lang": ["it"]}}, "no example has lang = 'it'"),
        ({"slices": {"nothing": {"max_nfr": 0.1}}}, "nothing"),
    ],
)
def test_wrong_options_never_pass(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        outcome(rows(), **options)


def test_nothing_to_hold_an_update_against_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing to hold the update against"):
        check(rows(), rows())


def test_a_must_not_flip_example_fails_alone() -> None:
    verdict = outcome(rows(broken=[0]), must_not_flip=["q0", "q1", "q9"])
    assert verdict.exit_code == 1
    assert [(g.id, g.outcome, g.was_wrong) for g in verdict.guarded] == [
        ("q0", "fail", False),
        ("q1", "pass", False),
        ("q9", "pass", True),
    ]
    assert verdict.guarded[0].flip is not None
    assert verdict.guarded[0].flip.new_prediction == "no"


def test_a_tag_names_examples() -> None:
    new = rows(broken=[0])
    french = outcome(new, must_not_flip_tags={"lang": ["fr"]})
    german = outcome(new, must_not_flip_tags={"lang": ["de"]})
    assert (french.exit_code, german.exit_code) == (1, 0)
    assert len(german.guarded) == 100
    assert german.guarded[0].named == "lang=de"


def test_must_not_flip_alone_is_enough() -> None:
    assert check(rows(), rows(), must_not_flip=["q0"]).passed


def test_a_waiver_accepts_a_flip_until_its_last_day() -> None:
    waiver = Waiver("", "q0", "the reference is wrong", date(2026, 6, 30))
    for day, code, state in (
        (date(2026, 6, 30), 0, "used"),
        (date(2026, 7, 1), 1, "expired"),
    ):
        verdict = outcome(rows(broken=[0]), must_not_flip=["q0"], waivers=[waiver], today=day)
        assert (verdict.exit_code, verdict.waivers[0].state) == (code, state)
        assert verdict.decisions[0].total == (199 if state == "used" else 200)
        assert verdict.decisions[0].numerator == (0 if state == "used" else 1)


def test_a_waiver_without_use_changes_nothing() -> None:
    waiver = Waiver("", "q1", "why not", date(2099, 1, 1))
    verdict = outcome(rows(broken=[0]), waivers=[waiver])
    assert verdict.waivers[0].state == "unused"
    assert verdict.decisions[0].total == 200


def test_a_waiver_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="waiver of 'q999': no such example"):
        outcome(rows(), waivers=[Waiver("", "q999", "why not", date(2099, 1, 1))])
    with pytest.raises(ConfigError, match="names the task 'other'"):
        outcome(rows(), waivers=[Waiver("other", "q1", "why not", date(2099, 1, 1))])


def test_samples_have_an_excess() -> None:
    def sampled(shares: list[int]) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{number:03}",
                "sample": sample,
                "prediction": "yes" if sample < right else "no",
                "reference": "yes",
            }
            for number, right in enumerate(shares)
            for sample in range(5)
        ]

    old = sampled([5, 4, 3, 5] * 50)
    worse = sampled([1, 1, 1, 1] * 50)
    verdict = check(old, worse, max_excess_nfr=0.05, max_nfr=0.3)
    assert [each.outcome for each in verdict.decisions] == ["fail", "fail"]
    assert check(old, old, max_excess_nfr=0.05).passed


def test_order_is_of_no_consequence() -> None:
    new = rows(broken=[0, 1, 2])
    options = {"scorer": "token_f1", "max_score_drop": 0.1, "max_nfr": 0.1}
    first = check(rows(), new, **options)
    second = check(rows()[::-1], new[::-1], **options)
    assert first.decisions == second.decisions


def test_a_policy_of_two_tasks_and_their_total(tmp_path: Path) -> None:
    write_pair(tmp_path, broken=range(12))
    more = [{**row, "input": f"Another: {row['input']}"} for row in rows(400)]
    for name in ("b_old.jsonl", "b_new.jsonl"):
        write_rows(tmp_path / name, more)
    text = POLICY.replace("0.05", "0.2") + (
        '[tasks.more]\nold = "b_old.jsonl"\nnew = "b_new.jsonl"\nbudgets = { max_nfr = 0.05 }\n'
        "[total]\nbudgets = { max_nfr = 0.01 }\n"
    )
    verdict = check_policy(read_policy(write_policy(tmp_path, text)))
    assert [(d.task, d.outcome, d.total) for d in verdict.decisions] == [
        ("math", "pass", 200),
        ("more", "pass", 400),
        ("total", "inconclusive", 600),
    ]
    assert verdict.exit_code == 3


def test_a_waiver_counts_in_the_total_too(tmp_path: Path) -> None:
    write_pair(tmp_path, broken=[0])
    text = POLICY + (
        "[total]\nbudgets = { max_nfr = 0.05 }\n"
        '[[waivers]]\nid = "q0"\nreason = "known"\nexpires = 2099-01-01\n'
    )
    verdict = check_policy(read_policy(write_policy(tmp_path, text)))
    assert [each.numerator for each in verdict.decisions] == [0, 0]


def test_a_verdict_is_a_dictionary(tmp_path: Path) -> None:
    verdict = outcome(rows(broken=[0]), must_not_flip=["q0"])
    found = verdict.to_dict()
    assert found["outcome"] == "fail"
    assert found["decisions"][0]["budget"] == "max_nfr"
    assert found["must_not_flip"][0]["flip"]["id"] == "q0"
    assert found["results"][0]["counts"]["negative_flips"] == 1


def sampled(shares: list[int], size: int = 5) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{n:03}",
            "sample": k,
            "prediction": "yes" if k < right else "no",
            "reference": "yes",
        }
        for n, right in enumerate(shares)
        for k in range(size)
    ]


def test_samples_that_are_missing_never_pass() -> None:
    old, new = sampled([5] * 100), sampled([2] * 100)
    kept = [row for row in new if row["prediction"] == "yes"]
    with pytest.raises(DataError, match="100 with fewer samples than others"):
        check(old, kept, max_nfr=0.05)
    failed = [{**row, "error": "timeout"} if row["prediction"] == "no" else row for row in new]
    with pytest.raises(DataError, match="with fewer samples than others"):
        check(old, failed, max_nfr=0.05, errors="exclude")


@pytest.mark.parametrize("reason", ["error", "unscored"])
def test_a_sample_that_was_left_out_counts_though_others_are_there(reason: str) -> None:
    """The old model has one sample of each, so that one of the new model's three is as many."""
    old, new = sampled([1] * 100, size=1), sampled([1] * 100, size=3)
    lost = [{**row, reason: "timeout"} if row["prediction"] == "no" else row for row in new]
    with pytest.raises(DataError, match="100 with fewer samples than others"):
        check(old, lost, max_nfr=0.05, errors="exclude")


def test_a_single_id_is_no_sequence_of_letters() -> None:
    verdict = outcome(rows(broken=[12]), must_not_flip="q12", must_not_flip_tags={"lang": "de"})
    assert {each.id for each in verdict.guarded} >= {"q12", "q1"}
    assert verdict.outcome == "fail"


def test_scores_that_all_fell_alike_have_a_bound() -> None:
    text = [{**row, "prediction": "yes it is", "reference": "yes it is"} for row in rows(100)]
    verdict = check(
        text,
        [{**row, "prediction": "no"} if n < 60 else row for n, row in enumerate(text)],
        scorer="token_f1",
        max_mean_regression=0.05,
    )
    assert verdict.outcome == "fail"
    assert verdict.decisions[0].value == 1.0


def test_an_epsilon_that_hides_every_fall_is_refused() -> None:
    with pytest.raises(ConfigError, match="no score could fall"):
        check(rows(), rows(), scorer="token_f1", epsilon=2.0, max_mean_regression=0.05)


def test_files_that_were_made_differently_are_a_warning(tmp_path: Path) -> None:
    old, new = write_pair(tmp_path, broken=[0])
    for side, prompts in ((old, "a"), (new, "b")):
        header = {"compatkit_run": 1, "prompts": {"sha256": prompts}, "scorer": None}
        path = Path(side).with_suffix(".meta.json")
        path.write_text(json.dumps(header), encoding="utf-8")
    verdict = check(old, new, max_nfr=0.05)
    assert any("made with different prompts" in each for each in verdict.warnings)
    with pytest.raises(DataError, match="made with different prompts"):
        check(old, new, max_nfr=0.05, strict=True)


def test_inputs_that_one_side_lacks_are_a_warning() -> None:
    new = [{key: row[key] for key in row if key != "input"} for row in rows()]
    assert any("inputs were not compared" in each for each in outcome(new).warnings)


@pytest.mark.parametrize("expires", ["2099-01-01", datetime(2099, 1, 1, tzinfo=UTC), None])
def test_a_waiver_ends_on_a_date(expires: Any) -> None:
    with pytest.raises(ConfigError, match=r"waiver of 'q1': expires is .*; a date was expected"):
        outcome(rows(), waivers=[Waiver("", "q1", "why not", expires)])


def test_the_ids_whose_flips_are_accepted_are_told() -> None:
    waivers = [Waiver("", name, "why not", date(2099, 1, 1)) for name in ("q0", "q1")]
    verdict = outcome(rows(broken=[0]), waivers=waivers)
    assert verdict.waived_ids == {"": {"q0"}}
