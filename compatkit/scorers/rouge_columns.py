"""ROUGE F1 over whole columns of texts, equal to rouge-score's to the last bit."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from compatkit.arrays import FloatArray, IntArray
from compatkit.kernel import NOT_COUNTED, load_kernel
from compatkit.scorers.porter import stem
from compatkit.scorers.rouge_lsum import union_lcs
from compatkit.scorers.sacrebleu_tokens import SacrebleuEncoder
from compatkit.scorers.token_characters import code_point
from compatkit.scorers.token_overlap import blocks, f1, shared_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

_KINDS: Final = re.compile("rouge(?:([1-9])|L|Lsum)")
_TOKEN: Final = re.compile("[a-z0-9]+")
_STEMMED_FROM: Final = 4

# Lower-cased text holds no capitals, so two of them are free to mark where lines and texts end.
_LINE_END, _TEXT_END = "L", "T"
_LINE_END_ID, _TEXT_END_ID, _DROPPED_ID = range(3)
_LINE_END_TOKEN: Final = chr(_LINE_END_ID)
_KEPT: Final = f"abcdefghijklmnopqrstuvwxyz0123456789{_LINE_END}{_TEXT_END}".encode()
_WORDS_ONLY: Final = bytes(byte if byte in _KEPT else ord(" ") for byte in range(256))
_ID_BITS: Final = 21  # what a code point needs

# A word is looked up by its letters as two integers: the first eight bytes and the next eight.
_HALF: Final = 8
_FIRST_BYTES: Final = np.array([(1 << 8 * n) - 1 for n in range(_HALF + 1)], dtype=np.uint64)
_SLOT_BITS: Final = 17
_HASH_FACTORS: Final = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)
_HASH_SHIFT: Final = np.uint64(64 - _SLOT_BITS)

# What is held at most: words between calls, encoded characters within one, text in a block.
_MAX_WORDS: Final = 1 << 17
_MAX_ENCODED: Final = 1 << 22
_BLOCK_CHARACTERS: Final = 1 << 19
_TEXT_OVERHEAD: Final = 64


class TokenEncoder:
    """Texts as rouge-score's tokens, one character a token.

    A token is a run of ``a-z0-9`` in the lower-cased text or, of a run longer than three
    characters, its Porter stem. Equal tokens are the same character; which one depends on the
    order in which the encoder met them.

    Args:
        stemmer: Compare stems rather than words.

    Source:
        M. F. Porter, "An algorithm for suffix stripping" (1980), with nltk's extensions;
        rouge-score 0.1.2, ``tokenize``.

    Example:
        >>> encoder = TokenEncoder(stemmer=False)
        >>> encoder.encode("To be, or not to BE.") == encoder.encode("to be or not to be")
        True
        >>> len(encoder.encode("it's 3.5"))
        4
    """

    def __init__(self, *, stemmer: bool) -> None:  # noqa: D107
        self._words = _WordIds(stem if stemmer else None)
        self._slots = np.zeros((2, 1 << _SLOT_BITS), dtype=np.uint64)
        self._slot_ids = np.zeros(1 << _SLOT_BITS, dtype="<u4")

    @property
    def full(self) -> bool:
        """Whether the encoder should `forget` before it reads more texts."""
        return len(self._words) > _MAX_WORDS

    def forget(self) -> None:
        """Drop all words: texts encoded so far can't be compared with later ones any more."""
        self._words.reset()
        self._slots.fill(0)

    def encode(self, text: str) -> str:
        """The tokens of a text, a character each.

        Args:
            text: Any text.

        Raises:
            TooManyTokensError: The encoder has met more distinct tokens than there are characters.
        """
        return self.encode_all([text])[0]

    def encode_all(self, texts: Iterable[str], *, lines: bool = False) -> list[str]:
        r"""The tokens of many texts, a character each.

        Args:
            texts: Any texts.
            lines: Put a ``\0`` where a text has a ``\n``.

        Raises:
            TooManyTokensError: The encoder has met more distinct tokens than there are characters.
        """
        # Lower-cased before the marks are set, or they would be as well.
        joined = "".join([f"{text.lower()} {_TEXT_END} " for text in texts])
        if lines:
            joined = joined.replace("\n", f" {_LINE_END} ")
        ids = self._word_ids(joined.encode("ascii", "replace").translate(_WORDS_ONLY))
        ids = ids[ids != _DROPPED_ID]
        ends = np.flatnonzero(ids == _TEXT_END_ID).tolist()
        tokens = ids.tobytes().decode("utf-32-le")
        return [tokens[a + 1 : b] for a, b in pairwise([-1, *ends])]

    def _word_ids(self, words: bytes) -> NDArray[np.uint32]:
        """The id of each word; the words are separated by blanks."""
        # A blank before, for the first word to start at; blanks behind, for windows to end in.
        padded = b" " + words + b" " * (2 * _HALF)
        blank = np.frombuffer(padded, dtype=np.uint8) == ord(" ")
        edges = np.flatnonzero(blank[1:] != blank[:-1]) + 1
        starts, ends = edges[::2], edges[1::2]
        lengths = ends - starts
        windows = np.ndarray(len(padded) - _HALF + 1, dtype="<u8", buffer=padded, strides=(1,))
        first = windows[starts] & _FIRST_BYTES[np.minimum(lengths, _HALF)]
        rest = windows[starts + _HALF] & _FIRST_BYTES[np.clip(lengths - _HALF, 0, _HALF)]
        slots = (first * _HASH_FACTORS[0] ^ rest * _HASH_FACTORS[1]) >> _HASH_SHIFT
        ids: NDArray[np.uint32] = self._slot_ids[slots]
        short = lengths <= 2 * _HALF
        cached = (self._slots[0][slots] == first) & (self._slots[1][slots] == rest) & short
        missed = np.flatnonzero(~cached)
        spans = zip(starts[missed].tolist(), ends[missed].tolist(), strict=True)
        word_ids = [self._words[padded[start:end]] for start, end in spans]
        ids[missed] = np.array(word_ids, dtype=ids.dtype)
        # Where several words want a slot the last one gets it: the others are looked up again.
        missed = missed[short[missed]]
        self._slots[:, slots[missed]] = first[missed], rest[missed]
        self._slot_ids[slots[missed]] = ids[missed]
        return ids


