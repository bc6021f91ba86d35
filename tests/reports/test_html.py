import xml.etree.ElementTree as ET

import pytest
from prediction_files import rows_of_model

from compatkit import Comparison, compare, compare_candidates
from compatkit.metrics.definitions import METRICS
from compatkit.reports import View
from compatkit.reports.html import render_html
from compatkit.reports.markdown import render_markdown

OLD, NEW, CANDIDATE = map(rows_of_model, ("old", "new", "candidate"))
WHOLE = View(explain=True, show_flips=3, sweep=True)


def page(results: list[Comparison]) -> ET.Element:
    """Read the page as XML, which forgives nothing."""
    text = render_html(results, WHOLE)
    body = text[text.index("<div") :].replace("<br>", "<br/>").replace(" class=t", ' class="t"')
    return ET.fromstring(body)  # noqa: S314


@pytest.mark.parametrize("models", [(NEW,), (NEW, CANDIDATE, OLD)], ids=["pair", "candidates"])
def test_the_page_is_well_formed(models: tuple[list[dict[str, str]], ...]) -> None:
    results = compare_candidates(OLD, list(models), scorer="token_f1", by="lang", sweep=True)
    root = page(results)
    for table in root.iter("table"):
        columns = {len(row) for row in table.iter("tr")}
        assert len(columns) == 1
        assert {cell.tag for cell in table[0]} == {"th"}
    tags = {node.tag for node in root.iter()}
    assert not tags & {"script", "img", "link", "iframe", "a", "form"}


def test_nothing_is_loaded_and_the_style_stays_inside() -> None:
    text = render_html([compare(OLD, NEW)])
    assert text.startswith('<!DOCTYPE html><meta charset="utf-8"><title>compatkit</title>')
    for word in ("http:", "https:", "url(", "@import", "src=", "href=", "<script", " on"):
        assert word not in text[: text.index("<div")]
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    rules = [each for each in style.split("}") if each]
    assert all(
        part.startswith(".compatkit") for rule in rules for part in rule.split("{")[0].split(",")
    )


def test_flips_show_the_whole_line() -> None:
    rows = [{**NEW[1], "prediction": "<b>Milan</b>\n\x1b[0m"}]
    text = render_html([compare(OLD[1:2], rows)], View(show_flips=1))
    assert r"&lt;b&gt;Milan&lt;/b&gt;\n\x1b[0m" in text


def test_an_explanation_names_its_source() -> None:
    source = METRICS["negative_flip_rate"].source
    results = [compare(OLD, NEW)]
    assert f"<small>[{source}]</small></p>" in render_html(results, WHOLE)
    shown = render_markdown(results, WHOLE)
    assert f"&#91;{source}&#93;" in shown
    assert "&#91;&#93;" not in shown
    assert source not in render_html(results) + render_markdown(results)
