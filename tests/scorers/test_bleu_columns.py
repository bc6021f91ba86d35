"""Sentence BLEU of columns: by hand first, then against sacrebleu bit for bit."""

import math
import subprocess
import sys
from collections import Counter
from itertools import pairwise, product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from compatkit.errors import ConfigError, DataError, MissingExtraError
from compatkit.scorers import bleu_columns
from compatkit.scorers.bleu_columns import BleuColumns, clipped_matches
from compatkit.scorers.text_blocks import blocks

pytestmark = pytest.mark.usefixtures("counted_by")

OFFLINE = ["none", "13a", "intl", "char", "zh"]
SCORERS = {name: BleuColumns(tokenize=name) for name in OFFLINE}
METRICS = {name: BLEU(effective_order=True, tokenize=name) for name in OFFLINE}

# Every code point, lone surrogates too.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)
LETTERS = "ab19 .,-'&;!/[\n\t\r\x1c\x85\u00a0\u3000中文٣é"
PIECES = st.one_of(
    st.sampled_from(LETTERS),
    st.sampled_from(
        ["&quot;", "&amp;", "&lt;", "&gt;", "quot;", "<skipped>", "<skip", "-\n", " cat"]
    ),
)
TRICKY = st.lists(PIECES, max_size=25).map("".join)
WORDS = st.lists(st.sampled_from(["a", "b", "c", "d.", "3,5"]), max_size=14).map(" ".join)
TEXTS = st.one_of(TRICKY, WORDS, ANYTHING)
ROWS = st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=4)), min_size=1, max_size=6)


def expected(rows, metric):
    return [metric.sentence_score(text, references).score / 100 for text, references in rows]


def found(rows, scorer):
    return scorer([text for text, _ in rows], [references for _, references in rows]).tolist()


@pytest.mark.parametrize(
    ("prediction", "references", "score"),
    [
        ("a b c d", ["a b c d"], 1.0),
        ("a b", ["a b"], 1.0),  # two orders
        ("", ["a"], 0.0),
        ("a", [""], 0.0),
        ("", [""], 0.0),
        ("a b", ["c d"], 0.0),
        # 3/4, 1/3, then smoothed 1/(2*2), 1/(4*1)
        ("a b c d", ["a b x d"], (3 / 4 * 1 / 3 * 1 / 4 * 1 / 4) ** (1 / 4)),
        # clipped: one of three; smoothed 1/(2*2), 1/(4*1)
        ("a a a", ["a"], (1 / 3 * 1 / 4 * 1 / 4) ** (1 / 3)),
        # shorter than the reference
        ("a b", ["a b c"], math.exp(1 - 3 / 2)),
        # the most of any one reference, not their sum: 2 of 3
        ("a a a", ["a a", "a b c"], (2 / 3 * 1 / 2 * 1 / 2) ** (1 / 3)),
        # of 1 and 3 tokens, as near to 2, the shorter
        ("a b", ["a b c", "x"], 1.0),
        # 13a: period and comma between digits stay, entities are resolved
        ("3.5, &quot;x&quot;", ['3.5 , " x "'], 1.0),
    ],
)
def test_by_hand(prediction, references, score):
    assert found([(prediction, references)], SCORERS["13a"])[0] == pytest.approx(score, abs=1e-12)


def test_equal_texts_round_as_sacrebleu_does():
    assert found([("a b c d", ["a b c d"])], SCORERS["13a"]) == [1.0000000000000004]


@pytest.mark.parametrize("name", OFFLINE)
def test_equals_sacrebleu_to_the_last_bit(name):
    # Only 13a is split word by word; the others are sacrebleu's own, line by line.
    @settings(max_examples=300 if name == "13a" else 80, deadline=None)
    @given(rows=ROWS)
    def check(rows):
        assert found(rows, SCORERS[name]) == expected(rows, METRICS[name])

    check()


