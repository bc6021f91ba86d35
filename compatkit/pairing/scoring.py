"""Scoring: a prediction file read and scored batch by batch.

Only numbers stay of a batch: memory does not grow with the length of the texts, whatever the order
of the files.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compatkit.errors import DataError
from compatkit.pairing.row_blocks import RowBlock, join_blocks, score_rows
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.pairing.spool import Spool
from compatkit.predictions.fields import Fields, find_fields, refuse_late_fields
from compatkit.predictions.likelihoods import (
    NORMALIZED,
    Likelihoods,
    find_likelihoods,
    likelihood_fields,
    read_likelihoods,
)
from compatkit.predictions.nested import propose_rows
from compatkit.predictions.predictions import Predictions, to_predictions
from compatkit.predictions.records import Records
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import Progress
from compatkit.record import replace
from compatkit.scorers.scorer import Scorer
from compatkit.stored import Store

if TYPE_CHECKING:
    from compatkit.predictions.features import FeatureCollector


def score_file(
    file: PredictionFile,
    scorer: Scorer,
    *,
    roles: Mapping[str, str] | None = None,
    attributes: Sequence[str] = (),
    by_position: bool = False,
    lists: str | None = None,
    contents: bool = False,
    features: str = "",
    key: bytes = b"",
    progress: Progress | None = None,
    limit: int | None = None,
    store: Store | None = None,
) -> ScoredRows:
    """Read a file and score its rows.

    Args:
        file: the predictions.
        scorer: what scores them.
        roles: role to field, as the user named them; what the file's shape says of its own
            comes first.
        attributes: fields whose values are kept beside the scores.
        by_position: pair rows by their position; ids are then 1, 2, ...
        lists: what a list of predictions is; see `to_predictions`. In a log it is samples.
        contents: make digests of the inputs and references.
        features: what tells the rows apart is kept: `fields`, or `texts` too; empty for nothing.
        key: what texts are hashed with; see `hash_texts`.
        progress: called with the file's name and the share that was read.
        limit: as of `Spool`.
        store: as of `Spool`.

    Raises:
        DataError: the file cannot be read, or a row cannot be scored.
        CompatkitError: there is no room for what is kept of the rows.
    """
    spool = Spool(file.name, limit, store)

    def report(name: str, share: float) -> None:
        spool.share = share
        if progress is not None:
            progress(name, share)

    rows: RowScorer | None = None
    collector: FeatureCollector | None = None
    notes: dict[str, None] = {}
    for batch in file.batches(progress if limit is None else report):
        notes |= dict.fromkeys(f"{file.name}: {note}" for note in batch.notes)
        if not batch.rows:
            continue
        if rows is None:
            fields = decide_fields(
                batch, file, scorer, roles or {}, by_position=by_position, lists=lists
            )
            collector = _collect(fields, scorer, features)
            rows = RowScorer(fields, scorer, attributes, contents=contents, key=key)
        spool.add(rows.score(batch, collector))
    fields = Fields({}) if rows is None else rows.fields
    fields = replace(fields, notes=(*fields.notes, *notes))
    joined = finish(spool.blocks, file, fields, attributes, scorer)
    return joined if collector is None else replace(joined, features=collector.features())


class RowScorer:
    """Scores the batches of a file, or of a part of one, once its fields are decided."""

    def __init__(
        self,
        fields: Fields,
        scorer: Scorer,
        attributes: Sequence[str],
        *,
        contents: bool,
        key: bytes,
    ) -> None:
        """Begin before the first record; the arguments are those of `score_file`."""
        self.fields = fields
        self._scorer = scorer
        self._attributes = attributes
        self._contents = contents
        self._key = key
        self._texts: dict[str, str] = {}
        self._start = 0

    def score(self, batch: Records, collector: "FeatureCollector | None" = None) -> RowBlock:
        """Score the next batch, and gather its features.

        Raises:
            DataError: a row that cannot be scored.
        """
        fields, scorer = self.fields, self._scorer
        refuse_late_fields(batch.rows, batch.lines, fields, batch.name)
        further = (*self._attributes, *scorer.fields, *likelihood_fields(fields))
        rows = to_predictions(
            batch,
            fields,
            start=self._start,
            attributes=dict.fromkeys(further),
            needs_prediction=scorer.needs_prediction,
            needs_references=scorer.needs_references,
        )
        self._start += len(batch.rows)
        if collector is not None:
            collector.add(rows)
        return score_rows(
            rows,
            scorer,
            self._attributes,
            self._texts,
            has_predictions="prediction" in fields.paths,
            contents=self._contents,
            key=self._key,
            likelihoods=_read_likelihoods(rows, fields, scorer, self._key),
            size=len(batch.rows),
        )


def decide_fields(
    batch: Records,
    file: PredictionFile,
    scorer: Scorer,
    roles: Mapping[str, str],
    *,
    by_position: bool,
    lists: str | None,
) -> Fields:
    """Decide which field plays which role; what the file's shape says of its own comes first.

    Args:
        batch: the first rows.
        file: where they came from.
        scorer: what will score them.
        roles: as of `score_file`.
        by_position: as of `score_file`.
        lists: as of `score_file`.

    Raises:
        DataError: a role that no field plays.
    """
    chosen = {**roles, **file.roles}
    try:
        fields = find_fields(
            batch.rows,
            file.name,
            chosen,
            by_position=by_position,
            needs_prediction=scorer.needs_prediction,
            needs_references=scorer.needs_references,
        )
    except DataError as error:
        raise DataError(f"{error}{propose_rows(batch.rows)}") from None
    fields = find_likelihoods(batch.rows, file.name, fields, chosen)
    return replace(fields, lists=lists if file.log is None else "samples")


def finish(
    blocks: Sequence[RowBlock],
    file: PredictionFile,
    fields: Fields,
    attributes: Sequence[str],
    scorer: Scorer,
) -> ScoredRows:
    """Join the blocks of a file; see `join_blocks`.

    Raises:
        DataError: the scorer cannot read most of its references.
    """
    rows = join_blocks(blocks, file, fields, attributes, needs_answer=scorer.needs_prediction)
    if scorer.needs_references:
        _refuse_unseen(rows, scorer)
    return rows


def _collect(fields: Fields, scorer: Scorer, features: str) -> "FeatureCollector | None":
    """Return what gathers the features of the rows, None where none are asked for."""
    if not features:
        return None
    from compatkit.predictions.features import FeatureCollector  # noqa: PLC0415  (start-up time)

    played = {*fields.paths.values(), *map(fields.path_of, scorer.fields)}
    return FeatureCollector(played, with_texts=features == "texts")


def _read_likelihoods(
    rows: Predictions, fields: Fields, scorer: Scorer, key: bytes
) -> Likelihoods | None:
    if not likelihood_fields(fields):
        return None
    judged = {*scorer.fields, fields.paths.get("prediction")}
    normalized = not NORMALIZED.isdisjoint(judged)
    return read_likelihoods(rows, fields, normalized=normalized, key=key)


def _refuse_unseen(rows: ScoredRows, scorer: Scorer) -> None:
    """Refuse a file most of whose references the scorer cannot read: it is the wrong one."""
    count = int(rows.unscored.sum())
    if 2 * count > len(rows.ids):
        reasons = "; ".join(f"{number:,} {sentence}" for sentence, number in rows.notes.items())
        raise DataError(
            f"{rows.file.name}: {scorer.name} can score {len(rows.ids) - count:,} of "
            f"{len(rows.ids):,} rows: {reasons}. Another --scorer may fit."
        )
