"""Inputs of the fuzz of logs: a small run of every harness, and what may happen to its files.

Those of `tests/harnesses` were made by the tools themselves, and those of `../shared/formats`,
where it is, are genuine files; the rest has the shape that the tool writes.
"""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
from fuzz_inputs import mutate
from pyarrow import parquet

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "tests" / "harnesses"
SHARED = ROOT.parent / "shared" / "formats"
OTHERS: Sequence[Any] = (
    None,
    True,
    False,
    0,
    1,
    0.5,
    -1,
    "",
    "x",
    "C",
    "I",
    "NaN",
    float("nan"),
    [],
    {},
    [1],
)
JSONS = (".json", ".jsonl")

Files = Mapping[str, bytes]
Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Fixture:
    """A run.

    Attributes:
        kind: the reading of the oracle.
        files: bytes by path within the run.
        options: of a comparison.
        asked: what the oracle must know beside the files.
    """

    kind: str
    files: Files
    options: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One input: the name of the fixture, and the files of the new run."""

    fixture: str
    files: Files


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
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        header = {key: value for key, value in log.items() if key != "samples"}
        archive.writestr("header.json", write_json(header))
        summaries = [
            {key: sample[key] for key in ("id", "epoch", "scores")} for sample in log["samples"]
        ]
        archive.writestr("summaries.json", write_json(summaries))
        for sample in log["samples"]:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, write_json(sample))
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
        "NeMo Evaluator": Fixture("nemo", make_nemo()),
        "every_eval_ever": Fixture("every-eval-ever", make_every_eval_ever()),
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


def make_mutant(seed: int, number: int) -> Mutant:
    """Return the input with this number: the same for the same seed, whatever came before."""
    random = Random(f"logs/{seed}/{number}")
    name = random.choice(list(FIXTURES))
    files = dict(FIXTURES[name].files)
    for _ in range(random.choices((1, 2, 3), (7, 2, 1))[0]):
        path = random.choice(list(files))
        if len(files) > 1 and random.random() < 0.02:
            del files[path]
        elif FIXTURES[name].kind in {"inspect", "lm-eval"} and random.random() < 0.02:
            files[f"again_{path}"] = files[path]
        elif random.random() < 0.35:
            files[path] = mutate(files[path], random)
        else:
            files[path] = alter(path, files[path], random)
    return Mutant(name, files)


def alter(path: str, data: bytes, random: Random) -> bytes:
    """Alter what a file says; its bytes where it can no longer be read."""
    try:
        if path.endswith(".eval"):
            return _alter_archive(data, random)
        if path.endswith(".parquet"):
            return _alter_parquet(data, random)
        if path.endswith(".jsonl"):
            rows = [json.loads(line) for line in data.splitlines() if line.strip()]
            return write_lines(_altered_list(rows, random))
        return write_json(_altered(json.loads(data), random))
    except Exception:  # noqa: BLE001 (an earlier change left nothing that can be read)
        return mutate(data, random)


def _alter_archive(data: bytes, random: Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(list(members))
    way = random.random()
    if way < 0.06:
        del members[name]
    elif way < 0.2:
        members[name] = mutate(members[name], random)
    elif way < 0.26:
        members[name.replace("1", "2", 1)] = members[name]
    else:
        members[name] = write_json(_altered(json.loads(members[name]), random))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", random.choice((0, 8))) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return file.getvalue()


def _alter_parquet(data: bytes, random: Random) -> bytes:
    rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(_altered_list(rows, random)), file)
    return file.getvalue()


def _altered_list(rows: list[Any], random: Random) -> list[Any]:
    value = _altered(rows, random)
    return value if isinstance(value, list) else rows


def _altered(value: Any, random: Random) -> Any:
    """Alter one part of a JSON value."""
    places = [place for place in _places(value) if place]
    if not places:
        return value
    # A few parts decide what a row is worth: they come more often than the many that nobody reads.
    telling = [place for place in places if place[-1] in TELLING]
    place = random.choice(telling if telling and random.random() < 0.5 else places)
    value = json.loads(json.dumps(value))
    node = value
    for key in place[:-1]:
        node = node[key]
    random.choice(WAYS)(node, place[-1], random)
    return value


TELLING = {
    *("id", "doc_id", "sample_id", "problem_idx", "instance_id", "epoch", "repeat", "filter"),
    *("score", "scores", "value", "success", "correct", "reward", "mean", "count", "em", "acc"),
    *("exact_match", "error", "failureReason", "gradingResult", "invalidation", "status", "type"),
    *("higher_is_better", "effective", "evaluation", "is_correct", "stats", "name", "vars"),
    *("samples", "lower_is_better", "metric", "result", "success", "error_category", "split"),
}


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _places(part, (*place, key))
    elif isinstance(value, list):
        for key, part in enumerate(value):
            yield from _places(part, (*place, key))


def _replace(node: Any, key: Any, random: Random) -> None:
    node[key] = random.choice(OTHERS)


def _flip(node: Any, key: Any, random: Random) -> None:
    value = node[key]
    if isinstance(value, bool):
        node[key] = not value
    elif isinstance(value, int | float):
        node[key] = random.choice((1 - value, str(value), value + 1))
    elif isinstance(value, str):
        node[key] = random.choice((value + "x", value[:-1], {"C": "I", "I": "C"}.get(value, "")))


def _remove(node: Any, key: Any, random: Random) -> None:  # noqa: ARG001
    del node[key]


def _repeat(node: Any, key: Any, random: Random) -> None:
    if isinstance(node, list):
        node.insert(random.randrange(len(node) + 1), node[key])
    else:
        node[f"{key}x"] = node[key]


def _swap(node: Any, key: Any, random: Random) -> None:
    other = random.choice(list(node) if isinstance(node, dict) else range(len(node)))
    node[key], node[other] = node[other], node[key]


def _wrap(node: Any, key: Any, random: Random) -> None:
    node[key] = random.choice(([node[key]], {"x": node[key]}, str(node[key])))


WAYS: Sequence[Callable[[Any, Any, Random], None]] = (
    *(_replace, _replace, _flip, _flip, _remove, _repeat, _swap, _wrap),
)
