"""The refusal where an extra is not installed: one sentence for all, held to pyproject.toml."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

import compatkit
from compatkit import extras
from compatkit.errors import MissingExtraError
from compatkit.extras import EXTRAS, require_extra

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FOR_DEVELOPERS = {"dev", "docs", "peers", "test-all"}


@pytest.mark.parametrize("name", EXTRAS)
def test_what_is_missing_is_named_with_its_user_and_the_command(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, last = EXTRAS[name].libraries
    monkeypatch.setattr(extras, "find_spec", lambda library: None if library == last else library)
    with pytest.raises(MissingExtraError) as refused:
        require_extra(name)
    assert str(refused.value) == (
        f"{EXTRAS[name].user} needs {last}, not installed here. Install compatkit with its extra: "
        f'pip install "compatkit[{name}]".'
    )
    monkeypatch.setattr(extras, "find_spec", lambda library: library)
    require_extra(name)


def test_the_extras_are_those_of_pyproject() -> None:
    assert set(EXTRAS) == set(PROJECT["optional-dependencies"]) - FOR_DEVELOPERS


@pytest.mark.parametrize("name", EXTRAS)
def test_the_libraries_of_an_extra_are_what_it_installs(name: str) -> None:
    wanted = {
        re.split(r"[<>=]", line)[0].replace("_", "-")
        for line in PROJECT["optional-dependencies"][name]
    }
    modules = packages_distributions()
    installed = {
        library: {distribution.lower().replace("_", "-") for distribution in modules[library]}
        for library in EXTRAS[name].libraries
        if find_spec(library) is not None
    }
    assert all(distributions & wanted for distributions in installed.values()), installed
    assert len(wanted) == len(EXTRAS[name].libraries)


def test_nothing_else_says_how_an_extra_is_installed() -> None:
    package = Path(compatkit.__file__).parent
    others = [
        path.relative_to(package)
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise) and "compatkit[" in ast.unparse(node)
    ]
    assert others == [Path("extras.py")]
