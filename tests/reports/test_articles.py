import pytest
from verdicts import compared

from compatkit import compare
from compatkit.record import replace
from compatkit.reports.page import articles
from compatkit.reports.page.articles import draw_flips, find_flips, name_anchor
from compatkit.reports.page.choices import make_choices
from compatkit.reports.view import View


def test_a_page_that_would_be_too_large_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [compared()]
    choices = make_choices(results)
    monkeypatch.setattr(articles, "MOST_BYTES", 2000)
    drawn = draw_flips(results, find_flips(results, choices), choices, View())
    assert 0 < drawn.shown < drawn.total == 32
    assert len(drawn.articles.encode()) <= 2000
    assert drawn.notes[0].startswith(f"{drawn.shown} of 32 flips are shown")


def test_flips_that_were_not_kept_are_not_taken_for_none() -> None:
    results = [replace(compared(), examples=None)]
    choices = make_choices(results)
    [note] = draw_flips(results, find_flips(results, choices), choices, View()).notes
    assert "were not kept" in note


def test_an_anchor_is_told_from_others_and_stays() -> None:
    names = ["a b", "a-b", "a.b", "", " ", "\ud800", "日本"]
    anchors = [name_anchor(name) for name in names]
    assert len(set(anchors)) == len(names)
    assert anchors == [name_anchor(name) for name in names]
    assert all(anchor.isascii() and " " not in anchor for anchor in anchors)


def test_fields_of_the_records_are_shown_once_where_both_hold_the_same() -> None:
    old = [{"id": 1, "prediction": "a", "reference": "a", "level": "<b>", "note": {"x": "one two"}}]
    new = [{**old[0], "prediction": "b", "note": {"x": "one three"}}]
    results = [compare(old, new)]
    choices = make_choices(results)
    view = View(show_fields=("level", "note.x", "absent"))
    text = draw_flips(results, find_flips(results, choices), choices, view).articles
    assert text.count("&lt;b&gt;") == 1
    assert "<b>level</b>" in text
    assert "<b>old note.x</b><p>one <del>two</del></p>" in text
    assert "<b>new note.x</b><p>one <ins>three</ins></p>" in text
    assert "<b>absent</b>" in text


def test_answers_that_changed_and_are_wrong_are_listed_when_asked_for() -> None:
    old = [{"id": number, "prediction": "x", "reference": "a"} for number in range(3)]
    new = [{**row, "prediction": "y"} for row in old[:2]] + old[2:]
    results = [compare(old, new, keep_changed=True)]
    choices = make_choices(results)
    drawn = draw_flips(results, find_flips(results, choices), choices, View())
    assert (drawn.shown, drawn.total) == (2, 2)
    assert set(drawn.kinds) == {"changed"}
