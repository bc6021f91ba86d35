"""Sequences: a token, or a tag, for each position, held against the reference's there."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, TypeVar

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.entity_tags import CONLL, SCHEMES, Entities, find_entities, is_tag
from compatkit.scorers.json_text import NoValueError, read_json, write_json
from compatkit.scorers.scorer import Scored, Scorer, score_pairs
from compatkit.scorers.unread import count_unread
from compatkit.scorers.unseen import leave_out_unseen

Tokens = tuple[str, ...]
Item = TypeVar("Item")

UNREAD = "predictions are no sequence of tokens, or of tags of the scheme: wrong"
OTHER_LENGTH = "predictions with another number of tokens than the reference: wrong"
NO_TOKENS = "references are no sequence of tokens"
NO_TAGS = "references are no sequence of tags such as B-PER and O"
FOREIGN = "predictions hold a tag that the scheme does not know"
IN_REFERENCES = "entities in the references"
PREDICTED = "entities predicted"
RIGHT = "entities predicted right; micro F1 is 2 right / (predicted + in the references)"
# A list as Python, or numpy, writes it: quoted texts, with commas or without.
QUOTED = r"(?:'[^'\\]*+'|\"[^\"\\]*+\")"
WRITTEN = re.compile(rf"\[\s*+{QUOTED}(?:(?:\s*+,\s*+|\s++){QUOTED})*+\s*+,?\s*+\]")


def tokens() -> Scorer:
    """Score by the share of positions whose token is the reference's.

    A sequence is a JSON list of texts, numbers and booleans, a list as Python writes it, or a text
    whose tokens stand between white space. Tokens are compared as they are. A prediction of
    another length than the reference is wrong, as its positions are not the reference's; it is
    counted, and never cut. Two empty sequences are equal. With `--threshold 1` an answer is right
    where all of its tokens are. An example whose reference is no sequence is left out and counted.
    The answer that churn compares is the sequence.

    Source: Ramshaw and Marcus 1995 (arXiv cmp-lg/9505040), for the accuracy of tags.
    """
    return Scorer("tokens", _score_tokens, continuous=True, reads_lists=True)


def entities(
    *,
    scheme: Annotated[
        str, Option(choices=SCHEMES, help="conll reads any tags, iob2 entities that begin with B.")
    ] = CONLL,
) -> Scorer:
    """Score by the F1 of the entities that a sequence of IOB tags marks.

    F1 = 2pr / (p + r), with p and r the share of the prediction's and of the reference's entities
    that the other has: of the same type, and at the same positions. 1 where neither has any, 0
    where one alone has, as seqeval's `f1_score(..., average="micro", zero_division=1)` of this
    example. Sequences are read, and those of other lengths judged, as by `tokens`. An example whose
    reference holds what is no tag is left out and counted. The answer that churn compares is the
    entities.

    Args:
        scheme: `conll` is the reading of conlleval and of seqeval's default mode: a tag that
            continues nothing, such as `I-PER` after `O`, begins an entity, and E and S are
            read too. `iob2` is seqeval's strict mode with the scheme IOB2: an entity begins with B,
            and a tag that continues none marks nothing; a prediction with tags of another scheme
            is wrong and counted.

    Source: Tjong Kim Sang and De Meulder 2003 (arXiv cs/0306050); seqeval 1.2.2.
    """
    return Scorer(
        "entities",
        partial(_score_entities, scheme=scheme),
        {"scheme": scheme},
        continuous=True,
        reads_lists=True,
    )


def read_tokens(text: str) -> Tokens | None:
    """Return the tokens of a sequence, None of a text that is none.

    >>> read_tokens('["O", "B-PER"]'), read_tokens("O B-PER"), read_tokens("['O' 'B-PER']")
    (('O', 'B-PER'), ('O', 'B-PER'), ('O', 'B-PER'))
    """
    text = text.strip()
    if WRITTEN.fullmatch(text):
        return tuple(quoted[1:-1] for quoted in re.findall(QUOTED, text))
    if not text.startswith("["):
        return tuple(text.split()) or None
    try:
        values = read_json(text)
    except NoValueError:
        return None
    if not isinstance(values, list) or any(value is None for value in values):
        return None
    if any(isinstance(value, dict | list) for value in values):
        return None
    return tuple(value if isinstance(value, str) else write_json(value) for value in values)


def _score_tokens(rows: Predictions) -> Scored:
    given, accepted = _read_rows(rows)

    def share(one: Tokens, other: Tokens) -> float:
        same = sum(left == right for left, right in zip(one, other, strict=True))
        return same / len(one) if one else 1.0

    scores = score_pairs(rows, partial(_score_columns, given, accepted, share))
    read = {text: None if seq is None else write_json(list(seq)) for text, seq in given.items()}
    scored = Scored(scores, _answers(rows, read), _count_lengths(rows, given, accepted))
    return _finish(scored, rows, lambda text: accepted[text] is not None, NO_TOKENS)


def _score_entities(rows: Predictions, *, scheme: str) -> Scored:
    given, accepted = _read_rows(rows)
    accepted = {
        text: tags if tags is not None and _are_tags(tags, scheme) else None
        for text, tags in accepted.items()
    }
    marked = {
        tags: find_entities(tags, scheme)
        for tags in {*given.values(), *accepted.values()}
        if tags is not None
    }

    def f1(one: Tokens, other: Tokens) -> float:
        return _f1(marked[one], marked[other])

    scores = score_pairs(rows, partial(_score_columns, given, accepted, f1))
    read = {text: None if tags is None else _write(marked[tags]) for text, tags in given.items()}
    notes = _count_lengths(rows, given, accepted)
    notes |= _count_entities(rows, given, accepted, marked)
    foreign = {text for text, tags in given.items() if tags and not _are_tags(tags, scheme)}
    notes |= {FOREIGN: sum(text in foreign for text in rows.prediction)} if foreign else {}
    scored = Scored(scores, _answers(rows, read), notes)
    return _finish(scored, rows, lambda text: accepted[text] is not None, NO_TAGS)


def _read_rows(rows: Predictions) -> tuple[dict[str, Tokens | None], dict[str, Tokens | None]]:
    """Read each distinct prediction, and each distinct reference, once."""
    given = {text: read_tokens(text) for text in rows.prediction if text is not None}
    accepted = {text: read_tokens(text) for texts in rows.references for text in texts}
    return given, accepted


def _score_columns(
    given: Mapping[str, Tokens | None],
    accepted: Mapping[str, Tokens | None],
    score: Callable[[Tokens, Tokens], float],
    texts: Sequence[str],
    references: Sequence[str],
) -> FloatArray:
    pairs = ((given[text], accepted[gold]) for text, gold in zip(texts, references, strict=True))
    return np.array([_score_pair(score, *pair) for pair in pairs], np.float64)


def _score_pair(
    score: Callable[[Tokens, Tokens], float], one: Tokens | None, other: Tokens | None
) -> float:
    if one is None or other is None or len(one) != len(other):
        return 0.0
    return score(one, other)


def _f1(one: Entities | None, other: Entities | None) -> float:
    """Return the F1 of two sets of entities, in seqeval's order of operations."""
    if one is None or other is None:
        return 0.0
    right = len(one & other)
    precision = right / len(one) if one else 1.0
    recall = right / len(other) if other else 1.0
    return 2.0 * precision * recall / ((precision + recall) or 1.0)


