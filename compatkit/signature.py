"""Signature: everything that a number depends on, in one line.

Two results with the same signature are comparable; the idea is sacrebleu's (Post 2018,
arXiv 1804.08771).
"""

from collections.abc import Mapping, Sequence

from compatkit.estimates import Plan
from compatkit.scorers import Scorer
from compatkit.version import __version__


def sign(
    scorer: Scorer,
    threshold: float,
    plan: Plan,
    *,
    total: int,
    policies: Mapping[str, str],
    digests: Sequence[str],
) -> str:
    """Return the signature of a comparison.

    Args:
        scorer: with its options.
        threshold: from which score an answer is right.
        plan: level, seed, resamples and epsilon.
        total: N.
        policies: how rows were joined and what became of missing and errored ones.
        digests: SHA-256 of the old and the new file; their first 12 digits are shown.
    """
    parts: dict[str, object] = {
        "scorer": scorer.name,
        **scorer.options,
        "threshold": f"{threshold:g}",
        "n": total,
        **policies,
        "level": f"{plan.level:g}",
        "interval": "exact" if plan.exact else "wilson",
        "epsilon": f"{plan.epsilon:g}",
        "resamples": plan.resamples,
        "seed": plan.seed,
        "old": digests[0][:12],
        "new": digests[1][:12],
        "compatkit": __version__,
    }
    return "|".join(f"{name}:{_plain(value)}" for name, value in parts.items())


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
