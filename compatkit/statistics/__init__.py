"""Statistics: intervals and tests as pure functions of counts or arrays, with an explicit seed."""

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
from compatkit.statistics.pass_at import pass_at
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
