"""ROUGE over columns: hand-computed values, then rouge-score itself, bit for bit."""

import subprocess
import sys
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from compatkit.scorers import rouge_columns, token_characters
from compatkit.scorers.rouge_columns import RougeColumns, TokenEncoder
from compatkit.scorers.rouge_lsum import union_lcs
from compatkit.scorers.token_characters import TooManyTokensError
from compatkit.scorers.token_overlap import blocks, overlap_f1, shared_counts

pytestmark = pytest.mark.usefixtures("counted_by")

KINDS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


@cache
def rouge_score(kind, stemmer):
    return RougeScorer([kind], use_stemmer=stemmer)


def expected(kind, stemmer, predictions, references):
    scorer = rouge_score(kind, stemmer)
    pairs = zip(predictions, references, strict=True)
    return [scorer.score(reference, prediction)[kind].fmeasure for prediction, reference in pairs]


def check(kind, stemmer, pairs):
    predictions, references = [a for a, _ in pairs], [b for _, b in pairs]
    got = RougeColumns(kind, stemmer=stemmer)(predictions, references)
    assert got.dtype == np.float64
    assert got.tolist() == expected(kind, stemmer, predictions, references)


@pytest.mark.parametrize(
    ("kind", "prediction", "reference", "f1"),
    [
        ("rouge1", "the cat sat", "the cat sat", 1.0),
        ("rouge1", "the cat", "a dog", 0.0),
        ("rouge1", "", "", 0.0),
        ("rouge1", "...", "the", 0.0),
        ("rouge1", "THE, cat!", "the cat", 1.0),
        ("rouge1", "a a a b", "a a c d", 0.5),  # two of the a's; 2/4 and 2/4
        ("rouge1", "a b", "a b c d", 2 / 3),  # 2/2 and 2/4
        ("rouge2", "a b c", "a b d", 0.5),  # ab of ab bc, of ab bd
        ("rouge2", "a", "a", 0.0),  # no bigram at all
        ("rouge3", "a b c d", "x a b c", 0.5),  # abc of abc bcd, of xab abc
        ("rougeL", "a b c d", "a c b d", 0.75),  # abd
        ("rougeL", "a b\nc d", "c d\na b", 0.5),  # lines are nothing to rougeL
        ("rougeLsum", "a b\nc d", "c d\na b", 1.0),
        ("rougeLsum", "a b c d", "a c b d", 0.75),
        ("rougeLsum", "w1 w2\nw1 w3", "w1 w2 w3 w4", 0.75),  # union w1 w2 w3; 3/4 and 3/4
        ("rougeLsum", "a\na", "a b", 0.5),  # the second a is not counted again: 1/2, 1/2
        ("rougeLsum", "\n \n.", "a", 0.0),
    ],
)
def test_by_hand(kind, prediction, reference, f1):
    assert RougeColumns(kind)([prediction], [reference]).tolist() == [f1]


def test_stems():
    assert RougeColumns("rouge1", stemmer=True)(["running cats"], ["runs cat"]).tolist() == [1.0]
    assert RougeColumns("rouge1")(["running cats"], ["runs cat"]).tolist() == [0.0]


@pytest.mark.parametrize(
    "kind", ["rouge0", "rouge10", "rouge", "rougeLSum", "rouge1\n", "bleu", ""]
)
def test_unknown_kind(kind):
    with pytest.raises(ValueError, match="kind"):
        RougeColumns(kind)


def test_no_rows():
    for kind in KINDS:
        assert RougeColumns(kind)([], []).tolist() == []


def test_columns_of_unequal_length():
    with pytest.raises(ValueError):
        RougeColumns("rouge1")(["a"], ["a", "b"])


ANY_TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=()),  # lone surrogates too
        st.sampled_from(
            "aAbB  \n\n\r\t\x1c\x85\u2028\x00.LT0\u0130\u212a\u017f\u00df\u03a3\u03c2\u00b2"
        ),
    ),
    max_size=30,
)
FEW_WORDS = st.lists(
    st.sampled_from(["a", "b", "c", "a", "b", "\n", "\n\n", "\n.\n", "running", "runs"]),
    max_size=25,
).map(" ".join)
MANY_LINES = st.lists(st.lists(st.sampled_from("abc"), max_size=6).map(" ".join), max_size=8).map(
    "\n".join
)


@pytest.mark.parametrize("stemmer", [False, True])
@pytest.mark.parametrize("kind", [*KINDS, "rouge3", "rouge5"])
@given(st.lists(st.tuples(ANY_TEXT | FEW_WORDS, ANY_TEXT | FEW_WORDS), max_size=6))
@settings(max_examples=60, deadline=None)
def test_equal_to_rouge_score(kind, stemmer, pairs):
    check(kind, stemmer, pairs)


@given(st.lists(st.tuples(MANY_LINES, MANY_LINES), min_size=1, max_size=6))
@settings(max_examples=250, deadline=None)
def test_ties_of_rouge_lsum(pairs):
    check("rougeLsum", False, pairs)


BLANK_LINES = st.lists(st.sampled_from(["", " ", ".", "\t\r", "é", "\x00"]), max_size=3)
ONE_LINE = st.tuples(
    BLANK_LINES, st.lists(st.sampled_from("abc"), max_size=7).map(" ".join), BLANK_LINES
).map(lambda parts: "\n".join([*parts[0], parts[1], *parts[2]]))


