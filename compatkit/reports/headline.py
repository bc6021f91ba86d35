"""Headline: what an update did, in the sentences that stand first in every report.

None claims more than its numbers and tests do; what cannot be known is not said.
"""

from collections.abc import Sequence
from operator import itemgetter

from compatkit.comparison.chance import judge_noise
from compatkit.comparison.comparison import Comparison
from compatkit.metrics.p_values import ABOVE_OTHERS, PValue
from compatkit.reports.found_slices import describe_where
from compatkit.reports.view import (
    CORRECTION_NAMES,
    TEST_NAMES,
    count_of,
    format_count,
    format_interval,
    format_p,
    level_of,
    name_average,
)

IDENTICAL = "The files are identical: nothing was compared but a model with itself."
MOST_NAMED = 5  # tasks in one sentence
MOST_DIGITS = 4
LABELS = {"accuracy": "accuracy", "score": "the mean score"}


def describe_update(results: Sequence[Comparison]) -> list[str]:
    """Return the sentences that stand first in a report: what broke, how sure it is, and where.

    Args:
        results: one comparison per task and candidate, totals last.
    """
    heads = [result for result in results if result.task == results[-1].task]
    sentences = [describe_candidates(heads)] if len(heads) > 1 else []
    for number, head in enumerate(heads):
        tasks = results[: -len(heads)][number :: len(heads)]
        if len(heads) == 1:
            sentences += [describe_change(head), *describe_evidence(head)]
            sentences += [describe_tasks(tasks)] if tasks else []
        else:
            of_tasks = f" {describe_tasks(tasks)}" if tasks else ""
            sentences.append(f"{head.new_name}: {describe_change(head)}{of_tasks}")
    return list(filter(None, sentences))


def describe_evidence(comparison: Comparison) -> list[str]:
    """Return the sentences on how sure a change is, and on where it did most harm."""
    where = (*describe_harm(comparison), describe_where(comparison))
    return list(filter(None, (describe_certainty(comparison), *where)))


def describe_candidates(heads: Sequence[Comparison]) -> str:
    """Return one sentence on how many answers each new model breaks; empty where none is right.

    Args:
        heads: the comparisons of one old model with several, on the same examples.
    """
    first = heads[0]
    old_right = first.counts.both_right + first.counts.negative_flips
    if not old_right or not first.pair.single:
        return ""
    right = count_of(old_right, "answer" if first.continuous else "right answer")
    if first.continuous:
        right += f" that scored {first.threshold:g} or more"
    fell = "fell below it" if first.continuous else "broke"
    broken = [(head.counts.negative_flips, head.new_name) for head in heads]
    if len(broken) > MOST_NAMED:
        (least, mildest), (most, worst) = min(broken), max(broken)
        return f"Of {right}, {least:,} ({mildest}) to {most:,} ({worst}) {fell}."
    (number, name), *others = broken
    rest = "; ".join(f"with {other}, {count:,}" for count, other in others)
    return f"With {name}, {number:,} of {right} {fell}; {rest}."


def describe_change(comparison: Comparison) -> str:
    """Return one sentence on what broke, what was repaired, and what the average shows of it."""
    broken, repaired, averages = split_change(comparison)
    return f"{broken}, {repaired}; {averages}."


def split_change(comparison: Comparison) -> tuple[str, str, str]:
    """Return what broke, what was repaired, and what the average shows of it: a sentence's parts.

    With several samples per example the counts are those to be expected between one sample of
    each model; under pass@k, between k of each, and an example is solved where one of k is right.
    Where the scorer is continuous, answers fall below its threshold and rise to it.
    """
    counts = comparison.counts
    old_right = counts.both_right + counts.negative_flips
    repaired = format_count(counts.positive_flips)
    fall, rise = ("fall below it", "rise to it")
    fell, rose = "fell below it", "rose to it"
    noun, above = "answer", f" that scored {comparison.threshold:g} or more"
    k = comparison.pair.pass_at
    drawn = "of one sample of each model, " if k in {None, 1} else f"of {k} samples of each model, "
    continuous = comparison.continuous and k is None
    if not continuous:
        noun, above = "right answer" if k is None else "solved example", ""
        fall, rise, fell = "break", "be repaired", "broke"
        rose = "was repaired" if counts.positive_flips == 1 else "were repaired"
    if not comparison.pair.single:
        fell, rose = f"are expected to {fall}", f"to {rise}"
    if old_right:
        share = format_percent(counts.negative_flips / old_right)
        number = f"{format_count(counts.negative_flips)} of {count_of(old_right, noun)}"
        broken = f"{number}{above} {fell} ({share}%)"
    else:
        broken = f"the old model has no {noun}{above} to {fall}"
    broken = ("" if comparison.pair.single else drawn) + broken
    average = "score" if continuous else "accuracy"
    label = name_average(LABELS[average].removeprefix("the "), comparison)
    averages = f"{label} {_write_averages(comparison, average)}"
    return f"{broken[0].upper()}{broken[1:]}", f"{repaired} {rose}", averages


def format_percent(share: float) -> str:
    """Write a share in percent with one decimal; only none is 0.0, and only all is 100.0.

    >>> format_percent(0.2482), format_percent(0.0001), format_percent(0.9999), format_percent(0)
    ('24.8', '< 0.1', '> 99.9', '0.0')
    """
    shown = f"{100 * share:.1f}"
    if shown == "0.0" and share > 0:
        return "< 0.1"
    if shown == "100.0" and share < 1:
        return "> 99.9"
    return shown


