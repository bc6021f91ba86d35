"""Write the parts of the documentation that the source already says.

    python docs/write_reference.py

docs/cli.md from the commands, docs/api.md from the public docstrings, and the list of metrics
in docs/metrics.md. The tests fail while a page is not what this script would write.
"""

import inspect
from pathlib import Path

import click

import compatkit
from compatkit.cli import COMMANDS, command_line
from compatkit.comparison.comparison import FlippedExample
from compatkit.comparison.options import make_options
from compatkit.gate import (
    Decision,
    Guarded,
    Limits,
    MustNotFlip,
    Policy,
    TaskPolicy,
    Verdict,
    Waiver,
    find_policy,
    read_policy,
)
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue
from compatkit.metrics.measure_pair import Slice
from compatkit.metrics.metric import FAMILIES
from compatkit.metrics.pair import Counts
from compatkit.muscle import MuscleConfig
from compatkit.testing import assert_compatible

DOCS = Path(__file__).parent
MARK = "<!-- metrics: written by docs/write_reference.py -->\n"

# `check` and `check_policy` are public names of compatkit itself.
GATE = (
    read_policy,
    find_policy,
    Policy,
    TaskPolicy,
    Limits,
    MustNotFlip,
    Waiver,
    Verdict,
    Decision,
    Guarded,
)


def write_cli() -> str:
    """Return docs/cli.md."""
    parts = [
        "# Command line\n",
        "Written by docs/write_reference.py from the commands themselves.\n",
    ]
    names = ["-h", "--help"]
    context = click.Context(command_line, info_name="compatkit", help_option_names=names)
    parts.append(f"## compatkit\n\n```text\n{command_line.get_help(context)}\n```\n")
    for name in sorted(COMMANDS):
        command = command_line.get_command(context, name)
        if command is not None:
            inner = click.Context(command, info_name=name, parent=context, terminal_width=100)
            parts.append(f"## compatkit {name}\n\n```text\n{command.get_help(inner)}\n```\n")
            parts += _subcommands(command, inner)
    return "\n".join(parts)


def _subcommands(group: click.Command, context: click.Context) -> list[str]:
    parts = []
    for name, command in sorted(getattr(group, "commands", {}).items()):
        inner = click.Context(command, info_name=name, parent=context, terminal_width=100)
        text = f"```text\n{command.get_help(inner)}\n```\n"
        parts.append(f"### {inner.command_path}\n\n{text}")
    return parts


def write_api() -> str:
    """Return docs/api.md."""
    parts = [
        "# Python\n",
        (
            "Written by docs/write_reference.py from the docstrings. `import compatkit` loads "
            "nothing heavy;\neach name is loaded when it is first used.\n"
        ),
    ]
    public = [(f"compatkit.{name}", getattr(compatkit, name)) for name in compatkit.__all__]
    public = [(name, each) for name, each in public if not isinstance(each, str)]
    more = (
        make_options,
        Counts,
        MetricValue,
        Slice,
        FlippedExample,
        assert_compatible,
        MuscleConfig,
    )
    public += [(f"{each.__module__}.{each.__name__}", each) for each in more]
    public += [(f"compatkit.gate.{each.__name__}", each) for each in GATE]
    for name, each in public:
        head = name
        if inspect.isfunction(each):
            head += str(inspect.signature(each))
        parts.append(f"## {name}\n\n```text\n{head}\n\n{inspect.getdoc(each)}\n\n```\n")
        if inspect.isclass(each):
            parts += _methods(name, each)
    return "\n".join(parts)


def _methods(name: str, each: type) -> list[str]:
    parts = []
    for method, function in vars(each).items():
        if method.startswith("_") or not (
            inspect.isfunction(function) or isinstance(function, property)
        ):
            continue
        head = method
        if inspect.isfunction(function):
            head += str(inspect.signature(function))
        parts.append(
            f"### {name}.{method}\n\n```text\n{head}\n\n{inspect.getdoc(function)}\n\n```\n"
        )
    return parts


def write_metrics(page: str) -> str:
    """Return docs/metrics.md with its list made anew."""
    parts = []
    for name_of_family, family in FAMILIES.items():
        parts.append(f"\n## {family.title}\n")
        parts += [f"{family.note}\n"] if family.note else []
        for name, metric in METRICS.items():
            if metric.family == name_of_family:
                parts.append(f"### `{name}`\n\n*{metric.label}* = {metric.formula}\n")
                parts.append(metric.meaning + "\n")
                parts += [f"Source: {metric.source}.\n"] if metric.source else []
    return page[: page.index(MARK)] + MARK + "\n".join(parts)


def pages() -> dict[Path, str]:
    """Return the text of every page that this script writes."""
    metrics = DOCS / "metrics.md"
    return {
        DOCS / "cli.md": write_cli(),
        DOCS / "api.md": write_api(),
        metrics: write_metrics(metrics.read_text(encoding="utf-8")),
    }


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
