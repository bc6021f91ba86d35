"""Help pages: options in groups, and examples that work."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from compatkit.cli import command_line
from compatkit.commands.command import FIRST, REST, Command, Group, option_sections
from compatkit.commands.flags import flag
from compatkit.commands.help_pages import PATH

PAGES = json.loads(Path(PATH).read_text("utf-8"))
FILES = Path(__file__).parents[2] / "docs/examples"
# What needs no model, no log and no policy that a reader has to write first.
RUN_AS_THEY_STAND = {"score", "gate", "history", "power", "formats"}


EXAMPLES = [
    (name, line.strip())
    for name, page in PAGES.items()
    for line in (page["epilog"] or "").splitlines()[2:]
]


def test_every_command_shows_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == set(PAGES)


@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_an_example_parses_and_fits_into_a_terminal(name: str, line: str) -> None:
    assert len(line) <= 76
    program, *words = shlex.split(line)
    assert (program, words[: len(name.split())]) in [
        ("compatkit", name.split()),
        ("compatkit", [*name.split(), "train"][: len(name.split())]),
    ]
    command: click.Command = command_line
    context = click.Context(command_line, info_name="compatkit")
    while isinstance(command, click.Group):
        title, inner, words = command.resolve_command(context, words)
        assert inner is not None
        command = inner
        if not words or words == ["--help"]:
            return
    assert command.make_context(title, words, parent=context).params


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make the files that the examples name."""
    for name in ("old", "new", "v1", "v2", "v3"):
        source = "old" if name in {"old", "v1"} else "new"
        shutil.copy(FILES / f"{source}.jsonl", tmp_path / f"{name}.jsonl")
    rows = [json.loads(line) for line in (FILES / "old.jsonl").read_text("utf-8").splitlines()]
    for number in (1, 2):
        (tmp_path / f"runs/v{number}").mkdir(parents=True)
        shutil.copy(tmp_path / f"v{number}.jsonl", tmp_path / f"runs/v{number}/mmlu_law.jsonl")
    (tmp_path / "checkpoints").mkdir()
    for number in (1, 2):
        shutil.copy(tmp_path / f"v{number}.jsonl", tmp_path / f"checkpoints/step-{number}.jsonl")
    both = ["id,v1,v2,reference", *(f"{n},a,b,a" for n, _ in enumerate(rows))]
    (tmp_path / "both.csv").write_text("\n".join(both) + "\n", "utf-8")
    for name in ("old", "new"):
        topics = [
            json.loads(line) | {"topic": "sums"}
            for line in (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()
        ]
        text = "".join(json.dumps(row) + "\n" for row in topics)
        (tmp_path / f"{name}.jsonl").write_text(text, "utf-8")
    policy = """
        format = 1
        [tasks.sums]
        old = "OLD"
        new = "new.jsonl"
        scorer = "numeric"
        [tasks.sums.budgets]
        max_nfr = 0.2
    """
    (tmp_path / "compatkit.toml").write_text(policy.replace("OLD", "old.jsonl"), "utf-8")
    (tmp_path / "gates").mkdir()
    nightly = policy.replace("OLD", "../old.jsonl").replace('"new', '"../new')
    (tmp_path / "gates/nightly.toml").write_text(nightly, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "line"), [pair for pair in EXAMPLES if pair[0] in RUN_AS_THEY_STAND]
)
def test_an_example_runs(name: str, line: str, folder: Path) -> None:
    words = shlex.split(line)[1:]
    if "--init" in words:
        (folder / "compatkit.toml").unlink()
    result = subprocess.run(
        [sys.executable, "-m", "compatkit", *words],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    measured = {0, 1, 3} if name == "gate" else {0}
    assert result.returncode in measured, result.stderr


@pytest.mark.parametrize("name", ["score", "gate"])
def test_every_option_of_the_long_pages_has_its_group(name: str) -> None:
    (first, top), *further = PAGES[name]["sections"]
    assert first == FIRST
    assert len(top) == 6, "the five that matter first, and --help"
    assert top[-1][0] == "-h, --help"
    assert REST not in dict(further)
    assert all(1 <= len(records) <= 25 for _, records in further)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_into_eighty_columns(name: str) -> None:
    result = CliRunner().invoke(
        command_line, [*name.split(), "--help"], prog_name="compatkit", terminal_width=80
    )
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80


def test_the_named_come_first_and_each_option_once() -> None:
    made = [
        flag("--a", help="A."),
        flag("--b", help="B.", group="Two"),
        flag("--c", help="C.", group="Two"),
        flag("--d", help="D.", group="Three"),
    ]

    @click.command(cls=Command, first=["c"])
    def command(**_: str) -> None:
        """Text."""

    for option in made:
        command = option(command)
    context = click.Context(command)
    sections = [(title, [n for n, _ in rows]) for title, rows in option_sections(command, context)]
    assert sections == [
        (FIRST, ["--c TEXT", "--a TEXT", "--help"]),
        ("Two", ["--b TEXT"]),
        ("Three", ["--d TEXT"]),
    ]
    command.first = ()
    assert option_sections(command, context)[0][0] == REST


def test_the_commands_of_a_group_are_of_the_same_kind() -> None:
    assert Group.command_class is Command
