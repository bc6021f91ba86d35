import re

import pytest
from hostile_texts import HOSTILE
from verdicts import VERDICTS, compared, decided, guard, judge, waived

from compatkit.gate.verdict import Verdict
from compatkit.reports.verdicts.github import render_github

# As the runner reads a line: a command, its properties, its data.
COMMAND = re.compile(r"^::(?P<kind>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<data>.*)$")


def annotations(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Read the annotations as the runner does."""
    found = []
    report = render_github(verdict)
    assert report.endswith("\n")
    for line in report.removesuffix("\n").split("\n"):
        match = COMMAND.match(line)
        assert match is not None, line
        properties = dict(each.split("=", 1) for each in match["properties"].split(","))
        assert set(properties) in ({"title"}, {"title", "file", "line"})
        title = properties["title"]
        for escape, text in (("%3A", ":"), ("%2C", ","), ("%25", "%")):
            title = title.replace(escape, text)
        found.append((match["kind"], title, match["data"].replace("%25", "%")))
    return found


@pytest.mark.parametrize("case", VERDICTS)
def test_what_blocks_is_an_error(case: str) -> None:
    verdict = VERDICTS[case]()
    found = annotations(verdict)
    kinds = [kind for kind, _, _ in found]
    assert ("error" in kinds) == (verdict.outcome != "pass")
    assert ("notice" in kinds) == (verdict.outcome == "pass")
    assert all(kinds.count(kind) <= 10 for kind in ("error", "warning", "notice"))
    first = next(text for kind, _, text in found if kind in {"error", "notice"})
    assert first.startswith(verdict.outcome.upper())


def test_what_does_not_block_is_a_warning() -> None:
    verdict = judge(
        "pass",
        decided("fail", tier="advisory"),
        decided("inconclusive", counts_as="pass"),
        waivers=(waived("q4"), waived("q1", "expired")),
        warnings=("the files hold the same bytes",),
    )
    assert [(kind, title) for kind, title, _ in annotations(verdict)] == [
        ("warning", "negative flip rate (NFR) beyond the budget (does not block)"),
        ("warning", "negative flip rate (NFR) inconclusive (does not block)"),
        ("warning", "compatkit gate"),
        ("warning", "waiver expired"),
        ("notice", "compatkit gate"),
    ]


@pytest.mark.parametrize("case", VERDICTS)
def test_no_annotation_repeats_another(case: str) -> None:
    texts = [text for _, _, text in annotations(VERDICTS[case]())]
    assert not [
        (one, other)
        for place, one in enumerate(texts)
        for other in texts[:place] + texts[place + 1 :]
        if one in other
    ]


def test_a_percent_sign_is_escaped() -> None:
    report = render_github(VERDICTS["fail"]())
    assert "is at least 3.35%25 at 95%25 confidence; the budget is at most 3%25\n" in report
    assert annotations(VERDICTS["slices"]())[1][1] == (
        "lang = de: negative flip rate (NFR) beyond the budget"
    )


def test_what_was_capped_is_said() -> None:
    one = compared()
    verdict = judge("fail", guarded=tuple(guard(one, number) for number in range(15)))
    found = annotations(verdict)
    assert len(found) == 10
    assert found[-1] == (
        "error",
        "compatkit gate",
        "7 more annotations of this kind; the report has all",
    )
    exactly = judge("fail", guarded=tuple(guard(one, number) for number in range(9)))
    assert "must not flip" in annotations(exactly)[-1]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_makes_a_command(text: str) -> None:
    one = compared()
    verdict = judge(
        "fail",
        decided("fail", task=text, field=text, slice=text),
        decided("inconclusive", task=text, tier="advisory"),
        guarded=(guard(one, task=text, id=text, named=text),),
        warnings=(text, f"{text}\n::error::{text}"),
        waivers=(waived(text, "expired", text),),
        name=text,
    )
    found = annotations(verdict)
    assert [kind for kind, _, _ in found] == ["error"] * 3 + ["warning"] * 4
    assert not re.search(r"[\r\x00-\x09\x0b-\x1f]|##\[|##vso", render_github(verdict))
