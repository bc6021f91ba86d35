"""What a shell completes, asked for as a shell does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete, get_completion_class

from compatkit.cli import command_line
from compatkit.commands.gate_reports import VERDICT_SUFFIXES
from compatkit.comparison.option_table import OPTIONS
from compatkit.gate.budgets import BUDGETS
from compatkit.reports import SUFFIXES
from compatkit.reports.flips import FORMATS
from compatkit.reports.pictures import IMAGES, PICTURES
from compatkit.runner.task import TASKS
from compatkit.scorers import SCORERS

PAGE = (Path(__file__).parents[2] / "docs/shell.md").read_text("utf-8")


def complete(*words: str) -> set[str]:
    """Return what completes the last word."""
    shell = ShellComplete(command_line, {}, "compatkit", "_COMPATKIT_COMPLETE")
    return {item.value for item in shell.get_completions(list(words[:-1]), words[-1])}


def test_commands() -> None:
    assert complete("") >= {"score", "gate", "muscle"}
    assert complete("sc") == {"score"}
    assert complete("muscle", "t") == {"train"}


def test_options() -> None:
    assert complete("score", "--thr") == {"--threshold"}
    flags = {f"--{name.replace('_', '-')}" for name in BUDGETS}
    assert complete("gate", "--max-") | complete("gate", "--min-") >= flags


def test_scorers() -> None:
    names = {name for name in SCORERS if name != "field"}
    assert complete("score", "-s", "") == {*names, "field:", "evaluate:"}
    assert complete("gate", "a", "b", "--scorer", "rouge") == {
        name for name in names if name.startswith("rouge")
    }
    assert complete("run", "--scorer", "exact") == {"exact_match"}


@pytest.mark.parametrize("name", ["reader", "missing", "interval", "correction"])
def test_choices(name: str) -> None:
    assert complete("score", f"--{name}", "") == set(OPTIONS[name].choices)


def test_tasks_and_pictures() -> None:
    assert complete("run", "--task", "") == set(TASKS)
    assert complete("muscle", "data", "--task", "") == set(TASKS)
    assert complete("score", "--picture", "s") == {n for n in PICTURES if n.startswith("s")}


@pytest.mark.parametrize(
    ("words", "suffixes"),
    [
        (("score", "-o"), [*SUFFIXES, *IMAGES]),
        (("gate", "--output"), [*VERDICT_SUFFIXES, *IMAGES]),
        (("score", "--flips"), FORMATS),
    ],
)
def test_the_suffixes_of_reports(words: tuple[str, ...], suffixes: list[str]) -> None:
    # What completes to itself stands for the shell's own list of files.
    assert complete(*words, "out/a") == {"out/a", *(f"out/a{end}" for end in suffixes)}
    assert complete(*words, "v1.2/a") == {"v1.2/a", *(f"v1.2/a{end}" for end in suffixes)}
    assert complete(*words, "a.c") == {"a.c"} | {f"a{e}" for e in suffixes if e.startswith(".c")}
    assert complete(*words, "") == {""}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_of_the_page_gets_its_script(shell: str) -> None:
    assert f"_COMPATKIT_COMPLETE={shell}_source compatkit" in PAGE
    made = get_completion_class(shell)
    assert made is not None
    script = made(command_line, {}, "compatkit", "_COMPATKIT_COMPLETE").source()
    assert f"_COMPATKIT_COMPLETE={shell}_complete" in script


def test_the_installed_program_answers_a_shell() -> None:
    asked = {
        "_COMPATKIT_COMPLETE": "bash_complete",
        "COMP_WORDS": "compatkit ga",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "compatkit"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("plain,gate\n", "")
