import numpy as np
import pytest
from rows_of import rows_of

from compatkit import compare
from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import MISSING
from compatkit.scorers.make import make_scorer


@pytest.mark.parametrize(
    ("value", "score"),
    [
        (True, 1.0),
        (False, 0.0),
        (0.25, 0.25),
        (4, 4.0),
        ("true", 1.0),
        ("FALSE", 0.0),
        ("0.5", 0.5),
        (np.float32(0.5), 0.5),
        (np.True_, 1.0),
    ],
)
def test_numbers_and_booleans_are_scores(value: object, score: float) -> None:
    scored = make_scorer("field:acc").score(rows_of([None], ["x"], acc=[value]))
    assert scored.scores.tolist() == [score]


@pytest.mark.parametrize(
    "value", [None, MISSING, float("nan"), float("inf"), "C", [1.0], {"a": 1}, "nan", 1e300]
)
def test_what_is_no_score_is_refused_with_its_line_and_is_never_0(value: object) -> None:
    with pytest.raises(DataError, match=r"rows.jsonl:2: the field 'acc' is .*'error'"):
        make_scorer("field:acc").score(rows_of(["x", "y"], ["x", "y"], acc=[1, value]))


@pytest.mark.parametrize(
    ("unscored", "values"),
    [
        ("nan", [float("nan"), "NaN", np.float64("nan")]),
        ("null", [None, MISSING, "null"]),
        ("-1", [-1, "-1", np.int64(-1)]),
        ("-1.0", [-1.0]),
        ("unjudged", ["unjudged", " Unjudged "]),
        ("false", [False, "false"]),
    ],
)
def test_rows_of_a_value_that_is_said_were_not_judged(unscored: str, values: list[object]) -> None:
    scorer = make_scorer("field:acc", unscored=unscored)
    rows = rows_of([None] * (len(values) + 1), ["x"] * (len(values) + 1), acc=[0.5, *values])
    scored = scorer.score(rows)
    assert scored.unscored.tolist() == [False] + [True] * len(values)
    assert scored.scores[0] == 0.5
    assert scorer.options == {"unscored": unscored}


def test_other_rows_without_a_score_are_refused_all_the_same() -> None:
    with pytest.raises(DataError, match=r"is null, or an empty cell; .* say --unscored null"):
        make_scorer("field:acc", unscored="nan").score(rows_of(["x"], ["x"], acc=[None]))
    with pytest.raises(DataError, match=r"is nan; .* say --unscored nan"):
        make_scorer("field:acc").score(rows_of(["x"], ["x"], acc=[float("nan")]))


def test_less_is_better_where_it_is_said() -> None:
    scorer = make_scorer("field:wer", lower_is_better=True)
    scores = scorer.score(rows_of([None] * 3, ["x"] * 3, wer=[0.0, 0.25, "1"])).scores
    assert scores.tolist() == [1.0, 0.75, 0.0]
    assert scorer.options == {"lower_is_better": True}
    assert make_scorer("field:wer", lower_is_better=False).options == {}


def test_a_word_error_rate_that_rose_is_a_negative_flip_and_not_a_positive_one() -> None:
    old = [{"id": n, "wer": 0.1 if n < 8 else 0.9} for n in range(10)]
    new = [{"id": n, "wer": 0.1 if n < 2 else 0.9} for n in range(10)]
    counts = compare(old, new, scorer="field:wer", lower_is_better=True).counts
    assert (counts.negative_flips, counts.positive_flips) == (6, 0)
    more = compare(old, new, scorer="field:wer", higher_is_better=True).counts
    assert (more.negative_flips, more.positive_flips) == (0, 6)


@pytest.mark.parametrize("name", ["wer", "scores.WER", "loss", "edit_distance"])
def test_a_field_of_which_less_is_better_by_its_name_is_asked_for_its_direction(name) -> None:
    rows = [{"id": 1, "wer": 0.1}]
    with pytest.raises(ConfigError, match=r"by its name.*--lower-is-better, or --higher-is-better"):
        compare(rows, rows, scorer=f"field:{name}")


def test_rows_that_a_judge_left_out_are_left_out_of_n() -> None:
    old = [{"id": n, "ok": 1.0} for n in range(10)]
    new = [{**row, "ok": float("nan") if row["id"] < 3 else 1.0} for row in old]
    counts = compare(old, new, scorer="field:ok", unscored="nan").counts
    assert (counts.total, counts.excluded["unscored"]) == (7, 3)


def test_a_field_that_holds_several_scores_names_them() -> None:
    with pytest.raises(DataError, match=r"Its keys are a, b: name one, as in --scorer field:s.KEY"):
        make_scorer("field:s").score(rows_of([None], ["x"], s=[{"a": 1, "b": 0}]))


def test_a_field_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="field:correct"):
        make_scorer("field:")


def test_a_text_that_is_right_is_said() -> None:
    scorer = make_scorer("field:status", right="Pass", unscored="skipped")
    rows = rows_of(["x"] * 5, ["x"] * 5, status=["pass", "fail", "timeout", "skipped", " PASS "])
    scored = scorer.score(rows)
    assert scored.scores.tolist() == [1, 0, 0, 0, 1]
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [False, False, False, True, False]
    assert scored.notes == {"rows whose status is 'Pass', which are right": 2}
    assert (scorer.continuous, scorer.options["right"]) == (False, "Pass")


def test_what_is_right_is_never_guessed() -> None:
    with pytest.raises(DataError, match="say --right TEXT"):
        make_scorer("field:status").score(rows_of(["x"], ["x"], status=["pass"]))
    with pytest.raises(DataError, match="is null, or an empty cell"):
        make_scorer("field:s", right="pass").score(rows_of(["x"], ["x"], s=[None]))
    with pytest.raises(ConfigError, match="--right names what is right"):
        make_scorer("field:s", right="pass", lower_is_better=True)
