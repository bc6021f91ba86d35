"""Hostile text: what a model wrote, made visible and never interpreted."""

import io
import re
import unicodedata
from collections.abc import Iterable

# Categories whose characters draw nothing, move the cursor or turn the reading direction.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that draw nothing: fillers, joiners, selectors but those of emoji.
FILLERS = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)))
SELECTORS = frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE0E))))
MORE_SELECTORS = frozenset(map(chr, range(0xE0100, 0xE01F0)))
# Spaces that look like a plain one; the ideographic space is wide enough to be seen.
SPACES = frozenset(map(chr, (0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F)))
DRAWS_NOTHING = FILLERS | SELECTORS | MORE_SELECTORS | SPACES
# What CI systems take for a command, `::error::` or `##vso[...]`, wherever a line is folded.
COMMAND = re.compile(r":(?=:)|#(?=#\w*\[)")
# An underscore within a word and a colon before a space mean nothing to Markdown.
MARKDOWN = re.compile(
    r"[&<>|`*\[\]#@~!\\${}^]|(?<![^\W_])_|_(?![^\W_])|:(?=\S)|\bwww\.", re.IGNORECASE
)
# Mentions, issue numbers and addresses are found after entities are read.
REFERENCE = re.compile(r"@|#(?=\d)|:(?=//)")
NOTHING = "\u200b"
SAYING_SO = 24
# The last four are the full-width forms, which Japanese spreadsheets take for the plain ones.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# What no spreadsheet takes for more than a number, such as the id -1.
PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def visible(text: str, limit: int | None = None) -> str:
    r"""Return a text on one line whose every character can be seen.

    Control, formatting, private and unassigned characters, line breaks, unusual spaces and
    lone surrogates become escapes as Python writes them; so does the first sign of what a CI
    system would take for a command.

    Args:
        text: any text.
        limit: how many characters to show; of a text that is longer by more than saying so
            takes, the middle is left out, since answers stand at the end, and counted.

    >>> visible("a\x1b[31m\n::error::b")
    'a\\x1b[31m\\n\\x3a:error\\x3a:b'
    """
    if limit is not None:
        text = shorten(text, limit)
    return COMMAND.sub(lambda match: f"\\x{ord(match[0]):02x}", _escape_unseen(text))


def shorten(text: str, limit: int) -> str:
    """Return a text whose middle is left out, and counted, where it is longer than the limit.

    >>> shorten("0123456789" * 10, 10)
    '01234 ...(90 characters)... 56789'
    """
    if len(text) <= limit + SAYING_SO:
        return text
    head, tail = text[: limit // 2], text[len(text) - limit // 2 :]
    return f"{head} ...({len(text) - 2 * (limit // 2):,} characters)... {tail}"


def visible_lines(text: str) -> str:
    r"""Return a text, its line breaks kept, whose every other character can be seen.

    For where no CI system reads along: nothing but what draws nothing is escaped.

    >>> visible_lines("a::b\r\n\x1b[31m")
    'a::b\\r\n\\x1b[31m'
    """
    return _escape_unseen(text, "\n")


def _escape_unseen(text: str, keep: str = "") -> str:
    if text.isascii() and text.isprintable():
        return text
    unseen = {character for character in set(text) if _is_unseen(character)} - {*keep}
    return text.translate({ord(character): _escape(character) for character in unseen})


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in INVISIBLE or character in DRAWS_NOTHING


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def markdown_text(text: str, limit: int | None = None) -> str:
    """Return a text that Markdown, HTML within it and table cells show as it stands.

    A space of no width breaks what forges look for in the rendered text: mentions, issue
    numbers and addresses.

    >>> markdown_text("a|b <img> @you")
    'a&#124;b &#60;img&#62; &#64;&#8203;you'
    """

    def entities(match: re.Match[str]) -> str:
        return "".join(
            character if character.isalnum() else f"&#{ord(character)};" for character in match[0]
        )

    text = REFERENCE.sub(lambda match: match[0] + NOTHING, visible(text, limit))
    return MARKDOWN.sub(entities, text).replace(NOTHING, f"&#{ord(NOTHING)};")


def csv_text(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: such a one gets a leading quote.

    A plain number, which a sign may begin, stays as it is, so that ids join back. NUL, which
    CSV readers refuse, becomes visible.

    >>> csv_text("=1+1"), csv_text("-1")
    ("'=1+1", '-1')
    """
    text = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
    formula = text.startswith(FORMULA) and not PLAIN_NUMBER.fullmatch(text)
    return f"'{text}" if formula else text


def csv_line(cells: Iterable[object]) -> str:
    r"""Return one line of CSV, its texts as `csv_text` makes them.

    Python's writer quotes a carriage return only where lines end in one.

    >>> csv_line(["a\rb", 0.5, None])
    '"a\rb",0.5,\n'
    """
    import csv  # noqa: PLC0415  (start-up time)

    line = io.StringIO()
    row = [csv_text(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue().removesuffix("\r\n") + "\n"
