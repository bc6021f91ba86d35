"""Write docs/notebook.ipynb: run its cells, and keep what they show.

`python docs/write_notebook.py` writes it anew; a test runs the cells and holds the file to that.
"""

import ast
import json
import sys
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "notebook.ipynb"
DATA = """\
import compatkit

ids = range(12)
questions = [
    {"id": n, "reference": str(n * n), "topic": "small" if n < 6 else "large"} for n in ids
]
old = [{**q, "prediction": q["reference"] if q["id"] < 9 else "?"} for q in questions]
new = [{**q, "prediction": "64.5" if q["id"] in {7, 8} else q["reference"]} for q in questions]
comparison = compatkit.compare(old, new, scorer="numeric", by="topic")
comparison"""
# A text is a page's paragraph; a tuple of one text is code.
CELLS: tuple[str | tuple[str], ...] = (
    "# What an update broke\n\nMade-up answers of two models to twelve questions.",
    (DATA,),
    "Every metric is an attribute, and the flipped examples are at hand.",
    ("round(comparison.negative_flip_rate, 4), round(comparison.backward_trust_compatibility, 4)",),
    ("[(flip.id, flip.old_prediction, flip.new_prediction) for flip in comparison.examples]",),
    "A slice by itself, several models at once, and the table of a paper.",
    ('comparison.slices["topic"]["large"]',),
    ('compatkit.compare_matrix([old, new], scorer="numeric")',),
    ("print(comparison.to_latex())",),
)


def run_cell(code: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell and return what a notebook keeps of it: what it prints, or its last value."""
    tree = ast.parse(code)
    printed: list[str] = []
    names["print"] = lambda *texts: printed.append(" ".join(map(str, texts)) + "\n")
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102  (our own cells)
    value = None
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
    outputs: list[dict[str, Any]] = []
    if printed:
        text = "".join(printed).splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if value is not None:
        shown: dict[str, Any] = {"text/plain": [repr(value)]}
        if hasattr(value, "_repr_html_"):
            shown["text/html"] = value._repr_html_().splitlines(keepends=True)
        outputs.append({"output_type": "execute_result", "metadata": {}, "data": shown})
    return outputs


def make_notebook() -> str:
    """Return the notebook, with its cells run in their order."""
    names: dict[str, Any] = {}
    cells: list[dict[str, Any]] = []
    count = 0
    for number, cell in enumerate(CELLS):
        text = cell if isinstance(cell, str) else cell[0]
        made: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}}
        made["source"] = text.splitlines(keepends=True)
        if isinstance(cell, str):
            cells.append({"cell_type": "markdown", **made})
            continue
        count += 1
        outputs = run_cell(text, names)
        for output in outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = count
        cells.append({"cell_type": "code", **made, "execution_count": count, "outputs": outputs})
    language = {"name": "python"}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": language},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(make_notebook(), encoding="utf-8")
    sys.stdout.write(f"{PATH}\n")
