"""The page of comparisons: what an update broke, to open, to search and to pass on."""

from collections.abc import Iterator, Mapping, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.readers.run_header import describe_header
from compatkit.reports.blocks import Block, Fold, Line, Table, Tone
from compatkit.reports.found_slices import TITLE, lay_out_found
from compatkit.reports.headline import describe_update, split_change
from compatkit.reports.layout import explain_metrics
from compatkit.reports.page.articles import draw_flips, find_flips
from compatkit.reports.page.cards import make_cards
from compatkit.reports.page.choices import Choices, make_choices
from compatkit.reports.page.drawing import draw
from compatkit.reports.page.forest import (
    Forest,
    Part,
    flip_rate,
    forest_of_gathered,
    forest_of_slices,
    make_forest,
)
from compatkit.reports.pictures import inline_svg, pictures_of
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
    describe_scorer,
    describe_tests,
    left_out,
    level_of,
    name_average,
    tasks_of,
)

MOST_OPEN = 2  # panels of a picture that is not folded
DRAWN = ("candidates", "answers", "scores", "sweep")


def render_html(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the HTML report, one file that loads nothing: every number and every flip.

    Args:
        results: one comparison per task and candidate, totals last.
        view: how many flips are shown.
    """
    view = view or View()
    heads = [comparison for comparison in results if comparison.task == results[-1].task]
    parts = results[: -len(heads)] or results
    choices = make_choices(parts, totals=heads if len(results) > len(heads) else ())
    names = " and ".join(head.new_name for head in heads)
    return draw(
        "comparisons.html",
        title=f"{heads[0].old_name} \u2192 {names}",
        basis=describe_basis(heads, len(tasks_of(results)) - 1),
        change=split_change(heads[0]) if len(heads) == 1 else (),
        sentences=describe_update(results),
        cards_of=make_cards(heads[0]) if len(heads) == 1 else [],
        left_out=left_out(heads),
        notes=list(dict.fromkeys(note for result in results for note in result.notes)),
        forests=list(_make_forests(results, heads, choices)),
        pictures=_draw_pictures(results),
        numbers=list(_lay_out_numbers(results, heads)),
        flips=draw_flips(parts, find_flips(parts, choices), choices, view),
        foot=list(_lay_out_foot(results, heads)),
    )


def describe_basis(heads: Sequence[Comparison], tasks: int = 0) -> str:
    """Say what was compared, and how.

    Args:
        heads: the comparisons of one task, or the totals.
        tasks: how many tasks the totals are of.
    """
    head = heads[0]
    parts = [
        f"{head.old_name} \u2192 {', '.join(head.new_name for head in heads)}",
        *([count_of(tasks, "task")] if tasks else [head.task] if head.task else []),
        count_of(head.counts.total, "example"),
        f"{'scored' if head.continuous else 'right'} by {describe_scorer(head)}",
        f"intervals at {100 * level_of(head):g}%",
    ]
    return " \u00b7 ".join(parts)


def _make_forests(
    results: Sequence[Comparison], heads: Sequence[Comparison], choices: Choices
) -> Iterator[Forest]:
    several, average = len(heads) > 1, name_average("accuracy", heads[0])
    if several:
        tokens = choices.model.tokens
        yield make_forest(
            "by model",
            "model",
            [_part(head, head.new_name, tokens.get(head.new_name, "")) for head in heads],
            average=average,
        )
    parts = results[: -len(heads)] if len(results) > len(heads) else results
    for head in heads if len(results) > len(heads) else ():
        tasks = [part for part in parts if part.new_name == head.new_name]
        tasks.sort(key=lambda task: (-(flip_rate(task.metrics).low or 0.0), task.task))
        tokens = choices.task.tokens
        yield make_forest(
            f"by task, {head.new_name}" if several else "by task",
            "task",
            [_part(task, task.task, tokens.get(task.task, "")) for task in tasks],
            head.metrics["negative_flip_rate"].value,
            average=average,
        )
    for comparison in parts:
        where = [comparison.task] if len(parts) > len(heads) else []
        where += [comparison.new_name] if several else []
        for path in comparison.slices:
            yield forest_of_slices(
                comparison, path, choices.slices[path].tokens, ", ".join([f"by {path}", *where])
            )
    for head in heads:
        if head.found_slices is not None and head.found_slices.gathered:
            names = [TITLE, *([head.new_name] if several else [])]
            yield forest_of_gathered(head, choices.gathered.tokens, ", ".join(names))


def _draw_pictures(results: Sequence[Comparison]) -> list[tuple[str, str]]:
    """Draw the pictures that there are, but for what the forests show.

    One of many panels has a title, under which it is folded.
    """
    pictures = pictures_of(results)
    return [
        (picture.title if len(picture.panels) > MOST_OPEN else "", inline_svg(picture))
        for name, picture in pictures.items()
        if name in DRAWN
    ]


def _part(comparison: Comparison, name: str, token: str) -> Part:
    return Part(name, token, comparison.counts, comparison.metrics)


def _lay_out_numbers(results: Sequence[Comparison], heads: Sequence[Comparison]) -> Iterator[Block]:
    """Yield the tables of every comparison, those of the whole first."""
    if len(results) > len(heads):
        yield task_table(results)
    elif len(heads) > 1:
        yield candidate_table(results)
    parts = results[: -len(heads)] if len(results) > len(heads) else ()
    for comparison in (*heads, *parts):
        name = ", ".join(filter(None, (comparison.task, comparison.new_name)))
        blocks = list(_detail(comparison))
        if len(results) > 1:
            yield Fold(f"all numbers of {name}", blocks)
        else:
            yield count_table(comparison)
            yield Fold("every metric, with its interval", blocks)


def _detail(comparison: Comparison) -> Iterator[Line | Table]:
    yield metric_table(comparison)
    tests = describe_tests(comparison.tests, level_of(comparison))
    yield from (Line(name_average(text, comparison)) for text in tests)
    yield from slice_tables(comparison)
    yield from lay_out_found(comparison)
    if (sweep := sweep_table(comparison)) is not None:
        yield sweep


def _lay_out_foot(results: Sequence[Comparison], heads: Sequence[Comparison]) -> Iterator[Block]:
    """Yield what the quantities mean, how the files were made, and the signatures."""
    yield Fold("what the numbers mean", [*explain_metrics(results)])
    runs: dict[str, Mapping[str, object]] = {}
    for comparison in results:
        for name, side in ((comparison.old_name, "old"), (comparison.new_name, "new")):
            if (header := comparison.runs.get(side)) is not None:
                runs[name] = header
    yield from (Line(f"{name} was made by {describe_header(runs[name])}") for name in runs)
    yield from (
        Line(f"signature{f' of {one.task}' if one.task else ''}: {one.signature}", Tone.FAINT)
        for one in (results[: -len(heads)] or results)
    )
