"""The reports of a history: the same numbers in each, and nothing of a model is obeyed."""

import csv
import io
import json

import jsonschema
import pytest
from hostile_texts import HOSTILE, unseen
from report_parsers import tags_of

import compatkit
from compatkit.comparison.history import History
from compatkit.metrics.trajectories import HISTORY_QUANTITIES, VERSION_QUANTITIES
from compatkit.reports import View
from compatkit.reports.history import HISTORY_REPORTS
from compatkit.reports.history_schema import history_schema

ANSWERS = {"R": "yes", "W": "no", ".": None}
STRINGS = ("RRRR", "RRWW", "RWRW", "WRWR", "WWRR", "WWWW", "R.RR", ".WRW")


def traced(strings=STRINGS, **options) -> History:
    versions = {
        f"v{number + 1}": [
            {"id": f"q{row}", "input": f"Question {row}?", "reference": "yes",
             "prediction": ANSWERS[text[number]]}
            for row, text in enumerate(strings)
        ]
        for number in range(len(strings[0]))
    }  # fmt: skip
    return compatkit.history(versions, **{"keep_flips": True, **options})


def test_the_terminal_has_a_line_a_version_in_80_columns() -> None:
    text = HISTORY_REPORTS["terminal"](traced(), View(width=80))
    assert max(map(len, text.splitlines())) <= 80
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "history of 4 versions: v1 to v4"
    assert "v1 50.0% - - 4 - - 4" in lines
    assert "v2 37.5% 2 0 1 2 2 3" in lines
    assert "v3 62.5% 2 1 2 2 2 1" in lines
    assert "v4 50.0% 3 1 0 3 1 1" in lines
    assert "v4 42.9% 15.82 to 74.95 3 / 7 25.0% 7.15 to 59.07 12.5%" in lines
    assert "v2 2 2 1 1" in lines
    assert "q2 RWRW v2" in lines
    assert "no answer, counted as wrong: 1 of v1, 1 of v2" in lines
    assert "1 answer came back after a version without an answer: kept, and no repair" in lines


def test_how_many_examples_are_shown_is_said() -> None:
    text = HISTORY_REPORTS["terminal"](traced(), View(show_flips=2))
    assert "2 of 6 examples that changed, most often first" in text
    assert "q7" not in text
    assert "most often first" not in HISTORY_REPORTS["terminal"](traced(), View(show_flips=0))


def test_what_nobody_knows_is_said_and_counted_nowhere() -> None:
    text = str(traced(("RRR", ".WW", "WWW")))
    assert "whether 1 example was ever right nobody knows" in text
    assert "whether" not in str(traced(("RRR", "WWW")))


def test_nothing_right_before_is_no_zero() -> None:
    text = str(traced(("WWR", "WWW")))
    assert "Nothing can be lost: no example was right before." in text
    assert "No version broke an example that one before it had right." in text


def test_every_quantity_is_explained_where_it_is_asked_for() -> None:
    text = HISTORY_REPORTS["markdown"](traced(), View(explain=True))
    for quantity in {**VERSION_QUANTITIES, **HISTORY_QUANTITIES}.values():
        assert quantity.label in text
    assert "Toneva" in text


def test_json_holds_every_number_and_string() -> None:
    history = traced()
    report = json.loads(HISTORY_REPORTS["json"](history, None))
    jsonschema.validate(report, history_schema())
    assert report["tasks"] == []
    of = report["history"]
    assert dict(zip(of["ids"], of["right"], strict=True))["q6"] == "RWRR"
    assert of["patterns"] == {"RWRR": 1, **of["patterns"]}
    assert sum(of["patterns"].values()) == of["total"] == 8
    assert of["events"] == {"forgetting": 6, "learning": 5}
    assert of["metrics"]["ever_right_now_wrong"]["numerator"] == 3
    assert of["versions"][0]["metrics"]["ever_right_now_wrong"] == {
        "value": None,
        "reason": "no version came before",
    }


def test_csv_has_a_row_per_version_and_quantity() -> None:
    rows = list(csv.DictReader(io.StringIO(HISTORY_REPORTS["csv"](traced(), None))))
    by_key = {(row["version"], row["quantity"]): row for row in rows}
    assert len(by_key) == len(rows) == 4 * (12 + len(VERSION_QUANTITIES)) + len(HISTORY_QUANTITIES)
    assert by_key["v3", "repaired"]["value"] == "1"
    assert by_key["v4", "ever_right_now_wrong"]["denominator"] == "7"
    assert by_key["", "never_right_rate"]["numerator"] == "1"
    assert by_key["v1", "negative_flip_rate"]["reason"] == "no version came before"


def test_the_page_holds_each_example_with_the_answers_of_all_versions() -> None:
    html = HISTORY_REPORTS["html"](traced(), None)
    articles = [dict(attributes) for tag, attributes in tags_of(html) if tag == "article"]
    assert [article["id"] for article in articles] == [
        f"flip/q{number}" for number in (2, 3, 7, 6, 1, 4)
    ]
    options = [dict(attributes)["value"] for tag, attributes in tags_of(html) if tag == "option"]
    held = {token for article in articles for token in article["data-has"].split()}
    # Every filter but those of nothing keeps an example; no example has a filter that is not there.
    assert held - {"t0"} <= set(options)
    assert "Kept, repaired and broken answers by version" in html
    assert "(no answer)" in html


def test_the_page_says_where_its_list_ends() -> None:
    html = HISTORY_REPORTS["html"](traced(), View(show_flips=2))
    assert "2 of 6 examples that changed are shown, as was asked for" in html
    unkept = HISTORY_REPORTS["html"](traced(keep_flips=False), None)
    assert "0 of 6 examples that changed are shown, since the answers were not kept" in unkept


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_text_in_every_report(text: str) -> None:
    rows = [
        [{"id": f"{text} {n}", "input": text, "reference": "yes", "prediction": answer}
         for n, answer in enumerate(answers)]
        for answers in (["yes", "yes"], [text, "yes"], ["yes", text])
    ]  # fmt: skip
    history = compatkit.history(dict(zip([text or "v", "b", "c"], rows, strict=True)),
                                keep_flips=True)  # fmt: skip
    plain = traced(("RWR", "RRW"))
    for kind, render in HISTORY_REPORTS.items():
        shown = render(history, None)
        if kind in {"terminal", "markdown", "json"}:
            assert not unseen(shown.replace("\n", "")), kind
            assert "\n::" not in shown
    html = HISTORY_REPORTS["html"](history, None)
    tags = [tag for tag, _ in tags_of(html)]
    expected = {tag for tag, _ in tags_of(HISTORY_REPORTS["html"](plain, None))}
    assert set(tags) <= expected | {"em", "details", "summary"}
    assert tags.count("script") == 1


def test_a_notebook_shows_a_fragment() -> None:
    html = traced()._repr_html_()
    tags = [tag for tag, _ in tags_of(html)]
    assert "table" in tags
    assert not {"html", "body", "script", "img", "link", "iframe"} & set(tags)
