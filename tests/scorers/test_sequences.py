"""Sequences of tokens and of tags; entities against seqeval."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_of import rows_of
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Tokens

from compatkit import compare
from compatkit.scorers.entity_tags import find_entities
from compatkit.scorers.make import make_scorer
from compatkit.scorers.sequences import (
    FOREIGN,
    IN_REFERENCES,
    NO_TAGS,
    NO_TOKENS,
    OTHER_LENGTH,
    PREDICTED,
    RIGHT,
    UNREAD,
    read_tokens,
)

WELL_FORMED = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
# What seqeval takes, with a warning at most: other schemes, no type, a type with a dash, no tag.
MALFORMED = [
    *("B", "I", "I-", "B-", "B--", "E", "S", "E-PER", "S-PER", "I-A-B", "B-PER-", "I-PER-"),
    *("X", "person", ".", ".-PER", "-", "O-PER", "Obj", "BPER", "_"),
]
tags = st.lists(st.sampled_from(WELL_FORMED + MALFORMED), max_size=8)
sentences = st.integers(0, 8).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.sampled_from(WELL_FORMED), min_size=size, max_size=size)] * 2
    )
)


def score(name, predictions, references, **options):
    return make_scorer(name, **options).score(rows_of(predictions, references))


@pytest.mark.parametrize(
    "text",
    [
        '["O", "B-PER"]',
        "['O', 'B-PER']",
        "['O' 'B-PER']",
        "[\"O\",'B-PER']",
        "O B-PER",
        " O\tB-PER\n",
    ],
)
def test_a_sequence_is_written_in_many_ways(text):
    assert read_tokens(text) == ("O", "B-PER")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("[]", ()),
        ("[1, 2.50, true]", ("1", "2.5", "true")),
        ("", None),
        ('["a", null]', None),
        ('["a", ["b"]]', None),
        ('["a", ', None),
        ("[" * 5000, None),
    ],
)
def test_other_texts(text, tokens):
    assert read_tokens(text) == tokens


def test_tokens_by_hand():
    predictions = ["N V D", '["N", "V", "N"]', "N V", "N N N N", None, "", "X Y Z"]
    scored = score("tokens", predictions, ["N V D"] * 7)
    assert scored.scores.tolist() == [1, 2 / 3, 0, 0, 0, 0, 0]
    assert scored.answers[:2] == ['["N","V","D"]', '["N","V","N"]']
    assert scored.answers[4:6] == [None, None]
    assert scored.notes == {OTHER_LENGTH: 2, UNREAD: 1}


def test_the_best_of_several_references_counts():
    scored = score("tokens", ["a b"], [["a b c", "a c", "b b"]])
    assert scored.scores.tolist() == [0.5]
    assert scored.notes == {}


def test_a_reference_that_is_no_sequence_is_left_out():
    scored = score("tokens", ["a", "a"], ["", ["", "a"]])
    assert scored.unscored.tolist() == [True, False]
    assert scored.notes == {NO_TOKENS: 2}
    scored = score("entities", ["O", "O O"], ["positive", "O O"])
    assert scored.unscored.tolist() == [True, False]
    assert scored.notes == {NO_TAGS: 1}
    scored = score("entities", ["X O"], [["X O", "B-A O"]])
    assert scored.scores.tolist() == [0]


def test_entities_by_hand():
    gold = "B-PER I-PER O B-LOC"
    predictions = [
        gold,
        "B-PER I-PER O O",
        "I-PER I-PER O B-LOC",
        "B-PER B-PER O B-LOC",
        "B-LOC I-LOC O B-LOC",
        "O O O O",
        "B-PER I-PER O",
    ]
    scored = score("entities", predictions, [gold] * 7)
    assert scored.scores == pytest.approx([1, 2 / 3, 1, 2 / 5, 1 / 2, 0, 0])
    assert scored.answers[0] == "0-1 PER; 3-3 LOC"
    assert scored.answers[5] == ""
    # 7 times two; 2 + 1 + 2 + 3 + 2 + 0, and none of another length; 2 + 1 + 2 + 1 + 1.
    assert scored.notes == {OTHER_LENGTH: 1, IN_REFERENCES: 14, PREDICTED: 10, RIGHT: 7}
    strict = score("entities", predictions[2:3], [gold], scheme="iob2")
    assert strict.scores == pytest.approx([2 / 3])


def test_nothing_to_find():
    scored = score("entities", ["O O", "B-PER O"], ["O O"] * 2)
    assert scored.scores.tolist() == [1, 0]


def test_tags_of_another_scheme():
    gold = "B-PER E-PER"
    assert score("entities", [gold, "S-PER O"], [gold] * 2).scores.tolist() == [1, 0]
    strict = score("entities", ["S-PER O", "B-PER O"], ["B-PER O"] * 2, scheme="iob2")
    assert strict.scores.tolist() == [0, 1]
    assert strict.answers == [None, "0-0 PER"]
    assert strict.notes[FOREIGN] == 1
    left_out = score("entities", [gold], [gold], scheme="iob2")
    assert left_out.unscored.tolist() == [True]


@given(tags)
@settings(max_examples=400, deadline=None)
def test_entities_are_those_of_seqeval(sequence):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {(start, end, kind) for kind, start, end in get_entities(sequence)}
    assert find_entities(sequence, "conll") == expected
    try:
        strict = {(one.start, one.end - 1, one.tag) for one in Tokens(sequence, IOB2).entities}
    except (KeyError, ValueError):
        strict = None
    assert find_entities(sequence, "iob2") == strict


@given(st.lists(sentences, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_scores_are_those_of_seqeval_to_the_last_bit(pairs):
    predictions, references = zip(*pairs, strict=True)
    for scheme, mode in (("conll", {}), ("iob2", {"mode": "strict", "scheme": IOB2})):
        scored = score(
            "entities",
            [json.dumps(tokens) for tokens in predictions],
            [json.dumps(tokens) for tokens in references],
            scheme=scheme,
        )
        expected = [
            f1_score([gold], [tokens], average="micro", zero_division=1, **mode)
            for tokens, gold in pairs
        ]
        assert scored.scores.tolist() == expected
        right, total = (
            scored.notes.get(RIGHT, 0),
            scored.notes.get(PREDICTED, 0) + scored.notes.get(IN_REFERENCES, 0),
        )
        micro = f1_score(
            list(references), list(predictions), average="micro", zero_division=1, **mode
        )
        assert (2 * right / total if total else 1.0) == pytest.approx(micro)


@given(tags, tags)
@settings(max_examples=100, deadline=None)
def test_more_agreement_is_never_less(one, other):
    """A copy is right, and an answer of another length never is."""
    texts = [json.dumps(one), json.dumps(other)]
    for name in ("tokens", "entities"):
        scored = score(name, texts, [texts[0]] * 2)
        if scored.unscored is None or not scored.unscored.any():
            assert scored.scores[0] == 1
        if len(one) != len(other):
            assert scored.scores[1] == 0


def test_lists_in_a_file_are_sequences():
    gold = ["B-PER", "I-PER", "O"]
    rows = [{"id": n, "reference": gold, "prediction": gold} for n in range(4)]
    worse = [
        {**row, "prediction": changed}
        for row, changed in zip(rows, (gold, ["O"] * 3, gold[:2], None), strict=True)
    ]
    result = compare(rows, worse, lists="sequence", scorer="entities")
    assert result.counts.negative_flips == 3
    assert any(f"1 {OTHER_LENGTH}" in note for note in result.notes)
    assert any(note.startswith(f"new: 1 {RIGHT}") for note in result.notes)
    exact = compare(rows, worse, lists="sequence", scorer="tokens", threshold=1)
    assert exact.counts.negative_flips == 3
    assert exact.score_new == pytest.approx((1 + 1 / 3) / 4)


def test_a_long_sequence_is_read_in_time_that_grows_with_it():
    long = " ".join(["B-PER", "I-PER"] * 50_000)
    scored = score("entities", [long, "['" + "a" * 100_000], [long, "O"])
    assert np.array_equal(scored.scores, [1, 0])
