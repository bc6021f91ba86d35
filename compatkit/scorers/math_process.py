"""Math process: asks a process of its own about expressions, and ends it where it hangs."""

import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from typing import Any

from compatkit.errors import CompatkitError

WORKER = Path(__file__).with_name("math_worker.py")
START = 300.0  # seconds that loading the library may take
PATIENCE = 2.0  # seconds that an idle process may take to end
WALL = 20.0  # seconds of the clock for one of CPU time: a busy machine gives a process its share


class MathProcess:
    """A process that is started when first asked, and again after it was ended.

    Attributes:
        time_limit: the CPU seconds that one question may take.
    """

    def __init__(self, time_limit: float) -> None:  # noqa: D107 (the class says it)
        self.time_limit = time_limit
        self._process: subprocess.Popen[str] | None = None

    def judge(self, answer: str | None, reference: str) -> Mapping[str, Any] | None:
        """Ask whether an answer equals a reference.

        Args:
            answer: a text; None asks whether the reference can be read.
            reference: a text.

        Returns:
            `readable` (the reference is an expression), `answer` (as it is compared) and `right`;
            `failed`, or `ended` where the process ended; None where it took more than the limit.
        """
        process = self._process or self._start()
        wall = self.time_limit * (WALL if hasattr(os, "fork") else 1.0)
        return self._ask(process, json.dumps([answer, reference]), wall)

    def _start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(  # noqa: S603 (our own file)
            [sys.executable, "-P", str(WORKER), str(self.time_limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that its copies are ended with it
            text=True,
            encoding="ascii",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._process = process
        weakref.finalize(self, _end, process)
        if self._ask(process, "", START) is None:
            raise CompatkitError(
                "the scorer math: the process that reads expressions does not start. Does "
                "python -c 'import math_verify' work?"
            )
        return process

    def _ask(
        self, process: "subprocess.Popen[str]", question: str, seconds: float
    ) -> Mapping[str, Any] | None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a process was started without pipes")
        timer = Timer(seconds, _kill, [process])
        timer.start()
        try:
            if question:
                process.stdin.write(question + "\n")
                process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            self._process = None
            _end(process)
            return None
        result: Mapping[str, Any] = json.loads(line)
        return None if result.get("ended") else result


def _end(process: "subprocess.Popen[str]") -> None:
    """Let the process end by itself, which it does without input, or else end it."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()


def _kill(process: "subprocess.Popen[str]") -> None:
    """End the process and its copies."""
    if not hasattr(os, "killpg"):
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
