"""What a developer meets first: a light environment, the hooks of a commit, the checks of CI."""

import os
import re
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
HEAVY = ("evaluate", "run", "muscle", "peers")
PLUGIN = """
from importlib.machinery import PathFinder

find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name in {absent} else find(name, *rest)
"""


def packages_of(*groups: str) -> set[str]:
    """Return what the groups of pyproject.toml install, by the names that Python imports."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [line for group in groups for line in table["optional-dependencies"][group]]
    return {re.split(r"[>\[]", line)[0].replace("-", "_") for line in named}


def run_tests_where_only_dev_is_installed(
    folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    absent = packages_of(*HEAVY) - packages_of("dev")
    assert {"torch", "transformers", "peft", "datasets", "evaluate", "lm_eval"} <= absent
    (folder / "light.py").write_text(PLUGIN.format(absent=absent))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "light", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done


def test_every_test_is_collected_or_skipped_where_only_dev_is_installed(tmp_path: Path) -> None:
    done = run_tests_where_only_dev_is_installed(tmp_path, "--collect-only")
    assert re.search(r"^SKIPPED \[\d+\] tests/muscle: torch, ", done.stdout, re.MULTILINE)
    assert "tests/test_workshop.py::" in done.stdout


def test_examples_of_the_documentation_run_or_are_skipped_there(tmp_path: Path) -> None:
    done = run_tests_where_only_dev_is_installed(tmp_path, "docs", "README.md")
    assert "docs/evaluate.md: evaluate, datasets, torch, transformers not installed" in done.stdout


def test_ci_runs_the_tests_once_and_holds_how_much_they_reach() -> None:
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    assert settings.getboolean("coverage:run", "branch")
    assert settings.getint("coverage:report", "fail_under") >= 95
    makefile = (ROOT / "Makefile").read_text("utf-8")
    steps = re.findall(r"^check: (.+)$", makefile, re.MULTILINE)[0].split()
    runs = {
        step: re.findall(rf"^{step}:\n(?:\t.*\n)*?\t.*-m pytest(.*)$", makefile, re.MULTILINE)
        for step in steps
    }
    assert [step for step in steps if runs[step]] == ["coverage"]
    assert "--cov --cov-report=term-missing" in runs["coverage"][0]
    assert "&& make check\n" in (ROOT / "README.md").read_text("utf-8")


def test_the_hooks_of_a_commit_are_checks_of_make() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    (local,) = hooks
    for hook in local["hooks"]:
        make, target = hook["entry"].split()
        assert make == "make"
        assert target in targets
