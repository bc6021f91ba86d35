from typing import Any

import pytest
from verdicts import VERDICTS, compared, decided, guard, held, judge, undefined, waived

from compatkit.gate.budgets import BUDGETS
from compatkit.gate.verdict import Decision
from compatkit.reports.verdicts.basis import describe_basis
from compatkit.reports.verdicts.tables import decision_table
from compatkit.reports.verdicts.view import (
    describe_decision,
    describe_guarded,
    describe_outcome,
    describe_verdict,
    format_limit,
    format_measured,
    is_approximate,
    name_quantity,
    order_decisions,
    shorten_quantity,
    summarize_verdict,
)

SENTENCES = {
    "pass": "PASS: the negative flip rate (NFR) is at most 2.27% at 95% confidence; the budget is "
    "at most 3%",
    "fail": "FAIL: the negative flip rate (NFR) is at least 3.35% at 95% confidence; the budget is "
    "at most 3%",
    "inconclusive": "INCONCLUSIVE: the negative flip rate (NFR) is at least 1.36% and at most "
    "4.20%, each at 95% confidence; the budget is at most 3%: about 1,400 new examples, once, "
    'would settle it; decide = "anytime" lets you add to these',
    "inconclusive, passes": "PASS: the negative flip rate (NFR) is at least 1.36% and at most "
    "4.20%, each at 95% confidence; the budget is at most 3%: inconclusive, which the policy "
    'counts as a pass (about 1,400 new examples, once, would settle it; decide = "anytime" lets '
    "you add to these)",
    "inconclusive, fails": "FAIL: the negative flip rate (NFR) is at least 1.36% and at most "
    "4.20%, each at 95% confidence; the budget is at most 3%: inconclusive, which the policy "
    'counts as a fail (about 1,400 new examples, once, would settle it; decide = "anytime" lets '
    "you add to these)",
    "undefined": "INCONCLUSIVE: the backward error compatibility (BEC) is undefined (the new model "
    "makes no error); the budget is at least 50%: it cannot be decided",
    "undefined, passes": "PASS: the mean regression is undefined (no score fell); the budget is "
    "at most 0.5",
    "without bounds": "INCONCLUSIVE: the negative flip rate (NFR) is 2.50%, without bounds (all "
    "values are equal); the budget is at most 3%: too few examples to tell",
    "advisory": "PASS: the negative flip rate (NFR) is at most 2.27% at 95% confidence; the budget "
    "is at most 3%; 1 advisory budget is broken, which does not count",
    "only advisory": "PASS: no budget blocks",
    "point": "FAIL: the negative flip rate (NFR) is 5.00%; the budget is at most 3%",
    "slices": "FAIL: the negative flip rate (NFR) of lang = de is at least 6.11% at 95% "
    "confidence; the budget is at most 5%; 1 budget is inconclusive",
    "tasks": "FAIL: 1 of 4 must-not-flip examples broke (q3); the backward trust compatibility "
    "(BTC) of safety is at most 96.65% at 95% confidence; the budget is at least 99%; 1 budget is "
    "inconclusive (1 flip waived)",
    "many": "FAIL: the negative flip rate (NFR) of task-049 is at least 3.35% at 95% confidence; "
    "the budget is at most 3%; 3 more budgets are broken; 10 budgets are inconclusive",
    "guarded": "FAIL: 7 of 10 must-not-flip examples broke (q1, q2, q3 and 4 more) (1 flip waived)",
    "guarded alone": "PASS: none of 2 must-not-flip examples broke",
    "waived": "PASS: the negative flip rate (NFR) is at most 2.27% at 95% confidence; the budget "
    "is at most 3%; of 2 must-not-flip examples, 1 broke and is waived (1 flip waived)",
    "zero flips": "PASS: the negative flip rate (NFR) is at most 0.75% at 95% confidence; the "
    "budget is at most 3%",
    "graded": "FAIL: the negative flip rate (NFR) is at least 3.35% at 95% confidence; the budget "
    "is at most 3%",
}


@pytest.mark.parametrize("case", VERDICTS)
def test_a_verdict_is_one_sentence(case: str) -> None:
    assert describe_verdict(VERDICTS[case]()) == SENTENCES[case]


def test_one_must_not_flip_example_is_spoken_of_as_one() -> None:
    one = compared()
    assert describe_verdict(judge("pass", guarded=(held("a"),))) == (
        "PASS: the must-not-flip example did not break"
    )
    assert describe_verdict(judge("pass", guarded=(guard(one, waived=True),))) == (
        "PASS: the must-not-flip example broke and is waived"
    )
    assert describe_verdict(judge("fail", guarded=(guard(one),))) == (
        "FAIL: the must-not-flip example broke (q1)"
    )
    assert describe_verdict(judge("fail", guarded=(guard(one), guard(one, 1)))) == (
        "FAIL: all 2 must-not-flip examples broke (q1, q2)"
    )


