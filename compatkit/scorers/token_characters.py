"""Token characters: distinct tokens as distinct characters, so that whole columns compare fast."""

from compatkit.errors import DataError

SURROGATES = range(0xD800, 0xE000)  # no codec takes them
CODE_POINTS = 0x110000


class TooManyTokensError(DataError):
    """Texts hold more distinct tokens than there are characters."""


def code_point(number: int) -> int:
    """Return the code point of the character that stands for the token with this number.

    Raises:
        TooManyTokensError: there is no such character.

    >>> code_point(3), code_point(0xD800) == 0xE000
    (3, True)
    """
    point = number if number < SURROGATES.start else number + len(SURROGATES)
    if point >= CODE_POINTS:
        raise TooManyTokensError(
            f"more than {number:,} distinct words at once, which ROUGE cannot tell apart. Is this "
            "one answer? Cut the text, or leave the example out; bleu and token_f1 have no such "
            "limit."
        )
    return point
