"""What holds for every report of the table, whatever the texts in it are."""

import csv
import io
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_texts import HOSTILE, unseen
from prediction_files import rows_of_model, write_rows
from pyarrow import parquet
from report_parsers import VARYING, Tags, check_page, kinds_of, tokens_of
from rich.cells import cell_len

from compatkit import Comparison, compare
from compatkit.comparison.examples import FlippedExample
from compatkit.metrics.estimates import MetricValue
from compatkit.metrics.found_slices import FoundSlice, FoundSlices
from compatkit.metrics.search_columns import Condition
from compatkit.notes import Note
from compatkit.record import replace
from compatkit.reports import REPORTS, View
from compatkit.reports.csv_report import HEADER
from compatkit.reports.flips import FORMATS
from compatkit.reports.flips import HEADER as FLIPS_HEADER
from compatkit.reports.hostile import csv_text, visible_lines
from compatkit.reports.page.articles import MOST_CHARACTERS

SHOWN = View(explain=True, show_flips=5, sweep=True)
texts = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw none in pages: they take time, and have tests of their own."""
    monkeypatch.setattr("compatkit.reports.page.comparison_page.DRAWN", ())


def with_text(text: str, *, new: str | None = None) -> Comparison:
    """Return a comparison that says this text wherever a file or a model may speak."""
    measured = base()
    example = FlippedExample(
        id=text,
        kind="negative",
        old_score=1.0,
        new_score=0.0,
        old_prediction=text,
        new_prediction=text,
        references=(text, text),
        input=text,
        old_record={"id": text, text: text},
        new_record={"id": text, text: [text, {text: text}]},
    )
    [parts] = measured.slices.values()
    part = next(iter(parts.values()))
    return replace(
        measured,
        old=text,
        old_name=text,
        new_name=text if new is None else new,
        new=text if new is None else new,
        slices={text: {text: part, f"{text} 2": part}},
        noted=(Note("log", f"{text}: a note"), Note("log", text)),
        signature=f"scorer:{text}|n:8",
        scorer=text,
        examples=(example, replace(example, kind="positive")),
        found_slices=found_by(text),
    )


def found_by(text: str) -> FoundSlices:
    """Return what a search may say, with this text wherever a field or a value may speak."""
    part = FoundSlice(
        conditions=(Condition(text, text), Condition(text, above=1.0, up_to=2.0)),
        total=2,
        size=2,
        broken=1,
        nfr=0.5,
        nfr_outside=0.25,
        lift=MetricValue(2.0, 1.5, 3.0, 0.95, "conditional-exact"),
        lost=0.5,
        lost_outside=None,
        p_value=0.01,
        p_adjusted=0.01,
        family=1,
        example=text,
        rows=np.arange(2),
        held_out=np.arange(2),
    )
    return FoundSlices((part,), 4, 4, (text,), {text: text}, 10, 0.95)


@cache
def base() -> Comparison:
    old, new = rows_of_model("old"), rows_of_model("new")
    return compare(old, new, scorer="token_f1", by="lang", sweep=True)


@cache
def shape(kind: str, parser: Callable[[str], Any]) -> Any:
    """Return what a parser makes of a report that holds no text of a stranger."""
    return parser(REPORTS[kind]([with_text("plain")], SHOWN))


def check_csv(report: str, text: str) -> None:
    rows = list(csv.reader(io.StringIO(report, newline="")))
    assert tuple(rows[0]) == HEADER
    assert {len(row) for row in rows} == {len(HEADER)}
    assert rows[1][1:4] == [csv_text(text)] * 3
    slices = {(row[5], row[6]) for row in rows[1:]}
    assert slices == {
        ("", ""),
        (csv_text(text), csv_text(text)),
        (csv_text(text), csv_text(f"{text} 2")),
        ("(gathered)", csv_text(found_by(text).tested[0].name)),
    }
    for row in rows:
        for cell in row:
            assert not re.match(r"[=+@\t\r\n\uff1d\uff0b\uff0d\uff20]|-(?![\d.])", cell)
            if re.match(r"-\d", cell):
                float(cell)


def check_html(report: str, text: str) -> None:
    check_page(report, shape("html", str))
    assert visible_lines(text) in "".join(Tags(report).data) or len(text) > MOST_CHARACTERS


def check_json(report: str, text: str) -> None:
    assert report.isascii()
    assert all(each.isprintable() or each == "\n" for each in report)
    assert "##" not in report
    assert not any(line.lstrip().startswith("::") for line in report.split("\n"))
    [result] = json.loads(report)["results"]
    assert [result[key] for key in ("old", "new", "scorer")] == [text] * 3
    assert result["notes"] == [f"{text}: a note", text]
    assert list(result["slices"]) == [text]
    assert list(result["slices"][text]) == [text, f"{text} 2"]
    keys = ("id", "old_prediction", "new_prediction", "input")
    assert [result["flips"][0][key] for key in keys] == [text] * 4
    assert result["flips"][0]["references"] == [text] * 2


def check_latex(report: str, text: str) -> None:
    assert unseen(report.replace("\n", "")) == []
    assert cells_of(report) == shape("latex", cells_of)


def cells_of(table: str) -> list[int]:
    """Return how many cells each row of a table has, 0 for a line that is no row."""
    lines = (line for line in table.split("\n") if not line.startswith("%"))
    return [
        len(re.findall(r"(?<!\\)&", line)) + 1 if line.endswith(r" \\") else 0 for line in lines
    ]


def check_markdown(report: str, text: str) -> None:
    assert kinds_of(report) == shape("markdown", kinds_of)
    rendered = "".join(token.content for token in tokens_of(report) if token.type != "inline")
    assert unseen(rendered.replace("\u200b", "").replace("\n", "")) == []
    assert not re.search(r"@\w|#\d|://", rendered)


def check_terminal(report: str, text: str) -> None:
    assert unseen(report.replace("\n", "")) == []
    for line in report.split("\n"):
        assert not line.lstrip().startswith(("::", "##[", "##vso[", "##teamcity["))
        assert line.startswith("signature") or cell_len(line) <= SHOWN.width


CHECKS = {
    "csv": check_csv,
    "html": check_html,
    "json": check_json,
    "latex": check_latex,
    "markdown": check_markdown,
    "terminal": check_terminal,
}


def test_every_report_is_checked() -> None:
    assert CHECKS.keys() == REPORTS.keys()
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("kind", REPORTS)
@texts
def test_a_text_is_shown_and_not_obeyed(kind: str, text: str) -> None:
    CHECKS[kind](REPORTS[kind]([with_text(text)], SHOWN), text)


@pytest.mark.parametrize("kind", REPORTS)
@texts
def test_a_text_does_no_harm_among_candidates_and_tasks(kind: str, text: str) -> None:
    text = text[:2000]
    candidates = [with_text(text), replace(with_text(text, new=f"{text} 2"), baseline=text)]
    tasks = [replace(each, task=text) for each in candidates] + candidates
    for results in (candidates, tasks):
        report = REPORTS[kind](results, SHOWN)
        if kind == "terminal":
            check_terminal(report, text)
        elif kind == "html":
            names = {tag for tag, _ in Tags(shape(kind, str)).tags} | {"h4"}
            assert {tag for tag, _ in Tags(report).tags} <= names | VARYING
        elif kind == "markdown":
            assert set(kinds_of(report)) <= set(shape(kind, kinds_of))
        elif kind == "latex":
            assert len(set(cells_of(report)) - {0}) == 1
        elif kind == "csv":
            rows = csv.reader(io.StringIO(report, newline=""))
            assert {len(row) for row in rows} == {len(HEADER)}
        else:
            names = [each["new"] for each in json.loads(report)["results"]]
            assert names == [each.new for each in results]


def test_colours_are_the_only_escapes_of_a_terminal() -> None:
    color = replace(SHOWN, color=True)
    for text in (text[:2000] for text in HOSTILE.values()):
        report = REPORTS["terminal"]([with_text(text)], color)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", report)
        assert plain != report
        check_terminal("\n".join(line.rstrip() for line in plain.split("\n")), text)


def without_surrogates(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@pytest.mark.parametrize("suffix", FORMATS)
@texts
def test_flips_are_written_whole(suffix: str, text: str) -> None:
    data = b"".join(FORMATS[suffix]([with_text(text)]))
    if suffix == ".jsonl":
        rows = [json.loads(line) for line in data.decode("ascii").splitlines()]
        expected, nested = text, rows[0]["new_record"]
        assert nested == {"id": text, text: [text, {text: text}]}
    elif suffix == ".csv":
        csv.field_size_limit(10**7)
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))
        expected = csv_text(text)
    else:
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
        expected = without_surrogates(text)
        assert json.loads(rows[0]["new_record"]) == {"id": text, text: [text, {text: text}]}
    # Of JSONL a row without likelihoods of choices has no key for them.
    header = (
        FLIPS_HEADER[: FLIPS_HEADER.index("confidence")] if suffix == ".jsonl" else FLIPS_HEADER
    )
    assert [tuple(row) for row in rows] == [header] * 2
    keys = ("old", "new", "id", "old_prediction", "new_prediction", "input")
    for row in rows:
        assert [row[key] for key in keys] == [expected] * 6


def test_a_file_of_hostile_rows_goes_through_whole(tmp_path: Path) -> None:
    rows = [
        {"id": f"{name} {text}", "prediction": text, "reference": text, "input": text, "f": text}
        for name, text in HOSTILE.items()
    ]
    wrong = [{**row, "prediction": f"{row['prediction']}!"} for row in rows]
    old = write_rows(tmp_path / "o\x1b[31m::error::.jsonl", rows)
    new = write_rows(tmp_path / "<b>|`=new.jsonl", wrong)
    result = compare(old, new, by="f")
    report = json.loads(REPORTS["json"]([result], SHOWN))["results"][0]
    assert [flip["old_prediction"] for flip in report["flips"]] == list(HOSTILE.values())
    assert [flip["id"] for flip in report["flips"]] == [row["id"] for row in rows]
    assert set(report["slices"]["f"]) == set(HOSTILE.values())
    for kind, render in REPORTS.items():
        assert "\x1b" not in render([result], View(show_flips=100)) or kind == "csv"
