r"""LaTeX: the table of a paper, by booktabs.

A row per model under each task, the old one first; the best of each column is bold. Beside
`\usepackage{booktabs}` it needs no package.
"""

from collections.abc import Iterator, Mapping, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue
from compatkit.reports.hostile import visible
from compatkit.reports.view import (
    View,
    describe_scorer,
    macro_averages,
    name_average,
    tasks_of,
    title_of,
)

NAME_LIMIT = 60
UNDEFINED = "--"
LAST_OF_LATIN = 0xFF
# Column to its head, and whether more is better (1) or less (-1).
COLUMNS = {
    "accuracy_new": (r"Accuracy (\%)", 1),
    "score_new": ("Score", 1),
    "negative_flip_rate": (r"NFR (\%)", -1),
    "positive_flip_rate": (r"PFR (\%)", 1),
    "backward_trust_compatibility": (r"Kept right (\%)", 1),
    "expected_negative_flip_rate": (r"Expected NFR (\%)", -1),
    "expected_positive_flip_rate": (r"Expected PFR (\%)", 1),
}
OF_OLD = {"accuracy_new": "accuracy_old", "score_new": "score_old"}
# What LaTeX acts on, and what its ligatures and older fonts show as something else.
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': "{''}",
    **{character: f"\\{character}" for character in "{}$&#_%"},
    # The first three would be read as part of a command before them, the others as ligatures.
    **{character: f"{{{character}}}" for character in "[]*-,'?!"},
}

Values = Mapping[str, MetricValue]


def latex_text(text: str, limit: int | None = None) -> str:
    r"""Return a text that pdflatex prints as it stands.

    Letters beyond Latin-1, which its fonts may lack, are written by their code points.

    >>> print(latex_text("a_b & 50% \\input{x}"))
    a\_b \& 50\% \textbackslash{}input\{x\}
    """
    return "".join(map(_escape, visible(text, limit)))


def _escape(character: str) -> str:
    if character.isascii():
        return SPECIAL.get(character, character)
    if character.isalpha() and ord(character) <= LAST_OF_LATIN:
        return character
    return f"\\texttt{{U+{ord(character):04X}}}"


def render_latex(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the table: a `tabular`, to stand in a `table` of the paper's own.

    Args:
        results: one comparison per task and candidate, totals last.
        view: whether each number has its interval beside it.
    """
    names = _shown(results)
    tasks = tasks_of(results)
    several = len(tasks) > 1
    groups = {task: [result for result in results if result.task == task] for task in tasks}
    head = ["task", "model"] if several else ["model"]
    lines = [
        *_comment(results),
        rf"\begin{{tabular}}{{{'l' * len(head)}{'r' * len(names)}}}",
        r"\toprule",
        _row([*head, *(_head(name, results[0]) for name in names)]),
    ]
    for number, (task, group) in enumerate(groups.items()):
        label = [latex_text(task, NAME_LIMIT)] if several else []
        if several and number == len(groups) - 1:
            means = _values_of(macro_averages(results))
            lines += [r"\midrule", *_group(["macro average"], group, names, means, View())]
            label = ["all examples"]
        values = _values_of([result.metrics for result in group])
        lines += [r"\midrule", *_group(label, group, names, values, view or View())]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _comment(results: Sequence[Comparison]) -> Iterator[str]:
    """Yield lines that LaTeX reads over: what this is, and by what it was measured."""
    last = results[-1]
    yield r"% Needs \usepackage{booktabs}."
    yield f"% {visible(title_of(results))}, {visible(describe_scorer(last))}"
    yield f"% signature {last.short_signature}; the best of each column is bold"
    if len(tasks_of(results)) > 1:
        yield "% macro average: the mean over the tasks, each counting once; it has no interval"


def _shown(results: Sequence[Comparison]) -> list[str]:
    single = all(result.pair.single for result in results)
    family = {"flips": single, "samples": not single, "accuracy": True}
    family["smooth"] = any(result.continuous for result in results)
    return [name for name in COLUMNS if family[METRICS[name].family]]


def _head(name: str, comparison: Comparison) -> str:
    """Return what stands above a column."""
    return name_average(COLUMNS[name][0], comparison)


def _values_of(metrics: Sequence[Values]) -> list[Values]:
    """Return the numbers of the old model, and of each new one."""
    return [{name: metrics[0][old] for name, old in OF_OLD.items()}, *metrics]


def _group(
    label: Sequence[str],
    group: Sequence[Comparison],
    names: Sequence[str],
    values: Sequence[Values],
    view: View,
) -> Iterator[str]:
    """Yield the rows of one task: the old model's, then those of the new ones."""
    models = [group[0].old_name, *(comparison.new_name for comparison in group)]
    for number, (model, row) in enumerate(zip(models, values, strict=True)):
        cells = [_cell(name, row, [other.get(name) for other in values], view) for name in names]
        first = label if number == 0 else [""] * len(label)
        yield _row([*first, latex_text(model, NAME_LIMIT), *cells])


def _cell(name: str, row: Values, column: Sequence[MetricValue | None], view: View) -> str:
    value = row.get(name)
    if value is None or value.value is None:
        return UNDEFINED
    scale, digits = (1, 3) if METRICS[name].unit == "score" else (100, 1)
    text = f"{scale * value.value:.{digits}f}"
    better = COLUMNS[name][1]
    all_values = [other.value for other in column if other is not None and other.value is not None]
    if len(all_values) > 1 and better * value.value == max(better * one for one in all_values):
        text = rf"\textbf{{{text}}}"
    if view.intervals and value.low is not None and value.high is not None:
        limits = ", ".join(f"{scale * limit:.{digits}f}" for limit in (value.low, value.high))
        text += rf" {{\scriptsize [{limits}]}}"
    return text


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
