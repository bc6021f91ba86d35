"""Engine: where files are scored: in this process, in one process per file, or on a cluster.

Run as `python -m compatkit.pairing.engine` it is such a process: it takes a pickled job from
standard input, and gives the pickled outcomes to standard output. Nothing but compatkit
itself starts it.
"""

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from compatkit.errors import CompatkitError
from compatkit.pairing.job import Job
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.pairing.spool import limit_blocks
from compatkit.readers.source import Progress
from compatkit.record import replace
from compatkit.stored import Store, hold

if TYPE_CHECKING:
    import subprocess

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGE = 32 << 20  # bytes of a file from which a process of its own pays
SHARE = b"compatkit:share:"
SIDE_BY_SIDE = 32  # tasks whose files a cluster scores at once


def run_jobs(
    jobs: Sequence[Job],
    progress: Progress | None = None,
    client: Any = None,
    memory: int | None = None,
) -> list[ScoredRows]:
    """Score files, each only once, large ones side by side.

    Args:
        jobs: one per file.
        progress: called with a file's name and the share of it that was read.
        client: of the Dask cluster that scores them; None for this machine's own processes.
        memory: bytes that all processes may take before rows go into temporary files; a quarter of
            what is free if not given.

    Raises:
        CompatkitError: there is no room for temporary files.
        DataError: as `compatkit.pairing.scoring.score_file`, of the first file that has
            a fault.
    """
    distinct = {_key(job): job for job in jobs}
    limit = limit_blocks(memory, len(distinct))
    work = [replace(job, options={**job.options, "limit": limit}) for job in distinct.values()]
    workers = min(len(work), os.cpu_count() or 1)
    if client is not None:
        from compatkit.pairing.cluster import run_on_cluster  # noqa: PLC0415  (start-up time)

        done = run_on_cluster(client, work, progress)
    elif workers > 1 and sys.executable and all(map(_is_worth_it, work)):
        done = _run_elsewhere(work, workers, progress)
    else:
        done = [job.run(progress) for job in work]
    outcomes = dict(zip(distinct, _share(done), strict=True))
    return [outcomes[_key(job)] for job in jobs]


def _share(sides: Sequence[ScoredRows]) -> list[ScoredRows]:
    """Hold ids, and the names of choices, once that several files have in one order."""
    ids, likelihoods = sides[0].ids, sides[0].likelihoods
    shared = [replace(side, ids=ids) if side.ids == ids else side for side in sides]
    if likelihoods is None:
        return shared
    return [
        side
        if side.likelihoods is None
        else replace(side, likelihoods=side.likelihoods.share_names(likelihoods))
        for side in shared
    ]


def map_tasks(
    measure: Callable[[Item], Result], tasks: Sequence[Item], client: Any = None
) -> list[Result]:
    """Measure tasks one after the other, or side by side where a cluster scores their files.

    Args:
        measure: what is done for each; what it refuses of the first that has a fault is raised.
        tasks: the tasks.
        client: as of `run_jobs`.
    """
    if client is None:
        return list(map(measure, tasks))
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (start-up time)

    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    try:
        return list(pool.map(measure, tasks))
    finally:
        pool.shutdown(cancel_futures=True)


def _key(job: Job) -> tuple[str, ...]:
    """Return what is the same where one file is read in one way."""
    return job.file.name, job.file.reading, job.options.get("features", "")


def _is_worth_it(job: Job) -> bool:
    source = job.file.source
    if job.recipe is None or source is None or source.path is None:
        return False
    return source.size() >= LARGE


def _run_elsewhere(
    jobs: Sequence[Job], workers: int, progress: Progress | None
) -> list[ScoredRows]:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (start-up time)

    # Hashes of equal texts must be equal in all processes, and unknown to who wrote the texts.
    seed = str(int.from_bytes(os.urandom(4), "big"))
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda job: _run_in_process(job, seed, progress), jobs))


def _run_in_process(job: Job, seed: str, progress: Progress | None) -> ScoredRows:
    import subprocess  # noqa: PLC0415  (start-up time)

    path = os.pathsep.join(filter(None, sys.path))
    with suppress(OSError):  # of which the process says more, should it need one
        store = Store()
        job = replace(job, descriptor=store.descriptor)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "compatkit.pairing.engine"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
        pass_fds=[] if job.descriptor is None else [job.descriptor],
    )
    with process:
        try:
            return _exchange(process, job, progress)
        finally:
            process.kill()


def _exchange(
    process: "subprocess.Popen[bytes]", job: Job, progress: Progress | None
) -> ScoredRows:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ValueError("a process was started without pipes")
    with process.stdin as stdin:
        pickle.dump(replace(job, scorer=None), stdin)
    for line in process.stderr:
        if not line.startswith(SHARE):
            sys.stderr.write(line.decode("utf-8", "replace"))
        elif progress is not None:
            progress(job.file.name, float(line.removeprefix(SHARE)))
    try:
        result: ScoredRows | CompatkitError = pickle.load(process.stdout)  # noqa: S301 (our own)
    except EOFError:
        raise CompatkitError(
            f"{job.file.name}: the process that scored it ended with code {process.wait()} and "
            "no result. Was there enough memory?"
        ) from None
    if isinstance(result, CompatkitError):
        raise result
    return result


# The process ends at its parent's hand once the result is read, before coverage could be written.
def _report(name: str, share: float) -> None:  # noqa: ARG001  # pragma: no cover
    # The end of the stream is how the parent learns that the result comes: flush each share.
    sys.stderr.buffer.write(SHARE + b"%.4f\n" % share)
    sys.stderr.flush()


def main() -> None:  # pragma: no cover
    """Run one job for the process that started this one."""
    results, sys.stdout = sys.stdout.buffer, sys.stderr  # what a user's scorer prints is no result
    try:
        job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own process)
        result: ScoredRows | CompatkitError = job.run(_report)
    except CompatkitError as error:
        result = error
    except KeyboardInterrupt:
        sys.exit(1)
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    with results:
        pickler = pickle.Pickler(results, protocol=pickle.HIGHEST_PROTOCOL)
        # Both processes hold the temporary file; what lies in it need not be sent.
        pickler.dispatch_table = {Store: lambda _: (hold, (job.descriptor,))}
        pickler.dump(result)


if __name__ == "__main__":
    main()
