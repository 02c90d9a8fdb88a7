"""Reading what may be written at the same moment: what has changed counts once it was read twice alike."""

import secrets
from collections.abc import Awaitable, Callable

from reconciler.cli.session import Declared
from reconciler.core.model.fingerprint import specs_digest
from reconciler.core.model.masking import Masker
from reconciler.errors import InputError
from reconciler.project import Environment

_MOMENT = 1.0
_MOST_READINGS = 5


class AtRest:
    """
    Loads what is not being written: an editor or a checkout under way leaves halves of files, and some of them.

    Half a file can be a valid one, and what it says would go to the account. `sleep` is told seconds. Kept is what the
    last reading said, as a digest.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._digest = Masker(secrets.token_bytes(), reveal=False).digest
        self._is_first = True
        self._last: tuple[Environment, str] | None = None

    async def read(self, load: Callable[[], Declared]) -> Declared:
        """Load, again after a moment where it differs from the last time; raises `InputError`, and what `load` does."""
        for _ in range(_MOST_READINGS):
            is_first, self._is_first = self._is_first, False
            declared = load()
            before, self._last = self._last, (declared.environment, specs_digest(declared.loaded.desired, self._digest))
            if is_first or before == self._last:
                return declared
            await self._sleep(_MOMENT)
        raise InputError("reconciler.yaml or the specs change while they are read; the next run reads them again")
