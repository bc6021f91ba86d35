"""Tool call text: the calls of functions that a message makes, in the shapes that models write.

Source: OpenAI's chat completions and responses, Anthropic's messages, the chat templates of
Hugging Face transformers (Hermes, Qwen, Mistral, Llama), and calls in Python's notation as of the
Berkeley Function-Calling Leaderboard.
"""

import ast
import re
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from compatkit.scorers.json_text import FENCE, NoValueError, read_json

MOST_CALLS = 200
LONGEST_CODE = 20_000
ARGUMENTS = ("arguments", "parameters", "input", "args")
HOLDERS = ("tool_calls", "message", "output", "function", "function_call")
MARKED = re.compile(
    r"<tool_call>(?P<hermes>.*?)(?:</tool_call>|\Z)"
    r"|\[TOOL_CALLS\](?P<mistral>.*)"
    r"|<\|python_tag\|>(?P<llama>.*)"
    r"|<function=(?P<name>[^<>]{1,256})>(?P<function>.*?)(?:</function>|\Z)",
    re.DOTALL,
)
CODE = re.compile(r"\s*\[?\s*[A-Za-z_][\w.]*\(.*\)\s*\]?\s*", re.DOTALL)


class Call(NamedTuple):
    """A call: the function's name and its arguments by name."""

    name: str
    arguments: dict[str, Any]


class NoCallsError(ValueError):
    """Something is called in a shape that cannot be read."""


def find_calls(text: str) -> list[Call] | None:
    """Return the calls that a text makes in order, None where it speaks of none.

    An empty list is a message that says that it calls nothing, such as `[]` or a message of an
    API without calls.

    Raises:
        NoCallsError: a call is begun and cannot be read, or there are more than 200.

    >>> find_calls('<tool_call>{"name": "f", "arguments": {"city": "Paris"}}</tool_call>')
    [Call(name='f', arguments={'city': 'Paris'})]
    >>> find_calls('[f(city="Paris")]') == find_calls('{"name": "f", "input": {"city": "Paris"}}')
    True
    """
    calls = _read(text)
    if calls is not None and len(calls) > MOST_CALLS:
        raise NoCallsError("too many calls")
    return calls


def _read(text: str) -> list[Call] | None:
    try:
        return _from_value(read_json(text.strip()))
    except NoValueError:
        marked = list(MARKED.finditer(text))
    if marked:
        return [call for mark in marked for call in _from_mark(mark)]
    for fenced in reversed(FENCE.findall(text)):
        try:
            calls = _from_value(read_json(fenced.strip()))
        except NoValueError:
            calls = _from_code(fenced)
        if calls is not None:
            return calls
    return _from_code(text)


def _from_mark(mark: re.Match[str]) -> list[Call]:
    insides = mark.group("hermes", "mistral", "llama", "function")
    inside = next((text for text in insides if text), "")
    try:
        value = read_json(inside.strip())
    except NoValueError as error:
        raise NoCallsError(str(error)) from None
    if mark["name"] is not None:
        return [Call(mark["name"].strip(), _arguments(value))]
    calls = _from_value(value)
    if not calls:
        raise NoCallsError("the mark of a call holds none")
    return calls


def _from_value(value: Any) -> list[Call] | None:
    """Return the calls of a JSON value, None where it is no message and no call."""
    if isinstance(value, list):
        parts = [_from_value(item) for item in value]
        if any(part is None for part in parts):
            return None
        return [call for part in parts for call in part or ()]
    if not isinstance(value, Mapping):
        return None
    for key in HOLDERS:
        if isinstance(value.get(key), list | Mapping):
            return _listed(value[key])
    first = value.get("choices")
    return _listed(first[0]) if isinstance(first, list) and first else _from_block(value)


def _listed(value: Any) -> list[Call]:
    calls = _from_value(value)
    if calls is None:
        raise NoCallsError("calls in no shape that is known")
    return calls


def _from_block(value: Mapping[str, Any]) -> list[Call] | None:
    """Return what a message, a block of its content, or a call by itself calls."""
    key = next((key for key in ARGUMENTS if key in value), None)
    if isinstance(value.get("name"), str) and key is not None:
        return [Call(value["name"], _arguments(value[key]))]
    if value.get("type") in {"tool_use", "function_call", "function"}:
        raise NoCallsError("a call without a name or arguments")
    if isinstance(value.get("content"), list):
        return _listed(value["content"])
    spoken = {"content", "role", "text", "reasoning", "thinking", "refusal", "summary"}
    return [] if value.keys() & spoken else None


def _arguments(value: Any) -> dict[str, Any]:
    """Return arguments, which OpenAI's messages hold as the text of a JSON object."""
    if isinstance(value, str):
        try:
            value = read_json(value) if value.strip() else {}
        except NoValueError as error:
            raise NoCallsError(f"arguments: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NoCallsError("arguments are no object")
    return value


def _from_code(text: str) -> list[Call] | None:
    """Return calls in Python's notation with literal arguments, None where the text is none."""
    if len(text) > LONGEST_CODE or not CODE.fullmatch(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    try:
        return [_from_node(node) for node in (body.elts if isinstance(body, ast.List) else [body])]
    except (ValueError, RecursionError) as error:
        raise NoCallsError(str(error)) from None


def _from_node(node: ast.expr) -> Call:
    if not isinstance(node, ast.Call) or node.args or any(k.arg is None for k in node.keywords):
        raise NoCallsError("a call whose arguments have no names")
    arguments = {str(word.arg): _plain(ast.literal_eval(word.value)) for word in node.keywords}
    return Call(ast.unparse(node.func), arguments)


def _plain(value: Any) -> Any:
    """Return a literal of Python as the JSON value that it stands for."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return read_json(repr(value))
    raise NoCallsError(f"an argument is a {type(value).__name__}")
