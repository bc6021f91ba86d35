"""The documentation as a site: it is built without a warning, and says all that it promises."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

import compatkit
from compatkit.cli import COMMANDS, command_line

pytest.importorskip("sphinx", reason="sphinx is not installed: the group docs has it")
pytest.importorskip("myst_parser", reason="myst-parser is not installed: the group docs has it")

ROOT = Path(__file__).parents[1]


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


def error_messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("error_messages", ROOT / "docs/error_messages.py")
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
    messages = list(error_messages().find_messages())
    assert len(messages) > 300
    assert {message.error for message in messages} >= {"ConfigError", "DataError"}
    page = (site / "docs/errors.html").read_text("utf-8")
    assert "the last line is not JSON" in page or "Write the file again" in page
    assert "&lt;name&gt;: does not fit into memory. Pass --dtype bfloat16" in page
    assert len(re.findall("<li><p>", page)) >= len({message.text for message in messages})


def test_no_page_asks_another_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"', page.read_text("utf-8"))
        assert [source for source in loaded if "//" in source] == [], page.name
