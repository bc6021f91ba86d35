"""The search of one half, against a plain loop over every slice and pair."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from compatkit.metrics import slice_search
from compatkit.metrics.search_columns import SearchColumn, make_columns
from compatkit.metrics.slice_search import Evidence, search
from compatkit.predictions.features import Feature


def loglik(count: float, total: float) -> float:
    parts = ((count, total), (total - count, total))
    return sum(k * math.log(k / n) for k, n in parts if k > 1e-12)


def evidence_of(inside: Any, outside: Any, broken: Any, right: Any) -> float:
    """Return the smaller log-likelihood ratio: of all answers, and of those that were right."""
    ratios = []
    for weight in (np.ones(len(broken)), right):
        k, n = float(broken[inside].sum()), float(weight[inside].sum())
        other, rest = float(broken[outside].sum()), float(weight[outside].sum())
        if not k or k * rest <= other * n:
            return 0.0
        ratios.append(loglik(k, n) + loglik(other, rest) - loglik(k + other, n + rest))
    return min(ratios)


def best_by_a_plain_loop(columns: list[SearchColumn], broken: Any, right: Any) -> tuple[str, float]:
    slices = [
        (column.name, str(column.conditions[place]), column.members[place][column.codes])
        for column in columns
        for place in range(len(column.conditions))
    ]
    size = len(broken)
    many = sum(len(a.conditions) * len(b.conditions) for a, b in combinations(columns, 2))
    best = ("", -math.inf)
    for name, inside in _single_and_pairs(slices, broken, right):
        parts = name.count(" and ")
        looked = len(slices) + (many if parts else 0)
        if inside.sum() < slice_search.LEAST_SIZE or inside.sum() > 0.75 * size:
            continue
        if broken[inside].sum() < slice_search.LEAST_BROKEN:
            continue
        value = evidence_of(inside, ~inside, broken, right) - math.log(looked)
        if value > best[1] + 1e-9:
            best = (name, value)
    return best


def _single_and_pairs(slices: list[Any], broken: Any, right: Any) -> Any:
    for _, name, inside in slices:
        yield name, inside
    for (a, first, one), (b, second, other) in combinations(slices, 2):
        both = one & other
        gain = slice_search.LEAST_GAIN**2 / 2
        gains = [evidence_of(both, part & ~both, broken, right) for part in (one, other)]
        if a != b and min(gains) >= gain:
            yield f"{first} and {second}", both


def random_features(rng: np.random.Generator, size: int) -> dict[str, Feature]:
    return {
        "lang": Feature(rng.integers(0, 3, size), ("de", "fr", "it"), None),
        "kind": Feature(rng.integers(-1, 2, size), ("x", "y"), None),
        "length": Feature(None, (), np.round(rng.gamma(2.0, 20.0, size), 1)),
    }


@pytest.mark.parametrize("seed", range(10))
def test_the_best_slice_is_that_of_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 600
    columns, aside = make_columns(random_features(rng, size))
    assert not aside
    inside = (columns[0].codes == 1) & ((columns[1].codes == 0) | (seed % 2 == 0))
    right = (rng.random(size) < 0.8).astype(float)
    broken = right * (rng.random(size) < np.where(inside, 0.4, 0.08))
    candidates, looked_at = search(columns, Evidence(broken, right, np.ones(size)))
    name, value = best_by_a_plain_loop(columns, broken, right)
    assert " and ".join(map(str, candidates[0].conditions(columns))) == name
    assert candidates[0].evidence == pytest.approx(value)
    single = [len(column.conditions) for column in columns]
    assert looked_at == sum(single) + sum(a * b for a, b in combinations(single, 2))


def test_slices_that_say_the_same_are_carried_over_once() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, 500)
    twins = {name: Feature(codes, ("x", "y"), None) for name in ("first", "second", "third")}
    columns, _ = make_columns(twins)
    broken = (rng.random(500) < np.where(codes == 1, 0.5, 0.1)).astype(float)
    candidates, _ = search(columns, Evidence(broken, np.ones(500), np.ones(500)))
    assert [str(c.conditions(columns)[0]) for c in candidates] == ["first = y"]


def test_nothing_is_searched_by_nothing() -> None:
    assert search([], Evidence(np.ones(3), np.ones(3), np.ones(3))) == ([], 0)
