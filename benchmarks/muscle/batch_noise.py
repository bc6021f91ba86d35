"""What another batch size or number type alone moves: flips between runs of one and the same model.

Run `python benchmarks/muscle/batch_noise.py [--quick] [--output FILE]`: it trains a Llama on the
topics and words of `SummaryWorld` and another on `ChoiceWorld`, lets `compatkit run` ask them in
each number type by several batch sizes, and compares every run with that of the smallest batches.
A full run wants a GPU, and writes `benchmarks/results/batch_noise.md`.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from bases import Size, choose_device, make_base
from experiment import write_words
from worlds import ChoiceWorld, SummaryWorld

from compatkit import compare
from compatkit.checkpoints.sources import Model
from compatkit.comparison.comparison import Comparison
from compatkit.runner.examples import Data, read_examples
from compatkit.runner.header import Asked
from compatkit.runner.run import run_model
from compatkit.runner.settings import make_settings
from compatkit.runner.task import load_task

RESULTS = Path(__file__).parents[1] / "results" / "batch_noise.md"
DTYPES = ("float32", "bfloat16", "float16")
RIGHT = 0.5  # ROUGE-1 of an answer that counts as right
CUT = 9  # a prompt lacks fewer words than this at its beginning: lengths differ, as in real data
WRITE = """kind = "generate"
prompt = "{{ prompt }}"
reference = "reference"
max_new_tokens = 8
[scorer]
name = "rouge1"
"""
CHOOSE = """kind = "choice"
prompt = "{{ prompt }}"
choices = "choices"
reference = "answer"
[scorer]
name = "choice"
"""


@dataclass(frozen=True)
class Scale:
    """How large a run is.

    Attributes:
        width: of the bases.
        layers: of the bases.
        steps: of their training.
        examples: that are asked.
        batches: the batch sizes, the smallest first.
    """

    width: int
    layers: int
    steps: int
    examples: int
    batches: tuple[int, ...]


FULL = Scale(512, 8, 1500, 2000, (1, 16, 256))
QUICK = Scale(32, 2, 60, 60, (1, 8))


def write_summaries(folder: Path, count: int) -> None:
    """Write prompts whose answer is what follows in the texts of the world, six words."""
    random, world = np.random.default_rng(9), SummaryWorld()
    texts = world.texts(random, count, np.full(world.topics, 1 / world.topics))
    cuts = random.integers(0, CUT, count)
    rows = [
        {"prompt": write_words(text[cut : world.length + 1]),
         "reference": write_words(text[world.length + 1 :])}
        for text, cut in zip(texts.tolist(), cuts.tolist(), strict=True)
    ]  # fmt: skip
    _write(folder, "write", rows, WRITE)


def write_choices(folder: Path, count: int) -> None:
    """Write questions of the choice world, the right answer at a place of its own."""
    random, world = np.random.default_rng(9), ChoiceWorld()
    examples = world.examples(random, count)
    assert examples.endings is not None
    rows = []
    for prompt, endings in zip(examples.prompts.tolist(), examples.endings.tolist(), strict=True):
        order = random.permutation(len(endings))
        choices = [write_words(endings[place]) for place in order]
        answer = int(order.tolist().index(0))
        rows.append({"prompt": write_words(prompt), "choices": choices, "answer": answer})
    _write(folder, "choose", rows, CHOOSE)


def _write(folder: Path, name: str, rows: list[dict[str, Any]], task: str) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (folder / f"{name}.toml").write_text(task, encoding="utf-8")


def ask(folder: Path, kind: str, dtype: str, batch: int, again: str = "") -> str:
    """Let the runner ask a model, and return its prediction file; one that is there is left."""
    task = load_task(str(folder / f"{kind}.toml"))
    examples = read_examples(task, Data(str(folder / f"{kind}.jsonl")))
    output = str(folder / f"{kind}-{dtype}-{batch}{again}.jsonl")
    if Path(output).exists():
        return output
    settings = make_settings(task, dtype=dtype, batch_size=batch)
    run_model(Asked(task, examples, 0), settings, Model(str(folder / f"{kind}-base")), output)
    return output


def compare_runs(folder: Path, scale: Scale) -> Iterator[tuple[str, str, str, Comparison]]:
    """Yield a kind, the number type and what differs, and the comparison with the first run."""
    first, largest = scale.batches[0], scale.batches[-1]
    for kind in ("write", "choose"):
        right: dict[str, Any] = {"scorer": "rouge1", "threshold": RIGHT} if kind == "write" else {}
        for dtype in DTYPES:
            old = ask(folder, kind, dtype, first)
            runs = {f"batches of {size}": ask(folder, kind, dtype, size) for size in scale.batches}
            runs[f"batches of {largest}, once more"] = ask(folder, kind, dtype, largest, "-again")
            for called, new in runs.items():
                if new != old:
                    yield kind, dtype, called, compare(old, new, **right)
        for dtype in DTYPES[1:]:
            old, new = (ask(folder, kind, each, largest) for each in (DTYPES[0], dtype))
            yield kind, dtype, f"against {DTYPES[0]}, both of {largest}", compare(old, new, **right)


def render(rows: list[dict[str, Any]], scale: Scale) -> str:
    """Return the page."""
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU"
    about = (
        f"Command: `python benchmarks/muscle/batch_noise.py`, on {where}; torch "
        f"{torch.__version__}, transformers {transformers.__version__}. Llamas of width "
        f"{scale.width} and {scale.layers} layers, trained on the spot; {scale.examples:,} "
        f"examples, greedy answers of up to 8 tokens (right at ROUGE-1 >= {RIGHT}) or "
        "four choices by log-likelihood, prompts of unlike lengths. One model on both sides: what "
        f"differs is noise. If not said, against batches of {scale.batches[0]}."
    )
    lines = [
        "# Flips between two runs of one model", "", about, "",
        "| task | weights | run | other answers | broken | repaired | accuracy | change, points |",
        "| --- | --- | --- |" + 5 * " --- |",
    ]  # fmt: skip
    lines += [
        f"| {row['kind']} | {row['dtype']} | {row['run']} | {row['other']} | {row['broken']} | "
        f"{row['repaired']} | {row['accuracy']:.3f} | {row['points']:+.2f} |"
        for row in rows
    ]
    return "\n".join([*lines, ""])


def describe(kind: str, dtype: str, called: str, result: Comparison) -> Any:
    """Return the row of a comparison."""
    texts = [
        [json.loads(line)["prediction"] for line in Path(name).read_text("utf-8").splitlines()]
        for name in (result.old, result.new)
    ]
    other = sum(old != new for old, new in zip(*texts, strict=True))
    counts = result.counts
    broken, repaired = int(counts.negative_flips), int(counts.positive_flips)
    return {
        "kind": kind, "dtype": dtype, "run": called, "other": other, "broken": broken,
        "repaired": repaired, "accuracy": (int(counts.both_right) + repaired) / counts.total,
        "points": 100 * (repaired - broken) / counts.total,
    }  # fmt: skip


def main() -> None:
    """Train, ask, compare and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny; the numbers mean nothing")
    parser.add_argument("--output", default=str(RESULTS), help="where the page of a full run goes")
    given = parser.parse_args()
    scale = QUICK if given.quick else FULL
    print("on", choose_device(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_summaries(folder, scale.examples)
        write_choices(folder, scale.examples)
        for kind, world in (("write", SummaryWorld()), ("choose", ChoiceWorld())):
            size = Size(scale.width, scale.layers, scale.steps, 1, rate=1e-3)
            make_base(folder / f"{kind}-base", world, size)
        rows = []
        for kind, dtype, called, result in compare_runs(folder, scale):
            rows.append(describe(kind, dtype, called, result))
            print(rows[-1], flush=True)
    text = render(rows, scale)
    print(text)
    if not given.quick:
        Path(given.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