def test_the_headline_says_how_many_flips_were_waived() -> None:
    uses = (waived("q1"), waived("q2"), waived("q3", "unused"), waived("q4", "expired"))
    said = describe_verdict(judge("pass", decided("pass"), waivers=uses))
    assert said.endswith("the budget is at most 3% (2 flips waived)")
    assert "waived" not in describe_verdict(judge("pass", decided("pass"), waivers=uses[2:]))


def test_a_summary_repeats_no_decision() -> None:
    for case, make in VERDICTS.items():
        verdict = make()
        said = summarize_verdict(verdict)
        assert said.startswith(verdict.outcome.upper()), case
        for each in verdict.decisions:
            if each.outcome != "pass":
                assert describe_decision(each, verdict) not in said
    assert summarize_verdict(VERDICTS["tasks"]()) == (
        "FAIL: 1 of 4 must-not-flip examples broke (q3); 1 budget is broken; 1 budget is "
        "inconclusive (1 flip waived)"
    )


def test_bounds_of_a_bootstrap_or_of_clusters_are_approximate() -> None:
    for method, expected in (
        ("clopper-pearson", False),
        ("clopper-pearson-mover", False),
        ("betting", False),
        ("betting-at-any-look", False),
        ("beta-mixture", False),
        ("bootstrap-bca-t", True),
        ("cluster-wilson", True),
    ):
        assert is_approximate(decided("pass", method=method)) is expected
    assert not is_approximate(undefined())


def test_several_budgets_that_pass() -> None:
    two = (decided("pass"), decided("pass", budget="max_churn"))
    assert describe_verdict(judge("pass", *two)) == (
        "PASS: all 2 budgets are kept at 95% confidence"
    )
    assert describe_verdict(judge("pass", *two, decide="point")) == "PASS: all 2 budgets are kept"
    doubtful = decided("inconclusive", budget="min_btc", counts_as="pass")
    assert describe_verdict(judge("pass", *two, doubtful, level=0.9)) == (
        "PASS: 2 of 3 budgets are kept at 90% confidence; 1 inconclusive, which counts as a pass"
    )
    assert describe_verdict(judge("fail")) == "FAIL"


@pytest.mark.parametrize(
    ("outcome", "values", "said"),
    [
        ("fail", {"task": "arc"}, "the negative flip rate (NFR) of arc is at least 3.35% at 95%"),
        ("fail", {"task": "total"}, "the negative flip rate (NFR) of all tasks is at least 3.35%"),
        (
            "fail",
            {"task": "arc", "field": "lang", "slice": "de"},
            "the negative flip rate (NFR) of arc, lang = de is at least 3.35%",
        ),
        (
            "fail",
            {"budget": "min_btc", "limit": 0.99, "low": 0.93, "high": 0.9512},
            (
                "the backward trust compatibility (BTC) is at most 95.12% at 95% confidence; the "
                "budget is at least 99%"
            ),
        ),
        (
            "pass",
            {"budget": "min_btc", "limit": 0.9, "low": 0.93, "high": 0.9512},
            (
                "the backward trust compatibility (BTC) is at least 93.00% at 95% confidence; the "
                "budget is at least 90%"
            ),
        ),
        (
            "fail",
            {"budget": "max_accuracy_drop", "limit": 0.0, "low": 0.01},
            (
                "the accuracy (new - old) is at most -1.00 pp at 95% confidence; the budget is at "
                "least +0 pp"
            ),
        ),
        ("fail", {"low": None}, "the negative flip rate (NFR) is 5.00%; the budget is at most 3%"),
        ("pass", {"high": None}, "the negative flip rate (NFR) is 1.00%; the budget is at most"),
        (
            "inconclusive",
            {"more_examples": 1, "total": 0},
            "about 1 new example, once, would settle it",
        ),
    ],
)
def test_a_decision_is_one_sentence(outcome: str, values: dict[str, Any], said: str) -> None:
    decision = decided(outcome, **values)
    assert said in describe_decision(decision, judge(outcome, decision))


def test_the_advice_is_that_of_the_rule() -> None:
    doubt = decided("inconclusive")
    for values, said in (
        ({}, 'about 1,400 new examples, once, would settle it; decide = "anytime" lets you add'),
        ({"decide": "anytime"}, "about 940 more examples like these would settle it"),
        ({"looks": 8}, "would settle it, at a further one of the 8 looks"),
    ):
        assert said in describe_decision(doubt, judge("inconclusive", doubt, **values))
    eight = judge("inconclusive", doubt, looks=8)
    assert "each at 95% confidence over 8 looks" in describe_decision(doubt, eight)
    assert "one of 8 looks, each by bounds at 99.38%" in decision_table(eight).note
    assert eight.to_dict()["looks"] == 8
    at_every = judge("inconclusive", doubt, decide="anytime")
    assert "95% confidence at every look" in decision_table(at_every).note


def test_where_no_number_of_examples_settles_it_a_budget_that_would_pass_is_named() -> None:
    none = {"more_examples": None, "passing_limit": 0.0421}
    at = decided("inconclusive", value=0.03, **none)
    assert (
        "the measured rate is at the budget: no number of examples will settle it; a budget of "
        "4.21% would pass today"
    ) in describe_decision(at, judge("inconclusive", at))
    near = decided("inconclusive", value=0.0299, **none)
    assert "is all but at the budget" in describe_decision(near, judge("inconclusive", near))


