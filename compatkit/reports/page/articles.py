"""Articles: the flipped examples, each with a place of its own on the page."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice

from msgspec import Struct

from compatkit.comparison.comparison import Comparison
from compatkit.comparison.examples import CHANGED, FlippedExample
from compatkit.reports.hostile import shorten
from compatkit.reports.page.choices import Choice, Choices
from compatkit.reports.page.drawing import KINDS, draw_each
from compatkit.reports.page.word_diff import Run, diff_words
from compatkit.reports.view import View, count_of

MOST_BYTES = 10_000_000
SHARE = 0.99  # of the page, which the list may fill
MOST_CHARACTERS = 20_000  # of one text
LONG = 1200
TAIL = 600
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Sides(Struct, frozen=True):
    """What both models say.

    Attributes:
        label: what of their answers, or which field, it is; empty for the answer itself.
        old: in runs of words, None for no answer.
        new: the same.
        shared: both say what `old` holds.
    """

    label: str
    old: Sequence[Run] | None
    new: Sequence[Run] | None
    shared: bool = False


class Article(Struct, frozen=True):
    """A flipped example as the page shows it.

    Attributes:
        anchor: by which it is linked to; the same for the same task and id.
        name: its id.
        kind: a key of `KINDS`.
        tokens: the filters that keep it.
        labels: its task, model, slices and cause, where they say something, and what both models
            make of the right choice.
        score: old and new, where they lie between right and wrong.
        head: the beginning of a long question, which is folded.
        question: the question, or its end.
        reference: the accepted answers.
        sides: what both models say.
        remark: what else is to be said of it.
        long: whether it is folded until somebody asks for all of it.
    """

    anchor: str
    name: str
    kind: str
    tokens: str
    labels: Sequence[str]
    score: str
    head: str
    question: str
    reference: str
    sides: Sequence[Sides]
    remark: str
    long: bool


class FlipPage(Struct, frozen=True):
    """The list of flips, drawn.

    Attributes:
        articles: as markup.
        kinds: kind to its name and how many of it are shown.
        choices: what the list can be filtered by, beside the kind.
        total: how many flips there are.
        shown: how many of them the list holds.
        notes: what was left out of the list.
        order: in which the list stands.
    """

    articles: str
    kinds: Mapping[str, tuple[str, int]]
    choices: Sequence[Choice]
    total: int
    shown: int
    notes: Sequence[str]
    order: str = "most harmful first"


class Flip(Struct, frozen=True):
    """A flipped example and where it flipped.

    Attributes:
        comparison: of which task and model.
        example: what flipped.
        anchor: by which it is linked to.
        remark: what is to be said of it.
    """

    comparison: Comparison
    example: FlippedExample
    anchor: str
    remark: str = ""


def find_flips(results: Sequence[Comparison], choices: Choices) -> Iterator[Flip]:
    """Yield every flip of these comparisons, the most harmful first, read as they are asked for.

    Broken ones come first; of equal falls of score those of one slice stand together.
    """
    for kind in KINDS:
        yield from merge(
            *(_flips_of(comparison, kind, choices) for comparison in results),
            key=lambda flip: -round(flip.example.harm, 12),
        )


def _flips_of(comparison: Comparison, kind: str, choices: Choices) -> Iterator[Flip]:
    examples = comparison.changed if kind == CHANGED else comparison.examples
    if examples is not None:
        for example in examples.of_kind(kind).by_harm():
            yield Flip(comparison, example, find_anchor(comparison, example.id, choices))


def find_anchor(comparison: Comparison, name: str, choices: Choices) -> str:
    """Return the anchor of an example: of several tasks or models it names these, too."""
    tasks, models = (len(choice.tokens) > 1 for choice in (choices.task, choices.model))
    further = models and comparison.baseline is not None
    return name_anchor(
        *([comparison.task] if tasks else []), name, *([comparison.new_name] if further else [])
    )


def name_anchor(*parts: str) -> str:
    """Return the anchor of a task's example, a further candidate's where there are several.

    Parts that a link cannot hold as they stand are told apart by a hash.

    >>> name_anchor("arc_easy", "12"), name_anchor("a b")
    ('flip/arc_easy/12', 'flip/a-b-c8687a08')
    """
    return "/".join(["flip", *map(_name_part, parts)])


def _name_part(part: str) -> str:
    if PLAIN.fullmatch(part):
        return part
    digest = hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    plain = re.sub("[^A-Za-z0-9]+", "-", part)[:40].strip("-")
    return f"{plain}-{digest}".strip("-")


def draw_flips(
    results: Sequence[Comparison], flips: Iterable[Flip], choices: Choices, view: View
) -> FlipPage:
    """Return the list of flips, as many as 10 MB hold.

    Args:
        results: the comparisons, one per task and candidate.
        flips: theirs, the most harmful first.
        choices: what they can be filtered by.
        view: how many are shown at most, None for as many as fit, and which fields of each.
    """
    drawn: list[str] = []
    kinds: Counter[str] = Counter()
    size = 0
    most = view.show_flips
    articles = (make_article(flip, choices, view.show_fields) for flip in islice(flips, most))
    for article, text in draw_each("flips.html", "article", articles):
        size += len(text.encode("utf-8", "replace"))
        if size > SHARE * MOST_BYTES:
            break
        drawn.append(text)
        kinds[article.kind] += 1
    lists = [one for comparison in results for one in (comparison.examples, comparison.changed)]
    total = sum(len(one) for one in lists if one is not None)
    return FlipPage(
        "".join(drawn),
        {kind: (name, kinds[kind]) for kind, name in KINDS.items() if kinds[kind]},
        [choice for choice in choices if choice.tells],
        total,
        len(drawn),
        [*_describe_cut(len(drawn), total, most), *_describe_unkept(results)],
    )


def _describe_cut(shown: int, total: int, most: int | None) -> Iterator[str]:
    if shown < total:
        why = "as was asked for" if shown == most else f"as many as {MOST_BYTES // 10**6} MB hold"
        yield (
            f"{shown:,} of {count_of(total, 'flip')} are shown, {why}, the most harmful first; "
            "--flips FILE writes all."
        )


def _describe_unkept(results: Sequence[Comparison]) -> Iterator[str]:
    number = sum(comparison.examples is None for comparison in results)
    if number:
        of_all = "" if number == len(results) else f" of {number:,} of {len(results):,} comparisons"
        yield f"The flips{of_all} were not kept (keep_flips=True keeps them), so none is listed."


def make_article(flip: Flip, choices: Choices, fields: Sequence[str] = ()) -> Article:
    """Return a flipped example as the page shows it, with these fields of its records."""
    example = flip.example
    held = list(choices.values(flip.comparison, example))
    question = shorten(example.input or "", MOST_CHARACTERS)
    cut = len(question) - TAIL if len(question) > LONG else 0
    sides = [*_find_sides(example), *_find_fields(example, fields)]
    lengths = [sum(len(run.text) for run in side or ()) for s in sides for side in (s.old, s.new)]
    scores = example.old_score, example.new_score
    return Article(
        anchor=flip.anchor,
        name=example.id,
        kind=example.kind,
        tokens=" ".join([example.kind, *(choice.token(value) for choice, value in held)]),
        labels=[
            *(value for choice, value in held if choice.tells),
            *([str(example.confidence)] if example.confidence else []),
        ],
        score="" if {*scores} <= {0.0, 1.0} else f"{scores[0]:.4g} \u2192 {scores[1]:.4g}",
        head=question[:cut],
        question=question[cut:],
        reference=shorten(" / ".join(example.references), MOST_CHARACTERS),
        sides=sides,
        remark=flip.remark,
        long=max(lengths) > LONG,
    )


def _find_sides(example: FlippedExample) -> Iterator[Sides]:
    answers = example.old_answer, example.new_answer
    texts = example.old_prediction, example.new_prediction
    if answers not in {texts, (None, None)}:
        yield compare_texts("as judged", *answers)
    yield compare_texts("", *texts)


def _find_fields(example: FlippedExample, fields: Sequence[str]) -> Iterator[Sides]:
    """Yield the fields of the records, once where both hold the same."""
    for name in fields:
        texts = example.show_field(name)
        if "" in texts:
            runs = [Run(shorten(texts[""], MOST_CHARACTERS), changed=False)]
            yield Sides(name, runs, None, shared=True)
        else:
            yield compare_texts(name, texts["old"], texts["new"])


def compare_texts(label: str, old: str | None, new: str | None) -> Sides:
    """Return what both models say, in runs of words that differ and that do not."""
    old, new = (None if text is None else shorten(text, MOST_CHARACTERS) for text in (old, new))
    if old is None or new is None:
        plain = [None if text is None else [Run(text, changed=False)] for text in (old, new)]
        return Sides(label, plain[0], plain[1])
    return Sides(label, *diff_words(old, new))
