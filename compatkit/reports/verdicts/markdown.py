"""Markdown of a verdict: a comment on a pull request, or a step's summary."""

import hashlib
import re
from collections.abc import Iterable

from compatkit.comparison.examples import FlippedExample
from compatkit.gate.verdict import Verdict
from compatkit.record import replace
from compatkit.reports.blocks import Block, FlipList, Fold, Table
from compatkit.reports.hostile import markdown_text, visible
from compatkit.reports.markdown import TEXT_LIMIT, draw_block, draw_fold
from compatkit.reports.verdicts.comment import lay_out_comment
from compatkit.reports.view import View

MOST_CHARACTERS = 60_000  # GitHub takes 65,536 in a comment
LONGEST_NAME = 60
ID_LIMIT = 60
QUESTION_LIMIT = 100
CUT = "Not all fits into a comment; the JSON report has all."


def render_markdown(verdict: Verdict, view: View | None = None) -> str:
    """Return the Markdown report of a gate, for a comment on a pull request or a step's summary.

    The first line is a marker by which a comment is found again and updated in place. The report
    is shorter than 60,000 characters; it says what was cut.

    Args:
        verdict: the gate's.
        view: what to show.
    """
    view = view or View()
    marker = mark_comment(verdict.name)
    link = [f"[The whole report]({view.report_url})"] if view.report_url else []
    room = MOST_CHARACTERS - len(marker) - len(CUT) - sum(map(len, link)) - 10
    (head, *blocks), cut = _fit(lay_out_comment(verdict, view), room)
    return "\n\n".join([marker, head, *link, *blocks, *([CUT] if cut else [])]) + "\n"


def render_error(message: str, name: str = "") -> str:
    """Return the Markdown that says that the gate could not measure.

    It begins with the line that the gate's own report would begin with, so that a comment of an
    earlier run does not go on saying that all is well.

    Args:
        message: why, one line or several.
        name: the policy's.
    """
    lines = [mark_comment(name), "", "## ERROR: the update could not be measured", ""]
    lines += [f"    {visible(line)}" for line in message.splitlines()]
    return "\n".join(lines) + "\n"


def mark_comment(name: str) -> str:
    """Return the first line of a gate's comment, the same whenever the policy's name is.

    What an HTML comment could not hold is replaced, and a hash keeps such names apart.

    >>> mark_comment(""), mark_comment("nightly")
    ('<!-- compatkit-gate -->', '<!-- compatkit-gate: nightly -->')
    >>> mark_comment("a --> b")
    '<!-- compatkit-gate: a-b-8527e2eb -->'
    """
    if not name:
        return "<!-- compatkit-gate -->"
    plain = re.sub("[^A-Za-z0-9_]+", "-", name)[:LONGEST_NAME].strip("-")
    if plain != name:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        plain = f"{plain}-{digest[:8]}".lstrip("-")
    return f"<!-- compatkit-gate: {plain} -->"


def _draw(block: Block) -> str:
    """Show a block; of flipped examples the question, and the texts where a click shows them."""
    match block:
        case FlipList(title, examples, remarks):
            shown = zip(examples, remarks or [""] * len(examples), strict=True)
            texts = [_draw_example(example, remark) for example, remark in shown]
            return "\n\n".join([f"**{markdown_text(title)}**", *texts] if title else texts)
        case Fold(title, blocks):
            return draw_fold(title, [_draw(inner) for inner in blocks])
        case _:
            return draw_block(block)


def _draw_example(example: FlippedExample, remark: str) -> str:
    question = "" if example.input is None else f": {visible(example.input, QUESTION_LIMIT)}"
    told = f" ({visible(remark, QUESTION_LIMIT)})" if remark else ""
    rows = [
        ("question", example.input),
        ("reference", " / ".join(example.references) or None),
        ("old", "(no answer)" if example.old_prediction is None else example.old_prediction),
        ("new", "(no answer)" if example.new_prediction is None else example.new_prediction),
    ]
    if {example.old_score, example.new_score} - {0.0, 1.0}:
        rows.append(("score", f"{example.old_score:.4g} -> {example.new_score:.4g}"))
    cells = [(name, markdown_text(text, TEXT_LIMIT)) for name, text in rows if text is not None]
    lines = ["| | |", "| :-- | :-- |", *(f"| {name} | {text} |" for name, text in cells)]
    return draw_fold(f"{visible(example.id, ID_LIMIT)}{question}{told}", ["\n".join(lines)])


def _fit(blocks: Iterable[Block], room: int) -> tuple[list[str], bool]:
    """Return the blocks that fit, and whether something was cut."""
    shown: list[str] = []
    cut = False
    for block in blocks:
        text, whole = _draw_within(block, room)
        cut = cut or not whole
        if text:
            shown.append(text)
            room -= len(text) + 2
    return shown, cut


def _draw_within(block: Block, room: int) -> tuple[str, bool]:
    """Show a block, or as many of its first rows as fit; empty where none does."""
    text = _draw(block)
    if len(text) <= room:
        return text, True
    match block:
        case Fold(title, blocks):
            inner, _ = _fit(blocks, room - len(draw_fold(title, [])))
            return (draw_fold(title, inner) if inner else ""), False
        case Table(rows=rows):
            for number in _halves(len(rows)):
                note = f"{number} of {len(rows)} rows fit here. {block.note}"
                fewer = replace(block, rows=rows[:number], tones=block.tones[:number], note=note)
                if len(text := _draw(fewer)) <= room:
                    return text, False
        case FlipList(title, examples, remarks):
            for number in _halves(len(examples)):
                shorter = FlipList(
                    f"{title or 'flips'} ({number} of them fit here)",
                    examples[:number],
                    remarks[:number],
                )
                if len(text := _draw(shorter)) <= room:
                    return text, False
    return "", False


def _halves(number: int) -> Iterable[int]:
    while number > 1:
        number //= 2
        yield number
