"""The shape of the source: small functions, small files, no forbidden names."""

import ast
import re
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "compatkit"
FILES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN = {"utils", "helpers", "common", "misc", "manager"}


def size_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function, decorators and signature among them, docstring apart."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    told = function.body[0] if ast.get_docstring(function) else None
    docstring = 0 if told is None else (told.end_lineno or 0) - told.lineno + 1
    return (function.end_lineno or 0) - first + 1 - docstring


def test_the_whole_function_is_measured() -> None:
    (function,) = ast.parse(
        '@a\n@b\ndef f(\n    x,\n):\n    """One.\n\n    Two."""\n    pass\n'
    ).body
    assert isinstance(function, ast.FunctionDef)
    assert size_of(function) == 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_over_400_lines_and_no_function_over_50(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert size_of(node) <= 50, node.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_is_a_drawer_and_no_input_is_asserted(path: Path) -> None:
    assert path.stem not in FORBIDDEN
    assert not [
        n
        for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(n, ast.Assert)
    ]


# Names that fit whatever value there is; a noun of the field says which.
NAMES_OF_ANYTHING = {"each", "found", "known", "said"}


def list_bound(tree: ast.AST) -> set[str]:
    """Return the names that a module gives to values, parameters and patterns."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.arg(arg=name):
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
    return names


def test_no_name_stands_for_anything() -> None:
    vague = [
        str(path.relative_to(PACKAGE))
        for path in FILES
        if list_bound(ast.parse(path.read_text(encoding="utf-8"))) & NAMES_OF_ANYTHING
    ]
    assert not vague


def test_every_kind_of_binding_is_seen() -> None:
    source = "a = [b for b in c]\ndef f(d): pass\nmatch e:\n    case [g, *h]: (i := 1)\n"
    assert list_bound(ast.parse(source)) == {"a", "b", "d", "g", "h", "i"}


# What is imported by another name than it is installed by.
DISTRIBUTIONS = {"yaml": "pyyaml"}


def test_every_library_that_is_imported_is_declared() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    wanted = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {
        re.split("[^a-z0-9-]", one.lower().replace("_", "-"))[0] for many in wanted for one in many
    }
    imported: dict[str, Path] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {module.name.partition(".")[0]: path for module in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                imported[node.module.partition(".")[0]] = path
    foreign = imported.keys() - sys.stdlib_module_names - {"compatkit"}
    assert foreign >= {"numpy", "torch", "huggingface_hub"}
    missing = {
        name: imported[name]
        for name in foreign
        if DISTRIBUTIONS.get(name, name).lower().replace("_", "-") not in declared
    }
    assert not missing


def floors() -> list[set[str]]:
    """Return the modules of each floor of the import contract, the highest first."""
    contract = ConfigParser()
    contract.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = contract["importlinter:contract:layers"]["layers"].split("\n")
    return [set(re.split(r"\s*[|:]\s*", line)) for line in lines if line]


def drawn_floors() -> list[set[str]]:
    """Return the rooms that stand beside each other in the picture, the highest first."""
    picture = ET.parse(ROOT / "docs/images/architecture.svg")  # noqa: S314 (our own)
    names = [node for node in picture.iter() if node.get("class") == "name"]
    heights = sorted({float(name.get("y", "nan")) for name in names})
    return [{str(name.text) for name in names if float(name.get("y", "nan")) == y} for y in heights]


def test_the_picture_shows_the_floors_of_the_import_contract() -> None:
    # Above the drawn floors stand the two programs, below them the words that all rooms use.
    assert drawn_floors() == floors()[1:-2]


def test_every_room_of_the_way_of_a_row_is_explained() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    beside = {
        "checkpoints",
        "commands",
        "evaluate_modules",
        "kernel",
        "muscle",
        "runner",
        "statistics",
    }
    for room in rooms - beside:
        assert f"| `{room}` |" in page, room


def list_read_digits(tree: ast.AST) -> set[str]:
    """Return what a function asks to be digits and reads by `int`, which endless ones break."""
    names = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        asked = {
            ast.unparse(call.func.value)
            for call in calls
            if isinstance(call.func, ast.Attribute) and call.func.attr in {"isdecimal", "isdigit"}
        }
        named = (call for call in calls if isinstance(call.func, ast.Name) and call.args)
        read = {ast.unparse(call.args[0]) for call in named if ast.unparse(call.func) == "int"}
        names |= {function.name} if asked & read else set()
    return names


def test_one_function_reads_places_so_that_endless_digits_break_none() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES]
    # A power is read where the scorer has counted its digits.
    assert set().union(*map(list_read_digits, trees)) == {"as_index", "_without_power"}
