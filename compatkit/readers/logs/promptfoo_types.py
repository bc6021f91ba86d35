"""What compatkit reads of a promptfoo log; all else is skipped, without being kept."""

from typing import Any, TypedDict

Case = TypedDict(
    "Case",
    {"vars": Any, "description": Any, "assert": Any, "metadata": Any, "threshold": Any},
    total=False,
)


class Prompt(TypedDict, total=False):
    """What was asked."""

    label: Any
    raw: Any


class Response(TypedDict, total=False):
    """What was answered."""

    output: Any
    finishReason: Any


class Assertion(TypedDict, total=False):
    """What an answer was held to."""

    type: Any
    metric: Any


class About(TypedDict, total=False):
    """What else is said of a grade."""

    graderError: Any


Grade = TypedDict(
    "Grade",
    {
        "pass": Any,
        "reason": Any,
        "assertion": Assertion | None,
        "metadata": About | None,
        "componentResults": "list[Grade | None] | None",
    },
    total=False,
)
Result = TypedDict(
    "Result",
    {
        "provider": Any,
        "prompt": Prompt | None,
        "promptIdx": Any,
        "testCase": Case | None,
        "response": Response | None,
        "gradingResult": Grade | None,
        "namedScores": Any,
        "success": Any,
        "score": Any,
        "failureReason": Any,
        "error": Any,
        # Of a test that stands in the result itself.
        "vars": Any,
        "description": Any,
        "assert": Any,
        "metadata": Any,
        "threshold": Any,
    },
    total=False,
)


class Results(TypedDict, total=False):
    """The results of a run."""

    results: list[Result]


class Document(TypedDict, total=False):
    """A whole log."""

    evalId: Any
    metadata: Any
    results: Results | list[Result]
