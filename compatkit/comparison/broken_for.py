"""Broken for: which examples broke for which cause, read when a metric asks for it."""

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from compatkit.arrays import BoolArray
from compatkit.metrics.cause_metrics import CAUSES, UNEXPLAINED
from compatkit.metrics.pair import JudgedPair
from compatkit.on_demand import OnDemand

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExamples


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
    def read() -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
        causes = np.full(len(pair.ids), None, object)
        broken = examples.of_kind("negative").causes
        causes[pair.fallen] = [UNEXPLAINED if cause is None else cause for cause in broken]
        return causes

    def flag(cause: str) -> BoolArray:
        return np.asarray(read() == cause, np.bool_)

    return OnDemand({cause: partial(flag, cause) for cause in (*CAUSES, UNEXPLAINED)})
