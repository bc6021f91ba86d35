"""Every wrong input is a sentence, whichever way it comes in."""

import os
import sys
from pathlib import Path
from types import ModuleType

import evaluate
import numpy as np
import pandas as pd
import pytest
import torch

import compatkit
from compatkit import extras
from compatkit.errors import CompatkitError, ConfigError, DataError, MissingExtraError
from compatkit.evaluate_modules import MODULES
from compatkit.evaluate_modules.widget import make_interface

A, B = ["a", "b"], ["a", "c"]


def load(name="negative_flip_rate", **options):
    return evaluate.load(compatkit.evaluate_module(name), **options)


def given(old=A, new=B, references=A, **more):
    columns = {"old_predictions": old, "predictions": new, "references": references}
    return {name: column for name, column in columns.items() if column is not None} | more


FAULTS = [
    (given([], [], []), "there are no examples"),
    ({}, "there are no examples"),
    (given(old=None), "old_predictions are missing; compute"),
    (given(new=None), "predictions are missing; compute"),
    ({"references": A}, "predictions are missing"),
    (given(new=["a"]), "old_predictions have 2 values and predictions have 1"),
    (given(references=["a"]), "have 2 values and references have 1"),
    (given(references=None), "'a' is no score. Without references"),
    (given("ab"), "old_predictions is a str; a list"),
    (given(new="ab"), "predictions is a str"),
    (given(references="ab"), "references is a str"),
    (given({"a": 1}), "old_predictions is a dict"),
    (given(3), "old_predictions is a int"),
    (given(np.array(3)), "old_predictions is a ndarray"),
    (given(object()), "old_predictions is a object"),
    (given(references=["a", None]), "references:2: None is no reference"),
    (given(references=["a", []]), "references:2: .. is no reference"),
    (given(references=[["a", None], [None]]), "references:2: .None. is no reference"),
    (given(references=["a", {"text": "b"}]), "references:2: a dict"),
    (given(references=["a", [["b"]]]), "references:2: a list; a text"),
    (given(new=["a", ["b", "c"]]), "predictions:2: a list; one answer per example"),
    (given(new=[[0.0, 1.0], [1.0, 0.0]]), "predictions:1: a list.*argmax"),
    (given(new=np.zeros((2, 3))), r"predictions have shape .2, 3.; one answer.*argmax"),
    (given(np.zeros((2, 1))), r"old_predictions have shape .2, 1."),
    (given(new=torch.zeros(2, 3)), r"predictions have shape .2, 3."),
    (given({"a", "b"}), "old_predictions is a set"),
    (given(new=frozenset(A)), "predictions is a frozenset"),
    (given(references=set(A)), "references is a set"),
    (given(pd.DataFrame({"x": A, "y": B})), "old_predictions is a DataFrame"),
    (given(new=pd.DataFrame({"x": A})), "predictions is a DataFrame"),
    (given(references=pd.DataFrame({"x": A, "y": B})), "references is a DataFrame"),
    (given(new=["a", b"b"]), "predictions:2: a bytes"),
    (given(new=["a", float("nan")]), "predictions:2: the prediction is nan"),
    (given([0.5, 0.1], [0.5, float("inf")], None), "predictions:2: inf is no score"),
    (given([0.5, None], [0.5, 0.1], None), "old_predictions:2: None is no score"),
    (given([0.5, 10**400], [0.5, 0.1], None), "old_predictions:2: 1000.* is no score"),
    (given([0.5, 0.1], [10**5000, 0.1], None), "predictions:1: a number of 16,610 bits is no"),
    (given([0, 1], [2, 1], None), "predictions lie between 1 and 2.*threshold=..."),
    (given([1, 2], [1.0, 2.0], [1, 2]), "predictions hold the type float and references the"),
    (given([True], [False], [1]), "old_predictions hold the type bool"),
    (given(unknown=3), "the module negative_flip_rate has no option 'unknown'; there are scorer"),
    (given(by="x"), "has no option 'by'"),
    (given(scorer="nothing"), "no scorer 'nothing'"),
    (given(scorer=5), "scorer is 5, a int; a scorer's name or a function"),
    (given(scorer=0), "scorer is 0, a int"),
    (given(scorer="field:score"), "reads a file. Give the scores as predictions"),
    (given(stemmer=True), "exact_match has no option 'stemmer'"),
    (given(references=None, scorer="rougeL"), "references are missing"),
    (given(threshold="high"), "threshold is 'high', a str"),
    (given(level=2.0), "level is 2.0"),
    (given(intervals="yes"), "intervals is 'yes'; True or False"),
    (given(scorer="numeric"), "numeric can score 0 of 2 rows"),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "message"), FAULTS)
def test_compute_gives_a_sentence(columns, message) -> None:
    with pytest.raises(CompatkitError, match=message):
        load().compute(**columns)


@pytest.mark.parametrize(
    ("columns", "message"),
    [(c, m) for c, m in FAULTS if set(c) <= {"old_predictions", "predictions", "references"}],
)
def test_add_batch_gives_the_same_sentence(columns, message) -> None:
    module = load()
    with pytest.raises(CompatkitError, match=message):  # noqa: PT012 (now or at the end)
        if columns:
            module.add_batch(**columns)
        module.compute()


@pytest.mark.parametrize("name", MODULES)
def test_every_module_refuses_nothing_and_unequal_lengths(name) -> None:
    with pytest.raises(DataError, match="no examples"):
        load(name).compute(old_predictions=[], predictions=[], references=[])
    with pytest.raises(DataError, match="have 2 values"):
        load(name).compute(old_predictions=A, predictions=["a"], references=A)


