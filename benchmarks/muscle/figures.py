"""Figures: NFR against accuracy, a row per pair of bases, a panel per update."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from measure import Number, Row

# A method keeps its mark in all panels; one that is over the choice has that of its name, hollow.
MARKS = {
    "plain": ("*", "black"),
    "ce": ("X", "tab:red"),
    "muscle": ("o", "tab:blue"),
    "kd_mix": ("s", "tab:green"),
    "kd_old": ("D", "tab:purple"),
    "token_odds": ("^", "tab:orange"),
    "token_odds + ce": ("v", "tab:brown"),
}
OVER_CHOICE = ", choice"
NARROWEST = 4.0  # points of accuracy, so that what is near looks near

Floors = Mapping[tuple[str, str], Number]


def draw(rows: Sequence[Row], floors: Floors, path: Path) -> None:
    """Draw all updates into one figure; whiskers are 95 % intervals, the line is the floor."""
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "compatkit"
    pairs = list(dict.fromkeys(row.pair for row in rows))
    figure, axes = plt.subplots(
        len(pairs), 2, figsize=(9, 2.9 * len(pairs) + 0.8), squeeze=False, layout="constrained"
    )
    for line, pair in zip(axes, pairs, strict=True):
        for axis, update in zip(line, ("equal", "gap"), strict=True):
            shown = [row for row in rows if (row.pair, row.update) == (pair, update)]
            _draw_panel(axis, shown, floors.get((pair, update)))
            axis.set_title(f"{pair}, {update}", fontsize=10)
    known: dict[str, Any] = {}
    for axis in axes.flat:
        handles, labels = axis.get_legend_handles_labels()
        known |= dict(zip(labels, handles, strict=True))
    figure.legend(
        list(known.values()),
        list(known),
        loc="outside lower center",
        ncols=4,
        fontsize=8,
        frameon=False,
    )
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _draw_panel(axis: Axes, rows: Sequence[Row], floor: Number | None) -> None:
    xs = []
    for row in rows:
        x, y = row.numbers["accuracy"], row.numbers["nfr"]
        if x.value is None or y.value is None:
            continue
        name = row.method.removesuffix(OVER_CHOICE)
        mark, color = MARKS.get(name, (".", "tab:gray"))
        hollow: dict[str, Any] = {"markerfacecolor": "none"} if name != row.method else {}
        axis.plot(100 * x.value, 100 * y.value, mark, color=color, ms=8, label=row.method, **hollow)
        if y.low is not None and y.high is not None:
            axis.vlines(100 * x.value, 100 * y.low, 100 * y.high, color=color, lw=0.8)
        xs.append(100 * x.value)
    if floor is not None and floor.value is not None:
        axis.axhline(100 * floor.value, color="gray", lw=0.8, ls="--", label="floor, new base")
    if xs:
        middle, half = (min(xs) + max(xs)) / 2, max(0.56 * (max(xs) - min(xs)), NARROWEST / 2)
        axis.set_xlim(middle - half, middle + half)
    axis.set_xlabel("accuracy or ROUGE-1, %", fontsize=8)
    axis.set_ylabel("NFR, %", fontsize=8)
    axis.set_ylim(bottom=0)
