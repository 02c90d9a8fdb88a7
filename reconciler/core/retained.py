"""What was declared at a revision and is no longer: facts and users cannot be deleted, so they stay live."""

from collections.abc import Iterator

from reconciler.core.address import fact_address, user_address
from reconciler.core.base import Base, memory_identity
from reconciler.core.desired import ContactMemory, Desired, Memory
from reconciler.core.observed import Observed, Present
from reconciler.core.plan import Notice


def retained_notices(base: Base, desired: Desired, observed: Observed) -> Iterator[Notice]:
    """Give what was declared and is no longer: it stays live, where it is not known to be gone."""
    kept = {memory_identity(memory): memory for memory in desired.memories}
    for memory in base.memories.values():
        now = kept.get(memory_identity(memory))
        keys = [*_removed_facts(memory, now, observed), *_removed_users(memory, now, observed)]
        if keys:
            yield Notice("retained", (now or memory).address, len(keys), now.source if now else None, tuple(keys))


def _removed_facts(memory: Memory, now: Memory | None, observed: Observed) -> Iterator[str]:
    if not isinstance(memory, ContactMemory):
        return
    declared = {fact.key for fact in now.facts} | now.left_out if isinstance(now, ContactMemory) else set[str]()
    seen = observed.memories.get(now.address) if now else None
    for fact in memory.facts:
        if fact.key not in declared and not (isinstance(seen, Present) and fact.key not in seen.facts):
            yield fact_address("", fact.key).removeprefix(".")


def _removed_users(memory: Memory, now: Memory | None, observed: Observed) -> Iterator[str]:
    declared = {user.phone_number for user in now.users} if now else set[str]()
    seen = observed.memories.get(now.address) if now else None
    for user in memory.users:
        gone = isinstance(seen, Present) and seen.users.listed and user.phone_number not in seen.users.known
        if user.phone_number not in declared and not gone:
            yield user_address("", user.phone_number).removeprefix(".")
