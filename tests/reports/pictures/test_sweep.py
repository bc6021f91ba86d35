import numpy as np
import pytest
from drawn_pictures import Drawn, compare_answers
from hypothesis import given
from hypothesis import strategies as st

from compatkit import Comparison
from compatkit.reports.pictures import NoPictureError, describe_picture
from compatkit.reports.pictures.drawing.curves import MOST_STEPS, thin

OLD = [(0.2, ""), (0.8, ""), (0.6, ""), (0.9, "")]
NEW = [(0.4, ""), (0.3, ""), (0.7, ""), (0.1, "")]


def swept(**options: object) -> Comparison:
    return compare_answers(OLD, NEW, sweep=True, threshold=0.5, **options)


def test_curves_are_the_flips_of_each_threshold() -> None:
    [panel] = describe_picture("sweep", [swept()]).panels
    assert panel.thresholds.tolist() == [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]
    # Broken at t: new < t <= old; by hand of the four pairs above.
    assert (4 * panel.shares[0]).tolist() == [0, 1, 1, 2, 2, 2, 2, 1]
    assert (4 * panel.shares[1]).tolist() == [0, 0, 1, 1, 0, 1, 0, 0]
    assert panel.chosen == 0.5


def test_the_text_has_the_rates_of_the_chosen_threshold_and_the_worst() -> None:
    alt = describe_picture("sweep", [swept()]).alt
    assert "At the threshold 0.5, NFR is 50.00% and PFR 0.00%" in alt
    assert "over 8 thresholds NFR is highest, 50.00%, at 0.4." in alt


def test_above_every_score_nothing_flips() -> None:
    comparison = compare_answers(OLD, NEW, sweep=True, threshold=0.95)
    alt = describe_picture("sweep", [comparison]).alt
    assert "At the threshold 0.95, NFR is 0.00% and PFR 0.00%" in alt


def test_two_curves_and_the_chosen_threshold_are_drawn() -> None:
    drawn = Drawn(describe_picture("sweep", [swept()]))
    assert {"broken (NFR)", "repaired (PFR)", "threshold, 0.5"} <= set(drawn.texts)
    curves = [path.get("d", "") for path in drawn.nodes("path") if path.get("d", "").count("L") > 5]
    assert len(curves) == 2
    assert all(curve.count("L") == 14 for curve in curves)  # seven steps, across and up


@given(st.integers(0, 2**32 - 1), st.integers(2, 4000))
def test_a_thinned_curve_keeps_its_ends_and_its_peak(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    thresholds = np.unique(rng.random(size))
    shares = rng.random(len(thresholds))
    kept, values = thin(thresholds, shares)
    assert len(kept) <= 4 * (MOST_STEPS + 1)
    assert (kept[0], kept[-1]) == (thresholds[0], thresholds[-1])
    assert values.max() == shares.max()
    assert np.isin(kept, thresholds).all()
    assert (np.diff(kept) > 0).all()


def test_without_a_sweep_there_is_no_picture() -> None:
    with pytest.raises(NoPictureError, match="--sweep counts them"):
        describe_picture("sweep", [compare_answers(OLD, NEW)])
