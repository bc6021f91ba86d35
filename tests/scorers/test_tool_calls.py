"""Tool calls: the shapes of the APIs, by hand and by properties."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.scorers.make import make_scorer
from compatkit.scorers.tool_call_text import Call, NoCallsError, find_calls
from compatkit.scorers.tool_calls import CALLS, NO_CALLS, UNREADABLE

ARGUMENTS = {"city": "Paris", "days": 2}
TEXT = json.dumps(ARGUMENTS)
OPENAI = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": TEXT}}
SHAPES: dict[str, Any] = {
    "a call": {"name": "weather", "arguments": ARGUMENTS},
    "calls": [{"name": "weather", "arguments": ARGUMENTS}],
    "parameters": {"name": "weather", "parameters": ARGUMENTS},
    "chat completions, a call": OPENAI,
    "chat completions, calls": [OPENAI],
    "chat completions, a message": {"role": "assistant", "content": None, "tool_calls": [OPENAI]},
    "chat completions, a response": {
        "choices": [{"index": 0, "message": {"tool_calls": [OPENAI]}}]
    },
    "chat completions, before tools": {
        "role": "assistant",
        "content": None,
        "function_call": {"name": "weather", "arguments": TEXT},
    },
    "responses": {
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "1", "name": "weather", "arguments": TEXT},
        ]
    },
    "messages, a response": {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "1", "name": "weather", "input": ARGUMENTS},
        ],
    },
    "messages, a block": {"type": "tool_use", "id": "1", "name": "weather", "input": ARGUMENTS},
    "templates": {
        "role": "assistant",
        "tool_calls": [
            {"type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
        ],
    },
}
TEXTS = {
    "Hermes": f'<tool_call>\n{{"name": "weather", "arguments": {TEXT}}}\n</tool_call>',
    "Hermes, not closed": f'Well.\n<tool_call>{{"name": "weather", "arguments": {TEXT}}}',
    "Mistral": f'[TOOL_CALLS] [{{"name": "weather", "arguments": {TEXT}}}]',
    "Llama": f'<|python_tag|>{{"name": "weather", "parameters": {TEXT}}}',
    "Llama, a function": f"<function=weather>{TEXT}</function>",
    "a fence": f'I call\n```json\n{{"name": "weather", "arguments": {TEXT}}}\n```\nnow',
    "Python": '[weather(days=2, city="Paris")]',
    "Python, alone": "weather(city='Paris', days=2)",
}
REFERENCE = json.dumps(SHAPES["calls"])


def score(answer: str | None, reference: str, **options: object) -> float:
    scored = make_scorer("tool_calls", **options).score(rows_of([answer], [reference]))
    assert scored.unscored is None
    return float(scored.scores[0])


@pytest.mark.parametrize("text", [*map(json.dumps, SHAPES.values()), *TEXTS.values()])
def test_every_shape_makes_the_same_call(text: str) -> None:
    assert score(text, REFERENCE) == 1
    assert score(REFERENCE, text) == 1
    assert score(text, REFERENCE.replace("Paris", "Rome")) == 0


@pytest.mark.parametrize(
    ("calls", "first", "second", "third"),
    [("in-order", 1, 0, 0), ("any-order", 1, 1, 0), ("f1", 1, 1, 0.8)],
)
def test_the_order_of_calls(calls: str, first: float, second: float, third: float) -> None:
    answer = "[f(a=1), g(b=2)]"
    assert score(answer, "[f(a=1.0), g(b=2)]", calls=calls) == first
    assert score(answer, "[g(b=2), f(a=1)]", calls=calls) == second
    assert score(answer, "[g(b=2), f(a=1), f(a=3)]", calls=calls) == third


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("[f(a=1, b=2)]", "[f(a=1, b=3)]", 1 / 3),
        ("[f(a=1), f(a=2)]", "[f(a=2)]", 2 / 3),
        ("[f(a=1)]", "[g(a=1)]", 0.0),
        ("[f()]", "[f()]", 1.0),
        ("[]", "[]", 1.0),
        ("none needed", "[]", 1.0),
        ("[f()]", "[]", 0.0),
        # Pairing each with its likest first would lose: 1/3 + 0 instead of 0 + 1.
        ("[f(a=1, b=2), f(a=1, b=3)]", "[f(a=1, b=2)]", 2 / 3),
    ],
)
def test_the_f1_of_calls(answer: str, reference: str, expected: float) -> None:
    assert score(answer, reference, calls="f1") == pytest.approx(expected)


def test_arguments_may_be_ignored() -> None:
    assert score("[f(a=1), g()]", "[f(a=2), g(b=1)]") == 0
    for calls in CALLS:
        assert score("[f(a=1), g()]", "[f(a=2), g(b=1)]", calls=calls, ignore_arguments=True) == 1
        assert score("[f(a=1)]", "[g(a=1)]", calls=calls, ignore_arguments=True) == 0


calls_of = st.lists(
    st.tuples(
        st.sampled_from("fg"), st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=2)
    ),
    max_size=4,
)


def share(one: dict[str, int], other: dict[str, int]) -> float:
    """Return the share of equal leaves; an object without keys is a leaf."""
    if not one or not other:
        return float(one == other)
    shared = sum(one[key] == other.get(key) for key in one)
    return shared / (len(one) + len(other) - shared)


@settings(deadline=None)
@given(calls_of, calls_of)
def test_the_f1_is_the_best_of_all_pairings(
    left: list[tuple[str, dict[str, int]]], right: list[tuple[str, dict[str, int]]]
) -> None:
    short, long = sorted((left, right), key=len)
    best = max(
        sum(
            share(one[1], other[1]) if one[0] == other[0] else 0.0
            for one, other in zip(short, order, strict=False)
        )
        for order in permutations(long, len(short))
    )
    expected = 2 * best / (len(left) + len(right)) if left or right else 1.0
    texts = [json.dumps([{"name": n, "arguments": a} for n, a in side]) for side in (left, right)]
    assert score(*texts, calls="f1") == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "weather", "arguments": {"city": </tool_call>',
        "<tool_call></tool_call>",
        "<tool_call>weather</tool_call>",
        '{"tool_calls": [{"function": {"name": "weather", "arguments": "{"}}]}',
        '{"tool_calls": [{"function": {"arguments": "{}"}}]}',
        '{"name": "weather", "arguments": [1]}',
        "[weather('Paris')]",
        "[weather(city=open('x'))]",
        "weather(**{'city': 'Paris'})",
        json.dumps([{"name": "f", "arguments": {}}] * 201),
    ],
)
def test_a_call_that_cannot_be_read_is_wrong_and_counted(text: str) -> None:
    scorer = make_scorer("tool_calls")
    scored = scorer.score(rows_of([text, text], [REFERENCE, "[]"]))
    assert scored.scores.tolist() == [0, 0]
    assert scored.answers == [None, None]
    assert scored.notes == {UNREADABLE: 2}


@pytest.mark.parametrize("text", ["no call", "", "{}", '{"a": 1}', "[1]", "f(", "f(x)", "None"])
def test_a_reference_without_a_call_is_left_out_and_counted(text: str) -> None:
    scored = make_scorer("tool_calls").score(rows_of(["[]"], [text]))
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [True]
    assert scored.notes == {NO_CALLS: 1}


def test_what_calls_nothing_says_so() -> None:
    message = {"role": "assistant", "content": "Paris."}
    assert find_calls("[]") == find_calls(json.dumps(message)) == []
    assert find_calls("It is sunny.") is None
    scored = make_scorer("tool_calls").score(
        rows_of([json.dumps(message), "It is sunny.", None], ["[]"] * 3)
    )
    assert scored.scores.tolist() == [1, 1, 0]
    assert scored.answers == ["", "", None]


def test_the_answer_is_the_calls_in_one_way_of_writing() -> None:
    texts = ["[g(b=2, a=1.0), f()]", "[f(), g(a=1, b=2)]"]
    in_order = make_scorer("tool_calls").score(rows_of(texts, [texts[0]] * 2))
    assert in_order.answers == ['g({"a":1,"b":2}); f({})', 'f({}); g({"a":1,"b":2})']
    loose = make_scorer("tool_calls", calls="any-order").score(rows_of(texts, [texts[0]] * 2))
    assert loose.answers == ['f({}); g({"a":1,"b":2})'] * 2


@pytest.mark.parametrize(
    "hostile",
    [
        "<tool_call>" * 20_000,
        "[TOOL_CALLS]" * 20_000,
        "<function=" * 20_000,
        "f(" * 9_000,
        "[" * 19_000,
        "f(a=" + "-" * 19_000 + "1)",
        "f(a=" + "[" * 9_000 + "]" * 9_000 + ")",
        "f(a=1j)",
        "f(a=b'x')",
        "f(a=1e999)",
        "```\n" * 50_000,
        "\ud800f(a=1)",
        "f(a='\\d')",
    ],
)
def test_a_hostile_text_is_read_to_the_end(hostile: str) -> None:
    assert score(hostile, REFERENCE) == 0


def test_a_call_is_a_name_and_arguments() -> None:
    assert find_calls("a.b(c={'d': (1, True, None)})") == [
        Call("a.b", {"c": {"d": [1, True, None]}})
    ]
    with pytest.raises(NoCallsError, match="no names"):
        find_calls("f(1)")
