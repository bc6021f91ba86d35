"""Runs of any length in the shapes that harnesses write, with texts from a seed."""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]

Files = Mapping[str, Any]


def text_of(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words))


def make_promptfoo(rows: int, draw: random.Random) -> Files:
    def result(number: int) -> dict[str, Any]:
        asked, answer = f"{text_of(draw, 60)} {number}", text_of(draw, 40)
        right = draw.random() < 0.7
        assertion = {"type": "equals", "value": "alpha"}
        tokens = {"total": 90, "prompt": 60, "completion": 30, "cached": 0}
        grade = {"pass": right, "score": float(right), "reason": "Done", "tokensUsed": tokens}
        return {
            "cost": 0,
            "gradingResult": {**grade, "componentResults": [{**grade, "assertion": assertion}]},
            "id": f"{number:032x}",
            "latencyMs": 12,
            "namedScores": {},
            "prompt": {"raw": f"Answer: {asked}", "label": "Answer: {{q}}"},
            "promptIdx": 0,
            "provider": {"id": "m", "label": ""},
            "response": {"output": answer, "tokenUsage": tokens, "cached": False},
            "score": float(right),
            "success": right,
            "testCase": {"vars": {"q": asked}, "assert": [assertion], "metadata": {}},
            "testIdx": number,
            "vars": {"q": asked},
            "failureReason": int(not right),
        }

    results = [result(number) for number in range(rows)]
    return {"r.json": {"evalId": "e", "results": {"version": 3, "results": results}}}


def make_helm(rows: int, draw: random.Random) -> Files:
    def entry(number: int) -> dict[str, Any]:
        names = ("exact_match", "quasi_exact_match", "num_prompt_tokens", "inference_runtime")
        stats = [
            {"name": {"name": name, "split": "test"}, "count": 1, "sum": 1.0, "mean": 1.0}
            for name in names
        ]
        return {"instance_id": f"id{number}", "train_trial_index": 0, "stats": stats}

    def request(number: int) -> dict[str, Any]:
        asked, answer = text_of(draw, 60), text_of(draw, 40)
        references = [{"output": {"text": "alpha"}, "tags": ["correct"]}]
        instance = {"input": {"text": asked}, "references": references, "split": "test"}
        return {
            "instance": {**instance, "id": f"id{number}"},
            "train_trial_index": 0,
            "request_mode": "original",
            "request": {"prompt": asked, "model": "m"},
            "result": {"success": True, "completions": [{"text": answer}]},
        }

    adapter = {"model": "m", "method": "generation"}
    return {
        "run_spec.json": {"name": "made:model=m", "adapter_spec": adapter},
        "per_instance_stats.json": [entry(number) for number in range(rows)],
        "scenario_state.json": {"request_states": [request(number) for number in range(rows)]},
    }


def make_swe_bench(rows: int, draw: random.Random) -> Files:
    ids = [f"made__project-{number}" for number in range(rows)]
    resolved = [key for key in ids if draw.random() < 0.5]
    lists = {
        "submitted": ids,
        "resolved": resolved,
        "unresolved": sorted({*ids} - {*resolved}),
        "empty_patch": [],
        "error": [],
    }
    counts = {f"{name}_instances": len(listed) for name, listed in lists.items()}
    report = {"total_instances": rows, **counts, "schema_version": 2}
    return {"m.run.json": report | {f"{name}_ids": listed for name, listed in lists.items()}}


def make_human_eval(rows: int, draw: random.Random) -> Files:
    lines = [
        {"task_id": f"Made/{number}", "completion": text_of(draw, 60), "result": "passed"}
        for number in range(rows)
    ]
    return {"s.jsonl_results.jsonl": [{**line, "passed": True} for line in lines]}


def make_evalplus(rows: int, draw: random.Random) -> Files:
    def solution(task: str) -> dict[str, Any]:
        tests = {"base_status": "pass", "plus_status": "pass", "plus_fail_tests": []}
        return {"task_id": task, "solution": text_of(draw, 60), **tests, "base_fail_tests": []}

    tasks = (f"Made/{number}" for number in range(rows))
    solutions = {task: [solution(task)] for task in tasks}
    return {"s.eval_results.json": {"date": "2026-11-01 10:00", "hash": "a", "eval": solutions}}


def make_lmms_eval(rows: int, draw: random.Random) -> Files:
    lines = [
        {
            "doc_id": number,
            "target": "alpha",
            "filtered_resps": text_of(draw, 40),
            "doc_hash": f"{number:064x}",
            "input": text_of(draw, 60),
            "exact_match": 1.0,
        }
        for number in range(rows)
    ]
    return {"20261101_100000_samples_made.jsonl": lines}


def make_evalscope(rows: int, draw: random.Random) -> Files:
    def review(number: int) -> dict[str, Any]:
        answer = text_of(draw, 40)
        score = {"value": {"acc": 1.0}, "prediction": answer, "extracted_prediction": "alpha"}
        sample = {"score": score, "sample_id": number, "group_id": number}
        asked = {"index": number, "input": text_of(draw, 60), "target": "alpha"}
        return {**asked, "sample_score": {**sample, "sample_metadata": {}}}

    return {"reviews/m/made.jsonl": [review(number) for number in range(rows)]}


def make_opencompass(rows: int, draw: random.Random) -> Files:
    predictions: dict[str, Any] = {}
    details: list[dict[str, Any]] = []
    for number in range(rows):
        asked = [{"role": "HUMAN", "prompt": text_of(draw, 60)}]
        answer = text_of(draw, 40)
        predictions[str(number)] = {"origin_prompt": asked, "prediction": answer, "gold": "alpha"}
        details.append({"example_abbr": f"made_{number}", "pred": [answer], "correct": [True]})
    results = {"accuracy": 100.0, "details": details}
    return {"predictions/m/made.json": predictions, "results/m/made.json": results}


def make_deepeval(rows: int, draw: random.Random) -> Files:
    cases = [
        {
            "name": f"test_case_{number}",
            "input": f"{text_of(draw, 60)} {number}",
            "actualOutput": text_of(draw, 40),
            "expectedOutput": "alpha",
            "success": True,
            "metricsData": [{"name": "Answer", "success": True, "score": 0.9, "reason": "Good"}],
        }
        for number in range(rows)
    ]
    return {"test_run.json": {"testCases": cases}}


SHAPES: Mapping[str, Callable[[int, random.Random], Files]] = {
    "promptfoo `.json`": make_promptfoo,
    "HELM": make_helm,
    "SWE-bench": make_swe_bench,
    "lmms-eval": make_lmms_eval,
    "evalplus": make_evalplus,
    "human-eval": make_human_eval,
    "EvalScope": make_evalscope,
    "OpenCompass": make_opencompass,
    "deepeval": make_deepeval,
}


def write_shape(folder: Path, name: str, rows: int) -> list[Path]:
    """Write a run into a folder, and return its files."""
    paths = []
    for path, value in SHAPES[name](rows, random.Random(0)).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = value if path.endswith(".jsonl") else [value]
        target.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        paths.append(target)
    return paths
