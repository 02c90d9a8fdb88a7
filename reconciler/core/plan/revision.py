"""
Two revisions of the specs as a plan: what the later one declares otherwise.

The earlier declarations stand in the place of the account, so the plan is of an account that holds exactly these.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from reconciler.core.model.address import user_address
from reconciler.core.model.desired import (
    Contact,
    ContactId,
    ContactMemory,
    Desired,
    ExistingMemory,
    Fact,
    Identity,
    Memory,
    User,
    number_key,
)
from reconciler.core.model.observed import (
    NO_USERS,
    Absent,
    FoundContact,
    LiveUser,
    LiveUsers,
    MissingContact,
    Observed,
    ObservedContact,
    ObservedMemory,
    Present,
)
from reconciler.core.model.value import Json, same
from reconciler.core.plan.base import Base, base_of, memory_identity
from reconciler.core.plan.diff import FactWrite, diff_facts
from reconciler.core.plan.notices import WHOLE_MEMORY, in_order, undeclared_notices
from reconciler.core.plan.operations import (
    ContactWork,
    MemoryOperation,
    MemoryWork,
    Notice,
    Plan,
    PlanOrigin,
    Work,
    WriteFacts,
)
from reconciler.core.plan.planner import build_plan

_OF_ACCOUNTS = {"unmanaged", "unconfirmed_key"}
"""Notices about what only an account can hold."""


def compare_revisions(  # noqa: PLR0913  one parameter a part of what is compared
    before: Desired, now: Desired, *, ref: str, origin: PlanOrigin, left_out: int, elsewhere: int, declared: Desired
) -> Plan:
    """
    Return what `now` declares otherwise than `before`, which was declared at the revision `ref`.

    What is not certain are other values of seeded facts, which are written only where the account lacks them.
    `declared` is all that is declared, where `now` is a part; the rest is counted as for a plan.
    """
    base = base_of(before, ref)
    plan = build_plan(
        now,
        _as_account(base, now),
        origin=origin,
        left_out=left_out,
        elsewhere=elsewhere,
        base=base,
        declared=declared,
    )
    of_plan = {item.address: item for item in plan.work}
    work = (_with_seeds(item, base) for item in _all_work(now, of_plan))
    notices = [*_of_units_gone(plan, before, declared), *_of_policies(base, now), *_of_users(base, now)]
    return replace(
        plan,
        work=tuple(item for item in work if item.operations),
        notices=_merged(notices),
        base=None,  # all changes have the same cause
    )


def _as_account(base: Base, now: Desired) -> Observed:
    """Return the account that holds what was declared, as it is seen by what is declared now."""
    contacts = {one.address: _contact(one, base.profile(one.identity)) for one in now.contacts}
    memories = {one.address: _memory(one, base) for one in now.memories}
    return Observed(contacts, memories, requests=0)


def _contact(now: Contact, profile: Mapping[str, Json] | None) -> ObservedContact:
    """Return a contact as it was declared: one with an id is there already, and each has metadata, if empty."""
    contact_id = _id_of(now.identity)
    if profile is None and not contact_id:
        return MissingContact()
    return FoundContact(contact_id, {"metadata": {}, **(profile or {})})


def _id_of(identity: Identity) -> str:
    return identity.contact_id if isinstance(identity, ContactId) else ""


def _memory(now: Memory, base: Base) -> ObservedMemory:
    was = base.memories.get(memory_identity(now))
    memory_id = now.memory_id if isinstance(now, ExistingMemory) else None
    if was is None:
        return Present(memory_id, {}, NO_USERS) if memory_id else Absent()
    known = {number_key(user.phone_number): user for user in was.users}
    users = {user.phone_number: _user(known.get(number_key(user.phone_number))) for user in now.users}
    others = {user.phone_number: _user(user) for user in was.users}
    return Present(memory_id, base.facts(now) or {}, LiveUsers({**others, **users}, listed=True))


def _user(was: User | None) -> LiveUser | None:
    return LiveUser(was.metadata, was.summary) if was else None


def _all_work(now: Desired, of_plan: Mapping[str, Work]) -> Iterator[Work]:
    """Yield the work of each contact and memory, in the order of a plan, without ids that no spec names."""
    memories: dict[str, list[ContactMemory]] = {contact.name: [] for contact in now.contacts}
    for memory in now.contact_memories:
        memories[memory.contact.name].append(memory)
    for contact in now.contacts:
        contact_id = _id_of(contact.identity) or None
        planned = of_plan.get(contact.address)
        yield replace(planned, contact_id=contact_id) if planned else ContactWork(contact, contact_id, ())
        for memory in memories[contact.name]:
            item = of_plan.get(memory.address) or MemoryWork(memory, None, None, ())
            yield replace(item, contact_id=contact_id)
    yield from (of_plan[one.address] for one in now.existing_memories if one.address in of_plan)


def _with_seeds(item: Work, base: Base) -> Work:
    """Return the work on a memory with the seeded facts whose values are others, which no plan overwrites."""
    if not isinstance(item, MemoryWork) or not isinstance(item.memory, ContactMemory):
        return item
    writes = _other_seeds(item.memory, base.facts(item.memory) or {})
    if not writes:
        return item
    seeds: tuple[MemoryOperation, ...] = (WriteFacts(item.memory, writes, certain=False),)
    return replace(item, operations=(*item.operations, *seeds))


def _other_seeds(now: ContactMemory, was: Mapping[str, Json]) -> tuple[FactWrite, ...]:
    seeds = (fact for fact in now.facts if fact.policy == "seed" and fact.key in was)
    return diff_facts((replace(fact, policy="enforce") for fact in seeds), was)


def _of_units_gone(plan: Plan, before: Desired, declared: Desired) -> Iterator[Notice]:
    """Yield the notices of the plan, those of whole contacts and memories that are gone as `undeclared`."""
    retained = {notice.address: notice for notice in plan.notices if notice.type == "retained"}
    for gone in undeclared_notices(before, declared):
        known = retained.get(gone.address) if gone.keys == WHOLE_MEMORY else None
        yield replace(gone, keys=known.keys) if known else gone
    addresses = {one.address for one in (*declared.contacts, *declared.memories)}
    for notice in plan.notices:
        if notice.type not in _OF_ACCOUNTS and (notice.type != "retained" or notice.address in addresses):
            yield notice


def _of_policies(base: Base, now: Desired) -> Iterator[Notice]:
    """Yield notices of facts that were seeded and are enforced, or the reverse."""
    for memory in now.contact_memories:
        was = base.memories.get(memory_identity(memory))
        policies = {fact.key: fact.policy for fact in was.facts} if isinstance(was, ContactMemory) else {}
        changed = [fact for fact in memory.facts if policies.get(fact.key, fact.policy) != fact.policy]
        yield from _policy_notices(memory, changed)


def _policy_notices(memory: ContactMemory, changed: list[Fact]) -> Iterator[Notice]:
    enforced = tuple(fact.key for fact in changed if fact.policy == "enforce")
    seeded = tuple(fact.key for fact in changed if fact.policy == "seed")
    if enforced:
        yield Notice("now_enforced", memory.address, len(enforced), memory.source, enforced)
    if seeded:
        yield Notice("now_seeded", memory.address, len(seeded), memory.source, seeded)


def _of_users(base: Base, now: Desired) -> Iterator[Notice]:
    """Yield notices of users whose texts are declared no longer, or with another key, which no update can set."""
    for memory in now.memories:
        was = base.memories.get(memory_identity(memory))
        known = {number_key(user.phone_number): user for user in was.users} if was else {}
        pairs = [(user, known[key]) for user in memory.users if (key := number_key(user.phone_number)) in known]
        if texts := tuple(text for pair in pairs for text in _texts_gone(*pair)):
            yield Notice("retained", memory.address, len(texts), memory.source, texts)
        if changed := tuple(user.phone_number for user, former in pairs if _has_another_key(user, former)):
            yield Notice("key_changed", memory.address, len(changed), memory.source, changed)


def _texts_gone(now: User, was: User) -> Iterator[str]:
    for field in ("metadata", "summary"):
        if getattr(was, field) is not None and getattr(now, field) is None:
            yield f"{user_address('', now.phone_number).removeprefix('.')}.{field}"


def _has_another_key(now: User, was: User) -> bool:
    return not same(now.external_memory_key, was.external_memory_key)


def _merged(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Return the notices sorted; those of what is retained at one address as one."""
    found: dict[tuple[str, str, object], Notice] = {}
    for at, notice in enumerate(notices):
        key = (notice.type, notice.address, None if notice.type == "retained" else at)
        known = found.get(key)
        more = replace(known, count=known.count + notice.count, keys=(*known.keys, *notice.keys)) if known else notice
        found[key] = more
    return in_order(found.values())
