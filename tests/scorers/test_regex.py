import pytest
from rows_of import rows_of

from compatkit.errors import ConfigError
from compatkit.scorers.make import make_scorer


@pytest.mark.parametrize(
    ("pattern", "prediction", "score", "answer"),
    [
        (r"answer is (\w+)", "the answer is yes", 1, "yes"),
        (r"answer is (\w+)", "the answer is no; the answer is yes", 1, "yes"),
        (r"\[(yes|no)\]|(never)", "never", 0, "never"),
        (r"\[(no)\]|(yes)", "so yes", 1, "yes"),
        (r"(x)?yes", "yes", 0, None),
        (r"yes", "yes", 1, "yes"),
        (r"(?i)YES", "yes ", 1, "yes"),
        (r"yes", "no", 0, None),
        (r"yes", None, 0, None),
    ],
)
def test_by_hand(pattern: str, prediction: str | None, score: int, answer: str | None) -> None:
    scored = make_scorer("regex", pattern=pattern).score(rows_of([prediction], ["yes"]))
    assert (scored.scores.tolist(), scored.answers) == ([score], [answer])


@pytest.mark.parametrize(
    ("options", "message"), [({}, "needs --pattern"), ({"pattern": "("}, "no regular")]
)
def test_a_missing_or_broken_pattern_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_scorer("regex", **options)


def test_the_match_and_the_references_are_normalised_alike() -> None:
    scorer = make_scorer("regex", pattern="is (.*)", normalize="squad")
    scored = scorer.score(rows_of(["It is the Paris!", "It is A.", "is"], ["paris", "a", "x"]))
    assert (scored.scores.tolist(), scored.answers) == ([1, 1, 0], ["paris", "a", None])
