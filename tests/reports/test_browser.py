"""The page in a real browser: what its script does, and that nothing leaves it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hostile_texts import HOSTILE
from verdicts import VERDICTS

from compatkit import compare, history
from compatkit.reports import REPORTS
from compatkit.reports.history import HISTORY_REPORTS
from compatkit.reports.verdicts import VERDICT_REPORTS

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no chromium: apt install chromium", allow_module_level=True)

NUMBER = 30
CITIES = ("Paris", "Rome", "Oslo")


def rows(answers: list[str]) -> list[dict[str, str]]:
    return [
        {
            "id": f"q{number}",
            "input": f"Question number {number}?",
            "reference": "yes it is",
            "prediction": answer,
            "city": CITIES[number % 3],
        }
        for number, answer in enumerate(answers)
    ]


def report() -> str:
    """Return the page of an update that broke 10 answers and repaired 5."""
    old = ["yes it is" if number < 20 else "no" for number in range(NUMBER)]
    new = ["yes it is" if number >= 25 or 10 <= number < 20 else "not" for number in range(NUMBER)]
    return REPORTS["html"]([compare(rows(old), rows(new), by="city")], None)


# Of each example right and wrong over four versions.
STRINGS = {"a": "RRRR", "b": "RRWW", "c": "RWRW", "d": "WRWR", "e": "WWRR", "f": "WWWW"}


def history_report() -> str:
    """Return the page of four versions, over which four examples changed."""
    versions = {
        f"v{number + 1}": [
            {
                "id": name,
                "input": f"Question {name}?",
                "reference": "yes",
                "prediction": "yes" if string[number] == "R" else f"no {number}",
            }
            for name, string in STRINGS.items()
        ]
        for number in range(4)
    }
    return HISTORY_REPORTS["html"](history(versions, keep_flips=True), None)


@dataclass
class Opened:
    """A page in a browser, with what it asked for and complained about."""

    page: Any
    requests: list[str]
    complaints: list[str]

    def shown(self) -> list[str]:
        return self.page.eval_on_selector_all(
            "article:not([hidden])", "all => all.map(one => one.id)"
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as runner:
        launched = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


def open_page(browser: Any, folder: Path, text: str, *, anchor: str = "", **context: Any) -> Opened:
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    page = browser.new_context(**context).new_page()
    opened = Opened(page, [], [])
    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("console", lambda message: opened.complaints.append(message.text))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
    page.goto(f"{path.as_uri()}{anchor}")
    return opened


def test_the_list_is_searched_filtered_and_sorted(browser: Any, tmp_path: Path) -> None:
    opened = open_page(browser, tmp_path, report())
    page = opened.page
    assert opened.shown() == [f"flip/q{n}" for n in (2, 5, 8, 0, 3, 6, 9, 1, 4, 7)]
    page.keyboard.press("/")
    page.keyboard.type("NUMBER 3?")
    assert opened.shown() == ["flip/q3"]
    page.keyboard.press("Escape")
    assert len(opened.shown()) == 10
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert len(opened.shown()) == 15
    assert page.inner_text("#count") == "15 of 15"
    page.click("th button >> text=Rome")
    assert sorted(opened.shown()) == sorted(f"flip/q{n}" for n in (1, 4, 7, 25, 28))
    assert page.get_attribute("th button >> text=Rome", "aria-pressed") == "true"
    page.select_option("#filters select >> nth=0", "positive")
    assert opened.shown() == ["flip/q25", "flip/q28"]
    page.click("button[type=reset]")
    page.select_option("#order", "id")
    assert opened.shown() == [f"flip/q{n}" for n in (*range(10), *range(25, 30))]
    assert (opened.complaints, len(opened.requests)) == ([], 1)


def test_keys_move_through_the_flips(browser: Any, tmp_path: Path) -> None:
    opened = open_page(browser, tmp_path, report())
    page = opened.page
    focused = "document.activeElement.id"
    page.evaluate("document.getElementById('flips').scrollIntoView()")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "flip/q2"
    page.keyboard.press("j")
    assert page.evaluate(focused) == "flip/q5"
    page.keyboard.press("k")
    assert page.evaluate(focused) == "flip/q2"
    page.keyboard.press("?")
    assert page.is_visible("dialog")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog")
    assert opened.complaints == []


def test_the_examples_of_a_history_are_searched_and_filtered(browser: Any, tmp_path: Path) -> None:
    opened = open_page(browser, tmp_path, history_report())
    page = opened.page
    page.click("button[type=reset]")
    assert sorted(opened.shown()) == [f"flip/{name}" for name in "bcde"]
    page.keyboard.press("/")
    page.keyboard.type("QUESTION C?")
    assert opened.shown() == ["flip/c"]
    page.click("button[type=reset]")
    for label, version, ids in (
        ("first broken by", "v2", "c"),
        ("first broken by", "v3", "bd"),
        ("wrong in", "v1", "de"),
        ("wrong in", "v4", "bc"),
    ):
        # The first filter, by what the last version makes of it, says "wrong in the last", too.
        filters = page.locator(f"#filters label:has-text('{label}') select")
        filters.last.select_option(label=version)
        assert sorted(opened.shown()) == [f"flip/{name}" for name in ids], (label, version)
        page.click("button[type=reset]")
    assert (opened.complaints, len(opened.requests)) == ([], 1)


def test_a_history_is_readable_without_the_script_and_on_a_phone(
    browser: Any, tmp_path: Path
) -> None:
    text = history_report()
    still = open_page(browser, tmp_path, text, java_script_enabled=False)
    assert still.page.locator("article:visible").count() == 4
    phone = open_page(browser, tmp_path, text, viewport={"width": 390, "height": 800})
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    linked = open_page(browser, tmp_path, text, anchor="#flip/e")
    assert linked.page.evaluate("document.activeElement.id") == "flip/e"


def test_every_hostile_text_of_a_history_is_inert(browser: Any, tmp_path: Path) -> None:
    versions = {
        f"v{text[:9]}{number}": [
            {
                "id": f"{name} {text}",
                "input": text,
                "reference": text,
                "prediction": text + "!" * number,
            }
            for name, text in HOSTILE.items()
        ]
        for number, text in enumerate([*HOSTILE.values()][:3])
    }
    text = HISTORY_REPORTS["html"](history(versions, keep_flips=True), None)
    opened = open_page(browser, tmp_path, text, viewport={"width": 390, "height": 800})
    page = opened.page
    assert page.locator("article script, article img, article a[href^=http]").count() == 0
    assert page.locator("article").count() == len(HOSTILE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert (opened.complaints, len(opened.requests)) == ([], 1)


def test_a_link_leads_to_a_flip_that_a_filter_would_hide(browser: Any, tmp_path: Path) -> None:
    opened = open_page(browser, tmp_path, report(), anchor="#flip/q25")
    assert opened.page.evaluate("document.activeElement.id") == "flip/q25"
    assert opened.page.is_visible("[id='flip/q25']")


def test_all_is_readable_without_the_script(browser: Any, tmp_path: Path) -> None:
    opened = open_page(browser, tmp_path, report(), java_script_enabled=False)
    assert opened.page.locator("article:visible").count() == 15
    assert not opened.page.is_visible("#filters")


@pytest.mark.parametrize("case", ["pair", *VERDICTS])
def test_a_phone_needs_no_scrolling_sideways(browser: Any, tmp_path: Path, case: str) -> None:
    text = report() if case == "pair" else VERDICT_REPORTS["html"](VERDICTS[case](), None)
    opened = open_page(browser, tmp_path, text, viewport={"width": 390, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
    assert (opened.complaints, len(opened.requests)) == ([], 1)


@pytest.mark.parametrize("case", VERDICTS)
def test_the_budgets_are_whole_on_every_screen(browser: Any, tmp_path: Path, case: str) -> None:
    text = VERDICT_REPORTS["html"](VERDICTS[case](), None)
    page = open_page(browser, tmp_path, text).page
    for width in (1440, 1280, 1024, 768, 600):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        if width >= 1280:
            cut = "table => table.scrollWidth > table.parentElement.clientWidth"
            assert not any(table.evaluate(cut) for table in page.locator(".budgets").all())


def test_every_hostile_text_is_inert(browser: Any, tmp_path: Path) -> None:
    wrong = [
        {"id": f"{name} {text}", "prediction": f"{text}!", "reference": text, "input": text}
        for name, text in HOSTILE.items()
    ]
    right = [{**row, "prediction": row["reference"]} for row in wrong]
    text = REPORTS["html"]([compare(right, wrong, by="input")], None)
    opened = open_page(browser, tmp_path, text, viewport={"width": 390, "height": 800})
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("alert")
    assert page.locator("article script, article img, article a[href^=http]").count() == 0
    assert page.locator("article").count() == len(HOSTILE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert (opened.complaints, len(opened.requests)) == ([], 1)


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the script of axe-core, as npm has it."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm, which brings axe-core")
    command = [npm, "install", "--silent", "--no-save", "--ignore-scripts", "axe-core@4"]
    if subprocess.run(
        command, cwd=folder, capture_output=True, timeout=120, check=False
    ).returncode:
        pytest.skip("npm cannot bring axe-core")
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("case", ["pair", "history", "tasks", "guarded"])
def test_everybody_can_read_it(
    browser: Any, tmp_path: Path, axe: str, case: str, theme: str
) -> None:
    own = {"pair": report, "history": history_report}
    text = own[case]() if case in own else VERDICT_REPORTS["html"](VERDICTS[case](), None)
    opened = open_page(browser, tmp_path, text, color_scheme=theme)
    # Evaluated from outside, which the page's own policy says nothing about.
    opened.page.evaluate(axe)
    outcome = opened.page.evaluate("axe.run()")
    violations = [
        (one["id"], [node["html"] for node in one["nodes"]]) for one in outcome["violations"]
    ]
    assert not violations, json.dumps(violations, indent=1)


def test_a_long_name_is_broken_where_one_of_its_words_ends(browser: Any, tmp_path: Path) -> None:
    sides = [
        [{**row, "city": f"mmlu_pro_physics_{row['city']}"} for row in rows([answer] * NUMBER)]
        for answer in ("yes it is", "no")
    ]
    text = REPORTS["html"]([compare(*sides, by="city")], None)
    opened = open_page(browser, tmp_path, text, viewport={"width": 390, "height": 800})
    button = opened.page.locator("th[data-token] button", has_text="Oslo").first
    lines = button.evaluate(
        """button => [...button.childNodes].filter(node => node.nodeType === 3).map(node => {
             const range = document.createRange(); range.selectNodeContents(node);
             return [node.textContent, range.getClientRects().length];
           })"""
    )
    assert lines == [["mmlu_", 1], ["pro_", 1], ["physics_", 1], ["Oslo", 1]]
