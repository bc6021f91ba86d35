"""Needs: what a metric cannot be measured without."""

from collections.abc import Callable

from msgspec import Struct

from compatkit.metrics.pair import JudgedPair
from compatkit.record import replace


class Need(Struct, frozen=True):
    """What a metric cannot be measured without.

    Attributes:
        name: what it is, as a refusal says it.
        reason: why a metric is undefined without it.
        is_met: whether a pair has it.
        counts: the metric is a share of no examples without it, 0 / 0.
    """

    name: str
    reason: str
    is_met: Callable[[JudgedPair], bool]
    counts: bool = False


ONE_SAMPLE = Need(
    "one sample per example",
    "examples have several samples; see the expected negative flip rate",
    lambda pair: pair.single,
)
ONE_SAMPLE_EACH = replace(ONE_SAMPLE, reason="examples have several samples")
ANSWERS = Need(
    "files that hold the answers",
    "the files hold no answers to compare",
    lambda pair: pair.same is not None,
    counts=True,
)
CONTINUOUS = Need(
    "a scorer with scores between right and wrong, such as rougeL",
    "the scorer knows right and wrong alone",
    lambda pair: pair.continuous,
)
CANDIDATE = Need(
    "a further new model",
    "there is no other new model to compare with",
    lambda pair: pair.baseline is not None,
)
SAMPLES = Need(
    "several samples of the old model, or old_rerun",
    "each example has one sample",
    lambda pair: not pair.single or pair.rerun is not None,
)
OF_ONE_SAMPLE = Need(
    "a comparison without --pass-at",
    "of single samples, not of pass@k",
    lambda pair: pair.pass_at in {None, 1},
)
OLD_SAMPLES = Need(
    "several samples of the old model, or old_rerun",
    "no example has two samples of this model",
    lambda pair: bool(pair.old_samples.max(initial=0) != 1),
)
NEW_SAMPLES = Need(
    "several samples of the new model",
    "no example has two samples of this model",
    lambda pair: bool(pair.new_samples.max(initial=0) != 1),
)
CHOICES = Need(
    "likelihoods of the choices in the old model's file",
    "the old file holds no likelihoods of choices",
    lambda pair: pair.confidence is not None,
)
OLD_MARGINS = Need(
    "likelihoods of the choices, and the right one, in the old model's file",
    "the old margin of the right choice is known of no example",
    lambda pair: pair.confidence is not None and bool(pair.confidence.old.is_known.any()),
)
BROKEN_FOR = Need(
    "flipped examples that are kept",
    "the flipped examples were not kept, whose causes they are",
    lambda pair: bool(pair.broken_for),
)
