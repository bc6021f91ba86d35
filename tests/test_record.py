"""Records of both kinds are copied by one function, and each kind is used where it belongs."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import Struct

from compatkit.record import replace

ROOT = Path(__file__).parents[1]
ROOMS = (
    *("comparison", "gate", "metrics", "pairing", "predictions", "readers"),
    *("reports", "scorers", "statistics"),
)
# Parts of what users hold whose type has a name of its own, and what `asdict` writes as JSON.
HELD_TOO = {
    *("CombinedTest", "PValue", "TracedExample"),
    *("BudgetTable", "EquivalenceTable", "PowerRow", "PowerTable"),
}
SEQUENCES = {"Ids"}  # no struct can be one


@dataclass(frozen=True)
class Held:
    name: str
    count: int = 1


class Handed(Struct, frozen=True):
    name: str
    count: int = 1


@pytest.mark.parametrize("kind", [Held, Handed])
def test_a_copy_has_the_fields_that_are_named(kind):
    record = kind("a", 2)
    assert replace(record, name="b") == kind("b", 2)
    assert record == kind("a", 2)
    with pytest.raises(TypeError, match="nothing"):
        replace(record, nothing=1)


def list_records():
    """Return the classes of the rooms that a comparison passes, with the file of each."""
    for room in ROOMS:
        for path in sorted((ROOT / "compatkit" / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from ((node, tree) for node in tree.body if isinstance(node, ast.ClassDef))


def is_dataclass(node):
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def unquoted(annotation):
    """Return a type, out of the quotes in which one stands that is loaded later."""
    quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
    return ast.parse(annotation.value, mode="eval").body if quoted else annotation


def names_in(node):
    """Return the names of a record's bases and of the types of its fields."""
    types = [unquoted(line.annotation) for line in node.body if isinstance(line, ast.AnnAssign)]
    return {
        part.id
        for of in [*node.bases, *types]
        for part in ast.walk(of)
        if isinstance(part, ast.Name)
    }


def test_what_users_do_not_hold_is_no_dataclass():
    names = {node.name: names_in(node) for node, _ in list_records() if is_dataclass(node)}
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    held = HELD_TOO | set(re.findall(r"autoclass:: compatkit\.(?:.*\.)?(\w+)", page))
    assert {"Comparison", "Verdict"} <= held & names.keys()
    parts = set().union(*(names[name] for name in held & names.keys()))
    kinds_of_held = {name for name, bases in names.items() if bases & held}
    assert names.keys() - held - parts - kinds_of_held - SEQUENCES == set()


def test_a_default_is_made_by_the_record_s_own_library():
    for node, tree in list_records():
        homes = {
            name.name: line.module
            for line in tree.body
            if isinstance(line, ast.ImportFrom)
            for name in line.names
        }
        for call in ast.walk(node):
            if not isinstance(call, ast.Call) or "default_factory" not in ast.unparse(call):
                continue
            made_by = homes.get(ast.unparse(call.func), "msgspec")
            assert made_by == ("dataclasses" if is_dataclass(node) else "msgspec"), node.name


@pytest.mark.parametrize("module", ["dataclasses", "msgspec.structs"])
def test_records_are_copied_by_one_function(module):
    for room in ROOMS:
        for path in (ROOT / "compatkit" / room).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert not re.search(rf"from {module} import .*\breplace\b", source), path
