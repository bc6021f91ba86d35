"""Flags: options of the command line, made of what is declared of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compatkit.errors import ConfigError
from compatkit.option import Option
from compatkit.spelling import ask_near
from compatkit.urls import is_url, show_url

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., Any])


class NamedPath(click.Path):
    """A path of this machine: an address is refused.

    So is an empty one, as an unset variable of a shell leaves.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or fail."""
        if value == "":
            self.fail("the path is empty; the name of a file was expected.", param, ctx)
        if is_url(str(value)):
            what = "is an address; a path of this machine was expected."
            self.fail(f"{show_url(str(value))} {what}", param, ctx)
        return super().convert(value, param, ctx)


class Predictions(NamedPath):
    """A path, or an address, of what is read."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path or the address, or fail."""
        if is_url(str(value)):
            from compatkit.readers.address import find_address  # noqa: PLC0415  (start-up time)

            value = find_address(value)
        return value if not isinstance(value, str) else super().convert(value, param, ctx)


class Report(NamedPath):
    """A file to be written, whose suffix names its format; a shell completes the suffix."""

    def __init__(self, suffixes: Sequence[str]) -> None:
        """Keep the suffixes that there are."""
        super().__init__()
        self.suffixes = suffixes

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list["CompletionItem"]:
        """Return the suffixes that fit, and what makes the shell list its files."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  (start-up time)

        stem, dot, end = incomplete.rpartition(".")
        stem, end = (stem, dot + end) if dot and "/" not in end else (incomplete, ".")
        fitting = [stem + suffix for suffix in self.suffixes if stem and suffix.startswith(end)]
        files = super().shell_complete(ctx, param, incomplete)
        return [*map(CompletionItem, fitting), *files]


class Choice(click.Choice):  # type: ignore[type-arg]
    """One of several values; another is refused with the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value, or fail."""
        names = list(map(str, self.choices))
        if str(value) not in names:
            near = ask_near(str(value), names)
            self.fail(f"{value!r}; one of {', '.join(names)} was expected.{near}", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.ParamType):  # type: ignore[type-arg]
    """A number within the range of an option; the help text shows the range."""

    def __init__(self, option: Option) -> None:
        """Keep what was declared."""
        self.option = option
        self.name = "integer" if option.kind is int else "float"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail."""
        number = (click.INT if self.option.kind is int else click.FLOAT).convert(value, param, ctx)
        self.option.check(number, self.option.name if param is None else param.opts[0])
        return number


class Limit(click.ParamType):  # type: ignore[type-arg]
    """A number, or a percentage, which is read where the budget is known."""

    name = "float"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number or the text of a percentage, or fail."""
        if isinstance(value, str) and value.rstrip().endswith("%"):
            return value
        return click.FLOAT.convert(value, param, ctx)


class Share(click.ParamType):  # type: ignore[type-arg]
    """A share, as a number or as a percentage."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail."""
        from compatkit.gate.limits import read_percentage  # noqa: PLC0415  (start-up time)

        share = read_percentage(value)
        try:
            return float(value) if share is None else share
        except ValueError:
            self.fail(
                f"{value!r} is no share; a number such as 0.02, or a percentage such as '2%', was "
                "expected.",
                param,
                ctx,
            )


class Pair(click.ParamType):  # type: ignore[type-arg]
    """Two texts with a sign of equality between them."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return both texts, or fail."""
        first, sign, second = str(value).partition("=")
        if not (first.strip() and sign and second.strip()):
            metavar = "a pair" if param is None else param.metavar
            self.fail(f"{value!r} is no pair; {metavar} was expected.", param, ctx)
        return first.strip(), second


def gather_pairs(
    context: click.Context, parameter: click.Parameter, pairs: tuple[tuple[str, str], ...]
) -> dict[str, str]:
    """Return pairs as a table; one name twice is refused: the callback of such an option."""
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        flag = max(parameter.opts, key=len)
        raise click.UsageError(f"{flag} says {twice!r} twice. Leave one out.", context)
    return dict(pairs)


