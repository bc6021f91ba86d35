"""Parsers of reports that forgive nothing."""

from html.parser import HTMLParser
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token


class Tags(HTMLParser):
    """The tags of a page, each closed where it must be."""

    VOID = frozenset({"meta", "br"})

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
