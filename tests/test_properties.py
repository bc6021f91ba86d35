"""What holds of every comparison, whatever the rows."""

import csv
import gzip
import io
import json
import math
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from compatkit import compare
from compatkit.metrics.definitions import METRICS

ANSWERS = st.sampled_from(["yes", "no", "maybe", None])
SHARES = (
    "accuracy_old",
    "accuracy_new",
    "negative_flip_rate",
    "positive_flip_rate",
    "inconsistency_flip_rate",
    "negative_flip_impact",
    "backward_trust_compatibility",
    "backward_error_compatibility",
    "churn",
    "agreement_right",
    "smooth_positive_flip_rate",
    "smooth_negative_flip_rate",
    "mean_gain",
    "mean_regression",
)
TEXTS = ("the cat sat", "the cat", "a dog sat down", "cat", "")


def rows_of(pairs, side):
    return [
        {"id": name, "prediction": pair[side], "reference": "yes"} for name, pair in pairs.items()
    ]


pairs = st.dictionaries(
    st.text(min_size=1, max_size=4).filter(str.isalnum),
    st.tuples(ANSWERS, ANSWERS),
    min_size=1,
    max_size=30,
)
texts = st.lists(
    st.tuples(*[st.sampled_from(TEXTS)] * 2, st.sampled_from(TEXTS[:3])), min_size=1, max_size=12
)
quick = settings(max_examples=60, deadline=None)


def cells(result):
    counts = result.counts
    return (counts.both_right, counts.negative_flips, counts.positive_flips, counts.both_wrong)


def flips_of(result):
    return {
        (flip.id, flip.kind, flip.old_prediction, flip.new_prediction) for flip in result.examples
    }


def metrics_of(result):
    return {
        name: (metric.value, metric.low, metric.high) for name, metric in result.metrics.items()
    }


@quick
@given(pairs)
def test_swapping_the_models_swaps_the_flips(pairs):
    old, new = rows_of(pairs, 0), rows_of(pairs, 1)
    there, back = compare(old, new), compare(new, old)
    assert cells(there) == tuple(cells(back)[i] for i in (0, 2, 1, 3))
    assert there.negative_flip_rate == back.positive_flip_rate
    assert there.accuracy_old == back.accuracy_new
    assert there.churn == back.churn
    assert there.accuracy_delta == -back.accuracy_delta
    assert there.counts.no_answer_old == back.counts.no_answer_new
    turned = {"negative": "positive", "positive": "negative"}
    assert flips_of(there) == {(n, turned[k], b, a) for n, k, a, b in flips_of(back)}


@quick
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_number(pairs, random):
    old, new = rows_of(pairs, 0), rows_of(pairs, 1)
    expected = compare(old, new)
    random.shuffle(new)
    for first in (old, random.sample(old, len(old))):
        result = compare(first, new)
        assert result.counts == expected.counts
        assert metrics_of(result) == metrics_of(expected)
        assert flips_of(result) == flips_of(expected)


@quick
@given(texts, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_number_of_a_continuous_score(texts, random):
    old, new = (
        [{"id": n, "prediction": t[side], "reference": t[2]} for n, t in enumerate(texts)]
        for side in (0, 1)
    )
    options = {"scorer": "token_f1", "resamples": 100}
    expected = compare(old, new, **options)
    random.shuffle(new)
    result = compare(random.sample(old, len(old)), new, **options)
    assert result.counts == expected.counts
    assert metrics_of(result) == metrics_of(expected)


@quick
@given(pairs, st.integers(0, 30))
def test_counts_add_over_any_split(pairs, cut):
    names = list(pairs)
    parts = [{name: pairs[name] for name in part} for part in (names[:cut], names[cut:]) if part]
    whole = compare(rows_of(pairs, 0), rows_of(pairs, 1))
    several = [compare(rows_of(part, 0), rows_of(part, 1)) for part in parts]
    assert cells(whole) == tuple(map(sum, zip(*map(cells, several), strict=True)))
    assert whole.counts.total == sum(cells(whole)) == len(pairs)
    assert flips_of(whole) == set().union(*map(flips_of, several))


@quick
@given(pairs)
def test_slices_add_up_to_the_whole(pairs):
    old = [{**row, "first": row["id"][0]} for row in rows_of(pairs, 0)]
    result = compare(old, rows_of(pairs, 1), by="first")
    parts = [part.counts for part in result.slices["first"].values()]
    assert sum(part.total for part in parts) == result.counts.total
    assert sum(part.negative_flips for part in parts) == result.counts.negative_flips


@quick
@given(pairs)
def test_every_share_lies_between_0_and_1_and_within_its_interval(pairs):
    check_shares(compare(rows_of(pairs, 0), rows_of(pairs, 1)))


@quick
@given(texts)
def test_every_share_of_a_continuous_score_lies_between_0_and_1(texts):
    old, new = (
        [{"id": n, "prediction": t[side], "reference": t[2]} for n, t in enumerate(texts)]
        for side in (0, 1)
    )
    check_shares(compare(old, new, scorer="token_f1", resamples=100))


def check_shares(result):
    assert set(SHARES) <= set(METRICS)
    for name in SHARES:
        metric = result.metrics[name]
        if metric.value is None:
            assert metric.reason
            continue
        assert 0 <= metric.value <= 1
        if metric.low is not None:
            assert 0 <= metric.low <= metric.value + 1e-12
            assert metric.value - 1e-12 <= metric.high <= 1
    for metric in result.metrics.values():
        assert metric.value is None or math.isfinite(metric.value)
    if result.inconsistency_flip_rate is not None:
        assert result.negative_flip_rate <= result.inconsistency_flip_rate


@quick
@given(pairs)
def test_identical_models_have_no_flips(pairs):
    rows = rows_of(pairs, 0)
    result = compare(rows, list(rows))
    assert result.identical
    assert (result.counts.negative_flips, result.counts.positive_flips) == (0, 0)
    assert (result.churn, result.accuracy_delta) == (0, 0)
    assert result.examples == ()


def delimited(rows, delimiter):
    file = io.StringIO(newline="")
    table = csv.DictWriter(file, rows[0], delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return file.getvalue().encode()


def table_of(rows):
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


WRITERS = {
    "jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows).encode(),
    "json": lambda rows: json.dumps(rows, ensure_ascii=False, indent=1).encode(),
    "csv": lambda rows: delimited(rows, ","),
    "tsv": lambda rows: delimited(rows, "\t"),
    "parquet": table_of,
}
PACKERS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
# A lone surrogate has no UTF-8, and an empty cell of a table stands for null.
written = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("suffix", sorted(PACKERS))
@pytest.mark.parametrize("kind", sorted(WRITERS))
@given(rows=st.dictionaries(written, st.tuples(written, written, written), min_size=1, max_size=5))
def test_every_kind_of_file_gives_the_same_counts_and_flips(kind, suffix, rows):
    sides = [
        [{"id": name, "prediction": t[side], "reference": t[2]} for name, t in rows.items()]
        for side in (0, 1)
    ]
    expected = compare(*sides)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.{kind}{suffix}") for number in (0, 1)]
        for path, side in zip(paths, sides, strict=True):
            path.write_bytes(PACKERS[suffix](WRITERS[kind](side)))
        result = compare(*paths)
        flips = flips_of(result)  # read again from the files
    assert result.counts == expected.counts
    assert metrics_of(result) == metrics_of(expected)
    assert flips == flips_of(expected)
    assert result.identical == all(t[0] == t[1] for t in rows.values())
