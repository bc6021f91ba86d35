import pytest
from rows_of import rows_of

from compatkit.scorers.make import make_scorer


@pytest.mark.parametrize(
    ("prediction", "references", "normalize", "score", "answer"),
    [
        ("It is Paris.", "Paris", "none", 1, "Paris"),
        ("It is paris.", "Paris", "none", 0, "It is paris."),
        ("It is the paris.", "Paris", "squad", 1, "paris"),
        ("London", ("Rome", "London"), "none", 1, "London"),
        ("anything", "", "none", 0, "anything"),
        ("!", "A", "squad", 0, "!"),
        (None, "A", "none", 0, None),
    ],
)
def test_by_hand(
    prediction: str | None, references: str, normalize: str, score: int, answer: str | None
) -> None:
    scored = make_scorer("contains", normalize=normalize).score(rows_of([prediction], [references]))
    assert (scored.scores.tolist(), scored.answers) == ([score], [answer])
