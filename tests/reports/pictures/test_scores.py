import re

import numpy as np
import pytest
from drawn_pictures import Drawn, compare_answers

from compatkit import compare
from compatkit.reports.pictures import NoPictureError, describe_picture
from compatkit.reports.pictures.drawing.cloud import _edges
from compatkit.reports.pictures.scores import MOST_POINTS

OLD = [(0.2, ""), (0.8, ""), (0.6, ""), (0.9, ""), (0.1, "")]
NEW = [(0.4, ""), (0.3, ""), (0.7, ""), (0.1, ""), (0.5, "")]


def test_each_example_lies_in_its_quadrant() -> None:
    picture = describe_picture("scores", [compare_answers(OLD, NEW, threshold=0.5)])
    [panel] = picture.panels
    assert panel.broken.tolist() == [False, True, False, True, False]
    assert panel.repaired.tolist() == [False, False, False, False, True]
    assert panel.corners == (
        "1 right before and after",
        "2 broken",
        "1 repaired",
        "1 wrong before and after",
    )
    assert picture.alt.endswith(
        "5 examples, right from the score 0.5: 1 right before and after, 2 broken, 1 repaired, "
        "1 wrong before and after."
    )


def test_each_example_is_a_point_at_its_scores() -> None:
    drawn = Drawn(describe_picture("scores", [compare_answers(OLD, NEW, threshold=0.5)]))
    points = {tuple(p) for mark in ("plain", "broken", "repaired") for p in drawn.places_of(mark)}
    assert len(points) == 5
    across = sorted(x for x, _ in points)
    olds = sorted(score for score, _ in OLD)
    assert np.corrcoef(across, olds)[0, 1] == pytest.approx(1, abs=1e-5)
    [(x, y)] = drawn.places_of("repaired")  # 0.1 before, 0.5 now
    assert x == min(across)
    assert y == sorted(y for _, y in points)[1]  # up is less: 0.7 alone is higher


def test_many_examples_are_counted_in_cells_so_that_a_page_stays_small() -> None:
    rng = np.random.default_rng(0)
    sides = [[(score, "") for score in rng.random(50_000).tolist()] for _ in range(2)]
    picture = describe_picture("scores", [compare_answers(*sides, threshold=0.5)])
    assert picture.panels[0].in_cells
    assert len(Drawn(picture).source) < 200_000
    assert "the stronger its colour, the more examples in a cell" in Drawn(picture).texts
    few = [side[:MOST_POINTS] for side in sides]
    assert not describe_picture("scores", [compare_answers(*few, threshold=0.5)]).panels[0].in_cells


@pytest.mark.parametrize(
    ("threshold", "low", "high"), [(0.3, 0, 1), (1, 0, 1), (0, 0, 1), (7, -3, 9)]
)
def test_no_cell_lies_on_both_sides_of_the_threshold(
    threshold: float, low: float, high: float
) -> None:
    edges = _edges(threshold, low, high)
    assert threshold in edges
    assert (edges[0], edges[-1]) == (low, high)


def test_right_or_wrong_answers_have_no_such_picture() -> None:
    rows = [(1, ""), (0, "")]
    with pytest.raises(NoPictureError, match="nothing between"):
        describe_picture("scores", [compare_answers(rows, rows)])


def test_several_samples_have_no_quadrants() -> None:
    rows = [
        {"id": "a", "score": score, "sample": n, "p": "x"} for n, score in enumerate((0.2, 0.9))
    ]
    fields = {"prediction": "p"}
    comparison = compare(rows, rows, scorer="field:score", threshold=0.5, fields=fields)
    with pytest.raises(NoPictureError, match=re.escape("several samples")):
        describe_picture("scores", [comparison])
