"""
What the API's own "wait" (429) means for everybody, as arithmetic: times in seconds come in, nothing waits here.

After a 429 the gate is closed. When its time has come one request goes as a probe, and the others when that one is let
through. Without `Retry-After` the probes come at growing distances, so that a window of any length is found. What a
window was seen to hold, and how long it lasted, is remembered for the next time.

The window is our own. `aiolimiter` is a leaky bucket, which lets up to twice the allowance into one window.
`limits` and `pyrate-limiter` count a request at its start alone, so that a slow one can meet the next window. We count
a request from its start until one full window after its answer. Whatever window the server uses (sliding, from the
first request, on the clock), we never exceed it. What a 429 taught never becomes a rule, since others may have used a
part of the window in which it came.
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
        """Allow one at a time; what becomes of those under way says nothing of those that follow."""
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

    The API counts a request when it arrives, which is some time between its start and its answer. So one counts here
    from its start until a whole window after its answer. Then no window of the API, whether it slides, begins with a
    request or stands on the clock, ever sees more than the rate allows.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._under_way = 0
        self._answered: deque[float] = deque()

    def used(self, now: float) -> int:
        """Count the requests that fill the window."""
        while self._answered and self._answered[0] + self._rate.seconds <= now:
            self._answered.popleft()
        return self._under_way + len(self._answered)

    def wait(self, now: float, *, room: int = 1) -> float:
        """
        Return the seconds until so many more may start, at least; a whole window where too few are answered yet.

        Where the window never holds that many, they are taken for as many as it holds.
        """
        surplus = self.used(now) + min(room, self._rate.requests) - self._rate.requests
        if surplus <= 0:
            return 0.0
        if surplus > len(self._answered):
            return float(self._rate.seconds)
        return self._answered[surplus - 1] + self._rate.seconds - now

    def start(self, requests: int = 1) -> None:
        """Count a request, or keep room for several that surely follow."""
        self._under_way += requests

    def give_back(self, requests: int) -> None:
        """Count no longer what was kept for requests that never started."""
        self._under_way -= requests

    def end(self, now: float) -> None:
        """Let a request that was answered, or given up, leave the window in its time."""
        self._under_way -= 1
        self._answered.append(now)


_WINDOW = 15 * 60.0  # of the documented limit: 100 requests in 15 minutes
_PATIENCE = 4 / 3  # so many windows may pass without one request let through
_SHORTEST_WAIT = 1.0
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 60.0  # between probes where the API does not say how long


class Throttle:
    """
    The gate that a 429 closes; `rate` is the limit where it is known.

    `closed_because` is what the API said, None while the gate is open.
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
        self._probe_is_out = False
        self.closed_because: str | None = None

    @property
    def patience(self) -> float:
        """Return the seconds for which a run goes on without one request let through."""
        return self._window * _PATIENCE

    @property
    def is_probing(self) -> bool:
        """Return whether all wait for what becomes of one request."""
        return self._probe_is_out

    @property
    def is_at_its_end(self) -> bool:
        """Return whether as much was sent as a full window was seen to hold: what follows may be refused."""
        return self._sent == self._holds > 0

    def wait(self, now: float) -> float:
        """Return the seconds until a request may go as a probe; 0 while the gate is open."""
        return max(0.0, self._opens_at - now) if self.closed_because is not None else 0.0

    def is_hopeless(self, now: float) -> bool:
        """Return whether nothing was let through for longer than any window lasts."""
        return self.closed_because is not None and now - self._closed_at >= self.patience and self._refused_probes > 0

    def start(self, *, is_limited: bool) -> bool:
        """Record that a request goes out, one that the limit counts or not, and say whether it is the probe."""
        self._probe_is_out = self.closed_because is not None
        self._sent += is_limited
        return self._probe_is_out

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
        """Record that nothing is known of what became of a request; the next one is the probe then."""
        if is_probe:
            self._probe_is_out = False

    def note_refusal(self, now: float, *, why: str, retry_after: float | None, is_probe: bool) -> bool:
        """Close the gate, or keep it closed; says whether it was open until now."""
        was_open = self.closed_because is None
        if was_open:
            self._closed_at = now
            self._holds = self._passed
        if is_probe:
            self._probe_is_out = False
            self._refused_probes += 1
        self.closed_because = why
        self._opens_at = max(self._opens_at, now + self._pause(now, retry_after))
        return was_open

    def _pause(self, now: float, retry_after: float | None) -> float:
        """Return the seconds that the API asks for, unless that proved too short; else longer ones each time."""
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
        self._probe_is_out = False
        self.closed_because = None


def _growing(times: int) -> float:
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(times, 10))
