"""Texts of HELM: what was asked of each instance, answered and accepted."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from compatkit.arrays import as_float
from compatkit.predictions.likelihoods import LESS_ALONE, PER_TOKEN, WEIGHING
from compatkit.readers.logs.keys import Once
from compatkit.readers.logs.log import Log, as_text, expect, part, plain_name, read_json_file

CALIBRATION = "calibration"  # the request of a choice without its question


class Key(NamedTuple):
    """What tells the rows of a run apart."""

    instance: str
    split: str
    perturbation: str
    trial: int


def make_key(row: Mapping[str, Any], perturbation: Any) -> Key:
    """Return the key of an entry of one of the files."""
    return Key(
        str(row.get("instance_id")),
        "" if row.get("split") is None else str(row["split"]),
        "" if perturbation is None else as_text(perturbation),
        int(row.get("train_trial_index") or 0),
    )


def read_texts(log: Log) -> Mapping[Key, Mapping[str, Any]]:
    """Return what was asked and answered; the split is empty where a file does not say it.

    Raises:
        DataError: a file that is damaged, or two instances of one key.
    """
    files = {plain_name(path): path for path in log.further}
    if "scenario_state.json" in files:
        state = read_json_file(files["scenario_state.json"])
        states = state.get("request_states") if isinstance(state, dict) else None
        return _read_states(states or [], str(files["scenario_state.json"]))
    instances, texts = Once("the instance"), Once("the prediction of")
    if "instances.json" in files:
        for row in read_json_file(files["instances.json"]):
            key = make_key({**row, "instance_id": row.get("id")}, row.get("perturbation"))
            instances.put((key.instance, key.perturbation), _instance(row), str(log.path.parent))
    if "display_predictions.json" in files:
        for row in read_json_file(files["display_predictions.json"]):
            key = make_key(row, row.get("perturbation"))
            text = instances.values.get((key.instance, key.perturbation), {})
            answer = row.get("mapped_output", row.get("predicted_text"))
            key = key._replace(split=text.get("split") or "")
            texts.put(key, {**text, "prediction": answer}, str(files["display_predictions.json"]))
    return texts.values


def _read_states(states: Sequence[Any], name: str) -> dict[Key, dict[str, Any]]:
    """Put the requests of each instance together: one, or one for each of its choices."""
    instances = Once("the instance")
    requests = Once("the request of")
    grouped: dict[Key, list[Mapping[str, Any]]] = {}
    for number, state in enumerate(states, 1):
        where = f"{name}: request {number}"
        instance = part(expect(state, dict, where, "the request"), "instance", where)
        key = make_key(
            {**state, "instance_id": instance.get("id"), "split": instance.get("split")},
            instance.get("perturbation"),
        )
        instances.put(key, _instance(instance), where)
        choice = state.get("reference_index"), state.get("request_mode")
        if (key, choice) not in requests.values:
            grouped.setdefault(key, []).append(state)
        requests.put((key, choice), part(state, "result", where), where)
    return {key: {**instances.values[key], **_answer(group)} for key, group in grouped.items()}


def _answer(states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the prediction, or the error, of the requests of one instance."""
    results = [state.get("result") or {} for state in states]
    failed = next((result for result in results if result.get("success") is False), None)
    if failed is not None:
        return {"prediction": None, "error": str(failed.get("error") or "the request failed")}
    if states[0].get("reference_index") is not None:
        return _choose(states)
    completions = results[0].get("completions") or []
    answer = completions[0].get("text") if completions else None
    mapping = states[0].get("output_mapping")
    if isinstance(mapping, dict) and isinstance(answer, str):
        answer = mapping.get(answer.strip(), answer)
    reason = completions[0].get("finish_reason") if completions else None
    return {"prediction": answer} | ({"finish_reason": reason} if reason else {})


def _choose(states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the choice that the model takes where each was a request of its own.

    As HELM does: by the log-likelihood of its tokens, for each token, or less that of the choice
    without its question where this was asked for too. None where the tokens were not kept.
    """
    texts: dict[int, str] = {}
    values: dict[bool, dict[int, tuple[float, int]]] = {False: {}, True: {}}
    for state in states:
        index, text = int(state["reference_index"]), _choice_text(state)
        texts[index] = text
        completions = state["result"].get("completions") or [{}]
        tokens: list[Mapping[str, Any]] = []
        for token in reversed(completions[0].get("tokens") or []):
            if sum(len(part["text"]) for part in tokens) >= len(text):
                break
            tokens.append(token)
        if not tokens:
            return {"prediction": None}
        alone = state.get("request_mode") == CALIBRATION
        values[alone][index] = sum(as_float(part["logprob"]) for part in tokens), len(tokens)
    scores = {
        index: value - values[True][index][0] if index in values[True] else value / count
        for index, (value, count) in values[False].items()
    }
    if not scores or (values[True] and values[True].keys() != values[False].keys()):
        return {"prediction": None}
    return {
        "prediction": texts[max(scores, key=scores.__getitem__)],
        "choices": [texts[index] for index in scores],
        "log_likelihoods": list(scores.values()),
        WEIGHING: LESS_ALONE if values[True] else PER_TOKEN,
    }


def _choice_text(state: Mapping[str, Any]) -> str:
    return str(state["instance"]["references"][int(state["reference_index"])]["output"]["text"])


def _instance(instance: Mapping[str, Any]) -> dict[str, Any]:
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
