"""Found slices: where broken answers gather, searched on one half and tested on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from msgspec import Struct

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.metrics.estimates import MetricValue, Plan, estimate
from compatkit.metrics.pair import JudgedPair
from compatkit.metrics.picking import resamples_for
from compatkit.metrics.search_columns import Condition, SearchColumn, make_columns
from compatkit.metrics.slice_search import Candidate, Evidence, search
from compatkit.predictions.features import Feature
from compatkit.record import replace

KEY = b"compatkit.found_slices"  # part of the method: another key would deal other halves
LEAST = 4.0  # broken answers of each half, below which nothing can be shown
RESAMPLES = 10_000
NO_FIELD = "no field tells the examples apart"


@dataclass(frozen=True, slots=True)
class FoundSlice:
    """A slice that was found on the searched half, as the other half shows it.

    Attributes:
        conditions: what holds for its examples.
        total: its examples among all.
        size: its examples on the tested half.
        broken: of these, the broken answers; an expected number of several samples.
        nfr: share of these that broke.
        nfr_outside: share of all other examples of the tested half that broke.
        lift: the first over the second, with limits that hold for all tested slices at once.
        lost: of the answers that were right before, the share that broke, inside.
        lost_outside: the same outside.
        p_value: how likely so many would be if broken answers did not gather here: the larger one
            of the test of all answers, and of that of the answers that were right before.
        p_adjusted: corrected by Holm for all slices that were tested.
        family: how many these are.
        example: the id of a broken answer, the largest fall of score; empty where there is none.
        rows: shape (total,), the places of its examples among all.
        held_out: shape (size,), those of the tested half.
    """

    conditions: tuple[Condition, ...]
    total: int
    size: int
    broken: float
    nfr: float | None
    nfr_outside: float | None
    lift: MetricValue
    lost: float | None
    lost_outside: float | None
    p_value: float
    p_adjusted: float
    family: int
    example: str
    rows: IntArray = field(repr=False, compare=False)
    held_out: IntArray = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The conditions in words."""
        return " and ".join(map(str, self.conditions))

    def to_dict(self) -> dict[str, Any]:
        """Return the slice as the JSON report knows it."""
        names = ("total", "size", "broken", "nfr", "nfr_outside")
        further = ("lost", "lost_outside", "p_value", "p_adjusted", "family", "example")
        return {
            "name": self.name,
            "conditions": [asdict(condition) for condition in self.conditions],
            **{name: getattr(self, name) for name in names},
            "lift": {
                key: value
                for key, value in asdict(self.lift).items()
                if key == "value" or value not in {None, ""}
            },
            **{name: getattr(self, name) for name in further},
        }


