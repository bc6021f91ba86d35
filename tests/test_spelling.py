"""Every name that can be misspelt is refused with the nearest one, by one rule."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import compatkit
from compatkit.cli import command_line
from compatkit.errors import CompatkitError
from compatkit.gate.limits import read_limit
from compatkit.gate.read_policy import read_policy
from compatkit.muscle.config import make_config
from compatkit.reports.pictures import describe_picture
from compatkit.runner.task import load_task
from compatkit.spelling import find_near, suggest

EXAMPLES = Path(__file__).parents[1] / "docs/examples"
OLD, NEW = str(EXAMPLES / "old.jsonl"), str(EXAMPLES / "new.jsonl")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("max_nrf", "max_nfr"),
        ("ROUGEL", "rougeL"),
        ("rougelsum", "rougeLsum"),
        ("rouge-1", "rouge1"),
        ("qqq", None),
        ("", None),
    ],
)
def test_the_nearest_name(name: str, near: str | None) -> None:
    assert find_near(name, ["max_nfr", "rouge1", "rougeL", "rougeLsum"]) == near


def test_where_none_is_near_all_are_listed_or_what_stands_for_them() -> None:
    assert suggest("qqq", ["a", "b"]) == "there are a, b."
    assert suggest("qqq", ["a", "b"], "See the page.") == "See the page."
    assert suggest("alpah", ["alpha", "b"], "See the page.") == "did you mean 'alpha'?"


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["scor", OLD, NEW], "no command 'scor'; did you mean 'score'?"),
        (["muscle", "trian"], "no command 'trian'; did you mean 'train'?"),
        (["--versoin"], "no option '--versoin'; did you mean '--version'?"),
        (["score", OLD, NEW, "--treshold", "1"], "did you mean '--threshold'?"),
        (["score", OLD, NEW, "--qqqqqq", "1"], "'compatkit score --help' lists them all."),
        (["gate", OLD, NEW, "--max-nrf", "1"], "did you mean '--max-nfr'?"),
        (["run", "--modle", "x"], "did you mean '--model'?"),
        (["score", OLD, NEW, "--reader", "jsnl"], "was expected. Did you mean 'jsonl'?"),
        (["score", OLD, NEW, "--missing", "erorr"], "was expected. Did you mean 'error'?"),
        (["muscle", "train", "--mask", "old-right"], "Did you mean 'old_right'?"),
    ],
)
def test_a_misspelt_word_of_the_command_line(words: list[str], near: str) -> None:
    result = CliRunner().invoke(command_line, words, prog_name="compatkit")
    assert result.exit_code == 2
    assert near in result.output


def options(**values: Any) -> Callable[[], object]:
    return lambda: compatkit.compare(OLD, NEW, **values)


def policy_with(folder: Path, line: str) -> Path:
    path = folder / "compatkit.toml"
    task = f'[tasks.a]\nold = "{OLD}"\nnew = "{NEW}"\n'
    path.write_text(f"format = 1\n{task}{line}\n[tasks.a.budgets]\nmax_nfr = 0.1\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (options(scorer="exact_mach"), "no scorer 'exact_mach'; did you mean 'exact_match'?"),
        (options(reader="jsonlines"), "Did you mean 'jsonl'?"),
        (options(treshold=0.3), "no option 'treshold'; did you mean 'threshold'?"),
        (
            options(interval="wilsn"),
            "interval is 'wilsn'; one of wilson, exact was expected. Did you mean 'wilson'?",
        ),
        (options(interval="bayes"), "interval is 'bayes'; one of wilson, exact was expected."),
        (lambda: read_limit("max_nrf", 0.1, "point"), "no budget 'max_nrf'; did you mean"),
        (lambda: load_task("gsmk8"), "--task gsmk8: no such task; did you mean 'gsm8k'?"),
        (lambda: load_task("qqq"), "there are gsm8k, .* my_task.toml"),
        (lambda: make_config({"epoch": 1}, {}), "no key 'epoch'; did you mean 'epochs'?"),
        (lambda: make_config({"method": "kd-mix"}, {}), "Did you mean 'kd_mix'?"),
        (lambda: describe_picture("slice", []), "no picture 'slice'; did you mean 'slices'?"),
    ],
)
def test_a_misspelt_name_in_python(call: Callable[[], object], near: str) -> None:
    with pytest.raises(CompatkitError, match=near.replace("?", r"\?")):
        call()


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ('scorre = "numeric"', "no key 'scorre'; did you mean 'scorer'?"),
        ('missing = "skipp"', "wrong was expected. Did you mean 'skip'?"),
        ("missing = 3", "a text was expected."),
    ],
)
def test_a_misspelt_name_in_a_policy(tmp_path: Path, line: str, near: str) -> None:
    with pytest.raises(CompatkitError) as caught:
        read_policy(policy_with(tmp_path, line))
    assert str(caught.value).endswith(near)


def test_a_misspelt_metric_of_a_comparison() -> None:
    comparison = compatkit.compare(OLD, NEW, scorer="numeric")
    with pytest.raises(AttributeError, match="did you mean 'negative_flip_rate'"):
        _ = comparison.negative_fliprate
    with pytest.raises(AttributeError, match=r"attribute '_repr_png_'$"):
        _ = comparison._repr_png_
