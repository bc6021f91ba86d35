"""Porter's stems of English words, equal to those of nltk's `PorterStemmer()`."""

from typing import Final

# Forms that the rules get wrong.
_IRREGULAR: Final = {
    "sky": "sky",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}
_SHORTEST: Final = 3

Rules = dict[str, list[tuple[str, str]]]


def _by_ending(rules: dict[str, str]) -> Rules:
    """Group rules by the last two letters, which tell most words that no rule is for them."""
    grouped: Rules = {}
    for suffix in sorted(rules, key=len, reverse=True):
        grouped.setdefault(suffix[-2:], []).append((suffix, rules[suffix]))
    return grouped


_STEP_2: Final = _by_ending(
    {
        "ational": "ate",
        "tional": "tion",
        "enci": "ence",
        "anci": "ance",
        "izer": "ize",
        "bli": "ble",
        "alli": "al",
        "entli": "ent",
        "eli": "e",
        "ousli": "ous",
        "ization": "ize",
        "ation": "ate",
        "ator": "ate",
        "alism": "al",
        "iveness": "ive",
        "fulness": "ful",
        "ousness": "ous",
        "aliti": "al",
        "iviti": "ive",
        "biliti": "ble",
        "fulli": "ful",
    }
)
_STEP_3: Final = _by_ending(
    {
        "icate": "ic",
        "ative": "",
        "alize": "al",
        "iciti": "ic",
        "ical": "ic",
        "ful": "",
        "ness": "",
    }
)
_STEP_4: Final = _by_ending(
    dict.fromkeys(
        (
            *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"),
            *("ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"),
        ),
        "",
    )
)


class _Kinds(dict[int, str]):
    def __missing__(self, letter: int) -> str:
        kind = self[letter] = "c"
        return kind


# A vowel is v and any other letter, or digit, c; what y is depends on what stands before it.
_KINDS: Final = _Kinds({**{ord(letter): "v" for letter in "aeiou"}, ord("y"): "y"})


def stem(word: str) -> str:
    """Return the stem of a lower-case word.

    It is the form that a word shares with its inflections, not always a word itself. Words of
    two letters are their own stems.

    Args:
        word: in lower case.

    Source:
        M. F. Porter, "An algorithm for suffix stripping", Program 14 (1980), with the changes of
        nltk 3.10.4's `PorterStemmer()`, which are those of Porter's own programs and a few more.

    Example:
        >>> [stem(word) for word in ("relational", "hopping", "skies", "flies", "dies", "enjoys")]
        ['relat', 'hop', 'sky', 'fli', 'die', 'enjoy']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < _SHORTEST:
        return word
    word = _drop_plural(word)
    word = _drop_past(word)
    if word.endswith("y") and len(word) >= _SHORTEST and _shape(word[:-1])[-1] == "c":
        word = word[:-1] + "i"
    return _drop_last_letter(_shorten_most(_shorten_again(_shorten(word))))


def _shape(text: str) -> str:
    """Return c for each consonant and v for each vowel.

    A y is a consonant at the start and after a vowel.
    """
    shape = text.translate(_KINDS)
    if "y" not in shape:
        return shape
    kinds = []
    before = "v"
    for kind in shape:
        before = kind if kind != "y" else "c" if before == "v" else "v"
        kinds.append(before)
    return "".join(kinds)


def _measure(text: str) -> int:
    """Return m of [C](VC){m}[V], which every text is."""
    return _shape(text).count("vc")


def _ends_short(text: str) -> bool:
    """Tell whether a text ends in a syllable that keeps its e, as in hop(e) and at(e)."""
    shape = _shape(text)
    return (shape.endswith("cvc") and text[-1] not in "wxy") or shape == "vc"


def _drop_plural(word: str) -> str:
    """Step 1a."""
    if not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-1] if len(word) == len("dies") else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word if word.endswith("ss") else word[:-1]


def _drop_past(word: str) -> str:
    """Step 1b."""
    if word.endswith("ied"):
        return word[:-1] if len(word) == len("died") else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    rest = word[:-2] if word.endswith("ed") else word[:-3] if word.endswith("ing") else ""
    return _complete(rest) if "v" in _shape(rest) else word


def _complete(rest: str) -> str:
    """Step 1b, after an ed or ing was dropped: make a word of what is left."""
    shape = _shape(rest)
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if rest[-1] == rest[-2:-1] and shape[-1] == "c":
        return rest if rest[-1] in "lsz" else rest[:-1]
    return rest + "e" if shape.count("vc") == 1 and _ends_short(rest) else rest


def _shorten(word: str) -> str:
    """Step 2."""
    if word.endswith("alli") and _measure(word[:-4]):
        word = word[:-2]
    if word.endswith("logi"):
        return word[:-1] if _measure(word[:-3]) else word
    return _replace(word, _STEP_2, 0)


def _shorten_again(word: str) -> str:
    """Step 3."""
    return _replace(word, _STEP_3, 0)


def _shorten_most(word: str) -> str:
    """Step 4."""
    if word.endswith("ion") and not word.endswith(("sion", "tion")):
        return word
    return _replace(word, _STEP_4, 1)


def _drop_last_letter(word: str) -> str:
    """Step 5."""
    if word.endswith("e"):
        rest = word[:-1]
        measure = _measure(rest)
        if measure > 1 or (measure == 1 and not _ends_short(rest)):
            word = rest
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _replace(word: str, rules: Rules, measure: int) -> str:
    """Replace the longest suffix for which there is a rule, if the rest has a larger measure."""
    for suffix, replacement in rules.get(word[-2:], ()):
        if word.endswith(suffix):
            rest = word[: -len(suffix)]
            return rest + replacement if _measure(rest) > measure else word
    return word
