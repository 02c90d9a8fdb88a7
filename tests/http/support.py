"""The real client against the sandbox: in process and over a port, without real waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reconciler.api.client import Endpoint, open_writer
from reconciler.api.pacing import Pacing
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store

KEY = "sk-test-5c1f0e77"

_Result = TypeVar("_Result")


@dataclass
class Waits:
    """Notes waits in place of waiting."""

    seconds: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class World:
    """A sandbox with the faults of a test, and the client's waits."""

    settings: Settings = field(default_factory=Settings)
    rules: tuple[Rule, ...] = ()
    waits: Waits = field(default_factory=Waits)
    store: Store = field(default_factory=Store)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = create_app(self.store, self.settings, Faults(self.rules))

    def endpoint(
        self, url: str = "http://sandbox.localhost", *, in_process: bool = True, timeout: float = 5.0
    ) -> Endpoint:
        return Endpoint(
            base_url=url,
            key=KEY,
            concurrency=4,
            app=self.app if in_process else None,
            timeout=timeout,
            pacing=Pacing(sleep=self.waits.sleep),
            on_request=self.told.append,
        )

    def call(self, work: Callable[[Any], Awaitable[_Result]]) -> _Result:
        """Do something with a client that may write, in process."""
        return call(self.endpoint(), work)

    @property
    def requests(self) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.app.state.log]


def call(endpoint: Endpoint, work: Callable[[Any], Awaitable[_Result]]) -> _Result:
    """Open a client that may write and do something with it."""

    async def run() -> _Result:
        async with open_writer(endpoint) as remote:
            return await work(remote)

    return asyncio.run(run())
