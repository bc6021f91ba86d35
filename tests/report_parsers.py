"""Parsers of reports that forgive nothing."""

import re
from html.parser import HTMLParser
from typing import Any

from hostile_texts import unseen
from markdown_it import MarkdownIt
from markdown_it.token import Token


class Tags(HTMLParser):
    """The tags of a page, each closed where it must be."""

    VOID = frozenset({"meta", "br", "input", "wbr"})

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.open: list[str] = []
        self.data: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.data.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", ((data, None),)))

    def handle_pi(self, data: str) -> None:
        self.tags.append(("instruction", ((data, None),)))

    def unknown_decl(self, data: str) -> None:
        self.tags.append(("declaration", ((data, None),)))


def tags_of(page: str) -> Any:
    return Tags(page).tags


def tokens_of(text: str) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def kinds_of(text: str) -> Any:
    return [token.type for token in tokens_of(text) if token.type not in {"text", "text_special"}]


ANCHOR = re.compile(r"(flip(/[A-Za-z0-9._-]+)+|[a-z-]+)")
VARYING = {"a", "b", "button", "del", "details", "em", "i", "ins", "p", "small", "summary"}
VARYING |= {"td", "th", "wbr"}
"""Tags of which a page has more or fewer by how long a text is, and how far two differ."""


def check_page(page: str, plain: str) -> None:
    """Hold a page with a text of a stranger against the same page with a plain one."""
    tags, known = Tags(page), Tags(plain)
    names = {tag for tag, _ in known.tags}
    attributes = {(tag, name) for tag, attrs in known.tags for name, _ in attrs}
    for tag, attrs in tags.tags:
        assert tag in names | VARYING
        for name, value in attrs:
            assert (tag, name) in attributes or name in {"class", "type"}
            assert name not in {"style", "src", "srcset"}
            assert not name.startswith("on")
            if name == "id":
                assert ANCHOR.fullmatch(value or "")
            if name == "href":
                assert ANCHOR.fullmatch((value or "").removeprefix("#"))
    assert [tag for tag in tags.tags if tag[0] not in VARYING and not tag[1]] == [
        tag for tag in known.tags if tag[0] not in VARYING and not tag[1]
    ]
    policies = [
        [dict(attrs)["content"] for tag, attrs in one.tags if tag == "meta" and len(attrs) > 1]
        for one in (tags, known)
    ]
    assert policies[0] == policies[1]
    assert unseen("".join(tags.data).replace("\n", "")) == []
