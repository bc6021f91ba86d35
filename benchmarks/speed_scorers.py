"""Scorers for speed.py: whole columns beside the peers' functions of one pair, by CPU time."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import fmean

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from speed_table import Goal, Line, Section
from speed_texts import make_pairs, real_pairs

from compatkit.kernel import describe_kernel, load_kernel
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.make import make_scorer

KINDS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
CLEAN = get_context("forkserver")
CLEAN.set_forkserver_preload(["nltk.stem.porter", "rapidfuzz.process", "sacrebleu"])
PEER_SECONDS = 0.6  # a repetition of the peer
FEWEST, MOST = 10, 500
LARGE = 10_000  # pairs, from which on most words were met before
PURE_TER = 200  # pairs of TER without the kernel, when it is as slow as its peer

Pair = tuple[str, str]
Pairs = Sequence[Pair]
Options = Mapping[str, bool]
Values = tuple[float, ...]  # of one pair, a value a scorer


def rows_of(pairs: Pairs) -> Predictions:
    """Make a batch."""
    size = len(pairs)
    return Predictions(
        id=[str(row) for row in range(size)],
        prediction=[prediction for prediction, _ in pairs],
        references=[(reference,) for _, reference in pairs],
        input=[None] * size,
        sample=[None] * size,
        errored=[False] * size,
        rows=range(size),
        lines=range(1, size + 1),
    )


def score_columns(
    kinds: Sequence[str], options: Options, columns: Sequence[Pairs]
) -> tuple[float, list[list[float]]]:
    """Score columns one after the other; return the seconds and the scores of each scorer."""
    scorers = [make_scorer(kind, **options) for kind in kinds]
    for scorer in scorers:  # imports what it needs
        scorer.score(rows_of(columns[0][:1]))
    batches = list(map(rows_of, columns))
    start = time.process_time()
    scores = [[each.score(batch).scores for batch in batches] for each in scorers]
    seconds = time.process_time() - start
    return seconds, [np.concatenate(parts).tolist() for parts in scores]


def score_cold(
    kinds: Sequence[str], options: Options, columns: Sequence[Pairs]
) -> tuple[float, list[list[float]]]:
    """Do the same in a process that has not met the texts' words."""
    with ProcessPoolExecutor(1, mp_context=CLEAN) as pool:
        return pool.submit(score_columns, kinds, options, columns).result()


def race(
    what: str,
    columns: Sequence[Pairs],
    ours: tuple[Sequence[str], Options],
    peer: Callable[[str, str], Values],
    *,
    goal: Goal | None,
    repetitions: int,
) -> Line:
    """Time both sides by turns and check that they agree to the last bit.

    Args:
        what: the name of the line.
        columns: scored one after the other; the peer scores a part of their pairs.
        ours: the names and the options of our scorers.
        peer: the values of one pair.
        goal: the ratio to reach.
        repetitions: how often.
    """
    pairs = [pair for column in columns for pair in column]
    start = time.process_time()
    for prediction, reference in pairs[:3]:
        peer(prediction, reference)
    part = int(PEER_SECONDS / ((time.process_time() - start) / 3))
    part = min(max(part, FEWEST), MOST, len(pairs))
    step = len(pairs) // part
    here, there = [], []
    for repetition in range(repetitions):
        seconds, scores = score_cold(*ours, columns)
        here.append(seconds / len(pairs))
        chosen = range(repetition % step, len(pairs), step)[:part]
        start = time.process_time()
        expected = [peer(*pairs[row]) for row in chosen]
        there.append((time.process_time() - start) / len(chosen))
        for row, values in zip(chosen, expected, strict=True):
            found = tuple(column[row] for column in scores)
            assert found == values, (what, pairs[row], found, values)
    shown = f"{_microseconds(there)} / {_microseconds(here)} us a pair"
    return Line(what, there, here, goal, shown)


def _microseconds(seconds: Sequence[float]) -> str:
    return f"{1e6 * sorted(seconds)[len(seconds) // 2]:,.4g}"


def rouge_line(
    what: str, kinds: Sequence[str], columns: Sequence[Pairs], least: float, times: int
) -> Line:
    """Measure some types of ROUGE; the peer is one scorer that holds them all."""
    peer = RougeScorer(list(kinds), use_stemmer=True)

    def score(prediction: str, reference: str) -> Values:
        found = peer.score(reference, prediction)
        return tuple(found[kind].fmeasure for kind in kinds)

    ours = (kinds, {"stemmer": True})
    return race(what, columns, ours, score, goal=Goal(least), repetitions=times)


