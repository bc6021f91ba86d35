"""Trajectories: what became of each example over the versions of a model, counted.

An example's trajectory is the string of right and wrong over the versions, such as `RRWR`. The best
so far before a version is right where some earlier version was.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from msgspec import Struct

from compatkit.arrays import BoolArray, IntArray
from compatkit.metrics.estimates import Metrics, MetricValue, Plan, share, undefined

RIGHT, WRONG = "R", "W"
TONEVA = "Toneva et al. 2019 (arXiv 1812.05159), section 3"
FIRST = "no version came before"
NEVER = "no example was right before"
NEVER_AT_ALL = "no version has an example right"


class Trajectories(Struct, frozen=True, dict=True):
    """Right and wrong of N examples over V versions.

    Attributes:
        right: shape (V, N).
        silent: shape (V, N), answers that are missing, failed or null, and so not right.
        clusters: shape (N,), the number of each example's group; None where there are none.
    """

    right: BoolArray
    silent: BoolArray
    clusters: IntArray | None = None

    @cached_property
    def before(self) -> BoolArray:
        """Whether some earlier version has the example right, shape (V, N)."""
        return _earlier(self.right)

    @cached_property
    def forgetting(self) -> BoolArray:
        """Forgetting events: right in the version before and wrong now, shape (V, N)."""
        return _after(self.right) & ~self.right

    @cached_property
    def learning(self) -> BoolArray:
        """Learning events: wrong in the version before and right now, shape (V, N).

        Where the version before gave no answer, nothing was learned.
        """
        events = self.right & ~_after(self.right) & ~_after(self.silent)
        events[0] = False
        return events

    @cached_property
    def ever_right(self) -> BoolArray:
        """Whether some version has the example right, shape (N,)."""
        return np.asarray(self.right.any(axis=0))

    @cached_property
    def ever_forgotten(self) -> BoolArray:
        """Whether some version has the example wrong that the one before had right, shape (N,)."""
        return np.asarray(self.forgetting.any(axis=0))

    @cached_property
    def first_broken(self) -> IntArray:
        """The version that first broke the example, from 0; -1 where none did; shape (N,)."""
        first = self.forgetting.argmax(axis=0)
        return np.where(self.ever_forgotten, first, -1)

    @cached_property
    def changes(self) -> IntArray:
        """How often the example changed between right and wrong, shape (N,)."""
        return np.asarray((self.right[1:] != self.right[:-1]).sum(axis=0))

    @cached_property
    def unknown(self) -> BoolArray:
        """Whether no earlier version is right, and one gave no answer, shape (V, N)."""
        return ~self.before & _earlier(self.silent)

    @property
    def patterns(self) -> dict[str, int]:
        """Each string of right and wrong with the number of its examples, the commonest first."""
        counts = Counter(self.strings())
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def strings(self, rows: IntArray | None = None) -> list[str]:
        """Return the trajectories of some examples, all if not given, as strings.

        >>> right = np.array([[True, False], [False, False]])
        >>> Trajectories(right, np.zeros((2, 2), bool)).strings()
        ['RW', 'WW']
        """
        right = (self.right if rows is None else self.right[:, rows]).T
        letters = np.where(right, RIGHT.encode(), WRONG.encode()).astype("S1")
        joined = np.ascontiguousarray(letters).view(f"S{right.shape[1]}").ravel()
        return [text.decode() for text in joined.tolist()]


def _after(flags: BoolArray) -> BoolArray:
    """Return of each version what holds of the one before; nothing does before the first."""
    shifted = np.zeros_like(flags)
    shifted[1:] = flags[:-1]
    return shifted


def _earlier(flags: BoolArray) -> BoolArray:
    """Return whether a flag holds in some earlier version."""
    return _after(np.logical_or.accumulate(flags, axis=0))


@dataclass(frozen=True, slots=True)
class VersionCounts:
    """The examples of one version: kept, repaired, learned, broken and never_right are all of them.

    Attributes:
        right: those that it has right.
        kept: right in an earlier version, and now; but for the repaired ones.
        repaired: right in an earlier version, answered wrong by the one before, right again.
        learned: right, and in no version before.
        broken: ever right, now wrong: right in an earlier version, and wrong.
        never_right: wrong, and in every version before.
        returned: of the kept ones, those of which the version before gave no answer: no repair.
        first_broken: of the broken ones, those that no earlier version had broken.
        repaired_later: of the first broken ones, those that a later version has right.
        right_at_last: of the first broken ones, those that the last version has right.
        silent: those without an answer: missing, failed or null; they count as wrong.
        unknown: those that no earlier version has right, and one of these gave no answer: whether
            they were ever right nobody knows, and they count as not broken and as not repaired.
    """

    right: int
    kept: int
    repaired: int
    learned: int
    broken: int
    never_right: int
    returned: int
    first_broken: int
    repaired_later: int
    right_at_last: int
    silent: int
    unknown: int


def count_version(trajectories: Trajectories, version: int) -> VersionCounts:
    """Count the examples of a version, from 0, by what became of them."""
    right, before = trajectories.right[version], trajectories.before[version]
    repaired = before & trajectories.learning[version]
    kept = before & right & ~repaired
    first = trajectories.first_broken == version
    counts = {
        "right": right,
        "kept": kept,
        "repaired": repaired,
        "learned": ~before & right,
        "broken": before & ~right,
        "never_right": ~before & ~right,
        "returned": kept & _after(trajectories.silent)[version],
        "first_broken": first,
        "repaired_later": first & trajectories.right[version + 1 :].any(axis=0),
        "right_at_last": first & trajectories.right[-1],
        "silent": trajectories.silent[version],
        "unknown": trajectories.unknown[version],
    }
    return VersionCounts(**{name: int(flags.sum()) for name, flags in counts.items()})


Flags = Callable[[Trajectories, int], BoolArray]


class Quantity(Struct, frozen=True):
    """A share of the examples that a history measures.

    Attributes:
        label: what a table calls it.
        formula: over r_iv, 1 where version v has example i right, else 0, and b_iv, the largest
            r_iu of the versions u before v; V is the last version.
        meaning: one sentence for somebody who sees it for the first time.
        flags: which examples count, of a version.
        among: which of them it is a share of; all if not given.
        nothing: why it is undefined where it is a share of none.
        source: paper and section, empty for what needs none.
    """

    label: str
    formula: str
    meaning: str
    flags: Flags
    among: Flags | None = None
    nothing: str = "no examples"
    source: str = ""


VERSION_QUANTITIES: dict[str, Quantity] = {
    "accuracy": Quantity(
        "accuracy",
        "sum of r_iv / N",
        "Share of the examples that the version has right.",
        lambda of, version: of.right[version],
    ),
    "ever_right_now_wrong": Quantity(
        "ever right, now wrong",
        "count(b_iv = 1 and r_iv = 0) / count(b_iv = 1)",
        "Of the examples that an earlier version had right, the share that this one has wrong: "
        "what was lost against the best so far.",
        lambda of, version: ~of.right[version],
        lambda of, version: of.before[version],
        NEVER,
        "as the forgetting of tasks of Chaudhry et al. 2018 (arXiv 1801.10112), of examples",
    ),
    "negative_flip_rate": Quantity(
        "negative flip rate (NFR)",
        "count(r_i,v-1 = 1 and r_iv = 0) / N",
        "Share of the examples that the version before had right and this one has wrong.",
        lambda of, version: of.forgetting[version],
        source="Yan et al. 2021 (arXiv 2011.09161)",
    ),
    "positive_flip_rate": Quantity(
        "positive flip rate (PFR)",
        "count(r_i,v-1 = 0 and r_iv = 1) / N",
        "Share of the examples that the version before had wrong and this one has right.",
        lambda of, version: of.right[version] & ~_after(of.right)[version],
    ),
}
"""What is measured of each version; of the first one, accuracy alone."""

HISTORY_QUANTITIES: dict[str, Quantity] = {
    "ever_right_now_wrong": VERSION_QUANTITIES["ever_right_now_wrong"],
    "unforgettable_rate": Quantity(
        "never forgotten once learned",
        "count(r_iv = 1 for some v and no r_iu = 0 after it) / count(r_iv = 1 for some v)",
        "Of the examples that some version has right, the share that every later version has right "
        "too: the unforgettable ones.",
        lambda of, _: ~of.ever_forgotten,
        lambda of, _: of.ever_right,
        NEVER_AT_ALL,
        TONEVA,
    ),
    "flip_flop_rate": Quantity(
        "flip-flops",
        "count(r_iv != r_i,v-1 for two v or more) / N",
        "Share of the examples that changed between right and wrong more than once.",
        lambda of, _: np.asarray(of.changes > 1),
    ),
    "never_right_rate": Quantity(
        "never right",
        "count(r_iv = 0 for every v) / N",
        "Share of the examples that no version has right.",
        lambda of, _: ~of.ever_right,
    ),
}
"""What is measured of all versions together."""


def measure_version(trajectories: Trajectories, version: int, plan: Plan) -> Metrics:
    """Measure each of `VERSION_QUANTITIES` of a version, from 0."""
    return {
        name: _measure(quantity, trajectories, version, plan)
        if version or name == "accuracy"
        else undefined(FIRST)
        for name, quantity in VERSION_QUANTITIES.items()
    }


def measure_history(trajectories: Trajectories, plan: Plan) -> Metrics:
    """Measure each of `HISTORY_QUANTITIES` up to the last version."""
    last = len(trajectories.right) - 1
    return {
        name: _measure(quantity, trajectories, last, plan)
        for name, quantity in HISTORY_QUANTITIES.items()
    }


def _measure(quantity: Quantity, of: Trajectories, version: int, plan: Plan) -> MetricValue:
    among = None if quantity.among is None else quantity.among(of, version)
    return share(quantity.flags(of, version), plan, among, quantity.nothing)


def join_trajectories(
    parts: Sequence[Trajectories], clusters: IntArray | None = None
) -> Trajectories:
    """Put the examples of several tasks together.

    Args:
        parts: of as many versions.
        clusters: the number of each example's group, over all parts.
    """
    return Trajectories(
        np.concatenate([part.right for part in parts], axis=1),
        np.concatenate([part.silent for part in parts], axis=1),
        clusters,
    )
