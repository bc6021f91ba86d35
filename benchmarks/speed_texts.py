"""The texts that speed.py measures on: made from a seed, or real where ../shared holds them."""

import json
import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

SEED = 20_260
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
STEMS = 4000
COMMON = (
    *("the", "of", "and", "to", "a", "in", "that", "is", "was", "he", "for", "it", "with", "as"),
    *("on", "be", "at", "by", "this", "had", "not", "are", "but", "from", "his", "which"),
)
SUFFIXES = (
    *("", "", "", "s", "s", "ed", "ing", "er", "ly", "al", "y", "ies"),
    *("ation", "ational", "ness", "ful", "fulness", "ization", "ity", "ive", "ement", "able"),
)
CONSONANTS = (*"bcdfghlmnprstvwz", "ch", "st", "tr", "pl", "gr")
CHUNK = 10_000


@cache
def words() -> tuple[list[str], list[float]]:
    """Make pseudo-words, the common ones first, and their cumulative Zipf weights."""
    rng = random.Random(SEED)
    forms = dict.fromkeys(COMMON)
    for _ in range(STEMS):
        syllables = rng.choices((1, 2, 3), (3, 5, 2))[0]
        stem = "".join(rng.choice(CONSONANTS) + rng.choice("aeiou") for _ in range(syllables))
        stem += rng.choice(CONSONANTS)
        forms |= dict.fromkeys(stem + suffix for suffix in rng.sample(SUFFIXES, 3))
    cumulative, total = [], 0.0
    for rank in range(len(forms)):
        total += 1 / (rank + 2.7)
        cumulative.append(total)
    return list(forms), cumulative


def make_pairs(count: int, length: int, *, lines: bool = False) -> list[tuple[str, str]]:
    """Make (prediction, reference) pairs of `length` words that share words as summaries do.

    Args:
        count: the number of pairs.
        length: the number of words in each text.
        lines: put each sentence in a line of its own.
    """
    rng = random.Random(f"{SEED} {length}")
    forms, weights = words()
    pairs = []
    for _ in range(count):
        reference = rng.choices(forms, cum_weights=weights, k=length)
        prediction = _rewrite(reference, rng)
        pairs.append((_punctuate(prediction, rng, lines), _punctuate(reference, rng, lines)))
    return pairs


def _rewrite(reference: Sequence[str], rng: random.Random) -> list[str]:
    """Keep some runs of a text, mostly in their order, and put other words between them."""
    forms, weights = words()
    text: list[str] = []
    at = 0
    while len(text) < len(reference):
        run = rng.randint(1, 4)
        if rng.random() < 0.3:
            start = at if rng.random() < 0.8 else rng.randrange(len(reference))
            text += reference[start : start + run]
        else:
            text += rng.choices(forms, cum_weights=weights, k=run)
        at = (at + run) % len(reference)
    return text[: len(reference)]


def _punctuate(text: Sequence[str], rng: random.Random, lines: bool) -> str:
    sentences = []
    at = 0
    while at < len(text):
        size = rng.randint(8, 16)
        sentence = " ".join(text[at : at + size])
        comma = sentence.find(" ", len(sentence) // 2)
        if comma > 0:
            sentence = sentence[:comma] + "," + sentence[comma:]
        sentences.append(sentence.capitalize() + ".")
        at += size
    return ("\n" if lines else " ").join(sentences)


def real_pairs(folder: str, name: str, *, lines: bool = False) -> list[tuple[str, str]]:
    """Read the answered pairs of a real file; an empty list where it is absent.

    Args:
        folder: in the data of ../shared.
        name: the file's, without its suffix.
        lines: put each sentence in a line of its own.
    """
    path = SHARED / folder / f"{name}.jsonl"
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [(row["prediction"], row["reference"]) for row in rows if row["prediction"] is not None]
    if lines:
        pairs = [(_by_sentence(one), _by_sentence(other)) for one, other in pairs]
    return pairs


def _by_sentence(text: str) -> str:
    return text.replace(" . ", " .\n")


def write_rows(folder: Path, count: int, *, times: int = 1) -> tuple[Path, Path]:
    """Write two prediction files; about 70 % of the old answers are right.

    Half of the right answers differ from the reference in case, punctuation and articles.

    Args:
        folder: where.
        count: the number of rows.
        times: how often longer than usual the texts are.
    """
    rng = random.Random(SEED)
    old, new = folder / f"old_{count}_{times}.jsonl", folder / f"new_{count}_{times}.jsonl"
    with old.open("w", encoding="utf-8") as one, new.open("w", encoding="utf-8") as other:
        for start in range(0, count, CHUNK):
            rows = list(_rows(range(start, min(start + CHUNK, count)), times, rng))
            one.writelines(row[0] for row in rows)
            other.writelines(row[1] for row in rows)
    return old, new


def _rows(numbers: range, times: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield the lines of both files."""
    size = 2 * times
    drawn = iter(rng.choices(words()[0], k=len(numbers) * (4 * size + times)))

    def text(count: int) -> str:
        return " ".join([next(drawn) for _ in range(count)])

    def answer(right: bool, reference: str, wrong: str) -> str:
        given = reference if right else wrong
        return given if rng.random() < 0.5 else f"The {given.capitalize()}."

    for number in numbers:
        question, reference, wrong, other = text(size + times), text(size), text(size), text(size)
        old_right = rng.random() < 0.7
        new_right = rng.random() < (0.95 if old_right else 0.3)
        head = f'{{"id": "q{number:07}", "input": "{question}?", "prediction": "'
        tail = f'", "reference": "{reference}"}}\n'
        yield (
            head + answer(old_right, reference, wrong) + tail,
            head + answer(new_right, reference, other) + tail,
        )
