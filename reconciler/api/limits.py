"""
The limits on requests, as arithmetic: times come in as seconds, nothing waits here.

After a 429 the gate is closed. When the wait is over, one request goes as a probe; the others follow when it is let
through. Without `Retry-After`, probes come at growing intervals, so that a window of any length is found. The number of
requests that a window held, and how long it lasted, are remembered for the next time.

The window is our own. `aiolimiter` is a leaky bucket, which lets up to twice the allowance into one window.
`limits` and `pyrate-limiter` count a request at its start alone, so that a slow one can meet the next window. We count
a request from its start until one full window after its answer. Whatever window the server uses (sliding, from the
first request, on the clock), we never exceed it. No rule is learned from a 429, since others may have used a part of
its window.
"""

from collections import deque

from reconciler.core.model.settings import Rate


class Slots:
    """Additive increase, multiplicative decrease: one more after as many answers as there are slots."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._passed = 0
        self.allowed = most

    def halve(self) -> None:
        """Allow half as many, at least one."""
        self._set(max(1, self.allowed // 2))

    def drop(self, *, under_way: int) -> None:
        """Allow one at a time; the answers of those under way count for nothing."""
        self._set(1)
        self._passed = -under_way

    def note_pass(self) -> None:
        """Record that a request was let through."""
        self._passed += 1
        if self._passed >= self.allowed and self.allowed < self._most:
            self._set(self.allowed + 1)

    def _set(self, allowed: int) -> None:
        self.allowed, self._passed = allowed, 0


class Window:
    """
    The requests that count under a rate at a moment.

    A request counts from its start until a whole window after its answer, because the API counts it at some time in
    between.
    """

    is_shared = False
    """Whether other runs draw from the same rate."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._under_way = 0
        self._answered: deque[float] = deque()

    def used(self, now: float) -> int:
        """Count the requests that fill the window."""
        while self._answered and self._answered[0] + self._rate.seconds <= now:
            self._answered.popleft()
        return self._under_way + len(self._answered)

    def free(self, now: float) -> int:
        """Count the requests that may start."""
        return max(0, self._rate.requests - self.used(now))

    def wait(self, now: float, *, room: int = 1) -> float:
        """
        Return the least seconds until so many more may start; a whole window where too few are answered yet.

        More than the window ever holds count as its full number.
        """
        surplus = self.used(now) + min(room, self._rate.requests) - self._rate.requests
        if surplus <= 0:
            return 0.0
        if surplus > len(self._answered):
            return float(self._rate.seconds)
        return self._answered[surplus - 1] + self._rate.seconds - now

    async def prepare(self, now: float, room: int) -> None:
        """Do nothing: this window is this run's alone."""

    def settle(self, now: float) -> None:
        """Do nothing, as above."""

    def start(self, requests: int = 1) -> None:
        """Count requests that start, or that surely follow."""
        self._under_way += requests

    def give_back(self, requests: int) -> None:
        """Stop counting requests that never started."""
        self._under_way -= requests

    def end(self, now: float) -> None:
        """Record that a request was answered, or given up; it counts for one more window."""
        self._under_way -= 1
        self._answered.append(now)


_WINDOW = 15 * 60.0  # of the documented limit: 100 requests in 15 minutes
_PATIENCE = 4 / 3  # so many windows may pass without one request let through
_SHORTEST_WAIT = 1.0
_WAITS = (5.0, 10.0, 20.0, 40.0, 60.0)  # between probes where the API does not say how long; the last one stays


class Throttle:
    """
    The gate that a 429 closes; `rate` is the limit where it is known.

    `closed_because` is the API's message, None while the gate is open. `is_probing` is whether all others wait for the
    answer to one request.
    """

    def __init__(self, rate: Rate | None) -> None:
        self._window = max(_WINDOW, rate.seconds if rate else 0.0)
        self._opens_at = 0.0
        self._closed_at = 0.0
        self._refused_probes = 0
        self._began: float | None = None
        self._lasted = 0.0
        self._sent = 0
        self._passed = 0
        self._holds = 0
        self.is_probing = False
        self.closed_because: str | None = None

    @property
    def patience(self) -> float:
        """Return the seconds after which a run ends without one request let through."""
        return self._window * _PATIENCE

    @property
    def is_at_its_end(self) -> bool:
        """Return whether as many were sent as the last full window held, so that the next may be refused."""
        return self._sent == self._holds > 0

    def wait(self, now: float) -> float:
        """Return the seconds until a request may go as a probe; 0 while the gate is open."""
        return max(0.0, self._opens_at - now) if self.closed_because is not None else 0.0

    def is_hopeless(self, now: float) -> bool:
        """Return whether nothing was let through for longer than any window."""
        return self.closed_because is not None and now - self._closed_at >= self.patience and self._refused_probes > 0

    def start(self, *, is_limited: bool) -> bool:
        """Record that a request goes out, and return whether it is the probe; `is_limited`: the limit counts it."""
        self.is_probing = self.closed_because is not None
        self._sent += is_limited
        return self.is_probing

    def note_pass(self, now: float, *, is_probe: bool, is_limited: bool) -> None:
        """Record that a request was let through."""
        if is_probe:
            self._open(now)
        if is_limited and self.closed_because is None:
            self._began = now if self._began is None else self._began
            self._passed += 1
        elif is_limited:
            self._holds += 1

    def note_fault(self, *, is_probe: bool) -> None:
        """Record that a request had no usable answer; after a probe, the next request is one."""
        if is_probe:
            self.is_probing = False

    def note_refusal(self, now: float, *, why: str, retry_after: float | None, is_probe: bool) -> bool:
        """Close the gate, or keep it closed; return whether it was open."""
        was_open = self.closed_because is None
        if was_open:
            self._closed_at = now
            self._holds = self._passed
        if is_probe:
            self.is_probing = False
            self._refused_probes += 1
        self.closed_because = why
        self._opens_at = max(self._opens_at, now + self._pause(now, retry_after))
        return was_open

    def _pause(self, now: float, retry_after: float | None) -> float:
        """Return the seconds to wait: what the API asks for, unless that proved too short; else longer each time."""
        if retry_after is not None:
            asked = min(self._window, max(_SHORTEST_WAIT, retry_after))
            return max(asked, _growing(self._refused_probes - 1)) if self._refused_probes else asked
        pause = _growing(self._refused_probes)
        if self._refused_probes == 0 and self._began is not None:
            pause = max(pause, self._began + self._lasted - now)
        return pause

    def _open(self, now: float) -> None:
        if self._began is not None:
            self._lasted = min(self._window, now - self._began)
        self._began = None
        self._sent = 1
        self._passed = self._refused_probes = 0
        self.is_probing = False
        self.closed_because = None


def _growing(times: int) -> float:
    return _WAITS[min(times, len(_WAITS) - 1)]
