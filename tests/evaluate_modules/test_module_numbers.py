"""The numbers of every module are those of compatkit.compare."""

import importlib.util

import evaluate
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from evaluate_module_cases import CASES, FOLDER, TEXTS, to_rows
from hypothesis import given, settings
from hypothesis import strategies as st

import compatkit
from compatkit.evaluate_modules import MODULES


def load(name, **options):
    return evaluate.load(compatkit.evaluate_module(name), **options)


@pytest.mark.parametrize(("name", "columns", "options", "same"), CASES)
def test_the_numbers_are_those_of_compare(name, columns, options, same) -> None:
    old, new, references = columns
    extras = {"intervals": True, "counts": True, "tests": True, "signature": True}
    given = {"old_predictions": old, "predictions": new}
    given |= {} if references is None else {"references": references}
    result = load(name).compute(**given, **options, **extras)
    found = compatkit.compare(
        to_rows(old, references), to_rows(new, references), by_position=True, **same
    )
    expected = {}
    for metric in MODULES[name].metrics:
        value = found.metrics[metric]
        expected |= {metric: value.value, f"{metric}_low": value.low, f"{metric}_high": value.high}
    for count in ("total", "both_right", "negative_flips", "positive_flips", "both_wrong"):
        expected[count] = getattr(found.counts, count)
    expected |= {"no_answer_old": found.counts.no_answer_old}
    expected |= {"no_answer_new": found.counts.no_answer_new}
    expected |= {f"p_value_{test}": each.p_value for test, each in found.tests.items()}
    expected["signature"] = found.signature
    assert result == expected
    assert {type(value) for key, value in result.items() if key != "signature"} <= {
        *(float, int, type(None))
    }
    brief = load(name).compute(**given, **options)
    kept = [*MODULES[name].metrics, *MODULES[name].counts]
    assert brief == {key: expected[key] for key in kept}
    assert list(brief) == kept


def test_a_table_worked_out_by_hand() -> None:
    # right: old 1 1 1 0 1 0, new 1 0 1 1 0 0; answers differ on rows 2, 4, 5 and 6
    old, new = list("abcxeq"), list("azcdxr")
    references = list("abcdef")
    given = {"old_predictions": old, "predictions": new, "references": references}
    assert load("negative_flip_rate").compute(**given) == {
        "negative_flip_rate": 2 / 6,
        "negative_flips": 2,
    }
    assert load("positive_flip_rate").compute(**given) == {
        "positive_flip_rate": 1 / 6,
        "positive_flips": 1,
    }
    assert load("backward_compatibility").compute(**given) == pytest.approx(
        {
            "backward_trust_compatibility": 2 / 4,
            "backward_error_compatibility": 1 / 3,
            "negative_flip_impact": 2 / 3,
            "relative_negative_flip_rate": (2 / 6) / (4 / 6 * 3 / 6),
            "churn": 4 / 6,
            "inconsistency_flip_rate": 3 / 6,
        }
    )


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_s_own_tests_hold(name) -> None:
    spec = importlib.util.spec_from_file_location(f"cases_{name}", FOLDER / name / "tests.py")
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    assert len(tests.test_cases) >= 2
    for case in tests.test_cases:
        given = {key: case[key] for key in case if key not in {"options", "result"}}
        found = load(name).compute(**given, **case.get("options", {}))
        assert found == case["result"]


KINDS = {
    "list": list,
    "tuple": tuple,
    "numpy": np.array,
    "torch": torch.tensor,
    "pandas": pd.Series,
    "arrow": pa.array,
    "generator": lambda values: (each for each in values),
    "numpy scalars": lambda values: [np.int64(each) for each in values],
    "torch scalars": lambda values: [torch.tensor(each) for each in values],
}


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_every_kind_give_one_result(kind) -> None:
    make = KINDS[kind]
    result = load("exact_match_flips").compute(
        old_predictions=make([0, 1, 1]), predictions=make([0, 1, 0]), references=make([0, 1, 1])
    )
    assert result["negative_flip_rate"] == 1 / 3
    assert result["accuracy_old"] == 1.0


def test_what_pandas_misses_is_no_answer() -> None:
    result = load("negative_flip_rate").compute(
        old_predictions=pd.Series(["a", "b"]),
        predictions=pd.Series(["a", np.nan]),
        references=["a", "b"],
        counts=True,
    )
    assert (result["negative_flips"], result["no_answer_new"]) == (1, 1)


def test_booleans_and_numbers_of_torch_are_scores() -> None:
    module = load("negative_flip_rate")
    flags = module.compute(old_predictions=[True, True], predictions=np.array([True, False]))
    assert flags["negative_flip_rate"] == 0.5
    halves = torch.tensor([0.75, 0.25], dtype=torch.bfloat16)
    assert module.compute(old_predictions=[1, 1], predictions=halves)["negative_flips"] == 1


def test_scores_beyond_1_with_a_threshold() -> None:
    old, new = [-3.0, 2.5, 7.0], [4.0, 2.4, 7.0]
    result = load("compatibility").compute(old_predictions=old, predictions=new, threshold=2.5)
    found = compatkit.compare(
        to_rows(old, None), to_rows(new, None), by_position=True, scorer="field:score",
        threshold=2.5,
    )  # fmt: skip
    assert result["score_old"] == found.score_old == pytest.approx(6.5 / 3)
    assert (result["negative_flips"], result["positive_flips"]) == (1, 1)


def test_undefined_is_none() -> None:
    result = load("backward_compatibility").compute(
        old_predictions=["x"], predictions=["a"], references=["a"]
    )
    assert result["backward_trust_compatibility"] is None
    assert result["backward_error_compatibility"] is None
    assert result["churn"] == 1.0


answers = st.none() | st.text(max_size=3) | st.integers() | st.booleans()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            answers, answers, st.text(max_size=3) | st.lists(st.text(max_size=2), min_size=1)
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 8),
)
def test_chunks_give_what_one_call_gives(rows, size) -> None:
    old, new, references = map(list, zip(*rows, strict=True))
    module = load("compatibility")
    for start in range(0, len(rows), size):
        end = start + size
        module.add_batch(
            old_predictions=old[start:end],
            predictions=new[start:end],
            references=references[start:end],
        )
    assert len(module) == len(rows)
    chunks = module.compute(signature=True)
    assert len(module) == 0
    for each_old, each_new, reference in rows:
        module.add(old_prediction=each_old, prediction=each_new, reference=reference)
    assert module.compute(signature=True) == chunks
    given = {"old_predictions": old, "predictions": new, "references": references}
    assert module.compute(**given, signature=True) == chunks
    found = compatkit.compare(to_rows(old, references), to_rows(new, references), by_position=True)
    assert chunks["signature"] == found.signature
    assert chunks["churn"] == found.churn


def test_the_old_predictions_may_be_held() -> None:
    old, new, references = TEXTS
    held = load("compatibility", old_predictions=old, scorer="token_f1")
    expected = load("compatibility").compute(
        old_predictions=old, predictions=new, references=references, scorer="token_f1"
    )
    assert held.compute(predictions=new, references=references) == expected
    assert list(held.features) == ["predictions", "references"]
    for prediction, reference in zip(new, references, strict=True):
        held.add(prediction=prediction, reference=reference)
    assert held.compute() == expected
    assert held.compute(predictions=new, references=references, scorer="chrf") != expected
