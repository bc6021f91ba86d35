"""HELM: a run's folder, or the folder of several (`benchmark_output/runs/SUITE`).

A row is an instance, its perturbation and its train trial. The scores are those of
`per_instance_stats.json`; texts come from `scenario_state.json` or, of a suite that only keeps
what it shows, from `instances.json` and `display_predictions.json`. A statistic without a count
is no score. Instances were once numbered anew for each model: the input must agree.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.predictions.predictions import Records
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    decode_whole,
    expect,
    read_json_file,
    set_score,
)

STATS = "per_instance_stats.json"
# What is measured of a run, and is no judgement of an answer.
ABOUT = re.compile(
    r"^(num_|inference_|training_|batch_size|max_prob|logprob|predicted_|estimated_|finish_reason"
    r"|prompt_truncated|perplexity|log_likelihood|bits_per_byte|references_)"
)
FIRST = [
    "quasi_exact_match",
    "exact_match",
    "quasi_prefix_exact_match",
    "prefix_exact_match",
    "final_number_exact_match",
    "math_equiv_chain_of_thought",
    "math_equiv",
    "f1_score",
    "rouge_l",
    "bleu_4",
    "pass",
]
MODEL = re.compile(r"[,:]?model(?:_deployment)?=[^,]*")

Key = tuple[str, str, int]


def find_logs(files: Sequence[Path]) -> list[Path]:
    """Return the statistics of instances that lie beside the specification of a run."""
    return [
        path for path in files if path.name == STATS and (path.parent / "run_spec.json").is_file()
    ]


def open_logs(files: Sequence[Path], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per run.

    Raises:
        DataError: a file that is damaged.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Path) -> Log:
    spec = expect(read_json_file(path.parent / "run_spec.json"), dict, str(path), "run_spec.json")
    adapter = spec.get("adapter_spec")
    adapter = adapter if isinstance(adapter, dict) else {}
    stats = expect(read_json_file(path), list, str(path), "the list of instances")
    counted = {name for row in stats if isinstance(row, dict) for name in _means(row)}
    judged = sorted(name for name in counted if not ABOUT.match(name))
    judged.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    names = ("scenario_state.json", "instances.json", "display_predictions.json")
    shots = {
        "few-shot examples": adapter.get("max_train_instances"),
        "limit": adapter.get("max_eval_instances"),
        "instructions": adapter.get("instructions"),
        "method": adapter.get("method"),
        "temperature": adapter.get("temperature"),
        "tokens at most": adapter.get("max_tokens"),
    }
    return Log(
        harness="helm",
        task=MODEL.sub("", str(spec.get("name") or path.parent.name)).strip(":, "),
        path=path,
        metrics=tuple(judged),
        model=str(adapter.get("model", "")),
        conditions={k: "none" if v is None else as_text(v) for k, v in shots.items()},
        further=tuple(path.parent / name for name in names if (path.parent / name).is_file()),
    )


def _means(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean of each statistic that was counted, by name, without perturbed twins."""
    means: dict[str, float] = {}
    for stat in row.get("stats") or []:
        name = stat.get("name") if isinstance(stat, dict) else None
        if isinstance(name, dict) and stat.get("count") and "mean" in stat:
            means.setdefault(str(name.get("name")), stat["mean"])
    return means


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the instances of a run.

    Raises:
        DataError: a file that is damaged.
    """
    name = str(log.path)
    stats = expect(decode_whole(stream.read(), name), list, name, "the list of instances")
    texts = _read_texts(log)
    rows: dict[Key, tuple[int, dict[str, float]]] = {}
    for number, row in enumerate(stats, 1):
        found = expect(row, dict, f"{name}:{number}", "the instance")
        # One instance may have several entries, one per metric that was computed.
        rows.setdefault(_key(found), (number, {}))[1].update(_means(found))
    trials = len({key[2] for key in rows}) > 1
    yield from batches(
        (
            (number, _record(key, means, texts.get(key, {}), log, trials=trials))
            for key, (number, means) in rows.items()
        ),
        name,
    )


def _key(row: Mapping[str, Any]) -> Key:
    perturbation = row.get("perturbation")
    return (
        str(row.get("instance_id")),
        "" if perturbation is None else as_text(perturbation),
        int(row.get("train_trial_index") or 0),
    )


def _record(
    key: Key, means: Mapping[str, float], text: Mapping[str, Any], log: Log, *, trials: bool
) -> dict[str, Any]:
    instance, perturbation, trial = key
    record: dict[str, Any] = {
        "id": f"{instance} {perturbation}".strip(),
        "prediction": text.get("prediction"),
        "references": text.get("references", []),
        "input": text.get("input"),
        "split": text.get("split"),
        "sub_split": text.get("sub_split"),
        "perturbation": perturbation or None,
    }
    if trials:
        record["sample"] = trial
    if text.get("error"):
        record["error"] = text["error"]
    elif log.metric:
        set_score(record, means.get(log.metric), log, f"{log.path}: {instance}")
    return record


def _read_texts(log: Log) -> dict[Key, dict[str, Any]]:
    """Return what was asked and answered, by instance."""
    files = {path.name: path for path in log.further}
    if "scenario_state.json" in files:
        state = read_json_file(files["scenario_state.json"])
        states = state.get("request_states") if isinstance(state, dict) else None
        return {
            key: text
            for each in states or []
            if isinstance(each, dict)
            for key, text in [_state_text(each)]
        }
    texts: dict[Key, dict[str, Any]] = {}
    instances = {}
    if "instances.json" in files:
        for each in read_json_file(files["instances.json"]):
            key = _key({**each, "instance_id": each.get("id")})
            instances[key[:2]] = _instance_text(each)
    if "display_predictions.json" in files:
        for each in read_json_file(files["display_predictions.json"]):
            key = _key(each)
            answer = each.get("mapped_output", each.get("predicted_text"))
            texts[key] = {**instances.get(key[:2], {}), "prediction": answer}
    return texts


def _state_text(state: Mapping[str, Any]) -> tuple[Key, dict[str, Any]]:
    instance = state.get("instance")
    instance = instance if isinstance(instance, dict) else {}
    key = _key(
        {
            "instance_id": instance.get("id"),
            "perturbation": instance.get("perturbation"),
            "train_trial_index": state.get("train_trial_index"),
        }
    )
    result = state.get("result")
    result = result if isinstance(result, dict) else {}
    completions = result.get("completions") or []
    answer = completions[0].get("text") if completions else None
    mapping = state.get("output_mapping")
    if isinstance(mapping, dict) and isinstance(answer, str):
        answer = mapping.get(answer.strip(), answer)
    text = {**_instance_text(instance), "prediction": answer}
    if result.get("success") is False:
        text["error"] = str(result.get("error") or "the request failed")
    return key, text


def _instance_text(instance: Mapping[str, Any]) -> dict[str, Any]:
    references = [
        reference["output"]["text"]
        for reference in instance.get("references") or []
        if "correct" in (reference.get("tags") or [])
    ]
    asked = instance.get("input")
    return {
        "input": asked.get("text") if isinstance(asked, dict) else asked,
        "references": references,
        "split": instance.get("split"),
        "sub_split": instance.get("sub_split"),
    }