def unbroken_lines(name: str, columns: Sequence[Pairs], times: int) -> list[Line]:
    """Measure each type and all four on texts without line breaks."""
    least = 100 if sum(map(len, columns)) >= LARGE else 30
    lines = [rouge_line(f"{name}, {kind}", [kind], columns, least, times) for kind in KINDS[:3]]
    return [*lines, rouge_line(f"{name}, all four", KINDS, columns, least, times)]


def overlap(*columns: Pairs) -> str:
    """Describe how much the pairs of a column, or of several, share."""
    pairs = [pair for column in columns for pair in column]
    mean = fmean(score_cold(["rouge1"], {"stemmer": True}, columns)[1][0])
    length = fmean(len(text.split()) for pair in pairs for text in pair)
    words = {word for pair in pairs for text in pair for word in re.findall(r"\w+", text.lower())}
    return (
        f"{len(pairs):,} pairs of {length:.0f} words, {len(words):,} of them distinct, "
        f"mean ROUGE-1 {mean:.2f}"
    )


def measure_rouge(*, quick: bool) -> list[Section]:
    times = 3 if quick else 5
    lines: list[Line] = []
    used = []
    for length, count in ((40, 2000), (300, 400)) if quick else ((40, 10_000), (300, 2000)):
        pairs = make_pairs(count, length)
        used.append(f"made with a seed ({overlap(pairs)})")
        lines += unbroken_lines(f"{length} words", [pairs], times)
        broken = make_pairs(count, length, lines=True)
        what = f"{length} words, all four, with line breaks"
        least = 100 if count >= LARGE else 15
        lines.append(rouge_line(what, KINDS, [broken], least, times))
    real = [real_pairs("xsum", name) for name in ("old", "new")]
    if all(real):
        used.append(f"XSum's, two files as they are, one after the other ({overlap(*real)})")
        lines += unbroken_lines("XSum", real, times)
    real = [real_pairs("cnndm", f"t5_{size}", lines=True) for size in ("base", "3b", "11b")]
    if all(real):
        used.append(f"CNN/DM's, three files, a sentence a line ({overlap(*real)})")
        lines.append(rouge_line("CNN/DM, all four, with line breaks", KINDS, real, 15, times))
    about = (
        f"CPU time. ROUGE is counted {describe_kernel()}. "
        "F1 with the stemmer, one process at a time, beside `rouge_score.RougeScorer(kinds, "
        "use_stemmer=True).score` a pair at a time. compatkit scores whole columns in a "
        "process that has not met their words, the peer a part of their pairs; every pair that "
        f"both scored is equal to the last bit. Texts: {'; '.join(used)}."
    )
    return [Section("ROUGE", "times faster", about, lines)]


def measure_sacrebleu(*, quick: bool) -> list[Section]:
    times = 3 if quick else 5
    bleu, chrf, ter = BLEU(effective_order=True), CHRF(), TER()
    peers: dict[str, tuple[Callable[[str, str], Values], Goal]] = {
        "bleu": (lambda one, other: (bleu.sentence_score(one, [other]).score / 100,), Goal(20)),
        "chrf": (lambda one, other: (chrf.sentence_score(one, [other]).score / 100,), Goal(30)),
        "ter": (
            lambda one, other: (1 - min(ter.sentence_score(one, [other]).score / 100, 1),),
            Goal(100),
        ),
    }
    pairs = {"40 words": make_pairs(1000 if quick else 4000, 40)}
    used = f"made with a seed ({overlap(pairs['40 words'])})"
    real = real_pairs("ted_slk_eng", "new")
    if real:
        pairs["TED"] = real
        used += f"; TED's, as they are ({overlap(real)})"
    lines = [
        race(
            f"{name}, {kind}",
            [column[:PURE_TER] if kind == "ter" and load_kernel() is None else column],
            ([kind], {}),
            peer,
            goal=goal,
            repetitions=times,
        )
        for name, column in pairs.items()
        for kind, (peer, goal) in peers.items()
    ]
    about = (
        f"CPU time. They are counted {describe_kernel()}. "
        "One process at a time, beside `sentence_score` of a metric object that is used again and "
        f"again; every pair that both scored is equal to the last bit. Texts: {used}."
    )
    return [Section("BLEU, chrF, TER", "times faster", about, lines)]