@dataclass(frozen=True, slots=True)
class FoundSlices:
    """Where broken answers gather: the outcome of a search, and of the tests of what it found.

    Attributes:
        tested: the slices that the search carried over, the smallest p-value first.
        searched: how many examples were searched.
        held_out: how many others the slices were tested on.
        fields: the features that were searched, and pairs of them.
        aside: field to why it was not.
        looked_at: how many slices the search looked at.
        level: confidence level of the tests and of the limits.
        reason: why nothing could be found, whatever the answers; empty otherwise.
        repeated: examples that have the input and references of an earlier one, in another group
            where examples come in groups: copies on both halves confirm each other.
    """

    tested: tuple[FoundSlice, ...]
    searched: int
    held_out: int
    fields: tuple[str, ...]
    aside: Mapping[str, str]
    looked_at: int
    level: float
    reason: str = ""
    repeated: int = 0

    @property
    def gathered(self) -> tuple[FoundSlice, ...]:
        """The slices where broken answers gather more than chance would have it."""
        alpha = 1.0 - self.level
        return tuple(part for part in self.tested if part.p_adjusted <= alpha)

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as the JSON report knows it."""
        return {
            "gathered": [part.to_dict() for part in self.gathered],
            "not_shown": [part.to_dict() for part in self.tested if part not in self.gathered],
            "searched": self.searched,
            "held_out": self.held_out,
            "fields": list(self.fields),
            "aside": dict(self.aside),
            "looked_at": self.looked_at,
            "level": self.level,
            "reason": self.reason,
            "repeated": self.repeated,
        }


def is_searched(name: str) -> bool:
    """Return whether an example, or a group, of this name is searched, or tested by.

    The last bit of a keyed BLAKE2b of the name: the same on every machine, whatever other examples
    there are, and half of all names.

    >>> [name for name in ("q1", "q2", "q3", "q4", "q5", "q6", "q7") if is_searched(name)]
    ['q6', 'q7']
    """
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=KEY).digest()
    return digest[-1] % 2 == 0


def find_slices(
    pair: JudgedPair,
    features: Mapping[str, Feature],
    plan: Plan,
    *,
    groups: Sequence[str] | None = None,
    aside: Mapping[str, str] | None = None,
    repeated: int = 0,
) -> FoundSlices:
    """Find where broken answers gather, as the page "Found slices" of the documentation has it.

    Args:
        pair: the judged examples.
        features: name to feature of the N examples.
        plan: level, seed and resamples.
        groups: the name of each example's group; None where examples are independent.
        aside: fields that were left aside already, and why.
        repeated: examples that have the content of an earlier one.
    """
    order = np.array(sorted(range(len(pair.ids)), key=list(pair.ids).__getitem__), np.int64)
    columns, further = make_columns(features)
    halves = np.array(list(map(is_searched, pair.ids if groups is None else groups)), np.bool_)
    flips: FloatArray = pair.old.right * (1.0 - pair.new.right)
    nothing = FoundSlices(
        tested=(),
        searched=int(halves.sum()),
        held_out=int((~halves).sum()),
        fields=tuple(column.name for column in columns),
        aside={**(aside or {}), **further},
        looked_at=0,
        level=plan.level,
        repeated=repeated,
    )
    few = min(float(flips[halves].sum()), float(flips[~halves].sum()))
    if not columns or few < LEAST:
        why = f"fewer than {LEAST:g} broken answers on one half of the examples"
        return replace(nothing, reason=why if columns else NO_FIELD)
    searched, held_out = (order[side[order]] for side in (halves, ~halves))
    evidence = _weigh(pair, flips, searched)
    candidates, looked_at = search([_take(c, searched) for c in columns], evidence)
    test = _Test(pair, flips, columns, held_out, plan, len(candidates))
    tested = [test.run(candidate) for candidate in candidates]
    return replace(nothing, looked_at=looked_at, tested=tuple(_sort(adjust([tested])[0])))


def adjust(families: Sequence[Sequence[FoundSlice]]) -> list[list[FoundSlice]]:
    """Correct the p-values of all slices that were tested, of several comparisons together."""
    p_values = [part.p_value for family in families for part in family]
    adjusted = iter(statistics.holm(p_values).tolist())
    return [
        [replace(part, p_adjusted=next(adjusted), family=len(p_values)) for part in family]
        for family in families
    ]


def _sort(tested: Sequence[FoundSlice]) -> list[FoundSlice]:
    return sorted(tested, key=lambda part: (part.p_value, part.name))


def _take(column: SearchColumn, rows: IntArray) -> SearchColumn:
    return replace(column, codes=column.codes[rows])


def _weigh(pair: JudgedPair, flips: FloatArray, rows: IntArray) -> Evidence:
    """Return the examples that are searched; those of a group count as one."""
    weights = np.ones(len(rows))
    if pair.clusters is not None:
        weights = 1.0 / np.bincount(pair.clusters)[pair.clusters[rows]]
    return Evidence(flips[rows] * weights, pair.old.right[rows] * weights, weights)


class _Test(Struct, frozen=True):
    """How slices are tested on the half that was not searched."""

    pair: JudgedPair
    flips: FloatArray
    columns: Sequence[SearchColumn]
    rows: IntArray
    plan: Plan
    number: int

    def run(self, candidate: Candidate) -> FoundSlice:
        """Return a slice as this half shows it."""
        pair, plan, rows = self.pair, self.plan, self.rows
        everywhere = candidate.holds(self.columns)
        inside, flips = everywhere[rows], self.flips[rows]
        groups = None if pair.clusters is None else pair.clusters[rows]
        resamples = max(RESAMPLES, resamples_for(self.number, plan))
        right = pair.old.right[rows]
        was = right > 0
        of_right = None if groups is None else groups[was]
        how = {"resamples": resamples, "seed": plan.seed}
        p_value = max(
            statistics.more_inside(flips, inside, groups, **how),
            statistics.more_inside(flips[was], inside[was], of_right, of=right[was], **how),
        )
        level = 1.0 - (1.0 - plan.level) / self.number
        return FoundSlice(
            conditions=candidate.conditions(self.columns),
            total=int(everywhere.sum()),
            size=int(inside.sum()),
            broken=_count(flips[inside], single=pair.single),
            nfr=_share(flips[inside], np.ones(int(inside.sum()))),
            nfr_outside=_share(flips[~inside], np.ones(int((~inside).sum()))),
            lift=estimate(*statistics.lift_interval(flips, inside, groups, level)),
            lost=_share(flips[inside], right[inside]),
            lost_outside=_share(flips[~inside], right[~inside]),
            p_value=p_value,
            p_adjusted=p_value,
            family=self.number,
            example=self._example(inside),
            rows=np.flatnonzero(everywhere),
            held_out=rows[inside],
        )

    def _example(self, inside: BoolArray) -> str:
        """Return the broken answer whose score fell most, the first by id among equals."""
        rows = self.rows[inside & (self.flips[self.rows] > 0)]
        if not len(rows):
            return ""
        falls = self.pair.old.scores[rows] - self.pair.new.scores[rows]
        return self.pair.ids[int(rows[int(np.argmax(np.round(falls, 9)))])]


def _count(flips: FloatArray, *, single: bool) -> float:
    return int(flips.sum()) if single else float(flips.sum())


def _share(flips: FloatArray, of: FloatArray) -> float | None:
    total = float(of.sum())
    return float(flips.sum()) / total if total else None
