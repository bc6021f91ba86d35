"""Comparison: what an update changed, with every number it was measured by."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from compatkit.comparison.agreement import Agreement
from compatkit.comparison.judging import Evidence
from compatkit.comparison.signature import shorten
from compatkit.errors import ConfigError
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Metrics
from compatkit.metrics.measure_pair import Slice
from compatkit.metrics.p_values import Tests
from compatkit.metrics.pair import Counts, JudgedPair
from compatkit.notes import Note
from compatkit.spelling import suggest

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from compatkit.comparison.confidences import CloseMargin
    from compatkit.comparison.examples import FlippedExamples
    from compatkit.metrics.found_slices import FoundSlices
    from compatkit.metrics.picking import SlicesDiffer
    from compatkit.metrics.smooth import Sweep
    from compatkit.pairing.joined_features import JoinedFeatures


@dataclass(frozen=True, repr=False, eq=False)
class Comparison:
    """What a new model changed against an old one on one task.

    Every metric of `compatkit.metrics.definitions.METRICS` is an attribute too:
    `comparison.negative_flip_rate` is `comparison.metrics["negative_flip_rate"].value`. Those of
    optional families are None where the files do not hold what they are measured of.

    Attributes:
        task: the task's name; empty where there is one only.
        old: the old model's file.
        new: the new model's file.
        baseline: the first new model's file, where this is a further candidate.
        scorer: the scorer's name.
        threshold: an answer is right when its score is at least this.
        continuous: whether scores lie between right and wrong.
        counts: examples by kind, and what was left out.
        metrics: name to value and interval, in the order of `METRICS`.
        tests: name to p-value, alone and corrected for several tests.
        slices: field to value to counts, metrics and tests.
        slices_differ: field to whether its slices differ in their NFR at all.
        noted: what a reader of the numbers should know, with its kind; `notes` is the texts.
        signature: two results with the same one are comparable.
        identical: both files hold the same bytes.
        needs_answer: whether a null answer is wrong, whatever score the file holds for it.
        pair: the results of each example.
        examples: the flipped examples, negative ones first, read when they are asked for; None
            where they were not kept.
        sweep: flips over all thresholds; None where it was not asked for.
        agreement: which answer became which; None where there are many, or several samples.
        runs: how the `old` and the `new` file were made, where `compatkit run` made them.
        evidence: what a decision asks of the files, beside the numbers.
        close_margin: up to which old margin a flip is a close call; None where the old file holds
            no likelihoods of choices, and of a total.
        changed: the examples whose answer is another, and wrong on both sides, which are no flips;
            None where they were not kept, or the files hold no answers.
        features: what tells the examples apart, where slices were to be found; None elsewhere.
        found_slices: where broken answers gather; None where it was not asked for (`find_slices`).
        old_name: what reports call the old model; its file, where nothing shorter is known.
        new_name: what they call the new one.
    """

    task: str
    old: str
    new: str
    scorer: str
    threshold: float
    continuous: bool
    counts: Counts
    metrics: Metrics
    signature: str
    pair: JudgedPair = field(repr=False)
    baseline: str | None = None
    tests: Tests = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, Slice]] = field(default_factory=dict)
    slices_differ: "Mapping[str, SlicesDiffer]" = field(default_factory=dict)
    noted: tuple[Note, ...] = ()
    identical: bool = False
    needs_answer: bool = True
    examples: "FlippedExamples | None" = field(default=None, repr=False)
    sweep: "Sweep | None" = field(default=None, repr=False)
    agreement: Agreement | None = field(default=None, repr=False)
    runs: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict, repr=False)
    evidence: Evidence = field(default_factory=Evidence, repr=False)
    close_margin: "CloseMargin | None" = None
    changed: "FlippedExamples | None" = field(default=None, repr=False)
    features: "JoinedFeatures | None" = field(default=None, repr=False)
    found_slices: "FoundSlices | None" = None
    old_name: str = ""
    new_name: str = ""

    def __post_init__(self) -> None:
        """Take flipped examples that are at hand, as a tuple, too; and a file for a name."""
        object.__setattr__(self, "old_name", self.old_name or self.old)
        object.__setattr__(self, "new_name", self.new_name or self.new)
        examples: Any = self.examples
        if isinstance(examples, tuple):
            from compatkit.comparison.examples import FlippedExamples  # noqa: PLC0415  (start-up)

            object.__setattr__(self, "examples", FlippedExamples.of(examples))

    def __getattr__(self, name: str) -> float | None:
        """Return a metric's value by its name, None where it is undefined."""
        if name in METRICS:
            return self.metrics[name].value if name in self.metrics else None
        hint = "" if name.startswith("_") else f"; {suggest(name, METRICS)}"
        raise AttributeError(f"a Comparison has no attribute {name!r}{hint}")

    @property
    def short_signature(self) -> str:
        """The signature's short form, which people hold against another's."""
        return shorten(self.signature)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know, in sentences."""
        return tuple(note.text for note in self.noted)

    def __dir__(self) -> Iterable[str]:
        """List the attributes, the metrics among them."""
        return sorted({*super().__dir__(), *METRICS})

    def to_dict(self, *, flips: bool = True) -> dict[str, Any]:
        """Return the comparison as one entry of `results` of the JSON report.

        Args:
            flips: with the flipped examples, each of which is read; else with none of them.
        """
        listed = self.examples.by_harm(by_slice=False) if self.examples and flips else ()
        return {
            "task": self.task,
            "old": self.old,
            "new": self.new,
            "old_name": self.old_name,
            "new_name": self.new_name,
            "baseline": self.baseline,
            "scorer": self.scorer,
            "threshold": self.threshold,
            "pass_at": self.pair.pass_at,
            "signature": self.signature,
            "short_signature": self.short_signature,
            "identical": self.identical,
            "counts": asdict(self.counts),
            "metrics": metrics_to_dict(self.metrics),
            "tests": tests_to_dict(self.tests),
            "slices": {
                path: {
                    value: {
                        "counts": asdict(part.counts),
                        "metrics": metrics_to_dict(part.metrics),
                        "tests": tests_to_dict(part.tests),
                        **metrics_to_dict({"together": part.together}),
                    }
                    for value, part in parts.items()
                }
                for path, parts in self.slices.items()
            },
            "slices_differ": {path: asdict(test) for path, test in self.slices_differ.items()},
            "found_slices": None if self.found_slices is None else self.found_slices.to_dict(),
            "close_margin": None if self.close_margin is None else asdict(self.close_margin),
            "notes": list(self.notes),
            "note_kinds": [note.kind for note in self.noted],
            "runs": {side: self.runs.get(side) for side in ("old", "new")},
            "sweep": None if self.sweep is None else sweep_to_dict(self.sweep),
            "flips": None if self.examples is None else [example.to_dict() for example in listed],
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return the metrics as a pandas frame, one row each, indexed by name."""
        import pandas as pd  # noqa: PLC0415

        rows = {name: asdict(value) for name, value in self.metrics.items()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")

    def flips(self, kind: str | None = None) -> "pd.DataFrame":
        """Return the flipped examples as a pandas frame, one row each.

        Args:
            kind: `negative`, `positive`, or None for both; `changed` for the examples whose answer
                is another and still wrong, which are no flips.

        Raises:
            ConfigError: another kind, or they were not kept.
        """
        import pandas as pd  # noqa: PLC0415

        from compatkit.comparison.examples import CHANGED, KINDS, FlippedExample  # noqa: PLC0415

        if kind is not None and kind not in {*KINDS, CHANGED}:
            raise ConfigError(
                f"no kind of flip {kind!r}; there are {' and '.join(KINDS)}, and {CHANGED}."
            )
        examples = self.changed if kind == CHANGED else self.examples
        if examples is None:
            keep = f"keep_{'changed' if kind == CHANGED else 'flips'}=True"
            raise ConfigError(
                f"the flips were not kept: {keep} keeps them; a total has none of its own."
            )
        examples = examples if kind is None else examples.of_kind(kind)
        rows = [example.to_dict(whole=True) for example in examples]
        columns = [*FlippedExample.__slots__]
        return pd.DataFrame(rows, columns=columns)

    def worst_slice(self, path: str) -> tuple[str, Slice] | None:
        """Return the slice with the most certain damage: the highest lower limit of its NFR.

        The limit rather than the rate, so that one unlucky example is not a slice's fate; and of
        the limits that hold for all slices at once (`together`), since the worst of many is the
        worst by chance, too. None where no slice has a negative flip.
        """
        parts = [
            (value, part) for value, part in self.slices[path].items() if part.counts.negative_flips
        ]
        return max(parts, key=lambda item: _sureness(item[1]), default=None)

    def plot(self, name: str, path: "str | Path | None" = None) -> "Figure":
        """Draw a picture of the comparison.

        Args:
            name: which one: `slices`, `scores`, `sweep`, `answers`.
            path: where to write it, too: .svg, .pdf or .png; None for nowhere.

        Returns:
            A figure of matplotlib's, which a notebook shows.

        Raises:
            ConfigError: there is no such picture, nothing to draw, or no such kind of file.
        """
        from compatkit.reports.pictures import plot_picture  # noqa: PLC0415  (upwards: see docs/adr/0010)

        return plot_picture(name, [self], path)

    def to_latex(self, *, intervals: bool = False) -> str:
        """Return the table of a paper, by booktabs.

        Args:
            intervals: each number has its interval beside it.
        """
        from compatkit.reports import REPORTS, View  # noqa: PLC0415  (upwards: docs/adr/0010)

        return REPORTS["latex"]([self], View(intervals=intervals))

    def __repr__(self) -> str:
        """Return one line; printing the comparison shows the whole."""
        flips = (
            f"{self.counts.negative_flips:g} negative and {self.counts.positive_flips:g} positive"
        )
        return (
            f"<Comparison {self.old_name} -> {self.new_name}: {self.counts.total} examples by "
            f"{self.scorer}, {flips} flips; print() shows all>"
        )

    def __str__(self) -> str:
        """Return the terminal report, without colours."""
        from compatkit.reports import REPORTS  # noqa: PLC0415  (upwards: see docs/adr/0010)

        return REPORTS["terminal"]([self], None)

    def _repr_html_(self) -> str:
        """Return the report for a notebook."""
        from compatkit.reports.notebook import render_fragment  # noqa: PLC0415  (upwards: docs/adr/0010)

        return render_fragment([self])


def _sureness(part: Slice) -> float:
    """Return what a slice's NFR is at least; one without a limit comes after all others."""
    return -math.inf if part.together.low is None else part.together.low


def tests_to_dict(tests: Tests) -> dict[str, dict[str, Any]]:
    """Return tests as JSON knows them: a margin where equivalence was tested."""
    return {
        name: {key: value for key, value in asdict(test).items() if value is not None}
        for name, test in tests.items()
    }


def metrics_to_dict(metrics: Metrics) -> dict[str, dict[str, Any]]:
    """Return metrics as JSON knows them: the empty parts of each left out."""
    return {
        name: {
            key: value
            for key, value in asdict(metric).items()
            if key == "value" or value not in {None, ""}
        }
        for name, metric in metrics.items()
    }


def sweep_to_dict(sweep: "Sweep") -> dict[str, Any]:
    """Return a sweep as columns of equal length."""
    return {
        "thresholds": sweep.thresholds.tolist(),
        "negative_flips": sweep.negative_flips.tolist(),
        "positive_flips": sweep.positive_flips.tolist(),
        "total": sweep.total,
    }
