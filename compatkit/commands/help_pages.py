"""Help pages: what `--help` shows of each command, without importing the command.

The options of a command are declared across the package, in the signatures of scorers among others.
What they say is written beside this file by `make docs`; a test holds that both agree.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import click

from compatkit.commands.command import option_sections, write_sections

# No Path, whose module takes longer to load than a page to show.
PATH = os.path.join(os.path.dirname(__file__), "help_pages.json")  # noqa: PTH118, PTH120


class HelpPage(click.Group):
    """A command that can show its help, and nothing else.

    Args:
        name: of the command.
        page: as `describe_page` makes it.
    """

    def __init__(self, name: str, page: Mapping[str, Any]) -> None:
        """Take the parts of the page."""
        commands = [click.Command(inner, help=text) for inner, text in page["commands"].items()]
        super().__init__(name, help=page["help"], epilog=page["epilog"], commands=commands)
        self.page = page

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return what follows the name in the line of usage."""
        return list(self.page["usage"])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and the commands of a group."""
        write_sections(self.page["sections"], formatter)
        self.format_commands(ctx, formatter)


def find_page(words: list[str]) -> tuple[str, HelpPage] | None:
    """Return a command's name and page where its help alone is asked for; None for all else.

    Args:
        words: of the command line, such as `["muscle", "train", "--help"]`.
    """
    names = words[:-1]
    if words[-1:] not in (["-h"], ["--help"]) or not names or not all(map(str.isalnum, names)):
        return None
    name = " ".join(names)
    with open(PATH, encoding="utf-8") as pages:  # noqa: PTH123
        page = json.load(pages).get(name)
    return None if page is None else (name, HelpPage(name, page))


def describe_pages(group: click.Group, context: click.Context) -> Iterator[tuple[str, Any]]:
    """Yield the page of each command of a group, and of those below, by the words of its name."""
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        if command is None:
            continue
        inner = click.Context(
            command, parent=context, help_option_names=context.help_option_names, info_name=name
        )
        yield name, describe_page(command, inner)
        if isinstance(command, click.Group):
            pages = describe_pages(command, inner)
            yield from ((f"{name} {below}", page) for below, page in pages)


def _clean(command: click.Command) -> str | None:
    """Return a command's help as every Python has it; 3.13 strips indents."""
    import inspect  # noqa: PLC0415  (where pages are written)

    return None if command.help is None else inspect.cleandoc(command.help)


def describe_page(command: click.Command, context: click.Context) -> dict[str, Any]:
    """Return what a command's help page holds, as JSON knows it."""
    commands = command.commands if isinstance(command, click.Group) else {}
    return {
        "help": _clean(command),
        "usage": command.collect_usage_pieces(context),
        "sections": option_sections(command, context),
        "commands": {name: _clean(inner) for name, inner in commands.items()},
        "epilog": command.epilog,
    }
