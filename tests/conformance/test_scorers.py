"""What holds for every scorer of the table."""

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.errors import ConfigError
from compatkit.scorers import SCORERS
from compatkit.scorers.answer_text import read_answers
from compatkit.scorers.declared import scorer_options
from compatkit.scorers.make import make_scorer

NEEDED: Mapping[str, dict[str, object]] = {
    "regex": {"pattern": r"\w+"},
    "verdict": {"scale": "1-5"},
}
LIBRARIES = {"math": "math_verify"}
NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name in LIBRARIES and find_spec(LIBRARIES[name]) is None,
            reason=f"{LIBRARIES.get(name)} is not installed: the extra {name} has it",
        ),
    )
    for name in SCORERS
    if name != "field"
]
REFERENCES: Mapping[str, Sequence[str]] = {
    "choice": "AB",
    "numeric": "12",
    "math": "12",
    "json": "12",
    "tool_calls": ["f()", "[]"],
    "entities": ["B-PER O", "O"],
}
SLOW = {"math"}

texts = (
    st.none() | st.text(max_size=12) | st.sampled_from(["A", "the", "12", "a b c", "\ud800", ""])
)


def references_of(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(REFERENCES.get(name, ["A", "the", "a b c", "", "\ud800", "12"]))


@pytest.mark.parametrize("name", NAMES)
def test_scores_lie_in_0_to_1_and_depend_on_their_row_alone(name: str) -> None:
    scorer = make_scorer(name, **NEEDED.get(name, {}))

    @settings(max_examples=10 if name in SLOW else 60, deadline=None)
    @given(
        st.lists(
            st.tuples(texts, st.lists(references_of(name), min_size=1, max_size=3)), max_size=6
        )
    )
    def holds(rows: list[tuple[str | None, list[str]]]) -> None:
        predictions = [each[0] for each in rows]
        references = [each[1] for each in rows]
        scored = scorer.score(rows_of(predictions, references))
        assert scored.scores.shape == (len(rows),)
        # sacrebleu's BLEU of a perfect sentence is above 100 by a rounding or two.
        assert ((scored.scores >= 0) & (scored.scores <= 1 + 1e-12)).all()
        if scorer.continuous is False:
            assert np.isin(scored.scores, (0, 1)).all()
        assert len(scored.answers) == len(rows)
        for row, (prediction, accepted) in enumerate(rows):
            alone = scorer.score(rows_of([prediction], [accepted]))
            assert alone.scores[0] == scored.scores[row]
            assert alone.answers[0] == scored.answers[row]
            if prediction is None:
                assert scored.scores[row] == 0
                assert scored.answers[row] is None

    holds()


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_references_does_not_matter(name: str) -> None:
    scorer = make_scorer(name, **NEEDED.get(name, {}))
    pair = list(REFERENCES.get(name, "AB"))
    there, back = ([pair], [pair[::-1]])
    assert (
        scorer.score(rows_of(["A 1"], there)).scores == scorer.score(rows_of(["A 1"], back)).scores
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_of_the_reference_is_right(name: str) -> None:
    text = {
        "choice": "B",
        "numeric": "12",
        "math": "12",
        "json": "12",
        "tool_calls": "f()",
        "regex": "word",
        "choices": "B",
        "verdict": "5",
        "entities": "B-PER I-PER O",
    }.get(name, "the quick brown fox jumps")
    scored = make_scorer(name, **NEEDED.get(name, {})).score(rows_of([text], [text]))
    assert scored.scores[0] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_and_option_is_documented(name: str) -> None:
    scorer = SCORERS[name]
    docstring = getattr(scorer, "func", scorer).__doc__ or ""
    assert docstring.startswith(("Score", "Take"))
    page = (Path(__file__).parents[2] / "docs" / "scorers.md").read_text(encoding="utf-8")
    assert re.search(rf"^##+ .*`{name}`", page, re.MULTILINE)
    # What all scorers of texts take is said where their texts are read.
    docstring += read_answers.__doc__ or ""
    for option in scorer_options(name):
        assert re.search(rf"^ *{option}: ", docstring, re.MULTILINE)
        assert f"--{option.replace('_', '-')}" in page


@pytest.mark.parametrize(
    ("scorer", "options", "message"),
    [
        ("rouge", {}, "no scorer 'rouge'; did you mean 'rougeL'?"),
        ("nothing", {}, "no scorer 'nothing'; there are exact_match"),
        ("field", {}, "field:correct"),
        ("exact_match", {"stemmer": True}, "no option 'stemmer'; it belongs to rouge1"),
        ("field:acc", {"stemmer": True}, "field:acc has no option 'stemmer'"),
        ("chrf", {"nonsense": 1}, "no scorer takes it"),
    ],
)
def test_an_unknown_scorer_or_option_is_refused(
    scorer: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        make_scorer(scorer, **options)
