"""A directive for the site, `error-messages`: the messages of errors, from the source.

What a message fills in stands in it by its name, in angle brackets. A message that a function puts
together is left out, and one that has no two words of its own beside what it fills in.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import compatkit
from compatkit import errors

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PACKAGE = Path(compatkit.__file__).parent
FILLED = re.compile(r"<[^<>]*>")
# What follows the first full stop says what to do.
REMEDY = re.compile(r"(?<=[\w)>'\"])[.?] (?=[A-Z`'\"<-])")
TITLES = {
    "checkpoints": "Models and adapters",
    "commands": "The command line",
    "comparison": "Comparing",
    "compatkit": "Installation and files",
    "evaluate_modules": "Modules for evaluate",
    "gate": "The gate and its policy",
    "metrics": "Metrics",
    "muscle": "Training with MUSCLE",
    "pairing": "Pairing rows",
    "predictions": "Fields of a row",
    "readers": "Reading files and logs",
    "reports": "Reports and pictures",
    "runner": "Running a model",
    "scorers": "Scorers",
    "statistics": "Functions of statistics",
}
ERRORS = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}


@dataclass(frozen=True)
class Message:
    """A message of an error.

    Attributes:
        room: the part of the package that raises it; empty for its own modules.
        error: the name of the error's class.
        text: the message.
    """

    room: str
    error: str
    text: str


def find_messages() -> Iterator[Message]:
    """Yield the messages of all errors that compatkit raises, in the order of its files."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = "" if path.parent == PACKAGE else path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                error = ast.unparse(node.exc.func)
                text = write(node.exc.args[0])
                if error in ERRORS and re.search(r"[a-z] [a-z]", FILLED.sub("", text)):
                    yield Message(room, error, text)


def pattern(message: Message) -> re.Pattern[str]:
    """Return what matches the message with its names filled in."""
    return re.compile(".*?".join(map(re.escape, FILLED.split(message.text))), re.DOTALL)


def split_remedy(text: str) -> tuple[str, str]:
    """Return what was wrong, and what to do where a sentence of its own says that."""
    end = REMEDY.search(text)
    if end is None or not FILLED.sub("", text[end.end() :]).strip(" ."):
        return text, ""
    return text[: end.start() + 1], text[end.end() :]


def write(value: ast.expr) -> str:
    """Return a text as it stands in the source, with a name for what it fills in."""
    match value:
        case ast.Constant():
            return str(value.value)
        case ast.JoinedStr():
            return "".join(map(write, value.values))
        case ast.FormattedValue():
            return f"<{name(value.value)}>"
        case ast.BinOp(op=ast.Add()):
            return write(value.left) + write(value.right)
    return f"<{name(value)}>"


def name(value: ast.expr) -> str:
    """Return what the value of an expression is called."""
    match value:
        case ast.Name():
            return value.id.strip("_").lower()
        case ast.Attribute():
            return value.attr.strip("_").lower()
        case ast.Subscript():
            return name(value.value)
        case ast.Call(args=[argument, *_]) if not isinstance(argument, ast.Constant):
            return name(argument)
    return "..."


class ErrorMessages(SphinxDirective):
    """Lists the messages, a section for each room."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        rooms: dict[str, list[Message]] = {}
        for message in find_messages():
            rooms.setdefault(message.room or "compatkit", []).append(message)
        return [self._section(room, messages) for room, messages in rooms.items()]

    def _section(self, room: str, messages: list[Message]) -> nodes.section:
        section = nodes.section(ids=[nodes.make_id(f"messages-{room}")])
        section += nodes.title("", TITLES[room])
        texts = sorted({message.text for message in messages}, key=str.casefold)
        section += nodes.bullet_list("", *(_item(text) for text in texts))
        return section


def _item(text: str) -> nodes.list_item:
    cause, remedy = split_remedy(text)
    item = nodes.list_item("", nodes.paragraph("", "", nodes.Text(cause)))
    if remedy:
        item += nodes.paragraph("", "", nodes.emphasis("", remedy))
    return item


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("error-messages", ErrorMessages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
