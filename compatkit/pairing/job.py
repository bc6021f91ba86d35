"""Job: how to score one file, in a form that another process understands."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from compatkit.pairing.scored_rows import ScoredRows
from compatkit.pairing.scoring import score_file
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import Progress
from compatkit.recipe import Recipe
from compatkit.scorers.make import make_scorer
from compatkit.scorers.scorer import Scorer
from compatkit.stored import Store


class Job(Struct, frozen=True):
    """How to score a file, in a form that another process understands.

    Attributes:
        file: the predictions.
        scorer: the scorer, or None in another process, which makes it of the recipe.
        recipe: what the scorer is made of; None where it cannot be made elsewhere.
        options: the other arguments of `compatkit.pairing.scoring.score_file`.
        descriptor: in another process, of the temporary file that its rows may go to.
    """

    file: PredictionFile
    scorer: Scorer | None
    recipe: Recipe | None
    options: Mapping[str, Any]
    descriptor: int | None = None

    def run(self, progress: Progress | None = None) -> ScoredRows:
        """Score the file in this process."""
        store = None if self.descriptor is None else Store(self.descriptor)
        scorer = self.make_scorer()
        return score_file(self.file, scorer, progress=progress, store=store, **self.options)

    def make_scorer(self) -> Scorer:
        """Return the scorer, made of the recipe where there is none."""
        scorer = self.scorer
        if scorer is None and self.recipe is not None:
            scorer = make_scorer(self.recipe.name, **self.recipe.options)
        if scorer is None:
            raise ValueError("a job has a scorer or a recipe of one")
        return scorer
