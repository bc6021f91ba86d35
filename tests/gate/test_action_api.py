"""The action's comment by the real `gh`, against a stub of GitHub's API that no network reaches."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / ".github" / "actions" / "gate" / "comment.sh"
MARKER = "<!-- compatkit-gate -->"
HOSTILE = "@file `$(touch pwned)` ${{ secrets }} \\n \"'<!-- \u202e ::error::x\r\n| <img src=x>\n"
BOT = {"type": "Bot", "login": "github-actions[bot]"}

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")


class Server(ThreadingUnixStreamServer):
    """The comments of one pull request, two a page, and what is refused with a status."""

    def __init__(self, path: str) -> None:
        super().__init__(path, Handler)
        self.comments: list[dict[str, Any]] = []
        self.refused: dict[str, int] = {}
        self.calls: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """What the API answers."""

    server: Server

    def address_string(self) -> str:
        return "a socket"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, value: object, *headers: tuple[str, str]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (("Content-Type", "application/json"), *headers):
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.server.calls.append(f"GET {self.path}")
        assert self.headers["Authorization"] == "token secret"
        if self.path == "/user" or "GET" in self.server.refused:
            status = self.server.refused.get("GET", 403)
            self.answer(status, {"message": "::error::Resource not accessible by integration"})
            return
        page = int(self.path.partition("&page=")[2] or 1)
        shown = self.server.comments[2 * page - 2 : 2 * page]
        here = "http://api.github.localhost/repos/team/model/issues/7/comments?per_page=100"
        more = len(self.server.comments) > 2 * page
        link = [("Link", f'<{here}&page={page + 1}>; rel="next"')] if more else []
        self.answer(200, shown, *link)

    def write(self) -> None:
        self.server.calls.append(f"{self.command} {self.path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        if self.command in self.server.refused:
            self.answer(self.server.refused[self.command], {"message": "::error::refused"})
        elif self.command == "POST":
            assert self.path == "/repos/team/model/issues/7/comments"
            self.server.comments.append(
                {"id": len(self.server.comments), "user": BOT, "body": body}
            )
            self.answer(201, {})
        else:
            number = int(self.path.removeprefix("/repos/team/model/issues/comments/"))
            self.server.comments[number]["body"] = body
            self.answer(200, {})

    do_POST = do_PATCH = write  # noqa: N815


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve on a socket in a folder, for a `gh` that is set up to ask it."""
    socket = tmp_path / "s"
    (tmp_path / "config.yml").write_text(f"http_unix_socket: {socket}\n")
    with Server(str(socket)) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield served
        served.shutdown()


def comment(folder: Path, report: str, repository: str = "team/model") -> str:
    """Run the step's script and return its log; it never fails."""
    (folder / "gate.md").write_text(report, newline="")
    done = subprocess.run(
        ["bash", SCRIPT],  # noqa: S607
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "GH_CONFIG_DIR": str(folder),
            "GH_HOST": "github.localhost",
            "GH_TOKEN": "secret",
            "COMMENT": "true",
            "REPORT": str(folder / "gate.md"),
            "REPOSITORY": repository,
            "PULL_REQUEST": "7",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_first_run_writes_and_the_next_changes_the_comment(
    server: Server, tmp_path: Path
) -> None:
    assert comment(tmp_path, f"{MARKER}\n\nPASS\n") == ""
    assert comment(tmp_path, f"{MARKER}\n\nFAIL\n") == ""
    assert [each["body"] for each in server.comments] == [f"{MARKER}\n\nFAIL\n"]
    assert [call.split()[0] for call in server.calls if call != "GET /user"] == [
        *("GET", "POST"),
        *("GET", "PATCH"),
    ]


def test_the_comment_is_found_on_a_later_page(server: Server, tmp_path: Path) -> None:
    person = {"type": "User", "login": "somebody"}
    texts = ["a\tb\nc", None, f"{MARKER}\n\na copy", "", f"{MARKER}\r\n\r\nPASS"]
    server.comments += [
        {"id": n, "user": BOT if n == 4 else person, "body": text} for n, text in enumerate(texts)
    ]
    comment(tmp_path, f"{MARKER}\n\nFAIL\n")
    assert [each["body"] for each in server.comments] == [*texts[:4], f"{MARKER}\n\nFAIL\n"]


def test_a_hostile_report_arrives_as_it_is(server: Server, tmp_path: Path) -> None:
    report = f"{MARKER}\n{HOSTILE}"
    assert comment(tmp_path, report) == ""
    assert server.comments[0]["body"] == report
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("refused", "status", "reason"),
    [
        ("GET", 403, "the comments cannot be read; gh says why above (a token needs"),
        ("GET", 500, "the comments cannot be read"),
        ("POST", 403, "gh says why above (the token of a pull request from a fork may not"),
        ("POST", 502, "gh says why above"),
        ("PATCH", 404, "gh says why above"),
    ],
)
def test_what_hinders_it_is_a_notice(
    server: Server, tmp_path: Path, refused: str, status: int, reason: str
) -> None:
    if refused == "PATCH":
        server.comments.append({"id": 0, "user": BOT, "body": f"{MARKER}\n\nPASS"})
    server.refused[refused] = status
    *complaint, notice = comment(tmp_path, f"{MARKER}\n\nFAIL\n").splitlines()
    assert notice.startswith(
        f"::notice title=compatkit gate::no comment on the pull request: {reason}"
    )
    assert str(status) in "".join(complaint)
    assert all(line.startswith("gh: ") for line in complaint)


def test_an_api_that_does_not_answer_is_a_notice(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(f"http_unix_socket: {tmp_path / 'none'}\n")
    assert comment(tmp_path, f"{MARKER}\n").splitlines()[-1].startswith("::notice title=")
