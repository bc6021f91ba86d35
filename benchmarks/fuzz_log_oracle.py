"""The oracle of the fuzz of logs: what each format says, by plain scripts without compatkit.

A reading takes the files of a run to its rows, in the order in which they stand there: the task,
the key that tells an example from others, the sample, and `right`, `wrong`, `unscored` or `error`.
It raises a ValueError, or whatever else a plain script would, where the files do not say that.
"""

import io
import json
import math
import re
import string
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Files = Mapping[str, bytes]
RIGHT, WRONG, UNSCORED, ERROR = "right", "wrong", "unscored", "error"
LOG = re.compile(rb'\{\s*"version"')  # how an Inspect log begins


class Row(NamedTuple):
    """What a log says of an example."""

    task: str
    key: Any
    sample: Any
    outcome: str


def may_pass(old: Sequence[Row], new: Sequence[Row]) -> bool:
    """Tell whether nothing broke, and nothing was lost."""
    sides = []
    for rows in (old, new):
        side: dict[Any, list[str]] = {}
        for row in rows:
            side.setdefault((row.task, row.key), []).append(row.outcome)
        sides.append(side)
    before, after = (_without_task(side) for side in sides)
    if before.keys() != after.keys():
        return False
    if any({UNSCORED, ERROR} & set(row) for side in sides for row in side.values()):
        return False
    return all(RIGHT not in before[key] or set(after[key]) == {RIGHT} for key in before)


def _without_task(side: dict[Any, list[str]]) -> dict[Any, list[str]]:
    """Return a run by the keys of its examples, where it has one task, whatever its name is."""
    one = len({task for task, _ in side}) == 1
    return {key if one else (task, key): rows for (task, key), rows in side.items()}


def load(data: bytes) -> Any:
    return json.loads(data.decode("utf-8-sig"))


def load_once(data: bytes) -> Any:
    """Decode a JSON text whose keys are answers, each of them once."""
    return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_no_key_twice)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def load_lines(data: bytes) -> list[dict[str, Any]]:
    text = data.decode("utf-8-sig")
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a line that is no object")
    return rows


def number_of(value: Any) -> float | None:
    """Return a number; None for null, NaN and nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        value = float(value)
        return None if math.isnan(value) else value
    if isinstance(value, bool | int | float) and abs(value) < math.inf:
        return float(value)
    raise ValueError(f"{value!r} is no number")


def judge(value: Any, *, less: bool = False) -> str:
    number = number_of(value)
    if number is None:
        return UNSCORED
    if math.isinf(number):
        raise ValueError("infinite")
    return RIGHT if (1 - number if less else number) >= 0.5 else WRONG


def table(value: Any) -> dict[str, Any]:
    """Return a table; an empty one for null."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("no table")
    return value


def refuse_twice(rows: Iterable[Row]) -> list[Row]:
    listed = list(rows)
    keys = Counter(repr(row[:3]) for row in listed)
    if not listed or max(keys.values()) > 1:
        raise ValueError("no rows, or one twice")
    return listed


def read_lm_eval(files: Files, metric: str) -> list[Row]:
    name, _, wanted = metric.partition(",")
    samples = {path: data for path, data in files.items() if path.startswith("samples_")}
    (path,) = samples
    task, run = re.match(r"samples_(.+)_(\d{4}-[^_]+?)\.jsonl?$", path).groups()  # type: ignore[union-attr]
    less, total = False, None
    for other, data in files.items():
        if other.endswith(f"results_{run}.json") and not other.startswith("samples_"):
            results = load(data)
            better = table(table(results.get("higher_is_better")).get(task)).get(name)
            less = better is False
            total = table(table(results.get("n-samples")).get(task)).get("effective")
    rows = [row for row in load_lines(samples[path]) if row["filter"] == wanted]
    if type(total) is int and total != len(rows):
        raise ValueError("another number of rows than were run")
    return refuse_twice(
        Row(task, str(row["doc_id"]), None, judge(row.get(name), less=less)) for row in rows
    )


def unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read_inspect(files: Files, metric: str) -> list[Row]:
    logs = [name for name in files if name.endswith(".eval") or LOG.match(files[name])]
    (path,) = logs
    data = files[path]
    if path.endswith(".eval"):
        members = unpack(data)
        log = load(members["header.json"])
        names = [name for name in members if re.match(r"samples/.*_epoch_\d+\.json$", name)]
        samples = [load(members[name]) for name in names]
    else:
        log = load(data)
        samples = log["samples"]
    total = table(log.get("results")).get("total_samples")
    if type(total) is int and total != len(samples):
        raise ValueError("another number of samples than the results are of")
    if log["version"] != 2 or log["status"] != "success" or log.get("invalidated"):
        raise ValueError("not a whole log of version 2")
    run = log["eval"]
    config = table(run.get("config"))
    several = (config.get("epochs") or 1) > 1
    forgiving = bool(config.get("score_on_error"))
    return refuse_twice(
        Row(
            str(run.get("task")),
            str(sample["id"]),
            sample.get("epoch", 1) if several else None,
            _judge_sample(sample, metric, forgiving=forgiving),
        )
        for sample in samples
    )


def _judge_sample(sample: Mapping[str, Any], metric: str, *, forgiving: bool) -> str:
    scores = table(sample.get("scores"))
    if sample.get("invalidation") or (sample.get("error") and not (forgiving and scores)):
        return ERROR
    if metric not in scores:
        return UNSCORED
    value = table(scores[metric]).get("value")
    letters = {"C": 1, "I": 0, "P": 0.5, "N": 0}
    words = {"yes": 1, "no": 0, "true": 1, "false": 0}
    if isinstance(value, str):
        value = letters.get(value, words.get(value.strip().lower(), value))
    return judge(value)


def read_lighteval(files: Files, metric: str) -> list[Row]:
    from pyarrow import parquet  # noqa: PLC0415

    ((path, data),) = ((n, d) for n, d in files.items() if n.startswith("details_"))
    task = re.match(r"details_(.+)_\d{4}-[^_]+\.parquet$", path).group(1)  # type: ignore[union-attr]
    rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    docs = [row["doc"] for row in rows]
    ids = [doc.get("id") for doc in docs]
    by_id = None not in ids and len(set(map(str, ids))) == len(ids)
    return refuse_twice(
        Row(
            task,
            str(doc["id"]) if by_id else json.dumps([doc.get("query"), doc.get("choices") or []]),
            None,
            judge(row["metric"].get(metric)),
        )
        for row, doc in zip(rows, docs, strict=True)
    )


def read_helm(files: Files, metric: str) -> list[Row]:
    spec = load(files["run_spec.json"])
    task = str(spec.get("name"))
    failed = set()
    state = load(files["scenario_state.json"]) if "scenario_state.json" in files else {}
    for request in state.get("request_states") or []:
        if table(request.get("result")).get("success") is False:
            failed.add(_helm_key(request, request["instance"], request["instance"].get("split")))
    means: dict[Any, Any] = {}
    for entry in load(files["per_instance_stats.json"]):
        for stat in entry.get("stats") or []:
            if stat.get("count") and "mean" in stat:
                key = _helm_key(entry, {**stat["name"], **entry}, stat["name"].get("split"))
                held = means.setdefault(key, {})
                if str(held.setdefault(stat["name"]["name"], stat["mean"])) != str(stat["mean"]):
                    raise ValueError("two means")
    if not means:
        raise ValueError("no rows")
    return [
        Row(
            task,
            key[:3],
            key[3],
            ERROR if key in failed else judge(held.get(metric)),
        )
        for key, held in means.items()
    ]


