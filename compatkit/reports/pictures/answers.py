"""Answers: which of the old model's became which of the new one's."""

from collections.abc import Sequence

import numpy as np

from compatkit.comparison.agreement import Agreement
from compatkit.comparison.comparison import Comparison
from compatkit.reports.pictures.lacking import NoPictureError
from compatkit.reports.pictures.panels import one_by_one
from compatkit.reports.pictures.picture import Grid, Picture
from compatkit.reports.view import DASH, count_of, format_number


def describe_answers(results: Sequence[Comparison]) -> Picture:
    """Describe the agreement of answers as a matrix, the old model's down, the new one's across.

    Args:
        results: one comparison per task and candidate.

    Raises:
        NoPictureError: there are many answers, as of free text, one alone, or several samples.
    """
    few = [result for result in results if result.agreement is not None]
    if not few:
        raise NoPictureError(
            "answers: they are not a few, as those of choices are, with one sample an example; "
            "or there is one answer alone."
        )
    return one_by_one("answers", "Old answers against new ones", few, _panel)


def _panel(comparison: Comparison) -> tuple[Grid, str]:
    agreement = comparison.agreement or Agreement((), np.zeros((0, 0), np.int64))
    counts, total = agreement.counts, int(agreement.counts.sum())
    names = tuple(DASH if text is None else text for text in agreement.answers)
    same = np.eye(len(names), dtype=np.bool_)
    changes = np.where(same, 0, counts)
    values = np.where(
        same, counts / max(int(np.diagonal(counts).max()), 1), changes / max(int(changes.max()), 1)
    )
    share = format_number(agreement.same / total, "share")
    sentence = f"{agreement.same:,} of {count_of(total, 'answer')} stayed the same, {share}"
    if changes.any():
        old, new = np.unravel_index(int(changes.argmax()), changes.shape)
        sentence += f"; the most frequent change, {names[old]} to {names[new]}, {changes.max():,}"
    notes = ["grey: the same answer; the stronger its colour, the more examples in a cell"]
    if None in agreement.answers:
        notes.append(f"{DASH}: no answer")
        sentence += f"; {DASH} stands for no answer"
    panel = Grid(
        heading="",
        rows=names,
        columns=names,
        values=values,
        texts=tuple(
            tuple(f"{count:,}" if count else "" for count in row) for row in counts.tolist()
        ),
        row_title="old",
        column_title="new",
        quiet=same,
        note="; ".join(notes),
    )
    return panel, f"{sentence}."
