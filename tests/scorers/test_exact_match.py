import pytest
from rows_of import rows_of

from compatkit.scorers.make import make_scorer


@pytest.mark.parametrize(
    ("prediction", "references", "normalize", "score"),
    [
        ("Paris", "Paris", "none", 1),
        ("paris", "Paris", "none", 0),
        ("Paris ", "Paris", "none", 0),
        ("the paris!", "Paris", "squad", 1),
        ("London", ("Paris", "London"), "none", 1),
        ("", "", "none", 1),
        # The trap: SQuAD's normaliser leaves nothing of an article, and nothing equals nothing.
        ("the", "A", "squad", 0),
        ("", "A", "squad", 0),
        ("!", "A", "squad", 0),
        ("A", "A", "squad", 1),
        ("a", "A", "squad", 1),
        ("A.", "A", "squad", 1),
        ("(A)", "a!", "squad", 1),
        ("the", "an", "squad", 0),
        ("?", "!", "squad", 0),
        ("?", "?", "squad", 1),
        (None, "A", "squad", 0),
        (None, "", "none", 0),
    ],
)
def test_by_hand(prediction: str | None, references: str, normalize: str, score: int) -> None:
    scored = make_scorer("exact_match", normalize=normalize).score(
        rows_of([prediction], [references])
    )
    assert scored.scores.tolist() == [score]


def test_the_answer_is_the_normalised_string() -> None:
    rows = rows_of(["The Cat", "cat!", None], ["cat", "dog", "x"])
    assert make_scorer("exact_match", normalize="squad").score(rows).answers == ["cat", "cat", None]
    assert make_scorer("exact_match").score(rows).answers == ["The Cat", "cat!", None]
