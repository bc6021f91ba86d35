"""Whole processes for speed.py: start-up, a million rows, and reading alone."""

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pandas as pd
from speed_table import Goal, Line, Section
from speed_texts import write_rows

import compatkit
from compatkit.predictions.fields import find_fields
from compatkit.predictions.predictions import to_predictions
from compatkit.readers.prediction_file import open_predictions

HERE = Path(__file__).parent
ENTRY = """#!{python}
import sys
from compatkit.cli import main
sys.exit(main())
"""
FLIPS = re.compile(r"([\d,]+) negative flip")
MOST = True
MOST_LONG = 3  # repetitions of what takes so long that no warm run is needed


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment: its interpreter, and the command that an installation puts there."""

    python: str
    compatkit: str

    def score(self, old: Path, new: Path) -> dict[str, list[str]]:
        """Make the two commands that count the same flips."""
        return {
            "ours": [self.compatkit, "score", str(old), str(new), "--normalize", "squad"],
            "script": [self.python, str(HERE / "speed_pandas_script.py"), str(old), str(new)],
        }


def make_environment(folder: Path) -> Environment:
    """Make a virtual environment as an installation leaves it, with the packages of this one.

    A development install and its tools hook into every start of their interpreter, which more
    than doubles `python -c pass`, and its source may not be compiled.
    """
    home = folder / "environment"
    venv.create(home, symlinks=True)
    python, entry = home / "bin" / "python", home / "bin" / "compatkit"
    (site,) = home.glob("lib/python*/site-packages")
    source = Path(compatkit.__file__).parent
    shutil.copytree(source, site / "compatkit", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(site / "compatkit", quiet=1)
    paths = [path for path in dict.fromkeys(sys.path) if Path(path).name == "site-packages"]
    (site / "packages.pth").write_text("\n".join(paths) + "\n", encoding="utf-8")
    entry.write_text(ENTRY.format(python=python), encoding="utf-8")
    entry.chmod(0o755)
    return Environment(str(python), str(entry))


@dataclass(frozen=True, slots=True)
class Run:
    """What a process printed and used: seconds of wall and CPU time, megabytes at its peak."""

    output: str
    wall: float
    cpu: float
    peak: float


def run(*command: str, memory: str = "alone") -> Run:
    """Run a command as a process of its own.

    Args:
        command: what to run.
        memory: whose peak is taken: of its largest process `alone`, or of all, as a `tree`.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(HERE / "speed_child.py"), memory, *command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    output, _, usage = done.stdout.rstrip().rpartition("\n")
    return Run(output, **json.loads(usage))


