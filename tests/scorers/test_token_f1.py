import pytest
from rows_of import rows_of

from compatkit.scorers.make import make_scorer


@pytest.mark.parametrize(
    ("prediction", "references", "score"),
    [
        ("the cat sat", "cat sat", 1.0),
        ("cat sat down", "the cat", 2 * (1 / 3) * 1 / (1 / 3 + 1)),
        ("cat cat", "cat", 2 * 0.5 * 1 / (0.5 + 1)),
        ("dog", "cat", 0.0),
        ("dog", ("cat", "a dog"), 1.0),
        # SQuAD's script takes any two texts of which it leaves nothing for equal.
        ("the", "A", 0.0),
        ("A.", "A", 1.0),
        # A question without an answer, as in SQuAD 2.0.
        ("", "", 1.0),
        (" ", "", 1.0),
        ("cat", "", 0.0),
        (None, "", 0.0),
        ("", ("cat", ""), 1.0),
        ("", "cat", 0.0),
        (None, "cat", 0.0),
    ],
)
def test_by_hand(prediction: str | None, references: str, score: float) -> None:
    scored = make_scorer("token_f1").score(rows_of([prediction], [references]))
    assert scored.scores.tolist() == [score]


def test_the_answer_is_the_normalised_string() -> None:
    assert make_scorer("token_f1").score(rows_of(["The Cat!"], ["x"])).answers == ["cat"]


def test_references_without_spaces_between_words_are_left_out_and_counted() -> None:
    rows = rows_of(["x", "x", "Paris"], ["\u6771\u4eac\u306e\u5854", "Tower (\u5854)", "Paris"])
    scored = make_scorer("token_f1").score(rows)
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [True, False, False]
    assert list(scored.notes.values()) == [1]
