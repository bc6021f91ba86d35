"""What holds for every report of a verdict, whatever the texts in it are."""

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import date
from functools import cache
from html import unescape
from typing import Any

import pytest
from hostile_texts import HOSTILE, unseen
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from report_parsers import Tags, check_page, kinds_of, tags_of, tokens_of
from rich.cells import cell_len
from verdicts import VERDICTS, compared, decided, flip_of, judge, undefined

from compatkit import check
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.examples import FlippedExamples
from compatkit.gate.policy import Waiver
from compatkit.gate.verdict import Guarded, Verdict, WaiverUse
from compatkit.notes import Note
from compatkit.record import replace
from compatkit.reports.verdicts import VERDICT_FLIPS, VERDICT_REPORTS, VERDICT_SUFFIXES
from compatkit.reports.verdicts.markdown import CUT
from compatkit.reports.view import View

SHOWN = View(explain=True, show_flips=5)
texts = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def speaking(text: str, task: str) -> Comparison:
    """Return a comparison that says this text wherever a file or a model may speak."""
    measured = compared()
    flips = [
        replace(
            flip_of(measured, number),
            id=f"{text}{suffix}",
            old_prediction=text,
            new_prediction=text,
            references=(text, text),
            input=text,
        )
        for number, suffix in enumerate(("", " 2", " 3"))
    ]
    return replace(
        measured,
        task=task,
        old=text,
        old_name=text,
        new_name=text,
        new=text,
        scorer=text,
        signature=f"scorer:{text[:2000]}|n:8",
        noted=(Note("log", f"{text}: a note"), Note("log", text)),
        examples=FlippedExamples.of(flips),
    )


def with_text(text: str) -> Verdict:
    """Return a verdict that says this text wherever a policy, a file or a model may speak.

    A name that is empty is none, and would be another verdict.
    """
    name = text or "one"
    tasks = (name, f"{name} 2")
    comparisons = tuple(speaking(text, task) for task in tasks)
    flips = list(comparisons[0].examples or ())
    return judge(
        "fail",
        decided("fail", task=name, field=name, slice=text),
        decided("inconclusive", task=name, field=name, slice=f"{text} 2", reason=text),
        undefined(task=f"{name} 2", reason=text),
        comparisons=comparisons,
        guarded=(
            Guarded(name, text, "fail", f"{text}={text}", flip=flips[0]),
            Guarded(name, f"{text} 2", "fail", "id", waived=True, flip=flips[1]),
            Guarded(name, f"{text} 4", "pass", f"{text}={text}", was_wrong=True),
        ),
        waivers=tuple(
            WaiverUse(Waiver(name, f"{text}{suffix}", text, date(2026, 12, 31)), state)
            for suffix, state in ((" 2", "used"), (" 4", "unused"), (" 5", "expired"))
        ),
        warnings=(text, f"{text}: a warning"),
        name=name,
        policy=name,
    )


@cache
def plain(kind: str) -> str:
    """Return the report of a verdict that holds no text of a stranger."""
    return VERDICT_REPORTS[kind](with_text("plain"), SHOWN)


def check_github(report: str, text: str) -> None:
    lines = report.removesuffix("\n").split("\n")
    for line in lines:
        assert re.fullmatch(
            r"::(error|warning|notice) title=[^:,]*(,file=[^:,]+,line=\d+)?::[^\x00-\x1f]*", line
        )
        assert "::" not in line.split("::", 2)[2]
        assert "%" not in re.sub(r"%(25|3A|2C)", "", line)
    kinds = [line.split(" ")[0] for line in lines]
    assert kinds == [line.split(" ")[0] for line in plain("github").splitlines()]
    assert unseen(report.replace("\n", "")) == []


def check_gitlab(report: str, text: str) -> None:
    assert report.isascii()
    known = json.loads(plain("gitlab"))
    for issue, other in zip(json.loads(report), known, strict=True):
        assert [*issue] == [*other]
        assert issue["severity"] == other["severity"]
        assert unseen(issue["description"] + issue["location"]["path"]) == []


def check_html(report: str, text: str) -> None:
    check_page(report, plain("html"))


def check_json(report: str, text: str) -> None:
    assert report.isascii()
    assert all(each.isprintable() or each == "\n" for each in report)
    assert "##" not in report
    verdict = json.loads(report)
    assert [verdict[key] for key in ("name", "policy")] == [text or "one"] * 2
    assert [verdict["decisions"][0][key] for key in ("field", "slice")] == [text or "one", text]
    assert [verdict["must_not_flip"][0][key] for key in ("task", "id")] == [text or "one", text]
    assert verdict["must_not_flip"][0]["flip"]["new_prediction"] == text
    assert [verdict["waivers"][0][key] for key in ("task", "reason")] == [text or "one", text]
    assert verdict["results"][0]["new"] == text


def check_junit(report: str, text: str) -> None:
    root = ET.fromstring(report)  # noqa: S314
    shape = [(each.tag, sorted(each.keys())) for each in root.iter()]
    known = ET.fromstring(plain("junit"))  # noqa: S314
    assert shape == [(each.tag, sorted(each.keys())) for each in known.iter()]
    said = "".join(
        [*root.itertext(), *(value for each in root.iter() for value in each.attrib.values())]
    )
    assert unseen(said.replace("\n", "")) == []
    assert JUnitXml.fromstring(report.encode()).tests == 6
    assert not any(line.lstrip().startswith(("::", "##[", "##vso[")) for line in report.split("\n"))


