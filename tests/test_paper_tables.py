"""The paper's tables, printed by `score` from files that give back its counts.

With N = 10000 every rate of two decimals of a percentage is a whole count. Source of the
numbers: Echterhoff et al. 2024 (arXiv 2407.09435v2), tables 4, 5 and 6.
"""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from compatkit.commands.score import score

TABLES = Path(__file__).parents[2] / "shared" / "spec" / "paper_tables.json"
N = 10_000


def rows_of_table(number: int) -> list[list[object]]:
    if not TABLES.exists():
        return []
    return [[*row] for row in json.loads(TABLES.read_text())[f"table_{number}"]["rows"]]


pytestmark = pytest.mark.skipif(not TABLES.exists(), reason="the paper's tables are absent")


def count(percent: float) -> int:
    return round(percent * N / 100)


def right_new(old_right: int, right: int, flips: int) -> list[bool]:
    """Mark which of N examples are right, `flips` of the first `old_right` being wrong."""
    repaired = right - (old_right - flips)
    marks = [False] * flips + [True] * (old_right - flips)
    return marks + [True] * repaired + [False] * (N - old_right - repaired)


def write(path: Path, right: Sequence[bool]) -> str:
    rows = (
        json.dumps({"id": i, "prediction": "yes" if r else "no", "reference": "yes"})
        for i, r in enumerate(right)
    )
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def report(arguments: list[str], path: Path) -> dict[str, dict[str, float]]:
    """Run `score` and return the values of each model's metrics from its CSV report."""
    result = CliRunner().invoke(score, [*arguments, "-o", str(path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    values: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(path.read_text().splitlines()):
        if row["value"]:
            values.setdefault(Path(row["new"]).stem, {})[row["metric"]] = float(row["value"])
    return values


@pytest.mark.parametrize("row", [*rows_of_table(4), *(["gsm8k", *r] for r in rows_of_table(5))])
def test_tables_4_and_5(row: list, tmp_path: Path) -> None:
    old, new, compat, delta, nfr, delta_nfr, percent = row[3:]
    first = count(old)
    files = [
        write(tmp_path / "old.jsonl", [True] * first + [False] * (N - first)),
        write(tmp_path / "new.jsonl", right_new(first, count(new), count(nfr))),
        write(tmp_path / "muscle.jsonl", right_new(first, count(compat), count(nfr + delta_nfr))),
    ]
    values = report(files, tmp_path / "report.csv")
    shown = [
        100 * values["muscle"]["accuracy_old"],
        100 * values["new"]["accuracy_new"],
        100 * values["muscle"]["accuracy_new"],
        100 * values["muscle"]["delta_accuracy"],
        100 * values["new"]["negative_flip_rate"],
        100 * values["muscle"]["delta_nfr"],
        values["muscle"]["delta_nfr_percent"],
    ]
    assert [round(number, 2) for number in shown] == [
        old,
        new,
        compat,
        delta,
        nfr,
        delta_nfr,
        percent,
    ]
    text = CliRunner().invoke(score, [*files, "-v"]).output
    for number in (
        f"{new:.2f}",
        f"{delta:+.2f}",
        f"{nfr:.2f}",
        f"{delta_nfr:+.2f}",
        f"{percent:+.2f}",
    ):
        assert number in text


@pytest.mark.parametrize("row", rows_of_table(6))
def test_table_6_smooth_flips(row: list, tmp_path: Path) -> None:
    nfr, delta_nfr, percent = row[6:9]

    def write_scores(name: str, falls: int) -> str:
        path = tmp_path / name
        lines = (
            json.dumps(
                {"id": i, "rouge1": 0.5 if name == "old.jsonl" else 0.4 if i < falls else 0.6}
            )
            for i in range(N)
        )
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    files = [
        write_scores("old.jsonl", 0),
        write_scores("new.jsonl", count(nfr)),
        write_scores("muscle.jsonl", count(nfr + delta_nfr)),
    ]
    options = ["--scorer", "field:rouge1", "--resamples", "100"]
    values = report([*files, *options], tmp_path / "report.csv")
    shown = [
        100 * values["new"]["smooth_negative_flip_rate"],
        100 * values["muscle"]["delta_smooth_nfr"],
        values["muscle"]["delta_smooth_nfr_percent"],
    ]
    assert [round(number, 2) for number in shown] == [nfr, delta_nfr, percent]
