"""URLs: texts that are addresses, and what of one may be shown.

Who signs in, and what a query or a fragment holds, may be a secret: neither is ever shown.
"""

import re

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")
HIDDEN = "..."


def is_url(text: str) -> bool:
    """Tell an address from a path.

    >>> is_url("s3://bucket/new.jsonl"), is_url("runs/new.jsonl"), is_url("C:/new.jsonl")
    (True, False, False)
    """
    return URL.match(text) is not None


def scheme_of(url: str) -> str:
    """Return what an address begins with, in small letters.

    >>> scheme_of("HTTPS://example.org/new.jsonl")
    'https'
    """
    return url.partition("://")[0].lower()


def split_query(url: str) -> tuple[str, str]:
    """Return an address without its query and fragment, and those.

    >>> split_query("https://example.org/new.jsonl?token=x#top")
    ('https://example.org/new.jsonl', '?token=x#top')
    """
    end = min((place for sign in "?#" if (place := url.find(sign)) >= 0), default=len(url))
    return url[:end], url[end:]


def show_url(url: str) -> str:
    """Return an address without who signs in, its query and its fragment.

    >>> show_url("https://user:secret@example.org/new.jsonl?X-Amz-Signature=x")
    'https://example.org/new.jsonl'

    Of one whose host cannot be told from a password nothing is shown.

    >>> show_url("https://user:pass?word@example.org/new.jsonl")
    'https://...'
    """
    whole, _ = split_query(url)
    scheme, _, rest = whole.partition("://")
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    _, colon, port = host.rpartition(":")
    if colon and not host.endswith("]") and not port.isdecimal():
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{host}{slash}{path}"


def secrets_of(url: str) -> list[str]:
    """Return the parts of an address that are not shown, the longest first."""
    whole, query = split_query(url)
    user, sign, _ = whole.partition("://")[2].partition("/")[0].rpartition("@")
    parts = [user] if sign else []
    parts += [*user.split(":", 1), query[1:]]
    parts += [pair.partition("=")[2] for pair in re.split(r"[&;#]", query[1:])]
    return sorted({part for part in parts if part}, key=len, reverse=True)


def redact(text: str) -> str:
    """Return a text in which no address shows who signs in, or its query.

    >>> redact("GET https://user:secret@example.org/a?token=x failed, see https://example.org/b#c")
    'GET https://example.org/a failed, see https://example.org/b#c'
    """
    return IN_TEXT.sub(_redact_one, text)


def _redact_one(match: re.Match[str]) -> str:
    url = match[0]
    return show_url(url) if "@" in url or "?" in url else url
