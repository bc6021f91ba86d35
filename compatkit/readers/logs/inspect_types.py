"""What compatkit reads of an Inspect log; all else is skipped, without being decoded."""

from typing import Any

from msgspec import Raw, Struct


class ScoreValue(Struct):
    """One scorer's judgement of a sample."""

    value: Any = None
    answer: Any = None


class Message(Struct):
    """A message of the model."""

    content: Any = None


class OutputChoice(Struct):
    """One of the answers of a model."""

    message: Message | None = None
    stop_reason: Any = None


class Output(Struct):
    """What the model answered."""

    completion: Any = None
    choices: list[OutputChoice] | None = None
    error: Any = None


class Sample(Struct):
    """One epoch of one sample."""

    id: Any
    epoch: int = 1
    input: Any = None
    choices: Any = None
    target: Any = None
    output: Output | None = None
    scores: dict[str, ScoreValue] | None = None
    metadata: Any = None
    error: Any = None
    invalidation: Any = None
    attachments: Raw = Raw()


class Summary(Struct):
    """What is needed to know the metrics."""

    scores: dict[str, ScoreValue] | None = None


class Header(Struct):
    """What the log says of the run."""

    eval: dict[str, Any]  # without it task, epochs and model are not known
    status: str = ""
    version: int = 0
    plan: Any = None
    results: Any = None
    error: Any = None
    invalidated: bool = False


class HeaderAndScores(Header):
    """The header of a JSON log, with the scores alone of its samples."""

    samples: list[Summary] | None = None


class Samples(Struct):
    """The samples of a JSON log."""

    samples: list[Sample] | None = None