@given(st.lists(st.tuples(ONE_LINE, ONE_LINE | MANY_LINES), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_lines_without_a_token_are_no_lines(pairs):
    check("rougeLsum", False, pairs)
    check("rougeLsum", False, [(b, a) for a, b in pairs])


SUMMARIES = [
    """The Irish Football Association (IFA) has confirmed it will re-open the 2017 inquiry.
Officials said the women's team, beaten 3-1 on Friday, hadn't been told about the decision.""",
    """Officials confirmed on Friday that an inquiry into the women's team is being re-opened.
The Irish Football Association was told about the decisions of 2017.\nIt lost 3-1.""",
    "theresa may is coming under pressure to say whether she knew about a reported misfire .",
    "theresa may has been accused of misleading the commons : she 'd known of the misfires .",
    "",
    "Ministers\n\nknew.\r\nThey were dying to tell; flies, skies and relational hopefulness.\n",
]


@pytest.mark.parametrize("stemmer", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_summaries(kind, stemmer):
    check(kind, stemmer, [(a, b) for a in SUMMARIES for b in SUMMARIES])


@pytest.mark.parametrize("kind", KINDS)
def test_lines_and_texts_longer_than_a_machine_word(kind):
    rng = np.random.default_rng(7)

    def text():
        return " ".join(rng.choice([*"abcdefgh", "\n"], 150, p=[0.12] * 8 + [0.04]))

    check(kind, False, [(text(), text()) for _ in range(12)])


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_change_nothing(kind, monkeypatch):
    texts = [*SUMMARIES, "a b\nc", "c b a", "a"] * 3
    predictions, references = texts, texts[2:] + texts[:2]
    whole = RougeColumns(kind, stemmer=True)(predictions, references)
    monkeypatch.setattr(rouge_columns, "_BLOCK_CHARACTERS", 100)
    monkeypatch.setattr(rouge_columns, "_MAX_ENCODED", 150)
    monkeypatch.setattr(rouge_columns, "_MAX_WORDS", 10)
    columns = RougeColumns(kind, stemmer=True)
    for _ in range(2):
        assert columns(predictions, references).tolist() == whole.tolist()


def test_blocks_cover_the_rows():
    left, right = ["a" * n for n in (3, 0, 9, 1, 1, 0)], ["b"] * 6
    assert [(b.start, b.stop) for b in blocks(left, right, size=5)] == [(0, 2), (2, 3), (3, 6)]
    rows = 3 * (1 << 13) + 5
    assert sum(b.stop - b.start for b in blocks([""] * rows, [""] * rows, size=5)) == rows


def test_vocabulary_beyond_the_surrogates_and_the_table():
    words = [f"{n:x}" for n in range(200_000)]
    encoder = TokenEncoder(stemmer=False)
    once = encoder.encode(" ".join(words))
    assert len(set(once)) == len(words)
    assert not any("\ud800" <= token <= "\udfff" for token in once)
    assert encoder.encode(" ".join(reversed(words))) == once[::-1]
    assert encoder.full
    encoder.forget()
    assert not encoder.full
    a, b, again = encoder.encode("a b a")
    assert a == again != b


def test_words_of_every_length_are_told_apart():
    words = ["a" * n for n in range(1, 40)] + ["a" * n + "b" for n in range(40)]
    encoder = TokenEncoder(stemmer=False)
    for _ in range(2):
        assert len(set(encoder.encode(" ".join(words)))) == len(words)


def test_more_words_than_characters(monkeypatch):
    monkeypatch.setattr(rouge_columns, "load_kernel", lambda: None)
    monkeypatch.setattr(token_characters, "CODE_POINTS", 10)
    rouge_columns._shared_encoder.cache_clear()
    for tokenize in (None, "char"):
        columns = RougeColumns("rouge1", tokenize=tokenize)
        with pytest.raises(TooManyTokensError, match="distinct words"):
            columns([" ".join("abcdefgh")], [""])
    rouge_columns._shared_encoder.cache_clear()


@given(st.lists(st.text("abc", min_size=1), max_size=5), st.lists(st.text("abc"), max_size=5))
@settings(max_examples=100, deadline=None)
def test_union_holds_each_common_line(reference, prediction):
    union = union_lcs(reference, [line for line in prediction if line])
    for line in reference:
        if line in prediction:
            assert line in union


TOKENS = st.lists(st.sampled_from(["a", "b", "c", "", "\ud800", "word"]), max_size=12)


@given(st.lists(st.tuples(TOKENS, TOKENS), max_size=20))
@settings(max_examples=200, deadline=None)
def test_overlap_is_squads(rows):
    def squad(prediction, reference):
        shared = sum((Counter(prediction) & Counter(reference)).values())
        if not shared:
            return 0.0
        precision, recall = shared / len(prediction), shared / len(reference)
        return (2 * precision * recall) / (precision + recall)

    got = overlap_f1([a for a, _ in rows], [b for _, b in rows])
    assert got.tolist() == [squad(a, b) for a, b in rows]


@given(
    st.lists(
        st.tuples(*[st.lists(st.sampled_from([0, 1, 2, 2**30 - 1, 2**62 - 2]), max_size=9)] * 2)
    )
)
@settings(max_examples=100, deadline=None)
def test_shared_counts_are_counters(rows):
    lists = [items for row in rows for items in row]
    items = np.array([item for one in lists for item in one], dtype=np.int64)
    shared = shared_counts(items, np.array([len(one) for one in lists], dtype=np.int64))
    assert shared.tolist() == [sum((Counter(a) & Counter(b)).values()) for a, b in rows]


def test_no_kind_of_rouge_imports_the_library_that_it_is_held_to():
    code = (
        "import sys; from compatkit.scorers.rouge_columns import RougeColumns;"
        "RougeColumns('rougeL', stemmer=True)(['dogs'], ['a dog']);"
        "sys.exit(bool({'nltk', 'rouge_score'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
