"""Scripts: in which letters a text is written."""

import unicodedata
from collections import Counter
from functools import cache

# Letters of these are written in one text, or stand for others of another width.
SCRIPTS = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "IDEOGRAPHIC": "CJK", "BOPOMOFO": "CJK"}


def find_script(text: str) -> str | None:
    r"""Return the script of more than half of a text's letters; None where none has so many.

    Chinese and Japanese characters count as one script, and letters of every width alike.

    >>> find_script("Moskau"), find_script("\u041c\u043e\u0441\u043a\u0432\u0430, 1147")
    ('LATIN', 'CYRILLIC')
    """
    if text.isascii():
        return "LATIN" if any(map(str.isalpha, text)) else None
    counts = Counter(map(_script_of, text))
    del counts[""]
    script, count = next(iter(counts.most_common(1)), ("", 0))
    return script if 2 * count > counts.total() else None


@cache
def _script_of(character: str) -> str:
    """Return the script of a letter, empty for other characters: the first word of its name."""
    if not character.isalpha():
        return ""
    plain = unicodedata.normalize("NFKC", character)[:1]
    word = unicodedata.name(plain, "").partition(" ")[0]
    return SCRIPTS.get(word, word)
