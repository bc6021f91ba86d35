"""Sentence chrF of columns: by hand first, then against sacrebleu bit for bit."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF

from compatkit.errors import ConfigError, DataError
from compatkit.scorers import chrf_columns
from compatkit.scorers.chrf_columns import ChrfColumns

pytestmark = pytest.mark.usefixtures("counted_by")

SCORER = ChrfColumns()
METRIC = CHRF()

# Every code point, lone surrogates too.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)
TRICKY = st.text("ab. \n\0\x01\x1c\u00a0中\ud800", max_size=25)
TEXTS = st.one_of(TRICKY, st.text("ab ", max_size=30), ANYTHING)
ROWS = st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=4)), min_size=1, max_size=6)


def expected(rows, metric):
    return [metric.sentence_score(text, references).score / 100 for text, references in rows]


def found(rows, scorer):
    return scorer([text for text, _ in rows], [references for _, references in rows]).tolist()


def f2(precision, recall):
    return 5 * precision * recall / (4 * precision + recall)


@pytest.mark.parametrize(
    ("prediction", "references", "score"),
    [
        ("abcdefg", ["abcdefg"], 1.0),
        ("a b\nc", ["abc"], 1.0),  # white space does not count
        ("", ["a"], 0.0),
        ("a", [""], 0.0),
        ("", [""], 0.0),
        ("ab", ["cd"], 0.0),
        # orders 1 and 2 of both: 2/2 and 1/1 of the prediction, 2/3 and 1/2 of the reference
        ("ab", ["abc"], f2((1 + 1) / 2, (2 / 3 + 1 / 2) / 2)),
        # clipped: one a
        ("aab", ["ab"], f2((2 / 3 + 1 / 2) / 2, 1.0)),
        # the better reference
        ("ab", ["cd", "abc", "c"], f2(1.0, (2 / 3 + 1 / 2) / 2)),
    ],
)
def test_by_hand(prediction, references, score):
    assert found([(prediction, references)], SCORER)[0] == pytest.approx(score, abs=1e-12)


@settings(max_examples=300, deadline=None)
@given(rows=ROWS)
def test_equals_sacrebleu_to_the_last_bit(rows):
    assert found(rows, SCORER) == expected(rows, METRIC)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_equals_sacrebleu_in_lower_case(rows):
    assert found(rows, ChrfColumns(lowercase=True)) == expected(rows, CHRF(lowercase=True))


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, word_order=st.integers(1, 2))
def test_word_orders_equal_sacrebleu(rows, word_order):
    scorer = ChrfColumns(word_order=word_order)
    assert found(rows, scorer) == expected(rows, CHRF(word_order=word_order))


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, block=st.integers(1, 80))
def test_blocks_change_nothing(rows, block):
    with patch.object(chrf_columns, "BLOCK", block), patch.object(chrf_columns, "TEXTS", 2):
        assert found(rows, SCORER) == expected(rows, METRIC)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), predicted=st.integers(0, 300), reference=st.integers(0, 300))
def test_score_of_any_counts_is_compute_f_score(data, predicted, reference):
    statistics = []
    for n in range(6):
        own, other = max(predicted - n, 0), max(reference - n, 0)
        matched = data.draw(st.integers(0, min(own, other)))
        statistics += [own if other else 0, other, matched]
    score = chrf_columns._f_scores(
        np.array([statistics[2::3]]), np.array([[predicted]]), np.array([[reference]])
    )
    assert score.tolist() == [METRIC._compute_f_score(statistics) / 100]


def test_rows_with_too_many_distinct_characters_for_a_key():
    rng = np.random.default_rng(0)

    def text(low, high, size):
        return "".join(map(chr, rng.integers(low, high, size)))

    # 11 bits a character in the whole block, 10 in a half; and 12 in one row.
    halves = [text(0x4E00 + k * 900, 0x4E00 + k * 900 + 900, 2000) for k in (0, 1)]
    rows = [(half, [half[100:], half[:90]]) for half in halves]
    whole = text(0x4E00, 0x4E00 + 3000, 9000)
    rows.append((whole, [whole[500:]]))
    with patch.object(chrf_columns, "BLOCK", 10**7):
        assert found(rows, SCORER) == expected(rows, METRIC)


def test_prepares_each_text_once_a_call(monkeypatch):
    monkeypatch.setattr(chrf_columns, "load_kernel", lambda: None)
    scorer = ChrfColumns()
    squeezed = []
    scorer._squeeze = lambda text: squeezed.append(text) or text
    scorer(["ab", "c", "ab"], [["ab"], ["c", "d"], ["c"]])
    assert sorted(squeezed) == ["ab", "c", "d"]


def test_no_rows():
    scores = SCORER([], [])
    assert scores.shape == (0,)
    assert scores.dtype == np.float64


@pytest.mark.parametrize("word_order", [0, 2])
@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        (["a"], [], "1 predictions and 0 rows"),
        (["a"], ["a"], "row 0: the references are of type str"),
        (["a", "b"], [["a"], []], "row 1: no reference"),
    ],
)
def test_refuses_what_it_cannot_score(word_order, predictions, references, message):
    with pytest.raises(DataError, match=message):
        ChrfColumns(word_order=word_order)(predictions, references)


@pytest.mark.parametrize("word_order", [-1, 1.5, "2"])
def test_refuses_a_word_order_that_is_none(word_order):
    with pytest.raises(ConfigError, match="word_order="):
        ChrfColumns(word_order=word_order)


def test_prints_and_warns_nothing(capfd, caplog):
    SCORER(["it was so ."] * 300, [["it was so ."]] * 300)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
