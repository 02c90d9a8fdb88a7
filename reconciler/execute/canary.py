"""`--canary`: the first few contacts alone, and the rest only when these are as they should be."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain, groupby

from msgspec import Struct

from reconciler.core.model.address import unit_of
from reconciler.core.model.masking import worded_error
from reconciler.core.plan.operations import Work
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import ReconcilerError

ReadBack = Callable[[Sequence[str], Mapping[str, str]], Awaitable[Sequence[str]]]
"""Is given addresses and the memory ids learned, and gives the addresses that still lack something."""

_MOST_NAMED = 3


class Canary(Struct, frozen=True):
    """So many contacts, and existing memories, that are done and read back before the rest."""

    units: int
    read_back: ReadBack

    def parts(self, work: Sequence[Work]) -> tuple[tuple[Work, ...], tuple[Work, ...]]:
        """Part the work of a plan into the canary's and the rest."""
        units = [tuple(items) for _, items in groupby(work, key=lambda item: unit_of(item.address))]
        first, rest = units[: self.units], units[self.units :]
        return tuple(chain(*first)), tuple(chain(*rest))

    async def objection(self, work: Sequence[Work], outcomes: Iterable[Outcome], ids: Mapping[str, str]) -> str:
        """Say why the rest must not be done, in one line; empty where nothing speaks against it."""
        bad = [outcome for outcome in outcomes if outcome.result not in {"done", "already"}]
        if bad:
            return f"not tried: the canary failed ({bad[0].operation.address}: {bad[0].result})"
        try:
            lacking = await self.read_back(sorted({unit_of(item.address) for item in work}), ids)
        except ReconcilerError as error:
            first = worded_error(error, reveal=False).partition("\n")[0]
            return f"not tried: the canary could not be read back: {first}"
        except asyncio.CancelledError:
            return "not tried: reading the canary back was stopped"
        except Exception as error:  # noqa: BLE001  the receipt of what was written must not be lost
            return f"not tried: a defect of reconciler while the canary was read back ({type(error).__name__})"
        return f"not tried: read back, the canary is not as declared: {_named(lacking)}" if lacking else ""


def _named(addresses: Sequence[str]) -> str:
    rest = len(addresses) - _MOST_NAMED
    return ", ".join(addresses[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
