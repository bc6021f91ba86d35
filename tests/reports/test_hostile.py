import csv
import io

import pytest
from hostile_texts import HOSTILE, unseen

from compatkit.reports.hostile import csv_line, csv_text, markdown_text, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, with: marks", "plain text, with: marks"),
        ("größer 日本語 שלום ❤️", "größer 日本語 שלום ❤️"),
        ("a\x1b[31m\nb", r"a\x1b[31m\nb"),
        ("\u202ex\u2028", r"\u202ex\u2028"),
        ("\ud800\x00\x7f\x9b", r"\ud800\x00\x7f\x9b"),
        ("\U000e0101\u3164", r"\U000e0101\u3164"),
        ("::error::", r"\x3a:error\x3a:"),
        (":::", r"\x3a\x3a:"),
        ("##[error] ###[x]", r"\x23#[error] #\x23#[x]"),
        ("##vso[a] ##teamcity[b]", r"\x23#vso[a] \x23#teamcity[b]"),
        ("#### 42, a: b", "#### 42, a: b"),
    ],
)
def test_what_cannot_be_seen_becomes_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_every_character_of_a_visible_text_is_seen(text: str) -> None:
    shown = visible(text)
    assert unseen(shown) == []
    assert "::" not in shown
    assert visible(shown) == shown


def test_a_long_text_keeps_its_ends_and_says_what_is_left_out() -> None:
    assert visible("a" * 500 + "b" * 500, 10) == "aaaaa ...(990 characters)... bbbbb"
    assert visible("a" * 12, 10) == "a" * 12
    assert len(visible("\n" * 100_000, 60)) < 200


def test_a_surrogate_pair_is_not_cut_into_sense() -> None:
    assert "::" not in visible(":" * 200, 10)


@pytest.mark.parametrize(
    "text", ["=1", "+1+1", "-1-1", "-", "-1\n", "-e5", "@x", "\t=1", "\r=1", "\n=1", "\uff1d1"]
)
def test_a_formula_gets_a_quote(text: str) -> None:
    assert csv_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "-5", "+3.5e2", "-.5", "+1.", "-1E-7"])
def test_a_plain_number_stays_as_it_is(text: str) -> None:
    assert csv_text(text) == text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_line_of_csv_is_read_back_as_it_was_written(text: str) -> None:
    line = csv_line([text, 1.5, None, text])
    [row] = csv.reader(io.StringIO(line, newline=""))
    assert row == [csv_text(text), "1.5", "", csv_text(text)]
    assert line.endswith("\n")
    assert not line.endswith("\r\n")
    assert "\0" not in line


def test_markdown_stays_readable() -> None:
    text = "accuracy, new - old (NFR_mc): +1.5% = 3 / 8"
    assert markdown_text(text) == text


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("@you", "&#64;&#8203;you"),
        ("#12", "&#35;&#8203;12"),
        ("http://x", "http&#58;&#8203;//x"),
        ("_a_", "&#95;a&#95;"),
        ("__a__", "&#95;&#95;a&#95;&#95;"),
        ("www.x.y", "www&#46;x.y"),
    ],
)
def test_markdown_references_are_broken(text: str, broken: str) -> None:
    assert markdown_text(text) == broken
