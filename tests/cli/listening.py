"""A server on loopback that a notification is sent to: it keeps what comes, and answers as it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "T0-secret-of-the-webhook"  # noqa: S105  made up


@dataclass
class Listener:
    """What came, the oldest first; `status` is what it answers, and a redirect leads to `location`."""

    url: str = ""
    status: int = 200
    location: str = ""
    drips: bool = False
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[str]:
        return [f"{body['event']}{' over' if body['is_over'] else ''}" for body in self.bodies]

    @property
    def texts(self) -> list[str]:
        return [body["text"] for body in self.bodies]


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port until the block ends."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            listener.paths.append(self.path)
            listener.headers.append({name.lower(): value for name, value in self.headers.items()})
            listener.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            if listener.drips:
                listener.ended.wait()
                return
            self.send_response(listener.status)
            if listener.location:
                self.send_header("location", listener.location)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is Python's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.url = f"http://127.0.0.1:{server.server_port}/{TOKEN}?key={TOKEN}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield listener
    finally:
        listener.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
