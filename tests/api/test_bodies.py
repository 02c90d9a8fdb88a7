"""The bytes of an answer, without a network: how large, how packed, how heavy and how late they may be."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from math import inf
from selectors import DefaultSelector, SelectorKey

import pytest

from reconciler.api.client import body
from reconciler.api.client.connection import connected
from reconciler.api.client.endpoint import Endpoint, ReadBody, Received
from reconciler.api.pacer import Budget, Pacer, Waiting
from reconciler.api.requests import READS
from reconciler.clock import Clock
from reconciler.errors import ApiUnavailableError

TEXT = b'{"data": {"id": "m", "contact_id": "c", "facts": {"a": "x"}}, "errors": null}'
PACKED = gzip.compress(TEXT, mtime=0)


def unpacked(packed: bytes, encoding: str, most_bytes: int = 1000) -> bytes:
    return body.unpacked(Received(200, {"content-encoding": encoding}, packed), most_bytes)


def taking(turn: asyncio.Lock) -> body.TakeTurn:
    async def take() -> Callable[[], None]:
        await turn.acquire()
        return turn.release

    return take


def read(parts: list[bytes], most_bytes: int) -> bytes:
    async def coming() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return asyncio.run(body.read_within(most_bytes, taking(asyncio.Lock()), coming()))


def test_a_body_is_read_up_to_its_bound_and_one_byte_more_is_told_for_good() -> None:
    assert read([b"ab", b"", b"cde"], 5) == b"abcde"
    for parts in ([b"ab", b"cdef"], [b"abcdef"], [*[b"a"] * 6]):
        with pytest.raises(ApiUnavailableError, match=r"^the answer is larger than 0 MiB, so it was not read$") as told:
            read(parts, 5)
        assert told.value.is_final
        assert told.value.may_have_happened


def test_of_large_bodies_that_come_at_once_one_is_read_after_the_other() -> None:
    taken: list[str] = []

    async def coming(name: str, number: int) -> AsyncIterator[bytes]:
        for _ in range(number):
            await asyncio.sleep(0)
            taken.append(name)
            yield bytes(1 << 20)

    async def run() -> list[int]:
        take = taking(asyncio.Lock())
        bodies = (body.read_within(8 << 20, take, coming(name, len(name))) for name in ("aaaa", "bbbb", "c", "dddd"))
        return [len(one) >> 20 for one in await asyncio.gather(*bodies)]

    assert asyncio.run(run()) == [4, 4, 1, 4]
    large = "".join(name[0] for name in taken if name != "c")
    assert large == "abdabd" + "aa" + "bb" + "dd"
    assert taken.index("c") < 4


def test_a_large_body_that_is_given_up_ends_its_turn() -> None:
    async def run() -> bytes:
        take = taking(asyncio.Lock())
        with pytest.raises(ApiUnavailableError):
            await body.read_within(5 << 20, take, coming(6))
        return await body.read_within(5 << 20, take, coming(5))

    async def coming(number: int) -> AsyncIterator[bytes]:
        for _ in range(number):
            yield bytes(1 << 20)

    assert len(asyncio.run(run())) == 5 << 20


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_body_that_is_not_packed_stays_as_it_is(encoding: str) -> None:
    assert unpacked(TEXT, encoding) == TEXT
    assert body.unpacked(Received(200, {}, TEXT), 1000) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", " GZIP "])
def test_a_packed_body_may_be_as_large_as_its_bound_once_it_is_unpacked(encoding: str) -> None:
    assert unpacked(PACKED, encoding, len(TEXT)) == TEXT
    with pytest.raises(ApiUnavailableError, match="is larger than 3 MiB"):
        unpacked(gzip.compress(b" " * (3 * 2**20 + 1)), encoding, 3 * 2**20)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate"])
def test_what_is_packed_otherwise_is_not_unpacked_and_told_for_good(encoding: str) -> None:
    with pytest.raises(ApiUnavailableError, match="is packed in a way that was not asked for") as told:
        unpacked(PACKED, encoding)

    assert told.value.is_final
    assert unpacked(b"", encoding) == b""


DAMAGED = {
    "without its sum": PACKED[:-8],
    "with half of its sum": PACKED[:-3],
    "cut off": PACKED[:-20],
    "with a wrong sum": PACKED[:-8] + bytes(8),
    "with a byte that changed": PACKED[:20] + bytes((PACKED[20] ^ 0xFF,)) + PACKED[21:],
    "in two parts": gzip.compress(TEXT[:9], mtime=0) + gzip.compress(TEXT[9:], mtime=0),
    "followed by another": PACKED + PACKED,
    "not packed at all": TEXT,
    "packed in another way": zlib.compress(TEXT),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_packed_body_that_is_damaged_is_never_taken_for_a_whole_one_and_another_may_be(how: str) -> None:
    with pytest.raises(ApiUnavailableError, match=r"^the answer is packed, and damaged$") as told:
        unpacked(DAMAGED[how], "gzip")

    assert told.value.may_have_happened
    assert not told.value.is_final


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        (b"[1]", 210 + 3 * 3),
        (b'{"a":1,"b":[[]]}', 4 * 210 + 16 * 3),
        (b"x" * 50, 50 * 3),
        ("x\u00ff".encode(), 3 * 3),
        ("x\u0100".encode(), 3 * 5),
        ("x\uffff".encode(), 4 * 5),
        ("x\U00010000".encode(), 5 * 9),
        ("x\U0010ffff\u0448".encode(), 7 * 9),
        (rb"x\n", 3 * 3),
        (rb"\u0448", 6 * 7),
        (rb"\u0448" + "\u0448".encode(), 8 * 8),
    ],
)
def test_a_body_is_refused_where_it_weighs_more_than_it_may(
    monkeypatch: pytest.MonkeyPatch, text: bytes, weight: int
) -> None:
    monkeypatch.setattr(body, "_LIGHT", 0)
    monkeypatch.setattr(body, "_MOST_WEIGHT", weight)
    assert body.checked(text) == text

    monkeypatch.setattr(body, "_MOST_WEIGHT", weight - 1)
    with pytest.raises(ApiUnavailableError, match="would take more than 0 MB of memory, so it was not read") as told:
        body.checked(text)
    assert told.value.is_final


def test_a_body_below_2_mb_is_not_weighed_and_a_large_one_may_weigh_300_mb() -> None:
    commas, wide = 1_300_000, "\u0448".encode()
    large = b"," * commas + wide + b" " * (60_000_000 - 43 * commas - 2)  # 210 a comma, and 5 a byte

    assert body.checked(b"," * 1_900_000)
    assert body.checked(large)
    for heavy in (b"," * 1_900_001, large + b" "):
        with pytest.raises(ApiUnavailableError, match="more than 300 MB of memory"):
            body.checked(heavy)


class Passing(DefaultSelector):
    """Lets the time until the next timer pass at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        self.now += timeout or 0
        return super().select(0)

    def pacer(self, stops_at: float = inf, minutes: float | None = None) -> Pacer:
        waiting = Waiting(clock=Clock(monotonic=lambda: self.now), should_stop=lambda: self.now >= stops_at)
        return Pacer(concurrency=9, budget=Budget(minutes=minutes), waiting=waiting)

    def run(self, work: Coroutine[None, None, list[str]]) -> list[str]:
        loop = asyncio.SelectorEventLoop(self)
        loop.time = lambda: self.now  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(work)