def _gather_tables(
    context: click.Context, parameter: click.Parameter, pairs: tuple[tuple[str, str], ...]
) -> list[dict[str, str]]:
    """Return pairs as tables: one, or one for each time that the names are said.

    A name that is said once holds in all of them.
    """
    values_of: dict[str, list[str]] = {}
    for name, value in pairs:
        values_of.setdefault(name, []).append(value)
    counts = sorted({len(values) for values in values_of.values()} - {1})
    if len(counts) > 1:
        flag = max(parameter.opts, key=len)
        raise click.UsageError(
            f"{flag} says one name {counts[0]} times and another {counts[1]} times: once for all "
            "new models, or once for each, was expected.",
            context,
        )
    return [
        {name: values[place if len(values) > 1 else 0] for name, values in values_of.items()}
        for place in range(max(counts, default=1) if values_of else 0)
    ]


class Flag(click.Option):
    """An option of the command line that is said once, unless it is repeatable.

    Of two values click takes the last in silence, so that `--max-nfr 0.001 --max-nfr 0.9` would
    hold an update against the second.
    """

    def __init__(
        self, *args: Any, group: str = "", needs: str = "", why: str = "", **attributes: Any
    ) -> None:
        """Make the option.

        Args:
            args: as of `click.Option`.
            group: the heading that it stands under in the help of a command.
            needs: the parameter without which this option does nothing.
            why: why it does nothing, and what to do.
            attributes: as of `click.Option`.
        """
        super().__init__(*args, **attributes)
        self.group = group
        self.needs = needs
        self.why = why

    @property
    def is_single(self) -> bool:
        """Whether it has one value."""
        return not (self.multiple or self.count or self.is_flag)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser keep every value that is said, not the last alone."""
        if self.is_single:
            parser.add_option(
                obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs
            )
        else:
            super().add_to_parser(parser, ctx)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> Any:
        """Return the one value, with where it comes from; two are refused."""
        values = opts.get(str(self.name))
        if self.is_single and isinstance(values, list):
            if len(values) > 1:
                first, second = (
                    " ".join(value) if isinstance(value, tuple) else value for value in values[:2]
                )
                named = max(self.opts, key=len)
                raise click.UsageError(
                    f"{named} is said twice, {first!r} and {second!r}. Leave one out.", ctx
                )
            opts = {**opts, str(self.name): values[0]}
        return super().consume_value(ctx, opts)

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> Any:
        """Process the value, and refuse one that nothing would come of."""
        result = super().handle_parse_result(ctx, opts, args)
        if self.needs and str(self.name) in opts and not opts.get(self.needs):
            raise ConfigError(f"{max(self.opts, key=len)}: {self.why}")
        return result


def flag(*declarations: str, **attributes: Any) -> Callable[[Command], Command]:
    """Add an option to a command; as `click.option`, but said once."""
    return click.option(*declarations, cls=Flag, **attributes)


def make_flag(option: Option, **changes: Any) -> Callable[[Command], Command]:
    """Return a decorator that adds the flag of a declared option.

    Args:
        option: what was declared.
        changes: further attributes of `click.option`.
    """
    attributes: dict[str, Any] = {"help": _help(option), "metavar": option.metavar}
    if option.kind is bool:
        # One that nobody says stays unsaid, where no default was declared.
        attributes |= {"is_flag": True, "default": option.default}
    elif option.kind is dict:
        gather = _gather_tables if option.several else gather_pairs
        attributes |= {"multiple": True, "type": Pair(), "callback": gather}
    elif option.several or option.per_side:
        attributes["multiple"] = True
    elif option.default is not None:
        attributes |= {"default": option.default, "show_default": True}
    if option.kind in {int, float}:
        attributes["type"] = Number(option)
    elif option.choices:
        attributes["type"] = Choice(option.choices)
    elif option.kind is Path:
        attributes["type"] = Predictions()
    if option.proposed:
        attributes["shell_complete"] = propose(option.proposed)
    names = [option.flag, *([option.short] if option.short else []), option.name]
    return flag(*names, **(attributes | changes))


def propose(names: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what completes a value in a shell, of some that are known among others."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _help(option: Option) -> str:
    """Return the help text, with the range of a number."""
    ranged = option.kind in {int, float} and option.range_wanted != option.kind_wanted
    return f"{option.help}  [{option.range_wanted}]" if ranged else option.help


def add_flags(*flags: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that adds several flags, in their order."""

    def add(command: Command) -> Command:
        for option in reversed(flags):
            command = option(command)
        return command

    return add
