"""Statistics: intervals and tests as pure functions of counts or arrays, with an explicit seed.

Each is loaded when it is first used: most comparisons use few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compatkit.statistics.betting import betting_mean, betting_p_value, betting_ratio
    from compatkit.statistics.bootstrap import (
        bootstrap_difference_of_means,
        bootstrap_mean,
        bootstrap_ratio,
        bootstrap_ratios,
    )
    from compatkit.statistics.bootstrap_any import bootstrap_counts, bootstrap_statistic
    from compatkit.statistics.clusters import cluster_mean, cluster_proportion, cluster_variance
    from compatkit.statistics.conservative import (
        conservative_difference,
        conservative_mean,
        conservative_relative_flips,
    )
    from compatkit.statistics.interval import Estimate, Interval
    from compatkit.statistics.lifts import lift_interval, more_inside
    from compatkit.statistics.multiplicity import benjamini_hochberg, holm
    from compatkit.statistics.noise import excess_flip_rate, expected_flip_rate, flip_floor
    from compatkit.statistics.paired import (
        delta_rate,
        delta_rate_percent,
        newcombe_paired,
        relative_flip_ratio,
        tango,
    )
    from compatkit.statistics.pass_at_k import pass_at
    from compatkit.statistics.power import (
        equivalence_power,
        examples_for_equivalence,
        examples_needed,
        largest_passing_rate,
        power_of_gate,
        smallest_detectable,
    )
    from compatkit.statistics.proportions import clopper_pearson, wilson
    from compatkit.statistics.reliable import (
        ReliableFlips,
        ReliablePower,
        fisher_exact,
        reliable_flips,
        reliable_power,
    )
    from compatkit.statistics.sequences import confidence_sequence
    from compatkit.statistics.significance import (
        CombinedTest,
        combine_changes,
        combine_tasks,
        mcnemar,
        permutation_test,
    )
    from compatkit.statistics.slices import (
        groups_differ,
        simultaneous_proportions,
        slices_above_others,
        slices_differ,
    )

__all__ = [
    "CombinedTest",
    "Estimate",
    "Interval",
    "ReliableFlips",
    "ReliablePower",
    "benjamini_hochberg",
    "betting_mean",
    "betting_p_value",
    "betting_ratio",
    "bootstrap_counts",
    "bootstrap_difference_of_means",
    "bootstrap_mean",
    "bootstrap_ratio",
    "bootstrap_ratios",
    "bootstrap_statistic",
    "clopper_pearson",
    "cluster_mean",
    "cluster_proportion",
    "cluster_variance",
    "combine_changes",
    "combine_tasks",
    "confidence_sequence",
    "conservative_difference",
    "conservative_mean",
    "conservative_relative_flips",
    "delta_rate",
    "delta_rate_percent",
    "equivalence_power",
    "examples_for_equivalence",
    "examples_needed",
    "excess_flip_rate",
    "expected_flip_rate",
    "fisher_exact",
    "flip_floor",
    "groups_differ",
    "holm",
    "largest_passing_rate",
    "lift_interval",
    "mcnemar",
    "more_inside",
    "newcombe_paired",
    "pass_at",
    "permutation_test",
    "power_of_gate",
    "relative_flip_ratio",
    "reliable_flips",
    "reliable_power",
    "simultaneous_proportions",
    "slices_above_others",
    "slices_differ",
    "smallest_detectable",
    "tango",
    "wilson",
]

_HOMES = {
    "CombinedTest": "significance",
    "Estimate": "interval",
    "Interval": "interval",
    "ReliableFlips": "reliable",
    "ReliablePower": "reliable",
    "benjamini_hochberg": "multiplicity",
    "betting_mean": "betting",
    "betting_p_value": "betting",
    "betting_ratio": "betting",
    "bootstrap_counts": "bootstrap_any",
    "bootstrap_difference_of_means": "bootstrap",
    "bootstrap_mean": "bootstrap",
    "bootstrap_ratio": "bootstrap",
    "bootstrap_ratios": "bootstrap",
    "bootstrap_statistic": "bootstrap_any",
    "clopper_pearson": "proportions",
    "cluster_mean": "clusters",
    "cluster_proportion": "clusters",
    "cluster_variance": "clusters",
    "combine_changes": "significance",
    "combine_tasks": "significance",
    "confidence_sequence": "sequences",
    "conservative_difference": "conservative",
    "conservative_mean": "conservative",
    "conservative_relative_flips": "conservative",
    "delta_rate": "paired",
    "delta_rate_percent": "paired",
    "equivalence_power": "power",
    "examples_for_equivalence": "power",
    "examples_needed": "power",
    "excess_flip_rate": "noise",
    "expected_flip_rate": "noise",
    "fisher_exact": "reliable",
    "flip_floor": "noise",
    "groups_differ": "slices",
    "holm": "multiplicity",
    "largest_passing_rate": "power",
    "lift_interval": "lifts",
    "mcnemar": "significance",
    "more_inside": "lifts",
    "newcombe_paired": "paired",
    "pass_at": "pass_at_k",
    "permutation_test": "significance",
    "power_of_gate": "power",
    "relative_flip_ratio": "paired",
    "reliable_flips": "reliable",
    "reliable_power": "reliable",
    "simultaneous_proportions": "slices",
    "slices_above_others": "slices",
    "slices_differ": "slices",
    "smallest_detectable": "power",
    "tango": "paired",
    "wilson": "proportions",
}


def __getattr__(name: str) -> Any:
    """Load a function from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the functions."""
    return sorted(__all__)
