"""Random Unicode pairs: whether ROUGE, BLEU and chrF equal rouge-score's and sacrebleu's bits.

Run `python benchmarks/fuzz_scorers.py --pairs N`: it prints and writes
`benchmarks/results/fuzz_scorers.md`, and ends with code 1 at the first difference.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from compatkit.scorers.bleu_columns import BleuColumns
from compatkit.scorers.chrf_columns import ChrfColumns
from compatkit.scorers.rouge_columns import RougeColumns
from compatkit.scorers.sacrebleu_tokens import load_tokenizer

RESULTS = Path(__file__).parent / "results" / "fuzz_scorers.md"
BATCH = 500
KINDS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
TOKENIZERS = ("char", "zh", "intl")
WORDS = (
    "the",
    "cats",
    "running",
    "It's",
    "3.5",
    "U.S.",
    "a-b",
    "&amp;",
    "\u6771\u4eac",
    "\u00e9t\u00e9",
)
BLOCKS = ((0x20, 0x7F), (0xA0, 0x250), (0x370, 0x530), (0x600, 0x700), (0xE00, 0xE80))
WIDE = ((0x2000, 0x2070), (0x3040, 0x3100), (0x4E00, 0x5000), (0xFF00, 0xFFF0), (0x1F300, 0x1F650))

Values = Sequence[float]
Score = Callable[[Sequence[str], Sequence[str]], Values]


class Tokenizer:
    """A tokenizer of sacrebleu behind rouge-score's hook."""

    def __init__(self, name: str) -> None:
        """Load it."""
        self._line = load_tokenizer(name)

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        return self._line(text).split()


def make_text(chance: random.Random) -> str:
    """Return words, characters of any block and line breaks, up to some 60 of them."""
    pieces = []
    for _ in range(chance.randint(0, 30)):
        kind = chance.random()
        if kind < 0.5:
            pieces.append(chance.choice(WORDS))
        elif kind < 0.9:
            low, high = chance.choice(BLOCKS + WIDE)
            pieces.append("".join(chr(chance.randrange(low, high)) for _ in range(3)))
        else:
            pieces.append(chance.choice("\n\t.,-\u00a0\u2028"))
    return chance.choice((" ", " ", "", "\n")).join(pieces)


def make_pair(chance: random.Random) -> tuple[str, str]:
    """Return two texts that often share words."""
    prediction = make_text(chance)
    if chance.random() < 0.5:
        return prediction, make_text(chance)
    words = prediction.split(" ")
    chance.shuffle(words)
    return prediction, " ".join([*words[: chance.randint(0, len(words))], make_text(chance)])


def scores() -> Iterator[tuple[str, Score, Score]]:
    """Yield each score's name, compatkit's function of columns, and the reference's."""
    for kind in KINDS:
        for stemmer in (False, True):
            peer = RougeScorer([kind], use_stemmer=stemmer)
            own = RougeColumns(kind, stemmer=stemmer)
            yield f"{kind}, stemmer {stemmer}", own_of(own), rouge_of(peer, kind)
    for name in TOKENIZERS:
        for kind in KINDS:
            peer = RougeScorer([kind], tokenizer=Tokenizer(name))
            yield f"{kind}, {name}", own_of(RougeColumns(kind, tokenize=name)), rouge_of(peer, kind)
    for name in ("13a", *TOKENIZERS):
        bleu = BLEU(tokenize=name, effective_order=True)
        yield f"bleu, {name}", lists_of(BleuColumns(tokenize=name)), sacrebleu_of(bleu)
    for order in (0, 2):
        chrf = CHRF(word_order=order)
        yield (
            f"chrf, word order {order}",
            lists_of(ChrfColumns(word_order=order)),
            sacrebleu_of(chrf),
        )


def own_of(columns: RougeColumns) -> Score:
    """Return ROUGE's columns as a function to a list."""
    return lambda predictions, references: columns(predictions, references).tolist()


def lists_of(columns: BleuColumns | ChrfColumns) -> Score:
    """Return the function of one reference a row."""
    return lambda predictions, references: columns(
        predictions, [[text] for text in references]
    ).tolist()


def rouge_of(peer: RougeScorer, kind: str) -> Score:
    """Return rouge-score's F1."""
    return lambda predictions, references: [
        float(peer.score(reference, prediction)[kind].fmeasure)
        for prediction, reference in zip(predictions, references, strict=True)
    ]


def sacrebleu_of(metric: BLEU | CHRF) -> Score:
    """Return sacrebleu's sentence score / 100."""
    return lambda predictions, references: [
        metric.sentence_score(prediction, [reference]).score / 100
        for prediction, reference in zip(predictions, references, strict=True)
    ]


def find_difference(pairs: Sequence[tuple[str, str]], seed: int) -> str:
    """Return the first difference of a batch, or an empty text."""
    predictions, references = zip(*pairs, strict=True)
    for name, own, peer in TABLE:
        found, wanted = own(predictions, references), peer(predictions, references)
        for pair, ours, theirs in zip(pairs, found, wanted, strict=True):
            if ours != theirs:
                return f"{name}: {ours!r}, {theirs!r} was expected, of {pair!r} (seed {seed})"
    return ""


TABLE = tuple(scores())


def main() -> None:
    """Compare so many pairs, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    start = time.monotonic()
    done = 0
    seed = arguments.seed
    while done < arguments.pairs:
        chance = random.Random(seed)
        pairs = [make_pair(chance) for _ in range(min(BATCH, arguments.pairs - done))]
        difference = find_difference(pairs, seed)
        if difference:
            sys.exit(difference)
        done, seed = done + len(pairs), seed + 1
        write(done, arguments.seed, time.monotonic() - start)
    print(RESULTS.read_text("utf-8"))


def write(pairs: int, seed: int, seconds: float) -> None:
    """Write the result: pairs, scores, versions."""
    names = "\n".join(f"- {name}" for name, _, _ in TABLE)
    values = pairs * len(TABLE)
    lines = (
        "# Scorers against rouge-score and sacrebleu",
        "",
        f"`python benchmarks/fuzz_scorers.py --pairs {pairs} --seed {seed}`:",
        f"{pairs:,} random pairs of Unicode texts, {len(TABLE)} scores of each, {values:,}",
        f"values, all equal to the last bit, in {seconds:,.0f} s. rouge-score",
        f"{version('rouge_score')}, sacrebleu {version('sacrebleu')}.",
        "",
        names,
        "",
    )
    RESULTS.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
