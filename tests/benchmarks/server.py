"""
A loopback server that costs less CPU than what is measured: a bare protocol, with the answers to reads made ahead.

Run as a program it prints its URL, and its counts for each line of its standard input, until that ends.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from tests.benchmarks.answers import NOT_FOUND, PAGE, TOO_MANY, answer, contexts, envelope, memory, pages
from tests.benchmarks.world import Person, World

_END = b"\r\n\r\n"
_CONTEXT = b"/v1/memory/context?"
_CONTACTS = b"/v1/contacts?"
_LIMITED = b"/v1/memory/"
_CREATE = b"/v1/memory/contact"
_LENGTH = b"content-length:"
_FACTS_STEPS = 4


@dataclass(slots=True)
class Traffic:
    """What the server saw since it was last asked: requests, those of them that write, connections, and refusals."""

    reads: int = 0
    writes: int = 0
    connections: int = 0
    by_call: dict[str, int] = field(default_factory=dict)
    refused: int = 0

    @property
    def requests(self) -> int:
        return self.reads + self.writes

    def note(self, call: str) -> None:
        """Count a request by its method and the start of its path."""
        self.by_call[call] = self.by_call.get(call, 0) + 1
        if call.startswith("GET"):
            self.reads += 1
        else:
            self.writes += 1

    def most(self, other: "Traffic") -> "Traffic":
        """Return the greater of each count."""
        calls = self.by_call | other.by_call
        return Traffic(
            max(self.reads, other.reads),
            max(self.writes, other.writes),
            max(self.connections, other.connections),
            {name: max(self.by_call.get(name, 0), other.by_call.get(name, 0)) for name in calls},
            max(self.refused, other.refused),
        )


class Account:
    """
    The world behind the server; what is written to it is answered, and not kept.

    A `rate` of requests in so many seconds refuses what is beyond it, in whatever window one looks at.
    """

    def __init__(
        self, world: World, rate: tuple[int, float] | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.counts = Traffic()
        self._rate = rate
        self._monotonic = monotonic
        self._passed: deque[float] = deque()
        self._contexts: Mapping[bytes, bytes] = contexts(world)
        self._pages = pages(world)
        self._people: dict[str, Person] = {}
        for person in world.people():
            self._people[person.contact_id] = self._people[person.memory_id] = person

    def answer(self, method: bytes, target: bytes, body: bytes) -> bytes:
        """Return the whole HTTP answer to a request."""
        if target.startswith(_LIMITED) and self._is_too_much():
            self.counts.refused += 1
            return TOO_MANY
        if method == b"GET" and target.startswith(_CONTEXT):
            self.counts.note("GET context")
            return self._contexts.get(_query(target)[b"contact_id"], NOT_FOUND)
        if method == b"GET" and target.startswith(_CONTACTS):
            self.counts.note("GET contacts")
            return self._pages[int(_query(target).get(b"offset", b"0")) // PAGE]
        if method == b"POST" and target == _CREATE:
            self.counts.note("POST memory")
            return self._created(json.loads(body)["contact_id"])
        steps = target.split(b"/")
        if method == b"PATCH" and steps[-1] == b"facts" and len(steps) > _FACTS_STEPS:
            self.counts.note("PATCH facts")
            return self._patched(steps[_FACTS_STEPS].decode(), json.loads(body)["facts"])
        return NOT_FOUND

    def _is_too_much(self) -> bool:
        if self._rate is None:
            return False
        requests, seconds = self._rate
        now = self._monotonic()
        while self._passed and self._passed[0] <= now - seconds:
            self._passed.popleft()
        if len(self._passed) >= requests:
            return True
        self._passed.append(now)
        return False

    def _created(self, contact_id: str) -> bytes:
        person = self._people[contact_id]
        created = person.live is None
        return answer(envelope({"memory": memory(person, person.live or {}), "created": created}))

    def _patched(self, memory_id: str, facts: dict[str, str | int | bool]) -> bytes:
        person = self._people[memory_id]
        return answer(envelope(memory(person, {**(person.live or {}), **facts})))


class Connection(asyncio.Protocol):
    """One connection: requests one after the other, each answered after the latency."""

    def __init__(self, account: Account, latency: float) -> None:
        self._account = account
        self._latency = latency
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._account.counts.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._received += data
        while (end := self._received.find(_END)) >= 0:
            length = _body_length(self._received[:end])
            whole = end + len(_END) + length
            if len(self._received) < whole:
                return
            method, target, _ = self._received[:end].split(b" ", 2)
            body, self._received = self._received[end + len(_END) : whole], self._received[whole:]
            self._answer(self._account.answer(method, target, body))

    def _answer(self, text: bytes) -> None:
        assert self._transport is not None
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, text)
        else:
            self._transport.write(text)


def _query(target: bytes) -> dict[bytes, bytes]:
    pairs = (part.partition(b"=") for part in target.partition(b"?")[2].split(b"&"))
    return {name: value for name, _, value in pairs}


def _body_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(_LENGTH)
    return int(lowered[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def serve(world: World, latency: float, rate: tuple[int, float] | None) -> None:
    """Serve a world, with a latency in seconds, until standard input ends."""
    account, loop = Account(world, rate), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(account, latency), "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(asdict(account.counts)), flush=True)
        account.counts = Traffic()


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    asyncio.run(serve(World(**asked["world"]), asked["latency"], asked["rate"]))
