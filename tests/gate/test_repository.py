"""A git repository whose CI runs the gate: one commit passes, the next is stopped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import junitparser
import pytest
from gate_files import POLICY, rows, write_pair, write_policy
from gate_workflows import jobs_of
from prediction_files import write_rows

BROKEN = range(0, 60, 3)
GUARDED = POLICY + '[tasks.math.must_not_flip]\nids = ["q0", "q1"]\n'


class Repository:
    """A repository in a folder, and the CI that docs/gate.md gives for GitLab."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
        }
        paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = {
            **names,
            "PATH": os.pathsep.join(paths),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }
        self.git("init", "--quiet", "--initial-branch", "main")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def git(self, *words: str) -> str:
        done = self.run("git", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def run_ci(self, commit: str) -> subprocess.CompletedProcess[str]:
        """Run the job on a commit, as a runner does: a clean checkout, then each line in turn."""
        self.git("checkout", "--quiet", "--force", commit)
        self.git("clean", "--quiet", "--force", "-d")
        (job,) = jobs_of("gitlab")
        # The package is installed already.
        script = "\n".join(line for line in job["script"] if not line.startswith("pip install"))
        return self.run("bash", "-eo", "pipefail", "-c", script)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path)
    write_policy(tmp_path, GUARDED)
    write_pair(tmp_path)
    (tmp_path / ".gitignore").write_text("gate*\n")
    found.commit("A policy and a baseline")
    return found


def test_ci_passes_one_commit_and_stops_the_next(repository: Repository) -> None:
    folder = repository.folder
    write_rows(folder / "new.jsonl", rows(broken=[5], repaired=[9]))
    good = repository.commit("A good update")
    write_rows(folder / "new.jsonl", rows(broken=BROKEN, repaired=range(9, 200, 10)))
    bad = repository.commit("An update that repairs as many answers as it breaks")

    passed = repository.run_ci(good)
    assert passed.returncode == 0, passed.stderr
    assert passed.stdout.startswith("PASS")
    report = junitparser.JUnitXml.fromfile(str(folder / "gate.xml"))
    assert (report.tests, report.failures, report.errors) == (3, 0, 0)
    assert json.loads((folder / "gate-quality.json").read_text()) == []

    stopped = repository.run_ci(bad)
    assert stopped.returncode == 1
    assert stopped.stdout.startswith("FAIL")
    report = junitparser.JUnitXml.fromfile(str(folder / "gate.xml"))
    assert (report.tests, report.failures, report.errors) == (3, 2, 0)
    failed = [case.name for suite in report for case in suite if case.result]
    assert any("q0" in name for name in failed)
    assert json.loads((folder / "gate.json").read_text())["outcome"] == "fail"


def test_ci_stops_a_commit_whose_file_is_cut(repository: Repository) -> None:
    whole = (repository.folder / "new.jsonl").read_bytes()
    (repository.folder / "new.jsonl").write_bytes(whole[: len(whole) // 2])
    done = repository.run_ci(repository.commit("Half a file"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert not (repository.folder / "gate.xml").exists()


def test_ci_stops_a_commit_without_its_predictions(repository: Repository) -> None:
    (repository.folder / "new.jsonl").unlink()
    done = repository.run_ci(repository.commit("No file"))
    assert done.returncode == 2
    assert "new.jsonl, which does not exist" in done.stderr


def test_a_passed_update_becomes_the_baseline(repository: Repository) -> None:
    folder = repository.folder
    update = ("compatkit", "gate", "--update-baseline")
    write_rows(folder / "new.jsonl", rows(broken=BROKEN))
    repository.commit("A bad update")
    assert repository.run(*update).returncode == 1
    assert repository.git("status", "--porcelain") == ""

    write_rows(folder / "new.jsonl", rows(broken=[5]))
    repository.commit("A good update")
    done = repository.run(*update)
    assert done.returncode == 0, done.stderr
    assert repository.git("status", "--porcelain").split() == ["M", "old.jsonl"]
    blessed = repository.commit("New baseline")
    assert repository.git("diff", "--stat", blessed, "--", "old.jsonl") == ""
    assert (folder / "old.jsonl").read_bytes() == (folder / "new.jsonl").read_bytes()

    # The next update is held against it: what broke before is not counted again.
    write_rows(folder / "new.jsonl", rows(broken=[5, 6]))
    done = repository.run_ci(repository.commit("The next update"))
    assert done.returncode == 0
    report = json.loads((folder / "gate.json").read_text())
    assert report["decisions"][0]["numerator"] == 1


def test_a_baseline_that_is_the_candidate_is_a_warning_and_strict_refuses_it(
    repository: Repository,
) -> None:
    done = repository.run_ci(repository.git("rev-parse", "HEAD"))
    assert done.returncode == 0
    assert "the baseline itself" in " ".join(done.stdout.split())
    assert repository.run("compatkit", "gate", "--strict").returncode == 2
