"""Sweep: NFR and PFR over all thresholds."""

from collections.abc import Sequence

import numpy as np

from compatkit.comparison.comparison import Comparison
from compatkit.reports.pictures.lacking import NO_SWEEP, NoPictureError
from compatkit.reports.pictures.panels import one_by_one
from compatkit.reports.pictures.picture import (
    BROKEN,
    REPAIRED,
    Curves,
    Picture,
)
from compatkit.reports.view import count_of, format_number


def describe_sweep(results: Sequence[Comparison]) -> Picture:
    """Describe the flips at every threshold, the chosen one marked.

    Args:
        results: one comparison per task and candidate.

    Raises:
        NoPictureError: there is no sweep, or no score to sweep over.
    """
    swept = [comparison for comparison in results if comparison.sweep is not None]
    if not swept:
        raise NoPictureError(f"sweep: {NO_SWEEP}")
    drawn = [result for result in swept if result.sweep and len(result.sweep.thresholds)]
    if not drawn:
        raise NoPictureError("sweep: there is nothing to draw: no answer has a score.")
    return one_by_one("sweep", "Flips at every threshold", drawn, _panel)


def _panel(comparison: Comparison) -> tuple[Curves, str]:
    sweep = comparison.sweep
    if sweep is None:  # not one of those that are drawn
        raise NoPictureError(f"sweep: {NO_SWEEP}")
    shares = (sweep.negative_flips / sweep.total, sweep.positive_flips / sweep.total)
    worst = int(np.argmax(shares[0]))
    chosen = [_share_at(sweep.thresholds, share, comparison.threshold) for share in shares]
    sentence = (
        f"At the threshold {comparison.threshold:g}, NFR is {format_number(chosen[0], 'share')} "
        f"and PFR {format_number(chosen[1], 'share')}; over "
        f"{count_of(len(sweep.thresholds), 'threshold')} NFR is highest, "
        f"{format_number(float(shares[0][worst]), 'share')}, at {sweep.thresholds[worst]:g}."
    )
    panel = Curves(
        heading="",
        thresholds=sweep.thresholds,
        shares=shares,
        series=(BROKEN, REPAIRED),
        chosen=comparison.threshold,
    )
    return panel, sentence


def _share_at(thresholds: np.ndarray, shares: np.ndarray, threshold: float) -> float:
    """Return a share at any threshold; above all scores nothing is right, so that none flips."""
    place = int(np.searchsorted(thresholds, threshold, side="left"))
    return float(shares[place]) if place < len(shares) else 0.0
