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
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # with more, small models are slower by far

import torch
import transformers
from bases import Size, make_model
from experiment import RECIPE, Experiment, Pair, Scale, run_methods
from figures import draw
from measure import Row, measure_update
from table import judge_bars, render_masks, render_update

RESULTS = Path(__file__).parents[1] / "results"
FULL, QUICK = Scale(2500, 2000, 3), Scale(200, 200, 2, share=0.05, epochs=1)

PAIRS = (
    Pair(
        "choice-a",
        "choice",
        masks=True,
        bases={
            "new": Size(64, 2, 700, 1),
            "equal": Size(64, 2, 700, 2),
            "gap": Size(48, 2, 450, 3),
        },
    ),
    Pair(
        "sum",
        "sum",
        bases={
            "new": Size(64, 2, 1500, 1),
            "equal": Size(64, 2, 1500, 2),
            "gap": Size(48, 2, 700, 3),
        },
        more=2.4,
        recipe={"tokens": "completion", "learning_rate": 3e-3, "epochs": 12},
        again={"epochs": 5},
    ),
    Pair(
        "summary",
        "summary",
        bases={
            "new": Size(64, 2, 700, 1),
            "equal": Size(64, 2, 700, 2),
            "gap": Size(48, 2, 400, 3),
        },
        more=2,
        recipe={"tokens": "completion", "learning_rate": 3e-3, "epochs": 8},
        again={"epochs": 4},
    ),
    Pair(
        "choice-b",
        "choice",
        bases={
            "new": Size(64, 2, 700, 11),
            "equal": Size(64, 2, 700, 12),
            "gap": Size(48, 2, 450, 13),
        },
    ),
)
METHODS: dict[str, dict[str, Any]] = {
    "ce": {"method": "ce"},
    "muscle": {},
    "kd_mix": {"method": "kd_mix"},
}
FOR_GAPS: dict[str, dict[str, Any]] = {
    "token_odds + ce": {"mask": "token_odds", "ce_weight": 0.05},
}
UPDATES = {"equal": "equally accurate", "gap": "large gap"}
AGAIN: dict[str, Any] = {"epochs": 10, "learning_rate": 3e-3}  # of every method, cross-entropy too

# The ablation of the masks, and what was tried on large gaps before, with fewer steps.
FEW: dict[str, Any] = {"epochs": 5}
MASKS: dict[str, dict[str, Any]] = {
    "ce": {"method": "ce"},
    "muscle": {},
    "kd_old": {"method": "kd_old"},
    "kd_mix": {"method": "kd_mix"},
    "old_right": {"mask": "old_right"},
    "muscle + ce": {"ce_weight": 0.5},
    "token_likelihood + ce": {"mask": "token_likelihood", "ce_weight": 0.5},
    "sequence_likelihood + ce": {"mask": "sequence_likelihood", "ce_weight": 0.5},
}
TRIED: dict[str, dict[str, Any]] = {
    "ce": {"method": "ce"},
    "muscle": {},
    "kd_old": {"method": "kd_old"},
    "kd_mix": {"method": "kd_mix"},
    "muscle + ce": {"ce_weight": 0.5},
    "token_odds + ce": {"mask": "token_odds", "ce_weight": 0.3},
}

HEAD = """\
# MUSCLE in miniature

Command: `python benchmarks/muscle`. {machine}. It took {minutes:.0f} minutes.

Bases of {smallest:,} to {largest:,} parameters from scratch, each on a mix of topics of its own;
{train:,} training and {test:,} test examples; {seeds} seeds of the task adapters. The seeds of an
example are one group: intervals (95 %) and p-values allow for it. Task adapters train for {task:g}
epochs; every method goes on from the new one's for as many steps, and the last is kept, one rule
for all. `ce` is the control that only trains on. For the summaries accuracy is ROUGE-1, and NFR the
share of examples whose score fell.

![NFR against accuracy](muscle.svg)

## The bars

Equally accurate: NFR 40 % lower than plain, no loss of accuracy, p < .001 against `ce`. Large gap:
25 % lower, at most 0.5 points lost.

{bars}
"""


