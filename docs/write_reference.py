"""Write the parts of the documentation that the source already says.

    python docs/write_reference.py

docs/cli.md from the commands, docs/api.md from the public docstrings, the list of metrics in
docs/metrics.md, and the schemas of both JSON reports, here and in the package, and of
compatkit.toml, in the package. The tests fail while a page is not what this script would write.
"""

import inspect
import json
from pathlib import Path

import click

import compatkit
from compatkit.cli import COMMANDS, command_line
from compatkit.comparison.examples import FlippedExample, FlippedExamples
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
from compatkit.gate.schema import PATH, render_schema
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue
from compatkit.metrics.measure_pair import Slice
from compatkit.metrics.metric import FAMILIES
from compatkit.metrics.pair import Counts
from compatkit.muscle import MuscleConfig
from compatkit.reports.schema import score_schema
from compatkit.reports.verdicts.schema import verdict_schema
from compatkit.testing import assert_compatible

DOCS = Path(__file__).parent
SCHEMAS = Path(compatkit.__file__).parent / "schemas"  # what an installed compatkit holds
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
    public = [(name, thing) for name, thing in public if not isinstance(thing, str)]
    more = (
        make_options,
        Counts,
        MetricValue,
        Slice,
        FlippedExample,
        FlippedExamples,
        assert_compatible,
        MuscleConfig,
    )
    public += [(f"{thing.__module__}.{thing.__name__}", thing) for thing in more]
    public += [(f"compatkit.gate.{thing.__name__}", thing) for thing in GATE]
    for name, thing in public:
        head = name
        if inspect.isfunction(thing):
            head += str(inspect.signature(thing))
        parts.append(f"## {name}\n\n```text\n{head}\n\n{inspect.getdoc(thing)}\n\n```\n")
        if inspect.isclass(thing):
            parts += _methods(name, thing)
    return "\n".join(parts)


def _methods(name: str, thing: type) -> list[str]:
    parts = []
    for method, function in vars(thing).items():
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
    for family_name, family in FAMILIES.items():
        parts.append(f"\n## {family.title}\n")
        parts += [f"{family.note}\n"] if family.note else []
        for name, metric in METRICS.items():
            if metric.family == family_name:
                parts.append(f"### `{name}`\n\n*{metric.label}* = {metric.formula}\n")
                parts.append(metric.meaning + "\n")
                parts += [f"Source: {metric.source}.\n"] if metric.source else []
    return page[: page.index(MARK)] + MARK + "\n".join(parts)


def write_schemas() -> dict[str, str]:
    """Return the schemas of the JSON reports, by the names of their files."""
    schemas = {"score.schema.json": score_schema(), "verdict.schema.json": verdict_schema()}
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}


def pages() -> dict[Path, str]:
    """Return the text of every page that this script writes."""
    metrics = DOCS / "metrics.md"
    schemas = write_schemas()
    return {
        **{DOCS / name: text for name, text in schemas.items()},
        **{SCHEMAS / name: text for name, text in schemas.items()},
        DOCS / "cli.md": write_cli(),
        DOCS / "api.md": write_api(),
        PATH: render_schema(),
        metrics: write_metrics(metrics.read_text(encoding="utf-8")),
    }


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
