"""Broken for: which examples broke for which cause, read when a metric asks for it."""

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from compatkit.arrays import BoolArray
from compatkit.metrics.cause_metrics import CAUSES, EVERY_CAUSE, UNEXPLAINED
from compatkit.metrics.pair import JudgedPair
from compatkit.on_demand import OnDemand

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExamples

WHOLE = -1  # in the place of a cause's number: the example did not break


def flag_causes(pair: JudgedPair, examples: "FlippedExamples | None") -> OnDemand[BoolArray]:
    """Return cause to the examples that broke for it, shape (N,); nothing is read here.

    Args:
        pair: the aligned results.
        examples: its flipped examples; None where they were not kept, of which nothing is known,
            as of several samples, of which a flip is no single event.
    """
    if examples is None or not pair.single:
        return OnDemand({})

    @cache
    def read() -> NDArray[np.int8]:
        causes = np.full(len(pair.ids), WHOLE, np.int8)
        causes[pair.fallen] = examples.of_kind("negative").cause_numbers
        return causes

    def flag(cause: str | None) -> BoolArray:
        return np.asarray(read() == EVERY_CAUSE.index(cause), np.bool_)

    flags = {cause: partial(flag, cause) for cause in CAUSES}
    return OnDemand({**flags, UNEXPLAINED: partial(flag, None)})
