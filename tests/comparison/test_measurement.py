"""A measurement: what several models' comparisons share, turned to each pair of them."""

from typing import Any

import pytest

from compatkit.comparison.measurement import measure_files
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError


def rows(answers: str) -> list[dict[str, Any]]:
    return [{"id": n, "prediction": text, "reference": "R"} for n, text in enumerate(answers)]


# Of the four, two break by the second model, and another one by the third.
MODELS = [rows("RRRW"), rows("RWWW"), rows("WRRR")]


def test_each_candidate_is_compared_with_the_old_model() -> None:
    measurement = measure_files(MODELS[0], MODELS[1:], make_options(), None, "t", beside=False)
    first, second = measurement.comparison(1), measurement.comparison(2)
    assert [c.counts.negative_flips for c in (first, second)] == [2, 1]
    assert [c.counts.positive_flips for c in (first, second)] == [0, 1]
    assert (first.baseline, second.baseline) == (None, first.new)
    assert first.task == second.task == "t"


def test_any_model_can_be_turned_into_the_old_one() -> None:
    measurement = measure_files(MODELS[0], MODELS[1:], make_options(), None, "", beside=False)
    turned = measurement.turn(2, 1).comparison(1)
    alone = measure_files(MODELS[2], [MODELS[1]], make_options(), None, "", beside=False)
    assert turned.counts == alone.comparison(1).counts
    assert turned.counts.negative_flips == 3
    assert measurement.turn(0, 1).comparison(1).counts.negative_flips == 2


def test_scores_without_a_range_need_a_threshold() -> None:
    scored = [[{"id": n, "s": n + side} for n in range(3)] for side in range(2)]
    unbounded = make_options("field:s")
    with pytest.raises(ConfigError, match="--threshold says from which score an answer is right"):
        measure_files(scored[0], [scored[1]], unbounded, None, "", beside=False).comparison(1)
    said = make_options("field:s", threshold=2)
    assert measure_files(scored[0], [scored[1]], said, None, "", beside=False).continuous()


def test_a_sweep_of_several_samples_is_refused() -> None:
    several = [{**row, "prediction": ["R", "W"]} for row in MODELS[0]]
    options = make_options(sweep=True)
    with pytest.raises(ConfigError, match="--sweep needs one sample per example"):
        measure_files(several, [several], options, None, "", beside=False).comparison(1)
