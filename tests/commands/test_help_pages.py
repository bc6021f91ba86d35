import click
import pytest
from click.testing import CliRunner

from compatkit.cli import COMMANDS, command_line
from compatkit.commands.help_pages import HelpPage, describe_pages, find_page

NAMES = ["-h", "--help"]


def context_of(command: click.Command, parent: click.Context | None, name: str) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, help_option_names=NAMES)


ROOT = context_of(command_line, None, "compatkit")
PAGES = dict(describe_pages(command_line, ROOT))


def real_help(name: str, width: int) -> str:
    """Return the help of the command itself, imported."""
    command, context = command_line, ROOT
    for word in name.split():
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        command, context = found, context_of(found, context, word)
    context.terminal_width = width
    return command.get_help(context)


def test_every_command_has_a_page() -> None:
    assert set(COMMANDS) <= set(PAGES)
    assert {"muscle train", "muscle evaluate"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [40, 78, 100])
def test_a_page_shows_what_the_command_itself_would(name: str, width: int) -> None:
    shown = find_page([*name.split(), "--help"])
    assert shown is not None
    title, page = shown
    context = context_of(page, ROOT, title)
    context.terminal_width = width
    assert page.get_help(context) == real_help(name, width)


@pytest.mark.parametrize("name", ["score", "muscle", "muscle train"])
def test_the_command_line_shows_the_page(name: str) -> None:
    for flag in NAMES:
        result = CliRunner().invoke(command_line, [*name.split(), flag], prog_name="compatkit")
        assert (result.exit_code, result.output) == (0, real_help(name, 80) + "\n")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["score"],
        ["score", "a.jsonl", "--help"],
        ["score", "--id-field", "--help"],
        ["nothing", "--help"],
        ["score", "help"],
    ],
)
def test_all_else_is_left_to_the_command(words: list[str]) -> None:
    assert find_page(words) is None


def test_a_page_of_a_group_lists_its_commands() -> None:
    page = {
        "help": "Text.",
        "usage": ["COMMAND"],
        "sections": [["Options", [["-x", "X."]]]],
        "commands": {"a": "One."},
    }
    shown = HelpPage("g", {**page, "epilog": None})
    text = shown.get_help(context_of(shown, ROOT, "g"))
    assert text.startswith("Usage: compatkit g COMMAND\n")
    assert text.endswith("Commands:\n  a  One.")
