"""compatkit score: what it prints, what it writes, and what it refuses."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prediction_files import rows_of_model, write_models, write_rows
from pyarrow import parquet

from compatkit import cli
from compatkit.cli import main
from compatkit.metrics.cause_metrics import CAUSE_METRICS
from compatkit.metrics.definitions import METRICS, names_always
from compatkit.reports import SUFFIXES

Score = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with the files of `prediction_files.ANSWERS`, the current one."""
    write_models(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def score(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Score:
    """Run the whole command line in this process: code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["compatkit", "score", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        output, error = capsys.readouterr()
        return int(stopped.value.code or 0), output, error

    return call


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_report_and_nothing_else_is_printed(score: Score) -> None:
    code, output, error = score("old.jsonl", "new.jsonl")
    assert (code, error) == (0, "")
    assert output.startswith("old.jsonl -> new.jsonl\n2 of 5 right answers broke (40.0%), 2 ")
    assert "\n8 examples, exact_match\n" in output
    assert "\x1b" not in output
    assert "2 negative flips" in output
    assert output.endswith("\n")


def test_a_field_that_is_guessed_is_said_in_the_report_and_stderr_stays_empty(
    score: Score, folder: Path
) -> None:
    for side in ("old", "new"):
        rows = [{**row, "output": row["prediction"]} for row in rows_of_model(side)]
        for row in rows:
            del row["prediction"]
        write_rows(folder / f"{side}.jsonl", rows)
    code, output, error = score("old.jsonl", "new.jsonl")
    assert (code, error) == (0, "")
    assert "note: old.jsonl: prediction is read from the field 'output'" in output


def test_identical_files_are_called_so(score: Score) -> None:
    for flag in ([], ["--markdown"]):
        code, output, _ = score("old.jsonl", "old.jsonl", *flag)
        assert code == 0
        assert "identical" in output
    assert json.loads(score("old.jsonl", "old.jsonl", "--json")[1])["results"][0]["identical"]
    assert "identical" not in score("old.jsonl", "new.jsonl")[1]


def test_several_candidates(score: Score) -> None:
    code, output, _ = score("old.jsonl", "new.jsonl", "candidate.jsonl", "rerun.jsonl")
    assert code == 0
    for name in ("old: old", "new: new", "candidate: candidate", "candidate: rerun"):
        assert f"{name}.jsonl" in output
    results = json.loads(
        score("old.jsonl", "new.jsonl", "candidate.jsonl", "rerun.jsonl", "--json")[1]
    )["results"]
    assert [each["new"] for each in results] == ["new.jsonl", "candidate.jsonl", "rerun.jsonl"]
    assert [each["baseline"] for each in results] == [None, "new.jsonl", "new.jsonl"]


def test_folders_are_tasks(score: Score, folder: Path) -> None:
    for side in ("old", "new"):
        (folder / side).mkdir()
        for task in ("geo", "maths"):
            write_rows(folder / side / f"{task}.jsonl", rows_of_model(side))
    code, output, _ = score("old", "new")
    assert code == 0
    assert "2 tasks" in output
    names = [line.split()[0] for line in output.split("\n") if line.strip()]
    assert [name for name in names if name in {"geo", "maths", "total"}] == [
        "geo",
        "maths",
        "total",
    ]
    code, _, error = score("old", "new.jsonl")
    assert code == 2
    assert "not a folder" in error
    before = files_of(folder / "new")
    code, _, error = score("old", "new", "-o", "new/geo.json", "--flips", "new/geo.jsonl")
    assert code == 2
    assert "new/geo.jsonl: is read" in error
    assert files_of(folder / "new") == before


def test_standard_input_is_a_file() -> None:
    for files, stdin in ((["-", "new.jsonl"], "old"), (["old.jsonl", "-"], "new")):
        done = subprocess.run(
            [sys.executable, "-m", "compatkit", "score", *files],
            input=Path(f"{stdin}.jsonl").read_text(encoding="ascii"),
            capture_output=True,
            text=True,
            check=True,
        )
        assert "<stdin>" in done.stdout.split("\n")[0]
        assert "2 negative flips" in done.stdout


def test_an_ascii_terminal_is_enough(folder: Path) -> None:
    rows = [{**row, "id": f"é{row['id']}"} for row in rows_of_model("new")]
    write_rows(folder / "é.jsonl", rows)
    write_rows(folder / "o.jsonl", [{**row, "prediction": "→ ü"} for row in rows])
    command = [sys.executable, "-m", "compatkit", "score", "é.jsonl", "o.jsonl"]
    for flags in (["--json"], ["--markdown", "--show-flips=2"], ["--explain", "--show-flips=2"]):
        done = subprocess.run(
            [*command, *flags],
            env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
            capture_output=True,
            check=True,
        )
        text = done.stdout.decode("ascii")
        assert done.stderr == b""
        assert r"\u2500" not in text
        assert r"\xe9" in text or r"\u00e9" in text or r"\udcc3" in text


def test_explain_names_every_metric_that_is_shown(score: Score) -> None:
    for extra in ([], ["-s", "token_f1"], ["--old-rerun", "rerun.jsonl"]):
        _, plain, _ = score("old.jsonl", "new.jsonl", *extra, "-v")
        _, output, _ = score("old.jsonl", "new.jsonl", *extra, "--explain")
        labels = [each.label for each in METRICS.values() if f"\n{each.label}  " in plain]
        assert len(labels) >= 11
        for label in labels:
            assert f"\n{label}  = " in output


def test_show_flips(score: Score) -> None:
    _, output, _ = score("old.jsonl", "new.jsonl", "--show-flips", "1")
    assert "1 of 2 negative flips" in output
    assert "\nid q2\n" in output
    assert "\n  old       Rome\n  new       Milan\n" in output
    code, output, error = score("old.jsonl", "new.jsonl", "--show-flips", "-1")
    assert (code, output) == (2, "")
    assert "x>=0" in error


def test_the_sweep_is_shown(score: Score) -> None:
    _, output, _ = score("old.jsonl", "new.jsonl", "-s", "token_f1", "--sweep")
    assert "flips by threshold" in output
    sweep = json.loads(score("old.jsonl", "new.jsonl", "--sweep", "--json")[1])["results"][0]
    assert sweep["sweep"]["negative_flips"] == [0, 2]


def test_the_suffix_names_the_format(score: Score, folder: Path) -> None:
    outputs = [part for suffix in SUFFIXES for part in ("-o", f"r{suffix}")]
    code, printed, error = score("old.jsonl", "new.jsonl", *outputs, "--show-flips", "3")
    assert (code, error) == (0, "")
    assert (folder / "r.txt").read_text(encoding="utf-8") == printed
    report = json.loads((folder / "r.json").read_text(encoding="ascii"))
    assert report["results"][0]["counts"]["negative_flips"] == 2
    assert len(report["results"][0]["flips"]) == 4
    assert (folder / "r.md").read_text(encoding="utf-8").startswith("## old.jsonl -&#62; new.jsonl")
    assert (folder / "r.html").read_bytes().startswith(b"<!DOCTYPE html>")
    rows = list(csv.DictReader(io.StringIO((folder / "r.csv").read_text(encoding="utf-8"))))
    assert [row["metric"] for row in rows] == [*names_always(), *CAUSE_METRICS]
    assert score("old.jsonl", "new.jsonl", "-o", "UPPER.JSON")[0] == 0
    assert json.loads((folder / "UPPER.JSON").read_bytes())["format"] == 1
    assert {path.name for path in folder.glob(".*")} == set()


def test_a_file_has_no_colour_and_no_terminal_s_width(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compatkit.commands.score.is_colored", lambda: True)
    monkeypatch.setattr("compatkit.commands.score.find_width", lambda: 60)
    result: Result = CliRunner().invoke(
        cli.command_line, ["score", "old.jsonl", "new.jsonl", "-o", "r.txt"]
    )
    assert "\x1b[" in result.output
    text = (folder / "r.txt").read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert max(map(len, text.split("signature")[0].split("\n"))) > 60


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_flips_are_written(suffix: str, score: Score, folder: Path) -> None:
    path = folder / f"flips{suffix}"
    assert score("old.jsonl", "new.jsonl", "--flips", path)[0] == 0
    if suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
        assert rows[0]["old_record"] == rows_of_model("old")[1]
    elif suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    else:
        rows = parquet.read_table(path).to_pylist()
    assert [row["id"] for row in rows] == ["q2", "q7", "q4", "q5"]
    assert [row["kind"] for row in rows] == ["negative"] * 2 + ["positive"] * 2
    assert score("old.jsonl", "old.jsonl", "--flips", path)[0] == 0
    if suffix == ".parquet":
        assert parquet.read_table(path).column_names[:4] == ["task", "old", "new", "id"]
    else:
        assert path.read_text(encoding="utf-8").count("\n") == (suffix == ".csv")


def test_flips_are_written_to_every_file_that_is_named(score: Score, folder: Path) -> None:
    assert score("old.jsonl", "new.jsonl", "--flips", "a.csv", "--flips", "b.jsonl")[0] == 0
    ids = [row["id"] for row in csv.DictReader(io.StringIO((folder / "a.csv").read_text("utf-8")))]
    rows = (folder / "b.jsonl").read_text("utf-8").splitlines()
    assert ids == [json.loads(row)["id"] for row in rows] == ["q2", "q7", "q4", "q5"]


def test_memory_that_does_not_suffice_is_one_message(
    score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("compatkit.commands.score.compare_paths", full)
    code, output, error = score("old.jsonl", "new.jsonl")
    assert (code, output) == (2, "")
    assert error.startswith("compatkit: out of memory: ")
    assert error.count("\n") == 1


REFUSED: dict[str, tuple[list[str], str]] = {
    "no file": (["old.jsonl", "absent.jsonl"], "absent.jsonl: no such file."),
    "no new": (["old.jsonl"], "OLD without NEW: two files were expected"),
    "unknown option": (["old.jsonl", "new.jsonl", "--nope"], "no option '--nope'"),
    "unknown scorer": (["old.jsonl", "new.jsonl", "-s", "nope"], "no scorer 'nope'"),
    "no number": (["old.jsonl", "new.jsonl", "-s", "numeric"], "numeric can score 2 of 8 rows"),
    "no pattern": (["old.jsonl", "new.jsonl", "-s", "regex"], "needs --pattern"),
    "not its option": (["old.jsonl", "new.jsonl", "--stemmer"], "has no option 'stemmer'"),
    "no slice": (["old.jsonl", "new.jsonl", "--by", "nope"], "no field 'nope'"),
    "level": (["old.jsonl", "new.jsonl", "--level", "95"], "level is 95.0"),
    "resamples": (["old.jsonl", "new.jsonl", "--resamples", "1"], "100 or more"),
    "seed": (["old.jsonl", "new.jsonl", "--seed", "-1"], "--seed"),
    "threshold": (["old.jsonl", "new.jsonl", "-t", "nan"], "threshold is nan"),
    "level of almost 1": (["old.jsonl", "new.jsonl", "--level", "0.99999"], "at most 0.9999 was"),
    "too many resamples": (
        ["old.jsonl", "new.jsonl", "--resamples", "1000001"],
        "--resamples is 1000001; 100 or more, and 1,000,000 at most was expected.",
    ),
    "word order": (
        ["old.jsonl", "new.jsonl", "-s", "chrf", "--word-order", "11"],
        "--word-order is 11; 0 or more, and 10 at most was",
    ),
    "two formats": (["absent", "absent", "--json", "--markdown"], "--json and --markdown: one"),
    "empty old": (["", "new.jsonl"], "'OLD': the path is empty"),
    "empty new": (["old.jsonl", ""], "NEW]': the path is empty"),
    "empty candidate": (["old.jsonl", "new.jsonl", ""], "'[CANDIDATES]...': the path is empty"),
    "empty rerun": (["absent", "absent", "--old-rerun", ""], "'--old-rerun': the path is empty"),
    "empty output": (["absent", "absent", "-o", ""], "'--output' / '-o': the path is empty"),
    "empty flips": (["absent", "absent", "--flips", ""], "'--flips': the path is empty"),
    "flips twice": (["absent", "absent", "--flips", "f.csv", "--flips", "./f.csv"], "two outputs"),
    "twice stdin": (["-", "-"], "read once"),
    "not JSON": (["bad.jsonl", "new.jsonl"], "bad.jsonl:1: not JSON"),
    "empty": (["empty.jsonl", "new.jsonl"], "holds no rows"),
    "binary": (["binary.bin", "new.jsonl"], "binary.bin: its kind is unknown"),
    "fewer ids": (["old.jsonl", "short.jsonl"], "short.jsonl lacks 3 of 8 ids"),
    "another reference": (["old.jsonl", "edited.jsonl"], "edited.jsonl:1: the reference of 'q1'"),
    "hostile name": (["\x1b[31m\n::error::x", "new.jsonl"], r"\x1b[31m\n\x3a:error"),
    "long name": (["x" * 300, "new.jsonl"], "File name too long"),
    "output": (["absent", "absent", "-o", "r.gif"], "-o r.gif: the suffix names the format"),
    "output without suffix": (["absent", "absent", "-o", "r"], "the suffix names the format"),
    "flips": (["absent", "absent", "--flips", "r.txt"], "--flips writes .jsonl, .csv, .parquet"),
    "no folder": (["absent", "absent", "-o", "no/r.md"], "its folder does not exist"),
    "a folder": (["absent", "absent", "-o", "folder.md"], "it is a folder"),
    "twice": (["absent", "absent", "-o", "r.csv", "--flips", "./r.csv"], "two outputs"),
    "its input": (["old.jsonl", "in.json", "-o", "./in.json"], "would be written over"),
    "its rerun": (["old.jsonl", "new.jsonl", "--old-rerun", "in.json", "-o", "in.json"], "is read"),
    "through a link": (["old.jsonl", "in.json", "-o", "link.json"], "would be written over"),
    "rerun of folders": (["tasks", "tasks", "--old-rerun", "old.jsonl"], "takes one task"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused(case: str, score: Score, folder: Path) -> None:
    (folder / "bad.jsonl").write_text("nothing\n", encoding="ascii")
    (folder / "empty.jsonl").touch()
    (folder / "binary.bin").write_bytes(bytes(range(255, 0, -1)))
    (folder / "folder.md").mkdir()
    (folder / "tasks").mkdir()
    write_rows(folder / "tasks/one.jsonl", rows_of_model("old"))
    write_rows(folder / "short.jsonl", rows_of_model("new")[:5])
    write_rows(folder / "edited.jsonl", [{**row, "reference": "?"} for row in rows_of_model("new")])
    (folder / "in.json").write_text(json.dumps(rows_of_model("new")), encoding="ascii")
    (folder / "link.json").symlink_to("in.json")
    (folder / "r.md").write_text("kept", encoding="ascii")
    before = files_of(folder)
    arguments, message = REFUSED[case]
    further = [] if "-o" in arguments else ["-o", "r.md", "-o", "fresh.json"]
    code, output, error = score(*arguments, *further)
    assert (code, output) == (2, "")
    assert message in error
    assert "Traceback" not in error
    assert all(each.isprintable() or each == "\n" for each in error)
    assert files_of(folder) == before


def test_an_unwritable_output_leaves_nothing(score: Score, folder: Path) -> None:
    (folder / "kept.md").write_text("kept", encoding="ascii")
    before = files_of(folder)
    score("old.jsonl", "new.jsonl", "-o", "kept.md", "-o", "fresh.csv", "-o", "no/x.md")
    assert files_of(folder) == before


def test_bad_data_in_a_subprocess(folder: Path) -> None:
    write_rows(folder / "short.jsonl", rows_of_model("new")[:5])
    done = subprocess.run(
        [sys.executable, "-m", "compatkit", "score", "old.jsonl", "short.jsonl", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("compatkit: short.jsonl lacks 3 of 8 ids: 'q6', 'q7', 'q8'.")
    assert done.stderr.count("\n") == 1


def test_show_field(score: Score) -> None:
    """A field of the records stands with each flip that is shown, in every readable report."""
    shown = ("--show-flips", "1", "--show-field", "lang", "--show-field", "prediction")
    _, output, _ = score("old.jsonl", "new.jsonl", *shown)
    assert "  lang " in output
    assert "  old prediction" in output
    _, output, _ = score("old.jsonl", "new.jsonl", *shown, "--markdown")
    assert "field lang" in output
    code, _, error = score("old.jsonl", "new.jsonl", "--show-field", "lang")
    assert (code, "--show-flips N" in error) == (2, True)
    page = ("--show-field", "lang", "-o", "report.html")
    assert score("old.jsonl", "new.jsonl", *page)[0] == 0
    assert "<b>lang</b>" in Path("report.html").read_text(encoding="utf-8")


def test_show_changed(score: Score) -> None:
    """What changed and is still wrong stands in the page when it is asked for, and nowhere else."""
    code, _, error = score("old.jsonl", "new.jsonl", "--show-changed")
    assert (code, "-o FILE.html" in error) == (2, True)
    for model in ("x", "y"):
        write_rows(Path(f"{model}.jsonl"), [{"id": 1, "prediction": model, "reference": "a"}])
    shown = []
    for number, options in enumerate(([], ["--show-changed"])):
        name = f"{number}.html"
        assert score("x.jsonl", "y.jsonl", *options, "-o", name)[0] == 0
        shown.append('<option value="changed">' in Path(name).read_text(encoding="utf-8"))
    assert shown == [False, True]
