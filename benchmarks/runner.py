# ruff: noqa: PLC0415, S106
"""Throughput of compatkit run beside lm-evaluation-harness, on one checkpoint and the same data.

    python benchmarks/runner.py [--quick]

Both are given the same model, the same prompts and the same batch size, and take turns; a ratio
is the harness's CPU time over compatkit's, so that above 1 compatkit is faster. The model is made
on the spot, with random weights: throughput does not depend on what the weights are.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from compatkit.record import replace

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from speed_table import Goal, Line, Section, describe_machine
from speed_texts import SEED, words

from compatkit.runner.answers import Answerer
from compatkit.runner.encoding import Encoder
from compatkit.runner.examples import Example
from compatkit.runner.plan import plan_batches
from compatkit.runner.prefix import Prefix, find_prefix
from compatkit.runner.settings import Settings, make_settings
from compatkit.runner.task import Task, load_task

RESULTS = Path(__file__).parent / "results" / "runner.md"
LIBRARIES = ("torch", "transformers", "tokenizers", "lm-eval")
BATCH = 16
VOCABULARY, WIDTH, LAYERS, HEADS, LENGTH = 8000, 256, 6, 8, 2048


@dataclass(frozen=True, slots=True)
class Bench:
    """One task that is measured: its examples and how long its texts are."""

    name: str
    task: Task
    examples: Sequence[Example]
    new_tokens: int | None = None


def make_benches(count: int) -> list[Bench]:
    """Make examples whose lengths are spread as those of the four tasks are."""
    draw = random.Random(SEED)
    forms, weights = words()

    def text(low: int, high: int) -> str:
        return " ".join(draw.choices(forms, cum_weights=weights, k=draw.randint(low, high)))

    def choices(number: int, prompt: tuple[int, int], each: tuple[int, int], shots: int) -> Example:
        before = tuple((text(*prompt), text(*each)) for _ in range(shots))
        size = draw.randint(*each)
        # The choices of a question are about as long: PIQA's differ by a word or two.
        spread = 1 if number == 2 else size // 4
        options = tuple(text(size - spread, size + spread) for _ in range(number))
        return Example("", text(*prompt), choices=options, shots=before)

    shots = tuple((text(20, 120), text(40, 120)) for _ in range(5))
    piqa, hellaswag, gsm8k, samsum = map(load_task, ("piqa", "hellaswag", "gsm8k", "samsum"))
    return [
        Bench("PIQA's lengths", piqa, [choices(2, (5, 15), (5, 40), 0) for _ in range(count)]),
        Bench(
            "HellaSwag's lengths",
            hellaswag,
            [choices(4, (15, 70), (8, 35), 0) for _ in range(count // 2)],
        ),
        Bench(
            "HellaSwag's lengths, 5 shots",
            hellaswag,
            [choices(4, (15, 70), (8, 35), 5) for _ in range(count // 16)],
        ),
        Bench(
            "GSM8K's lengths",
            gsm8k,
            [Example("", text(20, 120)) for _ in range(count // 2)],
            new_tokens=64,
        ),
        Bench(
            "GSM8K's lengths, 5 shots",
            gsm8k,
            [Example("", text(20, 120), shots=shots) for _ in range(count // 2)],
            new_tokens=64,
        ),
        Bench(
            "SAMSum's lengths",
            samsum,
            [Example("", text(30, 250)) for _ in range(count // 2)],
            new_tokens=64,
        ),
    ]


def make_checkpoint(folder: Path) -> None:
    """Save a Llama of 7 million parameters and a tokenizer trained on the texts' words."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<s>", "</s>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator((f" {word}" for word in words()[0]), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=LENGTH,
        initializer_range=0.05,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def run_ours(lm: Any, bench: Bench, settings: Settings) -> list[Any]:
    """Answer all examples with compatkit, tokens included, files not."""
    encoder = Encoder(lm.tokenizer, bench.task, settings, LENGTH, encoder_decoder=False)
    encoded = encoder.encode(bench.examples)
    plan = plan_batches(encoded, BATCH, by_length=settings.sort_by_length)
    padding = next(
        (int(t) for t in (lm.tokenizer.pad_token_id, lm.tokenizer.eos_token_id) if t is not None), 0
    )
    shared = settings.prefix_sharing and bench.task.kind != "choice"
    prefix = Prefix(find_prefix(encoded) if shared else ())
    answerer = Answerer(lm.model, lm.tokenizer, settings, bench.examples, padding, False, prefix)
    found: list[Any] = [None] * len(encoded)
    for batch in plan:
        for item, row in zip(batch, answerer.answer(batch), strict=True):
            found[item.example.number] = row.get("log_likelihoods", row["prediction"])
    return found


