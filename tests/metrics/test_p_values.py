import numpy as np
import pytest
from judged_pairs import judged, pair_of

import compatkit
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Plan
from compatkit.metrics.p_values import PValue, compare_flips, correct, run_tests
from compatkit.reports.view import describe_family
from compatkit.statistics import benjamini_hochberg, holm, mcnemar, permutation_test


def test_single_samples_are_tested_by_mcnemar_both_ways() -> None:
    old, new = judged([1] * 7 + [0] * 1), judged([0] * 7 + [1] * 1)
    tests = run_tests(pair_of(old, new), Plan())
    assert tests["accuracy_changed"].p_value == mcnemar(7, 1)
    assert tests["accuracy_worse"].p_value == mcnemar(7, 1, "worse")
    assert {test.test for test in tests.values()} == {"mcnemar-exact"}


def test_a_continuous_score_is_tested_by_permutation() -> None:
    old, new = judged([0.9, 0.5, 0.4, 0.7]), judged([0.1, 0.4, 0.2, 0.8])
    tests = run_tests(pair_of(old, new, continuous=True), Plan())
    change = new.scores - old.scores
    assert tests["score_worse"].p_value == permutation_test(change, "worse")
    assert tests["score_changed"].test == "permutation"


def test_groups_are_flipped_together() -> None:
    old, new = judged([1, 1, 1, 1, 0, 0]), judged([0, 0, 0, 0, 0, 0])
    plan = Plan(clusters=np.array([0, 0, 0, 0, 1, 1]))
    tests = run_tests(pair_of(old, new), plan)
    # One group changed: its sum of -4 is as likely +4, and nothing more is known.
    assert tests["accuracy_worse"].p_value == 0.5
    assert tests["accuracy_changed"].p_value == 1.0
    assert tests["accuracy_changed"].test == "permutation-of-groups"


def test_a_candidate_s_flips_are_tested_against_the_new_model_s() -> None:
    old = judged([1] * 10)
    new, candidate = judged([0] * 6 + [1] * 4), judged([1] * 6 + [1] * 3 + [0])
    pair = pair_of(old, candidate, baseline=new)
    assert compare_flips(pair, Plan())["delta_nfr"].p_value == mcnemar(1, 6)


@pytest.mark.parametrize(("correction", "reference"), [("holm", holm), ("bh", benjamini_hochberg)])
def test_each_test_is_corrected_over_its_namesakes(correction: str, reference: object) -> None:
    families = [
        {"a": PValue("t", "worse", p, p), **({"b": PValue("t", "worse", p, p)} if p > 0.1 else {})}
        for p in (0.01, 0.04, 0.2)
    ]
    corrected = correct(families, correction)
    assert [each["a"].p_adjusted for each in corrected] == reference([0.01, 0.04, 0.2]).tolist()
    assert corrected[2]["b"].p_adjusted == 0.2
    assert (corrected[0]["a"].family, corrected[2]["b"].family) == (3, 1)
    assert corrected[0]["a"].p_value == 0.01


def test_an_unknown_correction_is_refused() -> None:
    with pytest.raises(ConfigError, match="correction is 'tukey'; one of holm, bh, none"):
        compatkit.compare([], [], correction="tukey")


def rows(answers: str, group: int) -> list[dict[str, object]]:
    """Make rows of 'y' and 'n', `group` of which share a passage."""
    return [
        {"id": n, "prediction": answer, "reference": "y", "passage": f"p{n // group}"}
        for n, answer in enumerate(answers)
    ]


def test_a_cluster_widens_the_intervals_of_what_moves_together() -> None:
    old, new = "y" * 60, ("n" * 5 + "y" * 15) * 3
    plain = compatkit.compare(rows(old, 5), rows(new, 5))
    grouped = compatkit.compare(rows(old, 5), rows(new, 5), cluster="passage")
    assert plain.negative_flip_rate == grouped.negative_flip_rate == 0.25
    narrow, wide = (each.metrics["negative_flip_rate"] for each in (plain, grouped))
    assert wide.high - wide.low > narrow.high - narrow.low
    assert grouped.tests["accuracy_worse"].p_value == pytest.approx(1 / 8)
    assert "cluster:passage" in grouped.signature


