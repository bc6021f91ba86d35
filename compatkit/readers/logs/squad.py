"""SQuAD: a file of predictions, `{question id: answer}`, with the dataset's own file.

The predictions hold answers alone; `--references dev-v1.1.json` names the file of questions. A
question without an answer (SQuAD 2.0) has the empty text as its reference. Where no scorer is
named, answers are judged as SQuAD's script does: exact match after its normalisation; the
script's F1 is `--scorer token_f1`. A question that was not answered is wrong, as it is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.errors import ConfigError, DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place, place_of
from compatkit.readers.logs.keys import Once
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    batches,
    expect,
    plain_name,
    read_document,
    read_json_file,
)
from compatkit.readers.source import read_head
from compatkit.recipe import Recipe


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:
    """Return a log per file.

    Raises:
        ConfigError: no dataset was named.
    """
    if selection.dataset is None:
        raise ConfigError(
            f"{files[0]}: predictions of SQuAD hold answers alone. --references FILE names the "
            "file of questions and answers, such as dev-v1.1.json."
        )
    dataset = place_of(selection.dataset)
    return [
        Log(
            harness="squad",
            task=dataset.name.partition(".json")[0],
            path=path,
            metrics=("exact_match",),
            further=(dataset,),
            judge=Recipe("exact_match", {"normalize": "squad"}),
        )
        for path in files
    ]


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield a row per question of the dataset; one that was not answered has no prediction.

    Raises:
        DataError: no predictions, no dataset, or an answer to a question that it does not hold.
    """
    name = str(log.path)
    answers = expect(read_document(stream, name, by_hand=True), dict, name, "the file")
    questions = read_questions(log.further[0])
    unknown = [key for key in answers if key not in questions]
    if unknown:
        raise DataError(
            f"{name}: {len(unknown)} of {len(answers)} answers are to questions that "
            f"{log.further[0]} does not hold: {', '.join(unknown[:3])}. Is it the right dataset?"
        )
    yield from batches(
        (
            (number, {"id": key, "prediction": _answer(answers.get(key), name, key), **question})
            for number, (key, question) in enumerate(questions.items(), 1)
        ),
        name,
    )


def _answer(answer: Any, name: str, key: str) -> str | None:
    return None if answer is None else str(expect(answer, str, name, f"the answer to {key!r}"))


def is_dataset(path: Place) -> bool:
    """Tell the file of questions and answers by its first bytes."""
    head = read_head(path)
    return plain_name(path).endswith(".json") and b'"paragraphs"' in head and b'"data"' in head


def read_questions(path: Place) -> dict[str, dict[str, Any]]:
    """Return accepted answers and the question by its id."""
    whole = expect(read_json_file(path), dict, str(path), "the dataset")
    questions = Once("the question")
    for article in expect(whole.get("data"), list, str(path), "data"):
        for paragraph in _list(article, "paragraphs", path):
            for question in _list(paragraph, "qas", path):
                question_id = expect(question, dict, str(path), "a question").get("id")
                where = f"{path}: the question {question_id}"
                listed = expect(question.get("answers"), list, where, "answers")
                answers = [_text(answer, where) for answer in listed]
                asked = {
                    "references": answers or [""],
                    "input": question.get("question"),
                    "title": article.get("title"),
                    "answerable": bool(answers),
                }
                questions.put(str(question_id), asked, str(path))
    return questions.values


def _text(answer: Any, where: str) -> str:
    text = expect(answer, dict, where, "an answer").get("text")
    return str(expect(text, str, where, "an answer"))


def _list(part: Any, key: str, path: Place) -> Sequence[Mapping[str, Any]]:
    values = part.get(key) if isinstance(part, dict) else None
    listed: Sequence[Mapping[str, Any]] = expect(values, list, str(path), key)
    return listed
