"""Measure: the numbers of every method of an update, by compatkit's own statistics."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from experiment import Experiment, Rows

from compatkit import Comparison, compare_candidates, statistics

RESAMPLES = 10_000
DISCRETE = {
    "accuracy": "accuracy_new",
    "nfr": "negative_flip_rate",
    "pfr": "positive_flip_rate",
    "nfr_mc": "inconsistency_flip_rate",
    "delta_accuracy": "delta_accuracy",
    "delta_nfr_percent": "delta_nfr_percent",
}
SMOOTH = {
    "accuracy": "score_new",
    "nfr": "smooth_negative_flip_rate",
    "pfr": "smooth_positive_flip_rate",
    "mean_gain": "mean_gain",
    "mean_regression": "mean_regression",
    "delta_accuracy": "delta_score",
    "delta_nfr_percent": "delta_smooth_nfr_percent",
}


@dataclass(frozen=True)
class Number:
    """A number with its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One method of one update.

    Attributes:
        pair: of bases.
        update: `equal` or `gap`.
        method: its name; `plain` is the task adapter of the new base.
        numbers: by the names of `DISCRETE` or `SMOOTH`.
        against_control: what it changes against the control that was trained on by
            cross-entropy: accuracy with its interval, and the p-value of the change of NFR.
    """

    pair: str
    update: str
    method: str
    numbers: dict[str, Number]
    against_control: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        return asdict(self)


def measure_update(
    experiment: Experiment, update: str, methods: Mapping[str, Rows]
) -> tuple[list[Row], dict[str, Number]]:
    """Return a row per method, and what stands beside them: the old model and the noise floors."""
    old, plain = experiment.of_task(update), experiment.of_task("new")
    named = {"plain": plain, **methods}
    found = dict(zip(named, _compare(experiment, old, list(named.values())), strict=True))
    rest = {name: rows for name, rows in named.items() if name != "ce"}
    control = [found["ce"], *_compare(experiment, old, [methods["ce"], *rest.values()])[1:]]
    beside = dict(zip(["ce", *rest], control, strict=True))
    names = SMOOTH if found["plain"].continuous else DISCRETE
    rows = [
        Row(
            experiment.pair.name,
            update,
            name,
            {key: _number(each, metric) for key, metric in names.items()},
            {} if name == "ce" else _against(beside[name], found["ce"], names),
        )
        for name, each in found.items()
    ]
    return rows, _floors(experiment, update, found["plain"], names)


def _compare(experiment: Experiment, old: Rows, candidates: list[Rows]) -> list[Comparison]:
    return compare_candidates(
        old,
        candidates,
        scorer=experiment.world.scorer,
        cluster="example",
        correction="none",
        keep_flips=False,
    )


def _number(comparison: Comparison, name: str) -> Number:
    metric = comparison.metrics.get(name)
    return Number(None) if metric is None else Number(metric.value, metric.low, metric.high)


def _against(method: Comparison, control: Comparison, names: Mapping[str, str]) -> dict[str, Any]:
    """Return accuracy less the control's, and the p-value of breaking as many as the control."""
    change = _broken(method) - _broken(control)
    clusters = method.pair.clusters
    units = change if clusters is None else np.bincount(clusters, change)
    return {
        "delta_accuracy": asdict(_number(method, names["delta_accuracy"])),
        "delta_nfr_percent": asdict(_number(method, names["delta_nfr_percent"])),
        "p_value": statistics.permutation_test(units, resamples=RESAMPLES),
    }


def _broken(comparison: Comparison) -> Any:
    pair = comparison.pair
    if comparison.continuous:
        return (pair.new.scores < pair.old.scores).astype(np.float64)
    return ((pair.old.right > 0) & (pair.new.right == 0)).astype(np.float64)


def _floors(
    experiment: Experiment, update: str, plain: Comparison, names: Mapping[str, str]
) -> dict[str, Number]:
    """Return the old model's accuracy and the NFR between seeds of one and the same base."""
    floors = {}
    if experiment.scale.seeds > 1:
        for side in (update, "new"):
            one, other = experiment.of_task(side), experiment.of_task(side, shift=1)
            floors[f"floor, {side} base"] = _number(
                _compare(experiment, one, [other])[0], names["nfr"]
            )
    was = names["accuracy"].replace("new", "old")
    return {"old accuracy": _number(plain, was), **floors}
