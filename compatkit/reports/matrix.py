"""Matrix reports: every update between several models, as a table."""

from collections.abc import Callable, Iterator

from compatkit.comparison.matrix import ModelMatrix
from compatkit.reports.blocks import Block, Heading, Line, Table, Tone
from compatkit.reports.csv_report import render_csv
from compatkit.reports.json_report import FORMAT, write_json
from compatkit.reports.latex import latex_text
from compatkit.reports.markdown import draw_block
from compatkit.reports.terminal import draw_blocks
from compatkit.reports.view import (
    View,
    count_of,
    describe_scorer,
    format_number,
    left_out,
    name_average,
)
from compatkit.version import __version__

NAME_LIMIT = 40
NOTE = "NFR in %: of all examples, those that the row's model has right and the column's wrong"


def lay_out_matrix(matrix: ModelMatrix) -> Iterator[Block]:
    """Yield the blocks of the readable reports."""
    first = matrix.results[0]
    yield Heading(f"updates between {count_of(len(matrix.names), 'model')}", 1)
    yield from (Line(text, tone) for text, tone in _sentences(matrix))
    yield Line(f"{count_of(first.counts.total, 'example')}, {describe_scorer(first)}")
    rows = [
        [name, _percent(accuracy), *map(_percent, rates)]
        for name, accuracy, rates in zip(matrix.names, matrix.accuracies, matrix.rates, strict=True)
    ]
    yield Table("", ["from, to", name_average("accuracy", first), *matrix.names], rows, note=NOTE)
    yield from (Line(text) for text in left_out([first]))
    notes = dict.fromkeys(note for result in matrix.results for note in result.notes)
    yield from (Line(f"note: {note}", Tone.NOTE) for note in notes)
    yield Line(f"signature: {first.short_signature} of the first pair", Tone.FAINT)


def _sentences(matrix: ModelMatrix) -> Iterator[tuple[str, Tone]]:
    """Yield which update breaks most, and which least, where any is defined."""
    pairs = [
        (rate, matrix.names[old], matrix.names[new])
        for old, row in enumerate(matrix.rates)
        for new, rate in enumerate(row)
        if rate is not None
    ]
    if not pairs:
        return
    most, least = max(pairs, key=lambda pair: pair[0]), min(pairs, key=lambda pair: pair[0])
    sentence = f"Most answers break from {most[1]} to {most[2]}, {_percent(most[0])}%; "
    sentence += f"fewest from {least[1]} to {least[2]}, {_percent(least[0])}%."
    yield sentence, Tone.STRONG


def _percent(share: float | None) -> str:
    return format_number(share, "share").removesuffix("%")


def _terminal(matrix: ModelMatrix, view: View | None = None) -> str:
    return draw_blocks(lay_out_matrix(matrix), view or View())


def _markdown(matrix: ModelMatrix, view: View | None = None) -> str:  # noqa: ARG001
    return "\n\n".join(map(draw_block, lay_out_matrix(matrix))) + "\n"


def _json(matrix: ModelMatrix, view: View | None = None) -> str:  # noqa: ARG001
    report = {
        "format": FORMAT,
        "compatkit": __version__,
        "signature": " + ".join(result.signature for result in matrix.results),
        "results": [result.to_dict() for result in matrix.results],
        "matrix": {
            "names": list(matrix.names),
            "accuracy": matrix.accuracies,
            "negative_flip_rate": matrix.rates,
        },
    }
    return write_json(report)


def _csv(matrix: ModelMatrix, view: View | None = None) -> str:
    return render_csv(matrix.results, view)


def _latex(matrix: ModelMatrix, view: View | None = None) -> str:  # noqa: ARG001
    names = [latex_text(name, NAME_LIMIT) for name in matrix.names]
    average = name_average(r"Accuracy (\%)", matrix.results[0])
    lines = [
        r"% Needs \usepackage{booktabs}.",
        f"% {NOTE}.",
        rf"\begin{{tabular}}{{lr{'r' * len(names)}}}",
        r"\toprule",
        " & ".join([r"from, to", average, *names]) + r" \\",
        r"\midrule",
    ]
    for name, accuracy, rates in zip(names, matrix.accuracies, matrix.rates, strict=True):
        cells = ["--" if share is None else f"{100 * share:.1f}" for share in (accuracy, *rates)]
        lines.append(" & ".join([name, *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


MATRIX_REPORTS: dict[str, Callable[[ModelMatrix, View | None], str]] = {
    "csv": _csv,
    "json": _json,
    "latex": _latex,
    "markdown": _markdown,
    "terminal": _terminal,
}
