"""Label: the letter or index that a text chooses, and all that it states."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import compress

from compatkit.arrays import as_index
from compatkit.scorers.tokens_seen import has_letters_beyond_ascii
from compatkit.scorers.widths import narrow_prose

FIRST, LAST = "first", "last"
STATEMENTS = (LAST, FIRST)
LONGEST_SHORT_TEXT = 200
"""Characters up to which a text may choose by its opening: a longer one that begins with 'A)' is
most often a list or a line of reasoning."""

# Patterns are possessive (*+) where text of a model could make them try again and again. They stay
# texts until one is first read: compiling them would slow every start of the command line.
ONE = r"(?:[A-Za-z]|[0-9]{1,3})"
# What may stand before a label, and behind one that stands alone in its line.
BEFORE = r"(?:[\s:*_`'\"$(\[]|\\[(\[]|\\(?:text|textbf|mathrm|mathbf)\{)*+"
BEHIND = r"[\s.:,;!*_`'\")\]}$\\]*+"
OPTION = r"(?i:(?:the\s++)?(?:correct\s++)?(?:option|choice|letter))\s"
# What ends a label that has no brackets; prose goes on with a word.
ENDS = (
    r"(?=\s*+\Z|[^\S\n]*+(?:\n|because\b|[)\]}<])|[.,;:!*_`'\"](?!\w)|\s\([^()\n]{1,99}\)"
    r"|\s?(?:\u9009\u9879|\u9078\u9805))"
)
ENDS_LINE = r"(?=[^\S\n]*+[.:,;!*_`'\")\]}$\\]*+[^\S\n]*+(?:\n|\Z|<))"
DASH = r"(?=\s[-\u2013\u2014]\s(?!\s*+[A-Z]\b(?!\s++\w)))"
BRACKETED = rf"(?<=[(\[{{$])({ONE})\\?[)\]}}$]"
PLAIN = rf"(?<![A-Za-z0-9$])(?:([A-Zb-hj-z]|[0-9]{{1,3}}){ENDS}|([ai]){ENDS_LINE}|([A-Z]){DASH})"
# 'A and B' and 'A, B' choose two labels, which is none.
MORE = r"(?:[A-Z]|[0-9]{1,3})(?:[)\]*_`'\"}$\\]|\b(?!\s+\w))"
ALONE = rf"(?![*_`'\")\]}}$\\]*+\s*+(?:,|&|/|(?:and|or)\b)\s*+[*_`'\"($\[]*+{MORE})"
IS = r"[*_\"]*+(?:\s++(?i:is)\b|['\u2019]s\b|\s*+[:=]|\s++[-\u2013\u2014](?=\s))"
SAYS = (
    rf"(?i:answer(?:\s++(?:choice|option|letter))?|(?:correct|right|best)\s++(?:option|choice|letter))"
    rf"{IS}"
)
# 'Answer' and what joins it to a label, in the languages of translated benchmarks.
SAYS_ELSEWHERE = (
    r"(?:(?:\u7b54\u6848|\u7b54\u3048|\u6b63\u89e3|\u56de\u7b54|\u89e3\u7b54"
    r"|\uc815\ub2f5|\ub2f5|\ub2f5\ubcc0)"
    r"\s*+(?:\u662f|\u4e3a|\u70ba|\u306f|\uc740|\ub294|\u9009|\u9078|:)"
    r"|(?:\u6545|\u5e94|\u61c9)[\u9009\u9078]"
    r"|(?i:antwort|r\u00e9ponse|respuesta|risposta|resposta|jawaban|odpowied\u017a|svar|cevap"
    r"|yan\u0131t|\u043e\u0442\u0432\u0435\u0442|\u0111\u00e1p \u00e1n"
    r"|\u0627\u0644\u0625\u062c\u0627\u0628\u0629|\u0909\u0924\u094d\u0924\u0930"
    r"|\u0989\u09a4\u09cd\u09a4\u09b0)[*_]*+\s*+:)"
)
# 'B is correct', where nothing before it makes a condition or a denial of it.
IS_CORRECT = (
    r"(?:(?:\A|\n|[.:;,]\s)[ \t]*+|\b(?i:so|thus|hence|therefore|that|think|believe)\s++)"
    r"(?:(?i:option|choice|letter|answer)\s++)?[(\[*]*+([A-HJ-Z])[)\]*]*+\s++"
    r"(?i:is\s++(?:the\s++)?(?:correct|right|best)(?:\s++(?:answer|option|choice|one))?)"
    r"(?=\s*+(?:[.,;:!)*]|\n|\Z|(?:because|since|as|here)\b))"
)

WHOLE = (
    rf"{BEFORE}(?:(?i:answer|A)\s*:{BEFORE})?(?:{OPTION}{BEFORE})?"
    rf"(?:(?<=\$)({ONE})\\?\$|(?<!\$)({ONE})(?![A-Za-z0-9])){BEHIND}"
)
SAID = rf"{BEFORE}(?:{OPTION}{BEFORE})?(?:{BRACKETED}|{PLAIN}){ALONE}"
TAGGED = (
    rf"(?i:<answer>){BEFORE}(?:{OPTION}{BEFORE})?({ONE})(?:{BEHIND}|[.):]\s[^<]*+)(?i:</answer>)"
)
# The ways to state an answer, and texts in lower case of which each needs one: a pattern that may
# begin anywhere is tried at every letter, and most texts can't hold most of them.
STATEMENTS_OF = (
    (("answer", "option", "choice", "letter"), SAYS + SAID),
    (
        ("antwort", "respuesta", "risposta", "resposta", "jawaban", "svar", "cevap"),
        SAYS_ELSEWHERE + SAID,
    ),
    (("boxed{",), rf"\\f?boxed\{{{BEFORE}({ONE})[\s)\]}}.:]*?\}}"),
    (("<answer>",), TAGGED),
    (("[[",), r"\[\[\s?([A-Z])\s?\]\]"),
    (("correct", "right", "best"), IS_CORRECT),
)
OPENING = (
    r"\s*+(?:\(([A-Za-z]|[0-9]{1,3})\)|(?!A:)([A-Za-z]|[0-9]{1,3})[.):]"
    r"|([A-HJ-Z]|[0-9]{1,3}),?(?=\s++(?:because|since)\b))\s"
)
MENTIONED = rf"(?i:(?<!not )\boption)\s++[(*`'\"]*+([A-Z]|[0-9]{{1,3}})(?!\w)(?:(?P<last>{ENDS}))?"


def find_label(text: str, *, statement: str = LAST, like: str = "A") -> str | None:
    """Return the label that a text chooses, letters in upper case, or None.

    Args:
        text: what a model wrote.
        statement: which of several stated answers counts, `first` or `last`.
        like: a label of the kind that is chosen from: an opening must be of it, a capital, a
            small letter or an index.

    >>> find_label("So the answer is (C).")
    'C'
    """
    text = narrow_prose(text)
    whole = re.fullmatch(WHOLE, text)
    if whole:
        return _label(whole)
    labels = _stated(text)
    if labels:
        return labels[0 if statement == FIRST else -1]
    return _from_lines(text, statement) or _from_opening(text, like) or _only_option(text)


def find_labels(text: str) -> set[str]:
    r"""Return the labels that a text states as its answer.

    >>> sorted(find_labels("The answer is A.\n\nQuestion: ... The answer is B."))
    ['A', 'B']
    """
    text = narrow_prose(text)
    return set() if re.fullmatch(WHOLE, text) else set(_stated(text) or _line_labels(text))


def _stated(text: str) -> Sequence[str]:
    if not has_letters_beyond_ascii(text):
        lowered = text.lower()
        held = [any(hint in lowered for hint in hints) for hints, _ in STATEMENTS_OF]
    else:  # words of other languages, and letters that stand for those of ASCII where case is apart
        held = [True] * len(STATEMENTS_OF)
    return [_label(match) for match in _statements(*held).finditer(text)] if any(held) else []


@cache
def _statements(*held: bool) -> re.Pattern[str]:
    """Return the pattern of some ways to state an answer."""
    return re.compile("|".join(compress((pattern for _, pattern in STATEMENTS_OF), held)))


def _line_labels(text: str) -> list[str]:
    """Return the labels that stand alone in the first and in the last line."""
    lines = text.strip().split("\n")
    ends = (re.fullmatch(WHOLE, line) for line in dict.fromkeys((lines[0], lines[-1])))
    return [_label(match) for match in ends if match]


def _from_lines(text: str, statement: str) -> str | None:
    labels = _line_labels(text)
    return None if not labels else labels[0 if statement == FIRST else -1]


def _from_opening(text: str, like: str) -> str | None:
    """Return the label that a short text opens with, where no next one follows as in a list."""
    opening = re.match(OPENING, text)
    if opening is None or len(text) > LONGEST_SHORT_TEXT:
        return None
    label = str(opening[opening.lastindex or 0])
    if _kind(label) != _kind(like):
        return None
    index = as_index(label)
    following = chr(ord(label[0]) + 1) if index is None else str(index + 1)
    if re.search(rf"(?<!\w){re.escape(following)}[.):]\s", text[opening.end() :]):
        return None
    return label.upper()


def _kind(label: str) -> str:
    return "index" if label.isdecimal() else "capital" if label.isupper() else "small"


def _label(match: re.Match[str]) -> str:
    # Each pattern has one group for each way of writing, of which one takes part.
    return str(match[match.lastindex or 0]).upper()


def _only_option(text: str) -> str | None:
    """Return the option that a text names, where it names one alone and a sentence ends there."""
    mentions = list(re.finditer(MENTIONED, text))
    ends = any(match["last"] is not None for match in mentions)
    return mentions[0][1] if ends and len({match[1] for match in mentions}) == 1 else None
