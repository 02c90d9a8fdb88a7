import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest

from reconciler.api.answers import ThrottledError
from reconciler.api.limits import Slots, Throttle, Window
from reconciler.api.pacer import Budget, Pacer, Waiting
from reconciler.api.row import InOneGo, RequestRow, Retrying
from reconciler.api.sharing import SharedWindow
from reconciler.clock import Clock
from reconciler.concurrency import for_each
from reconciler.core.model.settings import Rate
from reconciler.core.plan.measures import Allowance
from reconciler.core.remote import NEVER, Rests, Try
from reconciler.errors import (
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    BudgetSpentError,
    EndlessAnswerError,
    NoConnectionError,
    NotSentError,
)


@dataclass
class Account:
    """An API in no time at all: `answer` decides on each request; notes when each came and how many at once."""

    answer: Callable[[int, float], Exception | None] = lambda _number, _now: None
    now: float = 0.0
    waits: list[tuple[float, str]] = field(default_factory=list)
    came_at: list[float] = field(default_factory=list)
    refused: int = 0
    under_way: int = 0
    at_once: list[int] = field(default_factory=list)
    stopped: bool = False

    async def wait(self, seconds: float, why: str) -> None:
        self.waits.append((seconds, why))
        self.now += seconds

    def pacer(self, *, concurrency: int = 8, rate: Rate | None = None, budget: Budget | None = None) -> Pacer:
        waiting = Waiting(clock=Clock(monotonic=lambda: self.now), wait=self.wait, should_stop=lambda: self.stopped)
        return Pacer(concurrency=concurrency, rate=rate, budget=budget, waiting=waiting)

    async def exchange(self) -> None:
        self.came_at.append(self.now)
        self.under_way += 1
        self.at_once.append(self.under_way)
        error = self.answer(len(self.came_at), self.now)
        for _ in range(20):  # as long as it takes the others to start
            await asyncio.sleep(0)
        self.under_way -= 1
        self.refused += isinstance(error, ThrottledError)
        if error:
            raise error


def throttled(retry_after: float | None = None) -> ThrottledError:
    return ThrottledError("slow down", retry_after=retry_after)


def send(account: Account, pacer: Pacer, count: int, *, workers: int = 8, is_limited: bool = True) -> None:
    """Send so many requests with some workers; the first error is raised."""

    async def one(_number: int) -> None:
        await pacer.send(account.exchange, is_limited=is_limited)

    asyncio.run(for_each(range(count), one, concurrency=workers))


async def repeated(account: Account, pacer: Pacer) -> None:
    """Send one request, again after faults."""
    await Retrying(pacer).send(lambda: pacer.send(account.exchange, is_limited=True))


def refusing(numbers: Sequence[int], retry_after: float | None = None) -> Callable[[int, float], Exception | None]:
    return lambda number, _now: throttled(retry_after) if number in numbers else None


def test_without_a_limit_nothing_waits() -> None:
    account = Account()
    send(account, account.pacer(), 1_000)

    assert account.waits == []
    assert max(account.at_once) == 8


def test_a_known_limit_is_used_up_at_once_and_then_waited_for() -> None:
    account = Account()
    send(account, account.pacer(rate=Rate(100, 900)), 250)

    assert account.came_at == [0.0] * 100 + [900.0] * 100 + [1800.0] * 50
    assert account.waits == [(900.0, "the rate limit of 100/15m")] * 2


def test_a_limit_below_the_concurrency_holds_too() -> None:
    account = Account()
    send(account, account.pacer(rate=Rate(1, 60)), 4)

    assert account.came_at == [0.0, 60.0, 120.0, 180.0]


@pytest.mark.parametrize(("room", "waits"), [(1, []), (2, []), (3, [60.0])])
def test_room_for_several_is_waited_for_as_a_whole(room: int, waits: list[float]) -> None:
    account = Account()
    pacer = account.pacer(rate=Rate(3, 60))

    async def work() -> int:
        await pacer.send(account.exchange, is_limited=True)
        return await pacer.admit(lambda: room)

    assert asyncio.run(work()) == room
    assert [seconds for seconds, _ in account.waits] == waits


def test_other_paths_do_not_count() -> None:
    account = Account()
    send(account, account.pacer(rate=Rate(2, 900)), 50, is_limited=False)

    assert account.waits == []


