"""`/metrics`, `/healthz` and `/readyz` on a port, from a thread of their own: they answer while a run computes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from reconciler.clock import Clock
from reconciler.errors import InputError, lacks_memory
from reconciler.watching.report import Report


class Health:
    """
    Alive while signs of life come in time, and ready while the last run could read the account.

    `patience` is how long after its time a sign may come. A run that takes
    hours is alive: each answer and each wait is a sign.
    """

    def __init__(self, clock: Clock, *, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self.last: Report | None = None
        self.expect_sign()

    def expect_sign(self, seconds: float = 0.0) -> None:
        """Record a sign of life; the next one comes in so many seconds."""
        self._due = self._clock.monotonic() + seconds + self._patience

    @property
    def is_alive(self) -> bool:
        """Return whether no sign is overdue."""
        return self._clock.monotonic() <= self._due

    @property
    def is_ready(self) -> bool:
        """Return whether the last run made a plan."""
        return self.last is not None and self.last.account is not None


_PATIENCE = 5.0
_BACKLOG = 128
_CONNECTIONS = 512
"""Those that say nothing count, too: a probe is answered beside some hundred of them."""


def create_app(registry: CollectorRegistry, health: Health) -> ASGIApp:
    """Make the application that answers Prometheus and the probes."""

    async def metrics(request: Request) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": kind})

    async def healthz(_request: Request) -> Response:
        is_alive = health.is_alive
        return _answer(health, "ok" if is_alive else "stalled", is_good=is_alive)

    async def readyz(_request: Request) -> Response:
        is_ready = health.is_alive and health.is_ready
        return _answer(health, "ready" if is_ready else "not ready", is_good=is_ready)

    return Starlette(
        routes=[Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)],
    )


@contextmanager
def serving(app: ASGIApp, host: str, port: int) -> Iterator[str]:
    """Serve for as long as the block lasts, port 0 on a free one; return the URL, raises `InputError`."""
    with _listener(host, port) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="critical",
                server_header=False,
                lifespan="off",
                ws="none",
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=_serve, args=(server, listener), daemon=True)
        thread.start()
        try:
            yield _url(listener)
        finally:
            server.force_exit = server.should_exit = True
            thread.join(_PATIENCE)


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        server.run([listener])
    except Exception as error:
        if not lacks_memory(error):  # the watch itself says so, and a platform that probes it starts another
            raise


def _answer(health: Health, status: str, *, is_good: bool) -> Response:
    last = health.last
    run = {"result": last.result, "started_at": last.started_at, "seconds": round(last.seconds, 3)} if last else None
    return JSONResponse({"status": status, "last_run": run}, status_code=200 if is_good else 503)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or error
        raise InputError(f"cannot listen on {host}:{port}: {reason}; give another HOST:PORT with --listen") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
