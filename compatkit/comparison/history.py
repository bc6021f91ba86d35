"""History: since when it is broken, over several versions of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from compatkit.comparison.comparison import metrics_to_dict
from compatkit.comparison.signature import shorten
from compatkit.comparison.traced import TracedExamples
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Metrics
from compatkit.metrics.trajectories import Trajectories, VersionCounts
from compatkit.notes import Note

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model, against those before it.

    Attributes:
        name: what reports call it.
        file: where its predictions are.
        counts: its examples by what became of them.
        metrics: name to value and interval, in the order of
            `compatkit.metrics.trajectories.VERSION_QUANTITIES`.
        no_answer: null predictions, counted as wrong.
        counted_wrong: answers that are missing or errored and were counted as wrong.
    """

    name: str
    file: str
    counts: VersionCounts
    metrics: Metrics
    no_answer: int = 0
    counted_wrong: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the version as JSON knows it."""
        return {
            "name": self.name,
            "file": self.file,
            "counts": asdict(self.counts),
            "metrics": metrics_to_dict(self.metrics),
            "no_answer": self.no_answer,
            "counted_wrong": dict(self.counted_wrong),
        }


@dataclass(frozen=True, repr=False, eq=False)
class History:
    """Since when it is broken: right and wrong of each example over several versions.

    Attributes:
        task: the task's name; empty where there is one only, `total` over several.
        scorer: the scorer's name.
        threshold: an answer is right when its score is at least this.
        continuous: whether scores lie between right and wrong.
        level: confidence level of the intervals.
        ids: N ids, in the order of the first version's file.
        trajectories: right and wrong of each example in each version.
        versions: the oldest first.
        metrics: name to value and interval, in the order of
            `compatkit.metrics.trajectories.HISTORY_QUANTITIES`.
        signature: two results with the same one are comparable.
        excluded: examples that were left out in every version, by reason.
        noted: what a reader of the numbers should know, with its kind; `notes` is the texts.
        changed: the examples that changed, those that did so most often first; they can be read
            where `keep_flips` was said.
        parts: the tasks, where this is over several; empty otherwise.
    """

    task: str
    scorer: str
    threshold: float
    continuous: bool
    level: float
    ids: Sequence[str]
    trajectories: Trajectories
    versions: tuple[Version, ...]
    metrics: Metrics
    signature: str
    excluded: Mapping[str, int] = field(default_factory=dict)
    noted: tuple[Note, ...] = ()
    changed: TracedExamples = field(default_factory=TracedExamples)
    parts: tuple["History", ...] = ()

    @property
    def names(self) -> list[str]:
        """What reports call the versions."""
        return [version.name for version in self.versions]

    @property
    def short_signature(self) -> str:
        """The signature's short form, which people hold against another's."""
        return shorten(self.signature)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know, in sentences."""
        return tuple(note.text for note in self.noted)

    @property
    def total(self) -> int:
        """The number of examples, N."""
        return len(self.ids)

    @property
    def of_tasks(self) -> tuple["History", ...]:
        """The histories of single tasks: the parts, or this one."""
        return self.parts or (self,)

    def broke_in(self, version: str) -> list[str]:
        """Return the ids of the examples that a version first broke, in their order.

        Args:
            version: its name.

        Raises:
            ConfigError: there is no version of this name.
        """
        if version not in self.names:
            raise ConfigError(f"no version {version!r}; there are {', '.join(self.names)}.")
        rows = np.flatnonzero(self.trajectories.first_broken == self.names.index(version))
        return [self.ids[row] for row in rows.tolist()]

    def to_dict(self) -> dict[str, Any]:
        """Return the history as the JSON report knows it; of several tasks the examples of none."""
        of = self.trajectories
        own = not self.parts
        return {
            "task": self.task,
            "scorer": self.scorer,
            "threshold": self.threshold,
            "level": self.level,
            "signature": self.signature,
            "short_signature": self.short_signature,
            "total": self.total,
            "excluded": dict(self.excluded),
            "versions": [version.to_dict() for version in self.versions],
            "metrics": metrics_to_dict(self.metrics),
            "events": {
                "forgetting": int(of.forgetting.sum()),
                "learning": int(of.learning.sum()),
            },
            "patterns": of.patterns,
            "notes": list(self.notes),
            "note_kinds": [note.kind for note in self.noted],
            "ids": list(self.ids) if own else None,
            "right": of.strings() if own else None,
        }

    def to_json(self) -> str:
        """Return the JSON report."""
        from compatkit.reports.history import HISTORY_REPORTS  # noqa: PLC0415  (docs/adr/0010)

        return HISTORY_REPORTS["json"](self, None)

    def to_frame(self) -> "pd.DataFrame":
        """Return the examples as a pandas frame, one row each: what became of each.

        The columns are `task` and `id`; `right`, the string of right and wrong; `changes`, how
        often it changed; `first_broken`, the version that first broke it, None where none did;
        and, of each version, whether it is right there.
        """
        import pandas as pd  # noqa: PLC0415

        of = self.trajectories
        tasks = [part.task for part in self.of_tasks for _ in part.ids]
        names = np.array([*self.names, None], object)
        columns = {
            "task": tasks,
            "id": list(self.ids),
            "right": of.strings(),
            "changes": of.changes,
            "first_broken": pd.Series(names[of.first_broken], dtype=object),
        }
        right = {name: of.right[number] for number, name in enumerate(self.names)}
        return pd.concat([pd.DataFrame(columns), pd.DataFrame(right)], axis=1)

    def plot(self, path: str | Path | None = None) -> "Figure":
        """Draw what each version kept, repaired, learned and broke.

        Args:
            path: where to write it, too: .svg, .pdf or .png; None for nowhere.

        Returns:
            A figure of matplotlib's, which a notebook shows.

        Raises:
            ConfigError: no such kind of file.
        """
        from compatkit.reports.pictures import plot_history  # noqa: PLC0415  (docs/adr/0010)

        return plot_history(self, path)

    def __repr__(self) -> str:
        """Return one line; printing the history shows the whole."""
        lost = self.versions[-1].counts.broken
        return (
            f"<History of {', '.join(self.names)}: {self.total} examples by {self.scorer}, {lost} "
            "ever right and now wrong; print() shows all>"
        )

    def __str__(self) -> str:
        """Return the terminal report, without colours."""
        from compatkit.reports.history import HISTORY_REPORTS  # noqa: PLC0415  (docs/adr/0010)

        return HISTORY_REPORTS["terminal"](self, None)

    def _repr_html_(self) -> str:
        """Return the report for a notebook."""
        from compatkit.reports.notebook import render_history  # noqa: PLC0415  (docs/adr/0010)

        return render_history(self)