def main() -> None:
    """Run the benchmark and print its tables."""
    given = _parse()
    scale = QUICK if given.quick else FULL
    pairs = [each for each in PAIRS if given.only in {None, each.name}]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.keep or temporary)
        if given.workers > 1:
            with ProcessPoolExecutor(given.workers) as pool:
                found = list(pool.map(run_pair, pairs, [scale] * len(pairs), [folder] * len(pairs)))
        else:
            found = [run_pair(pair, scale, folder) for pair in pairs]
    rows = [row for each in found for row in each["rows"]]
    text = render(found, scale, sum(each["minutes"] for each in found))
    print(text)
    if not given.quick and given.only is None:
        (RESULTS / "muscle.md").write_text(text, encoding="utf-8")
        data = [each.to_dict() for each in rows]
        (RESULTS / "muscle.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        draw(rows, RESULTS / "muscle.svg")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny, for a look at whether it runs")
    parser.add_argument("--only", choices=[each.name for each in PAIRS], help="one pair of bases")
    parser.add_argument("--workers", type=int, default=1, help="pairs at a time")
    parser.add_argument("--keep", help="a folder that keeps what is made, and is gone on from")
    return parser.parse_args()


def run_pair(pair: Pair, scale: Scale, folder: Path) -> dict[str, Any]:
    """Run both updates of a pair."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    started = time.monotonic()
    experiment = Experiment(pair, scale, folder)
    found: dict[str, Any] = {"pair": pair.name, "rows": [], "parts": []}
    plans = [("equal", METHODS, AGAIN), ("gap", {**METHODS, **FOR_GAPS}, AGAIN)]
    plans = [(update, methods, {**again, **pair.again}) for update, methods, again in plans]
    if pair.masks and scale.epochs is None:
        plans += [("equal", MASKS, FEW), ("gap", TRIED, FEW)]
    for number, (update, methods, again) in enumerate(plans):
        options = {name: {**again, **each} for name, each in methods.items()}
        answers = run_methods(experiment, update, options)
        rows, beside = measure_update(experiment, update, answers)
        found["parts"].append((update, again, rows, beside))
        found["rows"] += rows if number < len(UPDATES) else []
        print(render_update(rows, beside), flush=True)
    found["minutes"] = experiment.spend(time.monotonic() - started) / 60
    return found


def render(found: list[dict[str, Any]], scale: Scale, minutes: float) -> str:
    """Return the page."""
    rows: list[Row] = [row for each in found for row in each["rows"]]
    sizes = [_count(size) for pair in PAIRS for size in pair.bases.values()]
    parts = [
        HEAD.format(
            machine=describe_machine(),
            minutes=minutes,
            smallest=min(sizes),
            largest=max(sizes),
            train=scale.train,
            test=scale.test,
            seeds=scale.seeds,
            task=RECIPE["epochs"],
            bars="\n".join(judge_bars(rows)),
        )
    ]
    for each in found:
        for number, (update, again, of_update, beside) in enumerate(each["parts"]):
            few = "" if number < len(UPDATES) else ", fewer steps"
            parts += [f"## {each['pair']}, {UPDATES[update]}{few}\n"]
            parts += [f"{again['epochs']} epochs from the new task adapter on.\n"]
            parts += [render_update(of_update, beside), ""]
            if few and update == "equal":
                parts += ["### The masks beside the paper's (table 7)\n"]
                parts += [render_masks(of_update, of_update[0]), ""]
    return "\n".join(parts)


def _count(size: Size) -> int:
    return sum(weight.numel() for weight in make_model(size, 80).parameters())


def describe_machine() -> str:
    """Name the processor and the versions."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), one thread, Python "
        f"{platform.python_version()}, torch {torch.__version__}, transformers "
        f"{transformers.__version__}"
    )


if __name__ == "__main__":
    main()
