import pytest
from drawn_pictures import Drawn

from compatkit import Comparison, compare_candidates
from compatkit.metrics.estimates import undefined
from compatkit.record import replace
from compatkit.reports.pictures import NoPictureError, describe_picture


def against(*candidates: str) -> list[Comparison]:
    """Compare with an old model that is right on 6 of 10."""
    old, *new = (
        [{"id": n, "prediction": a, "reference": "r"} for n, a in enumerate(answers)]
        for answers in ("rrrrrrwwww", *candidates)
    )
    return compare_candidates(old, new)


RESULTS = ("wrrrrrrrww", "wwwrrrrrrr")  # 1 and 3 broken, 7 right both


def test_candidates_are_placed_by_accuracy_and_nfr() -> None:
    [panel] = describe_picture("candidates", against(*RESULTS)).panels
    assert [(p.accuracy.value, p.nfr.value) for p in panel.places] == [(0.7, 0.1), (0.7, 0.3)]
    assert panel.old == 0.6


def test_marks_stand_at_their_numbers() -> None:
    drawn = Drawn(describe_picture("candidates", against(*RESULTS, "rrrrrrrrrr")))
    (x1, y1), (x2, y2), (x3, y3) = drawn.places_of("value")
    assert x1 == x2 < x3
    assert (y3 - y1) / (y3 - y2) == pytest.approx(1 / 3, abs=0.01)
    assert [drawn.share_at(x) for x in (x1, x3)] == pytest.approx([0.7, 1.0], abs=0.01)


def test_the_text_names_every_candidate_with_its_numbers() -> None:
    alt = describe_picture("candidates", against(*RESULTS)).alt
    assert "from old with accuracy 60.00% (" in alt
    assert "new: accuracy 70.00% (" in alt
    assert "candidate 2: accuracy 70.00% (" in alt
    assert "NFR 30.00% (" in alt


def test_an_undefined_rate_is_a_gap_that_the_key_tells() -> None:
    first, second = against(*RESULTS)
    gone = dict.fromkeys(("negative_flip_rate", "expected_negative_flip_rate"), undefined("no N"))
    second = replace(second, metrics={**second.metrics, **gone})
    picture = describe_picture("candidates", [first, second])
    drawn = Drawn(picture)
    assert len(drawn.places_of("value")) == 1
    assert "undefined" in drawn.texts
    assert picture.alt.endswith("NFR undefined (no N).")


def test_one_candidate_has_no_such_picture() -> None:
    with pytest.raises(NoPictureError, match="there is one new model"):
        describe_picture("candidates", against(RESULTS[0]))
