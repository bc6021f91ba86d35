"""The protocol: methods over many triples of bases, with recipes that are frozen before them.

Run `python benchmarks/muscle/protocol.py --keep FOLDER [--quick | --large] [--triples N] [--family
NAME]`; `--large` is of bases of 12 to 21 million parameters in bfloat16, for a GPU. A triple is a
world, an old base and a new one, all of seeds of its own; each answers its test examples once per
method. Families of triples are the choice task and the sums, whose text is generated
(`choice_triples.py`, `sum_triples.py`). Results are kept by their hash, so that a
changed recipe is measured anew and an interrupted run goes on; `--table` writes the page of the
triples that are done, and trains nothing. Intervals are over triples, Student's t: what is claimed
is about further triples, not about further examples of the same ones.
"""

import argparse
import hashlib
import json
import math
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # with more, small models are slower by far

import choice_triples
import numpy as np
import sum_triples
import torch
import transformers
from scipy import stats
from triples import Scale

RESULTS = Path(__file__).parents[1] / "results"
UPDATES = {"equal": "equally accurate", "gap": "large gap"}
LEAST = 2  # triples that an interval needs


@dataclass(frozen=True)
class Family:
    """A family of triples.

    Attributes:
        measure: trains and asks all methods of a triple.
        recipes: theirs, by which results are kept.
        scales: by name: `full`, `quick` for a look at whether it runs, `large` for a GPU.
    """

    measure: Callable[[int, str, Scale, Path], dict[str, Any]]
    recipes: Mapping[str, Any]
    scales: Mapping[str, Scale]


FAMILIES = {
    "choice": Family(
        choice_triples.measure_choices,
        {"task": choice_triples.TASK, **choice_triples.RECIPES},
        choice_triples.SCALES,
    ),
    "sum": Family(
        sum_triples.measure_sums,
        {"task": sum_triples.TASK, **sum_triples.RECIPES},
        sum_triples.SCALES,
    ),
}


@dataclass(frozen=True)
class Plan:
    """One triple that is measured.

    Attributes:
        family: a name in `FAMILIES`.
        update: a name in `UPDATES`.
        number: of the triple.
        scale: how large it is.
        folder: where all triples are kept.
    """

    family: str
    update: str
    number: int
    scale: Scale
    folder: Path

    @property
    def file(self) -> Path:
        """Where its rows are kept, by the hash of all recipes and of the scale."""
        named = [FAMILIES[self.family].recipes, {**self.scale.__dict__, "triples": None}]
        digest = hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:16]
        return self.folder / f"rows-{self.family}-{self.update}-{self.number}-{digest}.json"

    def read(self) -> dict[str, Any]:
        """Return its rows, and what they are of."""
        rows = json.loads(self.file.read_text(encoding="utf-8"))
        return {
            "family": self.family, "update": self.update, "number": self.number, "rows": rows
        }  # fmt: skip


def measure(plan: Plan) -> Plan:
    """Measure a triple and keep its rows; one that is there is left."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if not plan.file.exists():
        family = FAMILIES[plan.family]
        rows = family.measure(plan.number, plan.update, plan.scale, plan.folder)
        part = plan.file.with_suffix(".part")
        part.write_text(json.dumps(rows, default=float), encoding="utf-8")
        part.replace(plan.file)
    return plan


def over_triples(values: Sequence[float]) -> str:
    """Write a mean with its interval over triples, by Student's t."""
    mean = float(np.mean(values))
    if len(values) < LEAST:
        return f"{mean:+.1f}"
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1))
    half /= math.sqrt(len(values))
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"


TITLES = {
    "full": "# MUSCLE over triples",
    "quick": "# MUSCLE over triples: a look at whether it runs, MEANINGLESS numbers",
    "large": "# MUSCLE over triples of 12 to 21 million parameters, in bfloat16",
}


