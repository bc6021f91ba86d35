"""Scores: those of the old model against those of the new one."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.reports.pictures.lacking import NoPictureError
from compatkit.reports.pictures.panels import one_by_one
from compatkit.reports.pictures.picture import Cloud, Picture
from compatkit.reports.view import count_of, format_count, tasks_of

CELLS = "the stronger its colour, the more examples in a cell"
MOST_POINTS = 1500


def describe_scores(results: Sequence[Comparison]) -> Picture:
    """Describe the scores of each example, in the four quadrants of the threshold.

    Args:
        results: one comparison per task and candidate.

    Raises:
        NoPictureError: answers are right or wrong, have several samples, or are none.
    """
    several = len(tasks_of(results)) > 1
    total = results[-1].task if several else None
    continuous = [result for result in results if result.continuous and result.task != total]
    if not continuous:
        raise NoPictureError(
            "scores: answers are right or wrong, with nothing between. A scorer of more than "
            "two scores has such a picture, as rougeL or token_f1."
        )
    drawn = [result for result in continuous if result.pair.single and result.counts.total]
    if not drawn:
        raise NoPictureError(
            "scores: there is nothing to draw: examples have several samples, or there are none."
        )
    return one_by_one("scores", "Scores of each example", drawn, _panel)


def _panel(comparison: Comparison) -> tuple[Cloud, str]:
    pair, counts = comparison.pair, comparison.counts
    corners = (
        f"{format_count(counts.both_right)} right before and after",
        f"{format_count(counts.negative_flips)} broken",
        f"{format_count(counts.positive_flips)} repaired",
        f"{format_count(counts.both_wrong)} wrong before and after",
    )
    sentence = (
        f"{count_of(counts.total, 'example')}, right from the score {comparison.threshold:g}: "
        f"{', '.join(corners)}."
    )
    panel = Cloud(
        heading="",
        old=pair.old.scores,
        new=pair.new.scores,
        broken=pair.broken,
        repaired=~pair.was_right & pair.is_right,
        threshold=comparison.threshold,
        corners=corners,
        in_cells=counts.total > MOST_POINTS,
        note=CELLS if counts.total > MOST_POINTS else "",
    )
    return panel, sentence
