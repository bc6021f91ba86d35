"""Cluster: files scored by the workers of a Dask cluster, those of lines in parts.

Workers give outcomes back, numbers and ids, and no texts; they are joined here. Every number is
the same as without a cluster: only where a text is read and scored is another.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from compatkit.errors import CompatkitError, ConfigError
from compatkit.pairing.job import Job
from compatkit.pairing.row_blocks import RowBlock
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.pairing.scoring import RowScorer, decide_fields, finish
from compatkit.pairing.spool import Spool
from compatkit.predictions.fields import Fields
from compatkit.readers import LINES
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import Progress
from compatkit.readers.spans import Span, find_spans, join_spans, read_spans
from compatkit.record import replace
from compatkit.version import __version__

SMALLEST, LARGEST = 1 << 18, 1 << 26  # bytes of a part
PER_CORE = 4  # parts, so that the last ones leave few cores idle
MOST = 5_000  # parts of a file: a scheduler takes half a millisecond for each
PAUSE, PATIENCE = 5, 60  # seconds between two looks at the workers, and without any of them


class Task(Struct, frozen=True):
    """What one worker does at a time.

    Attributes:
        job: the file, and how it is scored.
        spans: the parts of the file, which follow each other; none for the whole.
        fields: which field plays which role in the file; None where the whole file tells.
    """

    job: Job
    spans: tuple[Span, ...] = ()
    fields: Fields | None = None


class Outcome(Struct, frozen=True):
    """What a worker gives back.

    Attributes:
        version: of compatkit there.
        rows: the blocks of a part, the rows of a whole file, or why there are none.
    """

    version: str
    rows: list[RowBlock] | ScoredRows | CompatkitError


def run_on_cluster(
    client: Any, jobs: Sequence[Job], progress: Progress | None = None
) -> list[ScoredRows]:
    """Score files on a cluster.

    What a worker cannot read, such as rows in memory, is scored here.

    Args:
        client: a `distributed.Client`.
        jobs: one per file.
        progress: called with a file's name and the share of its parts that are done.

    Raises:
        ConfigError: no client.
        CompatkitError: a worker of another version, or a cluster that failed.
        DataError: as `compatkit.pairing.scoring.score_file`, of the first file that has a fault.
    """
    if not callable(getattr(client, "submit", None)):
        raise ConfigError(f"client is {client!r}; a distributed.Client was expected.")
    key = os.urandom(32)
    cores = max(1, sum(client.ncores().values()))
    work = [replace(job, options={**job.options, "key": key}) for job in jobs]
    submitted: list[tuple[list[Task], list[Any]]] = []
    try:
        for job in work:
            tasks = [] if why_here(job.file) else list(_divide(job, cores))
            futures = [client.submit(run_task, task, pure=False) for task in tasks]
            submitted.append((tasks, futures))
        return [
            _gather(client, job, tasks, futures, progress) if tasks else job.run(progress)
            for job, (tasks, futures) in zip(work, submitted, strict=True)
        ]
    finally:
        client.cancel([future for _, futures in submitted for future in futures])


def why_here(file: PredictionFile) -> str:
    """Return why no other machine can read a file by itself; empty where one can."""
    if file.path is None:
        return "its rows are in no file that a worker could read"
    return "its references are in another file" if file.references is not None else ""


def _divide(job: Job, cores: int) -> Iterator[Task]:
    """Yield the tasks of a file: its parts, or the whole where parts say too little."""
    # What a worker gives back is sent, and lies in no file of the worker's.
    options = {**job.options, "limit": None}
    sent = replace(job, scorer=None if job.recipe is not None else job.scorer, options=options)
    file, source, how = job.file, job.file.source, job.options
    whole = file.log is not None or file.shape.where or how["by_position"] or how.get("features")
    if source is None or source.path is None:
        raise ValueError("a file without a path is scored here")
    place = replace(source, path=source.path.absolute())
    sent = replace(sent, file=replace(file, source=place, spans=()))
    packed = not file.spans and source.is_compressed()
    if whole or file.reader not in LINES or source.member or packed:
        yield Task(sent)
        return
    stored = source.size()
    size = max(min(max(stored // (PER_CORE * cores), SMALLEST), LARGEST), stored // MOST)
    spans = file.spans or find_spans(source, size)
    first = next(batch for batch in file.batches() if batch.rows)
    fields = decide_fields(
        first,
        file,
        job.make_scorer(),
        how["roles"],
        by_position=how["by_position"],
        lists=how["lists"],
    )
    for joined in join_spans(spans, size):
        yield Task(sent, joined, fields)


def run_task(task: Task) -> Outcome:
    """Score a file, or a part of one: what a worker does."""
    try:
        return Outcome(__version__, _score(task))
    except CompatkitError as error:
        return Outcome(__version__, error)


def _score(task: Task) -> list[RowBlock] | ScoredRows:
    job = task.job
    if not task.spans or task.fields is None or job.file.source is None:
        return replace(job, file=job.file.reopen()).run()
    file = replace(job.file, source=read_spans(job.file.source, task.spans))
    rows = RowScorer(
        task.fields,
        job.make_scorer(),
        job.options["attributes"],
        contents=job.options["contents"],
        key=job.options["key"],
    )
    return [rows.score(batch) for batch in file.batches(part=True) if batch.rows]


def _gather(
    client: Any,
    job: Job,
    tasks: Sequence[Task],
    futures: Sequence[Any],
    progress: Progress | None,
) -> ScoredRows:
    spool = Spool(job.file.name, job.options["limit"])
    records = 0
    for number, future in enumerate(futures, 1):
        rows = _take(client, future, job.file.name)
        if isinstance(rows, ScoredRows):
            return replace(rows, file=job.file)
        for block in rows:
            spool.add(block.shift(records))
            records += block.size
        spool.share = number / len(futures)
        if progress is not None:
            progress(job.file.name, spool.share)
    fields = tasks[0].fields
    if fields is None:
        raise ValueError("parts have fields")
    return finish(spool.blocks, job.file, fields, job.options["attributes"], job.make_scorer())


def _take(client: Any, future: Any, name: str) -> list[RowBlock] | ScoredRows:
    try:
        outcome = _wait(client, future)
    except Exception as error:  # whatever a worker, or the way to it, failed of
        raise CompatkitError(
            f"{name}: the cluster did not score it: {type(error).__name__}: {error}. Every worker "
            f"needs compatkit {__version__}, what the scorer needs, and enough memory."
        ) from error
    if outcome.version != __version__:
        raise CompatkitError(
            f"{name}: a worker of the cluster has compatkit {outcome.version}, and {__version__} "
            "runs here. Install one version everywhere: numbers of two may differ."
        )
    if isinstance(outcome.rows, CompatkitError):
        raise outcome.rows
    return outcome.rows


def _wait(client: Any, future: Any) -> Outcome:
    """Wait for an outcome, as long as somebody may be working on it.

    Raises:
        TimeoutError: there has been no worker for a while.
    """
    alone = 0
    while alone < PATIENCE:
        try:
            outcome: Outcome = future.result(timeout=PAUSE)
        except TimeoutError:
            if future.done():
                raise  # of the task itself
            alone = 0 if client.ncores() else alone + PAUSE
        else:
            return outcome
    raise TimeoutError(f"no worker has been there for {alone:,} seconds")