class _WordIds(dict[bytes, int]):
    """Word -> the code point of its token, or a mark where rouge-score drops the token."""

    def __init__(self, stem: Callable[[str], str] | None) -> None:
        super().__init__()
        self._stem = stem
        self._ids: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        self.clear()
        self._ids = {_LINE_END: _LINE_END_ID, _TEXT_END: _TEXT_END_ID, "": _DROPPED_ID}
        self.update({name.encode(): token_id for name, token_id in self._ids.items()})

    def __missing__(self, word: bytes) -> int:
        token = word.decode("ascii")
        if self._stem is not None and len(token) >= _STEMMED_FROM:
            token = self._stem(token)
        if _TOKEN.fullmatch(token) is None:
            token = ""
        if token not in self._ids:
            self._ids[token] = code_point(len(self._ids))
        token_id = self[word] = self._ids[token]
        return token_id


@cache
def _shared_encoder(*, stemmer: bool, tokenize: str | None) -> TokenEncoder | SacrebleuEncoder:
    """Return the encoder of this process: what one kind of ROUGE stemmed, the next one knows."""
    return TokenEncoder(stemmer=stemmer) if tokenize is None else SacrebleuEncoder(tokenize)


class RougeColumns:
    """ROUGE F1 of aligned columns: how much of a reference's wording a prediction shares.

    ``f1 = 2 * p * r / (p + r)`` with ``p = shared / predicted``, ``r = shared / expected``;
    0 where nothing is shared. What is counted are the tokens of `TokenEncoder`:

    - ``rouge1`` to ``rouge9``: the n-grams, each as often as both texts have it;
    - ``rougeL``: the longest common subsequence of the two texts;
    - ``rougeLsum``: the same line by line. A reference token is shared where it lies on the
      longest common subsequence of its line and any predicted line, and at most as often as
      the prediction has it.

    Each value is in ``[0, 1]`` and equal to rouge-score's to the last bit.

    Args:
        kind: ``rouge1`` to ``rouge9``, ``rougeL`` or ``rougeLsum``.
        stemmer: Compare Porter stems rather than words.
        tokenize: A tokenizer of sacrebleu in the place of rouge-score's own, as its hook
            ``RougeScorer(tokenizer=...)`` takes one.

    Raises:
        ConfigError: sacrebleu has no such tokenizer.
        MissingExtraError: The tokenizer needs a package that is not installed.
        ValueError: There is no such kind.

    Source:
        C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004);
        rouge-score 0.1.2, ``RougeScorer([kind], use_stemmer=stemmer).score``.

    Example:
        >>> RougeColumns("rouge1")(["the cat sat", ""], ["The cat!", "A dog."]).tolist()
        [0.8, 0.0]
    """

    def __init__(self, kind: str, *, stemmer: bool = False, tokenize: str | None = None) -> None:  # noqa: D107
        match = _KINDS.fullmatch(kind)
        if match is None:
            raise ValueError(f"Unknown ROUGE kind {kind!r}: rouge1 to rouge9, rougeL or rougeLsum")
        self._kind = kind
        self._order = int(match[1] or 0)
        self._own_tokens = tokenize is None
        self._stemmer = stemmer
        self._encoder = _shared_encoder(stemmer=stemmer, tokenize=tokenize)

    def __call__(self, predictions: Sequence[str], references: Sequence[str]) -> FloatArray:
        """Score every row.

        Args:
            predictions: The predicted texts.
            references: As many references.

        Returns:
            One F1 a row.

        Raises:
            ValueError: The columns differ in length.
            TooManyTokensError: One pair of texts has more than a million distinct words.
        """
        kernel = load_kernel()
        if kernel is None or not self._own_tokens:
            return self._score_in_python(predictions, references)
        counts = np.empty((len(predictions), 3), dtype=np.int64)
        order = self._order - (self._kind == "rougeLsum")
        kernel.rouge(predictions, references, counts, order, self._stemmer)
        result = f1(*counts.T)
        left = np.flatnonzero(counts[:, 0] == NOT_COUNTED).tolist()
        if left:
            result[left] = self._score_in_python(
                [predictions[row] for row in left], [references[row] for row in left]
            )
        return result

    def _score_in_python(self, predictions: Sequence[str], references: Sequence[str]) -> FloatArray:
        result = np.empty(len(predictions), dtype=np.float64)
        encoded: dict[str, str] = {}
        size = 0
        for rows in blocks(predictions, references, size=_BLOCK_CHARACTERS):
            if self._encoder.full or size > _MAX_ENCODED:
                encoded, size = {}, 0
            if self._encoder.full:
                self._encoder.forget()
            texts = dict.fromkeys(chain(predictions[rows], references[rows]))
            fresh = [text for text in texts if text not in encoded]
            tokens = self._encoder.encode_all(fresh, lines=self._kind == "rougeLsum")
            encoded.update(zip(fresh, tokens, strict=True))
            size += sum(map(len, tokens)) + _TEXT_OVERHEAD * len(tokens)
            result[rows] = self._score(
                [encoded[text] for text in predictions[rows]],
                [encoded[text] for text in references[rows]],
            )
        return result

    def _score(self, predictions: list[str], references: list[str]) -> FloatArray:
        if self._order:
            return _ngram_f1(predictions, references, self._order)
        if self._kind == "rougeL":
            shared = _lcs_lengths(predictions, references)
        else:
            shared = _summary_shared(predictions, references)
            predictions, references = _unlined(predictions), _unlined(references)
        return f1(shared, _lengths(predictions), _lengths(references))


