"""JSON, format 1: every number, every slice, every flipped example.

The schemas are score.schema.json and verdict.schema.json in compatkit/schemas. Characters outside
ASCII are written as escapes, so that no text can act on a terminal, and so is the first of two
number signs, which some CI systems take for a command wherever they stand (`##vso[`). Fields may be
added; those that are there stay.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from compatkit.comparison.comparison import Comparison, metrics_to_dict
from compatkit.reports.view import View, macro_averages
from compatkit.version import __version__

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExamples

FORMAT = 1
TOGETHER = 1000  # flips that are written at a time
# Flips stand at the fourth level, and nothing else of that name stands where theirs does.
NO_FLIPS = '\n      "flips": []'
OPENED, CLOSED = "[\n  [\n    [\n      [", "\n      ]\n    ]\n  ]\n]\n"


def render_json(results: Sequence[Comparison], view: View | None = None) -> str:  # noqa: ARG001
    """Return the JSON report; `view` changes nothing, since all is in it.

    Args:
        results: one comparison per task and candidate.
        view: not used.
    """
    return "".join(stream_json(results))


def stream_json(results: Sequence[Comparison], view: View | None = None) -> Iterator[str]:  # noqa: ARG001
    """Yield what `render_json` returns, a part at a time."""
    report = {
        "format": FORMAT,
        "compatkit": __version__,
        "signature": " + ".join(comparison.signature for comparison in results),
        "results": [comparison.to_dict(flips=False) for comparison in results],
        "macro_averages": list(_average_tasks(results)),
    }
    return stream_report(report, results)


def stream_report(report: Mapping[str, object], results: Sequence[Comparison]) -> Iterator[str]:
    """Yield a report as JSON, its flips read while they are written.

    Args:
        report: with `results`, which hold no flips yet.
        results: the comparisons.
    """
    *parts, last = write_json(report).split(NO_FLIPS)
    lists = [result.examples for result in results if result.examples is not None]
    for part, examples in zip(parts, lists, strict=True):
        yield part
        yield from _write_flips(examples)
    yield last


def _write_flips(examples: "FlippedExamples") -> Iterator[str]:
    """Yield the flips of one result, some thousands of which are held."""
    flips, between = iter(examples.by_harm(by_slice=False)), NO_FLIPS[:-1]
    while some := [example.to_dict() for example in islice(flips, TOGETHER)]:
        yield between
        yield write_json([[[some]]])[len(OPENED) : -len(CLOSED)]
        between = ","
    yield f"\n{' ' * 6}]" if between == "," else NO_FLIPS


def _average_tasks(results: Sequence[Comparison]) -> Iterator[dict[str, object]]:
    """Yield of each candidate the means over several tasks, each task counting once."""
    heads = [result for result in results if result.task == results[-1].task]
    if len(heads) < len(results):
        for head, means in zip(heads, macro_averages(results), strict=True):
            names = {"old_name": head.old_name, "new_name": head.new_name}
            yield {**names, "metrics": metrics_to_dict(means)}


def write_json(report: object) -> str:
    """Return a report as JSON, in characters of ASCII."""
    import msgspec  # noqa: PLC0415

    try:
        # Many times faster than to indent at once, and the same text.
        text = msgspec.json.format(json.dumps(report, allow_nan=False), indent=2)
    except (msgspec.DecodeError, RecursionError):  # half of a pair of surrogates, as texts may hold
        text = json.dumps(report, indent=2, allow_nan=False)
    return re.sub("#(?=#)", r"\\u0023", text) + "\n"
