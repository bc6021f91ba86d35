"""Decisions: exact one-sided bounds, Holm for a fail, all budgets for a pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, multinomial

from compatkit.gate.budgets import BUDGETS
from compatkit.gate.decide import Question, decide
from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import Judged, JudgedPair


def pair_of(n11: int, n10: int, n01: int, n00: int) -> JudgedPair:
    old = np.repeat([1.0, 1.0, 0.0, 0.0], [n11, n10, n01, n00])
    new = np.repeat([1.0, 0.0, 1.0, 0.0], [n11, n10, n01, n00])
    ones = np.ones(len(old), np.int64)
    sides = [Judged(right, right, ones, 0 * ones) for right in (old, new)]
    return JudgedPair([str(i) for i in range(len(old))], *sides, old == new)


def ask(pair: JudgedPair, budget: str, limit: float, tier: str = "blocking", rule: str = "fail"):
    return Question("t", "", "", budget, limit, tier, rule, pair, Plan())


def decide_one(pair: JudgedPair, budget: str, limit: float, way: str = "interval"):
    return decide([ask(pair, budget, limit)], 0.95, way)[0]


@pytest.mark.parametrize(
    ("flips", "limit", "outcome"),
    [
        # Of 1000, the exact upper bound of 0 is 1 - 0.05^(1/1000) = 0.002991.
        (0, 0.003, "pass"),
        (0, 0.0029, "inconclusive"),
        # 13 of 1000: at most 0.02055; 12: at most 0.01935.
        (12, 0.02, "pass"),
        (13, 0.02, "inconclusive"),
        # 28 of 1000: at least 0.01985; 29: at least 0.02070.
        (28, 0.02, "inconclusive"),
        (29, 0.02, "fail"),
    ],
)
def test_the_negative_flip_rate_by_hand(flips: int, limit: float, outcome: str) -> None:
    decision = decide_one(pair_of(900 - flips, flips, 50, 50), "max_nfr", limit)
    assert decision.outcome == outcome
    assert (decision.numerator, decision.denominator) == (flips, 1000)
    assert decision.value == flips / 1000


def test_bounds_are_one_sided_and_exact() -> None:
    decision = decide_one(pair_of(180, 9, 5, 6), "max_nfr", 0.02)
    assert decision.high == pytest.approx(beta.ppf(0.95, 10, 191), rel=1e-9)
    assert decision.low == pytest.approx(beta.ppf(0.05, 9, 192), rel=1e-9)
    assert (decision.low_level, decision.high_level) == (0.95, 0.95)
    assert decision.method == "clopper-pearson"


@given(
    st.integers(0, 40), st.integers(60, 400), st.floats(0.005, 0.3), st.sampled_from([0.9, 0.99])
)
def test_a_pass_and_a_fail_are_the_exact_binomial_tests(
    flips: int, right: int, limit: float, level: float
) -> None:
    pair = pair_of(right, flips, 0, 10)
    decision = decide([ask(pair, "max_nfr", limit)], level, "interval")[0]
    total = len(pair.ids)
    passes = binom.cdf(flips, total, limit) <= (1 - level) * (1 + 1e-9)
    fails = binom.sf(flips - 1, total, limit) < (1 - level) * (1 - 1e-9)
    assert decision.outcome == ("pass" if passes else "fail" if fails else "inconclusive")


def test_balanced_flips_do_not_cancel() -> None:
    decision = decide_one(pair_of(500, 150, 150, 200), "max_nfr", 0.05)
    assert decision.outcome == "fail"
    assert decide_one(pair_of(500, 150, 150, 200), "max_accuracy_drop", 0.05).outcome == "pass"


def test_several_fails_are_held_to_holms_steps() -> None:
    # 31 of 1000 against 2 %: P(X >= 31) = 0.0115; beside two that pass it needs 0.05 / 3.
    pair = pair_of(869, 31, 50, 50)
    alone = ask(pair, "max_nfr", 0.02)
    harmless = [ask(pair, "max_churn", 0.9), ask(pair, "max_nfr_mc", 0.9)]
    first = decide([alone, *harmless], 0.95, "interval")
    assert [each.outcome for each in first] == ["fail", "pass", "pass"]
    assert first[0].low_level == pytest.approx(1 - 0.05 / 3)
    more = [ask(pair, name, 0.9) for name in ("max_churn", "max_nfr_mc", "max_nfi")]
    more += [ask(pair, "max_accuracy_drop", 0.9)]
    second = decide([alone, *more], 0.95, "interval")
    assert second[0].outcome == "inconclusive"
    assert second[0].low_level == pytest.approx(1 - 0.05 / 5)


def test_a_second_fail_has_the_next_step() -> None:
    pair = pair_of(600, 100, 250, 50)
    # The first is clear at 0.05 / 2; the second is clear at 0.05 alone.
    near = next(
        limit for limit in np.arange(0.2, 0.1, -0.0001) if binom.sf(149, 1000, limit) < 0.04
    )
    second = pair_of(600, 150, 200, 50)
    found = decide(
        [ask(pair, "max_nfr", 0.01), ask(second, "max_nfr", float(near))], 0.95, "interval"
    )
    assert [each.outcome for each in found] == ["fail", "fail"]
    assert found[1].low_level == pytest.approx(0.95)


def test_a_pass_needs_no_correction_since_every_budget_must_pass() -> None:
    pair = pair_of(888, 12, 50, 50)
    names = ("max_nfr", "max_churn", "max_nfr_mc", "max_nfi", "max_relative_nfr")
    asked = [ask(pair, name, 0.02 if name == "max_nfr" else 0.9) for name in names]
    assert decide(asked, 0.95, "interval")[0].outcome == "pass"


def test_advisory_budgets_are_a_family_of_their_own() -> None:
    pair = pair_of(869, 31, 50, 50)
    advisory = [ask(pair, "max_churn", 0.9, "advisory") for _ in range(20)]
    decisions = decide([ask(pair, "max_nfr", 0.02), *advisory], 0.95, "interval")
    assert decisions[0].outcome == "fail"
    assert not any(each.blocks for each in decisions[1:])


def test_by_point_the_value_decides() -> None:
    pair = pair_of(880, 20, 50, 50)
    assert decide_one(pair, "max_nfr", 0.02, "point").outcome == "pass"
    assert decide_one(pair, "max_nfr", 0.0199, "point").outcome == "fail"
    assert decide_one(pair_of(10, 0, 0, 0), "max_nfr", 0.0, "point").outcome == "pass"


def test_a_lower_limit_is_the_mirror() -> None:
    pair = pair_of(950, 50, 0, 0)
    high, low = beta.ppf([0.95, 0.05], [951, 950], [50, 51])
    assert decide_one(pair, "min_btc", float(low) - 1e-6).outcome == "pass"
    assert decide_one(pair, "min_btc", float(low) + 1e-6).outcome == "inconclusive"
    assert decide_one(pair, "min_btc", float(high) + 1e-6).outcome == "fail"


def test_the_rule_for_inconclusive_ones() -> None:
    pair = pair_of(887, 13, 50, 50)
    for rule in ("pass", "fail", "inconclusive"):
        (decision,) = decide([ask(pair, "max_nfr", 0.02, rule=rule)], 0.95, "interval")
        assert (decision.outcome, decision.counts_as) == ("inconclusive", rule)
        assert decision.blocks == (rule != "pass")


def test_where_nothing_could_break_nothing_was_shown() -> None:
    (decision,) = decide([ask(pair_of(50, 0, 50, 0), "max_nfi", 0.1)], 0.95, "interval")
    assert (decision.outcome, decision.value) == ("inconclusive", None)
    assert decision.reason == "the new model makes no error"


@pytest.mark.parametrize("flips", [0, 3, 9, 30])
def test_so_many_more_examples_settle_it(flips: int) -> None:
    total, limit = 400, 0.03
    decision = decide_one(pair_of(total - flips - 50, flips, 25, 25), "max_nfr", limit)
    if decision.outcome != "inconclusive":
        assert decision.more_examples is None
        return
    size = total + decision.more_examples
    same = round(flips * size / total)
    again = decide_one(pair_of(size - same, same, 0, 0), "max_nfr", limit)
    assert again.outcome == ("pass" if flips / total < limit else "fail")


def test_no_number_of_examples_settles_a_rate_on_its_limit() -> None:
    assert decide_one(pair_of(90, 5, 5, 0), "max_nfr", 0.05).more_examples is None


def test_the_advice_stops_where_nobody_gathers_so_many() -> None:
    near = decide_one(pair_of(700, 99, 101, 100), "max_nfr", 0.1)  # about 240 times the examples
    assert (near.outcome, near.more_examples) == ("inconclusive", None)
    assert near.high == pytest.approx(beta.ppf(0.95, 100, 901), rel=1e-9)
    assert near.passing_limit == 0.1160
    assert decide_one(pair_of(700, 99, 101, 100), "max_nfr", near.passing_limit).outcome == "pass"


@pytest.mark.parametrize(
    ("name", "limit", "pair"),
    [
        ("min_btc", 0.9, (90, 10, 5, 20)),
        ("max_accuracy_drop", 0.0, (80, 10, 9, 1)),
        ("max_accuracy_change", 0.01, (80, 5, 9, 6)),
        ("max_relative_nfr", 0.5, (80, 6, 6, 10)),
    ],
)
def test_the_limit_that_would_pass_today_passes(
    name: str, limit: float, pair: tuple[int, int, int, int]
) -> None:
    decision = decide_one(pair_of(*pair), name, limit)
    assert decision.outcome == "inconclusive"
    assert decide_one(pair_of(*pair), name, decision.passing_limit).outcome == "pass"
    tighter = decision.passing_limit + (1e-4 if name == "min_btc" else -1e-4)
    assert decide_one(pair_of(*pair), name, tighter).outcome == "inconclusive"


def test_a_change_passes_where_both_bounds_are_within_the_limit() -> None:
    # Of 1000, 20 broke and 20 were repaired: exact 90 % limits of each are .01330 and .02893.
    one, two = beta.ppf([0.05, 0.95], [20, 21], [981, 980])
    rho = (0.02 * 0.02 / (0.98 * 0.98)) ** 0.5
    x, y = 0.02 - one, two - 0.02
    bound = (x * x + y * y + 2 * rho * x * y) ** 0.5
    pair = pair_of(900, 20, 20, 60)
    passed = decide_one(pair, "max_accuracy_change", bound + 1e-9)
    assert passed.outcome == "pass"
    assert (passed.low, passed.high) == (pytest.approx(-bound), pytest.approx(bound))
    assert decide_one(pair, "max_accuracy_change", bound - 1e-9).outcome == "inconclusive"


def test_a_change_fails_on_either_side_at_half_of_the_error() -> None:
    for counts in ((850, 10, 90, 50), (850, 90, 10, 50)):
        decision = decide_one(pair_of(*counts), "max_accuracy_change", 0.02)
        assert decision.outcome == "fail"
        assert abs(decision.value) == pytest.approx(0.08)
        assert decision.low_level == decision.high_level == pytest.approx(0.975)


@pytest.mark.parametrize("change", [-0.1, 0.1])
def test_a_change_at_its_limit_passes_and_fails_seldom_by_enumeration(change: float) -> None:
    total, broken, repaired = 40, 0.1 - change / 2, 0.1 + change / 2
    passed = failed = 0.0
    for worse in range(total + 1):
        for better in range(total + 1 - worse):
            chance = multinomial.pmf(
                [worse, better, total - worse - better],
                total,
                [broken, repaired, 1 - broken - repaired],
            )
            if chance > 1e-9:
                pair = pair_of(total - worse - better, worse, better, 0)
                outcome = decide_one(pair, "max_accuracy_change", 0.1).outcome
                passed += chance * (outcome == "pass")
                failed += chance * (outcome == "fail")
    assert passed <= 0.05
    assert failed <= 0.05


def test_looks_share_the_error_by_enumeration() -> None:
    # Exactly at the budget, 60 examples are added at a time until the gate passes.
    budget, sizes = 0.1, (60, 120, 180, 240)
    chances = {}
    for looks in (1, len(sizes)):
        waiting, passed, seen = np.ones(1), 0.0, 0
        for size in sizes:
            waiting = np.convolve(
                waiting, binom.pmf(np.arange(size - seen + 1), size - seen, budget)
            )
            seen = size
            for flips in range(size + 1):
                question = ask(pair_of(size - flips, flips, 0, 0), "max_nfr", budget)
                if decide([question], 0.95, "interval", looks)[0].outcome != "pass":
                    break
                passed += waiting[flips]
                waiting[flips] = 0.0
        chances[looks] = passed
    assert chances[1] > 0.07
    assert chances[4] <= 0.05
    decision = decide([ask(pair_of(240, 0, 0, 0), "max_nfr", budget)], 0.95, "interval", 4)[0]
    assert decision.high_level == pytest.approx(1 - 0.05 / 4)
    assert decision.high == pytest.approx(1 - (0.05 / 4) ** (1 / 240))


def test_more_examples_of_a_difference() -> None:
    decision = decide_one(pair_of(150, 10, 10, 30), "max_accuracy_drop", 0.02)
    assert decision.outcome == "inconclusive"
    size = 200 + decision.more_examples
    scale = size / 200
    counts = [round(each * scale) for each in (150, 10, 10, 30)]
    again = decide_one(pair_of(*counts), "max_accuracy_drop", 0.02)
    assert abs(again.high - 0.02) < 0.002


@pytest.mark.parametrize("name", BUDGETS)
def test_every_budget_has_words(name: str) -> None:
    budget = BUDGETS[name]
    assert budget.label
    assert budget.meaning.endswith(".")
    assert name.startswith("min_") == budget.at_least


def test_clusters_widen_the_bounds() -> None:
    old = np.ones(200)
    new = np.repeat([0.0, 1.0], [20, 180])
    ones = np.ones(200, np.int64)
    sides = [Judged(each, each, ones, 0 * ones) for each in (old, new)]
    ids = [str(i) for i in range(200)]
    alone = JudgedPair(ids, *sides, old == new)
    grouped = JudgedPair(ids, *sides, old == new, np.repeat(np.arange(20), 10))
    loose, tight = (decide_one(each, "max_nfr", 0.12) for each in (grouped, alone))
    assert loose.high > tight.high
    assert loose.low < tight.low


def test_samples_have_the_expected_rate() -> None:
    rng = np.random.default_rng(0)
    p, q = rng.integers(0, 6, 300) / 5, rng.integers(0, 6, 300) / 5
    five = np.full(300, 5)
    sides = [Judged(each, each, five, 0 * five) for each in (p, q)]
    pair = JudgedPair([f"{i:03}" for i in range(300)], *sides, None)
    decision = decide_one(pair, "max_nfr", 0.1)
    assert decision.value == pytest.approx(float(np.mean(p * (1 - q))))
    assert decision.outcome == "fail"
    drop = decide_one(pair, "max_accuracy_drop", 0.5)
    assert drop.value == pytest.approx(float(np.mean(p - q)))


def test_samples_without_a_flip_still_have_a_bound() -> None:
    ones, five = np.ones(100), np.full(100, 5)
    sides = [Judged(ones, ones, five, 0 * five) for _ in range(2)]
    pair = JudgedPair([f"{i:03}" for i in range(100)], *sides, None)
    decision = decide_one(pair, "max_nfr", 0.03)
    assert decision.value == 0.0
    assert 1 - 0.05 ** (1 / 100) < decision.high < 0.034
    assert decision.method == "betting"
