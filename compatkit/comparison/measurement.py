"""Measure models: read, score, align and judge their files, once for all comparisons of them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from compatkit.arrays import BoolArray, IntArray
from compatkit.comparison.agreement import count_answers
from compatkit.comparison.broken_for import flag_causes
from compatkit.comparison.chance import (
    judge_noise,
    note_choices,
    note_floors,
    note_pass_at,
    note_power,
    note_rerun,
    note_samples,
    note_sampling,
)
from compatkit.comparison.checked_options import Options
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.conditions import describe_conditions, follow_logs
from compatkit.comparison.doubts import doubt_memory, doubt_position, doubt_scorer
from compatkit.comparison.finding import asked_of, join_for_search
from compatkit.comparison.judging import (
    Evidence,
    compare_answers,
    gather_evidence,
    is_judged,
    judge,
    lowest_score,
    score_range,
)
from compatkit.comparison.opening import open_files
from compatkit.comparison.reference_files import options_of_task
from compatkit.comparison.reruns import doubt_rerun, refuse_pass_at
from compatkit.comparison.signature import name_inputs, sign
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Metrics
from compatkit.metrics.measure_pair import count_pair, measure_pair, measure_slices
from compatkit.metrics.pair import Judged, JudgedPair, number_values
from compatkit.notes import Note, notes_of
from compatkit.pairing.alignment import Alignment, align
from compatkit.pairing.engine import run_jobs
from compatkit.pairing.job import Job
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.run_header import compare_runs, read_header
from compatkit.record import replace

if TYPE_CHECKING:
    from compatkit.comparison.confidences import Confidences
    from compatkit.comparison.examples import FlippedExamples
    from compatkit.comparison.flipped import BestOf
    from compatkit.metrics.picking import SlicesDiffer
    from compatkit.metrics.smooth import Sweep


class Measurement(Struct, frozen=True):
    """What the comparisons of one old model share; `best` is where the old one is several."""

    options: Options
    sides: list[ScoredRows]
    aligned: Alignment
    judged: list[Judged]
    task: str
    rerun: bool
    best: "BestOf | None" = None

    def turn(self, old: int, new: int) -> "Measurement":
        """Return the same examples with another model as the old one, and as the first new one."""
        order = [old, new, *(n for n in range(len(self.sides)) if n not in {old, new})]
        aligned = replace(
            self.aligned,
            examples=tuple(self.aligned.examples[n] for n in order),
            counted_wrong=tuple(self.aligned.counted_wrong[n] for n in order),
        )
        sides, judged = [self.sides[n] for n in order], [self.judged[n] for n in order]
        return replace(self, sides=sides, aligned=aligned, judged=judged)

    def comparison(self, number: int) -> Comparison:
        """Make the comparison of the candidate with this number, from 1."""
        old, new, aligned = self.sides[0], self.sides[number], self.aligned
        options = self.options
        confidences = self._confidences(number)
        pair = self._pair(number, confidences)
        by = {path: values for path, values in aligned.attributes.items() if path in options.by}
        runs = {"old": read_header(old.file)[0], "new": read_header(new.file)[0]}
        by_run = [header is not None for header in runs.values()]
        listed = partial(self._examples, pair, number, by_run=by_run)
        examples = listed() if options.keep_flips else None
        pair = replace(pair, broken_for=flag_causes(pair, examples))
        metrics, tests = measure_pair(pair, options.plan)
        return Comparison(
            task=self.task,
            old=old.file.name,
            new=new.file.name,
            baseline=self.sides[1].file.name if number > 1 else None,
            scorer=options.scorer.name,
            threshold=options.threshold,
            continuous=pair.continuous,
            counts=count_pair(
                pair,
                excluded=aligned.excluded,
                counted_wrong=_add(aligned.counted_wrong[0], aligned.counted_wrong[number]),
            ),
            metrics=metrics,
            tests=tests,
            slices=measure_slices(pair, by, options.plan, correction=options.correction),
            slices_differ=_tell_apart(pair, by, options),
            noted=(
                *self.notes(pair, number),
                *self._note_confidence(confidences, pair, number),
                *self._chance(pair, number, metrics),
            ),
            signature=self._signature(number),
            identical=old.reading == new.reading,
            needs_answer=options.scorer.needs_prediction,
            pair=pair,
            examples=examples,
            changed=listed(changed=True) if options.keep_changed else None,
            agreement=count_answers(pair, *self._of(0, number)),
            runs=runs,
            sweep=self._sweep(pair, number) if options.sweep else None,
            evidence=self._evidence(number),
            close_margin=confidences.close if confidences and pair.single else None,
            features=join_for_search(options, *self._of(0, number), aligned),
        )

    def _pair(self, number: int, confidences: "Confidences | None") -> JudgedPair:
        return JudgedPair(
            self.aligned.ids,
            self.judged[0],
            self.judged[number],
            self._same(number),
            self.clusters(),
            self.judged[-1] if self.rerun else None,
            self.aligned.attributes,
            baseline=self.judged[1] if number > 1 else None,
            continuous=self.continuous(),
            pass_at=self.options.pass_at,
            confidence=None if confidences is None else confidences.pair,
        )

    def _signature(self, number: int) -> str:
        sides = {"old": self.sides[0], "new": self.sides[number]}
        sides |= {"baseline": self.sides[1]} if number > 1 else {}
        sides |= {"rerun": self.sides[-1]} if self.rerun else {}
        aligned = self.aligned
        lost = any(aligned.excluded.values()) or any(aligned.counted_wrong[0].values())
        inputs = name_inputs(sides, self.sides[1:] if lost else ())
        return sign(self.options.of_candidate(number), total=len(aligned.ids), inputs=inputs)

    def _examples(
        self, pair: JudgedPair, number: int, *, by_run: Sequence[bool], changed: bool = False
    ) -> "FlippedExamples | None":
        from compatkit.comparison.flipped import (  # noqa: PLC0415  (start-up time)
            Aligned,
            find_changed,
            find_flipped,
        )

        how = self.options
        old, new = (
            Aligned(side, rows, side.right(how.threshold), made)
            for side, rows, made in zip(*self._of(0, number), by_run, strict=True)
        )
        kept = [p for p in dict.fromkeys((*how.by, *how.attributes)) if p in pair.attributes]
        find = find_changed if changed else find_flipped
        return find(pair, (self.best or old, new), how.scorer, kept)

    def _confidences(self, number: int) -> "Confidences | None":
        """Put the likelihoods of choices together; None where neither file holds any."""
        if all(side.likelihoods is None for side in self._of(0, number)[0]):
            return None
        from compatkit.comparison.confidences import gather_confidence  # noqa: PLC0415  (start-up)

        size, margin = len(self.aligned.ids), self.options.close_margin
        return gather_confidence(*self._runs_of(number), size, margin)

    def _note_confidence(
        self, confidences: "Confidences | None", pair: JudgedPair, number: int
    ) -> list[Note]:
        if confidences is None:
            return []
        from compatkit.comparison.confidences import note_confidence  # noqa: PLC0415  (start-up)

        return note_confidence(confidences, self._runs_of(number)[0], pair)

    def _sweep(self, pair: JudgedPair, number: int) -> "Sweep":
        from compatkit.metrics.smooth import sweep_thresholds  # noqa: PLC0415  (start-up time)

        if not pair.single:
            raise ConfigError(
                "--sweep needs one sample per example: with several, right is a share."
            )
        columns = []
        for side, rows in ((self.sides[i], self.aligned.examples[i]) for i in (0, number)):
            # What is wrong whatever its score, or missing, is below every threshold.
            scores = np.full(len(pair.ids), -np.inf)
            scores[rows[rows >= 0]] = np.where(side.counted, side.scores, -np.inf)[rows >= 0]
            columns.append(scores)
        return sweep_thresholds(columns[0], columns[1])

    def _chance(self, pair: JudgedPair, number: int, metrics: Metrics) -> list[Note]:
        """Note what is noise, which answers were drawn, and what may be chosen by these numbers."""
        rerun = self.sides[-1].file if self.rerun else None
        noise = [*note_rerun(self.sides[0].file, rerun), *note_floors(pair)]
        noise += notes_of("noise", judge_noise(metrics))
        files = (self.sides[0].file, self.sides[number].file)
        sampled = note_sampling(files, (self.judged[0], self.judged[number]))
        drawn = [*sampled, *note_pass_at(pair), *note_power(pair)]
        choices = note_choices(self.options, len(self.sides) - 1 - self.rerun)
        return [*noise, *drawn, *choices]

    def _same(self, number: int) -> BoolArray | None:
        sides, examples = self._of(0, number)
        if not all(side.has_answers for side in sides):
            return None
        return compare_answers(sides, examples, len(self.aligned.ids))

    def _of(self, *numbers: int) -> tuple[list[ScoredRows], list[IntArray]]:
        """Return some sides, and of each their rows' examples."""
        return [self.sides[n] for n in numbers], [self.aligned.examples[n] for n in numbers]

    def _runs_of(self, number: int) -> tuple[list[ScoredRows], list[IntArray]]:
        """Return the old side, the new one, and the second run of the old one if there is one."""
        return self._of(0, number, *([-1] if self.rerun else []))

    def _evidence(self, number: int) -> Evidence:
        sides, examples = self._runs_of(number)
        cut, how = self.aligned.incomplete, self.options
        bounded, groups = how.plan.bounded, self.clusters()
        return gather_evidence(sides, examples, cut, how.threshold, bounded=bounded, groups=groups)

    def clusters(self) -> IntArray | None:
        """Return the number of each example's group, None where there are none."""
        if self.options.cluster is None:
            return None
        return number_values(self.aligned.attributes[self.options.cluster])[1]

    def continuous(self) -> bool:
        """Whether scores lie between right and wrong."""
        continuous = self.options.scorer.continuous
        if continuous is not None:
            return continuous
        pairs = list(zip(self.sides, self.aligned.examples, strict=True))
        if all(is_judged(*pair) for pair in pairs):
            return False
        ranges = [score_range(*pair) for pair in pairs]
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        if not self.options.threshold_was_named and (low < 0 or high > 1):
            names = " and ".join(side.file.name for side in self.sides)
            raise ConfigError(
                f"{names}: the scores of {self.options.scorer.name} lie between {low:g} "
                f"and {high:g}. --threshold says from which score an answer is right."
            )
        return True

    def notes(self, pair: JudgedPair, number: int) -> tuple[Note, ...]:
        """Note what a reader should know of the old model and the candidate with this number."""
        sides = (self.sides[0], self.sides[number])
        notes = notes_of("field", [text for side in sides for text in side.fields.notes])
        notes += [
            Note("answer", f"{side.file.name}: {count} {sentence}")
            for side in sides
            for sentence, count in side.notes.items()
        ]
        notes += describe_conditions(sides[0].file, sides[1].file, self.options)
        notes += note_samples(sides[0].file, pair.old) + note_samples(sides[1].file, pair.new)
        notes += self.aligned.notes
        notes += notes_of("here", _scored_here(sides, self.options))
        if self.options.by_position:
            notes += doubt_position(*self._of(0, number), len(self.aligned.ids))
        if self.rerun:
            judged = [self.judged[n] for n in (0, number, -1)]
            notes += doubt_rerun(*self._of(0, number, -1), judged)
        notes += compare_runs(sides[0].file, sides[1].file, self.options.scorer.name)
        notes += doubt_scorer(pair, self.options.scorer.name)
        how = self.options
        notes += doubt_memory(how.memory, self.sides, pair, listed=how.keep_flips)
        return tuple(dict.fromkeys(notes))


