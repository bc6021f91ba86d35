"""JSON text: the value that a text gives as its answer, and one way of writing it."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MOST_STARTS = 64
"""How many places of a text are tried: each may cost the whole text."""
LONGEST_NUMBER = 400
LARGEST_EXPONENT = 9999
MOST_ZEROS = 20
DEEPEST = 100
FENCE = re.compile(r"```[ \t]*\w*[ \t]*\n(.*?)```", re.DOTALL)
START = re.compile(r"[{\[]")


class NoValueError(ValueError):
    """A text is no JSON."""


def read_json(text: str) -> Any:
    """Return the value that a text is, numbers that are not whole as `Decimal`.

    Raises:
        NoValueError: no JSON, a key twice in one object, NaN or infinity, a number of more than
            400 characters or beyond 1e9999, brackets more than 100 deep.
    """
    try:
        return _not_too_deep(_DECODER.decode(text))
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise NoValueError(str(error)) from None


def _not_too_deep(value: Any) -> Any:
    level, depth = [value], 0
    while level:
        held = (item for item in level if isinstance(item, dict | list))
        level = [
            inner for item in held for inner in (item.values() if isinstance(item, dict) else item)
        ]
        depth += 1
        if depth > DEEPEST:
            raise NoValueError("brackets are too deep")
    return value


def find_json(text: str) -> Any:
    """Return the value that a text gives as its answer.

    It is the whole text, else the last code fence that holds one, else the last object or list.
    Of a text with more than 64 brackets that begin none, the first 64 are tried.

    Raises:
        NoValueError: there is none.

    >>> write_json(find_json('Sure: {"a": [1, 2]}. Anything else?'))
    '{"a":[1,2]}'
    """
    for candidate in (text, *reversed(FENCE.findall(text))):
        try:
            return read_json(candidate.strip())
        except NoValueError:
            continue
    return _find_embedded(text)


def _find_embedded(text: str) -> Any:
    values = []
    place = tries = 0
    while tries < MOST_STARTS and (start := START.search(text, place)):
        try:
            value, place = _DECODER.raw_decode(text, start.start())
            values.append(_not_too_deep(value))
        except (ValueError, RecursionError, ArithmeticError):
            place = start.end()
            tries += 1
    if not values:
        raise NoValueError("no object and no list")
    return values[-1]


def write_json(value: Any) -> str:
    """Write a value so that equal ones are one text: keys sorted, 1.0 as 1, no white space.

    >>> write_json({"b": Decimal("1.50"), "a": [True, None, 1]})
    '{"a":[true,null,1],"b":1.5}'
    """
    if isinstance(value, Mapping):
        items = (f"{json.dumps(key)}:{write_json(value[key])}" for key in sorted(value))
        return f"{{{','.join(items)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(write_json, value))}]"
    if isinstance(value, Decimal):
        return _plain(value)
    return json.dumps(value, ensure_ascii=False)


def _plain(number: Decimal) -> str:
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    significant = text.rstrip("0")
    if not significant:
        return "0"
    power = int(exponent) + len(text) - len(significant)
    minus = "-" if sign else ""
    if abs(power) <= MOST_ZEROS:
        return minus + format(Decimal(f"{significant}e{power}"), "f")
    return f"{minus}{significant}e{power}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise NoValueError("a key stands twice in one object")
    return record


def _refuse(name: str) -> Any:
    raise NoValueError(f"{name} is no JSON")


def _number(digits: str) -> Decimal:
    number = Decimal(digits) if len(digits) <= LONGEST_NUMBER else None
    if number is None or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise NoValueError("a number is too long")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_refuse, parse_float=_number, parse_int=_number
)
