"""HELM: a run's folder, or the folder of several (`benchmark_output/runs/SUITE`).

A row is an instance, its split, its perturbation and its train trial. The scores are those of
`per_instance_stats.json`; texts come from `scenario_state.json` or, of a suite that only keeps
what it shows, from `instances.json` and `display_predictions.json`. A statistic without a count
is no score. Instances were once numbered anew for each model: the input must agree.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.predictions.likelihoods import WEIGHING
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.logs.helm_texts import Key, make_key, read_texts
from compatkit.readers.logs.keys import Once
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    batches,
    expect,
    find_beside,
    items,
    part,
    read_document,
    read_json_file,
    set_score,
    state_conditions,
)

SPEC = "run_spec.json"
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
BESIDE = ("finish_reason", "choices", "log_likelihoods", WEIGHING)
MODEL = re.compile(r"[,:]?model(?:_deployment)?=[^,]*")


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per run.

    Raises:
        DataError: a file that is damaged.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    about = find_beside(path, SPEC) or path.with_name(SPEC)
    spec = expect(read_json_file(about), dict, str(path), SPEC)
    adapter = part(spec, "adapter_spec", str(about))
    stats = expect(read_json_file(path), list, str(path), "the list of instances")
    counted = {
        name for row in stats if isinstance(row, dict) for _, name, _ in _read_stats(row, str(path))
    }
    judged = sorted(name for name in counted if not ABOUT.match(name))
    judged.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    names = ("scenario_state.json", "instances.json", "display_predictions.json")
    conditions = {
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
        conditions=state_conditions(conditions),
        further=tuple(file for name in names if (file := find_beside(path, name))),
    )


def _read_stats(row: Mapping[str, Any], where: str) -> Iterator[tuple[Key, str, float]]:
    """Yield row, name and mean of each statistic of an entry that was counted."""
    for stat in items(row, "stats", where):
        name = expect(stat, dict, where, "the statistic").get("name")
        expect(name, dict, where, "the name of a statistic")
        if stat.get("count") and "mean" in stat:
            of_row = row if row.get("perturbation") is not None else name
            key = make_key({**row, "split": name.get("split")}, of_row.get("perturbation"))
            yield key, expect(name.get("name"), str, where, "the name of a statistic"), stat["mean"]


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the instances of a run.

    Raises:
        DataError: a file that is damaged, or two instances of one key.
    """
    name = str(log.path)
    stats = expect(read_document(stream, name), list, name, "the list of instances")
    texts = read_texts(log)
    means = Once("the statistic of")
    places: dict[Key, int] = {}
    for number, row in enumerate(stats, 1):
        instance = expect(row, dict, f"{name}:{number}", "the instance")
        # One instance may have several entries, one per metric that was computed.
        for key, statistic, mean in _read_stats(instance, f"{name}:{number}"):
            places.setdefault(key, number)
            means.put((*key, statistic), mean, f"{name}:{number}")
    splits = len({key.split for key in places}) > 1
    trials = len({key.trial for key in places}) > 1
    yield from batches(
        (
            (
                number,
                _record(
                    key,
                    means.values.get((*key, log.metric)),
                    texts.get(key) or texts.get(key._replace(split=""), {}),
                    log,
                    splits=splits,
                    trials=trials,
                ),
            )
            for key, number in places.items()
        ),
        name,
    )


def _record(
    key: Key, mean: Any, text: Mapping[str, Any], log: Log, *, splits: bool, trials: bool
) -> dict[str, Any]:
    parts = (key.instance, key.split if splits else "", key.perturbation)
    record: dict[str, Any] = {
        "id": " ".join(filter(None, parts)),
        "prediction": text.get("prediction"),
        "references": text.get("references", []),
        "input": text.get("input"),
        "split": text.get("split", key.split or None),
        "sub_split": text.get("sub_split"),
        "perturbation": key.perturbation or None,
    }
    record |= {name: text[name] for name in BESIDE if name in text}
    if trials:
        record["sample"] = key.trial
    if text.get("error"):
        record["error"] = text["error"]
    elif log.metric:
        set_score(record, mean, log, f"{log.path}: {key.instance}")
    return record
