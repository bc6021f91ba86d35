"""The protocol: methods over many triples of bases, with recipes that are frozen before them.

Run `python benchmarks/muscle/protocol.py --keep FOLDER [--quick] [--triples N]`. A triple is a
world, an old base and a new one, all of seeds of its own; each answers its test examples once per
method. The recipes in `RECIPES` are those of `pairs.py` for the choice task, chosen on the bases
there and on none of these. Results are kept by their hash, so that a changed recipe is measured
anew and an interrupted run goes on. Intervals are over triples, Student's t: what is claimed is
about further triples, not about further examples of the same ones. It is the choice task, where
every method applies; no full run of it is kept yet.
"""

import argparse
import hashlib
import json
import math
import os
import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # with more, small models are slower by far

import numpy as np
import torch
import transformers
from bases import Size, make_base
from experiment import RECIPE, write_words
from scipy import stats
from worlds import BEGIN, ENDINGS, FIRST, ChoiceWorld, Examples

from compatkit.muscle import MuscleConfig, finetune_adapter, train_adapter
from compatkit.muscle.blend import blend_adapters
from compatkit.muscle.models import load_old

RESULTS = Path(__file__).parents[1] / "results"
WEIGHTS = (0.25, 0.5, 0.75)  # of a blend, chosen on validation
CHOICE = {"tokens": "choice", "batch_size": 32}
TASK = {**CHOICE, "learning_rate": 1e-3, "epochs": 5}
AGAIN = {"batch_size": 32, "learning_rate": 3e-3, "epochs": 6}
# What goes on from the new task adapter.
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "ce": {**CHOICE, "method": "ce", "learning_rate": 1e-3, "epochs": 6},
    "muscle": AGAIN,
    "kd_old": {**AGAIN, "method": "kd_old"},
    "kd_old, choice": {**AGAIN, "method": "kd_old", "tokens": "choice"},
    "kd_mix": {**AGAIN, "method": "kd_mix"},
    "kd_mix, choice": {**AGAIN, "method": "kd_mix", "tokens": "choice"},
    "token_odds, choice": {**AGAIN, "mask": "token_odds", "tokens": "choice"},
    "kd_mix, choice, unlabelled": {**AGAIN, "method": "kd_mix", "tokens": "choice"},
    "kd_mix, choice, other tokenizer": {**AGAIN, "method": "kd_mix", "tokens": "choice"},
}


@dataclass(frozen=True)
class Scale:
    """How large a run is.

    Attributes:
        triples: of each update.
        train: training examples of a triple, and as many unlabelled ones.
        held: validation examples.
        test: test examples.
        share: of the bases' steps.
        epochs: of every training; None for those of the recipes.
    """

    triples: int
    train: int
    held: int
    test: int
    share: float = 1.0
    epochs: float | None = None


FULL, QUICK = Scale(8, 2000, 300, 2000), Scale(2, 96, 32, 200, 0.04, 1)


