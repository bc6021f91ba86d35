"""Cause counts: how many answers broke for each cause, and how many by their format alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compatkit.comparison.causes import CAUSES
from compatkit.comparison.examples import KINDS, FlippedExample, FlippedExamples
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import MetricValue, Plan, share
from compatkit.metrics.pair import JudgedPair

FORMAT = "format"


@dataclass(frozen=True, slots=True)
class CauseCounts:
    """Why answers broke, as shares of all examples, with intervals and counts.

    `format_flip_rate` and `content_flip_rate` add up to the negative flip rate.

    Attributes:
        format_flip_rate: the examples whose new answer is a reference in another format. A
            prompt or a normalisation mends these.
        content_flip_rate: all other negative flips.
        by_cause: each name of `compatkit.comparison.causes.CAUSES` to the examples that broke for
            it; of several causes the first of the table counts, so that no example counts twice.
        unknown: the negative flips without a cause that the files say.
    """

    format_flip_rate: MetricValue
    content_flip_rate: MetricValue
    by_cause: Mapping[str, MetricValue]
    unknown: MetricValue


def count_causes(pair: JudgedPair, examples: FlippedExamples, level: float) -> CauseCounts:
    """Count the causes of the negative flips; the examples are read for it.

    Args:
        pair: the results of each example.
        examples: its flipped examples.
        level: of the intervals.

    Raises:
        ConfigError: examples have several samples, of which a flip is no single event.
    """
    if not pair.single:
        raise ConfigError(
            "causes are counted of one sample per example: of several, an answer is expected to "
            "break by a share."
        )
    broken: Sequence[FlippedExample] = list(examples.of_kind(KINDS[0]))
    causes = np.full(len(pair.ids), "", object)
    causes[pair.fallen] = [example.cause or "unknown" for example in broken]
    plan = Plan(level=level, clusters=pair.clusters)
    return CauseCounts(
        share(causes == FORMAT, plan),
        share((causes != "") & (causes != FORMAT), plan),
        {name: share(causes == name, plan) for name in CAUSES},
        share(causes == "unknown", plan),
    )
