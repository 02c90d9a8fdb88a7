"""A sandbox with everything that moves by itself (time, ids, waiting) held in the test's hand."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from reconciler.sandbox.app import Logged, create_app
from reconciler.sandbox.faults import Faults, Rule
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store

SEEDS = Path(__file__).parents[1] / "seeds"
START = datetime(2025, 7, 22, 10, 30, tzinfo=UTC)
KEY = {"authorization": "key-1"}
SCOPE = {"contact_id": "c1", "persona_id": "p1"}

Json = dict[str, Any]


def sample(name: str) -> Json:
    """Read a sample of the API reference."""
    value: Json = json.loads((SEEDS / f"{name}.json").read_text())
    return value


@dataclass
class Time:
    """Time that passes only when told to, or when someone sleeps."""

    seconds: float = 0.0
    naps: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.seconds

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.seconds += seconds


@dataclass(frozen=True)
class Driver:
    """A client in process."""

    app: Starlette
    store: Store
    time: Time

    @property
    def log(self) -> deque[Logged]:
        log: deque[Logged] = self.app.state.log
        return log

    def get(self, path: str, **options: object) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: object = None, **options: object) -> httpx.Response:
        return self.ask("POST", path, json=body, **options)

    def patch(self, path: str, body: object = None, **options: object) -> httpx.Response:
        return self.ask("PATCH", path, json=body, **options)

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        return asyncio.run(self._ask(method, path, {"headers": KEY, **options}))

    async def _ask(self, method: str, path: str, options: Json) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, **options)

    def remember(self, **scope: str) -> str:
        """Create a memory, for contact c1 and persona p1 unless told otherwise, and give its id."""
        return str(self.post("/v1/memory/contact", scope or SCOPE).json()["data"]["memory"]["id"])

    def facts(self, memory_id: str) -> Json:
        facts: Json = self.get(f"/v1/memory/contact/{memory_id}").json()["data"]["facts"]
        return facts


def numbered() -> Callable[[], str]:
    """Ids that can be foreseen: id-1, id-2, and so on."""
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


def driver(*rules: Rule, world: Json | None = None, seed: int = 0, **settings: object) -> Driver:
    """Build a sandbox that holds a world, with switches and faults."""
    time = Time()
    store = Store(clock=time.clock, new_id=numbered())
    store.load(world or {})
    faults = Faults(rules, seed=seed)
    switches: Json = settings
    app = create_app(store, Settings(**switches), faults, monotonic=time.monotonic, sleep=time.sleep)
    return Driver(app, store, time)


def error(response: httpx.Response) -> tuple[int, str, str]:
    """Take a refusal apart: status, code, message."""
    body = response.json()
    assert body["data"] is None
    (only,) = body["errors"]
    return response.status_code, only["error"], only["message"]


def statuses(responses: Iterable[httpx.Response]) -> list[int]:
    return [response.status_code for response in responses]