def _are_tags(tags: Tokens, scheme: str) -> bool:
    return all(is_tag(tag, scheme) for tag in tags)


def _write(marked: Entities | None) -> str | None:
    """Return entities as the text that churn compares."""
    if marked is None:
        return None
    return "; ".join(f"{start}-{end} {kind}" for start, end, kind in sorted(marked))


def _answers(rows: Predictions, read: Mapping[str, str | None]) -> list[str | None]:
    return [None if text is None else read[text] for text in rows.prediction]


def _count_lengths(
    rows: Predictions,
    given: Mapping[str, Tokens | None],
    accepted: Mapping[str, Tokens | None],
) -> dict[str, int]:
    """Count the predictions that have the length of none of their references."""
    count = 0
    for text, references in zip(rows.prediction, rows.references, strict=True):
        one = None if text is None else given[text]
        lengths = {len(gold) for gold in map(accepted.get, references) if gold is not None}
        count += one is not None and bool(lengths) and len(one) not in lengths
    return {OTHER_LENGTH: count} if count else {}


def _count_entities(
    rows: Predictions,
    given: Mapping[str, Tokens | None],
    accepted: Mapping[str, Tokens | None],
    marked: Mapping[Tokens, Entities | None],
) -> dict[str, int]:
    """Count the entities of all rows, from which the micro F1 of the file follows.

    Of several references the one that agrees best counts; a prediction that cannot be judged has
    none.
    """
    right = predicted = wanted = 0
    for text, references in zip(rows.prediction, rows.references, strict=True):
        golds = [gold for gold in map(accepted.get, references) if gold is not None]
        if not golds:
            continue
        one = None if text is None else given[text]
        gold = max(golds, key=lambda other: _fit(one, other, marked))
        of_gold = marked[gold] or frozenset()
        wanted += len(of_gold)
        if one is not None and len(one) == len(gold):
            of_one = marked[one] or frozenset()
            predicted += len(of_one)
            right += len(of_one & of_gold)
    counts = {IN_REFERENCES: wanted, PREDICTED: predicted, RIGHT: right}
    return {sentence: count for sentence, count in counts.items() if wanted or predicted}


def _fit(one: Tokens | None, other: Tokens, marked: Mapping[Tokens, Entities | None]) -> float:
    if one is None or len(one) != len(other):
        return 0.0
    return _f1(marked[one], marked[other])


def _finish(
    scored: Scored, rows: Predictions, sees: Callable[[str], bool], sentence: str
) -> Scored:
    """Count the predictions that are no sequence, and leave out the rows without a reference."""
    unread = count_unread(scored.answers, rows)
    notes = {**({UNREAD: unread} if unread else {}), **scored.notes}
    scored = Scored(scored.scores, scored.answers, notes)
    return leave_out_unseen(scored, rows, sees, sentence)
