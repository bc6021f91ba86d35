import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from prediction_files import write_rows

from compatkit.commands.power import power
from compatkit.errors import ConfigError
from compatkit.gate.power_table import make_power_table
from compatkit.statistics import (
    examples_for_equivalence,
    examples_needed,
    power_of_gate,
    smallest_detectable,
)

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PILOT = ["--pilot", str(EXAMPLES / "old.jsonl"), str(EXAMPLES / "new.jsonl"), "-s", "numeric"]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(power, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_is_that_of_the_statistics() -> None:
    table = make_power_table(0.02, 0.01, old_accuracy=0.75)
    assert table.needed == examples_needed(0.02, 0.01)
    for row in table.rows:
        assert row.good == power_of_gate(row.examples, 0.02, 0.01)
        assert row.bad == power_of_gate(row.examples, 0.02, 0.025)
        assert row.bad <= 0.05
    assert table.rows[-1].good > 0.95


def test_a_share_may_be_a_percentage() -> None:
    assert run("--nfr-budget", "2%", "--true-nfr", "1 %") == run(
        "--nfr-budget", "0.02", "--true-nfr", "0.01"
    )
    refused = CliRunner().invoke(power, ["--nfr-budget", "few"])
    assert refused.exit_code == 2
    assert (
        "'few' is no share; a number such as 0.02, or a percentage such as '2%'" in refused.output
    )


def test_the_command_says_how_many_examples_are_needed() -> None:
    text = run("--nfr-budget", "0.02", "--old-accuracy", "0.75")
    assert f"{examples_needed(0.02, 0.01):,} examples are needed" in text
    assert "2.67% of those that the old model had right" in text
    assert text.count("#") > 20


def test_a_pilot_names_what_to_expect_and_what_it_could_have_shown() -> None:
    report = json.loads(run("--nfr-budget", "0.1", *PILOT, "--json"))
    assert report["pilot"]["total"] == report["seen"] == 200
    assert report["true_nfr"] == report["pilot"]["nfr"] == 0.045
    assert report["old_accuracy"] == 0.78
    assert report["needed"] == examples_needed(0.1, 0.045)
    assert report["smallest_budget"] == smallest_detectable(200, 0.045)
    text = run("--nfr-budget", "0.1", *PILOT)
    assert "with its 200 examples the pilot could have shown a budget of" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nfr-budget", "0"], "--nfr-budget is 0"),
        (["--nfr-budget", "1.5"], "--nfr-budget is 1.5"),
        (["--nfr-budget", "0.02", "--true-nfr", "0.03"], "beyond the budget"),
        (["--nfr-budget", "0.02", "--old-accuracy", "0.01"], "--old-accuracy is 0.01"),
        (["--nfr-budget", "0.02", "--power", "1"], "power"),
        (["--nfr-budget", "0.02", "--level", "2"], "level"),
        (
            ["--nfr-budget", "0.02", "--level", "0.99999"],
            "--level is 0.99999; more than 0.5 and at most 0.9999",
        ),
        (["--nfr-budget", "0.02", *PILOT], "beyond the budget of 0.02"),
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CliRunner().invoke(power, arguments, catch_exceptions=False)


def test_an_empty_path_of_a_pilot_is_refused_by_name() -> None:
    arguments = ["--nfr-budget", "0.02", "--pilot", "", "new.jsonl"]
    result = CliRunner().invoke(power, arguments)
    assert result.exit_code == 2
    assert "'--pilot': the path is empty" in result.output


def test_equivalence_has_its_own_table() -> None:
    text = run("--margin", "0.05", "--discordance", "0.05")
    assert "both 0.95 bounds of the change of accuracy are within 5 points" in text
    needed = examples_for_equivalence(0.05, 0.05)
    assert f"about {needed:,} examples are needed for equivalence within 5 points" in text
    report = json.loads(run("--margin", "0.1", *PILOT, "--json"))
    assert report["discordance"] == pytest.approx(34 / 200)  # 9 broke, 25 were repaired
    assert report["seen"] == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--true-nfr", "0.1"), "--nfr-budget, for a gate"),
        (("--nfr-budget", "0.1", "--margin", "0.1"), "one of them was expected"),
        (("--margin", "0.1"), "--margin needs --discordance"),
        (("--margin", "0.1", "--true-nfr", "0.1"), "--true-nfr is of --nfr-budget"),
        (("--nfr-budget", "0.1", "--discordance", "0.1"), "--discordance is of --margin"),
        (("--margin", "1.5", "--discordance", "0.1"), "--margin is 1.5"),
    ],
)
def test_two_questions_are_not_asked_at_once(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        CliRunner().invoke(power, arguments, catch_exceptions=False)


@pytest.mark.parametrize(
    ("question", "flag"),
    [(("--nfr-budget", "0.1"), "--true-nfr"), (("--margin", "0.1"), "--discordance")],
)
def test_a_pilot_without_a_flip_does_not_tell_how_rare_they_are(
    question: tuple[str, ...], flag: str
) -> None:
    same = ["--pilot", PILOT[1], PILOT[1], *PILOT[3:]]
    with pytest.raises(ConfigError, match=f"does not tell how rare that is. Pass {flag}"):
        CliRunner().invoke(power, [*question, *same], catch_exceptions=False)
    assert CliRunner().invoke(power, [*question, flag, "0.01", *same]).exit_code == 0


def test_a_pilot_of_several_samples_is_refused(tmp_path: Path) -> None:
    rows = [
        {"id": n, "sample": k, "prediction": "a", "reference": "a"}
        for n in range(4)
        for k in range(2)
    ]
    path = str(write_rows(tmp_path / "pilot.jsonl", rows))
    result = CliRunner().invoke(power, ["--nfr-budget", "0.1", "--pilot", path, path])
    assert isinstance(result.exception, ConfigError)
    assert "examples with several samples are not understood" in str(result.exception)


@pytest.mark.parametrize("discordance", ["1", "-0.1"])
def test_a_share_of_flips_that_cannot_be_is_refused(discordance: str) -> None:
    arguments = ["--margin", "0.02", "--discordance", discordance]
    with pytest.raises(ConfigError, match=r"--discordance is .*; from 0 to below 1 was expected"):
        CliRunner().invoke(power, arguments, catch_exceptions=False)


def test_without_a_question_it_says_which_budget_so_many_examples_show() -> None:
    """Of none in 100 the exact limit is 1 - 0.05^(1/100); a row a size, a column a true NFR."""
    lines = run().splitlines()
    assert lines[3].split() == ["examples", "0.00%", "0.50%", "1.00%", "2.00%", "5.00%"]
    assert lines[4].split()[:2] == ["100", f"{1 - 0.05 ** (1 / 100):.2%}"]
    assert f"{smallest_detectable(1000, 0.01):.2%}" == lines[7].split()[3]
    table = json.loads(run("--json", "--level", "0.99", "--power", "0.9"))
    assert (table["format"], table["level"], table["power"]) == (1, 0.99, 0.9)
    sizes = [size for size, _ in table["rows"]]
    size, budgets = table["rows"][sizes.index(500)]
    assert budgets == [smallest_detectable(size, rate, 0.99, 0.9) for rate in table["rates"]]
