"""The part of ROUGE-Lsum that is a search: which reference tokens lie on some LCS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def union_lcs(reference: Sequence[str], prediction: Sequence[str]) -> str:
    """The reference's tokens that lie on an LCS of their sentence and a predicted sentence.

    ``union = join over reference sentences r of {r[i] : i in LCS(r, c) for some c}``

    Which of several equally long subsequences is meant is settled as rouge-score does it:
    walking back from both ends, take a match, else step back in the reference unless only
    stepping back in the prediction keeps the length.

    Every predicted sentence is a field of bits in one integer, so that one run of the
    bit-parallel recurrence over a reference sentence serves all of them.

    Args:
        reference: The reference's sentences, a character a token.
        prediction: The prediction's sentences, a character a token, none empty.

    Returns:
        The tokens found, in the reference's order.

    Source:
        C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004), section 3.2;
        H. Hyyrö, "Bit-Parallel LCS-length Computation Revisited" (2004); rouge-score 0.1.2.

    Example:
        >>> union_lcs(["abcde"], ["abf", "acg"])
        'abc'
    """
    matches, last, cells = _fields(prediction, set().union(*reference))
    tokens: list[str] = []
    for sentence in reference:
        seen = [(token, matches[token]) for token in sentence if token in matches]
        rows = _walk_back(_rows([match for _, match in seen], cells), last, cells)
        tokens += [seen[row][0] for row in reversed(rows)]
    return "".join(tokens)


def _fields(sentences: Sequence[str], wanted: set[str]) -> tuple[dict[str, int], int, int]:
    """Where each wanted token stands, the last bit of every field, all bits of all fields.

    A field is as wide as its sentence and one bit more, the guard, which is no token's place:
    it stops a carry from reaching the next field.
    """
    matches: dict[str, int] = {}
    last = cells = 0
    bit = 1
    for sentence in sentences:
        first = bit
        for token in sentence:
            if token in wanted:
                matches[token] = matches.get(token, 0) | bit
            bit <<= 1
        last |= bit >> 1
        cells |= bit - first
        bit <<= 1
    return matches, last, cells


def _rows(matches: Sequence[int], cells: int) -> list[tuple[int, int]]:
    """For each reference token its matches, and the places from which a match is walked to.

    With ``t`` the table of LCS lengths, these are the places ``j`` with a match, or with
    ``t[i][j] > t[i - 1][j]``: there a match at or before ``j`` is what made the row grow.
    """
    rows = []
    level = cells  # a bit is set where t[i][j] == t[i][j - 1]
    for match in matches:
        hit = level & match
        grown = (level + hit) | (level - hit)
        # In each stretch that gained a match, grown - level leaves exactly the ones from that
        # match to the place before the old step: the places where t grew.
        rows.append((match, match | (grown - level)))
        level = grown & cells
    return rows


def _walk_back(rows: Sequence[tuple[int, int]], last: int, cells: int) -> list[int]:
    """The reference tokens, last one first, at which the walk takes a match in some field."""
    matched = []
    at = last  # in each field the bit of the place that the walk has reached
    for row in range(len(rows) - 1, -1, -1):
        match, reaches = rows[row]
        taken = at & reaches
        if not taken:
            continue
        matched.append(row)
        direct = taken & match
        following = direct >> 1
        apart = taken ^ direct
        while apart:
            place = apart & -apart
            apart ^= place
            # The nearest match below lies in the same field, or the row had not grown here.
            following |= 1 << (match & (place - 1)).bit_length() >> 2
        at = (at ^ taken) | (following & cells)
    return matched