def make_pieces(words: int) -> Any:
    """Make a tokenizer that reads each word as two tokens: another vocabulary, another length."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors  # noqa: PLC0415

    pieces = ["w", *(f"w{n}" for n in range(1, words // 10 + 1)), *map(str, range(10))]
    names = ["<s>", "</s>", "<pad>", "<unk>", *pieces]
    inner = Tokenizer(models.WordLevel({name: n for n, name in enumerate(names)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"\d$"), "isolated")]
    )
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", BEGIN)]
    )
    special = dict(zip(("bos", "eos", "pad", "unk"), names, strict=False))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, **{f"{role}_token": name for role, name in special.items()}
    )


class Pieces:
    """A world whose texts are read by the tokenizer of two tokens a word."""

    def __init__(self, world: ChoiceWorld) -> None:
        """Keep the world; a word of number n is the piece of n // 10 and that of n % 10."""
        self.world, self.topics = world, world.topics
        self.tens = world.size // 10 + 1
        self.size = self.tens + 10

    def texts(self, random: Any, count: int, mix: Any) -> Any:
        """Draw the texts of the world, in pieces."""
        words = self.world.texts(random, count, mix)
        pieces = np.stack([words // 10, self.tens + words % 10], -1)
        return pieces.reshape(len(words), -1)


class Triple:
    """A world, two bases and its examples, in a folder that keeps what was made."""

    def __init__(self, number: int, update: str, scale: Scale, folder: Path) -> None:
        """Draw the examples and train the bases."""
        self.scale, self.seed = scale, 1000 * (number + 1) + (500 if update == "gap" else 0)
        self.world = ChoiceWorld(self.seed)
        self.folder = folder / f"{update}-{number}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.parts = {
            name: self.world.examples(np.random.default_rng(self.seed + place), count)
            for place, (name, count) in enumerate(
                {"train": scale.train, "held": scale.held, "test": scale.test,
                 "unlabelled": scale.train, "few": scale.train // 16}.items(), 1,
            )
        }  # fmt: skip
        for name, examples in self.parts.items():
            self._write(name, examples)
        width, steps = (48, 450) if update == "gap" else (64, 700)
        sizes = {"new": (64, 700, 1), "old": (width, steps, 2), "pieces": (width, steps, 2)}
        self.bases = {}
        for side, (wide, long, shift) in sizes.items():
            size = Size(wide, 2, max(int(long * scale.share), 4), self.seed + shift)
            world = Pieces(self.world) if side == "pieces" else self.world
            self.bases[side] = make_base(self.folder / side, world, size)
        make_pieces(self.world.size).save_pretrained(self.bases["pieces"])

    def _write(self, name: str, examples: Examples) -> None:
        """Write examples as compatkit muscle reads them, the right choice at a place of its own."""
        assert examples.endings is not None
        places = np.random.default_rng(self.seed).integers(0, ENDINGS, len(examples.prompts))
        rows = []
        for prompt, endings, right in zip(
            examples.prompts.tolist(), examples.endings.tolist(), places.tolist(), strict=True
        ):
            turned = [*endings[1:][:right], endings[0], *endings[1:][right:]]
            row: dict[str, Any] = {"prompt": write_words(prompt)}
            row |= {"choices": [write_words(ending) for ending in turned]}
            rows.append({**row, **({} if name == "unlabelled" else {"answer": right})})
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.folder / f"{name}.jsonl").write_text(text, encoding="utf-8")

    def adapter(self, name: str, train: Callable[[MuscleConfig], Any], **values: Any) -> Path:
        """Train an adapter by a recipe; one that is there is left."""
        few = {} if self.scale.epochs is None else {"epochs": self.scale.epochs}
        recipe = {**RECIPE, **values, **few}
        digest = hashlib.sha256(json.dumps([name, recipe], sort_keys=True, default=str).encode())
        output = self.folder / f"adapter-{digest.hexdigest()[:16]}"
        if not (output / "adapter_config.json").exists():
            shutil.rmtree(output, ignore_errors=True)
            data = {"data": "train", "validation": "held"}
            files = {role: str(self.folder / f"{part}.jsonl") for role, part in data.items()}
            train(MuscleConfig(**{**files, **recipe}, output=str(output), seed=self.seed))
        return output

    def task(self, side: str) -> Path:
        """Return the task adapter of a base."""
        return self.adapter(
            f"task {side}", finetune_adapter, new_base=str(self.bases[side]), **TASK
        )

    def method(self, name: str) -> Path:
        """Return the adapter of a method."""
        if name == "plain":
            return self.task("new")
        side = "pieces" if "other tokenizer" in name else "old"
        more = {}
        if "unlabelled" in name:  # few labels, and for the others questions alone
            more = {part: str(self.folder / f"{part}.jsonl") for part in ("few", "unlabelled")}
            more["data"] = more.pop("few")
        return self.adapter(
            name, train_adapter, **RECIPES[name], **more,
            new_base=str(self.bases["new"]), new_adapter=str(self.task("new")),
            old_base=str(self.bases[side]), old_adapter=str(self.task(side)),
        )  # fmt: skip

    def scores(self, side: str, adapter: Path, part: str) -> Any:
        """Return the log-likelihoods of the choices, the right one first; kept in a file."""
        file = adapter / f"scores-{part}.npy"
        if not file.exists():
            model = load_old(str(self.bases[side]), str(adapter), "float32")
            pieces = side == "pieces"
            np.save(file, score(model, self.parts[part], Pieces(self.world) if pieces else None))
        return np.load(file)


def score(model: Any, examples: Examples, pieces: Pieces | None) -> Any:
    """Return the log-likelihood of each ending, shape (examples, 4)."""
    assert examples.endings is not None

    def cut(words: Any) -> Any:
        if pieces is None:
            return words
        parts = np.stack([words // 10, pieces.tens + words % 10], -1)
        return parts.reshape(len(words), -1)

    columns = []
    for place in range(ENDINGS):
        prompt, ending = cut(examples.prompts), cut(examples.endings[:, place])
        begin = np.full((len(prompt), 1), BEGIN)
        tokens = torch.from_numpy(np.concatenate([begin, FIRST + prompt, FIRST + ending], 1))
        size = ending.shape[1]
        with torch.no_grad():
            logits = model(tokens).logits[:, -size - 1 : -1].float().log_softmax(-1)
        gold = logits.gather(-1, tokens[:, -size:, None])[..., 0]
        columns.append(gold.sum(1).numpy())
    return np.stack(columns, 1)


def soften(scores: Any) -> Any:
    """Return the softmax over choices."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def measure_triple(number: int, update: str, scale: Scale, folder: Path) -> dict[str, Any]:
    """Train and ask all methods of a triple; return accuracy and NFR of each, on its test set."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    triple = Triple(number, update, scale, folder)
    old = triple.scores("old", triple.task("old"), "test")
    other = triple.scores("pieces", triple.task("pieces"), "test")
    rows: dict[str, Any] = {}

    def note(name: str, scores: Any, before: Any = old) -> None:
        was, right = (part.argmax(1) == 0 for part in (before, scores))
        rows[name] = {"accuracy": right.mean(), "nfr": (was & ~right).mean()}

    plain = triple.scores("new", triple.method("plain"), "test")
    note("plain", plain)
    note("plain, other tokenizer", plain, other)
    for name in RECIPES:
        before = other if "other tokenizer" in name else old
        note(name, triple.scores("new", triple.method(name), "test"), before)
    note("ensemble (at inference)", np.log(soften(old) + soften(plain)))
    weight, blended = choose_blend(triple)
    note("blend", triple.scores("new", blended, "test"))
    rows["blend"]["weight"] = weight
    rows["old"] = {"accuracy": (old.argmax(1) == 0).mean(), "nfr": 0.0}
    return {"update": update, "number": number, "rows": rows}


def choose_blend(triple: Triple) -> tuple[float, Path]:
    """Return the blend of plain and kd_old that validation chooses: no less right, fewest flips."""
    plain, compatible = triple.method("plain"), triple.method("kd_old, choice")
    old = triple.scores("old", triple.task("old"), "held").argmax(1) == 0
    least = (triple.scores("new", plain, "held").argmax(1) == 0).mean()
    tried = []
    for share in WEIGHTS:
        output = triple.folder / f"blend-{share}-{plain.name[-6:]}-{compatible.name[-6:]}"
        if not output.exists():
            blend_adapters(str(plain), str(compatible), share, str(output))
        right = triple.scores("new", output, "held").argmax(1) == 0
        broken = (old & ~right).mean()
        tried.append((right.mean() < least, broken, share, output))
    _, _, chosen, folder = min(tried)
    return chosen, folder


def over_triples(values: Sequence[float]) -> str:
    """Write a mean with its interval over triples, by Student's t."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:+.1f}"
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1))
    half /= math.sqrt(len(values))
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"


def render(results: Sequence[Mapping[str, Any]], scale: Scale, *, quick: bool) -> str:
    """Return the page."""
    title = "# MUSCLE over triples" + (": a look at whether it runs, MEANINGLESS numbers" * quick)
    told = (
        "Command: `python benchmarks/muscle/protocol.py`. Intervals (95 %) over "
        f"{scale.triples} triples of world, old and new base. Changes against the plain adapter of "
        "the same triple: NFR in percent, accuracy in points."
    )
    lines = [title, "", told, ""]
    for update in ("equal", "gap"):
        triples = [result["rows"] for result in results if result["update"] == update]
        lines += [
            f"## {update}",
            "",
            "| method | NFR | NFR against plain | accuracy against plain |",
        ]
        lines.append("| --- | --- | --- | --- |")
        right = 100 * float(np.mean([rows["old"]["accuracy"] for rows in triples]))
        for name in [name for name in triples[0] if name != "old"]:
            own = "plain, other tokenizer" if "other tokenizer" in name else "plain"
            changes = [
                100 * (rows[name]["nfr"] / rows[own]["nfr"] - 1) if rows[own]["nfr"] else 0.0
                for rows in triples
            ]
            points = [100 * (rows[name]["accuracy"] - rows[own]["accuracy"]) for rows in triples]
            nfr = 100 * float(np.mean([rows[name]["nfr"] for rows in triples]))
            cells = [name, f"{nfr:.2f}", over_triples(changes), over_triples(points)]
            lines.append("| " + " | ".join(cells) + " |")
        lines += ["", f"Accuracy of the old model: {right:.1f}.", ""]
    return "\n".join(lines)


def main() -> None:
    """Run the protocol and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny; the numbers mean nothing")
    parser.add_argument("--keep", required=True, help="a folder that keeps what is made")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--triples", type=int, help="of each update")
    given = parser.parse_args()
    scale = QUICK if given.quick else FULL
    if given.triples is not None:
        scale = Scale(**{**scale.__dict__, "triples": given.triples})
    folder = Path(given.keep) / ("quick" if given.quick else "full")
    started = time.monotonic()
    plans = [(n, update) for n in range(1, scale.triples + 1) for update in ("equal", "gap")]
    with ProcessPoolExecutor(given.workers, get_context("spawn")) as pool:
        jobs = [pool.submit(measure_triple, n, update, scale, folder) for n, update in plans]
        results = [job.result() for job in jobs]
    text = render(results, scale, quick=given.quick)
    print(text)
    print(f"{(time.monotonic() - started) / 60:.1f} minutes")
    if not given.quick and given.triples is None:
        (RESULTS / "muscle_triples.md").write_text(text, encoding="utf-8")
        data = json.dumps(results, indent=1, default=float) + "\n"
        (RESULTS / "muscle_triples.json").write_text(data, encoding="utf-8")


if __name__ == "__main__":
    main()
