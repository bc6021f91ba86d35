import numpy as np
import pytest
from rows_of import rows_of

from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import MISSING
from compatkit.scorers import make_scorer


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


def test_a_field_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="field:correct"):
        make_scorer("field:")
