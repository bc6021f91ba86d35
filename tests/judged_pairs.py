"""Judged pairs, made of a few numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Metrics, Plan
from compatkit.metrics.pair import Judged, JudgedPair


def judged(values: Sequence[float], samples: int | Sequence[int] = 1) -> Judged:
    """Return a model's results: these scores, which are its shares of right samples too."""
    column = np.array(values, float)
    counts = np.broadcast_to(np.array(samples, int), column.shape)
    return Judged(column, column, counts, np.zeros(len(column), int))


def pair_of(old: Judged, new: Judged, **more: Any) -> JudgedPair:
    """Return the pair of two models' results, their answers unknown."""
    return JudgedPair([f"{n:03}" for n in range(len(old.right))], old, new, None, **more)


def measure_family(family: str, pair: JudgedPair, plan: Plan) -> Metrics:
    """Return the metrics of a family."""
    return {
        name: metric.measure(pair, plan)
        for name, metric in METRICS.items()
        if metric.family == family
    }
