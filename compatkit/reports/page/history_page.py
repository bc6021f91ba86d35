"""The page of a history: which version broke what, to open, to search and to pass on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from compatkit.comparison.history import History
from compatkit.comparison.traced import TracedExample
from compatkit.reports.blocks import Block, Fold, Line, Tone
from compatkit.reports.history_tables import (
    break_table,
    describe_basis,
    explain_history,
    rate_table,
    summary_table,
    tell_history,
    tell_left_out,
    version_table,
)
from compatkit.reports.hostile import shorten
from compatkit.reports.page.articles import (
    LONG,
    MOST_BYTES,
    MOST_CHARACTERS,
    SHARE,
    TAIL,
    FlipPage,
    name_anchor,
)
from compatkit.reports.page.choices import Choice
from compatkit.reports.page.drawing import draw, draw_each
from compatkit.reports.pictures import inline_svg
from compatkit.reports.pictures.history import describe_history
from compatkit.reports.view import View, count_of

MOST_NAMES = 6  # of versions, in the line above the title
# What the last version makes of an example, by the kinds of the list.
WRONG_NOW, RIGHT_NOW = ("negative", "wrong in the last"), ("positive", "right in the last")


class Answer(Struct, frozen=True):
    """What one version, or several in a row, answered.

    Attributes:
        versions: their names.
        right: whether it is right.
        text: the answer, None for none.
    """

    versions: str
    right: bool
    text: str | None


class Trace(Struct, frozen=True):
    """An example that changed as the page shows it.

    Attributes:
        anchor: by which it is linked to; the same for the same task and id.
        name: its id.
        kind: by what the last version makes of it.
        tokens: the filters that keep it.
        labels: its task, where there are several, and which version first broke it.
        marks: of each version its name, and whether it is right.
        head: the beginning of a long question, which is folded.
        question: the question, or its end.
        reference: the accepted answers.
        answers: of the versions, those that answer alike in a row together.
        long: whether it is folded until somebody asks for all of it.
    """

    anchor: str
    name: str
    kind: str
    tokens: str
    labels: Sequence[str]
    marks: Sequence[tuple[str, bool]]
    head: str
    question: str
    reference: str
    answers: Sequence[Answer]
    long: bool


class Filters(Struct, frozen=True):
    """What the list can be filtered by.

    Attributes:
        task: by the task.
        broken: by the version that first broke the example.
        wrong: by a version that has it wrong.
    """

    task: Choice
    broken: Choice
    wrong: Choice


def render_history_page(history: History, view: View | None = None) -> str:
    """Return the HTML report, one file that loads nothing: every number, every changed example.

    Args:
        history: of several versions.
        view: how many examples are shown.
    """
    view = view or View()
    sentences = [text for text, _ in tell_history(history)]
    names = history.names
    return draw(
        "history.html",
        title=f"{names[0]} \u2192 {names[-1]}",
        basis=f"{_name_versions(names)} \u00b7 {describe_basis(history)}",
        sentences=sentences,
        left_out=list(tell_left_out(history)),
        notes=list(
            dict.fromkeys(note for part in (history, *history.parts) for note in part.notes)
        ),
        picture=inline_svg(describe_history(history)),
        numbers=list(_lay_out_numbers(history)),
        flips=_draw_list(history, view),
        foot=list(_lay_out_foot(history)),
    )


def _name_versions(names: Sequence[str]) -> str:
    shown = names if len(names) <= MOST_NAMES else [names[0], "\u2026", names[-1]]
    return " \u2192 ".join(shown)


def _lay_out_numbers(history: History) -> Iterator[Block]:
    yield version_table(history)
    yield rate_table(history)
    yield break_table(history)
    yield summary_table(history)
    for part in history.parts:
        tables = [version_table(part), rate_table(part), break_table(part), summary_table(part)]
        yield Fold(f"all numbers of {part.task}", tables)


def _lay_out_foot(history: History) -> Iterator[Block]:
    yield Fold("what the numbers mean", list(explain_history()))
    yield from (
        Line(f"signature{f' of {part.task}' if part.task else ''}: {part.signature}", Tone.FAINT)
        for part in history.of_tasks
    )


def _make_filters(history: History) -> Filters:
    filters = Filters(Choice("task", "t"), Choice("first broken by", "b"), Choice("wrong in", "w"))
    for part in history.of_tasks:
        filters.task.token(part.task)
    for name in history.names:
        filters.wrong.token(name)
    for name in history.names[1:]:
        filters.broken.token(name)
    return filters


def _draw_list(history: History, view: View) -> FlipPage:
    """Return the list of examples that changed, as many as 10 MB hold."""
    filters = _make_filters(history)
    drawn: list[str] = []
    kinds: Counter[str] = Counter()
    size = 0
    total = sum(len(part.changed) for part in history.of_tasks)
    notes = []
    for trace, text in draw_each("traces.html", "trace", _trace_all(history, filters)):
        size += len(text.encode("utf-8", "replace"))
        if size > SHARE * MOST_BYTES or len(drawn) == view.show_flips:
            break
        drawn.append(text)
        kinds[trace.kind] += 1
    if len(drawn) < total:
        asked = len(drawn) == view.show_flips
        why = "as was asked for" if asked else f"as many as {MOST_BYTES // 10**6} MB hold"
        if not _are_kept(history):
            why = "since the answers were not kept (keep_flips=True keeps them)"
        notes.append(
            f"{len(drawn):,} of {count_of(total, 'example')} that changed are shown, {why}; the "
            "JSON report has all."
        )
    return FlipPage(
        "".join(drawn),
        {kind: (name, kinds[kind]) for kind, name in (WRONG_NOW, RIGHT_NOW) if kinds[kind]},
        [
            choice
            for choice in (filters.task, filters.broken, filters.wrong)
            if len(choice.tokens) > 1 or choice is filters.broken
        ],
        total,
        len(drawn),
        notes,
        "most often changed first",
    )


def _are_kept(history: History) -> bool:
    return all(part.changed.witnesses or not len(part.changed) for part in history.of_tasks)


def _trace_all(history: History, filters: Filters) -> Iterator[Trace]:
    if not _are_kept(history):
        return
    for part in history.of_tasks:
        for example in part.changed:
            yield _make_trace(example, part.task, history.names, filters)


def _make_trace(example: TracedExample, task: str, names: Sequence[str], filters: Filters) -> Trace:
    several = len(filters.task.tokens) > 1
    kind = (RIGHT_NOW if example.right[-1] else WRONG_NOW)[0]
    first = None if example.first_broken is None else names[example.first_broken]
    wrong = [name for name, right in zip(names, example.right, strict=True) if not right]
    question = shorten(example.input or "", MOST_CHARACTERS)
    cut = len(question) - TAIL if len(question) > LONG else 0
    answers = list(_list_answers(example, names))
    tokens = [kind, filters.task.token(task), *map(filters.wrong.token, wrong)]
    return Trace(
        anchor=name_anchor(*([task] if several else []), example.id),
        name=example.id,
        kind=kind,
        tokens=" ".join([*tokens, *([] if first is None else [filters.broken.token(first)])]),
        labels=[*([task] if several else []), *([] if first is None else [f"broke in {first}"])],
        marks=list(zip(names, example.right, strict=True)),
        head=question[:cut],
        question=question[cut:],
        reference=shorten(" / ".join(example.references), MOST_CHARACTERS),
        answers=answers,
        long=max(len(answer.text or "") for answer in answers) > LONG,
    )


def _list_answers(example: TracedExample, names: Sequence[str]) -> Iterator[Answer]:
    """Yield the answers, those of versions that answer alike in a row together."""
    rows = zip(names, example.right, example.predictions, strict=True)
    for (right, text), alike in groupby(rows, key=lambda row: row[1:]):
        versions = ", ".join(row[0] for row in alike)
        yield Answer(versions, right, None if text is None else shorten(text, MOST_CHARACTERS))
