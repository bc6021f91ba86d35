# What module.c offers. Each of the first four fills `counts`, a buffer of 64-bit integers, row by
# row; the first number of a row that is not counted is -1.
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

# 3 a row: shared, predicted and expected; order 1 to 9, 0 for L, -1 for Lsum.
def rouge(
    predictions: Sequence[str],
    references: Sequence[str],
    counts: NDArray[Any],
    order: int,
    stems: bool,
    /,
) -> None: ...

# 6 a row: tokens predicted, those of the nearest reference, matches of 1 to 4 tokens.
def bleu(
    predictions: Sequence[str], references: Sequence[Sequence[str]], counts: NDArray[Any], /
) -> None: ...

# 8 a row: characters predicted and expected, matches of 1 to 6 characters.
def chrf(
    predictions: Sequence[str], references: Sequence[str], counts: NDArray[Any], /
) -> None: ...

# 2 a row: edits to the nearest reference, words of all references.
def ter(
    predictions: Sequence[str], references: Sequence[Sequence[str]], counts: NDArray[Any], /
) -> None: ...

# The stem of a word of a-z and 0-9.
def stem(word: str, /) -> str: ...
