"""The table of a paper."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hostile_texts import HOSTILE
from prediction_files import rows_of_model

from compatkit import compare, compare_candidates
from compatkit.comparison.comparison import Comparison
from compatkit.record import replace
from compatkit.reports import REPORTS, View
from compatkit.reports.hostile import visible
from compatkit.reports.latex import latex_text, render_latex

RIGHT = [{"id": n, "prediction": "a", "reference": "a"} for n in range(4)]


def wrong(*ids: int) -> list[dict[str, object]]:
    return [{**row, "prediction": "b" if row["id"] in ids else "a"} for row in RIGHT]


def rows_of(table: str) -> list[list[str]]:
    """Return the cells of each row, as LaTeX would part them."""
    lines = [line for line in table.split("\n") if line.endswith(r" \\")]
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r" \\"))]
        for line in lines
    ]


def test_the_best_of_several_models_is_bold() -> None:
    table = render_latex(compare_candidates(wrong(0, 1), [wrong(2), wrong(0, 1, 2)]))
    assert rows_of(table) == [
        ["model", r"Accuracy (\%)", r"NFR (\%)", r"PFR (\%)", r"Kept right (\%)"],
        ["old", "50.0", "--", "--", "--"],
        ["new", r"\textbf{75.0}", r"\textbf{25.0}", r"\textbf{50.0}", r"\textbf{50.0}"],
        ["candidate 2", "25.0", r"\textbf{25.0}", "0.0", r"\textbf{50.0}"],
    ]


def test_one_new_model_is_not_the_best_of_one() -> None:
    comparison = compare(RIGHT, wrong(0))
    assert rows_of(comparison.to_latex())[1:] == [
        ["old", r"\textbf{100.0}", "--", "--", "--"],
        ["new", "75.0", "25.0", "0.0", "75.0"],
    ]


def test_intervals_come_on_request() -> None:
    comparison = compare(RIGHT, wrong(0))
    nfr = comparison.metrics["negative_flip_rate"]
    limits = f"25.0 {{\\scriptsize [{100 * nfr.low:.1f}, {100 * nfr.high:.1f}]}}"
    assert limits in comparison.to_latex(intervals=True)
    assert "scriptsize" not in comparison.to_latex()


def in_tasks(*parts: Comparison) -> list[Comparison]:
    named = [replace(part, task=task) for part, task in zip(parts, ("x", "y"), strict=True)]
    return [*named, replace(parts[0], task="total")]


def test_the_macro_average_is_the_mean_over_tasks() -> None:
    results = in_tasks(compare(RIGHT, wrong(0)), compare(RIGHT, wrong(0, 1, 2)))
    rows = rows_of(render_latex(results, View(intervals=True)))
    # (75 + 25) / 2, (25 + 75) / 2: no interval stands beside a mean over tasks.
    assert rows[-4] == ["macro average", "old", r"\textbf{100.0}", "--", "--", "--"]
    assert rows[-3] == ["", "new", "50.0", "50.0", "0.0", "50.0"]
    assert rows[-2][0] == "all examples"
    text = REPORTS["terminal"](results, View())
    (line,) = [line for line in text.split("\n") if line.startswith("macro average  ")]
    assert line.split()[2:] == ["100.00%", "50.00%", "-50.00", "50.00%", "0.00%"]


def test_what_is_undefined_in_a_task_has_no_average() -> None:
    none_right = [{**row, "prediction": "b"} for row in RIGHT]
    results = in_tasks(compare(RIGHT, wrong(0)), compare(none_right, wrong(0)))
    assert rows_of(render_latex(results))[-3][-1] == "--"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_name_acts_on_nothing(text: str) -> None:
    shown = replace(compare(RIGHT, wrong(0)), old_name=text, new_name=text, scorer=text)
    plain = replace(shown, old_name="a", new_name="b", scorer="c")
    table = render_latex([shown])
    assert [len(row) for row in rows_of(table)] == [5, 5, 5]
    assert len(table.split("\n")) == len(render_latex([plain]).split("\n"))
    commands = {*re.findall(r"\\([a-zA-Z]+)", latex_text(text))}
    assert commands <= {
        *("textbackslash", "textasciitilde", "textasciicircum", "textasciigrave"),
        *("textless", "textgreater", "textbar", "texttt"),
    }
    # Braces are balanced, and what is not escaped opens nothing else.
    rest = re.sub(r"\\[{}$&#_%]", "", latex_text(text))
    assert rest.count("{") == rest.count("}")
    assert not re.search(r"[$&#%~^]", rest)


COMMANDS = {
    "textbackslash": "\\",
    "textasciitilde": "~",
    "textasciicircum": "^",
    "textasciigrave": "`",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
}
TOKEN = re.compile(r"\\texttt{(.*?)}|\\([a-z]+){}|\\(.)|{([^{}]*)}")


def read_latex(text: str) -> str:
    """Return what LaTeX shows of a text: commands as their characters, groups as what they hold."""

    def shown(match: re.Match[str]) -> str:
        code, command, escaped, group = match.groups()
        if command is not None:
            return COMMANDS[command]
        return code or escaped or group.replace("''", '"')

    return TOKEN.sub(shown, text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_name_is_read_again_as_it_was_shown(text: str) -> None:
    """What a terminal shows of it, with letters beyond Latin-1 by their number."""
    name = f'{text} R&D_50% \\x{{a}}#$~^"'
    latin = "".join(char if ord(char) < 256 else f"U+{ord(char):04X}" for char in visible(name))
    assert read_latex(latex_text(name, 10**6)) == latin


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_it_compiles(tmp_path: Path) -> None:
    results = [
        replace(compare(rows_of_model("old"), rows_of_model("new")), old_name=text, new_name="n")
        for text in HOSTILE.values()
    ]
    tables = "\n\n".join(render_latex([result]) for result in results)
    document = (
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
        f"{tables}\n\\end{{document}}\n"
    )
    (tmp_path / "t.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
