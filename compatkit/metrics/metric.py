"""Metric: what a metric is, and the families that metrics come in."""

import re

from msgspec import Struct

from compatkit.metrics.estimates import Measured, MetricValue, Plan, draw, undefined
from compatkit.metrics.flips import Measure
from compatkit.metrics.needs import (
    BROKEN_FOR,
    CANDIDATE,
    CHOICES,
    CONTINUOUS,
    ONE_SAMPLE,
    ONE_SAMPLE_EACH,
    SAMPLES,
    Need,
)
from compatkit.metrics.pair import JudgedPair
from compatkit.record import replace


class Family(Struct, frozen=True):
    """Metrics that belong together.

    Attributes:
        title: what a page calls them.
        note: what holds of all of them, empty for nothing.
        needs: what none of them can be measured without.
        optional: where that is lacking they are not named either; else they are undefined.
    """

    title: str
    note: str = ""
    needs: tuple[Need, ...] = ()
    optional: bool = False

    def is_named(self, pair: JudgedPair) -> bool:
        """Whether the metrics of a pair name these."""
        return not self.optional or all(need.is_met(pair) for need in self.needs)


FAMILIES: dict[str, Family] = {
    "accuracy": Family("Accuracy"),
    "flips": Family("Flips of right and wrong", needs=(ONE_SAMPLE,)),
    "smooth": Family(
        "Flips of a continuous score",
        "D_i is the new score less the old one. A change of at most `--epsilon` (0 if not said)\n"
        "is a tie.",
        (CONTINUOUS,),
    ),
    "candidate": Family(
        "Several candidates",
        "A candidate is held against the old model, and its flips against those of the first new\n"
        "model: both count the same examples, so the difference is a paired one.",
        (CANDIDATE, ONE_SAMPLE_EACH),
    ),
    "samples": Family(
        "Several samples per example",
        "p_i and q_i are the old and the new model's shares of right samples on example i, of K_i\n"
        "and L_i samples. A second run of the old model (`--old-rerun`) stands in for more of "
        "them.",
        (SAMPLES,),
    ),
    "confidence": Family(
        "Confidence over choices",
        "p_ik and q_ik are the old and the new probability of choice k of example i: its share of\n"
        "the likelihoods of all choices, exp(l_ik) / sum over k of exp(l_ik), of\n"
        "log-likelihoods l_ik that are raw, or weighed as what is judged weighs them. The margin\n"
        "is the probability of the right choice less that of the likeliest wrong one, and c the\n"
        "largest old margin of a close call.",
        (CHOICES, ONE_SAMPLE),
        optional=True,
    ),
    "causes": Family(
        "Why answers broke",
        "The cause of a negative flip is the first of the [causes](formats.md#a-flipped-example)\n"
        "that holds of it.",
        (BROKEN_FOR, ONE_SAMPLE),
        optional=True,
    ),
}


def name_average(text: str, pass_at: int | None) -> str:
    """Return words about accuracy as those about what stands for it, where that is pass@k.

    >>> name_average("drop of accuracy", 5), name_average("Accuracy", None)
    ('drop of pass@5', 'Accuracy')
    """
    return text if pass_at is None else re.sub("[Aa]ccuracy", f"pass@{pass_at}", text)


class Metric(Struct, frozen=True):
    """What a metric is.

    Attributes:
        label: what a table calls it.
        formula: over the counts n11 (both right), n10 (negative flips), n01 (positive flips),
            n00 (both wrong), N; over changes of score D_i; over shares of right samples p_i, q_i.
        meaning: one sentence for somebody who sees it for the first time.
        family: a name in `FAMILIES`.
        estimate: from a pair that has what it needs, and a plan, to its value and interval.
        source: paper and section, empty for what needs none.
        unit: how it is shown: `share` as a percentage, `points` as signed percentage points,
            `percent` as it stands with a percent sign, `score`, `change` (a signed score) or
            `ratio` as a number.
        needs_too: what it needs beside what its family does.
        approximate: where its interval is a bootstrap's, it holds less often than its level says
            in some measured cells: few changes with heavy tails, groups of unequal size.
    """

    label: str
    formula: str
    meaning: str
    family: str
    estimate: Measure
    source: str = ""
    unit: str = "share"
    needs_too: tuple[Need, ...] = ()
    approximate: bool = False

    @property
    def needs(self) -> tuple[Need, ...]:
        """What it cannot be measured without."""
        return (*FAMILIES[self.family].needs, *self.needs_too)

    def is_approximate(self, value: MetricValue) -> bool:
        """Whether a value's interval holds only about as often as its level says."""
        bounded = value.low is not None and value.high is not None
        return self.approximate and bounded and (value.method or "").startswith("bootstrap")

    def prepare(self, pair: JudgedPair, plan: Plan) -> Measured:
        """Return its value; without what it needs it is undefined, and says why."""
        for need in self.needs:
            if not need.is_met(pair):
                counts = 0 if need.counts else None
                return replace(undefined(need.reason), numerator=counts, denominator=counts)
        return self.estimate(pair, plan)

    def measure(self, pair: JudgedPair, plan: Plan) -> MetricValue:
        """Return its value and interval."""
        return draw([self.prepare(pair, plan)], plan)[0]