@pytest.mark.parametrize("name", ["relative_negative_flip_rate", "accuracy_delta", "churn"])
def test_every_interval_holds_its_value_with_clusters(name: str) -> None:
    old, new = "yynyynynny" * 6, "ynnyyynnny" * 6
    metric = compatkit.compare(rows(old, 3), rows(new, 3), cluster="passage").metrics[name]
    assert metric.low <= metric.value <= metric.high


def test_one_cluster_has_no_interval_and_says_so() -> None:
    found = compatkit.compare(rows("yyyy", 9), rows("ynyy", 9), cluster="passage")
    metric = found.metrics["negative_flip_rate"]
    assert (metric.value, metric.low, metric.reason) == (0.25, None, "one cluster")


def test_the_order_of_rows_is_of_no_consequence_with_clusters() -> None:
    old, new = rows("yynyynynny" * 3, 3), rows("ynnyyynnny" * 3, 3)
    first = compatkit.compare(old, new, cluster="passage")
    second = compatkit.compare(old[::-1], new, cluster="passage")
    assert first.metrics == second.metrics
    assert first.tests == second.tests


def test_slices_and_candidates_are_corrected_each_as_a_family() -> None:
    old = rows("y" * 30, 10)
    results = compatkit.compare_candidates(
        old, [rows("n" * 6 + "y" * 24, 10), rows("y" * 24 + "n" * 6, 10)], by="passage"
    )
    for each in results:
        assert each.tests["accuracy_changed"].family == 2
        assert each.tests["accuracy_changed"].p_adjusted == pytest.approx(2 * mcnemar(6, 0))
        parts = each.slices["passage"].values()
        assert {part.tests["accuracy_changed"].family for part in parts} == {3}
    assert results[1].tests["delta_nfr"].family == 1


@pytest.mark.parametrize(
    ("new", "verdict"),
    [("y" * 20 + "n" * 30, "beyond noise"), ("y" * 47 + "n" * 3, "within noise")],
)
def test_a_verdict_says_whether_flips_are_noise(new: str, verdict: str) -> None:
    old, again = rows("y" * 50, 1), rows("n" * 3 + "y" * 47, 1)
    found = compatkit.compare(old, rows(new, 1), old_rerun=again)
    assert any(note.startswith(verdict) for note in found.notes)


def test_a_report_says_where_no_p_value_can_survive_the_correction() -> None:
    rng = np.random.default_rng(1)
    old, new = judged(rng.random(40)), judged(rng.random(40))
    families = [
        {"accuracy_changed": run_tests(pair_of(old, new), Plan(clusters=np.arange(40)))[name]}
        for name in ["accuracy_changed"] * 101
    ]
    assert families[0]["accuracy_changed"].least == 1 / 2001
    said = describe_family(correct(families, "holm"), "tasks")
    assert "none can be below 0.05: more --resamples would let them" in said
    assert "resamples" not in describe_family(correct(families[:99], "holm"), "tasks")
    # Of all signs, each is counted: nothing is drawn, and nothing bounds the p-value from below.
    few = run_tests(pair_of(judged([1] * 12), judged([0] * 12)), Plan(clusters=np.arange(12)))
    assert few["accuracy_worse"].p_value == 2**-12
    assert few["accuracy_worse"].least is None


def test_a_candidate_s_flips_of_groups_are_flipped_together() -> None:
    old, kept, lost = judged([1] * 6), judged([1] * 6), judged([0, 0, 0, 0, 1, 1])
    pair = pair_of(old, kept, baseline=lost)
    plan = Plan(clusters=np.array([0, 0, 0, 0, 1, 1]))
    tests = compare_flips(pair, plan)
    # One group differs: its sum of 4 is as likely -4.
    assert tests["delta_nfr"].p_value == 1.0
    assert tests["delta_nfr"].test == "permutation-of-groups"
    assert compare_flips(pair, Plan())["delta_nfr"].p_value == mcnemar(0, 4)
