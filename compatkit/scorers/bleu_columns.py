"""Sentence BLEU over whole columns, equal to the last bit to sacrebleu's.

Needs numpy at import; sacrebleu is imported when a `BleuColumns` is made. chrF uses
`clipped_matches` too.
"""

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count, pairwise
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.kernel import NOT_COUNTED, load_kernel
from compatkit.scorers.sacrebleu_tokens import load_tokenizer
from compatkit.scorers.text_blocks import blocks, check_columns

__all__ = ["BleuColumns", "clipped_matches"]

ORDER = 4
TEXTS = 4096
"""Prepared texts that one call remembers."""
BLOCK = 1 << 16
"""Characters that are worked on at a time: their tokens fill arrays of about 100 kB, which stay in
the processor's cache and which the C library hands out without asking the system for pages."""
VOCABULARY = 1 << 24
"""Characters that the words and tokens remembered between calls may have at most."""
LONGEST_WORD = 64
"""A longer word is not remembered: it hardly comes again."""
END = bytes(4)

_pack = Struct("=I").pack


class BleuColumns:
    """Sentence BLEU of two columns: how much of a prediction's wording its references have.

    `exp(min(0, 1 - r / h)) * exp(mean of log p_n, n = 1 .. min(4, h))` for `h` predicted tokens
    and the reference length `r` nearest to it. `p_n` is the share of the prediction's n-grams
    that a reference has, each counted at most as often as in the reference that has it most. The
    k-th order that matches nothing counts `1 / (2 ** k * n-grams)`; where no token matches BLEU
    is 0. Equal to `sacrebleu.sentence_bleu(...).score / 100`, in [0, 1] but for rounding: equal
    texts give 1.0000000000000004, as there.

    Source: Papineni et al. 2002; exponential smoothing as in mteval-v13a; sacrebleu 2.6 (Post
    2018).

    >>> BleuColumns()(["a b c d", "a b"], [["a b c d"], ["c", "d"]]).round(12).tolist()
    [1.0, 0.0]
    """

    def __init__(self, *, tokenize: str = "13a", lowercase: bool = False) -> None:
        """Choose how texts become tokens.

        Args:
            tokenize: The name of a tokenizer that sacrebleu has.
            lowercase: Lower-case the texts first.

        Raises:
            ConfigError: sacrebleu has no tokenizer of that name.
            MissingExtraError: The tokenizer needs a package that is not installed.
        """
        from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp  # noqa: PLC0415

        self._lowercase = lowercase
        self._in_kernel = tokenize == "13a"
        self._line: Callable[[str], str]
        self._split: Callable[[str], list[str]]
        if tokenize == "13a":
            self._line = _unescape_13a
            self._split = _split_13a(TokenizerRegexp())  # type: ignore[no-untyped-call]
        else:
            self._line = load_tokenizer(tokenize)
            self._split = str.split
        self._words = _Words(self._split)

    def __call__(
        self, predictions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> FloatArray:
        """Score each prediction against its references.

        Args:
            predictions: One text a row.
            references: One or more texts a row.

        Returns:
            One BLEU a row, in [0, 1].

        Raises:
            DataError: The columns differ in length, or a row has no reference.
        """
        check_columns(predictions, references)
        kernel = load_kernel()
        if kernel is None or not self._in_kernel:
            return self._score_in_python(predictions, references)
        counts = np.empty((len(predictions), 2 + ORDER), np.int64)
        kernel.bleu(*self._lowered(predictions, references), counts)
        scores = np.array(_bleu(counts[:, 2:], counts[:, 0], counts[:, 1]), np.float64)
        left = np.flatnonzero(counts[:, 0] == NOT_COUNTED).tolist()
        if left:
            scores[left] = self._score_in_python(
                [predictions[row] for row in left], [references[row] for row in left]
            )
        return scores

    def _lowered(
        self, predictions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        if not self._lowercase:
            return predictions, references
        lowered = [[text.lower() for text in texts] for texts in references]
        return [text.lower() for text in predictions], lowered

    def _score_in_python(
        self, predictions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> FloatArray:
        scores = np.empty(len(predictions))
        words = self._words
        encode = lru_cache(TEXTS)(self._encoder(words))
        for rows in blocks(predictions, references, BLOCK):
            if words.most_characters() > VOCABULARY:
                # A new object: a call in another thread may still use the old one.
                words = self._words = _Words(self._split)
                encode = lru_cache(TEXTS)(self._encoder(words))
            texts = [encode(text) for row in rows for text in (predictions[row], *references[row])]
            counts = np.array([len(references[row]) for row in rows], np.int64)
            scores[rows] = _score_block(texts, counts)
        return scores

    def _encoder(self, words: "_Words") -> Callable[[str], bytes]:
        """Return the function from a text to the numbers of its tokens."""
        line, lowercase = self._line, self._lowercase
        packed = words.__getitem__

        def encode(text: str) -> bytes:
            if lowercase:
                text = text.lower()
            return b"".join(map(packed, line(text.rstrip()).split()))

        return encode


class _Words(dict[str, bytes]):
    """From a word (no white space) to the numbers of its tokens, four bytes each."""

    def __init__(self, split: Callable[[str], list[str]]) -> None:
        super().__init__()
        self._split = split
        # One C call each, so that two threads cannot give one number to two tokens.
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._in_long_words = 0

    def __missing__(self, word: str) -> bytes:
        if word.isalnum():
            # No tokenizer here splits such a word, and most words are such.
            packed = _pack(self._numbers[word])
        else:
            packed = array("I", map(self._numbers.__getitem__, self._split(word))).tobytes()
        if len(word) <= LONGEST_WORD:
            self[word] = packed
        else:
            self._in_long_words += len(word)
        return packed

    def most_characters(self) -> int:
        """Return how many characters the words and tokens have at most."""
        return LONGEST_WORD * (len(self) + len(self._numbers)) + self._in_long_words


def _unescape_13a(line: str) -> str:
    """Return the line as the 13a tokenizer has it before its regular expressions.

    Those see a line between two spaces, and none of them can tell one white-space character from
    another or match across one: white space is neither digit nor period, comma or dash. In
    `[^0-9][.,]` and `[.,][^0-9]` it can only be the first or the last character of a match, so no
    match that begins in one word takes a character from the next. Hence each word can be tokenized
    on its own. The replacements here do reach across words, so they see the line.
    """
    line = line.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in line:
        line = line.replace("&quot;", '"').replace("&amp;", "&")
        line = line.replace("&lt;", "<").replace("&gt;", ">")
    return line


def _split_13a(tokenizer: Callable[[str], str]) -> Callable[[str], list[str]]:
    """Return the function from a word to its 13a tokens.

    The tokenizer sets apart ASCII's punctuation but apostrophe and dash, periods and commas unless
    between digits, and a dash after a digit: in four passes, which one with look-arounds equals
    unless two periods or commas touch. Its second and third pass take a period or comma together
    with a neighbour, so they pass over one whose neighbour they have just taken.
    """
    # The character first and what is around it then: the search skips to it.
    pieces = r"([!-&(-+/:-@\[-`{-~]|[.,](?:(?![0-9])|(?<![0-9].))|-(?<=[0-9]-))"
    split, touch = re.compile(pieces).split, re.compile("[.,][.,]").search

    def tokens(word: str) -> list[str]:
        if touch(word):
            return tokenizer(f" {word} ").split()
        return list(filter(None, split(word)))

    return tokens


def clipped_matches(
    ids: NDArray[np.unsignedinteger],
    sizes: IntArray,
    counts: IntArray,
    order: int,
) -> IntArray:
    """Count the n-grams that a text shares with its references, clipped, for each order.

    `sum over n-grams of min(count in the text, most in any one of its references)`.

    Args:
        ids: The texts' items, and one item of any value after each text; for each row the text
            and then its references.
        sizes: Items of each text, with the one that follows it.
        counts: References of each row.
        order: The longest n-grams.

    Returns:
        Matches, one row a row and one column an order, 1 first.

    >>> ids = np.frombuffer("abcb.bcb.".encode("utf-32-le"), np.uint32)
    >>> clipped_matches(ids, np.array([5, 4]), np.array([1]), 3).tolist()
    [[3, 2, 1]]
    """
    rows = len(counts)
    texts = np.concatenate(([0], np.cumsum(counts + 1)))
    side = np.arange(len(sizes)) - np.repeat(texts[:-1], counts + 1)
    items, bits = _number(ids, sizes, side)
    side_bits = int(side.max()).bit_length()
    ends = np.concatenate(([0], np.cumsum(sizes)))
    if order * bits + side_bits <= 64:  # noqa: PLR2004 - of a key
        keys = _keys(items, bits, order) << np.uint64(side_bits)
        keys |= np.repeat(side.astype(np.uint64), sizes)
        return _count_keys(keys, ends[texts], bits, side_bits, order)
    if rows == 1:
        return _count_row(np.split(items, ends[1:-1]), order)
    half = rows // 2
    text, item = texts[half], ends[texts[half]]
    above = clipped_matches(items[:item], sizes[:text], counts[:half], order)
    below = clipped_matches(items[item:], sizes[text:], counts[half:], order)
    return np.concatenate((above, below))


def _number(
    ids: NDArray[np.unsignedinteger], sizes: IntArray, side: IntArray
) -> tuple[NDArray[np.uint64], int]:
    """Number the items from 2, and give the bits that they need.

    The item after a prediction becomes 0 and the one after a reference 1, so an n-gram that runs
    over the end of its text matches nothing: where a prediction's has its first 0, the same n-gram
    of a reference would have had a 1 before.
    """
    seen = np.zeros(int(ids.max()) + 1, np.bool_)
    seen[ids] = True
    numbers = np.cumsum(seen, dtype=np.uint64) + np.uint64(1)
    items = numbers[ids]
    items[np.cumsum(sizes) - 1] = np.minimum(side, 1)
    return items, int(numbers[-1]).bit_length()


def _keys(items: NDArray[np.uint64], bits: int, order: int) -> NDArray[np.uint64]:
    """Pack each item and those after it, the first in the highest bits."""
    padded = np.concatenate((items, np.zeros(order - 1, np.uint64)))
    keys = items.copy()
    for offset in range(1, order):
        keys <<= np.uint64(bits)
        keys |= padded[offset : offset + len(items)]
    return keys


def _count_keys(
    keys: NDArray[np.uint64], rows: IntArray, bits: int, side_bits: int, order: int
) -> IntArray:
    """Count the matches from keys: sorted once, equal n-grams of every order are neighbours."""
    # Each row on its own: a short sort is several times as fast an item as a long one.
    for start, stop in pairwise(rows.tolist()):
        keys[start:stop].sort()
    change = keys[1:] ^ keys[:-1]
    change[rows[1:-1] - 1] = np.iinfo(np.uint64).max
    shifts = [side_bits + bits * (order - n) for n in range(1, order + 1)]
    # Where the runs of equal n-grams begin, and the end of the last.
    begins = [np.flatnonzero(change >= np.uint64(1 << shift)) + 1 for shift in shifts]
    edges = [np.concatenate(([0], begin, [len(keys)])) for begin in begins]
    sides = keys & np.uint64((1 << side_bits) - 1)
    several = int(sides.max()) > 1
    most = _most(sides, side_bits, edges) if several else _counts(sides == 1, edges)
    matches = np.empty((len(rows) - 1, order), np.int64)
    for column, (own, best) in enumerate(zip(_counts(sides == 0, edges), most, strict=True)):
        first = np.searchsorted(edges[column], rows[:-1])
        matches[:, column] = np.add.reduceat(np.minimum(own, best), first)
    return matches


def _counts(chosen: BoolArray, edges: list[IntArray]) -> list[IntArray]:
    """Count the chosen items in each run, for each order's runs."""
    before = np.zeros(len(chosen) + 1, np.int64)
    np.cumsum(chosen, out=before[1:])
    return [np.diff(before[edge]) for edge in edges]


def _most(sides: NDArray[np.uint64], side_bits: int, edges: list[IntArray]) -> list[IntArray]:
    """Count the items of the reference that has most of them in each run, for each order's runs."""
    referenced = sides > 0
    most = []
    for edge in edges:
        run = np.repeat(np.arange(len(edge) - 1, dtype=np.uint64), np.diff(edge))
        keys = ((run << np.uint64(side_bits)) | sides)[referenced]
        keys.sort(kind="stable")  # runs are in order already
        first = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
        largest = np.zeros(len(edge) - 1, np.int64)
        run_of = (keys[first] >> np.uint64(side_bits)).astype(np.int64)
        np.maximum.at(largest, run_of, np.diff(first, append=len(keys)))
        most.append(largest)
    return most


def _count_row(texts: list[NDArray[np.uint64]], order: int) -> IntArray:
    """Count the matches of one row whose items are too many for the bits of a key."""
    items = [text[:-1].tolist() for text in texts]
    matches = []
    for n in range(1, order + 1):
        first, *others = (Counter(zip(*(i[k:] for k in range(n)), strict=False)) for i in items)
        most: Counter[tuple[int, ...]] = Counter()
        for other in others:
            most |= other
        matches.append((first & most).total())
    return np.array([matches])


def _score_block(texts: list[bytes], counts: IntArray) -> list[float]:
    """Return the BLEU of rows that were encoded."""
    ids = np.frombuffer(END.join((*texts, b"")), np.uint32)
    lengths = np.array([len(text) for text in texts]) // len(END)
    matches = clipped_matches(ids, lengths + 1, counts, ORDER)
    starts = np.concatenate(([0], np.cumsum(counts + 1)[:-1]))
    predicted = lengths[starts]
    # Nearest first, the shorter of two as near: twice the distance, and one more if longer.
    longer = lengths - np.repeat(predicted, counts + 1)
    rank = 2 * np.abs(longer) + (longer > 0)
    rank[starts] = np.iinfo(np.int64).max
    nearest = np.minimum.reduceat(rank, starts)
    chosen = predicted + np.where(nearest % 2 == 1, nearest // 2, -(nearest // 2))
    return _bleu(matches, predicted, chosen)


def _bleu(matches: IntArray, predicted: IntArray, reference: IntArray) -> list[float]:
    """Return BLEU from counts, by the operations of sacrebleu's `compute_bleu` in their order.

    numpy rounds products and quotients as Python does. Its `exp` and `log` may not, and from
    Python 3.12 the built-in `sum` rounds unlike a loop: those three are Python's own.
    """
    totals = predicted[:, None] - np.arange(ORDER)
    smooth = np.ldexp(1.0, np.cumsum(matches == 0, axis=1))
    above = np.where(matches > 0, 100.0 * matches, 100.0)
    below = np.where(matches > 0, totals, smooth * totals)
    precisions = above / np.where(totals > 0, below, 1)
    logs = [list(map(math.log, row)) for row in precisions.tolist()]
    brevity = (1 - reference / np.maximum(predicted, 1)).tolist()
    orders = np.minimum(predicted, ORDER).tolist()
    matched_words = matches[:, 0].tolist()
    return [
        (math.exp(short) if short < 0 else 1.0) * math.exp(sum(row[:order]) / order) / 100
        if matched
        else 0.0
        for matched, order, short, row in zip(matched_words, orders, brevity, logs, strict=True)
    ]
