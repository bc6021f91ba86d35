"""What is published: a wheel with all that works from it, a README whose links work anywhere."""

import re
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from builds import ROOT, build, source_of, wheel_of

from compatkit import addresses
from compatkit.evaluate_modules import MODULES
from compatkit.version import __version__

pytest.importorskip(
    "setuptools", "77", reason="setuptools 77 is not installed: the group dev has it"
)

NEVER = ("tests/", "benchmarks/", "docs/", "shared/", ".github/", "conftest.py")
TRACES = (".pyc", ".jsonl", ".parquet", ".csv", ".ipynb", ".c", ".h", ".orig", ".rej")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    build(folder, "sdist", "bdist_wheel")
    return folder


@pytest.fixture(scope="module")
def in_wheel(built: Path) -> set[str]:
    with zipfile.ZipFile(wheel_of(built)) as opened:
        return set(opened.namelist())


@pytest.fixture(scope="module")
def metadata(built: Path) -> Message:
    with zipfile.ZipFile(wheel_of(built)) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith("/METADATA"))
        return Parser().parsestr(opened.read(name).decode())


def test_a_wheel_holds_every_module_and_what_they_read(in_wheel: set[str]) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "compatkit").rglob("*.py")}
    read = {
        str(path.relative_to(ROOT))
        for pattern in ("*.json", "*.toml", "*.html", "*.css", "*.js", "py.typed", "*.pyi")
        for path in (ROOT / "compatkit").rglob(pattern)
    }
    assert {"compatkit/py.typed", "compatkit/commands/help_pages.json"} <= read
    assert {"compatkit/schemas/policy.schema.json", "compatkit/runner/tasks/piqa.toml"} <= read
    assert modules | read <= in_wheel


def test_a_wheel_holds_the_evaluate_modules_as_they_are_pushed(in_wheel: set[str]) -> None:
    for name in MODULES:
        folder = f"compatkit/evaluate_modules/{name}"
        pushed = {f"{name}.py", "README.md", "app.py", "requirements.txt", "tests.py"}
        assert {f"{folder}/{file}" for file in pushed} <= in_wheel


def test_a_wheel_holds_nothing_else(in_wheel: set[str]) -> None:
    information = f"compatkit-{__version__}.dist-info/"
    assert {name for name in in_wheel if not name.startswith(("compatkit/", information))} == set()
    assert [name for name in in_wheel if name.endswith(TRACES)] == []
    assert f"{information}licenses/LICENSE" in in_wheel


def test_a_source_distribution_holds_the_package_and_no_data(built: Path) -> None:
    with tarfile.open(source_of(built)) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"compatkit/addresses.py", "README.md", "LICENSE", "pyproject.toml"} <= names
    assert [name for name in names if name.startswith(NEVER)] == []


def test_the_readme_links_to_what_is_published(metadata: Message) -> None:
    readme = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]+)\)", readme)
    written = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) == len(written) > 20
    for link, local in zip(links, written, strict=True):
        path, _, anchor = local.partition("#")
        assert (ROOT / path).exists(), local
        homes = (f"{addresses.DOCUMENTATION}/", f"{addresses.REPOSITORY}/")
        assert link.startswith(homes), link
        assert link.partition("#")[2] == anchor
    assert f"{addresses.page('gate')}" in links
    shown = f"{addresses.REPOSITORY}/raw/v{__version__}/docs/images/mmlu_pro-1280-light.png"
    assert shown in links


def test_the_metadata_says_whose_it_is_and_what_it_runs_on(metadata: Message) -> None:
    urls = dict(entry.split(", ") for entry in metadata.get_all("Project-URL", []))
    assert urls["Documentation"] == f"{addresses.DOCUMENTATION}/"
    assert urls["Source"] == addresses.REPOSITORY
    assert {"Issues", "Changes"} <= urls.keys()
    classifiers = metadata.get_all("Classifier", [])
    pythons = re.findall(r'python: (\[.*"3.*\])', (ROOT / ".github/workflows/ci.yml").read_text())
    assert pythons
    tried = re.findall(r"3\.\d+", pythons[0])
    assert [f"Programming Language :: Python :: {version}" for version in tried] == [
        name for name in classifiers if re.search(r":: 3\.\d+$", name)
    ]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "Typing :: Typed" in classifiers
