"""Widths: the wide forms of letters, digits and signs that East Asian text is written in.

Of numbers the fractions that are one character too.
"""

import re
from unicodedata import normalize

_ASCII = {wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)}
_LETTERS = {wide: narrow for wide, narrow in _ASCII.items() if narrow.isalnum()}
_NUMBER_SIGNS = {wide: narrow for wide, narrow in _ASCII.items() if narrow in "-,.+/%$"}
_MINUS = dict.fromkeys((0x2212, 0x2013, 0xFE63), "-")  # the minus sign, the en dash, a small one
# A wide sign ends a word, as white space does; one that opens a bracket begins one.
_SIGNS = {
    wide: narrow if narrow in "([{" else f"{narrow} "
    for wide, narrow in _ASCII.items()
    if not narrow.isalnum()
}
_STOPS = {0x3002: ". ", 0x3001: ", ", 0x3010: "[", 0x3011: "] ", 0x300C: "'", 0x300D: "' "}
_PROSE = {**_LETTERS, **_SIGNS, **_STOPS}
_SLASH = {0x2044: "/"}  # the slash of a fraction
_NUMBERS = {**_LETTERS, **_NUMBER_SIGNS, **_MINUS, **_SLASH}
# A fraction of one character, with the whole number before it.
_FRACTION = (
    r"(?:(?<![\w.,/])(\d(?:[\d,]{0,30}\d)?) ?|(?<=([\w.,/])))?"
    r"([\u00bc-\u00be\u2150-\u215e\u2189])(?=(\d)?)"
)


def narrow_prose(text: str) -> str:
    r"""Return the text with ASCII's letters, digits and punctuation in the place of wide ones.

    >>> narrow_prose("(\uff22\uff09")
    '(B) '
    """
    return text if text.isascii() else text.translate(_PROSE)


def narrow_numbers(text: str) -> str:
    r"""Return the text with ASCII's digits and signs of numbers in the place of other ones.

    >>> narrow_numbers("\u22121\uff0e\uff15"), narrow_numbers("-2\u00bd")
    ('-1.5', '-5/2')
    """
    return text if text.isascii() else re.sub(_FRACTION, _slashed, text.translate(_NUMBERS))


def _slashed(match: re.Match[str]) -> str:
    over, _, under = normalize("NFKC", match[3]).partition("\u2044")
    whole = int((match[1] or "0").replace(",", ""))
    before, behind = " " if match[2] else "", " " if match[4] else ""
    return f"{before}{whole * int(under) + int(over)}/{under}{behind}"