def _helm_key(
    entry: Mapping[str, Any], perturbed: Mapping[str, Any], split: Any
) -> tuple[str, str, str, int]:
    instance = entry.get("instance")
    name = instance.get("id") if isinstance(instance, dict) else entry.get("instance_id")
    return (
        str(name),
        "" if split is None else str(split),
        json.dumps(perturbed.get("perturbation"), sort_keys=True),
        int(entry.get("train_trial_index") or 0),
    )


def read_promptfoo(files: Files) -> list[Row]:
    rows, seen = [], Counter[str]()
    for path, data in files.items():
        rows += [(path, result) for result in _list_results(path, data)]
    return [_read_result(path, result, seen) for path, result in rows]


def _list_results(path: str, data: bytes) -> list[dict[str, Any]]:
    if path.endswith(".jsonl"):
        results = load_lines(data)
    else:
        results = load(data)["results"]
        results = results["results"] if isinstance(results, dict) else results
    if not results:
        raise ValueError("no results")
    return results


def _read_result(path: str, result: Mapping[str, Any], seen: Counter[str]) -> Row:
    provider, prompt = result.get("provider"), result.get("prompt")
    if isinstance(provider, dict):
        provider = provider.get("label") or provider.get("id")
    label = prompt.get("label") if isinstance(prompt, dict) else None
    task = json.dumps([path, provider, label, str(result.get("promptIdx", ""))])
    case = result["testCase"] if isinstance(result.get("testCase"), dict) else result
    asked = [case.get(name) for name in ("vars", "description", "assert")]
    key = json.dumps(asked, sort_keys=True)
    sample = seen[task + key]
    seen[task + key] += 1
    return Row(task, key, sample, _judge_result(result))


def _judge_result(result: Mapping[str, Any]) -> str:
    table(result.get("gradingResult"))
    ungraded = result.get("gradingResult") is None and result.get("failureReason") != 1
    if result.get("failureReason") == 2 or (result.get("error") and ungraded):
        return ERROR
    success = result.get("success")
    if success is None:
        success = table(result.get("namedScores")).get("success")
    return judge(success)


def read_openai_evals(files: Files) -> list[Row]:
    ((_, data),) = files.items()
    events = load_lines(data)
    if not any("final_report" in event for event in events):
        raise ValueError("not finished")
    spec: dict[str, Any] = next(
        (event["spec"] for event in events if isinstance(event.get("spec"), dict)), {}
    )
    samples: dict[str, dict[str, list[Any]]] = {}
    for event in events:
        if event.get("sample_id") is not None:
            sample = samples.setdefault(str(event["sample_id"]), {"match": [], "error": []})
            sample.setdefault(str(event.get("type")), []).append(table(event.get("data")))
    rows = []
    for key, sample in samples.items():
        correct = [data.get("correct") for data in sample["match"]]
        if len(set(map(str, correct))) > 1:
            raise ValueError("judged in two ways")
        outcome = ERROR if sample["error"] else judge(correct[0] if correct else None)
        rows.append(Row(str(spec.get("eval_name")), key, None, outcome))
    return refuse_twice(rows)


