"""Estimates of several samples per example: expected flips and the noise among them."""

from dataclasses import replace

import numpy as np

from compatkit import statistics
from compatkit.metrics.estimates import Metrics, Plan, estimate, mean_value, share, undefined
from compatkit.metrics.pair import Judged


def estimate_samples(old: Judged, new: Judged, plan: Plan, rerun: Judged | None = None) -> Metrics:
    """Return the metrics of the family `samples`, and the accuracies where samples are several.

    Args:
        old: the old model's results.
        new: the new model's results.
        plan: how intervals are made.
        rerun: a second run of the old model, which stands in for more samples of it.
    """
    p, k = old.right, np.maximum(old.samples, 1)
    q, l = new.right, np.maximum(new.samples, 1)  # noqa: E741
    metrics: Metrics = {}
    shares = replace(plan, bounded=True)
    if k.max(initial=1) > 1 or l.max(initial=1) > 1:
        metrics = {
            "accuracy_old": mean_value(p, shares, 0.0),
            "accuracy_new": mean_value(q, shares, 0.0),
            "accuracy_delta": mean_value(q - p, shares, -1.0),
        }
    if rerun is not None:
        more = k + rerun.samples
        p, k = (p * k + rerun.right * rerun.samples) / more, more
    level, seed, resamples, clusters = plan.level, plan.seed, plan.resamples, plan.clusters
    found = {
        "expected_negative_flip_rate": statistics.expected_flip_rate(
            p, q, level=level, seed=seed, resamples=resamples, clusters=clusters
        ),
        "expected_positive_flip_rate": statistics.expected_flip_rate(
            q, p, level=level, seed=seed, resamples=resamples, clusters=clusters
        ),
        "flip_floor_old": statistics.flip_floor(
            p, k, level=level, seed=seed, resamples=resamples, clusters=clusters
        ),
        "flip_floor_new": statistics.flip_floor(
            q, l, level=level, seed=seed, resamples=resamples, clusters=clusters
        ),
        "excess_negative_flip_rate": statistics.excess_flip_rate(
            p, k, q, level=level, seed=seed, resamples=resamples, clusters=clusters
        ),
    }
    metrics |= {name: estimate(each.value, each.interval) for name, each in found.items()}
    for name, size in (("flip_floor_old", k), ("flip_floor_new", l)):
        if size.max(initial=0) == 1:
            metrics[name] = undefined("no example has two samples of this model")
    if k.max(initial=0) == 1:
        metrics["excess_negative_flip_rate"] = metrics["flip_floor_old"]
    counts = [np.rint(share * size).astype(np.int64) for share, size in ((p, k), (q, l))]
    reliable = statistics.reliable_flips(counts[0], k, counts[1], l)
    metrics["reliable_negative_flip_rate"] = share(reliable.worse, plan)
    metrics["reliable_positive_flip_rate"] = share(reliable.better, plan)
    return metrics
