import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prediction_files import rows_of_model, write_rows

from compatkit import Comparison, compare, compare_candidates, compare_folders
from compatkit.metrics.definitions import METRICS, names_always
from compatkit.reports.json_report import render_json

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "score.schema.json").read_text(encoding="utf-8")
)
Rows = list[dict[str, Any]]
OLD, NEW, CANDIDATE, RERUN = map(rows_of_model, ("old", "new", "candidate", "rerun"))


def answering(prediction: object, count: int = 3) -> Rows:
    return [{"id": n, "prediction": prediction, "reference": "yes"} for n in range(count)]


def sampled(rows: Rows, *others: Rows) -> Rows:
    return [
        {**row, "prediction": [row["prediction"], *(each["prediction"] for each in more)]}
        for row, *more in zip(rows, *others, strict=True)
    ]


def failed(rows: Rows) -> Rows:
    return [*rows[:-1], {**rows[-1], "error": "time out", "prediction": None}]


def one(*models: Rows, **options: Any) -> Callable[[], list[Comparison]]:
    return lambda: compare_candidates(models[0], list(models[1:]), **options)


CASES: dict[str, Callable[[], Sequence[Comparison]]] = {
    "pair": one(OLD, NEW),
    "continuous": one(OLD, NEW, scorer="rougeL", threshold=0.3),
    "slices": one(OLD, NEW, by=["lang", "input"]),
    "sweep": one(OLD, NEW, scorer="token_f1", sweep=True),
    "candidates": one(OLD, NEW, CANDIDATE, RERUN),
    "continuous candidates": one(OLD, NEW, CANDIDATE, scorer="chrf", by="lang"),
    "samples": one(sampled(OLD, RERUN), sampled(NEW, CANDIDATE)),
    "samples of candidates": one(sampled(OLD, RERUN), sampled(NEW, OLD), sampled(CANDIDATE, NEW)),
    "continuous samples": one(sampled(OLD, RERUN), sampled(NEW, OLD), scorer="token_f1"),
    "rerun": one(OLD, NEW, old_rerun=RERUN),
    "errored": one(failed(OLD), NEW),
    "errored, wrong": one(failed(OLD), NEW, errors="wrong"),
    "missing": one(OLD, NEW[1:], missing="skip"),
    "missing, wrong": one(OLD, NEW[1:], missing="wrong"),
    "edited": one([{**OLD[0], "reference": "x"}, *OLD[1:]], NEW, edited="skip"),
    "edited, kept": one([{**OLD[0], "reference": "x"}, *OLD[1:]], NEW, edited="keep"),
    "no answer": one([{**OLD[0], "prediction": None}, *OLD[1:]], NEW),
    "one example": one(OLD[:1], NEW[:1]),
    "one example, continuous": one(OLD[:1], NEW[:1], CANDIDATE[:1], scorer="bleu"),
    "one example, sampled": one(answering(["yes", "no"], 1), answering(["no", "no"], 1)),
    "all right": one(answering("yes"), answering("yes")),
    "all wrong": one(answering("no"), answering("other"), answering("no")),
    "everything breaks": one(answering("yes"), answering("no")),
    "identical": one(OLD, OLD),
    "identical, continuous": one(OLD, OLD, OLD, scorer="rouge1", sweep=True),
    "field": one(
        [{"id": n, "score": n / 3} for n in range(4)],
        [{"id": n, "score": (3 - n) / 3} for n in range(4)],
        scorer="field:score",
    ),
    "flips not kept": one(OLD, NEW, keep_flips=False),
}


def test_the_schema_is_one_and_knows_every_metric() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    metrics = SCHEMA["$defs"]["metrics"]
    assert list(metrics["properties"]) == list(METRICS)
    assert metrics["required"] == names_always()
    assert metrics["additionalProperties"] is False


@pytest.mark.parametrize("case", CASES)
def test_a_report_holds_to_the_schema(case: str) -> None:
    report = json.loads(render_json(CASES[case]()))
    errors = [f"{each.json_path}: {each.message[:300]}" for each in validate(report)]
    assert errors == []


def validate(report: object) -> list[Any]:
    return list(Draft202012Validator(SCHEMA).iter_errors(report))


@pytest.mark.parametrize("case", CASES)
def test_what_is_undefined_has_a_reason_and_counts_add_up(case: str) -> None:
    for result in json.loads(render_json(CASES[case]()))["results"]:
        parts = [result, *(part for each in result["slices"].values() for part in each.values())]
        for part in parts:
            counts = part["counts"]
            cells = ("both_right", "negative_flips", "positive_flips", "both_wrong")
            assert sum(counts[cell] for cell in cells) == pytest.approx(counts["total"])
            for name, metric in part["metrics"].items():
                limits = "low" in metric and "high" in metric
                assert ("reason" in metric) == (not limits), name
                if limits:
                    assert metric["low"] <= metric["value"] <= metric["high"], name
                if "numerator" in metric and metric["value"] is not None:
                    assert metric["value"] == metric["numerator"] / metric["denominator"]


def test_folders_hold_to_the_schema(tmp_path: Path) -> None:
    for side, rows in (("old", OLD), ("new", NEW), ("other", CANDIDATE)):
        (tmp_path / side).mkdir()
        for task in ("a", "b"):
            write_rows(tmp_path / side / f"{task}.jsonl", rows)
    results = compare_folders(tmp_path / "old", [tmp_path / "new", tmp_path / "other"])
    report = json.loads(render_json(results))
    assert validate(report) == []
    assert [each["task"] for each in report["results"]] == ["a", "a", "b", "b", "total", "total"]
    total = report["results"][-2]["metrics"]["negative_flip_rate"]
    assert (total["numerator"], total["denominator"]) == (4, 16)


def damaged(report: Any, path: Sequence[str | int], value: object) -> Any:
    node = report = json.loads(json.dumps(report))
    for key in path[:-1]:
        node = node[key]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return report


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["format"], 2),
        (["further"], 1),
        (["results"], []),
        (["results", 0, "task"], None),
        (["results", 0, "identical"], ...),
        (["results", 0, "counts", "total"], 0),
        (["results", 0, "counts", "excluded", "missing"], ...),
        (["results", 0, "metrics", "churn"], ...),
        (["results", 0, "metrics", "another"], {"value": None, "reason": "x"}),
        (["results", 0, "metrics", "churn"], {"value": None}),
        (["results", 0, "metrics", "churn", "value"], None),
        (["results", 0, "metrics", "churn", "low"], ...),
        (["results", 0, "metrics", "churn", "reason"], "x"),
        (["results", 0, "flips", 0, "kind"], "other"),
        (["results", 0, "flips", 0, "references"], "x"),
        (["results", 0, "sweep"], {}),
    ],
)
def test_the_schema_refuses_what_is_no_report(path: list[str | int], value: object) -> None:
    report = json.loads(render_json([compare(OLD, NEW)]))
    assert validate(report) == []
    assert validate(damaged(report, path, value)) != []


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    old = write_rows(tmp_path / "old.jsonl", sampled(OLD, RERUN))
    new = write_rows(tmp_path / "new.jsonl", sampled(NEW, CANDIDATE))
    command = [sys.executable, "-m", "compatkit", "score", old, new, "-s", "token_f1", "--json"]
    command += ["--by", "lang"]
    outputs = [
        subprocess.run(
            command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    assert outputs[0].stdout == outputs[1].stdout != b""
    assert outputs[0].stderr == b""
