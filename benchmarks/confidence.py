"""Confidence of one small model in four number types, by the genuine lm-evaluation-harness.

Run `python benchmarks/confidence.py [--quick]`: it trains a tiny Llama on the spot (choose the word
that the question began with), asks it by lm-evaluation-harness in float32, again in other batches,
in bfloat16 and with int8 weights (torch's own dynamic quantisation), compares the logs with
compatkit, and holds the divergence to a plain script that reads the same logs. It prints a table; a
full run writes `benchmarks/results/confidence.md`. With `--logs FOLDER` it writes the logs alone,
which a test compares. With `--speed ROWS` it measures instead what
likelihoods cost, and prints that: `confidence_speed`.
"""

import argparse
import json
import math
import os
import random
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

import torch
from confidence_speed import report_speed
from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from compatkit import compare
from compatkit.comparison.comparison import Comparison
from compatkit.reports.view import format_value

RESULTS = Path(__file__).parent / "results" / "confidence.md"
WORDS = [f"w{number}" for number in range(40)]
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", "?"]
TASK = "first_word"
CHOICES = 4
STEPS = 14
SEED = 20270


def make_tokenizer() -> Any:
    """Return a tokenizer with a token for each word."""
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=inner, **names)


def draw_question(draw: random.Random) -> tuple[list[str], list[str], int]:
    """Return the words of a question, the choices, and which of them is right: the first word."""
    words = draw.sample(WORDS, CHOICES)
    choices = draw.sample(words, CHOICES)
    return words, choices, choices.index(words[0])


def train(steps: int) -> Any:
    """Train a tiny Llama for so short that it answers most questions, and not all."""
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=32,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
    )
    model, draw = LlamaForCausalLM(config), random.Random(SEED)
    place = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        questions = [draw_question(draw)[0] for _ in range(128)]
        tokens = torch.tensor([[*map(place.get, [*q, "?", q[0]])] for q in questions])
        labels = tokens.clone()
        labels[:, :-1] = -100
        optimizer.zero_grad()
        model(input_ids=tokens, labels=labels).loss.backward()
        optimizer.step()
    return model.eval()


def write_task(folder: Path, documents: int) -> dict[str, Any]:
    """Write the documents, and return the harness's task of them."""
    draw, path = random.Random(SEED + 1), folder / "data.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for _ in range(documents):
            words, choices, right = draw_question(draw)
            row = {"question": " ".join([*words, "?"]), "choices": choices, "gold": right}
            file.write(json.dumps(row) + "\n")
    return {
        "task": TASK,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{gold}}",
        "metric_list": [{"metric": "acc"}],
    }


