"""Unseen: references that a scorer cannot read, whose rows nothing can be said of."""

from collections.abc import Callable
from itertools import chain

import numpy as np

from compatkit.predictions.predictions import Predictions
from compatkit.record import replace
from compatkit.scorers.scorer import Scored


def leave_out_unseen(
    scored: Scored, rows: Predictions, sees: Callable[[str], bool], sentence: str
) -> Scored:
    """Leave out the rows that have references and none that the scorer can read.

    An answer to such a row is neither right nor wrong: a score of 0 on both sides would hide
    whatever an update breaks.

    Args:
        scored: the scores of the batch.
        rows: the batch.
        sees: tells whether a reference can be read.
        sentence: the note about the references that cannot.
    """
    texts = set(chain.from_iterable(rows.references))
    unread = {text for text in texts if not sees(text)}
    if not unread:
        return scored
    lost = [[text for text in references if text in unread] for references in rows.references]
    unscored = [
        len(texts) == len(references) > 0
        for texts, references in zip(lost, rows.references, strict=True)
    ]
    return replace(
        scored,
        notes={**scored.notes, sentence: sum(map(len, lost))},
        examples={**scored.examples, sentence: next(text for texts in lost for text in texts)},
        unscored=np.array(unscored, np.bool_),
    )
