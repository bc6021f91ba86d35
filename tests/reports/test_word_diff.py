import pytest
from hostile_texts import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from compatkit.reports.page import word_diff
from compatkit.reports.page.word_diff import Run, diff_words


def marked(runs: list[Run]) -> list[str]:
    return [run.text for run in runs if run.changed]


def test_words_that_differ_are_marked_on_both_sides() -> None:
    old, new = diff_words(
        "He pays $5 on the day. So it is (A).", "He pays $6 on the day. So it is (B)."
    )
    assert marked(old) == ["$5 ", "(A)."]
    assert marked(new) == ["$6 ", "(B)."]


def test_two_words_between_longer_changes_are_part_of_them() -> None:
    old, _ = diff_words("a b c on the d e f end", "u v w on the x y z end")
    assert marked(old) == ["a b c on the d e f "]


def test_a_script_without_spaces_is_read_by_characters() -> None:
    assert marked(diff_words("日本語です", "日本人です")[0]) == ["語"]


@given(st.text(), st.text())
def test_the_runs_are_the_texts(old: str, new: str) -> None:
    runs = diff_words(old, new)
    assert ["".join(run.text for run in side) for side in runs] == [old, new]
    kept = [[word for run in side if not run.changed for word in run.text.split()] for side in runs]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_equal_texts_have_no_change(text: str) -> None:
    assert marked(diff_words(text, text)[0]) == []


def test_beyond_the_limit_all_between_the_ends_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_diff, "MOST_WORDS", 3)
    assert marked(diff_words("a b c d e z", "a x c d y z")[0]) == ["b c d e "]
