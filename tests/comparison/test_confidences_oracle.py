"""A plain script of what docs/metrics.md says of confidence, rows and loops alone, against compare.

Rows are hostile: one choice, ties, two choices of one text, numbers that are none, other choices or
another order on the new side, other examples on each side, slices of one example or of none.
"""

import json
import math
import random
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from compatkit import compare
from compatkit.errors import DataError

Row = dict[str, Any]
NO_NUMBERS = (math.nan, math.inf, -math.inf, 0.5, None, "x", True, -1e200)


class Model(NamedTuple):
    """What a model makes of an example: its shares, and which choices are right."""

    shares: list[float]
    right: set[int]

    @property
    def is_known(self) -> bool:
        return 0 < len(self.right) < len(self.shares)

    @property
    def top(self) -> int:
        return self.shares.index(max(self.shares))

    @property
    def probability(self) -> float:
        return sum(self.shares[place] for place in self.right)

    @property
    def margin(self) -> float:
        wrong = set(range(len(self.shares))) - self.right
        return max(self.shares[n] for n in self.right) - max(self.shares[n] for n in wrong)

    @property
    def brier(self) -> float:
        wrong = (share for n, share in enumerate(self.shares) if n not in self.right)
        return (1 - self.probability) ** 2 + sum(share**2 for share in wrong)


def read(row: Row) -> Model | None:
    """Return what a row says; None where it says no likelihood of each of two choices or more."""
    values, choices = row["log_likelihoods"], row["choices"]
    if values is None or len(values) < 2:
        return None
    if not all(type(v) is float and abs(v) < 1e100 and v <= 1e-4 for v in values):
        return None
    weights = [math.exp(value - max(values)) for value in values]
    reference = row["reference"]
    right = {choices.index(reference)} if reference in choices else set()
    return Model([weight / sum(weights) for weight in weights], right)


def find_partners(old: Row, new: Row) -> list[int] | None:
    """Return where each old choice stands among the new ones; None where they are others."""
    was, now = old["choices"], new["choices"]
    if was == now:
        return list(range(len(was)))
    if sorted(was) != sorted(now) or len(set(was)) < len(was):
        return None
    return [now.index(text) for text in was]


def calibration_error(models: list[Model]) -> float:
    gaps = [0.0] * 15
    for model in models:
        share = model.shares[model.top]
        gaps[min(14, max(0, math.ceil(share * 15) - 1))] += share - (model.top in model.right)
    return sum(map(abs, gaps)) / len(models)


def mean(numbers: Iterable[float]) -> float | None:
    held = list(numbers)
    return sum(held) / len(held) if held else None


def measure(pairs: list[tuple[Row, Row]], close: float) -> dict[str, float | None]:
    """Return each metric of some examples; None where nothing defines it."""
    models = [(read(old), read(new)) for old, new in pairs]
    moved = [
        (p, q, [q.shares[place] for place in partners])
        for (old, new), (p, q) in zip(pairs, models, strict=True)
        if p and q and (partners := find_partners(old, new)) is not None
    ]
    judged = [(p, q) for p, q, _ in moved if p.is_known and q.is_known]
    broken = [
        p
        for (old, new), (p, _) in zip(pairs, models, strict=True)
        if old["prediction"] == old["reference"] != new["prediction"]
    ]
    calls = sum(1 for p in broken if p and p.is_known and 0 <= p.margin <= close)
    known = any(p and p.is_known for p, _ in models)
    errors = [calibration_error(list(side)) for side in zip(*judged, strict=True)]
    return {
        "kl_divergence": mean(
            sum(a * math.log(a / b) for a, b in zip(p.shares, shares, strict=True) if a)
            for p, _, shares in moved
        ),
        "top_choice_agreement": mean(p.top == s.index(max(s)) for p, _, s in moved),
        "log_likelihood_delta": mean(
            math.log(q.probability) - math.log(p.probability) for p, q in judged
        ),
        "brier_delta": mean(q.brier - p.brier for p, q in judged),
        "calibration_error_delta": errors[1] - errors[0] if errors else None,
        "close_call_rate": calls / len(pairs) if known else None,
        "confident_negative_flip_rate": (len(broken) - calls) / len(pairs) if known else None,
    }


