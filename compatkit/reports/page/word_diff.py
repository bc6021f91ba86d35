"""Word diff: which words of two texts are not the other's."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from msgspec import Struct

MOST_WORDS = 2000
FEW = 2
# A word with the space behind it; where a script writes no spaces, a character.
UNSPACED = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"(?:[{UNSPACED}]|[^\s{UNSPACED}]+)\s*|\s+")


class Run(Struct, frozen=True):
    """A part of a text.

    Attributes:
        text: the part.
        changed: whether the other text lacks it.
    """

    text: str
    changed: bool


def diff_words(old: str, new: str) -> tuple[list[Run], list[Run]]:
    """Return two texts in runs of words that both have in this order, and of those that differ.

    The longest common subsequence of words is what both have, but for one or two words between
    longer changes, which are read as part of the change. Of texts that differ over more than
    `MOST_WORDS` words, all between the first and the last difference is taken as changed, so that
    no text takes long.

    >>> diff_words("the answer is A", "the answer is B")[1]
    [Run(text='the answer is ', changed=False), Run(text='B', changed=True)]
    """
    words = WORD.findall(old), WORD.findall(new)
    kept: tuple[list[bool], list[bool]] = ([False] * len(words[0]), [False] * len(words[1]))
    for start, other, length in _common_blocks(*([word.rstrip() for word in w] for w in words)):
        kept[0][start : start + length] = [True] * length
        kept[1][other : other + length] = [True] * length
    return _runs(words[0], kept[0]), _runs(words[1], kept[1])


def _runs(words: Sequence[str], kept: Iterable[bool]) -> list[Run]:
    parts = groupby(zip(words, kept, strict=True), key=lambda pair: pair[1])
    return [Run("".join(word for word, _ in pairs), not same) for same, pairs in parts]


def _common_blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield where runs of common words begin in both, and how many words they have."""
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    tails = range(least - head)
    tail = next((at for at in tails if old[-1 - at] != new[-1 - at]), least - head)
    yield 0, 0, head
    yield len(old) - tail, len(new) - tail, tail
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if 0 < len(middle[0]) <= MOST_WORDS and 0 < len(middle[1]) <= MOST_WORDS:
        for start, other, length in _align(*middle):
            yield head + start, head + other, length


def _align(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    from rapidfuzz.distance import Indel  # noqa: PLC0415

    numbers: dict[str, int] = {}
    old_ids, new_ids = (
        [numbers.setdefault(word, len(numbers)) for word in words] for words in (old, new)
    )
    # The last one is empty and stands at both ends.
    blocks = Indel.opcodes(old_ids, new_ids).as_matching_blocks()
    before = max(blocks[0].a, blocks[0].b)
    for block, following in pairwise(blocks):
        ends = block.a + block.size, block.b + block.size
        after = max(following.a - ends[0], following.b - ends[1])
        if block.size > FEW or min(before, after) <= block.size:
            yield block.a, block.b, block.size
        before = after
