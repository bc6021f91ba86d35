"""Confidence: probabilities, margins and divergences of choices, by hand and by a plain script."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.metrics.confidence import (
    Confidence,
    ConfidencePair,
    diverge,
    find_tops,
    join_confidence,
    log_probabilities,
    measure_confidence,
)
from compatkit.metrics.confidence_metrics import calibration_error

SIZES = np.array([2, 3])
VALUES = np.log([0.75, 0.25, 0.25, 0.5, 0.25])
RIGHT = np.array([True, False, False, False, True])


def test_one_model_by_hand() -> None:
    model = measure_confidence(VALUES, RIGHT, SIZES)
    assert model.probability == pytest.approx([0.75, 0.25])
    assert model.log_probability == pytest.approx([math.log(0.75), math.log(0.25)])
    assert model.margin == pytest.approx([0.75 - 0.25, 0.25 - 0.5])
    assert model.brier == pytest.approx([2 * 0.25**2, 0.75**2 + 0.5**2 + 0.25**2])
    assert model.top == pytest.approx([0.75, 0.5])
    assert model.hit.tolist() == [1.0, 0.0]
    assert model.is_known.all()


def test_several_right_choices_count_as_one() -> None:
    model = measure_confidence(VALUES, np.array([True, False, True, False, True]), SIZES)
    assert model.probability[1] == pytest.approx(0.5)
    assert model.margin[1] == pytest.approx(0.25 - 0.5)  # of the likeliest of each kind
    assert model.brier[1] == pytest.approx(0.5**2 + 0.5**2)


@pytest.mark.parametrize("right", [[False] * 5, [True] * 5])
def test_where_nothing_tells_right_from_wrong_only_the_top_is_known(right: list[bool]) -> None:
    model = measure_confidence(VALUES, np.array(right), SIZES)
    assert model.top == pytest.approx([0.75, 0.5])
    for column in (model.probability, model.log_probability, model.margin, model.brier, model.hit):
        assert np.isnan(column).all()
    assert not model.is_known.any()


def test_no_examples() -> None:
    nothing = np.zeros(0)
    sizes = np.zeros(0, np.int64)
    assert measure_confidence(nothing, np.zeros(0, np.bool_), sizes).top.tolist() == []
    assert diverge(nothing, nothing, sizes).tolist() == []
    assert find_tops(nothing, sizes).tolist() == []


def test_numbers_far_apart_neither_overflow_nor_vanish() -> None:
    values, sizes = np.array([-2000.0, -1.0, -1e6, -1e6]), np.array([2, 2])
    logs = log_probabilities(values, sizes)
    assert logs == pytest.approx([-1999.0, 0.0, math.log(0.5), math.log(0.5)])
    model = measure_confidence(logs, np.array([True, False, True, False]), sizes)
    assert model.log_probability == pytest.approx([-1999.0, math.log(0.5)])
    assert model.probability == pytest.approx([0.0, 0.5])
    turned = log_probabilities(np.array([-1.0, -2000.0, -1.0, -1.0]), sizes)
    assert diverge(logs, turned, sizes) == pytest.approx([1999, 0])


def test_the_first_of_equal_choices_is_the_likeliest() -> None:
    assert find_tops(np.array([-2.0, -1.0, -1.0, -3.0, -3.0]), SIZES).tolist() == [1, 2]


def test_the_divergence_by_hand() -> None:
    new = np.log([0.5, 0.5, 0.25, 0.5, 0.25])
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert diverge(VALUES, new, SIZES) == pytest.approx([expected, 0.0])
    assert diverge(VALUES, VALUES, SIZES).tolist() == [0.0, 0.0]


rows = st.lists(
    st.lists(st.tuples(st.floats(-50, 0), st.floats(-50, 0)), min_size=2, max_size=5),
    min_size=1,
    max_size=6,
)


@given(rows)
def test_a_plain_script_says_the_same(examples: list[list[tuple[float, float]]]) -> None:
    sizes = np.array([len(example) for example in examples])
    old, new = (
        log_probabilities(np.array([pair[side] for e in examples for pair in e]), sizes)
        for side in (0, 1)
    )
    right = np.concatenate([[number == size - 1 for number in range(size)] for size in sizes])
    model, divergence = measure_confidence(old, right, sizes), diverge(old, new, sizes)
    for place, example in enumerate(examples):
        p, q = (softmax([pair[side] for pair in example]) for side in (0, 1))
        assert model.probability[place] == pytest.approx(p[-1])
        assert model.margin[place] == pytest.approx(p[-1] - max(p[:-1]))
        brier = (1 - p[-1]) ** 2 + sum(value**2 for value in p[:-1])
        assert model.brier[place] == pytest.approx(brier, abs=1e-12)
        kl = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a)
        assert divergence[place] == pytest.approx(kl, abs=1e-9)
        assert divergence[place] >= 0.0
        assert 0.0 <= model.brier[place] <= 2.0
    assert np.exp(old).sum() == pytest.approx(len(examples))


@given(st.lists(st.floats(-50, 0), min_size=24, max_size=24), st.integers(2, 12))
def test_examples_of_one_width_have_the_numbers_that_they_have_beside_others(
    values: list[float], width: int
) -> None:
    size = len(values) // width
    sizes, beside = np.full(size, width), np.array([*[width] * size, 2])
    flat = np.array(values[: size * width])
    more = np.concatenate([flat, [-1.0, -2.0]])
    right = np.arange(len(more)) % 3 == 0
    alone, mixed = log_probabilities(flat, sizes), log_probabilities(more, beside)
    assert alone.tolist() == mixed[:-2].tolist()
    assert find_tops(flat, sizes).tolist() == find_tops(more, beside)[:-1].tolist()
    model = measure_confidence(alone, right[:-2], sizes)
    longer = measure_confidence(mixed, right, beside).take(np.arange(size))
    for name in Confidence.__struct_fields__:
        assert np.array_equal(getattr(model, name), getattr(longer, name), equal_nan=True), name


def softmax(values: list[float]) -> list[float]:
    weights = [math.exp(value - max(values)) for value in values]
    return [weight / sum(weights) for weight in weights]


def test_the_calibration_error_by_hand() -> None:
    top = np.array([0.95, 0.95, 0.5, 0.5, 1.0, 1 / 15])
    hit = np.array([1.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    # Bins of 1/15: (14/15, 1] holds three, (7/15, 8/15] two, and the first its upper edge.
    expected = (abs(2.9 - 2) + abs(1.0 - 2) + abs(1 / 15 - 0)) / 6
    assert calibration_error(top, hit) == pytest.approx(expected)
    assert calibration_error(np.zeros(1), np.zeros(1)) == 0.0


def test_columns_are_put_taken_and_joined() -> None:
    model = measure_confidence(VALUES, RIGHT, SIZES)
    wide = Confidence.unknown(3)
    wide.put(np.array([2, 0]), model)
    assert wide.probability[[2, 0]] == pytest.approx([0.75, 0.25])
    assert wide.is_known.tolist() == [True, False, True]
    pair = ConfidencePair(
        wide,
        wide.take(np.array([0, 2, 1])),
        np.array([True, True, False]),
        np.array([0.1, 0.2, np.nan]),
        np.array([True, False, False]),
        np.array([False, True, False]),
    )
    assert pair.judged.tolist() == [True, False, False]
    turned = pair.take(np.array([2, 1, 0]))
    assert turned.paired.tolist() == [False, True, True]
    twice = join_confidence([pair, turned])
    assert twice.close.tolist() == [False, True, False, False, True, False]
    assert twice.old.is_known.tolist() == [True, False, True, True, False, True]
