"""What training takes on a GPU, beside what `compatkit muscle check` says that it takes.

Run `python benchmarks/muscle/memory.py [--quick] [--output FILE]` where a GPU is: it makes Llamas
of random weights, trains task adapters and a compatibility adapter for a few steps by the default
recipe in bfloat16, and prints the highest memory that was allocated beside the estimate. A full run
writes `benchmarks/results/muscle_memory.md`.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from bases import choose_device, make_tokenizer
from experiment import write_words

from compatkit.muscle import MuscleConfig, finetune_adapter, train_adapter
from compatkit.muscle.check import GIB, estimate_memory
from compatkit.muscle.models import open_base

RESULTS = Path(__file__).parents[1] / "results" / "muscle_memory.md"
STEPS, HELD = 3, 2  # steps of a training, batches that validate


@dataclass(frozen=True)
class Shape:
    """A pair of equal bases and the batches they are trained in.

    Attributes:
        name: shown.
        width: of the hidden states.
        layers: of the model.
        words: of the vocabulary.
        batch: sequences of a batch.
        length: tokens of a sequence.
        again: whether activations are computed twice instead of kept.
    """

    name: str
    width: int
    layers: int
    words: int
    batch: int
    length: int
    again: bool = False


FULL = (
    Shape("8 layers of 512", 512, 8, 128, 64, 24),
    Shape("1.1 B, words of Llama 2", 2048, 22, 32_000, 4, 512),
    Shape("1.1 B, words of Llama 2", 2048, 22, 32_000, 4, 512, again=True),
    Shape("0.6 B, words of Qwen 2.5", 896, 24, 151_936, 4, 512),
    Shape("0.6 B, words of Qwen 2.5", 896, 24, 151_936, 4, 512, again=True),
    Shape("0.6 B, words of Qwen 2.5", 896, 24, 151_936, 8, 1024, again=True),
)
QUICK = (Shape("tiny", 32, 2, 64, 4, 16), Shape("tiny", 32, 2, 64, 4, 16, again=True))


def make_base(folder: Path, shape: Shape, seed: int) -> str:
    """Write a Llama of random weights and a tokenizer of whole words."""
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=shape.words,
        hidden_size=shape.width,
        intermediate_size=shape.width * 11 // 4 // 32 * 32,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.width // 64 or 1,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        dtype="bfloat16",
    )
    with torch.device(choose_device()):
        model = transformers.LlamaForCausalLM(config)
    model.to(torch.bfloat16).save_pretrained(folder)
    make_tokenizer(shape.words - 4).save_pretrained(folder)
    return str(folder)


def write_data(path: Path, shape: Shape, batches: int) -> str:
    """Write texts of as many tokens as the shape says, beginning and end token among them."""
    random = torch.Generator().manual_seed(0)
    size = (batches * shape.batch, shape.length - 2)
    rows = torch.randint(0, shape.words - 4, size, generator=random).tolist()
    path.write_text("".join(f'{{"text": "{write_words(row)}"}}\n' for row in rows))
    return str(path)


def measure(shape: Shape, folder: Path) -> dict[str, Any]:
    """Train and return the estimate and the highest memory, in gibibytes."""
    bases = {side: make_base(folder / side, shape, n) for n, side in enumerate(("old", "new"))}
    common: dict[str, Any] = {
        "data": write_data(folder / "train.jsonl", shape, STEPS),
        "validation": write_data(folder / "held.jsonl", shape, HELD),
        "batch_size": shape.batch, "gradient_accumulation": 1, "epochs": 1, "dtype": "bfloat16",
        "gradient_checkpointing": shape.again, "logging_steps": 1000, "select": "last",
    }  # fmt: skip
    for side, base in bases.items():
        output = str(folder / f"task-{side}")
        finetune_adapter(MuscleConfig(new_base=base, output=output, **common))
    config = MuscleConfig(
        new_base=bases["new"], old_base=bases["old"], new_adapter=str(folder / "task-new"),
        old_adapter=str(folder / "task-old"), output=str(folder / "compatible"), **common,
    )  # fmt: skip
    memory = estimate_memory(open_base(bases["old"]), open_base(bases["new"]), config, shape.length)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    train_adapter(config)
    return {
        "shape": shape,
        "parameters": sum(p.numel() for p in _open(bases["new"]).parameters()),
        "estimate": memory.total / GIB,
        "peak": torch.cuda.max_memory_allocated() / GIB,
    }


def _open(base: str) -> Any:
    with torch.device("meta"):
        return transformers.LlamaForCausalLM(transformers.LlamaConfig.from_pretrained(base))


def render(rows: list[dict[str, Any]]) -> str:
    """Return the page."""
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    about = (
        f"Command: `python benchmarks/muscle/memory.py`, on {where}; torch {torch.__version__}, "
        f"transformers {transformers.__version__}. Bases of random weights in bfloat16, the "
        "default recipe (rank 128, all tokens), teachers online; GiB. The estimate is the last "
        "line of `compatkit muscle check`, which leaves activations out; highest is what the "
        "allocator gave out at most."
    )
    lines = [
        "# Memory of training beside the estimate", "", about, "",
        "| bases | parameters | batch | activations | estimate | highest | highest / estimate |",
        "| --- |" + 6 * " --- |",
    ]  # fmt: skip
    for row in rows:
        shape = row["shape"]
        kept = "computed twice" if shape.again else "kept"
        lines.append(
            f"| {shape.name} | {row['parameters'] / 1e6:,.0f} M | {shape.batch} x {shape.length} | "
            f"{kept} | {row['estimate']:.2f} | {row['peak']:.2f} | "
            f"{row['peak'] / row['estimate']:.2f} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure all shapes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny bases")
    parser.add_argument("--output", default=str(RESULTS), help="where the page of a full run goes")
    given = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    rows = []
    for shape in QUICK if given.quick else FULL:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(shape, Path(folder)))
        print(rows[-1], flush=True)
    text = render(rows)
    print(text)
    if not given.quick:
        Path(given.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
