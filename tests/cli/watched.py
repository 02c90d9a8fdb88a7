"""A watch in fake time, over an account on a port: what happens at which second, and what was told."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from reconciler.cli.invocation import Invocation
from reconciler.cli.surroundings import surroundings_of
from reconciler.clock import Clock
from reconciler.concurrency import Stop
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule, bad_gateway
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.watching.run import Times
from reconciler.watching.service import Schedule, Watched, watch_account

_START = datetime(2027, 3, 31, 14, tzinfo=UTC)
_RESULT = re.compile(r"^\S+ \S+: (\w+)[,;]", re.MULTILINE)


class Down(Faults):
    """A gateway answers in the account's place from one second to another; at other times, rules apply."""

    def __init__(self, clock: Callable[[], float], rules: Iterable[Rule], *, since: float, until: float) -> None:
        super().__init__(rules)
        self._clock = clock
        self._since = since
        self._until = until

    def draw(self, *, method: str, path: str) -> Rule | None:
        is_down = self._since <= self._clock() < self._until
        return Rule(fault=bad_gateway()) if is_down else super().draw(method=method, path=path)


@dataclass
class FakeTime:
    """Time that passes only when someone sleeps; `events` happen at their second, and a stop is asked for at `ends`."""

    ends: float
    events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    now: float = 0.0
    stop: Stop = field(default_factory=Stop)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        target = self.now + seconds
        while self.events and self.events[0][0] <= target:
            self.now, happen = self.events[0][0], self.events.pop(0)[1]
            happen()
        self.now = target
        if self.now >= self.ends:
            self.stop.request()
        await asyncio.sleep(0)

    def times(self, share: Callable[[], float]) -> Times:
        clock = Clock(lambda: _START + timedelta(seconds=self.now), self.clock, self.sleep)
        return Times(self.stop, clock, share)


@dataclass
class Watch:
    """One watch; `told` is its log so far."""

    capture: pytest.CaptureFixture[str]
    time: FakeTime
    since: float = 0.0
    until: float = 0.0
    rules: tuple[Rule, ...] = ()
    settings: Settings = field(default_factory=Settings)
    store: Store = field(default_factory=Store)
    told: str = ""

    def __post_init__(self) -> None:
        faults = Down(self.time.clock, self.rules, since=self.since, until=self.until)
        self.app = create_app(self.store, self.settings, faults, monotonic=self.time.clock)

    def run(self, *, interval: float, output_format: str = "text", applies: bool = True, **options: Any) -> int:
        """Watch the environment `live`, its account on a port, until the time ends; gives the exit code."""
        with running(self.app) as url:
            options = {"environment": "live", "api_url": url, **options}
            return self.run_as_is(interval=interval, output_format=output_format, applies=applies, **options)

    def run_as_is(self, *, interval: float, output_format: str = "text", applies: bool = True, **options: Any) -> int:
        """Watch what the repository alone says, until the time ends; gives the exit code."""
        watched = Watched(
            Invocation(**options),
            applies=applies,
            schedule=Schedule(interval),
            listen=("127.0.0.1", 0),
            output_format=output_format,
        )
        code = asyncio.run(_called(watched, self.time.times(lambda: 0.0)))
        self.hear()
        return code

    def hear(self) -> str:
        self.told += self.capture.readouterr().err
        return self.told

    def get(self, path: str) -> tuple[int, str]:
        """Ask the watch itself, while it runs."""
        found = re.search(r"(http://[0-9.:]+)/metrics", self.hear())
        assert found
        try:
            with urlopen(found[1] + path, timeout=10) as answer:  # noqa: S310  loopback
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    @property
    def results(self) -> list[str]:
        return _RESULT.findall(self.told)

    @property
    def story(self) -> list[str]:
        """Give the results, each once for as long as it stayed."""
        return [result for result, _ in groupby(self.results)]

    @property
    def writes(self) -> int:
        return sum(entry.committed and entry.method != "GET" for entry in self.app.state.log)


async def _called(watched: Watched, times: Times) -> int:
    invocation = watched.options
    assert isinstance(invocation, Invocation)
    work: Awaitable[int] = watch_account(watched, surroundings_of(invocation), times)
    return await work


def live_facts(store: Store) -> Any:
    memories: Any = store.dump()["contact_memories"]
    return [memory["facts"] for memory in memories]


def many(number: int, *, identified: str) -> str:
    contacts = "".join(
        f"  c{n:02}: {{{identified}: id-{n:02}, scopes: {{s: {{facts: {{a: {n}}}}}}}}}\n" for n in range(number)
    )
    return f"scopes: {{s: {{persona_id: p}}}}\ncontacts:\n{contacts}"
