r"""Number: what a text gives as its answer, in one way of writing.

Source: Cobbe et al. 2021 (arXiv 2110.14168), GSM8K, for the mark `####`; Hendrycks et al. 2021
(arXiv 2103.03874), MATH, for `\boxed{}`.
"""

import re
from decimal import Decimal
from fractions import Fraction

from compatkit.scorers.widths import narrow_numbers

# Signs that set off thousands: comma, apostrophes, underscore, spaces that do not break, space.
THOUSANDS = ",'\u2019_\u00a0\u2009\u202f "
# Groups of three with one sign between them, unless more digits stand before or behind: a list.
GROUPS = "|".join(
    rf"(?<!\d{sign})[1-9]\d{{0,2}}(?:{sign}\d{{3}})+(?![{THOUSANDS}]?\d)" for sign in THOUSANDS
)
LAKHS = r"(?<!\d,)[1-9]\d?(?:,\d{2})+,\d{3}(?!,?\d)"  # 1,00,000
WHOLE = rf"(?:{LAKHS}|{GROUPS}|\d+)(?:\.\d+)?"
# A number begins behind no letter, no digit and no decimal point; its sign belongs to it.
EDGE = r"(?<![A-Za-z0-9_\u00c0-\u024f\u0370-\u052f])(?<!\d\.)"
SIGN = r"(?P<sign>[-+]?)[$\u20ac\u00a3\u00a5]?(?P<inner>-?)"
FRACTION = r"(?:(?P<whole>\d{1,3}) )?(?P<over>\d{1,99})/(?P<under>\d{1,99})(?![\d/]|\.\d)"
NUMBER = (  # compiled when a text is first read
    rf"{EDGE}{SIGN}(?:(?<!/){FRACTION}|"
    rf"(?P<digits>{WHOLE}|(?<!\.)\.\d+)(?:[eE](?P<exponent>[+-]?\d+))?)"
)
# Digits behind a letter, as in x2 or m2, count where there is no other number.
ANY_NUMBER = rf"{NUMBER}|(?P<attached>{WHOLE})"
MARK = r"(?<!#)####(?!#)[ \t*_`$\\(]*"
# '#### 2. Add them up' is a heading.
HEADING = r"[ \t]*[.):][ \t]*[^\s*_`$]"
WITHOUT_THOUSANDS = str.maketrans("", "", THOUSANDS)
LARGEST_EXPONENT = 999
DECORATION = r"(?:[\s*_`$]|\\[()\[\]])*+"
LABEL = r"[A-Za-z][A-Za-z ]{0,40}(?:[:=]|\bis\b)\s*+"
# What makes more of a number in a box than a number with its unit.
EXPRESSION = (
    r"[+*<>|^\u00b1\u221a\u03c0]|\\(?:sqrt|pi|[dtc]?frac|infty|pm|times|cdot|in)\b|\d\s*[a-zA-Z]\s*-"
    r"|\d\s*(?:[xyzn]\b|[(\[])"
)

SCIENTIFIC = (
    r"(?<=\d)\s*+(?:\u00d7|\\times|\\cdot|\u00b7|\*|x)\s*10\s*\^\s*\{?\s*([-+]?\d{1,4})\s*\}?"
)
POWER = (
    r"(?:(?<![\d.,])(?P<base>[\d.,]++))?\^\s*(?:\{(?P<braces>[^{}]*)\}|(?P<bare>[-+]?\w+|\\circ))"
)
FRAC = r"\\[dtc]?frac\s*(?:\{\s*([-+]?)(\d+)\s*\}|()(\d))\s*(?:\{\s*(\d+)\s*\}|(\d))"


def find_number(text: str) -> str | None:
    r"""Return the number that a text ends with in one way of writing, or None.

    A number after the first `####` that has one comes first, then the last `\boxed{}`, which
    must hold one number, then the last number.

    >>> find_number("That is $1,250.50 in all.")
    '1250.5'
    >>> find_number("3 + 4 = 7 #### 8")
    '8'
    >>> find_number(r"so $\boxed{\frac{2}{3}}$")
    '2/3'
    """
    text = _plain_notation(text)
    marked = _find_marked(text)
    if marked is not None:
        return _plain(marked)
    box = find_box(text)
    if box is not None:
        return _only_number(box)
    numbers = list(re.finditer(ANY_NUMBER, text))
    last = next((number for number in reversed(numbers) if not number["attached"]), None)
    last = last or next(reversed(numbers), None)
    return None if last is None else _plain(last)


def read_reference(text: str) -> str | None:
    r"""Return the one number that a reference is, or None where it is anything else.

    The number stands alone, after the first `####`, in `\boxed{}`, or behind a label in the last
    line of a solution (`A: 18`). A time, a date, a pair, a number with a unit are not one number.

    >>> read_reference("$1,250.50"), read_reference("12:00"), read_reference("(3,5)")
    ('1250.5', None, None)
    """
    text = _plain_notation(text)
    marked = _find_marked(text)
    if marked is not None:
        return _plain(marked)
    box = find_box(text)
    lines = (text if box is None else box).strip().split("\n")
    label = f"(?:{LABEL})?" if len(lines) == 1 else LABEL
    alone = re.fullmatch(
        rf"{DECORATION}{label}{DECORATION}{NUMBER}{DECORATION}%?{DECORATION}\.?{DECORATION}",
        lines[-1],
    )
    return None if alone is None else _plain(alone)