@pytest.mark.parametrize("name", [name for name in MODULES if MODULES[name].scorers])
def test_modules_of_one_scorer_need_references(name) -> None:
    with pytest.raises(ConfigError, match="references are missing"):
        load(name).compute(old_predictions=[0.5], predictions=[0.4])


def test_add_needs_its_columns() -> None:
    with pytest.raises(DataError, match="old_predictions are missing"):
        load().add(prediction="a", reference="a")
    with pytest.raises(DataError, match=r"^predictions are missing"):
        load().add(old_prediction="a", reference="a")
    with pytest.raises(DataError, match="no column old; there are old_predictions, predictions"):
        load().add(old="a", prediction="a", reference="a")
    with pytest.raises(DataError, match="no column weights"):
        load().add_batch(old_predictions=A, predictions=B, references=A, weights=[1, 2])


def test_an_unknown_rouge_type_and_an_option_of_another_module() -> None:
    with pytest.raises(ConfigError, match="rouge_type is 'rouge9'; one of rougeL"):
        load("rouge_flips").compute(**given(), rouge_type="rouge9")
    with pytest.raises(ConfigError, match="has no option 'scorer'"):
        load("rouge_flips").compute(**given(), scorer="chrf")
    with pytest.raises(ConfigError, match="has no option 'rouge_type'"):
        load("exact_match_flips").compute(**given(), rouge_type="rougeL")


def test_a_wrong_option_loses_nothing_that_was_added() -> None:
    module = load()
    module.add_batch(**given())
    with pytest.raises(ConfigError):
        module.compute(level=2.0)
    with pytest.raises(ConfigError):
        module.compute(**given(), level=2.0)
    assert len(module) == 2
    assert module.compute() == {"negative_flip_rate": 0.5, "negative_flips": 1}


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (given(new=["a", ["b"]]), "predictions:2: a list"),
        (given(new=["a", float("nan")]), "predictions:2: the prediction is nan"),
        (given(references=["a", None]), "references:2: None is no reference"),
        (given([1, 2], [1.0, 2.0], [1, 2]), "predictions hold the type float"),
    ],
)
def test_examples_that_are_refused_stand_in_no_later_evaluation(refused, message) -> None:
    module = load()
    module.add_batch(**refused)
    with pytest.raises(DataError, match=f"{message}.* The 2 examples that were added .* dropped"):
        module.compute()
    assert len(module) == 0
    module.add_batch(**given())
    assert module.compute() == {"negative_flip_rate": 0.5, "negative_flips": 1}


def test_a_batch_that_never_came_in_drops_nothing() -> None:
    module = load()
    module.add_batch(**given())
    with pytest.raises(DataError, match="predictions is a str"):
        module.compute(**given(new="ab"))
    with pytest.raises(DataError, match="predictions is a set"):
        module.add_batch(**given(new=set(B)))
    assert module.compute() == {"negative_flip_rate": 0.5, "negative_flips": 1}


def test_an_array_of_several_references_is_taken() -> None:
    found = load().compute(old_predictions=A, predictions=B, references=np.array([["a"], ["b"]]))
    assert found == {"negative_flip_rate": 0.5, "negative_flips": 1}


def test_the_lists_given_stay_as_they_are() -> None:
    old, new, references = list(A), list(B), list(A)
    module = load()
    for _ in range(2):
        module.add_batch(old_predictions=old, predictions=new, references=references)
    assert module.compute(counts=True)["total"] == 4
    assert (old, new, references) == (A, B, A)


def test_held_predictions_are_given_once_and_fit() -> None:
    module = load(old_predictions=A)
    with pytest.raises(DataError, match=r"no column old_predictions.*when the module was loaded"):
        module.compute(**given())
    with pytest.raises(DataError, match="old_predictions have 2 values and predictions have 1"):
        module.compute(predictions=["a"], references=["a"])
    with pytest.raises(DataError, match="old_predictions is a str"):
        load(old_predictions="ab")
    with pytest.raises(ConfigError, match="has no option 'treshold'"):
        load(treshold=0.3).compute(**given())


def test_no_such_module() -> None:
    with pytest.raises(ConfigError, match="no evaluate module 'accuracy'; there are negative_flip"):
        compatkit.evaluate_module("accuracy")


def test_a_module_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"no evaluate module 'accuracy'; there are negative_"):
        compatkit.evaluate_module("accuracy")


def test_without_evaluate_a_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r'pip install "compatkit\[evaluate\]"'):
        compatkit.evaluate_module("compatibility")


def test_a_cache_that_cannot_be_made_or_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", str(tmp_path / "file" / "modules"))
    with pytest.raises(ConfigError, match=r"which cannot be written: Not a directory. Set HF_HOME"):
        compatkit.evaluate_module("compatibility")
    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match=r"cannot be written: Permission denied. Set HF_HOME"):
        compatkit.evaluate_module("compatibility")


def test_the_page_of_a_space_is_made_of_the_card_and_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gradio(ModuleType):
        Interface = Textbox = JSON = staticmethod(lambda *_, **options: options)

    monkeypatch.setitem(sys.modules, "gradio", Gradio("gradio"))
    (tmp_path / "README.md").write_text("---\ntitle: T\n---\n\n# The card\n")
    page = make_interface("negative_flip_rate", tmp_path / "README.md")
    assert "# The card" in page["article"]
    assert "title: T" not in page["article"]
    assert page["fn"]('["a"]', '["b"]', '["a"]')["negative_flip_rate"] == 1.0


def test_a_cache_where_processes_cannot_meet_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"where 2 processes meet, cannot be written: .*HF_HOME"):
        load(num_process=2, process_id=0, experiment_id="e", cache_dir=str(tmp_path / "file/cache"))
