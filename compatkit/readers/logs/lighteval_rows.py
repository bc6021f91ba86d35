"""Rows of lighteval, in the columns of each of its versions.

Since 0.11: `doc`, `metric` and `model_response`. Before: `example`, `choices`, `gold_index`,
`gold`, `predictions` and `metrics`, as values or, up to 0.9, as the text that Python prints of
them. The first leaderboard had a column for each metric, and `query`.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from compatkit.errors import DataError
from compatkit.predictions.likelihoods import PER_CHARACTER, RAW
from compatkit.readers.logs.log import as_text, expect

NUMPY = re.compile(r"\b(?:np|numpy)\.\w+\(([^()]*)\)")
NO_NUMBER = re.compile(r"(?<![\w'\"])(?:nan|-?inf)\b")
FIRST_METRICS = ("acc", "acc_norm", "mc1", "mc2", "em", "f1", "exact_match")
BY_LENGTH = ("acc_norm", "CharNorm")  # of metrics, by how they weigh a choice
NEWEST = {"doc", "metric"}
BEFORE = {"example", "predictions"}


class Row(Struct, frozen=True):
    """What a row says, whatever its version.

    Attributes:
        id: the id within the row; None where it has none.
        asked: the question, without examples of how to answer.
        choices: the texts to choose from.
        references: what is accepted.
        metrics: the metrics by name.
        answers: texts, or a log-likelihood per choice.
        specific: further fields of the task.
    """

    id: str | None
    asked: str
    choices: Sequence[str]
    references: Sequence[str]
    metrics: Mapping[str, Any]
    answers: Sequence[Any] = ()
    specific: Any = field(default=None)

    def answer(self, metric: str) -> str | None:
        """Return the first text, or the choice that the metric takes for the answer."""
        if self._numbers() is None:
            return as_text(self.answers[0]) if self.answers else None
        weighed = self.weigh(metric)
        if weighed is None:
            return None
        return self.choices[max(range(len(weighed[1])), key=weighed[1].__getitem__)].strip()

    def weigh(self, metric: str) -> tuple[str, list[float]] | None:
        """Return the log-likelihoods of the choices, and how the metric weighs them.

        None where there is not one of each choice.
        """
        numbers = self._numbers()
        if not numbers or len(numbers) != len(self.choices):
            return None
        if not any(sign in metric for sign in BY_LENGTH):
            return RAW, numbers
        pairs = zip(numbers, self.choices, strict=True)
        return PER_CHARACTER, [number / max(len(text.strip()), 1) for number, text in pairs]

    def _numbers(self) -> list[float] | None:
        """Return the answers where they are numbers, alone or before whether they are greedy."""
        numbers = [
            answer[0] if isinstance(answer, list | tuple) and answer else answer
            for answer in self.answers
        ]
        return numbers if all(isinstance(number, float | int) for number in numbers) else None


def read_row(row: Mapping[str, Any], where: str) -> Row:
    """Return a row of any version.

    Raises:
        DataError: columns that no version wrote.
    """
    if row.keys() >= NEWEST:
        return _read_newest(row, where)
    if row.keys() >= BEFORE:
        return _read_before(row, where)
    raise DataError(
        f"{where}: the columns are {', '.join(map(str, row))}; those of lighteval are "
        f"{', '.join(sorted(NEWEST))}, or before 0.11 {', '.join(sorted(BEFORE))}. Is it whole?"
    )


def _read_newest(row: Mapping[str, Any], where: str) -> Row:
    doc, metrics, response = row["doc"], row["metric"], row.get("model_response")
    if not isinstance(doc, dict) or not isinstance(metrics, dict):
        raise DataError(f"{where}: 'doc' and 'metric' are no structs. Did lighteval write it?")
    response = response if isinstance(response, dict) else {}
    choices = [as_text(choice) for choice in doc.get("choices") or []]
    answers = next(
        (values for name in ("text_post_processed", "text") if (values := response.get(name))),
        response.get("logprobs") or (),
    )
    return Row(
        id=None if doc.get("id") is None else str(doc["id"]),
        asked=as_text(doc.get("query")),
        choices=choices,
        references=_pick(choices, doc.get("gold_index")),
        metrics=metrics,
        answers=answers if isinstance(answers, list) else (answers,),
        specific=doc.get("specific"),
    )


def _read_before(row: Mapping[str, Any], where: str) -> Row:
    parts = {
        name: _value(row.get(name)) for name in ("choices", "gold", "gold_index", "predictions")
    }
    choices = [as_text(choice) for choice in _listed(parts["choices"])]
    references = _pick(
        choices, parts["gold_index"] if parts["gold_index"] not in (None, []) else parts["gold"]
    )
    metrics = _value(row.get("metrics"))
    if metrics is not None:
        expect(metrics, dict, where, "'metrics'")
    else:
        metrics = {name: row[name] for name in FIRST_METRICS if name in row}
    if not metrics:
        raise DataError(f"{where}: neither 'metrics' nor a column of one. Did lighteval write it?")
    answers = _listed(parts["predictions"])
    while len(answers) == 1 and isinstance(answers[0], list | tuple):
        answers = list(answers[0])
    asked = [as_text(row[name]) for name in ("example", "query") if row.get(name) is not None]
    return Row(
        id=None,
        asked="\n".join(asked),
        choices=choices,
        references=references
        or [as_text(reference).strip() for reference in _listed(parts["gold"])],
        metrics=metrics,
        answers=answers,
        specific=_value(row.get("specifics")),
    )


def _pick(choices: Sequence[str], gold: Any) -> list[str]:
    return [
        choices[index].strip()
        for index in _listed(gold)
        if isinstance(index, int) and 0 <= index < len(choices)
    ]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _value(value: Any) -> Any:
    """Return a value that was written as Python prints it; other values as they are."""
    if not isinstance(value, str):
        return value
    for text in (value, NO_NUMBER.sub("None", NUMPY.sub(r"\1", value))):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return value
