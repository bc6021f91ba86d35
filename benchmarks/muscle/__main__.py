"""MUSCLE in miniature: what an adapter that breaks less costs and brings, against honest controls.

Run `python benchmarks/muscle [--quick] [--only PAIR] [--workers N] [--keep FOLDER]`: bases are
trained from scratch, a task adapter on each, every method from there, and all are asked the test
examples. A full run writes `benchmarks/results/muscle.md`, `.json` and `.svg`.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # with more, small models are slower by far

import torch
import transformers
from bases import Size, make_model
from experiment import RECIPE, Experiment, Pair, Scale, make_part
from figures import draw
from measure import Row, measure_update
from pairs import PAIRS
from table import judge_bars, render_masks, render_update
from worlds import WORLDS

RESULTS = Path(__file__).parents[1] / "results"
FULL, QUICK = Scale(2500, 2000, 3), Scale(200, 200, 2, share=0.05, epochs=1)

LEARNT = {"all": "all tokens", "completion": "the answer's tokens", "choice": "the choice"}
FLOOR = "floor, new base"
UPDATES = {"equal": "equally accurate", "gap": "large gap"}

HEAD = """\
# MUSCLE in miniature

Command: `python benchmarks/muscle`. {machine}. It took {minutes:.0f} minutes.

Bases of {smallest:,} to {largest:,} parameters from scratch, each on a mix of topics of its own;
{train:,} training examples or more, {test:,} test examples; {seeds} seeds of the task adapters. The
seeds of an example are one group: intervals (95 %) and p-values allow for it. Every method goes on
from the new task adapter for as many epochs, and the last is kept, one rule for all. `ce` is the
control that only trains on, by cross-entropy. "choice" behind a method: its loss is over the
choice. For the summaries accuracy is ROUGE-1, and NFR the share of examples whose score fell. A
floor is the NFR between two seeds of the task adapter of one and the same base.
Rates and accuracy are in percent, changes of accuracy and of PFR in points.

![NFR against accuracy](muscle.svg)

## The bars

Equally accurate: NFR at least 40 % lower than plain, no accuracy lost, lower than that of `ce` with
p < .001. Large gap: at least 25 % lower than plain, at most 0.5 points of accuracy lost. Any method
may reach a bar; neither its p-value nor its change allows for how many were tried.

{bars}
"""


def main() -> None:
    """Run the benchmark and print its tables."""
    given = _parse()
    scale = QUICK if given.quick else FULL
    pairs = [each for each in PAIRS if given.only in {None, each.name}]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        make_all(pairs, scale, folder, given.workers)
        found = [measure_pair(Experiment(each, scale, folder)) for each in pairs]
        minutes = spend(folder / "seconds.txt", time.monotonic() - started) / 60
    rows = [row for each in found for row in each["rows"]]
    text = render(found, scale, minutes)
    print(text)
    if not given.quick and given.only is None:
        (RESULTS / "muscle.md").write_text(text, encoding="utf-8")
        floors = {
            (each["pair"].name, update): beside[FLOOR]
            for each in found
            for update, _, beside in each["parts"]
        }
        data = [each.to_dict() for each in rows]
        (RESULTS / "muscle.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        draw(rows, floors, RESULTS / "muscle.svg")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny, for a look at whether it runs")
    parser.add_argument("--only", choices=[each.name for each in PAIRS], help="one pair of bases")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--keep", help="a folder that keeps what is made, and is gone on from")
    return parser.parse_args()


def make_all(pairs: Sequence[Pair], scale: Scale, folder: Path, workers: int) -> None:
    """Train all bases, then all adapters, seed by seed; what is there is left."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for seeds in ([None], range(scale.seeds)):
            done = [
                pool.submit(make_part, pair, scale, folder, seed)
                for seed in seeds
                for pair in pairs
            ]
            for each in done:
                each.result()


def spend(file: Path, seconds: float) -> float:
    """Add to the time that was spent in a folder, in earlier runs too, and return it."""
    spent = seconds + (float(file.read_text()) if file.exists() else 0.0)
    file.write_text(str(spent), encoding="utf-8")
    return spent


def measure_pair(experiment: Experiment) -> dict[str, Any]:
    """Measure both updates of a pair and its ablations."""
    parts = []
    for update, methods in experiment.pair.methods.items():
        rows, beside = measure_update(experiment, update, experiment.of_methods(update, methods))
        parts.append((update, rows, beside))
    ablations = []
    for each in experiment.pair.ablations:
        answers = experiment.of_methods(each.update, each.methods)
        ablations.append((each, measure_update(experiment, each.update, answers)[0]))
    rows = [row for _, of_update, _ in parts for row in of_update]
    return {"pair": experiment.pair, "parts": parts, "ablations": ablations, "rows": rows}


def render(found: list[dict[str, Any]], scale: Scale, minutes: float) -> str:
    """Return the page."""
    rows: list[Row] = [row for each in found for row in each["rows"]]
    pairs = [each["pair"] for each in found]
    sizes = [
        _count(size, WORLDS[pair.world]().size) for pair in pairs for size in pair.bases.values()
    ]
    parts = [
        HEAD.format(
            machine=describe_machine(),
            minutes=minutes,
            smallest=min(sizes),
            largest=max(sizes),
            train=scale.train,
            test=scale.test,
            seeds=scale.seeds,
            bars="\n".join(judge_bars(rows)),
        )
    ]
    for each in found:
        pair = each["pair"]
        for update, of_update, beside in each["parts"]:
            parts += [f"## {pair.name}, {UPDATES[update]}\n", describe(pair, scale)]
            parts += [render_update(of_update, beside), ""]
        for ablation, compared in each["ablations"]:
            parts += [f"### {pair.name}, {UPDATES[ablation.update]}: {ablation.title}\n"]
            shown = render_masks(compared) if ablation.masks else render_update(compared)
            parts += [shown, ""]
    return "\n".join(parts)


def describe(pair: Pair, scale: Scale) -> str:
    """Say what the adapters of a pair were trained over."""
    few = {} if scale.epochs is None else {"epochs": scale.epochs}
    task, again, control = (
        f"{each['epochs']} epochs at a learning rate of {each['learning_rate']:g}, the loss over "
        f"{LEARNT[each.get('tokens', 'all')]}"
        for each in (
            {**RECIPE, **pair.task, **few},
            {**RECIPE, **pair.again, **few},
            {**RECIPE, **pair.again, **pair.methods["equal"]["ce"], **few},
        )
    )
    return (
        f"Task adapters: {task}. From the new one on: {again}, if not said otherwise. The control, "
        f"`ce`: {control}.\n"
    )


def _count(size: Size, words: int) -> int:
    return sum(weight.numel() for weight in make_model(size, words).parameters())


def describe_machine() -> str:
    """Name the processor and the versions."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), one thread, Python "
        f"{platform.python_version()}, torch {torch.__version__}, transformers "
        f"{transformers.__version__}"
    )


if __name__ == "__main__":
    main()
