"""
Whether a watch is alive: something has to be heard of it in time.

A watch is asked whether it is at work, not whether the account is up: a restart does not cure an account that is down,
and would end an apply that waits for its limit.
"""

from collections.abc import Callable

from reconciler.watching.report import Report


class Health:
    """
    Alive while signs of life come in time, and ready while the last run could read the account.

    `clock` gives seconds that never go back, `patience` is how long after its time a sign may come. A run that takes
    hours is alive: each answer and each wait is a sign.
    """

    def __init__(self, clock: Callable[[], float], *, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self.last: Report | None = None
        self.expect_sign()

    def expect_sign(self, seconds: float = 0.0) -> None:
        """Record a sign of life; the next one comes in so many seconds."""
        self._due = self._clock() + seconds + self._patience

    @property
    def is_alive(self) -> bool:
        """Return whether no sign is overdue."""
        return self._clock() <= self._due

    @property
    def is_ready(self) -> bool:
        """Return whether the last run made a plan."""
        return self.last is not None and self.last.reading is not None
