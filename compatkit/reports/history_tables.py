"""History tables: what the reports of a history say, in sentences and tables."""

from collections.abc import Iterator

import numpy as np

from compatkit.comparison.history import History, Version
from compatkit.metrics.estimates import MetricValue
from compatkit.metrics.trajectories import HISTORY_QUANTITIES, VERSION_QUANTITIES
from compatkit.reports.blocks import Explanation, Table, Tone
from compatkit.reports.view import DASH, count_of, format_fraction, format_number, left_out_of

PARTS = "kept, repaired, learned, broken and never right are all examples of a version"


def tell_history(history: History) -> Iterator[tuple[str, Tone]]:
    """Say what the last version lost against the best so far, and which version broke most."""
    last = history.versions[-1]
    lost = last.metrics["ever_right_now_wrong"]
    if lost.value is None:
        yield f"Nothing can be lost: {lost.reason}.", Tone.STRONG
    else:
        among = count_of(lost.denominator or 0, "example")
        sentence = f"Of {among} that an earlier version had right, {last.name} has "
        yield f"{sentence}{lost.numerator:,} wrong ({_rate(lost)}).", Tone.STRONG
    worst = max(history.versions[1:], key=lambda version: version.counts.first_broken)
    counts = worst.counts
    if counts.first_broken:
        sentence = f"{worst.name} broke most: {count_of(counts.first_broken, 'example')}"
        if worst is not last:
            sentence += f", of which {last.name} has {counts.right_at_last:,} right"
        yield f"{sentence}.", Tone.PLAIN
    else:
        yield "No version broke an example that one before it had right.", Tone.PLAIN


def describe_basis(history: History) -> str:
    """Say what was compared, and how."""
    scorer = history.scorer
    scorer += f", right from {history.threshold:g}" if history.continuous else ""
    tasks = f"{count_of(len(history.parts), 'task')}, " if history.parts else ""
    return f"{tasks}{count_of(history.total, 'example')}, {scorer}"


def _rate(value: MetricValue) -> str:
    text = format_number(value.value, "share")
    if value.low is None or value.high is None:
        return text
    return f"{text}, {_interval(value)} at {100 * (value.level or 0):g}%"


def _interval(value: MetricValue) -> str:
    if value.low is None or value.high is None:
        return DASH
    low = format_number(value.low, "share").removesuffix("%")
    return f"{low} to {format_number(value.high, 'share').removesuffix('%')}"


def _percent(value: MetricValue) -> str:
    return format_number(value.value, "share", digits=1)


def _task(history: History) -> str:
    return history.task if history.parts or history.task else ""


def version_table(history: History) -> Table:
    """Return a line a version: its examples by what became of them."""
    rows = [
        [version.name, _percent(version.metrics["accuracy"]), *_counts(number, version)]
        for number, version in enumerate(history.versions)
    ]
    columns = ("kept", "repaired", "learned", "broken", "first", "never")
    note = f"{PARTS}; first: broken for the first time; never: wrong in all versions so far"
    return Table(_task(history), ("version", "right", *columns), rows, note=note)


def _counts(number: int, version: Version) -> Iterator[str]:
    counts = version.counts
    yield f"{counts.kept:,}" if number else DASH
    yield f"{counts.repaired:,}" if number else DASH
    yield f"{counts.learned:,}"
    yield f"{counts.broken:,}" if number else DASH
    yield f"{counts.first_broken:,}" if number else DASH
    yield f"{counts.never_right:,}"


def rate_table(history: History) -> Table:
    """Return of each version but the first what was lost, against all before and the one before."""
    rows = [
        [
            version.name,
            _percent(lost := version.metrics["ever_right_now_wrong"]),
            _interval(lost),
            format_fraction(lost),
            _percent(broken := version.metrics["negative_flip_rate"]),
            _interval(broken),
            _percent(version.metrics["positive_flip_rate"]),
        ]
        for version in history.versions[1:]
    ]
    header = ("version", "lost", f"{100 * history.level:g}%", "counted", "NFR", "its interval")
    note = (
        "lost: ever right, now wrong, of what an earlier version had right; NFR and PFR: against "
        "the version before"
    )
    return Table("", (*header, "PFR"), rows, note=note)


def break_table(history: History) -> Table:
    """Return which version first broke how many examples, and what became of these."""
    rows = []
    for version in history.versions[1:]:
        counts = version.counts
        rows.append(
            [
                version.name,
                f"{counts.first_broken:,}",
                f"{counts.repaired_later:,}",
                f"{counts.right_at_last:,}",
                f"{counts.first_broken - counts.right_at_last:,}",
            ]
        )
    last = history.names[-1]
    note = f"now: in {last}, the last version"
    header = ("version", "broke first", "right later", "right now", "wrong now")
    return Table("", header, rows, note=note)


def summary_table(history: History) -> Table:
    """Return what is measured of all versions together."""
    rows = [
        [quantity.label, format_number(value.value, "share"), _interval(value), _counted(value)]
        for name, quantity in HISTORY_QUANTITIES.items()
        for value in (history.metrics[name],)
    ]
    of = history.trajectories
    note = (
        f"{count_of(int(of.forgetting.sum()), 'forgetting event')} and "
        f"{count_of(int(of.learning.sum()), 'learning event')}"
    )
    header = ("all versions", "value", f"{100 * history.level:g}% interval", "counted")
    return Table("", header, rows, note=note)


def _counted(value: MetricValue) -> str:
    return format_fraction(value) if value.value is not None else value.reason


def list_changed(history: History) -> list[tuple[int, int]]:
    """Return the examples that changed, as the numbers of their task and place, in order."""
    parts = history.of_tasks
    numbers = np.repeat(np.arange(len(parts)), [len(part.changed) for part in parts])
    places = np.concatenate([np.arange(len(part.changed)) for part in parts])
    changes = np.concatenate([part.trajectories.changes[part.changed.rows] for part in parts])
    right = np.concatenate([part.changed.right[-1] for part in parts])
    order = np.lexsort((right, -changes))
    return list(zip(numbers[order].tolist(), places[order].tolist(), strict=True))


def explain_history() -> Iterator[Explanation]:
    """Say what each quantity means."""
    for quantity in {**VERSION_QUANTITIES, **HISTORY_QUANTITIES}.values():
        yield Explanation(quantity.label, quantity.meaning, quantity.formula, quantity.source)


def tell_left_out(history: History) -> Iterator[str]:
    """Say what was left out of every version, and what counts as wrong in each."""
    yield left_out_of(history.excluded)
    shown = {
        "no answer, counted as wrong": [version.no_answer for version in history.versions],
        "errored, counted as wrong": [
            version.counted_wrong["errored"] for version in history.versions
        ],
        "missing, counted as wrong": [
            version.counted_wrong["missing"] for version in history.versions
        ],
    }
    for what, numbers in shown.items():
        parts = [
            f"{number:,} of {name}"
            for number, name in zip(numbers, history.names, strict=True)
            if number
        ]
        if parts:
            yield f"{what}: {', '.join(parts)}"
    returned = sum(version.counts.returned for version in history.versions)
    if returned:
        yield (
            f"{count_of(returned, 'answer')} came back after a version without an answer: kept, "
            "and no repair"
        )
    unknown = history.versions[-1].counts.unknown
    if unknown:
        yield (
            f"whether {count_of(unknown, 'example')} {'was' if unknown == 1 else 'were'} ever "
            "right nobody knows: no version has them right, and one gave no answer; they are not "
            "counted among the ever right"
        )