def by_turns(
    commands: Mapping[str, Sequence[str]], repetitions: int, *, memory: str = "alone"
) -> dict[str, list[Run]]:
    """Run every command once to warm the disk's cache, then all by turns."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for command in commands.values():
        if repetitions > MOST_LONG:
            run(*command)
    for _ in range(repetitions):
        for name, command in commands.items():
            runs[name].append(run(*command, memory=memory))
    return runs


def check_same_flips(*runs: Run) -> None:
    """Refuse to compare processes that do not count the same negative flips."""
    found = {match[1].replace(",", "") for each in runs for match in FLIPS.finditer(each.output)}
    if len(found) != 1:
        raise RuntimeError(f"the sides count different negative flips: {sorted(found)}")


def measure_startup(*, quick: bool) -> list[Section]:
    with tempfile.TemporaryDirectory() as folder:
        environment = make_environment(Path(folder))
        files = write_rows(Path(folder), 1000)
        commands = {
            "floor": [environment.python, "-c", "pass"],
            "import": [environment.python, "-c", "import compatkit"],
            "numpy": [environment.python, "-c", "import numpy"],
            "version": [environment.compatkit, "--version"],
            "help": [environment.compatkit, "--help"],
            **environment.score(*files),
        }
        runs = by_turns(commands, 5 if quick else 15)
    check_same_flips(*runs["ours"], *runs["script"])
    walls = {name: [each.wall for each in part] for name, part in runs.items()}

    def line(what: str, name: str, most: float | None = None) -> Line:
        return Line(what, walls[name], walls["floor"], Goal(most, MOST) if most else None)

    floors = [
        line("`import compatkit`", "import"),
        line("`compatkit --version`", "version", 6),
        line("`compatkit --help`", "help", 6),
        line("`compatkit score`, 1,000 rows", "ours", 15),
        line("`python -c 'import numpy'`", "numpy"),
        line("the pandas script, 1,000 rows", "script"),
    ]
    peers = [Line("`compatkit score`, 1,000 rows", walls["script"], walls["ours"], Goal(8))]
    about = (
        "Wall time of whole processes, installed in a virtual environment of their own. `score` "
        "compares normalised texts exactly and prints its table; the script is "
        "[speed_pandas_script.py](../speed_pandas_script.py), and both must "
        "count the same negative flips."
    )
    return [
        Section("Start-up", "`python -c pass` = 1", about, floors),
        Section("Start-up beside the script", "times faster", "The same runs.", peers),
    ]


def measure_million(*, quick: bool) -> list[Section]:
    count = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        score = make_environment(Path(folder)).score
        files = write_rows(Path(folder), count)
        size = sum(path.stat().st_size for path in files) / 2e6
        runs = by_turns(score(*files), 3)
        long = write_rows(Path(folder), count, times=4)
        long_size = sum(path.stat().st_size for path in long) / 2e6
        commands = {**score(*files), "long": score(*long)["ours"]}
        trees = by_turns(commands, 3, memory="tree")
    ours, script = runs["ours"], runs["script"]
    check_same_flips(*ours, *script)
    peaks = {name: [each.peak for each in part] for name, part in trees.items()}
    shown = f"{median(peaks['long']):.0f} / {median(peaks['ours']):.0f} MB"
    lines = [
        _beside("wall time", [each.wall for each in script], [each.wall for each in ours], Goal(4)),
        _beside("CPU time", [each.cpu for each in script], [each.cpu for each in ours], Goal(4)),
        _beside("peak of memory", peaks["script"], peaks["ours"], None),
    ]
    memory = Line(
        "`compatkit score`, texts four times as long",
        peaks["long"],
        peaks["ours"],
        Goal(1.1, MOST),
        f"{shown}; files of {long_size:.0f} / {size:.0f} MB",
    )
    about = (
        f"`compatkit score --normalize squad` on two files of {count:,} rows and {size:.0f} MB "
        "each, whole processes, beside the script of the start-up section; both must count the "
        "same negative flips. Memory is that of all processes of a command together, sampled in "
        "runs of their own."
    )
    return [
        Section(f"{count:,} rows", "script / compatkit", about, lines),
        Section("Memory and the length of texts", "long / usual", "The same rows.", [memory]),
    ]


def _beside(what: str, script: list[float], ours: list[float], goal: Goal | None) -> Line:
    unit = "MB" if "memory" in what else "s"
    shown = f"{median(script):,.4g} / {median(ours):,.4g} {unit}"
    return Line(what, script, ours, goal, shown)


def read_ours(path: Path) -> int:
    """Read with compatkit into whole columns."""
    columns: tuple[list[object], list[object], list[object], list[object]] = [], [], [], []
    file = open_predictions(path)
    fields = None
    for batch in file.batches():
        fields = fields or find_fields(batch.rows, file.name)
        rows = to_predictions(batch, fields, start=len(columns[0]))
        columns[0].extend(rows.id)
        columns[1].extend(rows.input)
        columns[2].extend(rows.prediction)
        columns[3].extend(rows.references)
    return len(columns[0])


def read_json_lines(path: Path) -> int:
    """Read with json.loads into whole columns."""
    columns: dict[str, list[object]] = {"id": [], "input": [], "prediction": [], "reference": []}
    with path.open(encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            for name, column in columns.items():
                column.append(record[name])
    return len(columns["id"])


def read_pandas(path: Path) -> int:
    """Read with pandas into a frame."""
    return len(pd.read_json(path, lines=True))


def measure_reading(*, quick: bool) -> list[Section]:
    count = 50_000 if quick else 200_000
    readers = (read_ours, read_json_lines, read_pandas)
    times: list[list[float]] = [[] for _ in readers]
    with tempfile.TemporaryDirectory() as folder:
        path, _ = write_rows(Path(folder), count)
        for _ in range(3 if quick else 7):
            for reader, seconds in zip(readers, times, strict=True):
                start = time.perf_counter()
                rows = reader(path)
                seconds.append(time.perf_counter() - start)
                assert rows == count
    ours, by_line, frame = times
    lines = [
        Line("`json.loads` a line", by_line, ours),
        Line("`pandas.read_json(lines=True)`", frame, ours),
    ]
    about = (
        f"One JSONL file of {count:,} rows into columns, in one process. compatkit's side takes "
        "the SHA-256 of the file, and looks for repeated keys and for objects that are not one a "
        "line."
    )
    return [Section("Reading alone", "peer / compatkit", about, lines)]
