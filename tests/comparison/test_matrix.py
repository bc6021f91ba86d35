"""Every update between several models."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import compatkit
from compatkit.cli import command_line
from compatkit.comparison.matrix import ModelMatrix
from compatkit.errors import ConfigError
from compatkit.reports.matrix import MATRIX_REPORTS
from compatkit.reports.schema import score_schema

ROWS = [{"id": n, "prediction": "a", "reference": "a"} for n in range(4)]


def wrong(*ids: int) -> list[dict[str, object]]:
    return [{**row, "prediction": "b" if row["id"] in ids else "a"} for row in ROWS]


def matrix() -> ModelMatrix:
    return compatkit.compare_matrix([wrong(), wrong(0), wrong(1, 2)])


def test_each_row_is_what_the_update_from_its_model_breaks() -> None:
    assert matrix().rates == [[None, 0.25, 0.5], [0.0, None, 0.5], [0.0, 0.25, None]]
    assert matrix().accuracies == [1.0, 0.75, 0.5]


def test_each_pair_is_what_a_comparison_of_the_two_is() -> None:
    models = [wrong(), wrong(0), wrong(1, 2)]
    for (old, new), comparison in matrix().comparisons.items():
        alone = compatkit.compare(models[old], models[new], keep_flips=False)
        assert comparison.metrics == alone.metrics
        assert comparison.counts == alone.counts
        for name, test in alone.tests.items():
            assert comparison.tests[name].p_value == test.p_value
            assert comparison.tests[name].family == 6


def test_only_examples_that_all_have_are_compared() -> None:
    models = [wrong(), wrong(0), wrong(1)[:3]]
    short = compatkit.compare_matrix(models, missing="skip")
    assert {result.counts.total for result in short.results} == {3}
    assert {result.counts.excluded["missing"] for result in short.results} == {1}


def test_one_model_is_no_matrix() -> None:
    with pytest.raises(ConfigError, match="two models or more"):
        compatkit.compare_matrix([wrong()])


def test_every_report_shows_every_rate() -> None:
    for kind in ("terminal", "markdown", "latex"):
        text = MATRIX_REPORTS[kind](matrix(), None)
        assert text.count("25.0") == 2
        assert text.count("50.0") >= 3
    assert str(matrix()).splitlines()[1] == (
        "Most answers break from old to candidate 2, 50.00%; fewest from new to old, 0.00%."
    )
    report = json.loads(MATRIX_REPORTS["json"](matrix(), None))
    jsonschema.validate(report, score_schema())
    assert report["matrix"]["negative_flip_rate"] == matrix().rates
    assert len(report["results"]) == 6


def write(folder: Path) -> list[str]:
    paths = []
    for name, rows in (("a", wrong()), ("b", wrong(0)), ("c", wrong(1, 2))):
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        paths.append(str(path))
    return paths


def test_the_command_prints_and_writes_it(tmp_path: Path) -> None:
    first, *others = write(tmp_path)
    targets = [tmp_path / f"matrix{suffix}" for suffix in (".tex", ".svg", ".json", ".md", ".csv")]
    outputs = [word for target in targets for word in ("-o", str(target))]
    arguments = ["score", "--matrix", f"zero={first}", *others, *outputs]
    result = CliRunner().invoke(command_line, arguments)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("updates between 3 models\n")
    assert "zero" in result.output
    for target in targets:
        assert "zero" in target.read_text(encoding="utf-8"), target


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        (["--show-flips", "2"], "--show-flips is of one update"),
        (["--by", "x"], "--by is of one update"),
        (["-o", "x.html"], "the suffix names the format"),
    ],
)
def test_what_is_of_one_update_is_refused(flag: list[str], message: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(command_line, ["score", "--matrix", *write(tmp_path), *flag])
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)