def run_theirs(lm: Any, bench: Bench, settings: Settings) -> list[Any]:
    """Answer all examples with the harness, from prompts that are rendered already."""
    from lm_eval.api.instance import Instance

    prompts = [
        "".join(f"{question} {answer}\n\n" for question, answer in each.shots) + each.prompt
        for each in bench.examples
    ]
    if bench.task.kind == "choice":
        asked = [
            Instance("loglikelihood", {}, (prompt, f" {choice}"), number)
            for prompt, each in zip(prompts, bench.examples, strict=True)
            for number, choice in enumerate(each.choices)
        ]
        found = iter(lm.loglikelihood(asked, disable_tqdm=True))
        return [[next(found)[0] for _ in each.choices] for each in bench.examples]
    options = {
        "until": list(settings.stop),
        "max_gen_toks": settings.max_new_tokens,
        "do_sample": False,
    }
    if settings.no_repeat_ngram_size:
        options["no_repeat_ngram_size"] = settings.no_repeat_ngram_size
    asked = [Instance("generate_until", {}, (prompt, dict(options)), 0) for prompt in prompts]
    return list(lm.generate_until(asked, disable_tqdm=True))


def refuse_differences(bench: Bench, ours: Sequence[Any], theirs: Sequence[Any]) -> None:
    """End the run where the two sides do not say the same: speed would mean nothing."""
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(one, str):
            same = one == other
        else:
            same = all(abs(a - b) < 1e-3 for a, b in zip(one, other, strict=True))
        if not same:
            sys.exit(f"{bench.name}: {one!r} is not {other!r}")


def take_turns(sides: Sequence[Callable[[], Any]], repetitions: int) -> list[list[float]]:
    """Take each side's CPU time, one after the other; the first round does not count."""
    times: list[list[float]] = [[] for _ in sides]
    for number in range(repetitions + 1):
        for side, taken in zip(sides, times, strict=True):
            start = time.process_time()
            side()
            if number:
                taken.append(time.process_time() - start)
    return times


def measure(benches: Sequence[Bench], folder: Path, repetitions: int) -> list[Section]:
    """Measure every task: beside the harness, without sorting, without sharing."""
    from lm_eval.models.huggingface import HFLM

    lm: Any = HFLM(pretrained=str(folder), dtype="float32", batch_size=BATCH, device="cpu")
    beside, sorting, sharing = [], [], []
    for bench in benches:
        settings = make_settings(bench.task, max_new_tokens=bench.new_tokens)
        refuse_differences(bench, run_ours(lm, bench, settings), run_theirs(lm, bench, settings))
        variants = [settings, replace(settings, sort_by_length=False)]
        if bench.task.kind == "choice" or bench.examples[0].shots:
            variants.append(replace(settings, prefix_sharing=False))
        sides = [partial(run_theirs, lm, bench, settings)]
        sides += [partial(run_ours, lm, bench, each) for each in variants]
        theirs, ours, *others = take_turns(sides, repetitions)
        count = len(bench.examples)
        beside.append(_line(bench.name, theirs, ours, count, Goal(1)))
        sorting.append(_line(bench.name, others[0], ours, count))
        if len(others) > 1:
            sharing.append(_line(bench.name, others[1], ours, count))
        print(beside[-1], file=sys.stderr)
    about = "Prompts are rendered, the model is loaded; tokens, batches and answers are counted."
    return [
        Section("Beside lm-evaluation-harness", "times faster", about, beside),
        Section("Sorting by length", "times faster", "Beside the order of the data.", sorting),
        Section(
            "Sharing the question, or the shots",
            "times faster",
            "The question goes through the model once for all its choices, what all prompts of "
            "texts begin with once for all; beside once for each.",
            sharing,
        ),
    ]


def _line(
    name: str, above: list[float], below: list[float], count: int, goal: Goal | None = None
) -> Line:
    speeds = [f"{count / sorted(each)[len(each) // 2]:.3g}" for each in (above, below)]
    return Line(name, above, below, goal, f"{' / '.join(speeds)} examples a second")


def main() -> None:
    """Measure, print, and write the results of a full run."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer examples; nothing is written")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        make_checkpoint(Path(name))
        sections = measure(make_benches(32 if chosen.quick else 64), Path(name), 3)
    head = (
        "# Throughput of `compatkit run`\n\n"
        f"Command: `python benchmarks/runner.py`. {describe_machine(LIBRARIES)}. One thread, "
        f"32-bit floats, batches of {BATCH} sequences, a Llama with {LAYERS} layers of width "
        f"{WIDTH} and a vocabulary of {VOCABULARY:,}. Load average when it began: {load:.1f}.\n\n"
        "The sides take turns in one process; `times faster` is the quotient of the medians of\n"
        "three repetitions, in CPU time, which a busy machine changes less. Both sides give the\n"
        "same texts, and log-likelihoods within 0.001, or the run ends with an error.\n"
    )
    report = "\n".join([head, *map(str, sections)])
    if not chosen.quick:
        RESULTS.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
