"""Make the lighteval fixtures with the real tool, offline.

    python tests/harnesses/make_lighteval.py [--output FOLDER]

Needs `lighteval` (with torch). Two models of a few lines answer a generative task and a
multiple-choice one, whose data are written on the spot. `expected.json` holds the flips that the
tool's own `load_details_datasets` shows.
"""

import argparse
import json
import os
import shutil
import tempfile
import types
from pathlib import Path

HERE = Path(__file__).parent
CAPITALS = {"France": "Paris", "Italy": "Rome", "Peru": "Lima", "Cuba": "Havana", "Egypt": "Cairo"}
WRONG = {"v1": {"Peru", "Cuba"}, "v2": {"Italy", "Cuba"}}
TASKS = """
import os
from lighteval.metrics.metrics import Metrics
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

DATA = os.environ["TINY_DATA"]

def ask(line, task_name=None):
    return Doc(task_name=task_name, query=line["question"], choices=[line["answer"]], gold_index=0)

def choose(line, task_name=None):
    query, gold = line["question"], line["gold"]
    return Doc(task_name=task_name, query=query, choices=line["choices"], gold_index=gold)

def make(name, function, metrics, file):
    return LightevalTaskConfig(
        name=name, prompt_function=function, hf_repo=DATA + "/" + file, hf_subset="default",
        hf_avail_splits=["test"], evaluation_splits=["test"], few_shots_split=None,
        few_shots_select=None, generation_size=5, metrics=metrics, stop_sequence=[],
    )

TASKS_TABLE = [
    make("tiny_text", ask, [Metrics.exact_match], "text"),
    make("tiny_choice", choose, [Metrics.loglikelihood_acc], "choice"),
]
"""


def make_data(folder: Path) -> None:
    text, choice = [], []
    for number, (country, city) in enumerate(CAPITALS.items()):
        question = f"The capital of {country} is"
        text.append({"question": question, "answer": city})
        choices = [city, "Atlantis"] if number % 2 else ["Atlantis", city]
        choice.append({"question": question, "choices": choices, "gold": choices.index(city)})
    for name, rows in (("text", text), ("choice", choice)):
        (folder / name).mkdir()
        (folder / name / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "tiny_tasks.py").write_text(TASKS)


def stay_offline() -> None:
    """Answer for the servers that the tool asks on behalf of other benchmarks."""
    import huggingface_hub
    import requests

    huggingface_hub.HfApi.list_models = lambda *_, **__: ["a judge"]

    requests.get = lambda *_, **__: types.SimpleNamespace(status_code=503)


def run(version: str, folder: Path) -> dict[str, list]:
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.dummy.dummy_model import DummyModel, DummyModelConfig
    from lighteval.models.model_output import ModelResponse
    from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters

    class Model(DummyModel):
        def country(self, doc):
            return doc.query.split()[-2]

        def greedy_until(self, docs):
            wrong = WRONG[version]
            return [
                ModelResponse(
                    text=["Atlantis" if self.country(doc) in wrong else CAPITALS[self.country(doc)]]
                )
                for doc in docs
            ]

        def loglikelihood(self, docs):
            return [
                ModelResponse(
                    logprobs=[
                        -1.0
                        if (text == "Atlantis") == (self.country(doc) in WRONG[version])
                        else -2.0
                        for text in doc.choices
                    ],
                    argmax_logits_eq_gold=[False for _ in doc.choices],
                )
                for doc in docs
            ]

    tracker = EvaluationTracker(output_dir=str(folder / "out" / version), save_details=True)
    pipeline = Pipeline(
        tasks="tiny_text|0,tiny_choice|0",
        pipeline_parameters=PipelineParameters(
            launcher_type=ParallelismManager.NONE,
            custom_tasks_directory=str(folder / "tiny_tasks.py"),
            bootstrap_iters=0,
        ),
        evaluation_tracker=tracker,
        model=Model(DummyModelConfig(model_name=f"tiny-{version}")),
    )
    pipeline.evaluate()
    pipeline.save_and_push_results()
    (made,) = (folder / "out" / version / "details" / f"tiny-{version}").iterdir()
    found = tracker.load_details_datasets(made.name, ["tiny_text", "tiny_choice"])
    return {task: list(rows) for task, rows in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=HERE / "lighteval")
    out = parser.parse_args().output
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ |= {"TINY_DATA": str(folder), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
        make_data(folder)
        os.chdir(folder)
        stay_offline()
        sides = {version: run(version, folder) for version in ("v1", "v2")}
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder / "out", out)
        for path in out.rglob("details_*"):  # not every file system takes a bar in a name
            path.rename(path.with_name(path.name.replace("|", "~")))
        for path in out.rglob("results_*.json"):
            path.write_text(path.read_text().replace(str(folder), "data"))
    expected = {}
    for task, olds in sides["v1"].items():
        news = {row["doc"]["query"]: row for row in sides["v2"][task]}
        (metric,) = olds[0]["metric"]
        pairs = [
            (row["metric"][metric], news[row["doc"]["query"]]["metric"][metric]) for row in olds
        ]
        expected[task] = {
            "metric": metric,
            "old": sum(a for a, _ in pairs),
            "new": sum(b for _, b in pairs),
            "negative": sum(a > b for a, b in pairs),
            "positive": sum(a < b for a, b in pairs),
        }
    (out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(json.dumps(expected))


if __name__ == "__main__":
    main()