def measure_files(
    old: Any, news: Sequence[Any], options: Options, old_rerun: Any, task: str, *, beside: bool
) -> Measurement:
    """Read, score and align the files of one task; see `compare_files`."""
    refuse_pass_at(options, old_rerun)
    options = options_of_task(options, task)
    files = open_files(old, news, options, old_rerun=old_rerun)
    options = follow_logs(files, options)
    sides = _score_files(files, options)
    aligned = align(
        sides,
        missing=options.missing,
        errors=options.errors,
        edited=options.edited,
        attributes=options.all_attributes,
        cluster=options.cluster,
        optional=set(options.by) - {options.cluster} if beside else (),
    )
    lowest, size = lowest_score(sides, bounded=options.plan.bounded), len(aligned.ids)
    judged = [
        judge(side, rows, size, options.threshold, lowest=lowest, pass_at=options.pass_at)
        for side, rows in zip(sides, aligned.examples, strict=True)
    ]
    return Measurement(options, sides, aligned, judged, task, rerun=old_rerun is not None)


def _scored_here(sides: Sequence[ScoredRows], options: Options) -> Iterator[str]:
    """Yield which files were scored here, though there is a cluster."""
    if options.client is not None:
        from compatkit.pairing.cluster import why_here  # noqa: PLC0415  (start-up time)

        for file in (side.file for side in sides):
            if why := why_here(file):
                yield f"{file.name}: scored here, and not on the cluster: {why}"


def _score_files(files: Sequence[PredictionFile], options: Options) -> list[ScoredRows]:
    how = {
        "roles": options.roles,
        "attributes": options.all_attributes,
        "by_position": options.by_position,
        "lists": options.lists,
        "contents": options.contents,
    }
    jobs = [
        Job(file, options.scorer, options.recipe, how | asked_of(options, number))
        for number, file in enumerate(files)
    ]
    return run_jobs(jobs, options.progress, options.client, options.memory)


def _tell_apart(
    pair: JudgedPair, by: Mapping[str, list[str]], options: Options
) -> "dict[str, SlicesDiffer]":
    if not by:
        return {}
    from compatkit.metrics.picking import tell_apart  # noqa: PLC0415  (start-up time)

    return {path: tell_apart(pair, by[path], options.plan) for path in by}


def _add(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {reason: number + right[reason] for reason, number in left.items()}