def test_after_a_limit_everybody_waits_and_one_goes_first() -> None:
    account = Account(answer=refusing(range(1, 9), retry_after=30.0))
    send(account, account.pacer(), 40)

    assert account.waits == [(30.0, "slow down")]
    assert account.came_at[:9] == [0.0] * 8 + [30.0]
    assert account.at_once[8] == 1


def test_throttling_halves_the_concurrency_once_and_it_comes_back_one_by_one() -> None:
    account = Account(answer=refusing(range(1, 9), retry_after=1.0))
    send(account, account.pacer(), 200)
    after = account.at_once[9:]

    assert max(after[:4]) == 4
    assert max(after[:12]) == 5
    assert max(after) == 8
    assert after.index(8) > after.index(7) > after.index(6) > after.index(5)


def test_without_retry_after_probes_go_alone_and_at_growing_distances_up_to_a_minute() -> None:
    account = Account(answer=lambda _number, now: throttled() if now < 900 else None)
    send(account, account.pacer(), 20)
    probes = [seconds for seconds, _ in account.waits]

    assert probes[:5] == [5.0, 10.0, 20.0, 40.0, 60.0]
    assert set(probes[5:]) == {60.0}
    assert 900 <= account.now <= 960
    assert account.refused == 8 + len(probes) - 1
    assert len(probes) <= 20


def windows_of(count: int, seconds: float, retry_after: bool) -> Callable[[int, float], Exception | None]:  # noqa: FBT001
    """Answer as an API with a fixed window, from the first request on."""
    used: dict[float, int] = {}

    def answer(_number: int, now: float) -> Exception | None:
        began = next((began for began in used if began <= now < began + seconds), now)
        used[began] = used.get(began, 0) + 1
        return throttled(began + seconds - now if retry_after else None) if used[began] > count else None

    return answer


@pytest.mark.parametrize("retry_after", [True, False])
def test_a_limit_that_nobody_told_is_learned(retry_after: bool) -> None:  # noqa: FBT001
    account = Account(answer=windows_of(100, 900, retry_after))
    send(account, account.pacer(), 450)
    probes = 0 if retry_after else 20

    assert account.now < 4 * 960 + 1
    assert account.refused <= 8 + 4 - 1 + probes  # a burst once, then one for each window


def test_a_probe_that_comes_to_nothing_leaves_the_next_one_to_be_the_probe() -> None:
    fault = ApiUnavailableError("502", may_have_happened=True)
    account = Account(answer=lambda number, _now: {1: throttled(30.0), 2: fault}.get(number))
    pacer = account.pacer()
    with pytest.raises(ApiUnavailableError, match="502"):
        send(account, pacer, 1)
    send(account, pacer, 8)

    assert account.at_once[2:4] == [1, 1]
    assert [seconds for seconds, _ in account.waits] == [30.0]


def test_a_clear_no_is_a_request_that_was_let_through() -> None:
    refusal = ApiRejectedError("404", status=404)
    account = Account(answer=lambda number, _now: {1: throttled(30.0), 2: refusal}.get(number))
    pacer = account.pacer()
    with pytest.raises(ApiRejectedError):
        send(account, pacer, 1)
    send(account, pacer, 1)

    assert len(account.waits) == 1


@pytest.mark.parametrize("retry_after", [None, 0.0, 1.0, 900.0, 86_400.0])
def test_no_run_waits_for_ever(retry_after: float | None) -> None:
    account = Account(answer=lambda _number, _now: throttled(retry_after))
    pacer = account.pacer()
    with pytest.raises(NotSentError, match=r"let no request through for 20 min.*slow down") as caught:
        send(account, pacer, 20)
    sent = len(account.came_at)
    with pytest.raises(NotSentError):
        send(account, pacer, 20)

    assert 20 * 60 <= account.now <= 30 * 60
    assert sent == len(account.came_at) < 8 + 40
    assert caught.value.exit_code == 1


def test_a_run_of_hours_that_gets_on_is_not_given_up() -> None:
    account = Account(answer=windows_of(10, 900, retry_after=True))
    send(account, account.pacer(), 400)

    assert account.now >= 39 * 900


