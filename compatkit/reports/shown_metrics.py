"""Shown metrics: which metrics of some comparisons are worth a row of a report."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.cause_metrics import CAUSE_METRICS
from compatkit.metrics.definitions import METRICS

# What a short table shows; the others stand in a whole one, and in reports for programs.
MAIN_METRICS = (
    *("accuracy_old", "accuracy_new", "accuracy_delta"),
    *("negative_flip_rate", "positive_flip_rate"),
    *("backward_trust_compatibility", "relative_negative_flip_rate"),
    *("score_delta", "mean_regression"),
    *("expected_negative_flip_rate", "expected_positive_flip_rate"),
    *("flip_floor_old", "excess_negative_flip_rate"),
    *("delta_accuracy", "delta_nfr", "delta_score"),
    *("kl_divergence", "close_call_rate", "confident_negative_flip_rate"),
)
# Whose right answers to one reference are one answer.
ONE_ANSWER = ("exact_match", "choice", "numeric")
# One cause each, most of which no example has.
RARE = CAUSE_METRICS.keys() - {"format_flip_rate", "content_flip_rate"}


def named_metrics(results: Sequence[Comparison]) -> list[str]:
    """Return the metrics that say something of these comparisons, by what was measured.

    Args:
        results: the comparisons of one report.
    """
    families = {"accuracy", "flips"}
    if not all(comparison.pair.single for comparison in results):
        families = {"accuracy"}
    if any(
        comparison.metrics["expected_negative_flip_rate"].value is not None
        for comparison in results
    ):
        families.add("samples")
    if any(comparison.continuous for comparison in results):
        families.add("smooth")
    if any(comparison.pair.confidence is not None for comparison in results):
        families.add("confidence")
    if any(comparison.pair.broken_for for comparison in results):
        families.add("causes")
    names = [name for name, metric in METRICS.items() if metric.family in families]
    if any(comparison.baseline is not None for comparison in results):
        names += [
            name
            for name, metric in METRICS.items()
            if metric.family == "candidate"
            and any(comparison.metrics[name].value is not None for comparison in results)
        ]
    return [name for name in names if not _is_true_by_construction(name, results)]


def shown_metrics(results: Sequence[Comparison], *, whole: bool = True) -> list[str]:
    """Return the metrics that are worth a row: not those of causes that no example has.

    Args:
        results: the comparisons of one report.
        whole: all of them, or those that matter most.
    """
    return [
        name
        for name in named_metrics(results)
        if (whole or name in MAIN_METRICS)
        and (name not in RARE or any(_counts(name, comparison) for comparison in results))
    ]


def _counts(name: str, comparison: Comparison) -> bool:
    return name in comparison.metrics and bool(comparison.metrics[name].numerator)


def _is_true_by_construction(name: str, results: Sequence[Comparison]) -> bool:
    """Tell what says nothing: that two right answers are the same, where one alone is right."""
    return name == "agreement_right" and all(
        comparison.scorer in ONE_ANSWER and comparison.metrics[name].value == 1.0
        for comparison in results
    )
