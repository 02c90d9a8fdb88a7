"""The window of a rate that is known, as arithmetic: times in seconds come in, nothing waits here."""

from collections import deque

from reconciler.core.model.settings import Rate


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

    def holds(self, requests: int) -> bool:
        """Return whether so many requests ever fit into one window."""
        return requests <= self._rate.requests

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
