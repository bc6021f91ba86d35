"""Layout: what the readable reports show of comparisons, in order."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compatkit.addresses import page
from compatkit.comparison.chance import judge_noise
from compatkit.comparison.comparison import Comparison
from compatkit.metrics.definitions import METRICS
from compatkit.readers.run_header import describe_header
from compatkit.reports.blocks import Block, Explanation, FlipList, Heading, Line, Tone
from compatkit.reports.found_slices import lay_out_found
from compatkit.reports.headline import describe_evidence, describe_update
from compatkit.reports.shown_metrics import shown_metrics
from compatkit.reports.tables import (
    candidate_table,
    count_table,
    metric_table,
    slice_tables,
    sweep_table,
    task_table,
)
from compatkit.reports.view import (
    View,
    count_of,
    describe_order,
    describe_scorer,
    describe_tests,
    left_out,
    level_of,
    name_average,
    tasks_of,
    title_of,
)

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExamples

COUNTS = (
    "N examples; n11 both right, n10 negative flips, n01 positive flips, n00 both wrong. "
    f"More: {page('metrics')}"
)


def lay_out(results: Sequence[Comparison], view: View) -> Iterator[Block]:
    """Yield the blocks of a report.

    Args:
        results: one comparison per task and candidate, totals last.
        view: what to show.
    """
    several = len(tasks_of(results)) > 1
    head = results[-1] if several else results[0]
    yield Heading(title_of(results), 1)
    tones = iter([Tone.STRONG])
    yield from (Line(text, next(tones, Tone.PLAIN)) for text in describe_update(results))
    if several:
        yield Line(f"{len(tasks_of(results)) - 1} tasks")
        yield task_table(results)
        several_tasks = {n: t for n, t in head.tests.items() if n.startswith("any_task")}
        yield from (
            Line(name_average(sentence, head), Tone.ASIDE)
            for sentence in describe_tests(several_tasks, level_of(head), whole=view.whole)
        )
        for comparison in results:
            yield from _asked_for(comparison, view, f"{comparison.task}: {comparison.new_name}")
    else:
        yield Line(f"{count_of(head.counts.total, 'example')}, {describe_scorer(head)}")
        if len(results) > 1:
            yield candidate_table(results, whole=view.whole)
        for comparison in results:
            if len(results) > 1:
                yield Heading(
                    f"{'candidate' if comparison.baseline else 'new'}: {comparison.new_name}", 2
                )
                yield from map(Line, describe_evidence(comparison))
            yield from _detail(comparison, view)
    if view.explain:
        yield from explain_metrics(results)
        yield Line(COUNTS, Tone.FAINT)
    last = [comparison for comparison in results if comparison.task == head.task]
    yield from (Line(sentence) for sentence in left_out(last))
    yield from (Line(sentence, Tone.FAINT) for sentence in _describe_runs(results))
    # What stands first already tells the noise of one task.
    first = {text for c in results if not several for text in judge_noise(c.metrics)}
    notes = dict.fromkeys(n for c in results for n in c.notes if n not in first)
    yield from (Line(f"note: {note}", Tone.NOTE) for note in notes)
    yield from _sign(results if not several or not view.whole else results[: -len(last)], view)


def _sign(results: Sequence[Comparison], view: View) -> Iterator[Block]:
    """Yield the signatures: whole, or so short that people can hold two against each other."""
    for comparison in results if view.whole else ():
        where = f" of {comparison.task}" if comparison.task else ""
        yield Line(f"signature{where}: {comparison.signature}", Tone.FAINT, whole=True)
    if not view.whole:
        last = [comparison for comparison in results if comparison.task == results[-1].task]
        short = [
            comparison.short_signature + (f" of {comparison.new_name}" if len(last) > 1 else "")
            for comparison in last
        ]
        yield Line(f"signature: {', '.join(short)}; -v shows it in full", Tone.FAINT)


def _detail(comparison: Comparison, view: View) -> Iterator[Block]:
    yield count_table(comparison)
    yield metric_table(comparison, whole=view.whole)
    yield from (
        Line(name_average(sentence, comparison), Tone.ASIDE)
        for sentence in describe_tests(comparison.tests, level_of(comparison), whole=view.whole)
    )
    yield from _asked_for(comparison, view)


def _asked_for(comparison: Comparison, view: View, heading: str = "") -> Iterator[Block]:
    """Yield the slices, the sweep and the flips, as far as they were asked for."""
    blocks: list[Block] = [*slice_tables(comparison), *lay_out_found(comparison)]
    sweep = sweep_table(comparison) if view.sweep else None
    blocks += [] if sweep is None else [sweep]
    if view.show_flips and comparison.examples is not None:
        blocks.append(_flip_list(comparison.examples, view))
    if blocks and heading:
        yield Heading(heading, 2)
    yield from blocks


def explain_metrics(results: Sequence[Comparison]) -> Iterator[Explanation]:
    """Yield what the shown metrics mean; under pass@k, of k samples what is else of one."""
    k = results[0].pair.pass_at or 1
    drawn = "one of the new" if k == 1 else f"{k} of the new"
    of_old = "one random sample of the old" if k == 1 else f"{k} random samples of the old"
    for metric in (METRICS[name] for name in shown_metrics(results)):
        label, meaning = (name_average(text, results[0]) for text in (metric.label, metric.meaning))
        meaning = meaning.replace("one random sample of the old", of_old)
        meaning = meaning.replace("one of the new", drawn)
        yield Explanation(label, meaning, metric.formula, metric.source)


def _describe_runs(results: Sequence[Comparison]) -> Iterator[str]:
    """Say once for each file how it was made, where a header tells."""
    made = {
        name: header
        for comparison in results
        for name, header in (
            (comparison.old_name, comparison.runs.get("old")),
            (comparison.new_name, comparison.runs.get("new")),
        )
        if header is not None
    }
    yield from (f"{name} was made by {describe_header(header)}" for name, header in made.items())


def _flip_list(examples: "FlippedExamples", view: View) -> FlipList:
    negative = examples.of_kind("negative")
    shown = tuple(negative.by_harm(by_slice=False)[: view.show_flips])
    count = count_of(len(negative), "negative flip")
    title = f"{len(shown)} of {count}, {describe_order([negative])}"
    if len(shown) < len(negative):
        title += "; --flips FILE writes all"
    return FlipList(title, shown, fields=view.show_fields)
