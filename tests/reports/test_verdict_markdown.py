import pytest
from hostile_texts import HOSTILE
from report_parsers import tokens_of
from verdicts import VERDICTS, compared, decided, graded, guard, judge

from compatkit import compare_candidates
from compatkit.notes import Note
from compatkit.record import replace
from compatkit.reports import View
from compatkit.reports.verdicts.headline import write_headline
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
    assert "(250 of them fit here)" in report
    assert report.endswith(f"{CUT}\n")


def test_the_number_of_flips_is_the_view_s() -> None:
    report = render_markdown(VERDICTS["fail"](), View(show_flips=4))
    assert "<summary>4 of 20 negative flips, in the old file's order</summary>" in report
    assert "<summary>q4: What is the capital of country 4?</summary>" in report
    assert "<summary>q5: " not in report


def test_what_decides_stands_open_and_the_rest_is_folded() -> None:
    report = render_markdown(VERDICTS["tasks"](), View(show_flips=2))
    assert report.splitlines()[2] == (
        "## FAIL: 60 of 1,164 right answers broke, 1 of them must not, 1 waived; 36 repaired"
    )
    shown, _, folded = report.partition("<summary>3 budgets are kept</summary>")
    assert shown.index("<summary>q3: What is the capital") < shown.index("| FAIL | safety |")
    assert "| pass | " not in shown
    assert "| pass | " in folded
    assert "signature" not in shown


def test_the_link_to_the_whole_report_follows_the_headline() -> None:
    url = "https://forge.test/runs/7"
    lines = render_markdown(VERDICTS["fail"](), View(report_url=url)).splitlines()
    assert lines[2].startswith("## FAIL: 20 of 388 right answers broke")
    assert lines[4] == f"[The whole report]({url})"
    assert "The whole report" not in render_markdown(VERDICTS["fail"]())


def test_answers_of_several_samples_are_expected_to_break() -> None:
    rows = [{"id": "a", "reference": "x", "prediction": ["x", "x"]}, {"id": "b", "reference": "x"}]
    old = [rows[0], {**rows[1], "prediction": ["x", "y"]}]
    new = [{**rows[0], "prediction": ["y", "x"]}, {**rows[1], "prediction": ["y", "y"]}]
    (several,) = compare_candidates(old, [new])
    # a: 1 right, half of it breaks; b: half right, all of it breaks: 1 of 1.5.
    assert write_headline(judge("fail", comparisons=(several,))) == (
        "FAIL: 1.0 of 1.5 right answers are expected to break; 0.0 to be repaired"
    )


def test_scores_fall_below_the_threshold() -> None:
    headline = write_headline(judge("pass", comparisons=(graded(0.5, 0.1, 0.0),)))
    assert headline == "PASS: 1 of 3 answers fell below the threshold; 0 rose to it"
