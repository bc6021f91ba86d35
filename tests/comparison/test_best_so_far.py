"""The best so far: tables worked by hand, then what it is without a difference."""

import pytest
from model_versions import version

from compatkit import compare
from compatkit.comparison.best_so_far import compare_with_best
from compatkit.comparison.options import make_options
from compatkit.errors import DataError


def best(*strings: str, **options):
    *history, old, new = (version(text) for text in strings)
    return compare_with_best(history, old, new, make_options(**options))


def test_the_best_is_right_where_any_version_was() -> None:
    comparison = best("RWWRW", "WRWRW", "WWWRR")
    assert comparison.pair.was_right.tolist() == [True, True, False, True, False]
    assert (comparison.counts.negative_flips, comparison.counts.positive_flips) == (2, 1)
    assert comparison.metrics["negative_flip_rate"].value == 2 / 5
    assert comparison.metrics["backward_trust_compatibility"].value == 1 / 3


def test_without_a_difference_it_is_the_plain_comparison() -> None:
    plain = compare(version("RRWW"), version("RWRW"))
    same = best("RRWW", "RRWW", "RWRW")
    assert same.metrics == plain.metrics
    assert same.counts == plain.counts
    assert [flip.to_dict() for flip in same.examples] == [flip.to_dict() for flip in plain.examples]


def test_each_flip_shows_the_answer_of_its_best_version() -> None:
    first, second, new = version("RWW"), version("WRW"), version("WWW")
    second = [{"key": row.pop("id"), **row} for row in second]
    first[0]["prediction"], second[1]["prediction"] = "yes ", " yes"
    options = make_options(normalize="squad", fields={})
    with pytest.raises(DataError):
        compare_with_best([first], [{**row, "id": None} for row in second], new, options)
    second = [{"id": row.pop("key"), **row} for row in second]
    flips = compare_with_best([first], second, new, options).examples
    assert [(flip.id, flip.old_prediction) for flip in flips] == [("q0", "yes "), ("q1", " yes")]
    assert flips[0].old_record["prediction"] == "yes "


def test_scores_between_right_and_wrong_take_the_highest() -> None:
    def scored(*scores: float):
        return [{"id": n, "score": score} for n, score in enumerate(scores)]

    comparison = compare_with_best(
        [scored(0.9, 0.2)], scored(0.4, 0.6), scored(0.4, 0.7), make_options("field:score")
    )
    assert comparison.pair.old.scores.tolist() == [0.9, 0.6]
    assert comparison.metrics["score_delta"].value == pytest.approx(-0.2)
