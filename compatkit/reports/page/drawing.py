"""Drawing: templates to a page of its own, in which no text is taken for anything but text."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from compatkit.reports.hostile import shorten, visible_lines

if TYPE_CHECKING:
    import jinja2

KINDS = {"negative": "broken", "positive": "repaired", "changed": "changed, still wrong"}
Item = TypeVar("Item")
FOLDER = Path(__file__).parent
MOST_OF_A_NAME = 200
LONGEST_WORD = 20
WORD_BEGINS = re.compile(r"(?<=[_./-])(?=[^\W\d_])")


def draw(template: str, **shown: Any) -> str:
    """Return a template of this folder with what it shows."""
    return _templates().get_template(template).render(**shown)


def draw_each(template: str, macro: str, items: Iterable[Item]) -> Iterator[tuple[Item, str]]:
    """Yield each item, and how a macro of a template shows it."""
    show = getattr(_templates().get_template(template).module, macro)
    yield from ((item, str(show(item))) for item in items)


@cache
def _templates() -> "jinja2.Environment":
    """Return the templates: each text is escaped, and each of its characters made visible."""
    import jinja2  # noqa: PLC0415

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show,
    )
    templates.filters |= {
        "arrow": lambda text: text.replace(" -> ", " \u2192 "),
        "breaking": lambda text: " any" if _is_unbroken(text) else "",
        "parts": WORD_BEGINS.split,
        "named": lambda text: text if text.strip() else f'"{text}"',
        "short": lambda text: shorten(text, MOST_OF_A_NAME),
    }
    style, script, fragment = map(_read, ("style.css", "page.js", "fragment.css"))
    templates.globals |= {
        "kinds": KINDS,
        "style": style,
        "script": script,
        "fragment_style": fragment,
        "security": _allow(style, script),
    }
    return templates


def _show(value: Any) -> Any:
    """Return what a template writes; a text that is no markup shows all its characters."""
    return visible_lines(value) if type(value) is str else value


def _is_unbroken(text: str) -> bool:
    """Whether a text has a word so long that a table may break it anywhere."""
    return any(len(word) > LONGEST_WORD for word in text.split())


def _read(name: str) -> str:
    """Return a file of ours, which a template writes as it stands."""
    return (FOLDER / name).read_text(encoding="utf-8")


def _allow(style: str, script: str) -> str:
    """Return the policy that a browser holds the page to: our style, our script, nothing else."""
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
