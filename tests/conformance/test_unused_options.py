"""Every option of a comparison, and of a policy, shows in the result, or is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from compatkit import CompatkitError, check_policy, compare
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.option_table import (
    OF_FILES,
    OF_LOGS,
    OF_TABLES,
    OF_TASKS,
    OPTIONS,
)
from compatkit.errors import ConfigError
from compatkit.gate import read_policy
from compatkit.scorers.declared import SCORER_OPTIONS

# Of rows in memory nothing comes of these, so that they are refused.
NEEDS_MORE = {
    name
    for name, option in OPTIONS.items()
    if option.about in {OF_LOGS, OF_TASKS, OF_FILES, OF_TABLES}
}
# Not a number changes by what these are.
# Beside references of the rows' own, others are refused.
SILENT = {"client", "progress", "references"}
BASE: dict[str, Any] = {"scorer": "field:s", "missing": "skip", "edited": "skip"}
LISTS = {
    "scorer": "exact_match",
    "lists": "sequence",
    "fields": {"prediction": "sets", "references": "wanted"},
}
# Option to a value that shows in the results of `make_rows`, and what else is said with it.
SHOWS: dict[str, tuple[Any, dict[str, Any]]] = {
    "scorer": ("token_f1", {}),
    "threshold": (0.8, {}),
    "by": ("lang", {}),
    "find_slices": (True, {}),
    "by_position": (True, {"missing": "skip", "edited": "keep"}),
    "missing": ("wrong", {}),
    "errors": ("wrong", {}),
    "edited": ("keep", {}),
    "cluster": ("lang", {}),
    "correction": ("bh", {"by": "lang"}),
    "margin": (0.1, {}),
    "level": (0.8, {}),
    "interval": ("exact", {}),
    "epsilon": (0.15, {}),
    "resamples": (400, {}),
    "seed": (5, {}),
    "close_margin": (0.2, {}),
    "lists": ("set", LISTS),
    "pass_at": (2, {"scorer": "exact_match", "fields": {"prediction": "three"}}),
    "fields": ({"prediction": "lang"}, {"scorer": "exact_match"}),
    "old_fields": ({"prediction": "lang"}, {"scorer": "exact_match"}),
    "new_fields": ({"prediction": "lang"}, {"scorer": "exact_match"}),
    "where": ("lang=de", {}),
    "old_where": ("lang=de", {}),
    "new_where": ("lang=de", {}),
    "sweep": (True, {}),
    "keep_flips": (False, {}),
    "keep_changed": (True, {"scorer": "exact_match"}),
}


def make_rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows by which everything that may be said of them shows."""
    sides: list[list[dict[str, Any]]] = []
    for side in range(2):
        rows = [
            {
                "id": n,
                "input": f"question {n}",
                "prediction": "abc"[(n * (side + 1)) % 3],
                "reference": "a",
                "sets": ["b", "a"] if n % 2 + side else ["a", "b"],
                "wanted": [["a", "b"]],
                "three": ["abc"[(n * (k + side + 1)) % 3] for k in range(3)],
                "lang": ("de", "en", "fr")[n % 3],
                "log_likelihoods": {"a": -1.0 - side, "b": -1.2 + side},
                "s": (n * (7 + side) % 11) / 10,
            }
            for n in range(60)
        ]
        rows[3 + side] |= {"error": "timeout"}
        rows[9] |= {"reference": f"a{side}"}
        sides.append(rows[: 60 - side])
    return sides[0], sides[1]


def show(comparison: Comparison) -> str:
    shown = comparison.to_dict()
    for name in ("signature", "short_signature", "scorer", "threshold"):
        del shown[name]
    return json.dumps([shown, None if comparison.changed is None else len(comparison.changed)])


@pytest.mark.parametrize("name", [name for name in OPTIONS if name not in SCORER_OPTIONS])
def test_an_option_of_a_comparison_shows_or_is_refused(name: str) -> None:
    old, new = make_rows()
    if name in SILENT:
        return
    if name in NEEDS_MORE:
        option = OPTIONS[name]
        text = "400MB" if name == "memory" else "x"
        said = option.choices[-1] if option.choices else True if option.kind is bool else text
        with pytest.raises(ConfigError, match=f"{option.flag} out"):
            compare(old, new, **{name: said})
        return
    value, further = SHOWS[name]
    base = BASE | further
    without = show(compare(old, new, **base))
    assert show(compare(old, new, **base | {name: value})) != without


@pytest.mark.parametrize("name", SCORER_OPTIONS)
def test_an_option_of_another_scorer_is_refused(name: str) -> None:
    old, new = make_rows()
    option = SCORER_OPTIONS[name]
    value = (
        option.choices[-1]
        if option.choices
        else {bool: True, int: 2, float: 0.3}.get(option.kind, "x")
    )
    scorer = "field:s" if name not in {"unscored", "lower_is_better", "right"} else "exact_match"
    with pytest.raises(ConfigError, match=f"{name}'; it belongs to|{option.flag}"):
        compare(old, new, scorer=scorer, **{name: value})


@pytest.mark.parametrize(
    "name", ["tasks", "skip_tasks", "quoting", "rows", "reader", "epsilon", "threshold"]
)
def test_what_nothing_comes_of_is_refused_of_files_in_python_as_in_a_policy(
    name: str, tmp_path: Path
) -> None:
    rows = "".join(f'{{"id": {n}, "prediction": "a", "reference": "a"}}\n' for n in range(9))
    for side in ("old", "new"):
        (tmp_path / side).write_text(rows)
    value = {
        "quoting": "unquoted",
        "epsilon": 0.1,
        "threshold": 0.4,
        "rows": "x",
        "reader": "csv",
    }.get(name, "a*")
    with pytest.raises(CompatkitError):
        compare(tmp_path / "old", tmp_path / "new", **{name: value})
    policy = tmp_path / "compatkit.toml"
    policy.write_text(
        f'[tasks.a]\nold = "old"\nnew = "new"\n{name} = {json.dumps(value)}\n'
        "[tasks.a.budgets]\nmax_nfr = 0.9\n"
    )
    with pytest.raises(CompatkitError):
        check_policy(read_policy(policy))


def test_a_folder_is_read_by_its_patterns_and_a_file_of_it_is_not_refused(tmp_path: Path) -> None:
    row = '{"id": 1, "prediction": "a", "reference": "a"}\n'
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        for task in ("abc", "xyz"):
            (tmp_path / side / f"{task}.jsonl").write_text(row)
    policy = tmp_path / "compatkit.toml"
    policy.write_text(
        '[tasks.a]\nold = "old"\nnew = "new"\ntasks = "a*"\n[tasks.a.budgets]\nmax_nfr = 0.9\n'
    )
    assert [task.task for task in check_policy(read_policy(policy)).comparisons] == ["a/abc"]


TOTAL_ALONE = '[tasks.a]\nold = "old"\nnew = "new"\n[tasks.a.budgets]\nmax_nfr = 0.9\n[total]\n'


@pytest.mark.parametrize("said", ['overlap = "keep"', 'inconclusive = "pass"'])
def test_a_total_without_a_budget_is_refused(said: str, tmp_path: Path) -> None:
    policy = tmp_path / "compatkit.toml"
    policy.write_text(TOTAL_ALONE + said)
    with pytest.raises(ConfigError, match=r"total: holds no budget; \[budgets\] or \[advisory\]"):
        read_policy(policy)
