"""Each file is opened as often as its bytes are needed, in every command and for every kind.

Once for the first bytes, once for its hash, once for its rows, and once more where flipped
examples are read whole or a first policy looks for fields to slice by. What a harness keeps in
one document is read once more, to find its tasks.
"""

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from gate_files import write_policy
from harness_runs import RUNS
from prediction_files import rows_of_model, write_rows

from compatkit import compare
from compatkit.cli import main
from compatkit.gate import check
from compatkit.pytest_items import measure

WATCHED: list[str] = []
WATCHING: list[bool] = []
STAMPS = count(1)
ANY = ("--errors", "exclude", "--edited", "keep")
LOOSE = ("--max-nfr", "0.9", "--max-left-out", "0.9")


def _watch(event: str, given: tuple[Any, ...]) -> None:
    if event == "open" and WATCHING and isinstance(given[0], str | os.PathLike):
        WATCHED.append(os.path.realpath(given[0]))


sys.addaudithook(_watch)  # for the life of the process; it notes nothing outside `opens`

Opens = Callable[..., set[int]]
Pair = tuple[Path, Path]


def count_opens(folder: Path, what: Callable[[], object]) -> Counter[Path]:
    """Call something, and count how often it opens each file of a folder."""
    for path in folder.rglob("*"):
        stamp = next(STAMPS)
        os.utime(path, (stamp, stamp))  # to this process they are files it never saw
    WATCHED.clear()
    WATCHING.append(True)
    try:
        what()
    finally:
        WATCHING.clear()
    root = folder.resolve()
    return Counter(path for path in map(Path, WATCHED) if path.is_relative_to(root))


def run(*arguments: object) -> None:
    """Run the command line in this process."""
    before, sys.argv = sys.argv, ["compatkit", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as stopped:
            main()
    finally:
        sys.argv = before
    assert stopped.value.code in {0, 1, 3, None}


@pytest.fixture
def opens(pair: Pair, tmp_path: Path) -> Opens:
    """Run a command, or call something, and return how often a file of the pair was opened."""

    def call(*arguments: object, call: Callable[[], object] | None = None) -> set[int]:
        counts = count_opens(tmp_path, call or (lambda: run(*arguments)))
        return {counts[file.resolve()] for file in pair} - {0}

    return call


def write_plain(folder: Path, kind: str) -> Pair:
    files = []
    for side in ("old", "new"):
        path = folder / side / f"questions.{kind}"
        path.parent.mkdir()
        rows = rows_of_model(side)
        if kind == "json":
            path.write_text(json.dumps(rows), encoding="utf-8")
        else:
            write_rows(path, rows)
        files.append(path)
    return files[0], files[1]


@pytest.fixture(params=["jsonl", "json", "lm-eval"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    """Give the files of two models, plain ones and logs."""
    if request.param == "lm-eval":
        shutil.copytree(RUNS / "lm_eval", tmp_path / "runs")
        old, new = ((tmp_path / "runs" / side).rglob("*tiny_text*.jsonl") for side in ("v1", "v2"))
        return next(old), next(new)
    return write_plain(tmp_path, request.param)


def test_score(opens: Opens, pair: Pair) -> None:
    assert opens("score", *pair) == {3}
    assert opens("score", *pair, "--show-flips", "3") == {4}


def test_gate_and_its_first_policy(opens: Opens, pair: Pair, tmp_path: Path) -> None:
    assert opens("gate", *pair, "--max-nfr", "0.9") == {4}
    if pair[0].parent.name == "old":  # a log of four rows shows no limit that could be broken
        policy = tmp_path / "compatkit.toml"
        assert opens("gate", "--init", *pair, "--policy", policy) == {4}
    else:
        text = f"[tasks.t]\nold = {str(pair[0])!r}\nnew = {str(pair[1])!r}\n"
        policy = write_policy(tmp_path, f"{text}budgets = {{ max_nfr = 0.9 }}\n")
    assert opens("gate", "--policy", policy) == {4}
    assert opens(call=lambda: measure(policy)) == {3}


def test_a_policy_of_patterns(opens: Opens, pair: Pair, tmp_path: Path) -> None:
    old, new = (f"{path.parent}/{path.stem[:-1]}*{path.suffix}" for path in pair)
    if pair[0].name != pair[1].name:  # what the wildcard stands for makes no pair
        old = str(pair[0])
    text = f"[tasks.t]\nold = {old!r}\nnew = {new!r}\nbudgets = {{ max_nfr = 0.9 }}\n"
    assert opens("gate", "--policy", write_policy(tmp_path, text)) == {4}


def test_python_and_convert(opens: Opens, pair: Pair, tmp_path: Path) -> None:
    assert opens(call=lambda: compare(*map(str, pair), keep_flips=False)) == {3}
    assert opens(call=lambda: check(*map(str, pair), max_nfr=0.9)) == {3}
    assert opens("convert", pair[0], "-o", tmp_path / "out.jsonl") == {3}


@pytest.mark.parametrize("harness", ["inspect", "promptfoo", "lm_eval"])
def test_a_run_of_several_tasks(harness: str, tmp_path: Path) -> None:
    """The gate opens no file of a run more often than `score` does where it shows flips."""
    shutil.copytree(RUNS / harness, tmp_path / "runs")
    runs = [tmp_path / "runs" / side for side in ("v1", "v2")]
    shown = count_opens(tmp_path, lambda: run("score", *runs, *ANY, "--show-flips", "9"))
    gated = count_opens(tmp_path, lambda: run("gate", *runs, *ANY, *LOOSE))
    assert gated == shown != Counter()
    assert max(gated.values()) <= 6  # promptfoo keeps two tasks in one document
