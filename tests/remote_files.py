"""A web server on loopback, whose files and faults a test chooses."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Shelf:
    """What a server has, and how it behaves.

    Attributes:
        files: path to bytes.
        ranges: send the part that is asked for; else the whole for every part, as some servers do.
        refuses_ranges: say beforehand that no parts are sent.
        sizes: say how long a file is.
        stamped: say a digest of each file.
        status: path to the status that is answered instead.
        cut: bytes of each answer after which it breaks off; None for never.
        sign_in: the user and the password that are asked for; empty for none.
        hold: waited for before each answer.
        requests: method, path and range of each request.
        address: without user and query.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    refuses_ranges: bool = False
    sizes: bool = True
    stamped: bool = True
    status: dict[str, int] = field(default_factory=dict)
    cut: int | None = None
    sign_in: str = ""
    hold: Event | None = None
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = ""

    def url(self, path: str, user: str = "", query: str = "") -> str:
        """Return the address of a file."""
        scheme, _, host = self.address.partition("://")
        return f"{scheme}://{user + '@' if user else ''}{host}/{path}{query}"

    def put(self, path: str, data: bytes) -> str:
        """Keep a file, and return its address."""
        self.files[f"/{path}"] = data
        return self.url(path)


def _handler_of(shelf: Shelf) -> type[BaseHTTPRequestHandler]:  # noqa: C901  (a class in it)
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            if shelf.hold is not None:
                shelf.hold.wait(60)
            path = self.path.partition("?")[0]
            asked = self.headers.get("Range", "")
            shelf.requests.append((self.command, self.path, asked))
            status = self._status_of(path)
            if status == HTTPStatus.OK:
                self._send(shelf.files[path], asked, body=body)
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _status_of(self, path: str) -> int:
            token = base64.b64encode(shelf.sign_in.encode()).decode()
            if shelf.sign_in and self.headers.get("Authorization") != f"Basic {token}":
                return HTTPStatus.UNAUTHORIZED
            there = HTTPStatus.OK if path in shelf.files else HTTPStatus.NOT_FOUND
            return shelf.status.get(path, there)

        def _send(self, data: bytes, asked: str, *, body: bool) -> None:
            stamp = f'"{hash(data):x}"'
            whole, match = len(data), RANGE.fullmatch(asked)
            partly = match is not None and shelf.ranges and not shelf.refuses_ranges
            start = int(match[1]) if match and partly else 0
            end = int(match[2] or whole - 1) + 1 if match and partly else whole
            part = data[start:end]
            self.send_response(206 if partly else 200)
            if partly:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{whole}")
            if shelf.refuses_ranges:
                self.send_header("Accept-Ranges", "none")
            if shelf.stamped:
                self.send_header("ETag", stamp)
            if shelf.sizes:
                self.send_header("Content-Length", str(len(part)))
            else:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            if body and shelf.cut is not None:
                self.wfile.write(part[: shelf.cut])
                self.close_connection = True
            elif body:
                self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of a reader that lets go in the middle."""


@contextmanager
def serve() -> Iterator[Shelf]:
    """Run a server until the block ends."""
    shelf = Shelf()
    server = _Server(("127.0.0.1", 0), _handler_of(shelf))
    shelf.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shelf
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
