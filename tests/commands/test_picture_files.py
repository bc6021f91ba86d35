"""Pictures by `compatkit score -o NAME.svg` and by `Comparison.plot`."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prediction_files import rows_of_model, write_models

from compatkit import ConfigError, compare
from compatkit.cli import command_line

STARTS = {".svg": b"<?xml", ".pdf": b"%PDF", ".png": b"\x89PNG"}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_models(tmp_path)


def score(*arguments: str, new: tuple[str, ...] = ("new.jsonl",)) -> Result:
    command = ["score", "old.jsonl", *new, *arguments]
    return CliRunner().invoke(command_line, command, catch_exceptions=False)


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("suffix", STARTS)
def test_the_stem_says_which_picture_and_the_suffix_which_kind(suffix: str) -> None:
    result = score("--by", "lang", "-o", f"slices{suffix}")
    assert result.exit_code == 0, result.output
    assert Path(f"slices{suffix}").read_bytes().startswith(STARTS[suffix])


@pytest.mark.usefixtures("models")
def test_a_file_of_any_name_shows_the_picture_that_is_named() -> None:
    result = score("-s", "token_f1", "--sweep", "-o", "figure-2.svg", "--picture", "sweep")
    assert result.exit_code == 0, result.output
    assert "<title" in Path("figure-2.svg").read_text("utf-8")
    assert "Flips at every threshold" in Path("figure-2.svg").read_text("utf-8")


@pytest.mark.usefixtures("models")
def test_a_picture_of_several_candidates() -> None:
    result = score("-o", "candidates.svg", new=("new.jsonl", "candidate.jsonl"))
    assert result.exit_code == 0, result.output
    assert "Accuracy and broken answers" in Path("candidates.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "pie.svg"), "-o pie.svg: 'pie' names no picture; there are tasks, candidates, "),
        (("-o", "pie.svg"), "Name the file after one, as tasks.svg, or say --picture NAME."),
        (("-o", "a.svg", "--picture", "pie"), "--picture pie: there is none; there are tasks, "),
        (("--picture", "sweep"), "--picture sweep: no picture is written. Add -o FILE.svg"),
        (("--picture", "sweep", "-o", "a.md"), "--picture sweep: no picture is written."),
        (("-o", "slices.svg"), "-o slices.svg: slices: there are none. --by FIELD names"),
        (("-o", "sweep.pdf"), "-o sweep.pdf: sweep: flips over all thresholds were not counted."),
        (("-o", "candidates.svg"), "-o candidates.svg: candidates: there is one new model."),
        (("-o", "matrix.svg"), "-o matrix.svg: a matrix is of every update between models. Say "),
        (("-o", "sweep.gif"), "-o sweep.gif: the suffix names the format: .csv, .html, .json"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_a_file_is_read(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.jsonl").write_text("no rows", encoding="ascii")
    Path("new.jsonl").write_text("no rows", encoding="ascii")
    with pytest.raises(ConfigError, match=re.escape(message)):
        score(*arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.jsonl", "old.jsonl"]


@pytest.mark.usefixtures("models")
def test_where_nothing_is_to_be_drawn_nothing_is_written() -> None:
    with pytest.raises(ConfigError, match="scores: answers are right or wrong"):
        score("-o", "scores.svg", "-o", "report.md")
    assert not Path("scores.svg").exists()
    assert not Path("report.md").exists()


@pytest.mark.usefixtures("models")
def test_a_picture_is_not_written_over_what_is_read() -> None:
    Path("slices.svg").write_text(Path("old.jsonl").read_text("utf-8"), encoding="utf-8")
    with pytest.raises(ConfigError, match="is read, and would be written over"):
        score("--reader", "jsonl", "--by", "lang", "-o", "slices.svg", new=("slices.svg",))


def test_a_comparison_is_plotted_and_written(tmp_path: Path) -> None:
    comparison = compare(rows_of_model("old"), rows_of_model("new"), by="lang")
    figure = comparison.plot("slices", tmp_path / "worst.png")
    assert figure.axes
    assert (tmp_path / "worst.png").read_bytes().startswith(STARTS[".png"])
    assert figure.get_size_inches()[0] == pytest.approx(420 / 72)


def test_a_plot_that_cannot_be_is_refused(tmp_path: Path) -> None:
    comparison = compare(rows_of_model("old"), rows_of_model("new"))
    for name, path, message in (
        ("pie", None, "no picture 'pie'; there are tasks"),
        ("slices", None, "slices: there are none"),
        ("slices", tmp_path / "a.gif", "the suffix names the format: .svg, .pdf, .png"),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            comparison.plot(name, path)
    assert not list(tmp_path.iterdir())
