"""Common boundaries: one text as the tokens of two models."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muscle.tiny_bases import make_pieces, make_tokenizer

from compatkit.errors import DataError
from compatkit.muscle.boundaries import align_text, find_boundaries, find_common


def place(cuts: list[int], length: int) -> list[tuple[int, int]]:
    """Return tokens that end at these characters, and one that ends the text."""
    ends = sorted({*cuts, length})
    return list(zip([0, *ends], ends, strict=False))


@pytest.mark.parametrize(
    ("old", "new", "length", "common"),
    [
        # One token a word, without the spaces, against pieces that hold them.
        ([(0, 2), (3, 5)], [(0, 1), (1, 2), (2, 5)], 5, [(0, 0, 0), (2, 1, 2), (5, 2, 3)]),
        # Boundaries that never meet before the end.
        ([(0, 1), (1, 4)], [(0, 2), (2, 4)], 4, [(0, 0, 0), (4, 2, 2)]),
        # Two bytes of one character at 1 to 2: no boundary within it.
        ([(0, 1), (1, 2), (1, 2)], [(0, 2)], 2, [(0, 0, 0), (2, 3, 1)]),
        # A space at the end that only one model has a token for is part of the last span.
        ([(0, 2), (2, 3)], [(0, 2)], 3, [(0, 0, 0), (3, 2, 1)]),
        # A token of beginning stands for nothing.
        ([(0, 0), (0, 3)], [(0, 3)], 3, [(0, 1, 0), (3, 2, 1)]),
        ([(0, 0), (0, 3)], [(0, 0), (0, 0), (0, 3)], 3, [(0, 1, 2), (3, 2, 3)]),
    ],
)
def test_common_boundaries(
    old: list[tuple[int, int]],
    new: list[tuple[int, int]],
    length: int,
    common: list[tuple[int, int, int]],
) -> None:
    assert find_common(old, new, length) == common


CUTS = st.lists(st.integers(1, 19), max_size=12)


@given(CUTS, CUTS)
def test_spans_share_out_the_tokens_of_both(first: list[int], second: list[int]) -> None:
    old, new = place(first, 20), place(second, 20)
    common = find_common(old, new, 20)
    assert common[0] == (0, 0, 0)
    assert common[-1] == (20, len(old), len(new))
    for before, after in pairwise(common):
        assert all(later > earlier for earlier, later in zip(before, after, strict=True))
        # The text of the span is the same to both: its first and its last character.
        assert old[before[1]][0] == new[before[2]][0] == before[0]
        assert old[after[1] - 1][1] == new[after[2] - 1][1] == after[0]
    assert {cut[0] for cut in common} == {0, *({*first, 20} & {*second, 20})}


@given(CUTS)
def test_to_one_tokenizer_every_token_is_a_span(cuts: list[int]) -> None:
    tokens = place(cuts, 20)
    common = find_common(tokens, tokens, 20)
    assert [cut[1] for cut in common] == list(range(len(tokens) + 1))
    assert set(find_boundaries(tokens, 20)) == {cut[0] for cut in common}


def align(text: str, begin: int, **options: Any) -> Any:
    old, new = options.pop("old", make_pieces()), options.pop("new", make_tokenizer())
    return align_text(
        old, new, text, begin=begin, where="data.jsonl:3", **{"ended": True} | options
    )


def test_a_text_of_two_tokenizers() -> None:
    # Words are one token to the new model and two, w1 and 2, to the old one.
    row = align("w12 w30 w5", 3)
    assert row.tokens == (0, 18, 36, 11, 1)
    assert (row.answer, row.spans) == (2, (3, 4, 5))
    (old,) = row.old
    assert (old.answer, old.spans) == (3, (5, 7, 8))
    assert len(old.tokens) == 8


def test_the_first_token_of_a_text_is_predicted_by_nothing() -> None:
    bare = make_tokenizer(form="$A")
    row = align("w12 w30", 0, new=bare)
    assert (row.answer, row.spans, row.old[0].spans) == (1, (2, 3), (5, 6))


def test_without_a_token_of_end_there_is_no_span_of_it() -> None:
    assert align("w12 w30", 3, ended=False).spans == (3,)
    sides = [make_pieces(), make_tokenizer()]
    sides[0].eos_token = None
    with pytest.raises(DataError, match="one of the two models has no token of end"):
        align("w12 w30", 3, old=sides[0])
    sides[1].eos_token = None
    assert align("w12 w30", 3, old=sides[0], new=sides[1]).spans == (3,)


def test_a_word_that_a_model_does_not_know_is_refused() -> None:
    with pytest.raises(DataError, match=r"data.jsonl:3: .*'<unk>' to the old model"):
        align("w12 word w30", 3)
    with pytest.raises(DataError, match="'<unk>' to the new model"):
        align("w12 w30", 3, new=make_tokenizer(["w12"]))


def test_a_special_token_of_one_model_is_refused() -> None:
    old = make_pieces()
    old.add_special_tokens({"additional_special_tokens": ["w30"]})
    with pytest.raises(DataError, match="'w30' is a special token to one of the models"):
        align("w12 w30 w5", 3, old=old)
    both = make_tokenizer()
    both.add_special_tokens({"additional_special_tokens": ["w30"]})
    assert align("w12 w30 w5", 3, old=old, new=both).spans == (3, 4, 5)


def test_a_text_whose_boundaries_never_meet_is_refused() -> None:
    bare = make_tokenizer(form="$A")
    with pytest.raises(DataError, match="end at no common character before the answer's last"):
        align("w12", 0, new=bare)


def test_characters_of_many_bytes_are_not_cut() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({letter: n for n, letter in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise = PreTrainedTokenizerFast(tokenizer_object=inner)
    row = align("né 你 🙂x", 1, old=bytewise, new=bytewise, ended=False)
    # é: 2 bytes; a space; 3 bytes; a space; 4 bytes; a letter.
    assert (row.answer, row.spans) == (1, (3, 4, 7, 8, 12, 13))
    assert row.old[0].spans == row.spans
