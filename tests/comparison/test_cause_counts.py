"""Counts of causes: a table worked by hand, then what adds up, then what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit import compare
from compatkit.comparison.causes import CAUSES
from compatkit.errors import ConfigError

LOOP = "I do not know. " * 20
# What the new model answers where "Paris" is right, and why that broke.
ANSWERS = {"paris.": "format", LOOP: "repeats", "": "no answer", "Rome": None, "Paris": None}


def rows(answers: list[str], **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": number, "prediction": answer, "reference": "Paris", **more}
        for number, answer in enumerate(answers)
    ]


def test_counts_by_hand() -> None:
    """Of ten four broke: two by their format, one repeats itself, one says no cause."""
    new = ["paris.", "PARIS", LOOP, "Rome", *["Paris"] * 6]
    counts = compare(rows(["Paris"] * 10), rows(new)).count_causes()
    assert (counts.format_flip_rate.value, counts.content_flip_rate.value) == (0.2, 0.2)
    assert (counts.format_flip_rate.numerator, counts.format_flip_rate.denominator) == (2, 10)
    numbers = {name: value.numerator for name, value in counts.by_cause.items() if value.numerator}
    assert numbers == {"format": 2, "repeats": 1}
    assert counts.unknown.numerator == 1
    # Wilson's interval of 2 of 10, from tables.
    assert counts.format_flip_rate.low == pytest.approx(0.0567, abs=1e-4)
    assert counts.format_flip_rate.high == pytest.approx(0.5098, abs=1e-4)


@given(st.lists(st.sampled_from([*ANSWERS]), min_size=1, max_size=20))
def test_the_split_and_the_causes_add_up_to_the_negative_flips(new: list[str]) -> None:
    result = compare(rows(["Paris"] * len(new)), rows(new))
    counts = result.count_causes()
    split = (counts.format_flip_rate, counts.content_flip_rate)
    flips = sum(answer != "Paris" for answer in new)
    assert result.counts.negative_flips == flips
    assert sum(part.numerator or 0 for part in split) == flips
    parts = [*counts.by_cause.values(), counts.unknown]
    assert sum(part.numerator or 0 for part in parts) == flips
    assert [*counts.by_cause] == [*CAUSES]
    for name, value in counts.by_cause.items():
        assert value.numerator == sum(ANSWERS[answer] == name for answer in new)


def test_what_was_wrong_before_did_not_break() -> None:
    counts = compare(rows(["Rome", "Paris"]), rows(["paris", "Paris"])).count_causes()
    assert counts.format_flip_rate.numerator == counts.content_flip_rate.numerator == 0


def test_groups_have_intervals_of_groups() -> None:
    new = [*["paris"] * 8, *["Paris"] * 32]
    old_rows, new_rows = rows(["Paris"] * 40), rows(new)
    for row in (*old_rows, *new_rows):
        row["group"] = row["id"] // 8
    alone = compare(old_rows, new_rows).count_causes().format_flip_rate
    grouped = compare(old_rows, new_rows, cluster="group").count_causes().format_flip_rate
    assert alone.high is not None
    assert grouped.high is not None
    assert (grouped.numerator, grouped.value) == (8, 0.2)
    assert grouped.high > alone.high


def test_what_cannot_be_counted_is_refused() -> None:
    several = [row | {"sample": sample} for row in rows(["Paris"]) for sample in range(2)]
    with pytest.raises(ConfigError, match="one sample per example"):
        compare(several, several).count_causes()
    with pytest.raises(ConfigError, match="keep_flips=True"):
        compare(rows(["Paris"]), rows(["Rome"]), keep_flips=False).count_causes()
