"""Math worker: the program that reads expressions, in a process of its own.

It knows nothing of compatkit and is run by its path. A line in is a JSON list, the text of an
answer (or null) and that of a reference; a line out is a JSON object. An expression that a
computer algebra system cannot finish with keeps it from ever answering: the operating system
ends the process then, even where Python would not notice a signal.
"""

import json
import os
import re
import signal
import sys
from functools import lru_cache
from typing import Any, TextIO

LONGEST_ALONE = 300
MEMORY = 4 << 30
DELIMITED = re.compile(r"\$|\\\(|\\\[|boxed|\n")
IN_WORDS = re.compile(
    r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname)\s*\{[^{}]*\}|\\[A-Za-z]+"
)
WORD = re.compile(r"[^\W\d_]{2,}")


def as_mathematics(text: str) -> str:
    """Return an expression that stands alone between dollar signs, any other text as it is."""
    alone = text.strip()
    if not alone or len(alone) > LONGEST_ALONE or DELIMITED.search(alone) or has_words(alone):
        return text
    return f"${alone}$"


def has_words(text: str) -> bool:
    """Tell whether letters stand in a row outside commands of LaTeX."""
    return WORD.search(IN_WORDS.sub(" ", text)) is not None


@lru_cache(maxsize=4096)
def read_reference(text: str) -> list[Any]:
    """Return what a reference stands for, empty where it is no expression."""
    from sympy import nan, zoo  # noqa: PLC0415

    text = text.rpartition("####")[2]
    if not DELIMITED.search(text.strip()) and has_words(text):
        return []
    parsed = read_text(text)
    undefined = [value for value in parsed if hasattr(value, "has") and value.has(nan, zoo)]
    return [] if undefined else parsed


def read_text(text: str) -> list[Any]:
    """Return the last expression of a text, as a value and as it was written."""
    from math_verify import parse  # noqa: PLC0415

    return list(parse(as_mathematics(text), parsing_timeout=None))


def write_value(parsed: list[Any]) -> str:
    """Write a value so that a decimal and the fraction that it equals are one text."""
    from sympy import Float, nsimplify  # noqa: PLC0415

    value = parsed[0]
    return str(nsimplify(value, rational=True) if isinstance(value, Float) else value)


def judge(answer: str | None, reference: str) -> dict[str, Any]:
    """Say whether an answer equals a reference, and what was read."""
    from math_verify import verify  # noqa: PLC0415

    accepted = read_reference(reference)
    if answer is None or not accepted:
        return {"readable": bool(accepted)}
    given = read_text(answer)
    if not given:
        return {"readable": True, "answer": None, "right": False}
    right = bool(verify(accepted, given, timeout_seconds=None))
    return {"readable": True, "answer": write_value(accepted if right else given), "right": right}


def limit_time(seconds: float) -> None:
    """Have the operating system end this process after so much CPU time; 0 lifts the limit."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_memory() -> None:
    """Refuse more memory than any expression needs, where the system knows such a limit."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def serve(seconds: float, results: TextIO) -> None:
    """Answer line by line until the input ends."""
    limit_memory()
    while line := sys.stdin.readline():
        answer, reference = json.loads(line)
        limit_time(seconds)
        try:
            result = judge(answer, reference)
        except (Exception, RecursionError) as error:  # noqa: BLE001 (whatever the library raises)
            result = {"failed": type(error).__name__}
        limit_time(0)
        results.write(json.dumps(result) + "\n")


def serve_in_forks(seconds: float, results: TextIO) -> None:
    """Have a copy of this process answer, and say so of the line that one was ended over.

    A copy is there at once; loading the library again would take seconds.
    """
    while True:
        child = os.fork()
        if child == 0:
            serve(seconds, results)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status == 0:
            return
        results.write(json.dumps({"ended": os.WTERMSIG(status) == signal.SIGPROF}) + "\n")


def main() -> None:
    """Load the library, say so in a first line, and answer."""
    import logging  # noqa: PLC0415

    results = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    logging.disable(logging.CRITICAL)
    judge("$\\frac{1}{2}$", "0.5")  # what is loaded when first used counts against no answer
    results.write("{}\n")
    (serve_in_forks if hasattr(os, "fork") else serve)(float(sys.argv[1]), results)


if __name__ == "__main__":
    main()
