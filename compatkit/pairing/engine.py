"""Engine: where files are scored, in this process or in one process per file.

Run as `python -m compatkit.pairing.engine` it is such a process: it takes a pickled job from
standard input, and gives the pickled outcomes to standard output. Nothing but compatkit
itself starts it.
"""

import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from compatkit.errors import CompatkitError
from compatkit.pairing.scored_rows import ScoredRows, score_file
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import Progress
from compatkit.recipe import Recipe
from compatkit.scorers.make import make_scorer
from compatkit.scorers.scorer import Scorer

if TYPE_CHECKING:
    import subprocess

LARGE = 32 << 20  # bytes of a file from which a process of its own pays
SHARE = b"compatkit:share:"


@dataclass(frozen=True, slots=True)
class Job:
    """How to score a file, in a form that another process understands.

    Attributes:
        file: the predictions.
        scorer: the scorer, or None in another process, which makes it of the recipe.
        recipe: what the scorer is made of; None where it cannot be made elsewhere.
        options: the other arguments of `compatkit.pairing.scored_rows.score_file`.
    """

    file: PredictionFile
    scorer: Scorer | None
    recipe: Recipe | None
    options: Mapping[str, Any]

    def run(self, progress: Progress | None = None) -> ScoredRows:
        """Score the file in this process."""
        scorer = self.scorer
        if scorer is None and self.recipe is not None:
            scorer = make_scorer(self.recipe.name, **self.recipe.options)
        if scorer is None:
            raise ValueError("a job has a scorer or a recipe of one")
        return score_file(self.file, scorer, progress=progress, **self.options)


def run_jobs(jobs: Sequence[Job], progress: Progress | None = None) -> list[ScoredRows]:
    """Score files, each only once, large ones side by side.

    Args:
        jobs: one per file.
        progress: called with a file's name and the share of it that was read.

    Raises:
        DataError: as `compatkit.pairing.scored_rows.score_file`, of the first file that has
            a fault.
    """
    distinct = {_key(job): job for job in jobs}
    work = list(distinct.values())
    workers = min(len(work), os.cpu_count() or 1)
    if workers > 1 and sys.executable and all(map(_is_worth_it, work)):
        done = _run_elsewhere(work, workers, progress)
    else:
        done = [job.run(progress) for job in work]
    outcomes = dict(zip(distinct, done, strict=True))
    return [outcomes[_key(job)] for job in jobs]


def _key(job: Job) -> tuple[str, ...]:
    """Return what is the same where one file is read in one way."""
    return job.file.name, job.file.reading, job.options.get("features", "")


def _is_worth_it(job: Job) -> bool:
    source = job.file.source
    if job.recipe is None or source is None or source.path is None:
        return False
    return source.path.stat().st_size >= LARGE


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
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "compatkit.pairing.engine"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
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
        pickle.dump(result, results, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