@settings(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_equals_sacrebleu_in_lower_case(rows):
    metric = BLEU(effective_order=True, tokenize="13a", lowercase=True)
    assert found(rows, BleuColumns(lowercase=True)) == expected(rows, metric)


@settings(max_examples=400, deadline=None)
@given(text=st.one_of(TRICKY, ANYTHING))
def test_13a_word_by_word_is_13a(text):
    scorer = SCORERS["13a"]
    words = scorer._line(text.rstrip()).split()
    tokens = [
        token for word in words for token in ([word] if word.isalnum() else scorer._split(word))
    ]
    assert tokens == METRICS["13a"].tokenizer(text.rstrip()).split()


def test_13a_every_character_between_every_kind_of_neighbour():
    # The shortcuts of a word must hold for each of all characters, not for those drawn only.
    split, tokenizer = SCORERS["13a"]._split, METRICS["13a"].tokenizer._post_tokenizer
    for character in map(chr, range(0x3000)):
        if character.isspace():
            continue
        for frame in ("{}", "a{}b", "1{}2", "1{}-", ".{}", "{}."):
            word = frame.format(character)
            tokens = [word] if word.isalnum() else split(word)
            assert tokens == _apply(tokenizer, word)


def test_13a_every_short_word_of_the_characters_that_matter():
    split, tokenizer = SCORERS["13a"]._split, METRICS["13a"].tokenizer._post_tokenizer
    for length in range(1, 7):
        for word in map("".join, product("a1.-!", repeat=length)):
            assert split(word) == _apply(tokenizer, word)
    for length in range(1, 6):
        for word in map("".join, product("a1.,-'$", repeat=length)):
            assert split(word) == _apply(tokenizer, word)


def _apply(tokenizer, word):
    # By its expressions, as its memory of 65,536 lines is not for every word there is.
    line = f" {word} "
    for expression, by in tokenizer._re:
        line = expression.sub(by, line)
    return line.split()


@settings(max_examples=300, deadline=None)
@given(data=st.data(), length=st.integers(0, 300), reference=st.integers(0, 300))
def test_score_of_any_counts_is_compute_bleu(data, length, reference):
    totals = [max(length - n, 0) for n in range(4)]
    correct = []
    for total in totals:
        most = min(total, correct[-1]) if correct else total
        correct.append(data.draw(st.integers(0, most)))
    score = bleu_columns._bleu(np.array([correct]), np.array([length]), np.array([reference]))
    other = BLEU.compute_bleu(
        correct, totals, length, reference, smooth_method="exp", effective_order=True
    )
    assert score == [other.score / 100]


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, block=st.integers(1, 80), vocabulary=st.sampled_from([0, 500, 10**6]))
def test_blocks_and_forgetting_change_nothing(rows, block, vocabulary):
    with (
        patch.object(bleu_columns, "BLOCK", block),
        patch.object(bleu_columns, "VOCABULARY", vocabulary),
        patch.object(bleu_columns, "TEXTS", 2),
        patch.object(bleu_columns, "LONGEST_WORD", 3),
    ):
        assert found(rows, BleuColumns()) == expected(rows, METRICS["13a"])


def test_rows_with_too_many_distinct_words_for_a_key():
    rng = np.random.default_rng(0)
    # 16 bits a word in the whole, 15 in a half; and 16 in one row.
    halves = [
        " ".join(f"w{n}" for n in rng.integers(k * 30000, k * 30000 + 30000, 40000)) for k in (0, 1)
    ]
    rows = [(half, [half[1000:], half[:900]]) for half in halves]
    whole = " ".join(halves)
    rows.append((whole, [whole[5000:]]))
    with patch.object(bleu_columns, "BLOCK", 10**7):
        assert found(rows, SCORERS["13a"]) == expected(rows, METRICS["13a"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.text("abc", max_size=9), min_size=2, max_size=5), min_size=1, max_size=5),
    st.integers(1, 6),
)
def test_clipped_matches_are_what_counters_give(rows, order):
    def grams(text, n):
        return Counter(text[i : i + n] for i in range(len(text) - n + 1))

    def matches(row, n):
        most = Counter()
        for reference in row[1:]:
            most |= grams(reference, n)
        return (grams(row[0], n) & most).total()

    texts = [text for row in rows for text in row]
    ids = np.frombuffer(("\0".join(texts) + "\0").encode("utf-32-le"), "<u4")
    sizes = np.array([len(text) + 1 for text in texts])
    counts = np.array([len(row) - 1 for row in rows])
    counted = clipped_matches(ids, sizes, counts, order)
    assert counted.tolist() == [[matches(row, n) for n in range(1, order + 1)] for row in rows]
    one = np.split(bleu_columns._number(ids, sizes, np.minimum(sizes, 0))[0], np.cumsum(sizes)[:-1])
    slow = bleu_columns._count_row(one[: len(rows[0])], order)
    assert slow.tolist() == counted[:1].tolist()


