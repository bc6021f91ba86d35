from rows_of import rows_of

from compatkit.scorers.unread import count_unread


def test_a_text_without_an_answer_counts_and_a_null_does_not() -> None:
    rows = rows_of(["a", None, "", "b"], ["x"] * 4)
    assert count_unread(["a", None, None, None], rows) == 2
