"""A plain script of what docs/found-slices.md says, rows and loops alone, against the search."""

import math
import random
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import combinations
from typing import Any

import pytest

from compatkit import compare

Row = dict[str, Any]
Holds = Callable[[Row], bool]
# As docs/found-slices.md has them.
LEAST_SIZE, LEAST_BROKEN, LARGEST, MOST = 20, 4, 0.75, 6
LEAST_RATIO, LEAST_EVIDENCE, LEAST_GAIN, LEAST_APART = 2.0, -4.0, 2.0, 2.0


def is_searched(row: Row) -> bool:
    digest = blake2b(row["id"].encode(), digest_size=8, key=b"compatkit.found_slices").digest()
    return digest[-1] % 2 == 0


def equals(field: str, value: str) -> Holds:
    return lambda row: bool(row[field] == value)


def between(low: float, high: float) -> Holds:
    return lambda row: bool(low < row["size"] <= high)


def all_of(*rules: Holds) -> Holds:
    return lambda row: all(rule(row) for rule in rules)


def list_slices(rows: list[Row]) -> Iterator[tuple[str, str, Holds]]:
    """Yield the field, name and rule of each slice by one field."""
    for field in ("lang", "kind"):
        for value in sorted({row[field] for row in rows}):
            yield field, f"{field} = {value}", equals(field, value)
    sizes = sorted(row["size"] for row in rows)
    ends = [sizes[math.ceil(len(sizes) * cut) - 1] for cut in (0.25, 0.5, 0.75)]
    bounds = [-math.inf, *sorted(set(ends) - {sizes[-1]}), math.inf]
    for low, high in combinations(bounds, 2):
        if (low, high) != (-math.inf, math.inf):
            parts = [f"> {low:g}"] * (low > -math.inf) + [f"<= {high:g}"] * (high < math.inf)
            yield "size", f"size {' and '.join(parts)}", between(low, high)


def loglik(count: float, total: float) -> float:
    return sum(k * math.log(k / total) for k in (count, total - count) if k > 0)


def evidence(inside: list[Row], outside: list[Row]) -> float:
    ratios = []
    for of in ("all", "right"):
        n, rest = (sum(of == "all" or row["right"] for row in part) for part in (inside, outside))
        k, other = (sum(row["broke"] for row in part) for part in (inside, outside))
        if not n or not rest or k * rest <= other * n:
            return 0.0
        ratios.append(loglik(k, n) + loglik(other, rest) - loglik(k + other, n + rest))
    return min(ratios)


def split(rows: list[Row], holds: Holds) -> tuple[list[Row], list[Row]]:
    return [row for row in rows if holds(row)], [row for row in rows if not holds(row)]


def search(rows: list[Row], every: list[Row]) -> tuple[list[tuple[str, Holds]], int]:
    """Return the slices that are carried over, and how many were looked at."""
    singles = list(list_slices(every))
    pairs = [(first, second) for first, second in combinations(singles, 2) if first[0] != second[0]]
    looked = len(singles) + len(pairs)
    ranked: list[tuple[float, int, str, Holds]] = []
    for _, name, holds in singles:
        ranked.append((evidence(*split(rows, holds)) - math.log(len(singles)), 1, name, holds))
    for (_, first, one), (_, second, other) in pairs:
        both = all_of(one, other)
        gains = [evidence(*split(split(rows, part)[0], both)) for part in (one, other)]
        if min(gains) >= LEAST_GAIN**2 / 2:
            value = evidence(*split(rows, both)) - math.log(looked)
            ranked.append((value, 2, f"{first} and {second}", both))
    ranked = [place for place in ranked if may_be(place, rows, looked, len(singles))]
    ranked.sort(key=lambda place: (-round(place[0], 9), place[1]))
    kept: list[tuple[str, Holds]] = []
    free = rows
    for _, _, name, holds in ranked:
        inside, outside = split(free, holds)
        broken = sum(row["broke"] for row in inside)
        apart = broken >= LEAST_BROKEN and evidence(inside, outside) >= LEAST_APART**2 / 2
        if (not kept or apart) and len(kept) < MOST:
            kept.append((name, holds))
            free = outside
    return kept, looked


def may_be(
    place: tuple[float, int, str, Holds], rows: list[Row], looked: int, singles: int
) -> bool:
    value, fields, _, holds = place
    inside = split(rows, holds)[0]
    ratio = value + math.log(looked if fields > 1 else singles)
    return (
        LEAST_SIZE <= len(inside) <= LARGEST * len(rows)
        and sum(row["broke"] for row in inside) >= LEAST_BROKEN
        and ratio >= LEAST_RATIO
        and value >= LEAST_EVIDENCE
    )


def fisher(inside: list[Row], outside: list[Row]) -> float:
    k, n, every = sum(r["broke"] for r in inside), len(inside), len(inside) + len(outside)
    flips = k + sum(r["broke"] for r in outside)
    if not n or not outside or not flips:
        return 1.0
    ways = sum(
        math.comb(flips, own) * math.comb(every - flips, n - own)
        for own in range(k, min(n, flips) + 1)
    )
    return ways / math.comb(every, n)


def hold_out(rows: list[Row], carried: list[tuple[str, Holds]]) -> dict[str, tuple[float, float]]:
    """Return of each slice its p-value, and that by Holm."""
    p_values = {}
    for name, holds in carried:
        inside, outside = split(rows, holds)
        right = [[row for row in part if row["right"]] for part in (inside, outside)]
        p_values[name] = max(fisher(inside, outside), fisher(right[0], right[1]))
    adjusted, largest = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=lambda one: p_values[one])):
        largest = max(largest, min((len(p_values) - place) * p_values[name], 1.0))
        adjusted[name] = (p_values[name], largest)
    return adjusted


def draw(seed: int) -> list[Row]:
    rng = random.Random(seed)
    rows = []
    for number in range(700):
        row: Row = {
            "id": f"{seed}-{number}",
            "lang": rng.choice(["de", "fr", "it"]),
            "kind": rng.choice(["code", "math", "prose", "prose"]),
            "size": round(rng.lognormvariate(3, 1), 1),
        }
        rate = 0.06
        if row["lang"] == "de" and (seed % 3 or row["kind"] == "math"):
            rate = 0.3
        if row["size"] > 40 and seed % 2:
            rate = 0.35
        right = rng.random() < 0.8
        rows.append({**row, "right": right, "broke": right and rng.random() < rate})
    return rows


def is_right(row: Row) -> bool:
    return bool(row["right"])


def is_kept(row: Row) -> bool:
    return bool(row["right"] and not row["broke"])


@pytest.mark.parametrize("seed", range(12))
def test_the_search_and_the_tests_are_those_of_a_plain_script(seed: int) -> None:
    rows = draw(seed)
    fields = ("id", "lang", "kind", "size")
    old, new = (
        [
            {name: row[name] for name in fields}
            | {"reference": "a", "prediction": "a" if keeps(row) else "b"}
            for row in rows
        ]
        for keeps in (is_right, is_kept)
    )
    result = compare(old, new, find_slices=True).found_slices
    assert result is not None
    assert result.fields == ("lang", "kind", "size")
    carried, looked = search([row for row in rows if is_searched(row)], rows)
    expected = hold_out([row for row in rows if not is_searched(row)], carried)
    assert result.looked_at == looked
    measured = {part.name: (part.p_value, part.p_adjusted) for part in result.tested}
    assert measured.keys() == expected.keys()
    for name, values in expected.items():
        assert measured[name] == pytest.approx(values)
    assert carried
