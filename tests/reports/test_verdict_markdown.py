from dataclasses import replace

import pytest
from hostile_texts import HOSTILE
from report_parsers import tokens_of
from verdicts import VERDICTS, compared, decided, guard, judge

from compatkit.notes import Note
from compatkit.reports import View
from compatkit.reports.verdicts.markdown import CUT, mark_comment, render_markdown

HUGE = View(show_flips=100_000, explain=True)


@pytest.mark.parametrize(
    ("name", "marker"),
    [
        ("", "<!-- compatkit-gate -->"),
        ("nightly", "<!-- compatkit-gate: nightly -->"),
        ("a_b-C9", "<!-- compatkit-gate: a_b-C9 -->"),
    ],
)
def test_a_plain_name_marks_a_comment(name: str, marker: str) -> None:
    assert mark_comment(name) == marker
    report = render_markdown(judge("pass", decided("pass"), name=name))
    assert report.startswith(f"{marker}\n\n## PASS: ")


def test_names_that_differ_have_markers_that_differ() -> None:
    names = [*HOSTILE.values(), "a b", "a  b", "a-b", "日本", "中国", "x" * 80, "x" * 81, "-a"]
    markers = {mark_comment(name) for name in names}
    assert len(markers) == len(set(names))
    assert all(len(each) < 100 and each.count("--") == 2 for each in markers)


def test_the_marker_is_the_same_whatever_the_outcome() -> None:
    found = {
        render_markdown(judge(outcome, decided(outcome), name="n")).partition("\n")[0]
        for outcome in ("pass", "fail", "inconclusive")
    }
    assert found == {"<!-- compatkit-gate: n -->"}


def test_what_fits_is_not_cut() -> None:
    for make in VERDICTS.values():
        report = render_markdown(make(), View(show_flips=20))
        assert CUT not in report
        assert report.count("<details>") == report.count("</details>") > 0


@pytest.mark.parametrize("text", ["a" * 100_000, "<" * 5000, "\U0010ffff" * 5000, "\\" * 5000])
def test_a_comment_is_never_too_long(text: str) -> None:
    one = compared(total=2000, broken=900)
    flips = tuple(
        replace(each, new_prediction=text, old_prediction=text, references=(text,), id=text)
        for each in one.examples or ()
    )
    long = replace(
        one,
        examples=flips,
        noted=tuple(Note("log", f"{n}{text}") for n in range(50)),
        signature=text,
    )
    verdict = judge(
        "fail",
        *(decided("fail", field=text, slice=f"{n}{text}") for n in range(40)),
        comparisons=(long,),
        guarded=tuple(guard(long, number) for number in range(50)),
        warnings=(text,),
    )
    report = render_markdown(verdict, HUGE)
    assert 20_000 < len(report) < 60_000
    assert report.endswith(f"{CUT}\n")
    assert report.count("<details>") == report.count("</details>")
    assert "rows fit here" in report or "of them fit here" in report
    tables = [each for each in tokens_of(report) if each.type == "table_open"]
    assert tables


def test_many_plain_flips_are_cut_to_those_that_fit() -> None:
    report = render_markdown(judge("fail", comparisons=(compared(total=9000, broken=4000),)), HUGE)
    assert len(report) < 60_000
    assert "(1000 of them fit here)" in report
    assert report.endswith(f"{CUT}\n")


def test_the_number_of_flips_is_the_view_s() -> None:
    report = render_markdown(VERDICTS["fail"](), View(show_flips=4))
    assert "<summary>4 of 20 negative flips, in the old file's order</summary>" in report
    assert "| q4 | " in report
    assert "| q5 | " not in report
