"""The real client against the sandbox: in process and over a port, without real waiting."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reconciler.api.client import Endpoint, open_reader, open_writer
from reconciler.api.pacer import Budget, Pacer, Waiting
from reconciler.clock import Clock
from reconciler.core.model.settings import Rate
from reconciler.core.remote import Reader
from reconciler.sandbox import faults
from reconciler.sandbox.answers import Answer
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store

KEY = "sk-test-5c1f0e77"
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

LONGER = (0.05, 0.5, 5.0, 50.0)
"""Seconds for what never comes, each for a machine that was too busy to connect within those before."""

_Result = TypeVar("_Result")


@dataclass
class Waits:
    """Time that passes only when someone waits, which is noted."""

    seconds: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    now: float = 0.0

    async def wait(self, seconds: float, why: str) -> None:
        self.seconds.append(seconds)
        self.reasons.append(why)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@dataclass
class World:
    """A sandbox with the faults of a test, and the client's waits."""

    settings: Settings = field(default_factory=Settings)
    rules: tuple[Rule, ...] = ()
    waits: Waits = field(default_factory=Waits)
    store: Store = field(default_factory=Store)
    told: list[str] = field(default_factory=list)
    rate: Rate | None = None
    budget: Budget | None = None
    concurrency: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        self.app = create_app(self.store, self.settings, Faults(self.rules, seed=self.seed), monotonic=self.waits.clock)

    def endpoint(
        self,
        url: str = "http://sandbox.localhost",
        *,
        in_process: bool = True,
        timeout: float = 5.0,
        answer_timeout: float = 60.0,
    ) -> Endpoint:
        return Endpoint(
            base_url=url,
            key=KEY,
            concurrency=self.concurrency,
            app=self.app if in_process else None,
            timeout=timeout,
            answer_timeout=answer_timeout,
            pacer=self.pacer(),
            on_request=self.told.append,
        )

    def pacer(self) -> Pacer:
        """Make the pacer of a run whose time is this world's."""
        waiting = Waiting(clock=Clock(monotonic=self.waits.clock), wait=self.waits.wait)
        return Pacer(concurrency=self.concurrency, rate=self.rate, budget=self.budget, waiting=waiting)

    def answering(self, method: str, path: str, body: Any) -> "World":
        """Give the same world, in which some requests are answered with a body of the test's own."""
        reply = faults.Reply(Answer(status=200, body=json.dumps(body).encode()))
        return World(self.settings, (*self.rules, Rule(fault=reply, method=method, path=path)), store=self.store)

    def without(self, method: str, path: str) -> "World":
        """Give the same world, in which some routes are not there."""
        reply = faults.Reply(Answer(status=404, body=b"<pre>Cannot</pre>", content_type="text/html"))
        return World(self.settings, (*self.rules, Rule(fault=reply, method=method, path=path)), store=self.store)

    def call(self, work: Callable[[Any], Awaitable[_Result]]) -> _Result:
        """Do something with a client that may write, in process."""
        return call(self.endpoint(), work)

    @property
    def requests(self) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.app.state.log]


def call_reader(endpoint: Endpoint, work: Callable[[Reader], Awaitable[_Result]]) -> _Result:
    """Open a client that may only read and do something with it."""

    async def run() -> _Result:
        async with open_reader(endpoint) as reader:
            return await work(reader)

    return asyncio.run(run())


def call(endpoint: Endpoint, work: Callable[[Any], Awaitable[_Result]]) -> _Result:
    """Open a client that may write and do something with it."""

    async def run() -> _Result:
        async with open_writer(endpoint) as remote:
            return await work(remote)

    return asyncio.run(run())


def whole(body: bytes, *headers: bytes) -> Iterator[bytes]:
    """Return an answer that says how long it is."""
    return iter((HEAD, *headers, b"Content-Length: %d\r\n\r\n" % len(body), body))


def chunks(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Return an answer in chunks."""
    yield CHUNKED
    for part in parts:
        yield b"%x\r\n%s\r\n" % (len(part), part)


@contextmanager
def greeting(greet: Callable[[socket.socket], object]) -> Iterator[int]:
    """Greet everyone who connects to a port, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client, suppress(OSError):
                        greet(client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)