def ask(model: Any, task: dict[str, Any], out: Path, batch_size: int) -> Path:
    """Let the harness ask a model, and write its logs."""
    lm = HFLM(pretrained=model, tokenizer=make_tokenizer(), batch_size=batch_size, device="cpu")
    tracker = EvaluationTracker(output_path=str(out))
    results = simple_evaluate(
        model=lm,
        tasks=[dict(task)],
        task_manager=TaskManager(include_defaults=False),  # its own would read thousands of files
        log_samples=True,
        bootstrap_iters=0,
        evaluation_tracker=tracker,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for name, rows in samples.items():
        tracker.save_results_samples(task_name=name, samples=rows)
    return out


def diverge_plainly(old: Path, new: Path) -> float:
    """Return the mean divergence as a plain script has it, of the harness's own rows."""
    sides = []
    for folder in (old, new):
        (path,) = folder.rglob(f"samples_{TASK}_*.jsonl")
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        sides.append({row["doc_id"]: [float(r[0][0]) for r in row["resps"]] for row in rows})
    total = 0.0
    for document, values in sides[0].items():
        p, q = (_softmax(side) for side in (values, sides[1][document]))
        total += sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    return total / len(sides[0])


def _softmax(values: list[float]) -> list[float]:
    weights = [math.exp(value - max(values)) for value in values]
    return [weight / sum(weights) for weight in weights]


def describe(name: str, comparison: Comparison, plain: float) -> str:
    """Return a row of the table."""
    metrics, counts = comparison.metrics, comparison.counts
    kl = metrics["kl_divergence"]
    limits = "-" if kl.low is None or kl.high is None else f"{kl.low:.1e} to {kl.high:.1e}"
    cells = (
        name,
        format_value("accuracy_new", metrics["accuracy_new"]),
        format_value("accuracy_delta", metrics["accuracy_delta"]),
        counts.negative_flips,
        counts.positive_flips,
        metrics["close_call_rate"].numerator,
        metrics["confident_negative_flip_rate"].numerator,
        format_value("top_choice_agreement", metrics["top_choice_agreement"]),
        f"{kl.value or 0.0:.1e} ({limits})",
        f"{abs((kl.value or 0.0) - plain):.0e}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def write_logs(folder: Path, documents: int, steps: int) -> dict[str, Path]:
    """Train, ask in each number type, and return the folder of each log."""
    task, model = write_task(folder, documents), train(steps)
    linear = {torch.nn.Linear}
    quantized = torch.ao.quantization.quantize_dynamic(model, linear, dtype=torch.qint8)
    return {
        "float32": ask(model, task, folder / "float32", 64),
        "float32, batches of 48": ask(model, task, folder / "again", 48),
        "bfloat16": ask(_as_bfloat16(model), task, folder / "bfloat16", 64),
        "int8": ask(quantized, task, folder / "int8", 64),
    }


def measure(documents: int, steps: int) -> str:
    """Train, ask, compare, and return the report."""
    with tempfile.TemporaryDirectory() as temporary:
        news = write_logs(Path(temporary), documents, steps)
        old, again = news.pop("float32"), news["float32, batches of 48"]
        rows, limits = [], []
        for name, new in news.items():
            rerun = None if new is again else str(again)
            comparison = compare(str(old), str(new), old_rerun=rerun, metric="acc")
            rows.append(describe(name, comparison, diverge_plainly(old, new)))
            limits += [note for note in comparison.notes if note.startswith("close calls")][:1]
        coarse = compare(str(old), str(news["int8"]), old_rerun=str(news["bfloat16"]), metric="acc")
        rows.append(describe("int8, close by bfloat16", coarse, diverge_plainly(old, news["int8"])))
        limits += [note for note in coarse.notes if note.startswith("close calls")]
        first = comparison.accuracy_old or 0.0
    about = [f"- {text.partition(' in /')[0]}" for text in dict.fromkeys(limits)]
    return "\n".join([_head(documents, steps, first), *rows, "", *about, ""])


def _as_bfloat16(model: Any) -> Any:
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    return copy.to(torch.bfloat16).eval()


def _head(documents: int, steps: int, accuracy: float) -> str:
    return (
        "# Confidence of one small model in several number types\n\n"
        "Command: `python benchmarks/confidence.py`. A Llama of two layers, 32 wide, trained for "
        f"{steps} steps on\nthe spot, asked {documents:,} questions of {CHOICES} choices by "
        f"lm-evaluation-harness {version('lm_eval')}\n(torch {version('torch')}, on a CPU). Old is "
        f"float32 in batches of 64, right on {accuracy:.2%}. A close\ncall is one by the second run"
        " that a row names, else by float32 in batches of 48, and of\nthese by the default. The "
        "last column is by how much the divergence differs from that of a plain\nscript on the "
        "same logs. Dynamic quantisation is torch's own, of the linear layers.\n\n"
        "| new | accuracy | change | broken | repaired | close calls | confident losses "
        "| same likeliest | KL, nats | plain script |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )


def main() -> None:
    """Measure, print, and write what a full run measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few questions, or one report; written nowhere",
    )
    parser.add_argument("--speed", type=int, metavar="ROWS", help="what likelihoods cost instead")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="write the logs alone there")
    parser.add_argument("--repetitions", type=int, default=3, help="of --speed")
    chosen = parser.parse_args()
    if chosen.speed:
        print(report_speed(chosen.speed, chosen.repetitions, quick=chosen.quick))
        return
    quick = chosen.quick
    documents = 100 if quick else 1000
    if chosen.logs:
        write_logs(chosen.logs, documents, STEPS)
        return
    report = measure(documents, STEPS)
    if not quick:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