@pytest.mark.parametrize(("lasted", "pause"), [(899.0, 899.0), (900.0, 900.0), (901.0, 900.0), (90_000.0, 900.0)])
def test_a_wait_for_the_end_of_a_window_is_never_longer_than_the_longest_window(lasted: float, pause: float) -> None:
    throttle = Throttle(None)
    throttle.note_pass(0.0, is_probe=False, is_limited=True)
    throttle.note_refusal(lasted, why="limit", retry_after=1.0, is_probe=False)
    throttle.note_pass(lasted, is_probe=True, is_limited=True)
    throttle.note_refusal(lasted, why="limit", retry_after=None, is_probe=False)

    assert throttle.wait(lasted) == pause


@pytest.mark.parametrize(("rate", "patience"), [(None, 1200.0), (Rate(1, 60), 1200.0), (Rate(1, 3600), 4800.0)])
def test_there_is_no_hope_once_a_third_more_than_a_window_passed_and_a_probe_was_refused(
    rate: Rate | None, patience: float
) -> None:
    throttle = Throttle(rate)
    throttle.note_refusal(5.0, why="limit", retry_after=None, is_probe=False)
    throttle.note_refusal(6.0, why="limit", retry_after=None, is_probe=False)
    assert not throttle.is_hopeless(1e6)

    throttle.note_refusal(7.0, why="limit", retry_after=None, is_probe=True)
    assert [throttle.is_hopeless(5.0 + patience + more) for more in (-0.1, 0.0)] == [False, True]
    throttle.note_pass(1e6, is_probe=True, is_limited=True)
    assert not throttle.is_hopeless(1e7)


def test_a_window_is_at_its_end_after_as_many_requests_as_the_last_full_one_let_through() -> None:
    throttle = Throttle(None)
    for _ in range(5):
        throttle.start(is_limited=True)
    for _ in range(2):
        throttle.note_pass(0.0, is_probe=False, is_limited=True)
    throttle.note_refusal(1.0, why="limit", retry_after=1.0, is_probe=False)
    throttle.note_pass(1.0, is_probe=False, is_limited=True)  # sent before, answered later
    throttle.note_pass(1.0, is_probe=False, is_limited=False)
    throttle.note_refusal(1.5, why="limit", retry_after=1.0, is_probe=False)
    assert throttle.start(is_limited=True)
    throttle.note_pass(3.0, is_probe=True, is_limited=True)

    ends = []
    for is_limited in (True, False, True, True):
        assert not throttle.start(is_limited=is_limited)
        ends.append(throttle.is_at_its_end)
    assert ends == [False, False, True, False]  # three are the probe and two more


@pytest.mark.parametrize(
    ("retry_after", "pauses"),
    [
        (None, [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]),
        (0.0, [1.0, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0]),
        (7.0, [7.0, 7.0, 10.0, 20.0, 40.0, 60.0, 60.0]),
        (1e6, [900.0] * 7),
    ],
)
def test_a_pause_that_proved_too_short_is_followed_by_longer_ones(
    retry_after: float | None, pauses: list[float]
) -> None:
    throttle = Throttle(None)
    now = 0.0
    seen: list[float] = []
    for _ in pauses:
        throttle.note_refusal(now, why="limit", retry_after=retry_after, is_probe=bool(seen))
        assert not throttle.is_probing
        seen.append(throttle.wait(now))
        now += seen[-1]
        assert throttle.wait(now) == 0.0
        assert throttle.start(is_limited=True)

    assert seen == pauses


def test_a_longer_window_has_more_patience() -> None:
    account = Account(answer=lambda _number, now: throttled() if now < 3600 else None)
    send(account, account.pacer(rate=Rate(100, 3600)), 4)

    assert 3600 <= account.now <= 3660


def test_after_the_last_request_of_a_budget_nothing_is_sent() -> None:
    account = Account()
    pacer = account.pacer(budget=Budget(requests=5))
    with pytest.raises(BudgetSpentError, match="the 5 of --max-requests are used up") as caught:
        send(account, pacer, 6)

    assert len(account.came_at) == 5
    assert pacer.is_budget_spent
    assert caught.value.exit_code == 3


def test_requests_that_were_refused_count_for_the_budget() -> None:
    account = Account(answer=refusing([1], retry_after=1.0))
    with pytest.raises(BudgetSpentError):
        send(account, account.pacer(budget=Budget(requests=5)), 5)

    assert len(account.came_at) == 5


