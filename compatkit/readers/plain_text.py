r"""Plain text: a line an example, in the order of its references.

    Das ist ein Haus.
    Ich heisse Anna.

A line ends with `\n` or `\r\n`, and the last may lack its end; no other character ends one. White
space around a line is no part of it. A blank line is an example too: no answer in a file of
predictions, no reference in one of references.
"""

from collections.abc import Iterator
from typing import BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.fields import LONE
from compatkit.predictions.records import Records
from compatkit.readers.blocks import BOM, read_blocks


def read_text(stream: BinaryIO, name: str) -> Iterator[Records]:
    """Yield a record for each line, which is its field `value`; null for a blank one.

    Args:
        stream: the decompressed bytes.
        name: what messages call the file.

    Raises:
        DataError: binary data, or text that is not UTF-8, with the line.
    """
    line = 1
    for block in read_blocks(stream, name):
        raw = block.removeprefix(BOM) if line == 1 else block
        lines = raw.removesuffix(b"\n").split(b"\n")
        if b"\0" in raw:
            number = line + next(place for place, text in enumerate(lines) if b"\0" in text)
            raise DataError(f"{name}:{number}: binary data; a text a line was expected.")
        rows = [{LONE: _decode(text, name, line + place)} for place, text in enumerate(lines)]
        yield Records(rows, range(line, line + len(rows)), name)
        line += len(rows)


def _decode(raw: bytes, name: str, line: int) -> str | None:
    try:
        return raw.decode("utf-8").strip() or None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}:{line}: byte {raw[error.start]:#04x} at column {error.start + 1} is not "
            "UTF-8. Convert the file to UTF-8."
        ) from error
