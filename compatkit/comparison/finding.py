"""Finding: slices that were not named, of one comparison, of several candidates, or of tasks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compatkit.arrays import IntArray
from compatkit.comparison.checked_options import Options
from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Plan
from compatkit.pairing.alignment import Alignment
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.record import replace

if TYPE_CHECKING:
    from compatkit.pairing.joined_features import JoinedFeatures


def refuse_search(options: Options, what: str) -> None:
    """Refuse a search that nothing would come of.

    Raises:
        ConfigError: slices were to be found, where more than one update is looked at.
    """
    if options.find_slices:
        raise ConfigError(
            f"--find-slices is of one update, and {what} shows several. Compare two versions."
        )


def asked_of(options: Options, number: int) -> dict[str, str]:
    """Return what is asked of the rows of a side, the old model's being 0: its texts tell more."""
    if not options.find_slices:
        return {}
    return {"features": "fields" if number else "texts"}


def join_for_search(
    options: Options,
    sides: Sequence[ScoredRows],
    examples: Sequence[IntArray],
    aligned: Alignment,
) -> "JoinedFeatures | None":
    """Return what tells the examples of two models apart; None where it was not asked for."""
    if not options.find_slices:
        return None
    from compatkit.pairing.joined_features import join_features  # noqa: PLC0415  (start-up time)

    joined = join_features(sides, examples, len(aligned.ids))
    groups = None if options.cluster is None else aligned.attributes[options.cluster]
    return replace(joined, groups=groups)


def join_tasks(parts: Sequence[Comparison]) -> "JoinedFeatures | None":
    """Put together what tells the examples of several tasks apart, the task among it."""
    features = {part.task: part.features for part in parts if part.features is not None}
    if len(features) < len(parts):
        return None
    from compatkit.pairing.joined_features import concatenate_features  # noqa: PLC0415  (start-up time)

    joined = concatenate_features(features, [len(part.pair.ids) for part in parts])
    return replace(joined, repeated=sum(part.evidence.repeated for part in parts))


def find_where(results: Sequence[Comparison], plan: Plan) -> list[Comparison]:
    """Find where broken answers gather, where that was asked for.

    Args:
        results: the comparisons of one old model with each candidate, whose p-values are corrected
            together; of several tasks, the totals.
        plan: level, seed and resamples.
    """
    asked = [result for result in results if result.features is not None]
    if not asked:
        return list(results)
    from compatkit.metrics.found_slices import adjust, find_slices  # noqa: PLC0415  (start-up time)

    searched = [
        find_slices(
            result.pair,
            result.features.features,
            plan,
            groups=result.features.groups,
            aside=result.features.aside,
            repeated=result.features.repeated + result.evidence.repeated,
        )
        for result in asked
        if result.features is not None
    ]
    corrected = adjust([of_one.tested for of_one in searched])
    return [
        replace(result, found_slices=replace(of_one, tested=tuple(tested)))
        for result, of_one, tested in zip(asked, searched, corrected, strict=True)
    ]