def test_what_is_in_flight_when_the_budget_ends_is_finished() -> None:
    account = Account()
    pacer = account.pacer(budget=Budget(requests=5))
    finished: list[int] = []

    async def one(number: int) -> None:
        try:
            await pacer.send(account.exchange, is_limited=True)
        except BudgetSpentError:
            return
        finished.append(number)

    asyncio.run(for_each(range(9), one, concurrency=3))

    assert finished == [0, 1, 2, 3, 4]


def test_a_wait_that_would_end_after_the_deadline_is_never_begun() -> None:
    account = Account()
    pacer = account.pacer(rate=Rate(2, 900), budget=Budget(minutes=10))
    with pytest.raises(BudgetSpentError, match=r"--max-minutes 10 are over, with 15 min to wait \(the rate limit"):
        send(account, pacer, 3)

    assert account.waits == []
    assert len(account.came_at) == 2


def test_a_wait_that_ends_in_time_is_begun() -> None:
    account = Account()
    send(account, account.pacer(rate=Rate(2, 900), budget=Budget(minutes=16)), 3)

    assert len(account.waits) == 1


def test_after_the_deadline_nothing_is_started() -> None:
    account = Account()
    pacer = account.pacer(budget=Budget(minutes=1))
    account.now = 60.0
    with pytest.raises(BudgetSpentError, match=r"--max-minutes 1 are over$"):
        send(account, pacer, 1)

    assert account.came_at == []


def test_the_pause_after_a_fault_respects_the_deadline() -> None:
    account = Account(answer=lambda _number, _now: ApiUnavailableError("502", may_have_happened=False))
    pacer = account.pacer(budget=Budget(minutes=0.001))

    with pytest.raises(BudgetSpentError):
        asyncio.run(repeated(account, pacer))
    assert len(account.came_at) == 1


def test_a_stop_ends_all_waits() -> None:
    account = Account(answer=lambda _number, _now: throttled(900.0))
    wait = account.wait

    async def wait_until_stopped(seconds: float, why: str) -> None:
        await wait(0.0, why)
        account.stopped = seconds > 0

    account.wait = wait_until_stopped  # type: ignore[method-assign]
    with pytest.raises(NotSentError, match="not reached: the apply was stopped"):
        send(account, account.pacer(), 8)

    assert len(account.waits) == 1


def test_an_allowance_counts_what_the_run_has_sent() -> None:
    account, rate = Account(), Rate(100, 900)
    pacer = account.pacer(rate=rate)
    send(account, pacer, 60)

    assert pacer.allowance() == Allowance(rate, 60, lasts=60 * 8)
    account.now = 900.0
    assert pacer.allowance() == Allowance(rate, 0, is_stale=True, lasts=0)


def test_a_view_counts_for_a_minute_and_over_no_wait() -> None:
    account = Account()
    pacer = account.pacer()

    assert pacer.is_fresh(0.0)
    account.now = 60.0
    assert pacer.is_fresh(0.0)
    asyncio.run(pacer.pause(0.5, "a fault"))
    assert not pacer.is_fresh(0.5)
    assert pacer.is_fresh(60.5)
    account.now = 121.0
    assert not pacer.is_fresh(60.5)


def test_a_fault_is_followed_by_five_more_attempts_with_growing_pauses_that_say_why() -> None:
    account = Account(answer=lambda number, _now: ApiUnavailableError(f"fault {number}", may_have_happened=False))
    with pytest.raises(ApiUnavailableError, match="fault 6"):
        asyncio.run(repeated(account, account.pacer()))

    assert [why for _, why in account.waits] == [f"fault {number}" for number in range(1, 6)]
    for (seconds, _), least in zip(account.waits, (0.5, 1.0, 2.0, 4.0, 8.0), strict=True):
        assert least <= seconds <= least + 0.5


@pytest.mark.parametrize("answered", [True, False])
def test_a_budget_that_ends_in_a_pause_knows_whether_the_api_had_answered(*, answered: bool) -> None:
    fault = ApiUnavailableError("no", may_have_happened=False, answered=answered)
    account = Account(answer=lambda _number, _now: fault)
    with pytest.raises(BudgetSpentError) as caught:
        asyncio.run(repeated(account, account.pacer(budget=Budget(minutes=0.001))))

    assert caught.value.answered is answered