def is_of_kinds(parts: list[str], known: list[str], *, cut: bool) -> bool:
    """Tell whether a text is made as another is, or of fewer of its parts where it was cut."""
    return not Counter(parts) - Counter(known) if cut else parts == known


def as_texts(parts: list[Any]) -> list[str]:
    return list(map(str, parts))


def check_markdown(report: str, text: str) -> None:
    assert len(report) < 60_000
    assert re.fullmatch(r"<!-- compatkit-gate(: [A-Za-z0-9_-]+)? -->", report.partition("\n")[0])
    cut = kinds_of(CUT) if CUT in report else []  # texts that are too long take rows away
    assert is_of_kinds(kinds_of(report), [*kinds_of(plain("markdown")), *cut], cut=bool(cut))
    # As a page: what a text says is text, and no tag of its own.
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(report)
    known = plain("markdown") + (f"\n\n{CUT}" if cut else "")
    known = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(known)
    tags = [[tag for tag in tags_of(text) if tag[0] != "comment"] for text in (page, known)]
    assert is_of_kinds(*map(as_texts, tags), cut=bool(cut))
    rendered = "".join(token.content for token in tokens_of(report) if token.type != "inline")
    assert unseen(rendered.replace("\u200b", "").replace("\n", "")) == []
    assert not re.search(r"@\w|#\d(?!\d*;)|://", rendered)


def check_terminal(report: str, text: str) -> None:
    assert unseen(report.replace("\n", "")) == []
    assert report.startswith("FAIL: ")
    for line in report.split("\n"):
        assert not line.lstrip().startswith(("::", "##[", "##vso[", "##teamcity["))
        assert line.startswith("signature") or cell_len(line) <= SHOWN.width


CHECKS = {
    "github": check_github,
    "gitlab": check_gitlab,
    "html": check_html,
    "json": check_json,
    "junit": check_junit,
    "markdown": check_markdown,
    "terminal": check_terminal,
}


def test_every_report_is_checked() -> None:
    assert CHECKS.keys() == VERDICT_REPORTS.keys()
    assert set(VERDICT_SUFFIXES.values()) <= VERDICT_REPORTS.keys()
    assert VERDICT_FLIPS.keys() <= VERDICT_REPORTS.keys()
    assert len(HOSTILE) >= 80


@pytest.mark.parametrize("kind", VERDICT_REPORTS)
@texts
def test_a_text_is_shown_and_not_obeyed(kind: str, text: str) -> None:
    report = VERDICT_REPORTS[kind](with_text(text), SHOWN)
    CHECKS[kind](report, text)
    report.encode("utf-8")  # refuses what UTF-8 lacks


@texts
def test_colours_are_the_only_escapes_of_a_terminal(text: str) -> None:
    report = VERDICT_REPORTS["terminal"](with_text(text), replace(SHOWN, color=True))
    uncoloured = re.sub(r"\x1b\[[0-9;]*m", "", report)
    assert uncoloured != report
    check_terminal("\n".join(line.rstrip() for line in uncoloured.split("\n")), text)


@pytest.mark.parametrize("case", VERDICTS)
@pytest.mark.parametrize("kind", VERDICT_REPORTS)
def test_a_report_needs_no_view_and_says_the_same_twice(kind: str, case: str) -> None:
    render = VERDICT_REPORTS[kind]
    report = render(VERDICTS[case](), None)
    assert report == render(VERDICTS[case](), View())
    assert report.endswith("\n")


@pytest.mark.parametrize("case", VERDICTS)
@pytest.mark.parametrize("kind", ["html", "markdown", "terminal"])
def test_the_outcome_comes_first(kind: str, case: str) -> None:
    verdict = VERDICTS[case]()
    report = VERDICT_REPORTS[kind](verdict, SHOWN)
    shown: dict[str, Any] = {
        "html": lambda: Tags(report[report.index("<h1") :].partition("</h1>")[0] + "</h1>").data[0],
        "markdown": lambda: report.split("\n")[2].removeprefix("## "),
        "terminal": lambda: report,
    }
    assert shown[kind]().startswith(verdict.outcome.upper())


@pytest.mark.parametrize("kind", ["html", "junit", "markdown", "terminal"])
def test_what_the_old_model_did_not_answer_stands_beside_what_is_allowed(kind: str) -> None:
    old: list[dict[str, Any]] = [
        {"id": number, "prediction": "a", "reference": "a"} for number in range(40)
    ]
    silent = [{**row, "prediction": None} if row["id"] < 3 else row for row in old]
    said = "the old model did not answer 3 of 40 examples, which cannot break: max_left_out = 12.5%"
    for rows, expected in ((silent, True), (old, False)):
        verdict = check(rows, old, max_nfr=0.5, max_left_out=0.125)
        text = " ".join(unescape(VERDICT_REPORTS[kind](verdict, View())).split())
        assert (said in text.replace("\\", "")) is expected
