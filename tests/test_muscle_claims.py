"""What README and docs/muscle.md say that muscle brings is what the protocol measured."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parents[1]
TRIPLES = json.loads((ROOT / "benchmarks/results/muscle_triples.json").read_text())
PAGE = (ROOT / "docs/muscle.md").read_text(encoding="utf-8")
TABLES = {"choice": "Questions with four choices", "sum": "Sums, whose answer is generated"}


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return the mean and its 95 % interval by Student's t."""
    mean, half = np.mean(values), stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    return float(mean), float(mean - half), float(mean + half)


def changes(family: str, update: str, name: str) -> tuple[list[float], list[float]]:
    """Return the changes of NFR, in percent, and of accuracy, in points, of every triple."""
    plain = "plain, other tokenizer" if "other tokenizer" in name else "plain"
    wanted = [t["rows"] for t in TRIPLES if (t["family"], t["update"]) == (family, update)]
    nfr = [100 * (rows[name]["nfr"] / rows[plain]["nfr"] - 1) for rows in wanted]
    return nfr, [100 * (rows[name]["accuracy"] - rows[plain]["accuracy"]) for rows in wanted]


def rows_of(family: str) -> dict[str, list[str]]:
    """Return the cells of the page's table of a family, by method."""
    table = PAGE.partition(TABLES[family])[2].partition("| --- |")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[1:]]
    return {name: rest for name, *rest in cells}


@pytest.mark.parametrize("family", TABLES)
def test_every_row_of_the_page_is_one_of_the_results(family: str) -> None:
    rows = rows_of(family)
    assert len(rows) > 6
    for name, shown in rows.items():
        expected = []
        for update in ("equal", "gap"):
            nfr, points = (interval(values) for values in changes(family, update, name))
            expected.append("{:+.0f} % [{:+.0f}, {:+.0f}]".format(*nfr))
            expected.append("{:+.1f} [{:+.1f}, {:+.1f}]".format(*points))
        assert shown == expected, name


@pytest.mark.parametrize("family", TABLES)
def test_no_method_is_left_out_of_the_page(family: str) -> None:
    measured: set[str] = {name for t in TRIPLES if t["family"] == family for name in t["rows"]}
    assert rows_of(family).keys() == measured - {"old", "plain", "plain, other tokenizer"}


@pytest.mark.parametrize(
    ("update", "method", "sentence"),
    [
        ("equal", "muscle", "{} % [{}, {}] fewer negative flips where"),
        ("gap", "kd_mix", "`--method kd_mix` {} % [{}, {}] fewer"),
    ],
)
def test_the_readme_claims_what_was_measured(update: str, method: str, sentence: str) -> None:
    readme = re.sub(r"\s+", " ", (ROOT / "README.md").read_text(encoding="utf-8"))
    mean, low, high = interval(changes("choice", update, method)[0])
    numbers: list[Any] = [f"{-value:.0f}" for value in (mean, high, low)]
    assert sentence.format(*numbers) in readme
    assert interval(changes("choice", update, method)[1])[2] > 0  # no loss of accuracy is shown
