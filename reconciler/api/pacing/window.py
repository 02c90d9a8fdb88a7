"""The window of a rate that is known, as arithmetic: times in seconds come in, nothing waits here."""

from collections import deque

from reconciler.core.rate import Rate


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

    def wait(self, now: float) -> float:
        """Give the seconds until one more may start, at least; a whole window where none is answered yet."""
        if self.used(now) < self._rate.requests:
            return 0.0
        return self._answered[0] + self._rate.seconds - now if self._answered else float(self._rate.seconds)

    def start(self) -> None:
        """Count a request."""
        self._under_way += 1

    def end(self, now: float) -> None:
        """Let a request that was answered, or given up, leave the window in its time."""
        self._under_way -= 1
        self._answered.append(now)