def render(results: Sequence[Mapping[str, Any]], scales: Mapping[str, Scale], name: str) -> str:
    """Return the page of the scales of one name."""
    command = "python benchmarks/muscle/protocol.py" + (f" --{name}" if name != "full" else "")
    about = (
        f"Command: `{command}`. Intervals (95 %) are Student's t over "
        "triples of world, old and new base; of one triple there is none. Changes are against the "
        "plain adapter of the same triple: NFR in percent, accuracy in points; p is of the paired "
        "t-test over triples. Other tokenizer: the old model reads each word as two tokens."
    )
    lines = [TITLES[name], "", about, ""]
    for family, scale in scales.items():
        for update, called in UPDATES.items():
            triples = [
                result["rows"]
                for result in results
                if (result["family"], result["update"]) == (family, update)
            ]
            lines += [f"## {family}, {called}: {len(triples)} of {scale.triples} triples", ""]
            lines += [*_table(triples), ""] if triples else ["Not measured.", ""]
    return "\n".join(lines)


def _table(triples: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the rows of one family and update."""
    lines = [
        "| method | NFR | NFR against plain | accuracy against plain | p against ce |",
        "| --- |" + 4 * " --- |",
    ]
    for name in [name for name in triples[0] if name != "old"]:
        own = "plain, other tokenizer" if "other tokenizer" in name else "plain"
        changes = [
            100 * (rows[name]["nfr"] / rows[own]["nfr"] - 1) for rows in triples if rows[own]["nfr"]
        ]
        points = [100 * (rows[name]["accuracy"] - rows[own]["accuracy"]) for rows in triples]
        nfr = 100 * float(np.mean([rows[name]["nfr"] for rows in triples]))
        relative = over_triples(changes) if changes else "plain breaks nothing"
        chance = compare_with_ce(triples, name)
        lines.append(f"| {name} | {nfr:.2f} | {relative} | {over_triples(points)} | {chance} |")
    old, plain = (
        100 * float(np.mean([rows[name]["accuracy"] for rows in triples]))
        for name in ("old", "plain")
    )
    return [*lines, "", f"Accuracy of the old model: {old:.1f}, of the plain new one: {plain:.1f}."]


def compare_with_ce(triples: Sequence[Mapping[str, Any]], name: str) -> str:
    """Write the p-value of no other NFR than that of `ce`, by the paired t-test over triples."""
    alike = name in {"plain", "ce"} or "other tokenizer" in name  # those have another old model
    if alike or len(triples) < LEAST:
        return "-"
    own, control = ([float(rows[key]["nfr"]) for rows in triples] for key in (name, "ce"))
    return f"{stats.ttest_rel(own, control).pvalue:.1g}"


def main() -> None:
    """Run the protocol and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="tiny; the numbers mean nothing")
    size.add_argument("--large", action="store_true", help="millions of parameters, on a GPU")
    parser.add_argument("--keep", required=True, help="a folder that keeps what is made")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--triples", type=int, help="measure the first ones alone")
    parser.add_argument("--family", choices=FAMILIES, help="measure this one alone")
    parser.add_argument("--table", action="store_true", help="of the triples that are done")
    given = parser.parse_args()
    name = "quick" if given.quick else "large" if given.large else "full"
    folder = Path(given.keep) / name
    folder.mkdir(parents=True, exist_ok=True)
    scales = {key: family.scales[name] for key, family in FAMILIES.items()}
    plans = [
        Plan(family, update, number, scale, folder)
        for number in range(1, max(scale.triples for scale in scales.values()) + 1)
        for family, scale in scales.items()
        for update in UPDATES
        if number <= scale.triples
    ]
    if not given.table:
        run(
            [
                plan
                for plan in plans
                if given.family in {None, plan.family}
                and plan.number <= (given.triples or plan.number)
            ],
            given.workers,
        )
    results = [plan.read() for plan in plans if plan.file.exists()]
    text = render(results, scales, name)
    print(text)
    if not given.quick:
        page = RESULTS / ("muscle_triples_large" if given.large else "muscle_triples")
        page.with_suffix(".md").write_text(text, encoding="utf-8")
        data = json.dumps(results, indent=1) + "\n"
        page.with_suffix(".json").write_text(data, encoding="utf-8")


def run(plans: Sequence[Plan], workers: int) -> None:
    """Measure triples, some at a time, and say which are done."""
    started = time.monotonic()
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for job in as_completed([pool.submit(measure, plan) for plan in plans]):
            plan = job.result()
            minutes = (time.monotonic() - started) / 60
            print(f"{plan.family} {plan.update} {plan.number}: {minutes:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
