"""Answer text: what every scorer of texts reads, the answer without its reasoning or a run-on."""

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from compatkit.errors import ConfigError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.record import replace
from compatkit.scorers.reasoning import after_reasoning, rows_with_marks
from compatkit.scorers.scorer import Scored, Scorer

STRIPPED = "predictions hold reasoning, which is left out before they are read"
UNFINISHED = "predictions end within their reasoning; only what stands before it is read"
STOPPED = "predictions are cut where a text of --stop begins"
ONE_TEXT = (
    "references look like a list of accepted answers and are taken as one text; "
    "--reference-separator splits them"
)
JSON_LISTS = "json"
REASONING = ("strip", "keep")
# 'gold|alias' without white space at the bar, or a list as JSON or Python writes it.
LOOKS_LIKE_A_LIST = re.compile(r"\s*\[\s*(['\"]).*\1\s*\]\s*|[^|]*[^\s|]\|{1,2}[^\s|][^|]*")


def read_answers(
    scorer: Scorer,
    *,
    reasoning: Annotated[
        str,
        Option(choices=REASONING, help="leave out what stands in <think>...</think> and the like."),
    ] = REASONING[0],
    stop: Annotated[
        str | Sequence[str],
        Option(several=True, metavar="TEXT", help="cut a prediction where a text begins."),
    ] = (),
    reference_separator: Annotated[
        str | None,
        Option(
            metavar="TEXT",
            help="what stands between the accepted answers of a reference; json for JSON lists.",
        ),
    ] = None,
) -> Scorer:
    """Return a scorer that reads what a prediction answers, and each reference by itself.

    Args:
        scorer: what scores the texts.
        reasoning: `strip` leaves out what stands between `<think>` and `</think>` and the like; a
            prediction that is nothing but the beginning of its reasoning is no answer. `keep`
            reads it too.
        stop: texts; a prediction is cut where the first of them begins.
        reference_separator: what stands between the accepted answers of a reference, such as `|`;
            `json` where each is a JSON list.

    Raises:
        ConfigError: an empty text to stop at or to separate by.
    """
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    if not all(isinstance(text, str) and text for text in stops):
        raise ConfigError(f"--stop is {list(stops)!r}; texts that are not empty were expected.")
    if reference_separator == "":
        raise ConfigError("--reference-separator is empty; a text, or 'json', was expected.")

    prepare = partial(
        _prepare, scorer, reasoning=reasoning, stops=stops, separator=reference_separator
    )

    def score(rows: Predictions) -> Scored:
        notes: dict[str, int] = {}
        examples: dict[str, str] = {}
        scored = scorer.score(prepare(rows, notes=notes, examples=examples))
        return replace(
            scored, notes={**notes, **scored.notes}, examples={**examples, **scored.examples}
        )

    def read(rows: Predictions) -> list[str | None]:
        return scorer.read(prepare(rows, notes={}, examples={}))

    options: dict[str, Any] = {"reasoning": reasoning}
    options |= {"stop": json.dumps(stops, ensure_ascii=False)} if stops else {}
    if reference_separator is not None:
        options["reference_separator"] = json.dumps(reference_separator, ensure_ascii=False)
    return replace(scorer, score=score, answers=read, options={**scorer.options, **options})


def _prepare(
    scorer: Scorer,
    rows: Predictions,
    *,
    reasoning: str,
    stops: Sequence[str],
    separator: str | None,
    notes: dict[str, int],
    examples: dict[str, str],
) -> Predictions:
    """Return rows with what is to be read of each text, and note what was left out of them."""
    texts, references = rows.prediction, rows.references
    if reasoning == REASONING[0]:
        texts = _without_reasoning(texts, notes)
    if stops:
        texts = _cut(texts, stops, notes)
    if separator is not None:
        references = [_split(accepted, separator) for accepted in references]
    elif not scorer.reads_lists:
        _note_lists(references, notes, examples)
    if texts is rows.prediction and references is rows.references:
        return rows
    return replace(rows, prediction=texts, references=references)


def _without_reasoning(texts: list[str | None], notes: dict[str, int]) -> list[str | None]:
    answers = list(texts)
    stripped = unfinished = 0
    for row in rows_with_marks(texts):
        text = texts[row] or ""
        answer, finished = after_reasoning(text)
        if answer is not text:
            answers[row] = answer
            stripped += finished
            unfinished += not finished
    notes |= {STRIPPED: stripped} if stripped else {}
    notes |= {UNFINISHED: unfinished} if unfinished else {}
    return answers if stripped or unfinished else texts


def _cut(texts: list[str | None], stops: Sequence[str], notes: dict[str, int]) -> list[str | None]:
    first = re.compile("|".join(map(re.escape, stops)))
    answers = [None if text is None else first.split(text, maxsplit=1)[0] for text in texts]
    cut = sum(
        text is not None and len(answer or "") < len(text)
        for answer, text in zip(answers, texts, strict=True)
    )
    notes |= {STOPPED: cut} if cut else {}
    return answers


def _split(references: tuple[str, ...], separator: str) -> tuple[str, ...]:
    if separator == JSON_LISTS:
        return tuple(text for reference in references for text in _read_list(reference))
    return tuple(part.strip() for reference in references for part in reference.split(separator))


def _read_list(text: str) -> Sequence[str]:
    """Return the texts of a JSON list, or the text itself where it is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    if not isinstance(values, list) or any(isinstance(value, list | dict) for value in values):
        return [text]
    return [value if isinstance(value, str) else json.dumps(value) for value in values] or [text]


def _note_lists(
    references: Sequence[tuple[str, ...]], notes: dict[str, int], examples: dict[str, str]
) -> None:
    """Note single references that look like several."""
    marked = [
        accepted[0]
        for accepted in references
        if len(accepted) == 1 and ("|" in accepted[0] or "[" in accepted[0])
    ]
    lists = list(filter(LOOKS_LIKE_A_LIST.fullmatch, marked))
    if lists:
        examples.setdefault(ONE_TEXT, lists[0])
        notes[ONE_TEXT] = len(lists)
