"""The law of `--changed-since`: it plans what the whole plan does about the declarations that differ, and no more."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.model.address import memory_of
from reconciler.core.model.desired import Contact, ContactMemory, Desired, ExistingMemory, User
from reconciler.core.model.observed import NO_USERS, Absent, FoundContact, MissingContact, Observed, Present
from reconciler.core.model.selection import Chosen, select
from reconciler.core.plan.base import changed_addresses
from reconciler.core.plan.operations import Operation, UpdateContact
from reconciler.core.plan.planner import build_plan
from tests.builders import ORIGIN, declared_contact, desired, existing, memory, user

SINCE = Chosen(changed_since="HEAD")
FACTS = st.dictionaries(st.sampled_from(["plan", "city", "tier"]), st.integers(0, 1), max_size=2)
PROFILES = st.fixed_dictionaries({}, optional={"name": st.sampled_from(["A", "B"])})
MEMORIES = [(name, scope) for name in ("ann", "ben", "cat") for scope in ("sales", "support")]


@st.composite
def revisions(draw: st.DrawFn) -> Desired:
    declared: list[ContactMemory | ExistingMemory] = []
    profiles = {name: declared_contact(name, profile=draw(PROFILES)) for name, _ in MEMORIES}
    for name, scope in draw(st.sets(st.sampled_from(MEMORIES))):
        enforced, users = draw(FACTS), [user()] if draw(st.booleans()) else []
        seeds = {key: value for key, value in draw(FACTS).items() if key not in enforced}
        one = memory(enforced, seeds=seeds, contact=name, scope=scope, users=users)
        declared.append(structs.replace(one, contact=profiles[name]))
    if draw(st.booleans()):
        declared.append(existing(*draw(st.sampled_from([[], [user()]]))))
    found = desired(*sorted(declared, key=lambda one: one.address))
    return structs.replace(found, contacts=tuple(profiles[one.name] for one in found.contacts))


@st.composite
def accounts(draw: st.DrawFn) -> Observed:
    live = {memory(contact=name, scope=scope).address: draw(FACTS) for name, scope in MEMORIES}
    seen = {address: Present(address, facts, NO_USERS) if facts else Absent() for address, facts in live.items()}
    contacts = {
        declared_contact(name).address: FoundContact(f"id-of-{name}", draw(PROFILES))
        if draw(st.booleans())
        else MissingContact()
        for name, _ in MEMORIES
    }
    return Observed(contacts, {**seen, existing().address: Present("store-1", {}, NO_USERS)}, requests=0)


def operations(declared: Desired, observed: Observed) -> list[Operation]:
    contacts = {one.address: observed.contacts[one.address] for one in declared.contacts}
    memories = {one.address: observed.memories[one.address] for one in declared.memories}
    return list(build_plan(declared, Observed(contacts, memories, requests=0), origin=ORIGIN, left_out=0).operations)


def differs(before: Desired, now: Desired) -> set[str]:
    """Return the addresses of what is declared otherwise, as anybody would compare them."""

    def declared(one: Contact | ContactMemory | ExistingMemory) -> object:
        facts = one.profile if isinstance(one, Contact) else getattr(one, "facts", ())
        users: tuple[User, ...] = () if isinstance(one, Contact) else one.users
        return [(fact.key, fact.policy, fact.value) for fact in facts], users

    was = {one.address: declared(one) for one in (*before.contacts, *before.memories)}
    return {one.address for one in (*now.contacts, *now.memories) if was.get(one.address) != declared(one)}


@given(revisions(), revisions(), accounts())
def test_the_operations_are_those_of_the_whole_plan_on_what_is_declared_differently(
    before: Desired, now: Desired, observed: Observed
) -> None:
    changed = changed_addresses(before, now)
    part = select(now, SINCE, changed=changed)
    whole = operations(now, observed)
    expected = [one for one in whole if memory_of(one.address) in changed]
    needed = {f"contacts.{name}" for name in part.needed}

    planned = operations(part.desired, observed)

    assert changed == differs(before, now)
    assert [one for one in planned if one.address not in needed] == expected
    of_needed = [(one.type, one.address) for one in planned if one.address in needed]
    creating = [one for one in whole if one.address in needed and not isinstance(one, UpdateContact)]
    assert of_needed == [(one.type, one.address) for one in creating], "a contact exists before its memories do"
    assert part.left_out == len(now.memories) - sum(one.address in changed for one in now.memories)


@given(revisions(), revisions())
def test_nothing_differs_from_itself_and_all_from_nothing(before: Desired, now: Desired) -> None:
    assert changed_addresses(now, now) == frozenset()
    everything = {one.address for one in (*now.contacts, *now.memories)}
    assert changed_addresses(desired(), now) == everything
    assert changed_addresses(before, now) <= everything
