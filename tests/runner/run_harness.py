"""Run lm-evaluation-harness on tiny checkpoints and local data, and write what it found.

    python run_harness.py FOLDER CASES.json OUT.json

Its own task files make the prompts; only where the rows come from is ours. A process of its
own, since the harness and what it imports warn, and tests turn warnings into errors.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")


def make_task(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    """Return the harness's own task, on the rows of a local file."""
    import lm_eval.tasks
    import yaml

    home = Path(lm_eval.tasks.__file__).parent
    named = case["task"]
    task: dict[str, Any] = {"task": f"{named}_here", "target_delimiter": " "}
    if "config" in case:
        task |= case["config"]
    else:
        text = (home / named / f"{named}.yaml").read_text()
        found = yaml.load(text, Loader)  # noqa: S506
        task |= {key: value for key, value in found.items() if key not in {"task", "tag"}}
        if task.get("process_docs") is not None:
            sys.path.insert(0, str(home / named))
            task["process_docs"] = __import__("utils").process_docs
    files = {"test": str(folder / case["data"])}
    if "shots_data" in case:
        files["train"] = str(folder / case["shots_data"])
    task |= {
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": files},
        "test_split": "test",
        "training_split": "train" if "train" in files else None,
        "fewshot_split": "train" if "train" in files else None,
        "validation_split": None,
        "num_fewshot": case.get("shots", 0),
        "fewshot_config": {"sampler": "first_n"} if "train" in files else None,
    }
    if "max_new_tokens" in case:
        kwargs = dict(task.get("generation_kwargs") or {})
        task["generation_kwargs"] = {**kwargs, "max_gen_toks": case["max_new_tokens"]}
    return task


def evaluate(lm: Any, tasks: Any, folder: Path, case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the harness asked and was told, an example each."""
    import lm_eval

    found = lm_eval.simple_evaluate(
        model=lm,
        tasks=[make_task(folder, case)],
        task_manager=tasks,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=case.get("chat", False),
        fewshot_as_multiturn=case.get("chat", False),
    )
    [samples] = found["samples"].values()
    kept = []
    seen = set()
    for each in sorted(samples, key=lambda sample: sample["doc_id"]):
        if each["doc_id"] in seen:  # once for each filter
            continue
        seen.add(each["doc_id"])
        asked = list(each["arguments"].values()) if isinstance(each["arguments"], dict) else None
        asked = [[a["arg_0"], a["arg_1"]] for a in asked] if asked else each["arguments"]
        kept.append(
            {
                "prompt": asked[0][0],
                "continuations": [str(a[1]) for a in asked],
                "resps": [r[0] for r in each["resps"]],
                "acc": each.get("acc"),
                "acc_norm": each.get("acc_norm"),
            }
        )
    return kept


def main() -> None:
    """Run all cases, those of one checkpoint together."""
    import torch
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    tasks = TaskManager(include_defaults=False)  # its own would read thousands of files
    found: dict[str, Any] = {}
    for model, cases in json.loads(Path(sys.argv[2]).read_text()).items():
        lm = HFLM(pretrained=str(folder / model), dtype="float32", batch_size=4, device="cpu")
        found[model] = {name: evaluate(lm, tasks, folder, case) for name, case in cases.items()}
    Path(sys.argv[3]).write_text(json.dumps(found, default=str))


def _loader() -> Any:
    import yaml

    class Plain(yaml.SafeLoader):
        """Reads the harness's files, whose functions are looked up by hand."""

    Plain.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))
    return Plain


Loader = _loader()

if __name__ == "__main__":
    main()