def test_prepares_each_text_once_a_call(monkeypatch):
    monkeypatch.setattr(bleu_columns, "load_kernel", lambda: None)
    scorer = BleuColumns()
    lines = []
    scorer._line = lambda line: lines.append(line) or line
    scorer(["a b", "c", "a b"], [["a b"], ["c", "d"], ["c"]])
    assert sorted(lines) == ["a b", "c", "d"]


def test_words_are_forgotten_when_they_are_many(monkeypatch):
    monkeypatch.setattr(bleu_columns, "load_kernel", lambda: None)
    scorer = BleuColumns()
    with patch.object(bleu_columns, "VOCABULARY", 64 * 100):
        for start in range(0, 5000, 10):
            text = " ".join(f"w{n}" for n in range(start, start + 10))
            assert scorer([text], [[text]])[0] > 0.99
            assert len(scorer._words) <= 100


def test_no_rows():
    scores = SCORERS["13a"]([], [])
    assert scores.shape == (0,)
    assert scores.dtype == np.float64


def test_blocks_hold_every_row_once_and_few_characters():
    predictions = ["x" * (n % 7) for n in range(50)]
    references = [["y"] * (1 + n % 3) for n in range(50)]
    groups = list(blocks(predictions, references, 12))
    assert sorted(row for group in groups for row in group) == list(range(50))
    counts = [len(references[row]) for group in groups for row in group]
    assert all(a <= b for a, b in pairwise(counts))
    for group in groups:
        size = sum((len(predictions[row]) + 1) * len(references[row]) for row in group)
        assert size <= 12 or len(group) == 1


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        (["a"], [], "1 predictions and 0 rows"),
        (["a"], ["a"], "row 0: the references are of type str"),
        (["a"], [None], "row 0: the references are of type NoneType"),
        (["a", "b"], [["a"], []], "row 1: no reference"),
        (["a"], [["a", None]], "row 0: a reference is of type NoneType"),
        ([None], [["a"]], "row 0: the prediction is of type NoneType"),
    ],
)
def test_refuses_what_it_cannot_score(predictions, references, message):
    with pytest.raises(DataError, match=message):
        SCORERS["13a"](predictions, references)


def test_refuses_an_unknown_tokenizer():
    with pytest.raises(ConfigError, match=r"tokenize='moses'.*13a.*char.*zh"):
        BleuColumns(tokenize="moses")


def test_says_what_a_tokenizer_needs():
    with (
        patch("sacrebleu.tokenizers.tokenizer_ja_mecab.MeCab", None),
        pytest.raises(MissingExtraError, match=r"'ja-mecab': .*sacrebleu\[ja\]"),
    ):
        BleuColumns(tokenize="ja-mecab")


def test_prints_and_warns_nothing(capfd, caplog):
    SCORERS["13a"](["it was so ."] * 300, [["it was so ."]] * 300)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_import_does_not_import_sacrebleu():
    # By file, as the package's own imports are not the matter here.
    code = (
        "import importlib.util, sys; "
        f"s = importlib.util.spec_from_file_location('m', {bleu_columns.__file__!r}); "
        "m = importlib.util.module_from_spec(s); s.loader.exec_module(m); "
        "print('sacrebleu' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
