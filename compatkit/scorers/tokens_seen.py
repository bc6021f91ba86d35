"""Tokens seen: whether a reference has the words that a scorer of overlaps counts."""

import re
from collections.abc import Callable

from compatkit.scorers.sacrebleu_tokens import KEEPS_SCRIPTS_WHOLE

# Scripts that are written without spaces between words: Thai, Lao, Tibetan, Myanmar, Khmer, kana
# and Han, with the wide and the rare blocks.
UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
NOT_LATIN = (
    "references are not in the letters a to z, of which ROUGE's own tokens are: left out where "
    "there is no other; --tokenize names another tokenizer, such as char, zh, ja-mecab or intl"
)
NO_WORDS = (
    "references are written without spaces between words, which this scorer counts: left out where "
    "there is no other; chrf, and bleu or rouge1 with --tokenize char, zh or ja-mecab, score them"
)

_NO_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalpha())
_drop_ascii = re.compile("[\0-\x7f]+").sub
_ANY_UNSPACED = f"[{UNSPACED}]"  # compiled when a text is first read
_search_letter = re.compile("[A-Za-z0-9]").search


def has_letters_beyond_ascii(text: str) -> bool:
    """Tell whether a text holds a letter that is not of ASCII.

    >>> has_letters_beyond_ascii("3 \u00d7 4 \u2013 so"), has_letters_beyond_ascii("caf\u00e9")
    (False, True)
    """
    return not text.isascii() and any(map(str.isalpha, _drop_ascii("", text)))


def has_latin_tokens(text: str) -> bool:
    r"""Tell whether ROUGE's own tokens, runs of a-z and 0-9, hold at least half of the letters.

    >>> has_latin_tokens("in 2020"), has_latin_tokens("2020\u5e74\u306b"), has_latin_tokens("...")
    (True, False, False)
    """
    if text.isascii() and text[:1].isalnum():  # as most texts
        return True
    if not _search_letter(text):
        return False
    if text.isascii():
        return True
    latin = len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS))
    return latin >= sum(map(str.isalpha, _drop_ascii("", text)))


def has_spaced_words(text: str) -> bool:
    r"""Tell whether at most half of the letters are of a script without spaces between words.

    >>> has_spaced_words("Paris"), has_spaced_words("\u6771\u4eac")
    (True, False)
    """
    if text.isascii() or not re.search(_ANY_UNSPACED, text):
        return True
    return 2 * len(re.findall(f"[{UNSPACED}]", text)) <= sum(map(str.isalpha, text))


def words_seen_by(tokenizer: str) -> Callable[[str], bool]:
    """Return what tells whether a tokenizer of sacrebleu finds words in a reference."""
    return has_spaced_words if tokenizer in KEEPS_SCRIPTS_WHOLE else _is_not_blank


def _is_not_blank(text: str) -> bool:
    return bool(text.strip())
