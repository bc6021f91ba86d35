"""Candidates: accuracy against NFR."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.reports.pictures.lacking import ONE_CANDIDATE, NoPictureError
from compatkit.reports.pictures.panels import (
    describe_rate,
    flip_rate,
    level_text,
    refuse_undefined,
)
from compatkit.reports.pictures.picture import Picture, Place, Plane, is_drawn
from compatkit.reports.view import name_average


def describe_candidates(results: Sequence[Comparison]) -> Picture:
    """Describe the candidates by their accuracy and their NFR, of all tasks together.

    Args:
        results: one comparison per task and candidate, totals last.

    Raises:
        NoPictureError: there is one candidate, or none has both numbers.
    """
    last = [comparison for comparison in results if comparison.task == results[-1].task]
    if len(last) < 2:  # noqa: PLR2004
        raise NoPictureError(f"candidates: {ONE_CANDIDATE}")
    places = tuple(
        Place(comparison.new_name, comparison.metrics["accuracy_new"], flip_rate(comparison))
        for comparison in last
    )
    refuse_undefined("candidates", [place.accuracy for place in places])
    refuse_undefined("candidates", [place.nfr for place in places])
    before = last[0].metrics["accuracy_old"]
    average = name_average("accuracy", last[0])
    title = f"{average[0].upper()}{average[1:]} and broken answers by candidate"
    sentences = "; ".join(
        f"{place.label}: {average} {describe_rate(place.accuracy)}, NFR {describe_rate(place.nfr)}"
        for place in places
    )
    alt = f"{title}, from {last[0].old_name} with {average} {describe_rate(before)}. {sentences}."
    note = f"{level_text(last[0])} limits, each for itself"
    old = before.value if is_drawn(before) else None
    return Picture("candidates", title, alt, [Plane("", places, old, average, note)])
