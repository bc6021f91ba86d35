"""What of an address is shown, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.urls import is_url, redact, secrets_of, show_url

SECRET = "s3cr3t"  # noqa: S105
QUERY = f"?X-Amz-Signature={SECRET}&token={SECRET}#{SECRET}"
# Letters, and what an address may hold beside them as it is.
words = st.text("abcXYZ019-._~%!$&'()*+,;=", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            f"https://user:{SECRET}@example.org/a/new.jsonl{QUERY}",
            "https://example.org/a/new.jsonl",
        ),
        (f"https://{SECRET}@example.org:8080/new.jsonl", "https://example.org:8080/new.jsonl"),
        (f"https://example.org{QUERY}", "https://example.org"),
        (f"http://[::1]:80/new.jsonl?{SECRET}", "http://[::1]:80/new.jsonl"),
        (f"http://[::1]/new.jsonl?{SECRET}", "http://[::1]/new.jsonl"),
        (f"ftp://user:{SECRET}/{SECRET}@example.org/x", "ftp://..."),
        (f"https://user:pa?{SECRET}@example.org/x", "https://..."),
        ("s3://bucket/runs/new.jsonl", "s3://bucket/runs/new.jsonl"),
        ("hf://datasets/org/name@main/new.jsonl", "hf://datasets/org/name@main/new.jsonl"),
        ("memory:///new.jsonl", "memory:///new.jsonl"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert show_url(url) == shown
    assert SECRET not in show_url(url)
    assert redact(f"GET {url} failed") == f"GET {shown} failed"


@given(words, words, words, words)
def test_nothing_of_a_sign_in_or_a_query_is_shown(
    user: str, password: str, query: str, path: str
) -> None:
    url = f"https://{user}:{password}@example.org/{path}?{query}"
    assert show_url(url) == f"https://example.org/{path}"
    assert {user, password, query} <= set(secrets_of(url))


@pytest.mark.parametrize("path", ["new.jsonl", "/runs/new.jsonl", "C:/new", "a=b", "x:y", "-", ""])
def test_a_path_is_no_address(path: str) -> None:
    assert not is_url(path)
    assert redact(path) == path


def test_an_address_without_secrets_stays_as_it_is_in_a_text() -> None:
    text = "see https://example.org/page#part, or s3://bucket/key."
    assert redact(text) == text
