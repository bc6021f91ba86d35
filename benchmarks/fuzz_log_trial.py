"""One input of the fuzz of logs: read, compared with what the oracle read, and held by the gate."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fuzz_log_inputs import Mutant
from fuzz_log_oracle import ERROR, READINGS, RIGHT, UNSCORED, WRONG, Row, may_pass
from fuzz_log_runs import FIXTURES, Files, Fixture

from compatkit.comparison.options import make_options
from compatkit.errors import CompatkitError
from compatkit.gate import check
from compatkit.pairing.scoring import score_file
from compatkit.readers.prediction_file import open_run
from compatkit.scorers.make import make_scorer

DATASET = "dev.json"
SENTENCES = re.compile(r"[.;:?] ")


def try_input(mutant: Mutant) -> tuple[str, str]:
    """Return what became of an input, and what is wrong with that.

    Raises:
        Exception: whatever compatkit raises that is no error of its own.
    """
    fixture = FIXTURES[mutant.fixture]
    with tempfile.TemporaryDirectory() as folder:
        new = write_run(Path(folder) / "new", mutant.files)
        options = dict(fixture.options) | dataset_of(new)
        try:
            rows = read_rows(new, options)
        except CompatkitError as error:
            return "refused", doubt_message(str(error), folder)
        wrong = doubt_rows(rows, mutant.files, fixture) if rows else ""
        if wrong:
            return "passes", wrong
        old = write_run(Path(folder) / "old", fixture.files)
        try:
            how: Any = {"max_nfr": 0.0, "decide": "point", "max_left_out": 0.0} | options
            verdict = check(path_of(old, fixture.kind), path_of(new, fixture.kind), **how)
        except CompatkitError as error:
            return "refused", doubt_message(str(error), folder)
    if not verdict.passed:
        return "fails", ""
    shared = {name: mutant.files[name] for name in mutant.files if name == DATASET}
    sides = ({**fixture.files, **shared}, mutant.files)
    right = may_pass(*(READINGS[fixture.kind](files, **fixture.asked) for files in sides))
    return "passes", "" if right else "the gate passes, and the oracle does not"


def write_run(folder: Path, files: Files) -> Path:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def dataset_of(folder: Path) -> dict[str, Any]:
    return {"references": str(folder / DATASET)} if (folder / DATASET).is_file() else {}


def path_of(folder: Path, kind: str) -> Path:
    """Return what is named on the command line: a file of answers, else the run's folder."""
    return folder / "answers.json" if kind == "squad" else folder


def read_rows(folder: Path, options: Mapping[str, Any]) -> list[tuple[Any, Any, str]]:
    """Return task and id, sample, and outcome of each row, in the order of the file."""
    path = folder / "answers.json" if "references" in options else folder
    numbered = []
    for task, file in open_run(path, selection=make_options(**options).selection).items():
        if file.log is None:
            raise ValueError("a run without a log")
        scored = score_file(file, make_scorer(file.log.judge.name, **file.log.judge.options))
        right = scored.right(0.5)
        samples = scored.samples or [None] * len(scored.ids)
        for row, (name, sample) in enumerate(zip(scored.ids, samples, strict=True)):
            outcome = (
                *(ERROR if scored.errored[row] else "", UNSCORED if scored.unscored[row] else ""),
                RIGHT if right[row] else WRONG,
            )
            key = (task, name)
            numbered.append((int(scored.lines[row]), key, sample, next(filter(None, outcome))))
    return [row[1:] for row in sorted(numbered, key=lambda row: row[0])]


def doubt_rows(rows: Sequence[tuple[Any, Any, str]], files: Files, fixture: Fixture) -> str:
    """Say how the rows differ from those of the oracle; nothing where they do not."""
    try:
        expected: list[Row] = READINGS[fixture.kind](files, **fixture.asked)
    except Exception as error:  # noqa: BLE001 (whatever a plain script stumbles over)
        return f"read, and the oracle cannot: {type(error).__name__}: {error!s:.80}"
    outcomes = [row[2] for row in rows]
    wanted = [row.outcome for row in expected]
    if outcomes != wanted:
        return f"outcomes are {outcomes}, and {wanted} by the oracle"
    pairs = {(row[0], (other.task, other.key)) for row, other in zip(rows, expected, strict=True)}
    if not len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs}):
        return f"examples are told apart otherwise than by the oracle: {sorted(map(str, pairs))}"
    return ""


def doubt_message(message: str, folder: str) -> str:
    """Say what a refusal lacks: where, and what was found beside what to do."""
    if folder not in message and "new" not in message:
        return f"a refusal that names no place: {message}"
    if message.endswith(": no such file."):
        return ""
    if len(SENTENCES.split(message.replace(folder, ""))) < 3 or len(message) < 40:
        return f"a refusal of one part: {message.replace(folder, '')}"
    return ""
