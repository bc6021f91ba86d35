"""Run a command; print its wall and CPU seconds and its peak of memory as a last line of JSON.

A small process of its own, since on Linux the peak of a child starts from its parent's. With the
first argument `tree` the memory of all processes of the command is sampled and added up, which
takes time; with `alone` it is the peak of its largest process.
"""

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

INTERVAL = 0.02
FIRST_FIELD = 3  # of what follows the name in /proc/PID/stat, the session


def main() -> None:
    command = sys.argv[2:]
    peaks = [0.0]
    done = threading.Event()
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, setsid=True)
    sampler = threading.Thread(target=sample, args=(pid, done, peaks))
    if sys.argv[1] == "tree":
        sampler.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    done.set()
    if sampler.ident:
        sampler.join()
    unit = 1 if sys.platform == "darwin" else 1024
    found = {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": max(usage.ru_maxrss * unit / 1e6, *peaks),
    }
    sys.stdout.write(f"\n{json.dumps(found)}\n")
    sys.exit(os.waitstatus_to_exitcode(status))


def sample(session: int, done: threading.Event, peaks: list[float]) -> None:
    """Append the megabytes of a session's processes until it is done; shared pages count once."""
    while not done.wait(INTERVAL):
        total = 0
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError, IndexError):  # it has just ended, or is another's
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[FIRST_FIELD]) == session:
                    total += _kilobytes(folder / "smaps_rollup")
        peaks.append(total * 1024 / 1e6)


def _kilobytes(path: Path) -> int:
    return next(
        int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith("Pss:")
    )


if __name__ == "__main__":
    main()
