"""Annotations and findings point at the line of the row that broke."""

import json
from pathlib import Path

import pytest
from gate_files import write_pair

from compatkit.gate import check
from compatkit.gate.verdict import Verdict
from compatkit.reports.verdicts.github import render_github
from compatkit.reports.verdicts.gitlab import render_gitlab


@pytest.fixture
def verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    """Hold a pair of which the fifth and the eighth row broke; the eighth must not."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "runs").mkdir()
    old, new = write_pair(tmp_path / "runs", broken=[4, 7])
    return check(old, new, max_nfr=0.001, must_not_flip=["q7"])


def test_github_shows_the_line_of_a_must_not_flip_example(verdict: Verdict) -> None:
    lines = render_github(verdict).splitlines()
    place = "file=runs/new.jsonl,line=8"
    assert any(f"title=must not flip,{place}::the example q7 was" in line for line in lines)
    assert any("beyond the budget,file=runs/new.jsonl,line=1::" in line for line in lines)
    assert lines[0].startswith("::error title=compatkit gate::FAIL")


def test_gitlab_shows_it_too(verdict: Verdict) -> None:
    first, second = json.loads(render_gitlab(verdict))
    assert first["location"] == {"path": "runs/new.jsonl", "lines": {"begin": 8}}
    assert second["location"] == {"path": "runs/new.jsonl", "lines": {"begin": 1}}


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_a_path_is_relative_to_the_checkout(
    verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The gate may run in a folder of the checkout; a forge counts from its root."""
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path / "runs")
    first, *_ = json.loads(render_gitlab(verdict))
    assert first["location"]["path"] == "runs/new.jsonl"
