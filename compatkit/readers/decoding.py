"""JSON as people write it: strict where it matters, with the place of what is wrong."""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Sequence
from typing import Any

from compatkit.errors import DataError
from compatkit.predictions.fields import Record

LINE = b"\n"
CHUNK = 1 << 20  # bytes that are looked at in one go
SPACED = re.compile(rb'"[ \t\n\r]++:')  # a key's end with white space before its colon
# White space before a colon that is not one blank.
UNUSUAL = (b"\t:", b"\n:", b"\r:", b"  :", b"\t :", b"\n :", b"\r :")
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"\s*+(:?)')


def repeats_a_key(text: bytes, rows: Sequence[Any]) -> bool:
    """Tell whether an object of a JSON text holds a key twice, once the text was decoded.

    Decoders keep the last of two equal keys in silence: the text then holds more keys than
    the objects do. Every key ends in a quote and a colon, with or without white space between,
    as do some texts, so that counting those is quick and never too low.

    Args:
        text: what was decoded.
        rows: the objects that it was decoded to.
    """
    flat = sum(map(len, rows))
    colons = text.count(b":")
    if colons == flat:
        return False
    unusual = any(space[:1] in text and space in text for space in UNUSUAL)
    spaced = len(SPACED.findall(text)) if unusual else text.count(b'" :')
    ends = text.count(b'":') + spaced
    if ends == flat:
        return False
    keys = _count_keys(rows)
    if keys in {colons, ends}:
        return False
    return keys != len(b"".join(STRING.findall(text)))


def _count_keys(rows: Sequence[Any]) -> int:
    """Count the keys of all objects, nested ones too."""
    keys = 0
    level = rows
    while level:
        keys += sum(len(node) for node in level if type(node) is dict)
        level = [
            item
            for node in level
            for item in (node.values() if type(node) is dict else node)
            if type(item) is dict or type(item) is list
        ]
    return keys


def decode_object(raw: bytes, name: str, line: int, *, cut: bool = False) -> Record:
    """Decode one JSON object that stands in a line of its own.

    Args:
        raw: the bytes of the line.
        name: what messages call the file.
        line: the number of the line.
        cut: the bytes end where the file ends, without a line break.

    Raises:
        DataError: no JSON object, or a key twice.
    """
    hint = " One whole JSON object a line was expected."
    if raw.startswith(b"["):
        hint += " This looks like a JSON array: pass --reader json."
    value = decode_json(raw, name, line, cut=cut, hint=hint)
    if not isinstance(value, dict):
        raise DataError(f"{name}:{line}: a JSON {type(value).__name__}.{hint}")
    return value


def check_utf8(raw: bytes, name: str) -> None:
    """Refuse bytes that are no UTF-8: a decoder that skips a text does not look at them.

    Raises:
        DataError: with the place.
    """
    if raw.isascii():
        return
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(raw), CHUNK):
            decoder.decode(raw[start : start + CHUNK], final=start + CHUNK >= len(raw))
    except UnicodeDecodeError:
        decode_json(raw, name)  # which names the place


def decode_json(raw: bytes, name: str, line: int = 0, *, cut: bool = False, hint: str = "") -> Any:
    """Decode a JSON text with Python's own decoder, which says what is wrong.

    NaN and Infinity are read, since Python writes them.

    Args:
        raw: the bytes of the text.
        name: what messages call the file.
        line: the line that the text is; 0 where it is the whole file.
        cut: the bytes end where the file ends, and should not.
        hint: what was expected, for messages.

    Raises:
        DataError: with the place, what was found and what to do.
    """
    where = f"{name}:{line}" if line else name
    first = line or 1
    if raw.count(b"\0") or raw.startswith(b"\x1f\x8b"):
        raise DataError(f"{where}: binary data; JSON text was expected.")
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise DataError(
            f"{name}:{first + before.count(LINE)}: byte {raw[error.start]:#04x} at column "
            f"{error.start - before.rfind(LINE)} is not UTF-8. Convert the file to UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        if line and not cut and error.pos >= len(raw.decode().rstrip()):
            raise DataError(
                f"{where}: the JSON value that begins here does not end in its line.{hint} If the "
                "file is pretty-printed, write each object into a line, or all into one array, "
                "which --reader json reads; otherwise write the file again."
            ) from error
        what = f"not JSON: {error.msg} at column {error.colno}"
        if cut:
            what += "; the file ends here, without a line break, so it may be cut off"
        place = f"{name}:{first + error.lineno - 1}"
        raise DataError(f"{place}: {what}.{hint} Write the file again.") from error
    except _RepeatedKeyError as error:
        raise DataError(
            f"{where}: the key {error.args[0]!r} occurs twice in one object, and which one counts "
            f"is not said. Write each key once. The object begins {error.args[1]:.60}"
        ) from None
    except (RecursionError, ValueError) as error:
        raise DataError(
            f"{where}: nested too deeply, or a number too long, to be a prediction ({error})."
        ) from None


class _RepeatedKeyError(Exception):
    """A key occurs twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RepeatedKeyError(key, repr(value))
            seen.add(key)
    return value
