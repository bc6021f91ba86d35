"""Logs of another shape: whatever stands where, there is a sentence and no other exception."""

import copy
import gzip
import json
import re
import shutil
import zipfile

import pytest
from harness_runs import RUNS, only

from compatkit import compare
from compatkit.errors import CompatkitError
from compatkit.readers.logs.zip_members import open_zip

OTHERS = (None, [], {}, "x", -1, [[]], {"x": []})
CAPITALS = "*_capitals_*"


def places_of(value, path=()):
    """Yield the place of every part of a JSON value."""
    yield path
    if not isinstance(value, dict | list):
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places_of(item, (*path, key))


def altered(value, place, other):
    """Return a copy with another value at a place."""
    if not place:
        return other
    found = copy.deepcopy(value)
    node = found
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = other
    return found


def outcome(old, new):
    try:
        return compare(old, new, unfinished="keep", missing="skip").counts
    except CompatkitError as error:
        return str(error)


def sweep(value, write, old, new, most=70):
    """Alter every part of a value, or as many as time allows, evenly spread."""
    places = list(places_of(value))
    for number, place in enumerate(places[:: max(1, len(places) // most)]):
        write(altered(value, place, OTHERS[number % len(OTHERS)]))
        result = outcome(old, new)
        if isinstance(result, str):  # a refusal says where, and something of what was found
            assert re.search(r"\.(jsonl?|eval|zip)\b|\bexamples?\b", result), result
        else:
            cells = (result.both_right, result.negative_flips, result.positive_flips)
            assert sum(cells) + result.both_wrong == result.total > 0


def test_rows_of_lm_eval(tmp_path):
    shutil.copytree(RUNS / "lm_eval/v2", tmp_path / "new")
    old = only(RUNS / "lm_eval/v1", "samples_tiny_choice_*")
    path = only(tmp_path / "new", "samples_tiny_choice_*")
    rows = [json.loads(line) for line in path.read_text().splitlines()][:2]

    def write(value):
        lines = value if isinstance(value, list) else [value]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    sweep(rows, write, old, path)


def test_results_of_lm_eval(tmp_path):
    shutil.copytree(RUNS / "lm_eval/v2", tmp_path / "new")
    old = only(RUNS / "lm_eval/v1", "samples_tiny_choice_*")
    path = only(tmp_path / "new", "results_*")
    new = only(tmp_path / "new", "samples_tiny_choice_*")
    sweep(json.loads(path.read_text()), lambda v: path.write_text(json.dumps(v)), old, new)


def test_results_of_promptfoo(tmp_path):
    source = json.loads((RUNS / "promptfoo/v2/capitals.json").read_text())
    source["results"]["results"] = source["results"]["results"][:2]
    path = tmp_path / "capitals.json"
    old = RUNS / "promptfoo/v1/capitals.json"
    sweep(source, lambda value: path.write_text(json.dumps(value)), old, path)


@pytest.mark.parametrize("member", ["header.json", "summaries.json", "samples/2_epoch_1.json"])
def test_members_of_an_inspect_log(tmp_path, member):
    source = only(RUNS / "inspect/v2", CAPITALS)
    with source.open("rb") as stream, open_zip(stream, str(source)) as archive:
        members = {name: archive.read(name) for name in archive.names}
    path = tmp_path / "new.eval"

    def write(value):
        with zipfile.ZipFile(path, "w") as made:
            for name, data in members.items():
                made.writestr(name, json.dumps(value) if name == member else data)

    sweep(json.loads(members[member]), write, only(RUNS / "inspect/v1", CAPITALS), path, most=50)


def test_an_inspect_log_in_json(tmp_path):
    source = only(RUNS / "inspect/as_json", CAPITALS)
    value = json.loads(gzip.decompress(source.read_bytes()))
    value["samples"] = [
        {key: item for key, item in sample.items() if key not in {"events", "events_data"}}
        for sample in value["samples"][:2]
    ]
    path = tmp_path / "new.json"
    sweep(value, lambda value: path.write_text(json.dumps(value)), source, path)


HELM = {
    "run_spec": {"name": "a:model=m", "adapter_spec": {"model": "m", "max_train_instances": 5}},
    "per_instance_stats": [
        {
            "instance_id": "i",
            "train_trial_index": 0,
            "stats": [{"name": {"name": "exact_match"}, "count": 1, "mean": 1.0}],
        }
    ],
    "instances": [
        {
            "input": {"text": "q"},
            "references": [{"output": {"text": "a"}, "tags": ["correct"]}],
            "id": "i",
        }
    ],
    "display_predictions": [{"instance_id": "i", "train_trial_index": 0, "predicted_text": "a"}],
    "scenario_state": {
        "request_states": [
            {
                "instance": {"id": "i", "input": {"text": "q"}, "references": []},
                "train_trial_index": 0,
                "output_mapping": {"A": "a"},
                "result": {"success": True, "completions": [{"text": "A"}]},
            }
        ]
    },
}


@pytest.mark.parametrize("name", HELM)
def test_files_of_helm(tmp_path, name):
    left_out = "scenario_state" if name != "scenario_state" else "instances"
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        for file, value in HELM.items():
            if file != left_out:
                (tmp_path / side / f"{file}.json").write_text(json.dumps(value))
    path = tmp_path / f"new/{name}.json"
    sweep(HELM[name], lambda v: path.write_text(json.dumps(v)), tmp_path / "old", tmp_path / "new")


LINES = {
    "openai_evals": [
        {
            "spec": {
                "eval_name": "e",
                "run_config": {"eval_spec": {"args": {}}},
                "completion_fns": [],
            }
        },
        {"sample_id": "1", "type": "sampling", "data": {"prompt": [{}], "sampled": ["a"]}},
        {"sample_id": "1", "type": "match", "data": {"correct": True, "expected": ["a"]}},
        {"sample_id": "1", "type": "metrics", "data": {"f1": 0.5}},
        {"final_report": {}},
    ],
    "nemo_evaluator": [
        {"problem_idx": 1, "reward": 1.0, "prompt": "q", "scoring_details": {"category": "c"}}
    ],
    "every_eval_ever": [
        {
            "evaluation_id": "e",
            "model_id": "m",
            "evaluation_name": "n",
            "sample_id": "1",
            "input": {"raw": "q", "reference": ["a"], "choices": []},
            "output": {"raw": ["a"]},
            "evaluation": {"score": 1.0},
        }
    ],
}


@pytest.mark.parametrize("name", LINES)
def test_lines_of_the_others(tmp_path, name):
    def write(path, rows):
        lines = rows if isinstance(rows, list) else [rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in lines))
        return path

    old = write(tmp_path / "old.jsonl", LINES[name])
    new = tmp_path / "new.jsonl"
    sweep(LINES[name], lambda value: write(new, value), old, new)
