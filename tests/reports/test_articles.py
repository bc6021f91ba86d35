from dataclasses import replace

import pytest
from verdicts import compared

from compatkit.reports.page import articles
from compatkit.reports.page.articles import draw_flips, find_flips, name_anchor
from compatkit.reports.page.choices import make_choices


def test_a_page_that_would_be_too_large_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [compared()]
    choices = make_choices(results)
    monkeypatch.setattr(articles, "MOST_BYTES", 2000)
    drawn = draw_flips(results, find_flips(results, choices), choices, None)
    assert 0 < drawn.shown < drawn.total == 32
    assert len(drawn.articles.encode()) <= 2000
    assert drawn.notes[0].startswith(f"{drawn.shown} of 32 flips are shown")


def test_flips_that_were_not_kept_are_not_taken_for_none() -> None:
    results = [replace(compared(), examples=None)]
    choices = make_choices(results)
    [note] = draw_flips(results, find_flips(results, choices), choices, None).notes
    assert "were not kept" in note


def test_an_anchor_is_told_from_others_and_stays() -> None:
    names = ["a b", "a-b", "a.b", "", " ", "\ud800", "日本"]
    anchors = [name_anchor(name) for name in names]
    assert len(set(anchors)) == len(names)
    assert anchors == [name_anchor(name) for name in names]
    assert all(anchor.isascii() and " " not in anchor for anchor in anchors)
