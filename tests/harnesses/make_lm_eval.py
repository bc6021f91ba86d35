"""Make the lm-evaluation-harness fixtures with the real tool, offline.

    python tests/harnesses/make_lm_eval.py [--output FOLDER]

Needs `lm_eval` with transformers and torch on the path (`pip install "lm-eval[hf]"`). Two tiny
Llamas with different random weights are made on the spot and answer a multiple-choice task and a
generative one with two filters. Beside the logs, `expected.json` holds what the tool itself says:
per task, filter and metric the sum over the rows of its own `simple_evaluate`, and the flips
between the two models counted from those rows.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MODELS = ("v1", "v2")
WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "red",
    "blue",
    "green",
    "cat",
    "dog",
]
CHOICE_TASK = """
task: tiny_choice
dataset_path: json
dataset_kwargs: {data_files: {test: DATA/choice.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: "{{gold}}"
metric_list:
  - metric: acc
  - metric: acc_norm
"""
TEXT_TASK = """
task: tiny_text
dataset_path: json
dataset_kwargs: {data_files: {test: DATA/text.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["."], max_gen_toks: 6, do_sample: false}
filter_list:
  - name: strict-match
    filter:
      - {function: regex, regex_pattern: "^\\\\s*(\\\\w+)"}
      - {function: take_first}
  - name: flexible-extract
    filter:
      - {function: regex, regex_pattern: "(red|blue|green|cat|dog|one|two|three)"}
      - {function: take_first}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
"""


def make_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {
        word: n for n, word in enumerate(["<unk>", "<s>", "</s>", "<pad>", ".", "?", *WORDS])
    }
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
    )
    made.save_pretrained(folder)


def make_model(folder: Path, seed: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=6 + len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=128,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
        initializer_range=0.6,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    make_tokenizer(folder)


def make_data(folder: Path) -> None:
    draw = random.Random(7)
    choice, text = [], []
    for _ in range(12):
        choices = draw.sample(WORDS, 3)
        choice.append(
            {
                "question": f"{' '.join(draw.sample(WORDS, 3))} ?",
                "choices": choices,
                "gold": draw.randrange(3),
            }
        )
        text.append(
            {"question": f"{' '.join(draw.sample(WORDS, 3))} ?", "answer": draw.choice(WORDS[-5:])}
        )
    for name, rows in (("choice", choice), ("text", text)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tasks = folder / "tasks"
    tasks.mkdir()
    for name, task in (("choice", CHOICE_TASK), ("text", TEXT_TASK)):
        (tasks / f"{name}.yaml").write_text(task.replace("DATA", str(folder)))


def count_with_the_tool(folder: Path, out: Path) -> dict[str, object]:
    """Run both models through the tool's Python API and count flips from its own rows."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(folder / "tasks"))
    rows: dict[str, dict[tuple[str, str, str], dict[int, float]]] = {}
    for model in MODELS:
        found = simple_evaluate(
            model="hf",
            model_args=f"pretrained={folder / model},dtype=float32",
            tasks=["tiny_choice", "tiny_text"],
            task_manager=manager,
            device="cpu",
            batch_size=8,
            log_samples=True,
            bootstrap_iters=0,
        )
        scores: dict[tuple[str, str, str], dict[int, float]] = {}
        for task, samples in found["samples"].items():
            for row in samples:
                for metric in row["metrics"]:
                    scores.setdefault((task, metric, row["filter"]), {})[row["doc_id"]] = float(
                        row[metric]
                    )
        rows[model] = scores
    expected = {}
    for key, old in rows["v1"].items():
        new = rows["v2"][key]
        expected["|".join(key)] = {
            "old": sum(old.values()),
            "new": sum(new.values()),
            "negative": sum(old[n] > new[n] for n in old),
            "positive": sum(old[n] < new[n] for n in old),
        }
    (out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    return expected


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=HERE / "lm_eval")
    out = parser.parse_args().output
    os.environ |= {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_data(folder)
        for seed, model in enumerate(MODELS, 3):
            make_model(folder / model, seed)
            command = [
                sys.executable,
                "-m",
                "lm_eval",
                "--model",
                "hf",
                "--model_args",
                f"pretrained=./{model},dtype=float32",
                "--tasks",
                "tiny_choice,tiny_text",
                "--include_path",
                "tasks",
                "--device",
                "cpu",
                "--batch_size",
                "8",
                "--output_path",
                f"out/{model}",
                "--log_samples",
            ]
            subprocess.run(command, cwd=folder, check=True)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder / "out", out)
        for path in out.rglob("*.json*"):
            path.write_text(path.read_text().replace(str(folder), "data"))
        print(json.dumps(count_with_the_tool(folder, out), indent=1))
    for path in out.rglob("results_*.json"):  # what belongs to the machine, not to the run
        found = json.loads(path.read_text())
        for key in ("pretty_env_info", "git_hash", "upper_git_hash", "transformers_version"):
            found.pop(key, None)
        path.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
