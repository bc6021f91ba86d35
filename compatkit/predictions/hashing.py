"""Hashing: the number that stands for a text among the outcomes, so that no text is held.

Equal texts have equal numbers in all processes that share a key. Without one the number is Python's
own hash, which is equal in one process, and in those that were started with its seed.
"""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import chain

import numpy as np

from compatkit.arrays import IntArray
from compatkit.predictions.predictions import Predictions

SIZE = 8  # bytes


def hash_texts(column: Sequence[object], key: bytes = b"") -> IntArray:
    """Hash each text, or tuple of texts; 0 stands for None.

    Two different texts of one example share a 64-bit hash once in 1.8e19.

    Args:
        column: the texts.
        key: what other processes hash with, too, and who wrote the texts does not know; empty for
            hashes of this process.
    """
    if len(column) and column[0] is None and set(map(type, column)) == {type(None)}:
        return np.zeros(len(column), np.int64)
    if key:
        return _hash_with_key(column, key)
    hashes = np.fromiter(map(hash, column), np.int64, len(column))
    hashes[hashes == 0] = 1
    maybe = np.flatnonzero(hashes == hash(None)).tolist()
    hashes[[row for row in maybe if column[row] is None]] = 0
    return hashes


def hash_rows(rows: Sequence[Sequence[str]], size: int, key: bytes = b"") -> IntArray:
    """Hash each text of all rows, row after row, as `hash_texts` does.

    Args:
        rows: the texts, none of them None.
        size: how many there are.
        key: as of `hash_texts`.

    >>> hash_rows([["a", "b"], ["a"]], 3).tolist() == hash_texts(["a", "b", "a"]).tolist()
    True
    """
    if key:
        return _hash_with_key(list(chain.from_iterable(rows)), key)
    # Without a list of them all: to touch each text once less is a third of the time.
    hashes = np.fromiter(map(hash, chain.from_iterable(rows)), np.int64, size)
    hashes[hashes == 0] = 1
    return hashes


def _hash_with_key(column: Sequence[object], key: bytes) -> IntArray:
    numbers: dict[object, int] = dict.fromkeys(column, 0)
    for text in numbers:
        if text is not None:
            data = text if isinstance(text, str) else repr(text)
            digest = blake2b(_encode(data), digest_size=SIZE, key=key).digest()
            numbers[text] = int.from_bytes(digest, "little", signed=True) or 1
    return np.fromiter(map(numbers.__getitem__, column), np.int64, len(column))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def digest_contents(rows: Predictions) -> IntArray:
    """Digest each row's input and references, whatever the order of these."""
    contents = [
        _encode(repr((text, sorted(set(references)))))
        for text, references in zip(rows.input, rows.references, strict=True)
    ]
    digests = b"".join(blake2b(content, digest_size=SIZE).digest() for content in contents)
    return np.frombuffer(digests, np.int64)
