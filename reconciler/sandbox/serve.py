"""Serving the sandbox on a port: in the foreground for people, in a thread for tests."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from reconciler.sandbox.values import SandboxServeError

_PATIENCE = 10.0
_BACKLOG = 2048


class _Server(uvicorn.Server):
    """A server that logs nothing, reports when it listens, and ends as soon as it is told to, as by a signal."""

    def __init__(self, app: ASGIApp, *, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="critical",
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        self._on_ready = on_ready
        self._woken: Callable[[], object] = bool

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then report it."""
        await super().startup(sockets=sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        """Tick once a second until it is to end; uvicorn looks ten times a second, and later than it is told."""
        woken = asyncio.Event()
        self._woken = partial(asyncio.get_running_loop().call_soon_threadsafe, woken.set)
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End at once where that is asked for, and cut off what is being answered; uvicorn sleeps first."""
        if not self.force_exit:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()

    def end(self, *, at_once: bool) -> None:
        """Let it end, from any thread."""
        self.force_exit, self.should_exit = at_once, True
        with suppress(RuntimeError):  # its loop has ended already
            self._woken()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a signal handler
        """Stop on a signal, without raising it again as uvicorn would, which ends the process with a traceback."""
        self.end(at_once=self.should_exit)


def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until a signal comes; call `on_ready` with the base URL once requests are accepted."""
    with _listener(host, port) as listener:
        url = _url(listener)
        _Server(app, on_ready=lambda: on_ready(url)).run(sockets=[listener])


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """Serve in a thread on a free port of the loopback interface, for as long as the block lasts; return the URL."""
    ready = threading.Event()
    with _listener("127.0.0.1", 0) as listener:
        server = _Server(app, on_ready=ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            ready.wait(_PATIENCE)
            yield _url(listener)
        finally:
            server.end(at_once=True)
            thread.join(_PATIENCE)


def _listener(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off (40 ms an answer) only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SandboxServeError(f"cannot listen on {host}:{port}: {error}") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
