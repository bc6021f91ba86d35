"""The documentation is part of the work: examples run, pages are complete and up to date."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from compatkit.cli import COMMANDS, command_line
from compatkit.metrics.definitions import METRICS
from compatkit.predictions.fields import ALIASES
from compatkit.readers import READERS
from compatkit.reports import SUFFIXES
from compatkit.reports.pictures import IMAGES, PICTURES

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def console_examples() -> list[tuple[str, str, str]]:
    """Return page, command and expected output of each `$ command` in a console block."""
    examples = []
    for page in PAGES:
        for block in CONSOLE.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                examples.append((page.name, command, output))
    return examples


def as_pattern(expected: str) -> str:
    """Make a pattern of shown output in which `...` stands for anything."""
    return ".*".join(map(re.escape, expected.split("...")))


@pytest.mark.parametrize(("page", "command", "expected"), console_examples())
def test_what_a_page_shows_is_what_the_command_prints(
    page: str, command: str, expected: str
) -> None:
    words = shlex.split(command)
    assert words[0] == "compatkit", f"{page}: only compatkit's own output can be checked"
    result = subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        check=True,
        cwd=ROOT,
        encoding="utf-8",
    )
    assert result.stderr == ""
    assert re.fullmatch(as_pattern(expected), result.stdout, re.DOTALL), result.stdout


def test_there_are_console_examples() -> None:
    assert len(console_examples()) >= 3


def reference_pages() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location(
        "write_reference", ROOT / "docs/write_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize(
    ("path", "text"), reference_pages().items(), ids=lambda value: getattr(value, "name", "")
)
def test_the_written_pages_are_what_the_source_says(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run `make docs`"


def test_every_command_and_option_has_a_help_text() -> None:
    context = click.Context(command_line)
    for name in COMMANDS:
        command = command_line.get_command(context, name)
        assert command is not None
        assert command.help
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str) -> None:
    assert f"### `{name}`\n" in (ROOT / "docs/metrics.md").read_text(encoding="utf-8")


def test_every_reader_role_alias_and_report_is_documented() -> None:
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    for name in [
        *READERS,
        *SUFFIXES,
        *IMAGES,
        *ALIASES["id"],
        *ALIASES["prediction"],
        *ALIASES["references"],
    ]:
        assert f"`{name}`" in page or f"FILE{name}`" in page, name


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    shown = (ROOT / "docs/quickstart.md").read_text(encoding="utf-8")
    assert f"`{name}.svg`" in shown or f"-o {name}.svg" in shown


def test_every_link_leads_to_a_file() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
