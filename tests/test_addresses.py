"""Addresses: what a text of the package points to is published, and said in one place."""

import ast
import json
import re
from pathlib import Path

import pytest

from compatkit import addresses

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "compatkit"
SOURCES = sorted(PACKAGE.rglob("*.py"))
KEPT = sorted([*PACKAGE.rglob("*.json"), *PACKAGE.rglob("*.toml"), *PACKAGE.rglob("*.md")])


def texts_of(path: Path) -> list[str]:
    """Return the texts of a source file, docstrings among them: all that a user may meet."""
    if path.suffix != ".py":
        return [path.read_text(encoding="utf-8")]
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@pytest.mark.parametrize("path", [*SOURCES, *KEPT], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_text_sends_a_reader_to_a_page_that_only_a_clone_has(path: Path) -> None:
    for text in texts_of(path):
        published = re.sub(r"https://\S+", "", text)
        assert not re.search(r"\bdocs/\w", published), text


def pages_named() -> set[str]:
    """Return the pages that a text of the package points to."""
    names = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "page":
                names |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
    return names


def test_every_page_that_is_named_is_there() -> None:
    names = pages_named()
    assert {"gate", "metrics"} <= names
    assert [name for name in names if not (ROOT / f"docs/{name}.md").exists()] == []


def test_the_owner_is_said_in_one_place() -> None:
    placeholder = f"{addresses.OWNER}.github.io"
    for path in [*SOURCES, ROOT / "setup.py", ROOT / "pyproject.toml", ROOT / "README.md"]:
        assert placeholder not in path.read_text(encoding="utf-8"), path


def test_a_kept_schema_points_to_the_documentation() -> None:
    schema = json.loads((PACKAGE / "schemas/verdict.schema.json").read_text(encoding="utf-8"))
    assert addresses.page("gate") in json.dumps(schema)
