"""Boundaries: one text as the tokens of two models, cut where a token ends for both.

A span between two common boundaries is the same characters to both models, and its likelihood is
the product of those of its tokens, whichever these are.

Source: Minixhofer et al. 2025, Universal Cross-Tokenizer Distillation via Approximate Likelihood
Matching, arXiv 2503.20083 (the alignment of chunks).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from compatkit.checkpoints.tokens import place_tokens
from compatkit.errors import DataError
from compatkit.muscle.batches import TokenizedExample

__all__ = ["align_text", "find_common"]

Place = tuple[int, int]


def find_boundaries(places: Sequence[Place], length: int) -> dict[int, int]:
    """Return the characters at which a token ends and none goes on, and how many tokens end there.

    Between tokens that stand for pieces of one character there is no boundary.

    >>> find_boundaries([(0, 0), (0, 2), (2, 3), (2, 3)], 3)
    {0: 1, 2: 2, 3: 4}
    """
    boundaries, furthest = {0: 0}, 0
    for number, (_, end) in enumerate(places, 1):
        furthest = max(furthest, end)
        if number == len(places) or places[number][0] >= furthest:
            boundaries[furthest] = number
    boundaries[length] = len(places)
    return boundaries


def find_common(
    old: Sequence[Place], new: Sequence[Place], length: int
) -> list[tuple[int, int, int]]:
    """Return the common boundaries: a character, and how many tokens of each model end there.

    From each to the next there is a token of both; characters that one model has no token for,
    such as spaces between words, belong to the span before or after them.

    >>> find_common([(0, 2), (2, 3), (3, 4)], [(0, 1), (1, 3), (3, 4)], 4)
    [(0, 0, 0), (3, 2, 2), (4, 3, 3)]
    """
    of_old, of_new = find_boundaries(old, length), find_boundaries(new, length)
    common: list[tuple[int, int, int]] = []
    for place in sorted(of_old.keys() & of_new.keys()):
        cut = (place, of_old[place], of_new[place])
        if common and (cut[1] <= common[-1][1] or cut[2] <= common[-1][2]):
            common[-1] = cut
        else:
            common.append(cut)
    return common


def align_text(
    old_tokenizer: Any, new_tokenizer: Any, text: str, *, begin: int, ended: bool, where: str
) -> TokenizedExample:
    """Return a text as the new model's tokens and, in `old`, the old one's, with the same spans.

    Spans count that hold a character of the answer, and that both models predict from something:
    not the first token of a text. The end, by each model's own token, is the last span.

    Args:
        old_tokenizer: of transformers, a fast one.
        new_tokenizer: likewise.
        text: of the whole example.
        begin: the character at which the answer begins.
        ended: add the token of end.
        where: what messages call the example.

    Raises:
        DataError: a text with tokens that are none to the other model, or without a span.
    """
    tokenizers = (old_tokenizer, new_tokenizer)
    (old, old_places), (new, new_places) = (place_tokens(side, text) for side in tokenizers)
    _check_words(tokenizers, (old, new), where)
    _check_special(tokenizers, ((old, old_places), (new, new_places)), text, where)
    common = find_common(old_places, new_places, len(text))
    spans = [
        (first, last) for first, last in pairwise(common) if last[0] > begin and min(first[1:]) > 0
    ]
    if not spans:
        raise DataError(
            f"{where}: the tokens of the two models end at no common character before the answer's "
            "last, so that there is no span to compare. Leave the row out."
        )
    ends = [side.eos_token_id for side in tokenizers if side.eos_token_id is not None]
    if ended and len(ends) == 1:
        raise DataError(f"{where}: one of the two models has no token of end. Set its eos_token.")
    tails = [[int(end)] for end in ends] if ended and ends else [[], []]
    old_side, new_side = (
        TokenizedExample(
            (*tokens, *tail),
            spans[0][0][side],
            where,
            spans=(*(last[side] for _, last in spans), *(len(tokens) + 1 for _ in tail)),
        )
        for side, tokens, tail in ((1, old, tails[0]), (2, new, tails[1]))
    )
    return TokenizedExample(
        new_side.tokens, new_side.answer, where, spans=new_side.spans, old=(old_side,)
    )


def _check_words(tokenizers: Sequence[Any], tokens: Sequence[Sequence[int]], where: str) -> None:
    """Refuse a text with a word that one of the models does not know."""
    for tokenizer, numbers, whose in zip(tokenizers, tokens, ("old", "new"), strict=True):
        if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in numbers:
            raise DataError(
                f"{where}: the text has a word that is {tokenizer.unk_token!r} to the {whose} "
                "model, whose likelihood is not the word's. Leave the row out."
            )


def _check_special(
    tokenizers: Sequence[Any],
    placed: Sequence[tuple[Sequence[int], Sequence[Place]]],
    text: str,
    where: str,
) -> None:
    """Refuse a text in which one model reads a special token where the other reads words."""
    old, new = (
        {
            place
            for number, place in zip(numbers, places, strict=True)
            if number in tokenizer.all_special_ids and place[0] < place[1]
        }
        for tokenizer, (numbers, places) in zip(tokenizers, placed, strict=True)
    )
    if old != new:
        begin, end = min(old ^ new)
        raise DataError(
            f"{where}: {text[begin:end]!r} is a special token to one of the models and a text to "
            "the other. Leave the row out, or take the words out of it."
        )
