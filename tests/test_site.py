"""The documentation as a site: it is built without a warning, and says all that it promises."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import click
import pytest

import compatkit
from compatkit.cli import COMMANDS, command_line

pytest.importorskip("sphinx", reason="sphinx is not installed: the group docs has it")
pytest.importorskip("myst_parser", reason="myst-parser is not installed: the group docs has it")

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HEADS: dict[str, list[str]] = json.loads((ROOT / "docs/images/heads.json").read_text("utf-8"))
# Whatever lies beyond the right edge of the screen, and in nothing that scrolls by itself; and
# each picture that is shown and is not there.
BEYOND = """() => {
  const scrolls = element => element && element !== document.body
    && (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const width = document.documentElement.clientWidth;
  const cut = [...document.querySelectorAll("article *")].filter(element =>
    element.getBoundingClientRect().right > width + 1 && !scrolls(element));
  const missing = [...document.images].filter(image => {
    image.loading = "eager";
    return image.getClientRects().length && image.complete && !image.naturalWidth;
  });
  const wide = document.documentElement.scrollWidth > width ? [document.documentElement] : [];
  return [...wide, ...cut, ...missing].map(element => element.outerHTML.slice(0, 80));
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make site` does: a warning, as of a dead link or anchor, is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs"]
    built = subprocess.run(
        [*command, "-b", "html", ".", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def script(name: str) -> ModuleType:
    """Return a script of docs/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # as an import does, which dataclasses ask for
    spec.loader.exec_module(module)
    return module


def test_every_page_is_built_and_can_be_found(site: Path) -> None:
    pages = [path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 30
    assert [page for page in pages if not (site / page).is_file()] == []
    index = (site / "searchindex.js").read_text("utf-8")
    assert all(f'"{page.with_suffix("")}"' in index for page in pages)


def test_a_folder_opens_at_its_first_page(site: Path) -> None:
    assert "docs/index.html" in (site / "index.html").read_text("utf-8")


def test_every_public_name_has_its_description(site: Path) -> None:
    page = (site / "docs/api.html").read_text("utf-8")
    names = {name for name in compatkit.__all__ if name != "__version__"}
    assert {name for name in names if f'id="compatkit.{name}"' not in page} == set()


def test_every_option_of_every_command_has_its_description(site: Path) -> None:
    page = (site / "docs/cli.html").read_text("utf-8")
    context = click.Context(command_line)
    commands = [command_line.get_command(context, name) for name in COMMANDS]
    options = [
        (command.name, parameter.opts[0])
        for command in commands
        if command is not None
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
    ]
    assert len(options) > 100
    missing = [
        (name, flag)
        for name, flag in options
        if f'id="cmdoption-compatkit-{name}-{re.sub("^-+", "", flag)}"' not in page
        and f">{flag}<" not in page
    ]
    assert missing == []


def test_messages_of_errors_stand_there_as_the_source_has_them(site: Path) -> None:
    messages = list(script("error_messages").find_messages())
    assert len(messages) > 300
    assert {message.error for message in messages} >= {"ConfigError", "DataError"}
    page = (site / "docs/errors.html").read_text("utf-8")
    assert "the last line is not JSON" in page or "Write the file again" in page
    cause, remedy = "&lt;name&gt;: does not fit into memory.", "Pass --dtype bfloat16"
    assert re.search(rf"{cause}</p>\s*<p><em>{remedy}", page)
    assert len(re.findall("<li><p>", page)) >= len({message.text for message in messages})


def test_no_page_asks_another_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"', page.read_text("utf-8"))
        assert [source for source in loaded if "//" in source] == [], page.name


def test_every_link_anchor_and_picture_is_there(site: Path) -> None:
    pages = {path.resolve(): path.read_text("utf-8") for path in site.rglob("*.html")}
    anchors = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    lost = []
    for page, text in pages.items():
        for link in re.findall(r'(?:href|src|srcset)="([^"]*)"', text):
            if re.match(r"[a-z]+:|//", link):
                continue
            path, _, anchor = unquote(link.replace("&amp;", "&")).partition("#")
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            if not target.exists() or (anchor and anchor not in anchors.get(target, {anchor})):
                lost.append((page.name, link))
    assert lost == []


def test_a_phone_scrolls_no_page_sideways_and_shows_every_picture(site: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium: apt install chromium")
    cut = {}
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        for path in sorted(site.rglob("*.html")):
            if path != site / "index.html":  # which leads on
                page.goto(path.as_uri())
                cut[str(path.relative_to(site))] = page.evaluate(BEYOND)
    assert {name: beyond for name, beyond in cut.items() if beyond} == {}
    assert len(cut) > 80


def test_a_picture_of_a_page_has_its_theme_and_width_on_the_site(site: Path) -> None:
    for name, pictures in (("index", 1), ("reports", 7)):
        text = (site / f"docs/{name}.html").read_text("utf-8")
        classes = re.findall(r'<img[^>]* class="([^"]*)"', text)
        for theme in ("light", "dark"):
            assert len([these for these in classes if f"only-{theme}" in these]) >= pictures
        assert "<picture" not in text
        assert any("narrow" in these for these in classes)


@pytest.mark.parametrize("name", HEADS)
def test_a_picture_says_what_its_report_says(name: str, tmp_path: Path) -> None:
    pytest.importorskip("PIL", reason="pillow is not installed")
    pytest.importorskip("playwright", reason="playwright is not installed")
    reports = script("draw_reports")
    if not reports.DATA.is_dir():
        pytest.skip("../shared/data is not here")
    assert set(HEADS) == set(reports.PAGES)
    page = reports.write_page(name, tmp_path)
    assert reports.read_head(page) == HEADS[name], f"run `python docs/draw_reports.py {name}`"
    for width in (1280, 390):
        for theme in ("light", "dark"):
            assert (ROOT / f"docs/images/{name}-{width}-{theme}.png").is_file()