@pytest.mark.parametrize(
    ("outcome", "values", "said"),
    [
        ("pass", (-0.004, -0.012, 0.003), "is at least -1.20 pp and at most +0.30 pp, each at"),
        ("fail", (-0.05, -0.07, -0.03), "is at most -3.00 pp at 95% confidence"),
        ("fail", (0.05, 0.03, 0.07), "is at least +3.00 pp at 95% confidence"),
    ],
)
def test_a_change_is_limited_on_both_sides(
    outcome: str, values: tuple[float, float, float], said: str
) -> None:
    value, low, high = values
    decision = decided(
        outcome, budget="max_accuracy_change", limit=0.02, value=value, low=low, high=high
    )
    sentence = describe_decision(decision, judge(outcome, decision))
    assert said in sentence
    assert sentence.endswith("the budget is within +-2 pp")


@pytest.mark.parametrize(
    ("budget", "limit", "shown"),
    [
        ("max_nfr", 0.02, "2%"),
        ("max_nfr", 0.07, "7%"),
        ("max_nfr", 0.00125, "0.125%"),
        ("max_nfr", 0.0, "0%"),
        ("min_btc", 0.999, "99.9%"),
        ("max_accuracy_drop", 0.01, "-1 pp"),
        ("max_accuracy_drop", -0.005, "+0.5 pp"),
        ("max_score_drop", 0.01, "-0.01"),
        ("max_mean_regression", 0.3, "0.3"),
        ("max_relative_nfr", 0.5, "0.5"),
    ],
)
def test_a_limit_is_shown_with_all_its_digits(budget: str, limit: float, shown: str) -> None:
    assert format_limit(decided("fail", budget=budget, limit=limit)) == shown


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        (0.05, 0.02, "5.00%"),
        (0.020004, 0.02, "2.0004%"),
        (0.019996, 0.02, "1.9996%"),
        (0.02, 0.02, "2.00%"),
        (0.0012501, 0.00125, "0.13%"),
        (None, 0.02, "-"),
        (0.02 + 1e-15, 0.02, "2.00%"),
    ],
)
def test_a_bound_is_never_rounded_onto_the_limit(
    value: float | None, limit: float, shown: str
) -> None:
    assert format_measured(decided("fail", limit=limit), value) == shown


def test_outcomes_as_a_table_names_them() -> None:
    for decision, shown in (
        (decided("pass"), "pass"),
        (decided("fail"), "FAIL"),
        (decided("inconclusive"), "INCONCLUSIVE"),
        (decided("inconclusive", counts_as="pass"), "inconclusive, counts as pass"),
        (decided("inconclusive", counts_as="fail"), "INCONCLUSIVE, counts as fail"),
        (decided("fail", tier="advisory"), "fail, advisory"),
        (decided("pass", tier="advisory"), "pass, advisory"),
    ):
        assert describe_outcome(decision) == shown


def test_what_blocks_comes_first_in_the_order_of_the_policy() -> None:
    def named(slice_: str, *args: Any, **values: Any) -> Decision:
        return decided(*args, slice=slice_, field="f", **values)

    ordered = order_decisions(
        [
            named("7", "pass"),
            named("5", "fail", tier="advisory"),
            named("3", "inconclusive"),
            named("1", "fail"),
            named("6", "inconclusive", counts_as="pass"),
            named("2", "inconclusive", counts_as="fail"),
            named("8", "pass", tier="advisory"),
            named("4", "inconclusive"),
        ]
    )
    assert [each.slice for each in ordered] == ["1", "2", "3", "4", "5", "6", "7", "8"]


def test_every_budget_has_a_name_for_sentences_and_one_for_tables() -> None:
    names = {name_quantity(decided("pass", budget=name)) for name in BUDGETS}
    short = {shorten_quantity(decided("pass", budget=name)) for name in BUDGETS}
    assert len(names) == len(short) == len(BUDGETS)
    assert {"NFR", "NFR_mc", "BTC", "accuracy (new - old)", "change of accuracy", "churn"} <= short


def test_how_the_guarded_examples_fared() -> None:
    one = compared()
    guarded = [guard(one), guard(one, 1, waived=True), held("a"), held("b", was_wrong=True)]
    assert describe_guarded(guarded) == (
        "4 must-not-flip examples: 1 broke, 1 broke and waived, 1 wrong before the update "
        "already, 1 held"
    )
    assert describe_guarded([held("a")]) == "1 must-not-flip example: 1 held"


def test_what_was_compared() -> None:
    assert describe_basis(compared("arc")) == (
        "arc: old -> new, by exact_match: of 400 examples 20 broke (negative flips), 12 were "
        "repaired"
    )


def test_an_undefined_value_without_a_reason() -> None:
    decision = undefined(reason="")
    assert "is undefined; the budget is at least 50%" in describe_decision(
        decision, judge("inconclusive", decision)
    )
