"""How many requests may be under way at once: halved when the API throttles, and slowly one more again."""


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
        """Take in that a request was let through."""
        self._passed += 1
        if self._passed >= self.allowed and self.allowed < self._most:
            self._set(self.allowed + 1)

    def _set(self, allowed: int) -> None:
        self.allowed, self._passed = allowed, 0
