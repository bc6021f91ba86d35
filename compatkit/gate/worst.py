"""Worst: what a budget's quantity is at worst, whatever the new model answers."""

from compatkit.metrics.estimates import Plan
from compatkit.metrics.pair import JudgedPair


def old_accuracy(pair: JudgedPair, plan: Plan) -> float:  # noqa: ARG001
    """Return what is lost where every right answer breaks."""
    return float(pair.old.held_right.mean())


def old_confident_accuracy(pair: JudgedPair, plan: Plan) -> float:
    """Return what is lost where every right answer breaks that is no close call."""
    if pair.confidence is None:
        return old_accuracy(pair, plan)
    return float((pair.was_right & ~pair.confidence.close).mean())


def old_score(pair: JudgedPair, plan: Plan) -> float:
    """Return what is lost where every score falls to 0; 1 where scores have no range."""
    return float(pair.old.scores.mean()) if plan.bounded else 1.0


def accuracy_either_way(pair: JudgedPair, plan: Plan) -> float:
    """Return the larger of what accuracy can lose and gain."""
    lost = old_accuracy(pair, plan)
    return max(lost, 1.0 - lost)


def score_either_way(pair: JudgedPair, plan: Plan) -> float:
    """Return the larger of what the mean score can lose and gain."""
    lost = old_score(pair, plan)
    return max(lost, 1.0 - lost)


def highest_score(pair: JudgedPair, plan: Plan) -> float:
    """Return the largest fall that there can be; 1 where scores have no range."""
    return float(pair.old.scores.max()) if plan.bounded else 1.0


def relative_flips(pair: JudgedPair, plan: Plan) -> float:  # noqa: ARG001
    """Return the relative NFR where every answer is wrong."""
    accuracy = float(pair.old.held_right.mean())
    return 1.0 / accuracy if accuracy else 0.0


def excess_flips(pair: JudgedPair, plan: Plan) -> float:  # noqa: ARG001
    """Return the excess NFR where every answer is wrong."""
    share, samples = pair.old_share, pair.old_samples
    floor = share * (1.0 - share) * samples / (samples - 1).clip(1)
    return float((share - floor).mean())
