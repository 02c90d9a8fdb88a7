"""A proxy on loopback that refuses, or inspects TLS as many companies do and passes on what it lets through."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import trustme

PATIENCE = 10.0


class Authority:
    """An authority that nobody trusts who was not told to, with a certificate for one host."""

    def __init__(self, host: str = "api.test") -> None:
        self._authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(host).configure_cert(self.context)

    def write(self, path: Path) -> str:
        """Write the certificate that has to be trusted; returns where."""
        self._authority.cert_pem.write_to_path(path)
        return str(path)


@dataclass
class Way:
    """What the proxy does, and the heads of the requests that it got: `status` is its answer to CONNECT."""

    status: int = 200
    behind: str = ""
    authority: Authority | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)

    def handle(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE)
        head = b""
        while b"\r\n\r\n" not in head and (more := client.recv(65536)):
            head += more
        self.asked.append(head.decode())
        client.sendall(f"HTTP/1.1 {self.status} Answer\r\nContent-Length: 0\r\n\r\n".encode())
        if self.status == 200 and self.authority:
            with self.authority.context.wrap_socket(client, server_side=True) as inside:
                self._pass_on(inside)

    def _pass_on(self, inside: socket.socket) -> None:
        host, _, port = self.behind.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as server:
            back = threading.Thread(target=_pump, args=(server, inside), daemon=True)
            back.start()
            _pump(inside, server)
            back.join(PATIENCE)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def proxy(way: Way) -> Iterator[Way]:
    """Run a proxy for as long as the block lasts."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                way.handle(self.request)

    with _Server(("127.0.0.1", 0), Handler) as server:
        way.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield way
        finally:
            server.shutdown()
            thread.join(PATIENCE)