def _lengths(texts: Sequence[str]) -> IntArray:
    return np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))


def _ids(texts: Sequence[str]) -> IntArray:
    """The code points of all texts in a row."""
    return np.frombuffer("".join(texts).encode("utf-32-le"), dtype="<u4").astype(np.int64)


def _interleaved(first: Iterable[str], second: Iterable[str]) -> list[str]:
    return list(chain.from_iterable(zip(first, second, strict=True)))


def _unlined(texts: Sequence[str]) -> list[str]:
    return [text.replace(_LINE_END_TOKEN, "") for text in texts]


def _ngram_f1(predictions: list[str], references: list[str], order: int) -> FloatArray:
    texts = _interleaved(predictions, references)
    items, lengths = _ids(texts), _lengths(texts)
    if order > 1:
        items, lengths = _ngrams(items, lengths, order)
    return f1(shared_counts(items, lengths), lengths[::2], lengths[1::2])


def _ngrams(tokens: IntArray, lengths: IntArray, order: int) -> tuple[IntArray, IntArray]:
    """A number for every n-gram that lies within one text, and how many each text has."""
    grams = tokens
    for step in range(1, order):
        if step > 1:  # ranks are small enough to append another token to
            grams = np.unique(grams, return_inverse=True)[1]
        grams = grams[:-1] << _ID_BITS | tokens[step:]
    text = np.repeat(np.arange(len(lengths)), lengths)
    within = text[: 1 - order] == text[order - 1 :]
    return grams[within], np.maximum(lengths - (order - 1), 0)


def _lcs_lengths(predictions: Sequence[str], references: Sequence[str]) -> IntArray:
    from rapidfuzz import process  # noqa: PLC0415
    from rapidfuzz.distance import LCSseq  # noqa: PLC0415

    lengths: IntArray = process.cpdist(
        predictions, references, scorer=LCSseq.similarity, dtype=np.int64, workers=1
    )
    return lengths


def _summary_shared(predictions: Sequence[str], references: Sequence[str]) -> IntArray:
    """ROUGE-Lsum's count of shared tokens."""
    pairs = [(_lines(a), _lines(b)) for a, b in zip(predictions, references, strict=True)]
    several = np.array([len(a) > 1 or len(b) > 1 for a, b in pairs], dtype=bool)
    shared = np.empty(len(pairs), dtype=np.int64)
    # Line against line the subsequence is common, so neither side can run out of a token.
    lines = ["".join(line) for row in np.flatnonzero(~several) for line in pairs[row]]
    shared[~several] = _lcs_lengths(lines[::2], lines[1::2])
    summaries = [pairs[row] for row in np.flatnonzero(several)]
    # A repeated predicted line adds nothing to the union, only to what may be counted.
    unions = [union_lcs(b, list(dict.fromkeys(a))) for a, b in summaries]
    texts = _interleaved(["".join(a) for a, _ in summaries], unions)
    shared[several] = shared_counts(_ids(texts), _lengths(texts))
    return shared


def _lines(text: str) -> list[str]:
    return [line for line in text.split(_LINE_END_TOKEN) if line]