def find_box(text: str) -> str | None:
    r"""Return what the last `\boxed{}` holds that is not empty, or None.

    >>> find_box(r"so \boxed{\frac{1}{2}} and \boxed{}")
    '\\frac{1}{2}'
    """
    if "boxed" not in text:
        return None
    held: list[tuple[int, int]] = []
    opened: list[int] = []  # where what a brace holds begins, -1 of one that is no box's
    for brace in re.finditer(r"(?P<box>\\f?boxed\s*)?\{|\}", text):
        if brace[0] != "}":
            opened.append(brace.end() if brace["box"] else -1)
        elif opened and (start := opened.pop()) >= 0:
            held.append((start, brace.start()))
    texts = (text[start:end] for start, end in sorted(held, reverse=True))
    return next((inside for inside in texts if inside.strip()), None)


def _find_marked(text: str) -> re.Match[str] | None:
    if "####" not in text:
        return None
    for mark in re.finditer(MARK, text):
        number = re.compile(NUMBER).match(text, mark.end())
        if number and not re.compile(HEADING).match(text, number.end()):
            return number
    return None


def _only_number(box: str) -> str | None:
    """Return the number that a box holds after its last equals sign, where it holds one alone."""
    held = re.split(r"=|\\approx", box)[-1]
    numbers = [number for number in re.finditer(ANY_NUMBER, held) if not number["attached"]]
    if len(numbers) != 1 or re.search(EXPRESSION, held):
        return None
    before = re.sub(r"\\(?:text|mathrm)\{[^{}]*\}|\\[a-z]+", "", held[: numbers[0].start()])
    return None if re.search(r"[A-Za-z]", before) else _plain(numbers[0])


def _plain_notation(text: str) -> str:
    """Return the text with LaTeX's and wide ways of writing numbers in plain ones."""
    if not text.isascii():
        text = narrow_numbers(text)
    if "{,}" in text or "\\" in text:
        text = text.replace("{,}", ",").replace("\\!", "").replace("\\$", "$").replace("\\%", "%")
        text = re.sub(r"\\[,;: ]", "\u2009", text)
        text = re.sub(FRAC, _slashed, text)
    if "^" in text:
        text = re.sub(POWER, _without_power, re.sub(SCIENTIFIC, r"e\1", text))
    return text


def _slashed(match: re.Match[str]) -> str:
    over, under = match[2] or match[4], match[5] or match[6]
    before = match.string[match.start() - 1 : match.start()]
    return f"{' ' if before.isdigit() else match[1] or ''}{over}/{under}"


def _without_power(match: re.Match[str]) -> str:
    """Return the base without its exponent; a power of a number as that number."""
    exponent = (match["braces"] or match["bare"] or "").strip()
    base = match["base"] or ""
    if not base or exponent.lstrip("\\") in {"circ", "\u2218"}:
        return base
    if not (base.isdecimal() and re.fullmatch(r"-?\d{1,3}", exponent)):
        return " "
    if base == "10":
        return f"1e{exponent}"
    power = int(exponent)
    fits = power >= 0 and len(base) * max(power, 1) <= LARGEST_EXPONENT
    return str(int(base) ** power) if fits else " "


def _plain(match: re.Match[str]) -> str | None:
    parts = match.groupdict()
    sign = "-" if "-" in {parts.get("sign"), parts.get("inner")} else ""
    if parts.get("under"):
        return _plain_fraction(sign, parts)
    digits = (parts["digits"] or parts.get("attached") or "").translate(WITHOUT_THOUSANDS)
    exponent = parts.get("exponent") or "0"
    if len(exponent.lstrip("+-0")) > len(str(LARGEST_EXPONENT)):
        return None
    return _plain_decimal(Decimal(f"{sign}{digits}e{exponent}"))


def _plain_decimal(value: Decimal) -> str:
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain_fraction(sign: str, parts: dict[str, str]) -> str | None:
    over, under = int(parts["over"]), int(parts["under"])
    if not under:
        return None
    value = Fraction(over, under)
    if parts["whole"] and value < 1:
        value += int(parts["whole"])
    value = -value if sign else value
    twos_and_fives = value.denominator
    for factor in (2, 5):
        while twos_and_fives % factor == 0:
            twos_and_fives //= factor
    if twos_and_fives != 1:
        return f"{value.numerator}/{value.denominator}"
    places = value.denominator.bit_length()  # as many at most, for 2 needs the most
    return _plain_decimal(Decimal(f"{value.numerator * 10**places // value.denominator}e-{places}"))
