"""Chance: what a report must say of answers that were drawn, and of choices made by its numbers."""

import re
from collections.abc import Iterator, Sequence

from compatkit.comparison.checked_options import Options
from compatkit.metrics.estimates import Metrics
from compatkit.metrics.needs import OF_ONE_SAMPLE, SAMPLES
from compatkit.metrics.pair import Judged, JudgedPair
from compatkit.metrics.samples import describe_power
from compatkit.notes import Note
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.run_header import read_header

TEMPERATURE = re.compile(r"""temperature["']?\s*[:=]\s*["']?([0-9.]+(?:[eE][-+]?[0-9]+)?)""")
GREEDY = re.compile(r"""do_sample["']?\s*[:=]\s*["']?false""", re.IGNORECASE)


def find_temperature(file: PredictionFile) -> float | None:
    """Return the temperature that a file's header, or its log, says; None where neither does."""
    header, _ = read_header(file)
    generation = None if header is None else header.get("generation")
    if isinstance(generation, dict):
        temperature = generation.get("temperature")
        return float(temperature) if isinstance(temperature, int | float) else None
    conditions = {} if file.log is None else file.log.conditions
    texts = [f"{name}: {value}" for name, value in conditions.items()]
    if any(GREEDY.search(text) for text in texts):
        return 0.0
    match = next(filter(None, map(TEMPERATURE.search, texts)), None)
    return None if match is None else float(match[1])


def note_sampling(files: Sequence[PredictionFile], judged: Sequence[Judged]) -> Iterator[Note]:
    """Note the files whose answers were drawn, one of each example, so that chance flips some."""
    for file, side in zip(files, judged, strict=True):
        temperature = find_temperature(file)
        if temperature and int(side.samples.max(initial=0)) == 1:
            yield Note(
                "sampled",
                f"{file.name}: one answer of each example, drawn at temperature {temperature:g}: "
                "another run of the same model would flip some of them. Several samples, or "
                "--old-rerun, say how many",
            )


def note_rerun(old: PredictionFile, rerun: PredictionFile | None) -> Iterator[Note]:
    """Note what stands in for more samples of the old model."""
    if rerun is None:
        return
    yield Note("noise", f"{rerun.name} stands in for more samples of the old model")
    if rerun.reading == old.reading:
        text = f"{rerun.name} holds the same bytes as the old file: no noise at all"
        yield Note("noise", text)


def note_floors(pair: JudgedPair) -> Iterator[Note]:
    """Note how many examples have the several samples that tell noise."""
    several, total = int((pair.old_samples > 1).sum()), len(pair.ids)
    if 0 < several < total and OF_ONE_SAMPLE.is_met(pair):
        yield Note(
            "samples",
            f"flip floor and excess NFR rest on {several:,} of {total:,} examples: the old model "
            "has one sample of the others",
        )


def note_samples(file: PredictionFile, judged: Judged) -> list[Note]:
    """Note how many samples each example has, where one has several."""
    least, most = int(judged.samples.min()), int(judged.samples.max())
    if most <= 1:
        return []
    several = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return [Note("samples", f"{file.name}: {several} samples per example")]


def note_pass_at(pair: JudgedPair) -> Iterator[Note]:
    """Note what stands for accuracy where examples are judged by pass@k, and what has no sense."""
    k = pair.pass_at
    if k is None:
        return
    yield Note(
        "samples",
        f"accuracy is pass@{k}: of each example the chance that {k} of its samples hold a right "
        f"one, 1 - C(n - c, {k}) / C(n, {k}) of n samples with c right. Flips are those to be "
        f"expected between {k} samples of each model; an example flips where its pass@{k} changes",
    )
    if not OF_ONE_SAMPLE.is_met(pair):
        yield Note(
            "samples",
            f"under pass@{k} the flip floors, the excess and reliable changes, which are of single "
            "samples, are undefined; without --pass-at they are measured",
        )


def note_power(pair: JudgedPair) -> Iterator[Note]:
    """Note what change of an example so many samples can show."""
    if SAMPLES.is_met(pair) and OF_ONE_SAMPLE.is_met(pair):
        yield Note("samples", describe_power(pair))


def note_choices(options: Options, candidates: int) -> Iterator[Note]:
    """Note the choices that these numbers invite, and that no interval here allows for."""
    if options.sweep:
        yield Note(
            "chosen",
            "a threshold that is chosen by the sweep fits these examples: choose it on some, and "
            "judge by others",
        )
    if candidates > 1:
        yield Note(
            "chosen",
            f"the best of {candidates} candidates is the best by chance, too, which no interval "
            "here allows for: judge the one that is chosen on new examples",
        )


def judge_noise(metrics: Metrics) -> list[str]:
    """Say whether the flips are more than a second run of the old model would show."""
    excess = metrics["excess_negative_flip_rate"]
    if excess.value is None:
        return []
    # Where all examples have the same excess there is no interval, and the value decides.
    low = excess.value if excess.low is None else excess.low
    high = excess.value if excess.high is None else excess.high
    if low > 0:
        verdict = "beyond noise: the update flips more than a second run of the old model would"
    elif high < 0:
        verdict = "the update flips less than a second run of the old model would"
    else:
        verdict = "within noise: a second run of the old model would show as many negative flips"
    return [f"{verdict} (interval of the excess NFR)"]
