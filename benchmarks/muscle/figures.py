"""Figures: NFR against accuracy, a panel per pair of bases and update."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from measure import Row

MARKS = {"plain": "*", "ce": "X", "muscle": "o"}
COLORS = {"plain": "black", "ce": "tab:red", "muscle": "tab:blue"}


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw all updates into one figure; whiskers are 95 % intervals."""
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "compatkit"
    keys = list(dict.fromkeys((row.pair, row.update) for row in rows))
    columns = max(1, len(keys) // 2)
    figure, axes = plt.subplots(
        2, -(-len(keys) // 2), figsize=(4.2 * columns, 7.6), squeeze=False, layout="constrained"
    )
    for axis, key in zip(axes.T.flat, keys, strict=False):
        for row in rows:
            if (row.pair, row.update) != key:
                continue
            x, y = row.numbers["accuracy"], row.numbers["nfr"]
            if x.value is None or y.value is None:
                continue
            color = COLORS.get(row.method, "tab:gray")
            axis.plot(100 * x.value, 100 * y.value, MARKS.get(row.method, "."), color=color, ms=9)
            if y.low is not None and y.high is not None:
                axis.vlines(100 * x.value, 100 * y.low, 100 * y.high, color=color, lw=0.8)
            axis.annotate(
                row.method, (100 * x.value, 100 * y.value), (5, 4), textcoords="offset points",
                fontsize=7,
            )  # fmt: skip
        axis.set_title(f"{key[0]}, {key[1]}", fontsize=10)
        axis.set_xlabel("accuracy or ROUGE-1, %")
        axis.set_ylabel("NFR, %")
        axis.set_ylim(bottom=0)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