def describe_certainty(comparison: Comparison) -> str:
    """Say whether the update did more than chance would, as far as a test can tell.

    Where the old model ran twice, whether the flips are more than its own noise; else whether the
    average changed. Empty where nothing was tested.
    """
    if comparison.identical:
        return IDENTICAL
    if noise := judge_noise(comparison.metrics):
        return f"{noise[0][0].upper()}{noise[0][1:]}."
    scored = comparison.continuous and "score_changed" in comparison.tests
    average = "score" if scored else "accuracy"
    test = comparison.tests.get(f"{average}_changed")
    change = comparison.metrics[f"{average}_delta"]
    if test is None or change.value is None:
        return ""
    evidence, label = _write_test(test, "comparison"), name_average(LABELS[average], comparison)
    if change.low is not None:
        unit = "" if scored else " points"
        level = f"{100 * level_of(comparison):g}%"
        evidence += f"; {format_interval(f'{average}_delta', change)}{unit} at {level}"
    if not _reaches(test, _alpha(comparison)):
        return f"No change of {label} is shown ({evidence})."
    rose = "rose" if change.value > 0 else "fell"
    return f"{label[0].upper()}{label[1:]} {rose} by more than chance would have it ({evidence})."


def describe_harm(comparison: Comparison) -> list[str]:
    """Return a sentence per field to slice by: which slice broke more than the others, if any.

    One is named only where the slices differ by more than chance, and its own rate is above that
    of the others by the test that is corrected for all of them.
    """
    sentences = [_describe_slices(comparison, path) for path in comparison.slices]
    return list(filter(None, sentences))


def _describe_slices(comparison: Comparison, path: str) -> str:
    parts, differ = comparison.slices[path], comparison.slices_differ.get(path)
    if len(parts) == 1 or differ is None or differ.p_value is None:
        return ""
    alpha = _alpha(comparison)
    if differ.p_value > alpha:
        return (
            f"No slice by {path} breaks more than the others beyond chance "
            f"({_write_p(differ.p_value)})."
        )
    above = {
        value: part
        for value, part in parts.items()
        if _reaches(part.tests.get(ABOVE_OTHERS), alpha)
    }
    if not above:
        return (
            f"Slices by {path} differ by more than chance ({_write_p(differ.p_value)}); that one "
            "breaks more than the others together is not shown."
        )
    value, part = max(above.items(), key=lambda item: item[1].together.low or 0.0)
    share = format_percent(part.together.value or 0.0)
    return (
        f"Most harmed: {value} ({share}% of its answers), more than the other slices by {path} "
        f"({_write_test(part.tests[ABOVE_OTHERS], 'slice')})."
    )


def describe_tasks(results: Sequence[Comparison]) -> str:
    """Name the tasks of one candidate that became worse by more than chance, worst first.

    Args:
        results: one comparison per task, no total.
    """
    scored = all("score_worse" in result.tests for result in results)
    average = "score" if scored else "accuracy"
    name = f"{average}_worse"
    tests = [(result.tests[name], result) for result in results if name in result.tests]
    if not tests:
        return ""
    what = name_average(LABELS[average], results[0])
    evidence = f"one-sided{_write_family(tests[0][0], 'comparison')}"
    number = count_of(len(tests), "task")
    worse = [(test.p_adjusted, result) for test, result in tests if _reaches(test, _alpha(result))]
    if not worse:
        return f"In none of {number} is {what} shown to fall ({evidence})."
    worse.sort(key=itemgetter(0))
    names = [
        f"{result.task} ({_write_averages(result, average)})" for _, result in worse[:MOST_NAMED]
    ]
    names += [f"{len(worse) - MOST_NAMED:,} more"] if len(worse) > MOST_NAMED else []
    return (
        f"In {len(worse):,} of {number} {what} fell by more than chance would have it: "
        f"{', '.join(names)} ({evidence})."
    )


def _write_averages(comparison: Comparison, what: str) -> str:
    """Write the old and the new average, in as many digits as tell them apart."""
    scale, digits, unit = (100, 1, "%") if what == "accuracy" else (1, 3, "")
    old, new = (comparison.metrics[f"{what}_{side}"].value for side in ("old", "new"))
    if old is None or new is None:
        return "undefined"
    shown = [f"{scale * old:.{digits}f}", f"{scale * new:.{digits}f}"]
    while old != new and shown[0] == shown[1] and digits < MOST_DIGITS:
        digits += 1
        shown = [f"{scale * old:.{digits}f}", f"{scale * new:.{digits}f}"]
    return f"{' -> '.join(shown)}{unit}"


def _reaches(test: PValue | None, alpha: float) -> bool:
    return test is not None and test.p_adjusted <= alpha


def _alpha(comparison: Comparison) -> float:
    return 1.0 - level_of(comparison)


def _write_p(p_value: float) -> str:
    return f"p = {format_p(p_value)}".replace("= <", "< ")


def _write_test(test: PValue, noun: str) -> str:
    return f"{_write_p(test.p_adjusted)}, {TEST_NAMES[test.test]}{_write_family(test, noun)}"


def _write_family(test: PValue, noun: str) -> str:
    if test.family == 1:
        return ""
    return f", {CORRECTION_NAMES[test.correction]} over {count_of(test.family, noun)}"