async def asked(takes: Sequence[float], pacer: Pacer) -> list[str]:
    """Ask for large bodies at once, each of which takes so many seconds; return what came of each."""

    class Slow:
        turn = asyncio.Lock()

        async def exchange(self, _method: str, path: str, _content: object, read: ReadBody) -> Received:
            async def coming() -> AsyncIterator[bytes]:
                yield b" " * 2_000_000
                await asyncio.sleep(takes[int(path[-1])])
                yield b"."

            return Received(200, {}, await read(coming()))

    async def ask(number: int) -> str:
        try:
            answer = await connection.exchange("GET", f"/v1/contacts/{number}", None)
        except ApiUnavailableError as error:
            return str(error)[-17:]
        return f"{len(answer.body):,} bytes"

    endpoint = Endpoint("http://127.0.0.1:1", "k", len(takes), pacer, transport=Slow())
    async with connected(endpoint, READS) as connection:
        return await asyncio.gather(*map(ask, range(len(takes))))


WHOLE = "2,000,001 bytes"


@pytest.mark.parametrize(
    ("takes", "said", "ended"),
    [
        ([40, 40, 40], [WHOLE, WHOLE, WHOLE], 120),
        ([61, 59, 1], ["within 60 seconds", WHOLE, WHOLE], 120),
    ],
)
def test_the_wait_for_the_turn_of_a_large_body_is_no_time_of_its_answer(
    takes: list[float], said: list[str], ended: float
) -> None:
    time = Passing()

    assert time.run(asked(takes, time.pacer())) == said
    assert time.now == pytest.approx(ended, abs=1)


@pytest.mark.parametrize("limit", [{"stops_at": 60.0}, {"minutes": 1.0}])
@pytest.mark.parametrize(
    ("takes", "came"),
    [
        ([40, 40, 40, 40], [WHOLE[:8], "within 3", "within 1", "within 1"]),
        ([40, 25, 8], [WHOLE[:8], WHOLE[:8], "within 1"]),  # the turn of the last comes after the end of the run
    ],
)
def test_once_a_run_is_over_large_bodies_that_wait_for_their_turn_are_not_waited_for(
    limit: dict[str, float], takes: list[float], came: list[str]
) -> None:
    time = Passing()

    assert [one[:8] for one in time.run(asked(takes, time.pacer(**limit)))] == came
    assert time.now == pytest.approx(70, abs=2)
