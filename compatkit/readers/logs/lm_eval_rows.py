"""Rows of lm-evaluation-harness: what was asked, answered and accepted."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from compatkit.arrays import as_index
from compatkit.errors import DataError
from compatkit.predictions.likelihoods import (
    LESS_ALONE,
    PER_BYTE,
    PER_CHARACTER,
    RAW,
    WEIGHING,
)
from compatkit.readers.logs.log import Log, as_text, set_score

FLAGS = {True, False, "True", "False"}
UNCONDITIONAL = ""  # the prompt of a choice without its question
# The metrics that do not take the likeliest choice as it stands.
WEIGHED = {
    "acc_norm": PER_CHARACTER,
    "acc_bytes": PER_BYTE,
    "acc_mutual_info": LESS_ALONE,
}
PAIR = 2  # a log-likelihood, and whether the continuation is the likeliest one


def read_row(row: Mapping[str, Any], metric: str, log: Log, where: str) -> dict[str, Any]:
    """Return the record of a document.

    Raises:
        DataError: no sample of the harness, or a metric that is no number.
    """
    if "doc_id" not in row:
        raise DataError(f"{where}: no field 'doc_id'. Is this a log of lm-evaluation-harness?")
    arguments, answers = row.get("arguments"), row.get("filtered_resps")
    likelihoods = _likelihoods(answers) if isinstance(answers, list) else None
    chosen = None if likelihoods is None else _read_choices(likelihoods, arguments)
    record: dict[str, Any] = {
        "id": row["doc_id"],
        "prediction": _text(answers),
        "reference": as_text(row.get("target")),
        "input": _prompt(arguments),
        "doc": row.get("doc"),
    }
    if chosen is not None:
        record |= _answer(chosen, metric, answers or [], record["reference"])
    hashes = [row[key] for key in ("doc_hash", "target_hash") if key in row]
    if hashes:
        record["item_hash"] = "lm-eval:" + "+".join(map(str, hashes))
    if metric:
        set_score(record, row.get(metric), log, where)
    return record


class _Choices(Struct):
    """The choices of a document.

    Attributes:
        likelihoods: the log-likelihood of each.
        texts: the text of each; none where a request does not say it.
        unconditional: the log-likelihood of each without its question; none if not asked for.
    """

    likelihoods: list[float]
    texts: list[str]
    unconditional: list[float]


def _read_choices(likelihoods: list[float], arguments: Any) -> _Choices:
    """Tell the choices from those that were asked for without their question."""
    requests = range(len(likelihoods))
    prompts = [_argument(arguments, number, 0) for number in requests]
    alone = [number for number in requests if prompts[number] == UNCONDITIONAL]
    asked = [number for number in requests if number not in alone]
    if len(alone) != len(asked):  # of `acc_mutual_info` each choice is asked for in both ways
        alone, asked = [], list(requests)
    texts = [_argument(arguments, number, 1) for number in asked]
    choices = [text for text in texts if isinstance(text, str)]
    return _Choices(
        [likelihoods[number] for number in asked],
        choices if len(choices) == len(asked) else [],
        [likelihoods[number] for number in alone],
    )


def _answer(choices: _Choices, metric: str, answers: list[Any], target: str) -> dict[str, Any]:
    """Return the choice that the metric takes, the right one, and the likelihoods of all."""
    if len(answers) == 1:  # whether the continuation is what the model would have said
        return {"prediction": str(answers[0][1])}
    texts = [text.strip() for text in choices.texts]
    # Where two are alike, as of a blank that each fills in its prompt, their numbers tell them.
    told_apart = len(set(choices.texts)) == len(choices.likelihoods)
    names = texts if told_apart else list(map(str, range(len(choices.likelihoods))))
    reference = _reference(target, texts if told_apart else [])
    weighing, values = _weigh(choices, metric)
    if not values:
        return {"prediction": None, "reference": reference}
    best = max(range(len(values)), key=values.__getitem__)
    return {
        "prediction": names[best],
        "reference": reference,
        "choices": names,
        "log_likelihoods": values,
        WEIGHING: weighing,
    }


def _weigh(choices: _Choices, metric: str) -> tuple[str, list[float]]:
    """Return how the metric weighs the choices, and what it takes the largest of; none if lost."""
    weighing, values = WEIGHED.get(metric, RAW), choices.likelihoods
    if weighing == LESS_ALONE:
        alone = choices.unconditional or []
        return weighing, [value - other for value, other in zip(values, alone, strict=False)]
    if weighing == RAW or not choices.texts:
        return RAW, values
    texts: list[str | bytes] = [text.strip() for text in choices.texts]
    if weighing == PER_BYTE:
        texts = [str(text).encode("utf-8", "replace") for text in texts]
    pairs = zip(values, texts, strict=True)
    return weighing, [value / max(len(text), 1) for value, text in pairs]


def _text(answers: Any) -> str | None:
    """Return the text that a filter left; None where there is none."""
    if not isinstance(answers, list) or not answers:
        return None
    answer = answers[0] if len(answers) == 1 else answers
    while isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    return None if answer is None else as_text(answer)


def _prompt(arguments: Any) -> str | None:
    """Return the prompt; that of a chat is a list of messages, or a list of their JSON text."""
    value = _argument(arguments, 0, 0)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], str | list):
        value = value[0]
    return None if value is None else as_text(value)


def _argument(arguments: Any, request: int, part: int) -> Any:
    """Return an argument of a request: 0 is the prompt, 1 what the model was to go on with."""
    try:
        if isinstance(arguments, dict):
            return arguments[f"gen_args_{request}"][f"arg_{part}"]
        return arguments[request][part]
    except (KeyError, IndexError, TypeError):
        return None


def _reference(target: str, choices: list[str]) -> str:
    """Return the accepted answer: a choice's text where the target is its index."""
    texts = [choice.strip() for choice in choices]
    index = None if target in texts else as_index(target)
    return texts[index] if index is not None and index < len(texts) else target


def _likelihoods(answers: list[Any]) -> list[float] | None:
    """Return the log-likelihood of each choice; None where the answers are texts."""
    try:
        if answers and all(
            isinstance(answer, list) and len(answer) == PAIR and answer[1] in FLAGS
            for answer in answers
        ):
            return [float(answer[0]) for answer in answers]
    except (TypeError, ValueError, OverflowError):
        pass
    return None
