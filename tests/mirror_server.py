"""A web server on this machine that serves files well or in one of the ways servers fail."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

NOBODY = "http://127.0.0.1:9/"
"""The discard port, which nothing listens to."""

Manner = Literal["well", "breaks off", "stalls half way", "drips"]


class MirrorServer(ThreadingHTTPServer):
    """Serves `contents` by name. Files other than the probe are sent in the given manner."""

    daemon_threads = True

    def __init__(self, contents: dict[str, bytes], manner: Manner, probe: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.contents = contents
        self.manner = manner
        self.probe = probe
        self.requested: list[str] = []
        self.half_sent = threading.Event()
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up in the middle is part of the tests: nothing is printed."""


class _Handler(BaseHTTPRequestHandler):
    server: MirrorServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format, *args) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.requested.append(name)
        manner = self.server.manner
        if manner == "drips":  # a headline that never ends: no wait for a byte is ever long
            self.wfile.write(b"HTTP/1.1 200 ")
            while not self.server.closing.wait(0.05):
                self.wfile.write(b"O")
            return
        if name not in self.server.contents:
            self.send_error(404)
            return
        content = self.server.contents[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if manner == "well" or name == self.server.probe:
            self.wfile.write(content)
            return
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.server.half_sent.set()
        if manner == "stalls half way":
            self.server.closing.wait()


@contextmanager
def serving(
    contents: dict[str, bytes], *, manner: Manner = "well", probe: str = "probe"
) -> Iterator[MirrorServer]:
    with MirrorServer(contents, manner, probe) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()
