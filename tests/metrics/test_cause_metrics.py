"""Shares of causes: a table worked by hand, then what adds up, then what has none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit import compare
from compatkit.comparison.comparison import Comparison
from compatkit.metrics.cause_metrics import CAUSE_METRICS, CAUSES, UNEXPLAINED, name_metric

LOOP = "I do not know. " * 20
# What the new model answers where "Paris" is right, and why that broke.
ANSWERS = {
    "paris.": "format",
    LOOP: "repeats",
    "": "no answer",
    "I can't help with that.": "refusal",
    "\u041f\u0430\u0440\u0438\u0436": "script",
    "Rome": UNEXPLAINED,
    "Paris": "",
}


def rows(answers: list[str], **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": number, "prediction": answer, "reference": "Paris", **more}
        for number, answer in enumerate(answers)
    ]


def numerator(comparison: Comparison, name: str) -> int:
    return comparison.metrics[name].numerator or 0


def test_shares_by_hand() -> None:
    """Of ten four broke: two by their format, one repeats itself, one says no cause."""
    new = ["paris.", "PARIS", LOOP, "Rome", *["Paris"] * 6]
    result = compare(rows(["Paris"] * 10), rows(new))
    assert (result.format_flip_rate, result.content_flip_rate) == (0.2, 0.2)
    shares = {name: value for name, value in result.metrics.items() if name in CAUSE_METRICS}
    assert [*shares] == [*CAUSE_METRICS]
    assert {value.denominator for value in shares.values()} == {10}
    counted = {name: value.numerator for name, value in shares.items() if value.numerator}
    assert counted == {
        "format_flip_rate": 2,
        "content_flip_rate": 2,
        "repeats_flip_rate": 1,
        "unexplained_flip_rate": 1,
    }
    # Wilson's interval of 2 of 10, from tables.
    assert shares["format_flip_rate"].low == pytest.approx(0.0567, abs=1e-4)
    assert shares["format_flip_rate"].high == pytest.approx(0.5098, abs=1e-4)


@given(st.lists(st.sampled_from([*ANSWERS]), min_size=1, max_size=20))
def test_the_split_and_the_causes_add_up_to_the_negative_flips(new: list[str]) -> None:
    result = compare(rows(["Paris"] * len(new)), rows(new))
    flips = sum(answer != "Paris" for answer in new)
    assert result.counts.negative_flips == flips
    split = ("format_flip_rate", "content_flip_rate")
    assert sum(numerator(result, name) for name in split) == flips
    for cause in (*CAUSES, UNEXPLAINED):
        expected = sum(ANSWERS[answer] == cause for answer in new)
        assert numerator(result, name_metric(cause)) == expected
    causes = map(name_metric, (*CAUSES, UNEXPLAINED))
    assert sum(numerator(result, name) for name in causes) == flips


def test_what_was_wrong_before_did_not_break() -> None:
    result = compare(rows(["Rome", "Paris"]), rows(["paris", "Paris"]))
    assert numerator(result, "format_flip_rate") == numerator(result, "content_flip_rate") == 0


def test_groups_have_intervals_of_groups() -> None:
    new = [*["paris"] * 8, *["Paris"] * 32]
    old_rows, new_rows = rows(["Paris"] * 40), rows(new)
    for row in (*old_rows, *new_rows):
        row["group"] = row["id"] // 8
    alone = compare(old_rows, new_rows).metrics["format_flip_rate"]
    grouped = compare(old_rows, new_rows, cluster="group").metrics["format_flip_rate"]
    assert alone.high is not None
    assert grouped.high is not None
    assert (grouped.numerator, grouped.value) == (8, 0.2)
    assert grouped.high > alone.high


def test_a_slice_has_its_own() -> None:
    old, new = rows(["Paris"] * 4), rows(["paris", "Rome", "PARIS", "Paris"])
    for row in (*old, *new):
        row["lang"] = "de" if row["id"] < 2 else "en"
    parts = compare(old, new, by="lang").slices["lang"]
    counted = {
        value: [part.metrics[name].numerator for name in ("format_flip_rate", "content_flip_rate")]
        for value, part in parts.items()
    }
    assert counted == {"de": [1, 1], "en": [1, 0]}


def test_an_interval_is_exact_where_that_was_asked_for() -> None:
    new = ["paris", *["Paris"] * 9]
    value = compare(rows(["Paris"] * 10), rows(new), interval="exact").metrics["format_flip_rate"]
    # Clopper and Pearson's of 1 of 10, from tables.
    assert value.low == pytest.approx(0.0025, abs=1e-4)
    assert value.high == pytest.approx(0.4450, abs=1e-4)


def test_without_flips_and_of_several_samples_no_report_names_them() -> None:
    several = [row | {"sample": sample} for row in rows(["Paris"]) for sample in range(2)]
    unkept = compare(rows(["Paris"]), rows(["Rome"]), keep_flips=False)
    for result in (compare(several, several), unkept):
        assert result.format_flip_rate is None
        assert not CAUSE_METRICS.keys() & result.metrics.keys()
