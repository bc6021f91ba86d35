"""What a release is made by: pinned actions, the least permissions, notes from the changelog."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github").rglob("*.yml"))
USES = re.compile(r"^\s*-?\s*uses:\s*(\S+)(.*)$", re.MULTILINE)
PIN = re.compile(r"[\w-]+/[\w/.-]+@[0-9a-f]{40}")


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit_and_names_its_version(path: Path) -> None:
    for action, comment in USES.findall(path.read_text(encoding="utf-8")):
        if not action.startswith("./"):
            assert PIN.fullmatch(action), action
            assert re.fullmatch(r" # v\d+(\.\d+)*", comment), action


def test_one_action_has_one_version() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    versions: dict[str, set[str]] = {}
    for action, _ in USES.findall(text):
        name, _, commit = action.partition("@")
        versions.setdefault(name, set()).add(commit)
    assert all(len(commits) == 1 for commits in versions.values()), versions


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/workflows").iterdir()), ids=lambda p: p.name
)
def test_a_workflow_may_read_and_a_job_says_what_more_it_may(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        steps = [step for step in job.get("steps", ()) if "checkout" in step.get("uses", "")]
        assert all(step["with"]["persist-credentials"] is False for step in steps)
        written = "write" in job.get("permissions", {}).values()
        assert not (written and steps), "what may write runs no code of the repository"


def release_notes(
    folder: Path, changelog: str, tag: str, owner: str = "somebody"
) -> subprocess.CompletedProcess[str]:
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/release-notes", folder / ".ci")
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    text = (ROOT / "compatkit/addresses.py").read_text()
    (folder / "compatkit").mkdir()
    (folder / "compatkit/addresses.py").write_text(
        re.sub('^OWNER = ".*"$', f'OWNER = "{owner}"', text, flags=re.MULTILINE)
    )
    return subprocess.run(
        ["bash", ".ci/release-notes", tag],  # noqa: S607
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_notes_are_the_section_of_the_release(tmp_path: Path) -> None:
    changelog = "# Changes\n\n## 1.2.0 (2026-12-01)\n\n- new\n\n## 1.1.0 (2026-11-01)\n\n- old\n"
    notes = release_notes(tmp_path, changelog, "v1.2.0")
    assert (notes.returncode, notes.stdout.strip()) == (0, "- new")


@pytest.mark.parametrize(
    ("changelog", "tag", "message"),
    [
        ("## 1.2.0 (unreleased)\n", "v1.2.0", "is it still unreleased?"),
        ("## 1.2.0 (2026-12-01)\n", "v1.3.0", "v1.2.0 was expected"),
        ("", "v1.2.0", "was expected"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(
    tmp_path: Path, changelog: str, tag: str, message: str
) -> None:
    notes = release_notes(tmp_path, changelog, tag)
    assert (notes.returncode, notes.stdout) == (1, "")
    assert message in notes.stderr


def test_a_release_without_its_owner_is_refused(tmp_path: Path) -> None:
    notes = release_notes(tmp_path, "## 1.2.0 (2026-12-01)\n", "v1.2.0", owner="OWNER")
    assert (notes.returncode, notes.stdout) == (1, "")
    assert "who publishes the repository was expected" in notes.stderr


def test_the_version_is_said_alike() -> None:
    said = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert said is not None
    assert load(ROOT / "CITATION.cff")["version"] == said.group(1)


def read_bounds(lines: list[str], sign: str) -> dict[str, str]:
    """Return the version of each package that a list of requirements bounds by a sign."""
    plain = [line.partition("#")[0].strip() for line in lines]
    return {line.split(sign)[0].lower(): line.split(sign)[1] for line in plain if sign in line}


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    allowed = read_bounds(project["dependencies"], ">=")
    for extra in ("dask", "evaluate", "json", "math", "run", "muscle", "url"):
        allowed |= read_bounds(extras[extra], ">=")
    text = (ROOT / "constraints-oldest.txt").read_text(encoding="utf-8")
    oldest, others = text.split("# Not their own oldest")
    assert read_bounds(oldest.splitlines(), "==") == {
        name: bound for name, bound in allowed.items() if name != "torch"
    }
    assert read_bounds(others.splitlines(), "==").keys() == {"pyparsing", "torch"}


def test_the_workflow_tries_the_oldest_versions() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert "-c constraints-oldest.txt" in text
