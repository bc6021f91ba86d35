"""Command: what all commands are: options in groups, examples, and help with a misspelt name."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from compatkit.spelling import suggest

# A heading, and below it options with what they mean.
Section = tuple[str, list[tuple[str, str]]]
FIRST, REST = "Most used", "Options"


class Command(click.Command):
    """A command whose help shows its options in groups, the most used first."""

    def __init__(
        self,
        *args: Any,
        first: Sequence[str] = (),
        examples: Sequence[str] = (),
        **attributes: Any,
    ) -> None:
        """Make the command.

        Args:
            args: as of `click.Command`.
            first: the parameters that matter first, by name.
            examples: lines of a shell, as the end of the help shows them.
            attributes: as of `click.Command`.
        """
        super().__init__(*args, **{"epilog": list_examples(examples), **attributes})
        self.first = first

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an unknown option is refused with the nearest."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _unknown_option(self, error, ctx) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in their groups."""
        write_sections(option_sections(self, ctx), formatter)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(
        self, *args: Any, examples: Sequence[str] = (), epilog: str | None = None, **attributes: Any
    ) -> None:
        """Make the group; its arguments are those of `Command`, and of `click.Group`."""
        ends = [end for end in (list_examples(examples), epilog) if end]
        super().__init__(*args, epilog="\n\n".join(ends) or None, **attributes)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an unknown option is refused with the nearest."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _unknown_option(self, error, ctx) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the nearest."""
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"no command {args[0]!r}; {suggest(args[0], names)}", ctx)
        return super().resolve_command(ctx, args)


def _unknown_option(
    command: click.Command, error: click.NoSuchOption, context: click.Context
) -> click.UsageError:
    flags = [name for option in command.get_params(context) for name in option.opts]
    hint = suggest(error.option_name, flags, f"'{context.command_path} --help' lists them all.")
    return click.UsageError(f"no option {error.option_name!r}; {hint}", context)


def list_examples(examples: Sequence[str]) -> str | None:
    """Return the end of a help page, with a line for each example."""
    title = "Example" if len(examples) == 1 else "Examples"
    return "\n  ".join([f"\b\n{title}:", *examples]) if examples else None


def option_sections(command: click.Command, context: click.Context) -> list[Section]:
    """Return the options of a command by their groups, those that matter first before all."""
    first: Sequence[str] = getattr(command, "first", ())
    sections: dict[str, list[tuple[str, str]]] = {FIRST if first else REST: []}
    top = next(iter(sections))
    options = {
        str(option.name): option
        for option in command.get_params(context)
        if not isinstance(option, click.Argument)
    }
    for name in dict.fromkeys([*first, *options]):
        record = options[name].get_help_record(context)
        if record is not None:
            title = top if name in first else getattr(options[name], "group", "") or top
            sections.setdefault(title, []).append(record)
    return [(title, records) for title, records in sections.items() if records]


def write_sections(sections: Iterable[Section], formatter: click.HelpFormatter) -> None:
    """Write the options of a help page."""
    for title, records in sections:
        with formatter.section(title):
            formatter.write_dl([(names, text) for names, text in records])
