"""Signature: everything that a number depends on, in one line.

Two results with the same signature are comparable; the idea is sacrebleu's (Post 2018,
arXiv 1804.08771).
"""

from collections.abc import Mapping

from compatkit.metrics.estimates import Plan
from compatkit.scorers import Scorer
from compatkit.version import __version__


def sign(
    scorer: Scorer,
    threshold: float,
    plan: Plan,
    *,
    total: int,
    policies: Mapping[str, str],
    inputs: Mapping[str, str],
) -> str:
    """Return the signature of a comparison.

    Args:
        scorer: with its options.
        threshold: from which score an answer is right.
        plan: level, seed, resamples and epsilon.
        total: N.
        policies: how rows were joined and what became of missing and errored ones.
        inputs: the beginnings of the SHA-256 of the files, and the fields that were read.
    """
    parts: dict[str, object] = {
        "scorer": scorer.name,
        **scorer.options,
        "threshold": threshold,
        "n": total,
        **policies,
        "level": plan.level,
        "interval": "exact" if plan.exact else "wilson",
        "epsilon": plan.epsilon,
        "resamples": plan.resamples,
        "seed": plan.seed,
        **inputs,
        "compatkit": __version__,
    }
    return "|".join(f"{name}:{_plain(value)}" for name, value in parts.items())


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # All digits: what differs in the last one is another number.
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
