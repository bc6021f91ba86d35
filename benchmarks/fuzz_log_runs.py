"""Runs of the fuzz of logs: a small one of every harness that is read.

Those of `tests/harnesses` were made by the tools themselves, and those of `../shared/formats`,
where it is, are genuine files; the rest has the shape that the tool writes.
"""

import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "tests" / "harnesses"
SHARED = ROOT.parent / "shared" / "formats"

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Fixture:
    """A run.

    Attributes:
        kind: the harness, which is also the reading of the oracle.
        files: bytes by path within the run.
        options: of a comparison.
        asked: what the oracle must know beside the files.
    """

    kind: str
    files: Files
    options: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)


def write_json(value: object) -> bytes:
    return json.dumps(value).encode()


def write_lines(rows: Sequence[object]) -> bytes:
    return b"".join(write_json(row) + b"\n" for row in rows)


def read_folder(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
    }


def one(folder: Path, pattern: str) -> dict[str, bytes]:
    (path,) = folder.rglob(pattern)
    return {path.name: path.read_bytes()}


def pick_lm_eval(task: str) -> dict[str, bytes]:
    """Return a task of a run: its first documents, and what the results say of it."""
    folder = RUNS / "lm_eval" / "v1"
    (path,) = folder.rglob(f"samples_{task}_*")
    (results_path,) = folder.rglob("results_*")
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    rows = [row for row in rows if row["doc_id"] < 4]
    results = json.loads(results_path.read_bytes())
    for number, row in enumerate(rows):
        for metric in row["metrics"]:
            row[metric] = float(number % 4 != 1)
    for part in ("results", "configs", "versions", "n-shot", "higher_is_better", "n-samples"):
        results[part] = {task: results[part][task]}
    results["n-samples"][task] = {"original": 4, "effective": 4}
    return {path.name: write_lines(rows), results_path.name: write_json(results)}


def pick_inspect() -> dict[str, Any]:
    """Return a log without its events."""
    (path,) = (RUNS / "inspect" / "as_json").rglob("*.json.gz")
    log: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    for sample in log["samples"]:
        sample["events"], sample["events_data"], sample["error"] = [], None, None
    judged = [sample for sample in log["samples"] if sample["scores"]]
    samples = [sample for sample in judged if sample["scores"]["match"]["value"] in {"C", "I"}]
    log["samples"] = samples
    log["results"]["total_samples"] = len(samples)
    return log


def repeat_inspect(log: Mapping[str, Any]) -> bytes:
    """Return the log with two epochs."""
    config = {**log["eval"]["config"], "epochs": 2}
    samples = [{**sample, "epoch": epoch} for epoch in (1, 2) for sample in log["samples"]]
    results = {**log["results"], "total_samples": len(samples)}
    run = {**log["eval"], "config": config}
    return pack_inspect({**log, "eval": run, "results": results, "samples": samples})


def pack_inspect(log: Mapping[str, Any]) -> bytes:
    header = {key: value for key, value in log.items() if key != "samples"}
    summaries = [
        {key: sample[key] for key in ("id", "epoch", "scores")} for sample in log["samples"]
    ]
    members = {"header.json": write_json(header), "summaries.json": write_json(summaries)}
    for sample in log["samples"]:
        members[f"samples/{sample['id']}_epoch_{sample['epoch']}.json"] = write_json(sample)
    return write_archive(members, zipfile.ZIP_DEFLATED)


