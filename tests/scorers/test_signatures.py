"""What is written down of the scorers' options is what their signatures declare."""

import inspect
from functools import partial
from pathlib import Path

import pytest

from compatkit.scorers import SCORERS
from compatkit.scorers.answer_text import read_answers
from compatkit.scorers.declared import DECLARED, PATH, SCORER_OPTIONS, scorer_options
from compatkit.scorers.signatures import declare_options, render_options


def test_the_file_is_what_make_docs_would_write() -> None:
    assert Path(PATH).read_text(encoding="utf-8") == render_options(), "run `make docs`"
    assert declare_options() == DECLARED


def test_bounds_stay_as_they_were_written() -> None:
    assert repr(SCORER_OPTIONS["tolerance"].least) == "0"
    assert SCORER_OPTIONS["time_limit"].kind is float


@pytest.mark.parametrize("name", SCORERS)
def test_a_scorer_takes_what_its_signature_says(name: str) -> None:
    scorer = SCORERS[name]
    made = scorer.func if isinstance(scorer, partial) else scorer
    own = [
        parameter.name
        for function in (made, *([] if name == "field" else [read_answers]))
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    assert list(scorer_options(name)) == own
