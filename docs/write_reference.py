"""Write the parts of the documentation that the source already says.

    python docs/write_reference.py

The lists of metrics in docs/metrics.md and docs/history.md, the schemas of the JSON reports, here
and in the package, and, in the package, the options of all scorers, the schema of compatkit.toml
and the help pages of all commands. The tests fail while a page is not what this script would
write. The pages of commands and of the Python interface are made when the site is built.
"""

import json
from pathlib import Path

import click

import compatkit
from compatkit.cli import command_line
from compatkit.commands import help_pages
from compatkit.gate.schema import PATH, render_schema
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.metric import FAMILIES
from compatkit.metrics.trajectories import HISTORY_QUANTITIES, VERSION_QUANTITIES
from compatkit.reports.history_schema import history_schema
from compatkit.reports.schema import score_schema
from compatkit.reports.verdicts.schema import verdict_schema
from compatkit.scorers import declared
from compatkit.scorers.signatures import render_options

DOCS = Path(__file__).parent
SCHEMAS = Path(compatkit.__file__).parent / "schemas"  # what an installed compatkit holds
MARK = "<!-- metrics: written by docs/write_reference.py -->\n"
HISTORY_MARK = "<!-- history: written by docs/write_reference.py -->\n"


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


def write_history(page: str) -> str:
    """Return docs/history.md with its lists made anew."""
    parts = []
    groups = {"Of each version": VERSION_QUANTITIES, "Of all versions": HISTORY_QUANTITIES}
    for title, quantities in groups.items():
        parts.append(f"\n### {title}\n")
        for name, quantity in quantities.items():
            parts.append(f"#### `{name}`\n\n*{quantity.label}* = {quantity.formula}\n")
            parts.append(quantity.meaning + "\n")
            parts += [f"Source: {quantity.source}.\n"] if quantity.source else []
    return page[: page.index(HISTORY_MARK)] + HISTORY_MARK + "\n".join(parts)


def write_schemas() -> dict[str, str]:
    """Return the schemas of the JSON reports, by the names of their files."""
    schemas = {
        "history.schema.json": history_schema(),
        "score.schema.json": score_schema(),
        "verdict.schema.json": verdict_schema(),
    }
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}


def write_help() -> str:
    """Return the help pages of all commands, which an installed compatkit shows."""
    names = ["-h", "--help"]
    context = click.Context(command_line, info_name="compatkit", help_option_names=names)
    shown = dict(help_pages.describe_pages(command_line, context))
    return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


def pages() -> dict[Path, str]:
    """Return the text of every page that this script writes."""
    metrics, history = DOCS / "metrics.md", DOCS / "history.md"
    schemas = write_schemas()
    return {
        **{DOCS / name: text for name, text in schemas.items()},
        **{SCHEMAS / name: text for name, text in schemas.items()},
        PATH: render_schema(),
        Path(declared.PATH): render_options(),
        Path(help_pages.PATH): write_help(),
        metrics: write_metrics(metrics.read_text(encoding="utf-8")),
        history: write_history(history.read_text(encoding="utf-8")),
    }


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