def write_archive(members: Mapping[str, bytes], compression: int) -> bytes:
    """Write a zip archive, the same whenever it is written."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def make_helm() -> dict[str, bytes]:
    def entry(number: int, mean: float) -> dict[str, Any]:
        stat = {"name": {"name": "exact_match", "split": "test"}, "count": 1, "mean": mean}
        return {"instance_id": f"id{number}", "train_trial_index": 0, "stats": [stat]}

    def request(number: int) -> dict[str, Any]:
        references = [{"output": {"text": f"a{number}"}, "tags": ["correct"]}]
        asked = {"text": f"question {number}"}
        instance = {"input": asked, "references": references, "split": "test"}
        return {
            "instance": {**instance, "id": f"id{number}"},
            "train_trial_index": 0,
            "request_mode": "original",
            "result": {"success": True, "completions": [{"text": f"a{number}"}]},
        }

    adapter = {"model": "m", "method": "generation", "max_train_instances": 0}
    return {
        "run_spec.json": write_json({"name": "made:model=m", "adapter_spec": adapter}),
        "per_instance_stats.json": write_json([entry(n, float(n != 1)) for n in range(4)]),
        "scenario_state.json": write_json({"request_states": [request(n) for n in range(4)]}),
    }


def make_openai_evals() -> bytes:
    rows: list[dict[str, Any]] = [
        {"spec": {"eval_name": "e", "run_config": {"eval_spec": {"args": {}}}, "created_at": "1"}}
    ]
    for number in range(4):
        sample = {"run_id": "r", "sample_id": f"e.{number}", "event_id": 2 * number}
        data = {"correct": number != 1, "expected": f"a{number}", "picked": "a0"}
        sampled = {"prompt": f"question {number}", "sampled": ["a0"]}
        rows.append({**sample, "type": "sampling", "data": sampled})
        rows.append({**sample, "event_id": 2 * number + 1, "type": "match", "data": data})
    return write_lines([*rows, {"final_report": {"accuracy": 0.75}}])


def make_squad() -> dict[str, bytes]:
    ids = [f"{number:024x}" for number in range(4)]
    questions = [
        {"id": key, "question": f"question {key}", "answers": [{"text": f"Answer {key[-1]}"}]}
        for key in ids
    ]
    paragraphs = [{"context": "text", "qas": questions}]
    dataset = {"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}
    answers = {key: f"the answer {key[-1]}." for key in ids}
    return {"answers.json": write_json(answers), "dev.json": write_json(dataset)}


def make_nemo() -> dict[str, bytes]:
    rows = [
        {
            "problem_idx": number,
            "repeat": repeat,
            "reward": float(number != 1),
            "prompt": f"question {number}",
            "model_response": "a",
            "expected_answer": f"a{number}",
            "scoring_details": {"category": "c"},
            "metadata": {},
        }
        for number in range(3)
        for repeat in range(2)
    ]
    benchmark = {"name": "made", "samples": 3, "repeats": 2}
    about = {"run_id": "r", "config": {"model": "m"}, "benchmark": benchmark}
    return {"results.jsonl": write_lines(rows), "eval-1-made.json": write_json(about)}


def make_every_eval_ever() -> dict[str, bytes]:
    rows = [
        {
            "evaluation_id": "made/m/1",
            "model_id": "m",
            "evaluation_name": "made",
            "evaluation_result_id": "made/m/1#0",
            "sample_id": str(number),
            "interaction_type": "single_turn",
            "input": {"raw": f"question {number}", "reference": ["a"], "choices": None},
            "output": {"raw": ["a"]},
            "evaluation": {"score": float(number != 1), "is_correct": number != 1},
        }
        for number in range(4)
    ]
    config = {"lower_is_better": False}
    result = {
        "evaluation_name": "made",
        "evaluation_result_id": "made/m/1#0",
        "metric_config": config,
    }
    return {
        "u_samples.jsonl": write_lines(rows),
        "u.json": write_json({"evaluation_results": [result]}),
    }


def pick_opencompass(model: str, task: str) -> dict[str, bytes]:
    return {
        path: data
        for path, data in read_folder(RUNS / "opencompass" / model).items()
        if path.endswith(f"/{task}.json")
    }


def make_swe_bench() -> dict[str, bytes]:
    """Return a report of instances that were resolved, or not, or had no patch."""
    report = json.loads((RUNS / "swe_bench" / "made__v1.run.json").read_bytes())
    report["submitted_ids"].remove(report["error_ids"].pop())
    report["submitted_instances"] -= 1
    report["error_instances"] -= 1
    return {"made__v1.run.json": write_json(report)}


def pick_human_eval() -> dict[str, bytes]:
    """Return the problems whose completions all passed, or all failed."""
    ((name, data),) = one(RUNS / "human_eval", "v1.jsonl_results.jsonl").items()
    return {name: b"".join(line for line in data.splitlines(True) if b"Made/1" not in line)}


def make_evalplus() -> dict[str, bytes]:
    def solve(task: str, base: str, plus: str) -> dict[str, Any]:
        tests = {"base_status": base, "plus_status": plus, "base_fail_tests": []}
        return {"task_id": task, "solution": "pass", **tests, "plus_fail_tests": []}

    solutions = {
        f"Made/{number}": [
            solve(f"Made/{number}", "fail" if number == 1 else "pass", "pass"),
            solve(f"Made/{number}", "pass", "timeout" if number == 1 else "pass"),
        ]
        for number in range(3)
    }
    whole = {"date": "2026-11-01 10:00", "hash": "abc", "eval": solutions}
    return {"v1.eval_results.json": write_json(whole)}


def make_lmms_eval() -> dict[str, bytes]:
    rows = [
        {
            "doc_id": number,
            "target": "yes",
            "filtered_resps": "yes",
            "token_counts": [None],
            "doc_hash": "the same",
            "input": f"<image>\nQuestion {number}?",
            "exact_match": float(number != 1),
        }
        for number in range(4)
    ]
    results = {
        "results": {"made": {"exact_match,none": 0.75}},
        "configs": {"made": {}},
        "higher_is_better": {"made": {"exact_match": True}},
        "n-samples": {"made": {"original": 4, "effective": 4}},
        "model_name": "m",
    }
    return {
        "20261101_100000_samples_made.jsonl": write_lines(rows),
        "20261101_100000_results.json": write_json(results),
    }


def make_evalscope() -> dict[str, bytes]:
    def review(number: int, repeat: int) -> dict[str, Any]:
        index = 2 * number + repeat
        score = {
            "value": {"acc": float(number != 1)},
            "prediction": "yes",
            "main_score_name": "acc",
        }
        sample = {"score": {**score, "extracted_prediction": "yes"}, "sample_id": index}
        return {
            "index": index,
            "input": f"Question {number}?",
            "target": "yes",
            "sample_score": {**sample, "group_id": number, "sample_metadata": {}},
        }

    rows = [review(number, repeat) for number in range(3) for repeat in range(2)]
    return {"reviews/m/made_default.jsonl": write_lines(rows)}


def make_deepeval() -> dict[str, bytes]:
    cases = [
        {
            "name": f"test_case_{number}",
            "input": f"Question {number // 2}?",
            "actualOutput": "yes",
            "expectedOutput": "yes",
            "success": number > 1,
            "metricsData": [
                {"name": "Answer", "threshold": 0.5, "success": number > 1, "score": 0.7},
                {"name": "Bias", "threshold": 0.5, "success": True, "score": 0.1},
            ],
        }
        for number in range(4)
    ]
    run = {"testFile": "made.py", "testCases": cases, "conversationalTestCases": []}
    return {"test_run.json": write_json(run)}


def make_fixtures() -> dict[str, Fixture]:
    text, choice = pick_lm_eval("tiny_text"), pick_lm_eval("tiny_choice")
    inspect = pick_inspect()
    strict = "exact_match,strict-match"
    fixtures = {
        "lm-eval, texts": Fixture("lm-eval", text, {"metric": strict}, {"metric": strict}),
        "lm-eval, choices": Fixture(
            "lm-eval", choice, {"metric": "acc,none"}, {"metric": "acc,none"}
        ),
        "Inspect, JSON": Fixture(
            "inspect", {"log.json": write_json(inspect)}, {"metric": "match"}, {"metric": "match"}
        ),
        "Inspect, archive": Fixture(
            "inspect", {"log.eval": pack_inspect(inspect)}, {"metric": "match"}, {"metric": "match"}
        ),
        "Inspect, epochs": Fixture(
            "inspect",
            {"log.eval": repeat_inspect(inspect)},
            {"metric": "match"},
            {"metric": "match"},
        ),
        "lighteval": Fixture(
            "lighteval",
            one(RUNS / "lighteval" / "v1", "details_tiny_text*"),
            {"metric": "em"},
            {"metric": "em"},
        ),
        "promptfoo": Fixture("promptfoo", one(RUNS / "promptfoo" / "v1", "capitals.json")),
        "promptfoo, lines": Fixture("promptfoo", one(RUNS / "promptfoo" / "v1", "capitals.jsonl")),
        "promptfoo, repeats": Fixture("promptfoo", one(RUNS / "promptfoo" / "v1", "echo.json")),
        "HELM": Fixture("helm", make_helm(), {"metric": "exact_match"}, {"metric": "exact_match"}),
        "openai/evals": Fixture("openai-evals", {"log.jsonl": make_openai_evals()}),
        "SQuAD": Fixture("squad", make_squad()),
        "NeMo Evaluator": Fixture("nemo-evaluator", make_nemo()),
        "every_eval_ever": Fixture("every-eval-ever", make_every_eval_ever()),
        "SWE-bench": Fixture("swe-bench", make_swe_bench()),
        "human-eval": Fixture("human-eval", pick_human_eval()),
        "evalplus": Fixture("evalplus", make_evalplus(), {"metric": "plus"}),
        "lmms-eval": Fixture("lmms-eval", make_lmms_eval(), {"metric": "exact_match"}),
        "EvalScope": Fixture("evalscope", make_evalscope(), {"metric": "acc"}),
        "OpenCompass": Fixture("opencompass", pick_opencompass("v1", "once")),
        "OpenCompass, repeats": Fixture("opencompass", pick_opencompass("v2", "twice")),
        "deepeval": Fixture("deepeval", make_deepeval(), {"metric": "success"}),
    }
    return fixtures | (genuine_fixtures() if SHARED.is_dir() else {})


def genuine_fixtures() -> dict[str, Fixture]:
    bbq = SHARED / "helm" / "bbq" / "openai_gpt-4o-2024-05-13"
    needed = ("run_spec.json", "per_instance_stats.json", "scenario_state.json")
    files = {name: data for name, data in read_folder(bbq).items() if name in needed}
    how = {"metric": "exact_match"}
    evals = one(SHARED / "openai_evals", "*.jsonl")
    log = json.loads((SHARED / "inspect" / "log_formats.json").read_bytes())
    log["samples"][0]["scores"]["match"]["value"] = "C"  # a model that is right somewhere
    inspect = {"log.json": write_json(log)}
    return {
        "HELM, genuine": Fixture("helm", files, how, how),
        "openai/evals, genuine": Fixture("openai-evals", evals),
        "Inspect, genuine": Fixture("inspect", inspect, {"metric": "match"}, {"metric": "match"}),
    }


FIXTURES: Mapping[str, Fixture] = make_fixtures()
