"""Laws of the window: what the client counts is never less than what any API could count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.limits import Window
from reconciler.core.model.settings import Rate

requests = st.lists(
    st.tuples(
        st.integers(0, 30).map(lambda gap: gap if gap > 10 else 0),  # seconds since the one before: mostly bursts
        st.integers(0, 40),  # seconds until its answer
        st.integers(0, 100),  # percent of them until it arrives
    ),
    min_size=9,  # more than a window holds
    max_size=60,
)
rates = st.builds(Rate, st.integers(1, 8), st.integers(1, 60))


@dataclass
class Sent:
    """What was sent under a rate: when each started, and when the API saw it."""

    starts: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)


def send_all(rate: Rate, wanted: Sequence[tuple[int, int, int]]) -> Sent:
    """Send requests as soon as they are wanted and the window lets them."""
    window, sent, now = Window(rate), Sent(), 0.0
    under_way: list[float] = []

    def pass_time(to: float) -> float:
        while under_way and under_way[0] <= to:
            window.end(heappop(under_way))
        return to

    for gap, latency, percent in wanted:
        now = pass_time(now + gap)
        while (wait := window.wait(now)) != 0:
            now = pass_time(min([now + wait, *under_way[:1]]))
        window.start()
        heappush(under_way, now + latency)
        sent.starts.append(now)
        sent.arrivals.append(now + latency * percent / 100)
    return sent


def refused_by_a_log(rate: Rate, arrivals: Sequence[float]) -> int:
    """Count what an API refuses that looks back one window from each request."""
    return sum(
        sum(earlier > moment - rate.seconds for earlier in arrivals[:index]) >= rate.requests
        for index, moment in enumerate(arrivals)
    )


def refused_by_windows(rate: Rate, arrivals: Sequence[float], *, ends: Callable[[float], float]) -> int:
    """Count what an API refuses that counts anew when a window has ended."""
    refused, used, end = 0, 0, float("-inf")
    for moment in arrivals:
        if moment >= end:
            used, end = 0, ends(moment)
        used += 1
        refused += used > rate.requests
    return refused


@given(rates, requests)
def test_no_window_holds_more_starts_than_the_rate_allows(rate: Rate, wanted: list[tuple[int, int, int]]) -> None:
    starts = send_all(rate, wanted).starts

    assert all(later - first >= rate.seconds for first, later in zip(starts, starts[rate.requests :], strict=False))


@given(rates, requests, st.integers(0, 59))
def test_no_kind_of_window_at_the_api_refuses_anything(
    rate: Rate, wanted: list[tuple[int, int, int]], offset: int
) -> None:
    arrivals = sorted(send_all(rate, wanted).arrivals)

    assert refused_by_a_log(rate, arrivals) == 0
    assert refused_by_windows(rate, arrivals, ends=lambda moment: moment + rate.seconds) == 0
    assert (
        refused_by_windows(
            rate, arrivals, ends=lambda moment: ((moment - offset) // rate.seconds + 1) * rate.seconds + offset
        )
        == 0
    )


@given(rates, st.integers(0, 60))
def test_a_burst_takes_the_least_number_of_windows(rate: Rate, count: int) -> None:
    starts = send_all(rate, [(0, 0, 0)] * count).starts

    assert starts == [index // rate.requests * rate.seconds for index in range(count)]