@pytest.mark.parametrize(
    ("error", "was_answered"),
    [
        (None, True),
        (ApiRejectedError("no", status=400), True),
        (ApiUnavailableError("502", may_have_happened=False), False),
        (NoConnectionError("no way"), False),
    ],
)
def test_an_api_that_says_yes_or_no_was_answered(error: Exception | None, *, was_answered: bool) -> None:
    account = Account(answer=lambda _number, _now: error)
    pacer = account.pacer()
    with pytest.raises(type(error)) if error else nullcontext():
        send(account, pacer, 1)

    assert pacer.was_answered is was_answered


def test_requests_are_counted_with_those_that_the_limit_counts_and_the_time_that_it_takes() -> None:
    account = Account()
    pacer = account.pacer(rate=Rate(2, 60))
    send(account, pacer, 3, is_limited=False)
    send(account, pacer, 5)

    assert (pacer.requests_sent, pacer.limited_sent, pacer.seconds_throttled) == (8, 5, 120.0)
    asyncio.run(pacer.pause(7.0, "a fault"))
    assert pacer.seconds_throttled == 120.0


def test_whoever_gives_up_first_says_why_nothing_more_is_sent() -> None:
    account = Account()
    pacer = account.pacer()
    pacer.give_up("enough")
    pacer.give_up("more than enough")
    with pytest.raises(NotSentError, match=r"^not sent: enough$"):
        send(account, pacer, 1)

    assert account.came_at == []
    assert not pacer.is_budget_spent


@pytest.mark.parametrize("is_alone", [True, False])
def test_an_answer_without_end_is_not_asked_for_again_and_ends_a_run_in_which_no_other_came(*, is_alone: bool) -> None:
    endless = range(1 if is_alone else 2, 9)
    account = Account(answer=lambda number, _now: EndlessAnswerError("no end") if number in endless else None)
    pacer = account.pacer()

    async def run() -> list[str]:
        sent = await asyncio.gather(*(repeated(account, pacer) for _ in range(20)), return_exceptions=True)
        return [str(error or "done") for error in sent]

    first, others = ("no end", "not sent: no end") if is_alone else ("done", "done")
    assert asyncio.run(run()) == [first, *["no end"] * 7, *[others] * 12]
    assert len(account.came_at) == (8 if is_alone else 20)


def test_whether_a_rate_is_shared_is_known_of_its_window() -> None:
    account, rate = Account(), Rate(10, 60)
    shared = account.pacer(rate=rate)
    assert not shared.allowance().is_shared

    shared.window = SharedWindow(rate, None, time_of_day=lambda: 0.0, blocks=False)  # type: ignore[arg-type]
    assert shared.is_rate_shared
    assert shared.allowance().is_shared
    assert not account.pacer().is_rate_shared
    assert account.pacer().free() is None


def test_faults_are_counted_apart_from_limits() -> None:
    fault = ApiUnavailableError("502", may_have_happened=False)
    account = Account(answer=lambda number, _now: fault if number % 2 else throttled(1.0) if number < 10 else None)

    asyncio.run(repeated(account, account.pacer()))
    assert len(account.came_at) == 10


@pytest.mark.parametrize(("refused", "gives_up"), [(6, False), (7, True)])
def test_a_row_that_is_refused_in_its_middle_begins_again_six_times_before_that_is_a_fault(
    refused: int, *, gives_up: bool
) -> None:
    middles = range(2, 2 * refused + 1, 2)
    account = Account(answer=lambda number, _now: throttled(1.0) if number in middles else None)
    pacer = account.pacer()
    row = RequestRow(pacer)

    async def look_and_write(_try: Try) -> None:
        for _ in range(2):
            await row.send(account.exchange, is_limited=True)

    asyncio.run(InOneGo(pacer, row, []).do(look_and_write, Rests(NEVER)))

    faults = [why for _, why in account.waits if why != "slow down"]
    assert faults == ["again and again there was no room to look and to write at once (slow down)"] * gives_up
    assert len(account.came_at) == 2 * refused + 2


def test_a_row_that_is_refused_at_its_first_request_has_not_begun_and_waits_as_long_as_it_takes() -> None:
    account = Account(answer=lambda number, _now: throttled(1.0) if number <= 12 else None)
    pacer = account.pacer()
    row = RequestRow(pacer)

    async def write(_try: Try) -> None:
        await row.send(account.exchange, is_limited=True)

    asyncio.run(InOneGo(pacer, row, []).do(write, Rests(NEVER)))

    assert {why for _, why in account.waits} == {"slow down"}
    assert len(account.came_at) == 13


