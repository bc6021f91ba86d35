"""The first policy: what a pair kept of each budget, and the fields by which it proposes slices."""

import tomllib
from pathlib import Path

import pytest
from gate_files import rows
from judged_pairs import judged, pair_of
from prediction_files import write_rows

from compatkit.comparison.options import make_options
from compatkit.errors import DataError
from compatkit.gate import read_policy
from compatkit.gate.first_policy import write_first_policy
from compatkit.gate.first_slices import LEAST_ROWS, MOST_VALUES, propose_fields
from compatkit.gate.kept_limits import WHOLE, find_kept_limit
from compatkit.metrics.estimates import Plan
from compatkit.readers.prediction_file import open_predictions

PLAN = Plan()


def part(broken, size):
    return pair_of(judged([1.0] * size), judged([0.0] * broken + [1.0] * (size - broken)))


def write_first(folder, old, new, **options):
    """Return the text of the first policy of a pair."""
    write_rows(folder / "old.jsonl", old)
    write_rows(folder / "new.jsonl", new)
    made = make_options(scorer="exact_match", **options)
    text = write_first_policy(("old.jsonl", "new.jsonl"), folder, made, {}, "qa")
    (folder / "compatkit.toml").write_text(text)
    return text


# 9 of 200: the exact upper limit is 7.72 %, and the next round number 8 %.
def test_the_limit_is_the_bound_rounded_up():
    kept = find_kept_limit("max_nfr", {WHOLE: part(9, 200)}, PLAN)
    assert kept.limit == 0.08
    assert kept.worst == (WHOLE, 0.045)
    assert kept.loosest[1] == pytest.approx(0.0772, abs=5e-5)


def test_the_worst_slice_and_the_one_with_the_loosest_bound_may_be_two():
    kept = find_kept_limit("max_nfr", {"large": part(40, 400), "small": part(0, 20)}, PLAN)
    assert kept.worst == ("large", 0.1)
    assert kept.loosest[0] == "small"
    assert kept.loosest[1] == pytest.approx(1 - 0.05 ** (1 / 20))


def test_a_slice_of_one_row_shows_no_limit():
    """Of one row the upper limit is 95 %, which rounds to 1: nothing could break that."""
    kept = find_kept_limit("max_nfr", {"one": part(0, 1), "more": part(0, 100)}, PLAN)
    assert kept.silent == {"one": "1 example, too few for a limit that could be broken"}
    assert kept.loosest[0] == "more"
    assert find_kept_limit("max_nfr", {"one": part(0, 1)}, PLAN).limit is None


def test_an_undefined_budget_is_no_zero():
    """Where no score fell, nothing tells how far scores fall."""
    pair = pair_of(judged([0.5] * 50), judged([0.5] * 50), continuous=True)
    kept = find_kept_limit("max_mean_regression", {WHOLE: pair}, PLAN)
    assert kept.limit is None
    assert kept.silent == {WHOLE: "undefined (no score fell)"}


def test_slices_without_a_limit_are_left_to_the_user(tmp_path: Path):
    old, new = rows(), rows(broken=[0])
    old[0]["lang"] = new[0]["lang"] = "sk"
    text = write_first(tmp_path, old, new, by=["lang"])
    assert "# Slices without a limit that this pair shows (sk): 1 example" in text
    assert "slices" not in tomllib.loads(text)["tasks"]["qa"]
    uncommented = text.replace("# [tasks.qa.slices", "[tasks.qa.slices")
    uncommented = uncommented.replace("# inconclusive", "inconclusive").replace("# max_", "max_")
    (tmp_path / "compatkit.toml").write_text(uncommented)
    (limits,) = read_policy(tmp_path / "compatkit.toml").tasks[0].slices.values()
    assert limits.inconclusive == "pass"
    assert limits.blocking == {"max_nfr": 0.03}


def test_a_pair_that_shows_nothing_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"show no limit of any budget \(max_nfr: 1 example, too"):
        write_first(tmp_path, rows(1), rows(1))


def test_slices_of_a_field_with_few_values_are_proposed_as_advisory(tmp_path: Path):
    text = write_first(tmp_path, rows(), rows(broken=[0]))
    (limits,) = read_policy(tmp_path / "compatkit.toml").tasks[0].slices.values()
    assert (limits.blocking, limits.advisory) == ({}, {"max_nfr": 0.05})
    assert "max_nfr = 0.05    # measured 0.0100 (fr), at most 0.0466 (fr)" in text


def test_a_value_cannot_end_its_comment(tmp_path: Path):
    old, new = rows(), rows(broken=[0])
    for row in (*old, *new):
        row["lang"] += "\n[tasks.x]\x7f"
    text = write_first(tmp_path, old, new)
    assert set(tomllib.loads(text)["tasks"]) == {"qa"}


def test_what_is_proposed():
    """Two to twenty short values, each often enough, the same on both sides, of no role."""
    every = range(MOST_VALUES * LEAST_ROWS + LEAST_ROWS)
    row = {"id": 0, "prediction": "a", "label": "b"}
    old = [
        {
            **row,
            "two": n % 2,
            "flag": n % 3 == 0,
            "most": n % MOST_VALUES,
            "many": n % (MOST_VALUES + 1),
            "one": "x",
            "rare": "y" if n < LEAST_ROWS - 1 else "x",
            "long": "z" * 61 if n % 2 else "",
            "share": n % 2 / 2,
            "label": n % 2,
            "meta": {"topic": str(n % 2), "deep": {"er": n % 2}},
            "answer_was": n % 2,
        }
        for n in every
    ]
    new = [{**r, "answer_was": 1} for r in old]
    sides = open_predictions(old), open_predictions(new)
    assert propose_fields(*sides) == ["two", "flag", "most", "meta.topic"]
    assert propose_fields(*sides, without=["two"]) == ["flag", "most", "meta.topic"]


def test_a_field_whose_values_differ_between_the_models_is_not_proposed(tmp_path: Path):
    """As many of each value on both sides, of other examples: a comparison would be refused."""
    new = [{**row, "lang": "de" if row["lang"] == "fr" else "fr"} for row in rows()]
    assert "slices" not in tomllib.loads(write_first(tmp_path, rows(), new))["tasks"]["qa"]