def read_squad(files: Files) -> list[Row]:
    answers = load_once(files["answers.json"])
    rows, keys = [], set()
    questions: dict[str, Any] = {}
    for article in load(files["dev.json"])["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                key = str(question["id"])
                accepted = [answer["text"] for answer in question["answers"]] or [""]
                if questions.setdefault(key, question) != question:
                    raise ValueError("two questions of one id")
                if key in keys:
                    continue
                answer = answers.get(key)
                if answer is not None and not isinstance(answer, str):
                    raise ValueError("no text")
                right = answer is not None and _plain(answer) in set(map(_plain, accepted))
                keys.add(key)
                rows.append(Row("dev", key, None, RIGHT if right else WRONG))
    if not answers.keys() <= keys:
        raise ValueError("an answer to no question")
    return refuse_twice(rows)


def _plain(text: str) -> str:
    """Normalise as the script of SQuAD does, and compare what has nothing left as it is."""
    lower = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", lower).split())


def read_nemo(files: Files) -> list[Row]:
    (path,) = (name for name in files if name.endswith("results.jsonl"))
    rows = []
    for row in load_lines(files[path]):
        details = table(row.get("scoring_details"))
        failed = details.get("error_category") in ("infra_error", "system")
        outcome = ERROR if failed else judge(row.get("reward"))
        rows.append(Row("made", str(row["problem_idx"]), row.get("repeat"), outcome))
    return refuse_twice(rows)


def read_every_eval_ever(files: Files) -> list[Row]:
    (path,) = (name for name in files if name.endswith("_samples.jsonl"))
    about = files.get(path.replace("_samples.jsonl", ".json"))
    results = (load(about).get("evaluation_results") or []) if about else []
    rows = []
    for row in load_lines(files[path]):
        task = [row.get(key) for key in ("evaluation_name", "model_id")]
        task.append(row.get("evaluation_result_id") or "")
        held = [
            result
            for result in results
            if isinstance(result, dict)
            and row.get("evaluation_result_id") == result.get("evaluation_result_id", "")
        ] or [result for result in results if result.get("evaluation_name") == task[0]]
        less = bool(held) and table(held[0].get("metric_config")).get("lower_is_better") is True
        judged = table(row.get("evaluation"))
        outcome = ERROR if row.get("error") else judge(judged.get("score"), less=less)
        key = row.get("sample_id", row.get("sample_hash"))
        rows.append(Row(json.dumps(task), str(key), None, outcome))
    return refuse_twice(rows)


def read_swe_bench(files: Files) -> list[Row]:
    ((_, data),) = files.items()
    report = load(data)
    if report["schema_version"] != 2:
        raise ValueError("another schema")
    submitted = _instances(report, "submitted")
    environment = _instances(report, "infra_failure") if "infra_failure_ids" in report else set()
    rows: dict[str, Row] = {}
    for name in ("resolved", "unresolved", "empty_patch", "error"):
        for key in _instances(report, name):
            if key in rows or key not in submitted:
                raise ValueError("an instance in two lists, or not submitted")
            failed = name != "resolved" and (name == "error" or key in environment)
            outcome = RIGHT if name == "resolved" else WRONG
            rows[key] = Row("SWE-bench", key, None, ERROR if failed else outcome)
    return refuse_twice(rows[key] for key in sorted(rows))


def _instances(report: Mapping[str, Any], name: str) -> set[str]:
    listed = report[f"{name}_ids"] or [] if name == "infra_failure" else report[f"{name}_ids"]
    count = report.get(f"{name}_instances")
    if not isinstance(listed, list) or not all(isinstance(key, str) for key in listed):
        raise ValueError("no instances")
    if len(set(listed)) < len(listed) or count not in (None, len(listed)):
        raise ValueError("another number of instances")
    return set(listed)


def read_human_eval(files: Files) -> list[Row]:
    ((_, data),) = files.items()
    rows = []
    for number, row in enumerate(load_lines(data)):
        if not isinstance(row["task_id"], str) or row.get("passed") not in (None, True, False):
            raise ValueError("no completion")
        rows.append(Row("", row["task_id"], number, judge(row.get("passed"))))
    return refuse_twice(rows)


def read_evalplus(files: Files) -> list[Row]:
    ((_, data),) = files.items()
    rows = []
    for task, solutions in load(data)["eval"].items():
        for place, row in enumerate(solutions):
            statuses = [row.get("base_status"), row.get("plus_status")]
            if row["task_id"] != task or not {*statuses} <= {"pass", "fail", "timeout", None}:
                raise ValueError("no solution of this task")
            outcome = RIGHT if statuses == ["pass", "pass"] else WRONG
            rows.append(Row("", task, place, UNSCORED if None in statuses else outcome))
    return refuse_twice(rows)


def read_lmms_eval(files: Files) -> list[Row]:
    (path,) = (name for name in files if re.match(r"\d{8}_\d{6}_samples_made\.jsonl$", name))
    about = files.get(path.replace("_samples_made.jsonl", "_results.json"))
    results = load(about) if about is not None else {}
    better = table(table(results.get("higher_is_better")).get("made")).get("exact_match")
    total = table(table(results.get("n-samples")).get("made")).get("effective")
    rows = []
    for row in load_lines(files[path]):
        if row["doc_id"] is None:
            raise ValueError("no id")
        outcome = judge(row.get("exact_match"), less=better is False)
        rows.append(Row("made", str(row["doc_id"]), None, outcome))
    if type(total) is int and total != len(rows):
        raise ValueError("another number of rows than were run")
    return refuse_twice(rows)


def read_evalscope(files: Files) -> list[Row]:
    ((_, data),) = files.items()
    rows = []
    for row in load_lines(data):
        sample = table(row.get("sample_score"))
        group, index = sample.get("group_id"), row.get("index")
        key = index if group is None else group
        if key is None:
            raise ValueError("no id")
        place = sample.get("generation_index")
        value = table(table(sample.get("score")).get("value")).get("acc")
        rows.append(Row("", str(key), str(index if place is None else place), judge(value)))
    keys = [row.key for row in rows]
    several = len(set(keys)) < len(keys)
    return refuse_twice(row if several else row._replace(sample=None) for row in rows)


def read_opencompass(files: Files) -> list[Row]:
    (path,) = (name for name in files if name.startswith("predictions/"))
    whole = load_once(files[path])
    details = load(files[path.replace("predictions/", "results/", 1)])["details"]
    repeats = 1
    if isinstance(details, list):
        repeats = len(whole) // len(details)
        details = {str(place): detail for place, detail in enumerate(details)}
    details = {place: detail for place, detail in details.items() if place != "type"}
    size, rows = len(details), []
    for key, row in whole.items():
        place, sample = (str(int(key) % size), int(key) // size) if repeats > 1 else (key, 0)
        names = ("correct", "is_correct", "cascade_correct")
        said = [details[place][name] for name in names if details[place].get(name) is not None]
        value = said[0] if said else None
        if isinstance(value, list):
            if len(value) != repeats:
                raise ValueError("another number of judgements")
            value = value[sample]
        if "prediction" not in row:
            raise ValueError("no prediction")
        rows.append(Row("", place, sample, judge(value)))
    if len(rows) != size * repeats:
        raise ValueError("not all that was judged was predicted")
    return refuse_twice(rows)


def read_deepeval(files: Files) -> list[Row]:
    ((_, data),) = files.items()
    whole = load(data)
    rows = []
    for number, case in enumerate(table(whole.get("testRunData", whole))["testCases"]):
        if not isinstance(case["input"], str):
            raise TypeError("no text")
        metrics = [table(metric) for metric in case.get("metricsData") or []]
        failed = [metric for metric in metrics if metric.get("error")]
        decided = any(
            metric.get("success") is False and metric not in failed and not metric.get("flaky")
            for metric in metrics
        )
        lost = failed and not decided and case.get("success") is not True
        key = json.dumps([case["input"], case.get("expectedOutput")], sort_keys=True)
        rows.append(Row("", key, number, UNSCORED if lost else judge(case.get("success"))))
    return refuse_twice(rows)


READINGS: Mapping[str, Callable[..., list[Row]]] = {
    "deepeval": read_deepeval,
    "evalplus": read_evalplus,
    "evalscope": read_evalscope,
    "every-eval-ever": read_every_eval_ever,
    "helm": read_helm,
    "human-eval": read_human_eval,
    "inspect": read_inspect,
    "lighteval": read_lighteval,
    "lm-eval": read_lm_eval,
    "lmms-eval": read_lmms_eval,
    "nemo-evaluator": read_nemo,
    "openai-evals": read_openai_evals,
    "opencompass": read_opencompass,
    "promptfoo": read_promptfoo,
    "squad": read_squad,
    "swe-bench": read_swe_bench,
}