@pytest.mark.parametrize(("keeps_room", "free"), [(True, [7, 7]), (False, [9, 8])])
def test_a_row_keeps_room_for_the_write_that_follows_where_that_is_wanted(*, keeps_room: bool, free: list[int]) -> None:
    account = Account()
    pacer = account.pacer(rate=Rate(10, 60))
    row, doubts = RequestRow(pacer), [ApiError("a"), ApiError("b")]
    tried: list[Try] = []

    async def look(this: Try) -> None:
        tried.append(this)
        await row.send(account.exchange, is_limited=True)

    async def twice() -> list[int | None]:
        left = []
        for seen_at, known in ((NEVER, []), (0.0, doubts)):
            rests = Rests(seen_at, writes=1, looks=2, keeps_room=keeps_room)
            await InOneGo(pacer, row, known).do(look, rests)
            assert row.has_room is keeps_room
            left.append(pacer.free())
        return left

    assert asyncio.run(twice()) == free
    assert tried == [Try(view_holds=False, doubt=None), Try(view_holds=True, doubt=doubts[-1])]


def test_a_row_begins_again_once_others_are_refused_in_its_middle() -> None:
    account = Account(answer=refusing([2], retry_after=3.0))
    pacer = account.pacer()
    row = RequestRow(pacer)
    seen: list[bool] = []

    async def look_and_write(this: Try) -> None:
        seen.append(this.view_holds)
        await row.send(account.exchange, is_limited=True)
        if len(seen) == 1:  # another worker's request goes out, and is refused
            with pytest.raises(ThrottledError):
                await pacer.exchanged(account.exchange, is_limited=True)
        await row.send(account.exchange, is_limited=True)

    asyncio.run(InOneGo(pacer, row, []).do(look_and_write, Rests(0.0)))

    assert seen == [True, False]
    assert account.came_at == [0.0, 0.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("requests", "came_at"), [(2, [0.0, 60.0, 60.0]), (3, [0.0, 0.0, 60.0])], ids=["fits a window", "never fits"]
)
def test_a_row_begins_again_for_more_room_unless_no_window_holds_it(requests: int, came_at: list[float]) -> None:
    account = Account()
    pacer = account.pacer(rate=Rate(2, 60))
    row = RequestRow(pacer)
    if requests == 2:
        send(account, pacer, 1)  # of the window, one is left

    async def work(_try: Try) -> None:
        for _ in range(requests):
            await row.send(account.exchange, is_limited=True)

    asyncio.run(InOneGo(pacer, row, []).do(work, Rests(0.0)))

    assert account.came_at[-3:] == came_at
    assert account.waits == [(60.0, "the rate limit of 2/1m")]


def test_slots_grow_by_one_after_as_many_answers_as_there_are() -> None:
    slots = Slots(4)
    seen = []
    slots.halve()
    for _ in range(12):
        slots.note_pass()
        seen.append(slots.allowed)

    assert seen == [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]
    slots.halve()
    slots.halve()
    assert slots.allowed == 1
    slots.halve()
    assert slots.allowed == 1


def test_of_slots_that_are_dropped_the_answers_under_way_count_for_nothing() -> None:
    slots = Slots(4)
    slots.drop(under_way=2)
    seen = []
    for _ in range(5):
        slots.note_pass()
        seen.append(slots.allowed)

    assert seen == [1, 1, 2, 2, 3]


def test_room_that_a_row_did_not_need_is_given_back() -> None:
    window = Window(Rate(3, 60))
    window.start(3)
    window.end(0.0)
    window.give_back(2)

    assert window.used(1.0) == 1
    assert window.wait(1.0, room=2) == 0.0


def test_a_row_that_is_closed_keeps_no_room() -> None:
    async def opened_and_closed() -> int | None:
        pacer = Pacer(concurrency=1, rate=Rate(4, 60), waiting=Waiting(clock=Clock(monotonic=lambda: 0.0)))
        row = RequestRow(pacer)
        await row.open(lambda: 3)
        row.close()
        return pacer.free()

    assert asyncio.run(opened_and_closed()) == 4
