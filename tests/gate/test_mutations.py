"""Thousands of corrupted files and policies: the gate says 'pass' only where that is true.

The true answer of each is worked out by `gate_truth`, which shares nothing with the package.
"""

import contextlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import gate_mutations
import gate_policies
import pytest
from gate_mutations import FOLDER
from gate_truth import EXIT_CODES, PASS

from compatkit.cli import command_line
from compatkit.errors import CompatkitError

FAMILIES = gate_mutations.FAMILIES + gate_policies.FAMILIES
SEED = 20_260
FEWEST = 2000
EVERY = 60  # how often one of them is a process of its own
TALLY = Counter()


def call_in_process(arguments):
    """Return exit code, stdout and the message, as `compatkit.cli.main` makes them."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = command_line(["gate", *arguments], standalone_mode=False)
        except click.ClickException as error:
            return error.exit_code, out.getvalue(), error.format_message()
        except CompatkitError as error:
            return 2, out.getvalue(), str(error)
        except OSError as error:
            return 2, out.getvalue(), f"{error.filename}: {error.strerror}"
    return code, out.getvalue(), err.getvalue()


def call_process(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "compatkit", "gate", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    return done.returncode, done.stdout, done.stderr


def lay_out(folder, files):
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if data is FOLDER else path.write_bytes(data)


def numbers_of(text):
    """Return what was measured: all but the names and hashes of the files."""
    return [
        {key: value for key, value in each.items() if key != "task"}
        for each in json.loads(text)["decisions"]
    ]


@pytest.fixture(scope="module")
def unchanged_numbers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    old, new = (gate_mutations.pack(rows, "jsonl") for rows in gate_mutations.make_rows())
    lay_out(folder, {"old.jsonl": old, "new.jsonl": new})
    pair = [str(folder / name) for name in ("old.jsonl", "new.jsonl")]
    code, out, _ = call_in_process([*pair, *gate_mutations.ARGUMENTS, "--json"])
    assert code == 0
    return numbers_of(out)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_no_corrupted_variant_passes(family, tmp_path, monkeypatch, unchanged_numbers):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    wrong = []
    for number, variant in enumerate(family(random.Random(SEED))):
        lay_out(tmp_path, variant.files)
        apart = number % EVERY == EVERY - 1
        arguments = (*variant.arguments, *(["--json"] if variant.unchanged else []))
        code, out, message = (call_process if apart else call_in_process)(arguments)
        TALLY[family.__name__, code] += 1
        if variant.unchanged and code == 0 and numbers_of(out) != unchanged_numbers:
            wrong.append((variant, "other numbers", out))
        if code != EXIT_CODES[variant.truth] or "Traceback" in message:
            wrong.append((variant, code, message or out))
        elif code == 2 and not any(name in message for name in variant.named):
            wrong.append((variant, "names nothing", message))
    assert not wrong, f"{len(wrong)} wrong, the first {wrong[:3]}"


def test_a_thousandfold_tried(capsys):
    """Counts what the tests above have tried; prints it with `pytest -s`."""
    if {name for name, _ in TALLY} != {family.__name__ for family in FAMILIES}:
        pytest.skip("only some families were run")
    codes = sorted(set(EXIT_CODES.values()))
    lines = [
        f"{family.__name__:30}" + "".join(f"{TALLY[family.__name__, code]:8}" for code in codes)
        for family in FAMILIES
    ]
    head = f"{'variants by kind and exit code':30}" + "".join(f"{code:8}" for code in codes)
    tail = f"{sum(TALLY.values())} variants, none with a wrong answer\n"
    with capsys.disabled():
        sys.stdout.write("\n".join(["\n", head, *lines, tail]))
    assert sum(TALLY.values()) >= FEWEST
    assert sum(count for (_, code), count in TALLY.items() if code != EXIT_CODES[PASS]) >= FEWEST
