"""What others take from the root: pre-commit's hook, GitLab's component, the Dockerfile."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from builds import ROOT

from compatkit.version import __version__

ROWS = [f'{{"id": {n}, "prediction": "4", "reference": "4"}}\n' for n in range(200)]
POLICY = '[tasks.t]\nold = "old.jsonl"\nnew = "new.jsonl"\n[tasks.t.budgets]\nmax_nfr = 0.05\n'
# Of 200 examples: within the budget at 95 %, beyond it, too few to tell.
BROKEN = {0: 2, 1: 40, 3: 8}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that a gate can be run in, with a `pip` that installs nothing."""
    (tmp_path / "old.jsonl").write_text("".join(ROWS))
    (tmp_path / "compatkit.toml").write_text(POLICY)
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, line in (
        ("pip", 'echo "$@" > pip.txt'),
        ("compatkit", f'exec "{sys.executable}" -m compatkit "$@"'),
    ):
        (commands / name).write_text(f"#!/bin/sh\n{line}\n")
        (commands / name).chmod(0o755)
    return tmp_path


def run(project: Path, script: str, broken: int) -> int:
    """Break so many answers, and run a script as a runner does: stopped by the first failure."""
    rows = [row.replace('"4", "r', '"5", "r') if n < broken else row for n, row in enumerate(ROWS)]
    (project / "new.jsonl").write_text("".join(rows))
    path = os.pathsep.join([str(project / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        cwd=project,
        env={**os.environ, "PATH": path},
        capture_output=True,
        check=False,
    )
    return done.returncode


def component(**inputs: str) -> dict[str, Any]:
    """Return the job of GitLab's component with its inputs filled in."""
    text = (ROOT / "templates" / "gate.yml").read_text(encoding="utf-8")
    head, _ = yaml.safe_load_all(text)
    declared = head["spec"]["inputs"]
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text)) == set(declared)
    values = {name: inputs.get(name, declared[name]["default"]) for name in declared}
    body = text.partition("\n---\n")[2]
    for name, value in values.items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        body = body.replace(f"$[[ inputs.{name} ]]", shown)
    job: dict[str, Any] = yaml.safe_load(body)["model-gate"]
    return job


@pytest.mark.parametrize("code", BROKEN)
def test_the_component_ends_as_the_gate_does(project: Path, code: int) -> None:
    job = component()
    assert run(project, "\n".join(job["script"]), BROKEN[code]) == code
    assert (project / "pip.txt").read_text() == f"install compatkit=={__version__}\n"
    kept = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert all((project / name).is_file() for name in kept)
    assert job["allow_failure"] == {"exit_codes": 3}


def test_an_inconclusive_gate_can_block(project: Path) -> None:
    job = component(inconclusive_blocks="true", extras="[math]")
    assert run(project, "\n".join(job["script"]), BROKEN[3]) == 1
    assert (project / "pip.txt").read_text() == f"install compatkit[math]=={__version__}\n"


@pytest.mark.parametrize("code", BROKEN)
def test_the_hook_ends_as_the_gate_does(project: Path, code: int) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["pass_filenames"] is False
    assert run(project, hook["entry"], BROKEN[code]) == code


@pytest.mark.parametrize(
    ("name", "concerns"),
    [
        ("compatkit.toml", True),
        ("models/qa/compatkit.toml", True),
        ("runs/new.jsonl", True),
        ("new.csv.gz", True),
        ("notes.md", False),
        ("compatkit.toml.orig", False),
    ],
)
def test_the_hook_looks_when_a_policy_or_predictions_change(name: str, *, concerns: bool) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert bool(re.search(hook["files"], name)) == concerns


def test_pre_commit_takes_the_hook() -> None:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed: the group dev has it")
    manifest = str(ROOT / ".pre-commit-hooks.yaml")
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-manifest", manifest], check=True)


def test_what_the_dockerfile_copies_is_enough_for_the_wheel(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", "77", reason="setuptools 77 is not installed")
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copies = [
        line.split()[1:] for line in lines if line.startswith("COPY") and "--from" not in line
    ]
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert all(f"!{source}" in allowed for *sources, _ in copies for source in sources)
    *of_build, (constraints, _) = copies
    assert (ROOT / constraints).is_file()
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    for source in (source for *sources, _ in of_build for source in sources):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / source, ignore=ignored)
        else:
            shutil.copy(ROOT / source, tmp_path)
    subprocess.run(
        [sys.executable, "-c", "import setuptools.build_meta as b; b.build_wheel('out')"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as built:
        names = set(built.namelist())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "compatkit").rglob("*.py")}
    assert modules <= names