def draw_values(draw: random.Random, size: int) -> list[Any]:
    values: list[Any] = [draw.choice([-1.0, -2.0, -0.5, draw.uniform(-9, 0)]) for _ in range(size)]
    if draw.random() < 0.1:
        values = [-1.0] * size
    if draw.random() < 0.08:
        values[draw.randrange(size)] = draw.choice(NO_NUMBERS)
    return values


def draw_row(draw: random.Random, row: Row, *, turned: bool) -> Row:
    choices, values = list(row["choices"]), draw_values(draw, len(row["choices"]))
    if turned and draw.random() < 0.3:
        order = draw.sample(range(len(choices)), len(choices))
        choices, values = [choices[n] for n in order], [values[n] for n in order]
    if turned and draw.random() < 0.08:
        choices, values = [*choices, "more"], [*values, -1.0]
    answer = draw.choice(choices)
    held = None if draw.random() < 0.04 else values
    return {**row, "choices": choices, "log_likelihoods": held, "prediction": answer}


def draw_sides(draw: random.Random) -> list[dict[str, Row]]:
    """Return the rows of the old model, of the new one and of a second run, by id."""
    sides: list[dict[str, Row]] = [{}, {}, {}]
    for number in range(draw.choice([1, 2, 3, 8, 30, 60])):
        choices = [f"c{place}" for place in range(draw.choice([1, 2, 2, 3, 4, 4, 5]))]
        if draw.random() < 0.1:
            choices[-1] = choices[0]
        name = f"q{number}"
        row = {"id": name, "choices": choices, "part": draw.choice("abcd")}
        row["reference"] = "none of them" if draw.random() < 0.1 else draw.choice(choices)
        for side, turned in zip(sides, (False, True, False), strict=True):
            if draw.random() < 0.95:
                side[name] = draw_row(draw, row, turned=turned)
    return sides


def find_moves(old: dict[str, Row], rerun: dict[str, Row], ids: list[str]) -> list[float]:
    models = [(read(old[name]), read(rerun[name])) for name in ids]
    return sorted(
        abs(p.margin - q.margin) for p, q in models if p and q and p.is_known and q.is_known
    )


@pytest.mark.parametrize("seed", range(80))
def test_a_plain_script_measures_the_same_in_total_and_in_each_slice(seed: int) -> None:
    draw = random.Random(seed)
    old, new, rerun = draw_sides(draw)
    again = seed % 2 == 1
    ids = [name for name in old if name in new and (name in rerun or not again)]
    sides = [draw.sample(list(side.values()), len(side)) for side in (old, new, rerun)]
    if not ids:
        with pytest.raises(DataError):
            compare(*sides[:2], missing="skip")
        return
    try:
        comparison = compare(
            *sides[:2], old_rerun=sides[2] if again else None, missing="skip", by=["part"]
        )
    except DataError as error:
        assert "as the new model to each example" in str(error)  # noqa: PT017
        return
    if comparison.close_margin is None:
        assert not any("kl" in name for name in comparison.metrics)
        assert all(read(old[name]) is None for name in ids)
        return
    moves = find_moves(old, rerun, ids) if again else []
    close = moves[math.ceil(0.99 * (len(moves) - 1) - 1e-9)] if moves else 0.05
    assert comparison.close_margin.value == pytest.approx(close)
    parts = [(ids, comparison.metrics)] + [
        ([name for name in ids if old[name]["part"] == value], part.metrics)
        for value, part in comparison.slices["part"].items()
    ]
    for names, metrics in parts:
        expected = measure([(old[n], new[n]) for n in names], comparison.close_margin.value)
        for metric, value in expected.items():
            measured = metrics[metric]
            assert measured.value == (None if value is None else pytest.approx(value)), metric
            assert value is not None or measured.reason
            if measured.low is not None and measured.high is not None:
                assert measured.low - 1e-9 <= (measured.value or 0.0) <= measured.high + 1e-9
    json.dumps(comparison.to_dict(), allow_nan=False)
