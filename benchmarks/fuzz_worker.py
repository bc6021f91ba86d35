"""One process of the fuzz: it tries a range of inputs, and prints what it found as JSON.

`python benchmarks/fuzz_worker.py files|logs SEED FIRST END PLACE` writes the number of the input
that it tries into the file PLACE, so that one which ends the process is known.
"""

import gzip
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fuzz_inputs
import zstandard
from fuzz_oracle import may_pass

from compatkit.errors import CompatkitError
from compatkit.gate import check
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import Source

MOST_SECONDS = 2.0
MOST_BYTES = 1 << 30
HANGS = 20  # CPU seconds after which a call is stopped
MOST_CPU = 900  # seconds of the whole process
ADDRESSES = 6 << 30


class HangError(BaseException):
    """A call took longer than `HANGS`."""


def try_input(mutant: fuzz_inputs.Mutant) -> tuple[str, str]:
    """Return what became of an input, `refused`, `fails` or `passes`, and what is wrong with that.

    Raises:
        Exception: whatever compatkit raises that is no error of its own.
    """
    source = Source(mutant.name, data=mutant.data)
    try:
        reader = source.kind()
        file = PredictionFile(mutant.name, source.digest(), reader, source)
        verdict = check(
            mutant.old, file, max_nfr=0.0, decide="point", resamples=100, max_left_out=0.0
        )
    except CompatkitError:
        return "refused", ""
    if not verdict.passed:
        return "fails", ""
    plain = unpack(mutant.data) if mutant.plain is None else mutant.plain
    right = may_pass(mutant.name, plain, mutant.old)
    return "passes", "" if right else "the gate passes, and the oracle does not"


def unpack(data: bytes) -> bytes:
    """Decompress what was altered after it was compressed."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        with zstandard.ZstdDecompressor().stream_reader(
            io.BytesIO(data), read_across_frames=True
        ) as stream:
            return stream.read()
    return data


def suite_of(name: str) -> tuple[Callable[[int, int], Any], Callable[[Any], tuple[str, str]]]:
    """Return what makes the inputs of a suite, and what tries them."""
    if name == "files":
        return fuzz_inputs.make_mutant, try_input
    import fuzz_log_inputs  # noqa: PLC0415
    import fuzz_log_trial  # noqa: PLC0415

    return fuzz_log_inputs.make_mutant, fuzz_log_trial.try_input


def watch_input(suite: str, seed: int, number: int) -> tuple[str, str, str, float]:
    """Return fixture, what became of it, what is wrong, and the CPU seconds that it took."""
    make, attempt = suite_of(suite)
    mutant = make(seed, number)
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    try:
        became, wrong = attempt(mutant)
    except (Exception, HangError) as error:  # noqa: BLE001 (whatever it is, it is a find)
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        became, wrong = "raised", f"{type(error).__name__} in {place}: {error!s:.200}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - start
    if seconds > MOST_SECONDS and not wrong:
        wrong = f"took more than {MOST_SECONDS:g} s"
    return mutant.fixture, became, wrong, seconds


def peak() -> int:
    """Return the most bytes that this process held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def try_range(suite: str, seed: int, first: int, end: int, place: Path) -> dict[str, Any]:
    """Try inputs, and return counts, finds and the dearest of them."""
    counts: Counter[str] = Counter()
    finds: list[list[Any]] = []
    slowest = 0.0
    large = False
    with place.open("wb", buffering=0) as file:
        for number in range(first, end):
            os.pwrite(file.fileno(), b"%020d" % number, 0)
            fixture, became, wrong, seconds = watch_input(suite, seed, number)
            counts[f"{fixture}: {became}"] += 1
            slowest = max(slowest, seconds)
            if peak() > MOST_BYTES and not large:
                large, wrong = True, wrong or "held more than 1 GiB"
            if wrong:
                finds.append([number, fixture, wrong])
    return {
        "first": first,
        "end": end,
        "counts": counts,
        "finds": finds,
        "slowest": slowest,
        "peak": peak(),
    }


def stop(*_: object) -> None:
    raise HangError(f"took more than {HANGS} s")


def main() -> None:
    seed, first, end = map(int, sys.argv[2:5])
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU, MOST_CPU))
    signal.signal(signal.SIGPROF, stop)
    print(json.dumps(try_range(sys.argv[1], seed, first, end, Path(sys.argv[5]))))


if __name__ == "__main__":
    main()
