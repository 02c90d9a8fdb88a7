"""Laws of parts: `--changed-since` plans what the whole plan does of what differs; a part of a diff is a part."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.model.address import memory_of
from reconciler.core.model.desired import Contact, ContactMemory, Desired, ExistingMemory, User
from reconciler.core.model.observed import NO_USERS, Absent, FoundContact, MissingContact, Observed, Present
from reconciler.core.model.selection import ALL, Chosen, select
from reconciler.core.plan.earlier import changed_addresses, counterpart
from reconciler.core.plan.operations import Operation, Plan, UpdateContact
from reconciler.core.plan.planner import build_plan
from reconciler.core.plan.revision import compare_revisions
from tests.builders import ORIGIN, declared_contact, desired, existing, memory, user

SINCE = Chosen(changed_since="HEAD")
FACTS = st.dictionaries(st.sampled_from(["plan", "city", "tier"]), st.integers(0, 1), max_size=2)
PROFILES = st.fixed_dictionaries({}, optional={"name": st.sampled_from(["A", "B"])})
NAMES = ["ann", "ben", "cat"]
MEMORIES = [(name, scope) for name in NAMES for scope in ("sales", "support")]


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


@st.composite
def renamed_revisions(draw: st.DrawFn) -> Desired:
    """Return declarations in which any contact may have any of the names, and a scope and a memory another one."""
    found, scope = draw(revisions()), draw(st.sampled_from(["support", "help"]))
    line = draw(st.sampled_from(["line", "vip-line"]))
    names = dict(zip(NAMES, draw(st.permutations(NAMES)), strict=True))
    contacts = {one.name: structs.replace(one, name=names[one.name]) for one in found.contacts}
    memories = [
        structs.replace(one, contact=contacts[one.contact.name], scope=scope if one.scope == "support" else one.scope)
        for one in found.contact_memories
    ]
    return structs.replace(
        found,
        contacts=tuple(sorted(contacts.values(), key=lambda one: one.name)),
        contact_memories=tuple(sorted(memories, key=lambda one: one.address)),
        existing_memories=tuple(structs.replace(one, name=line) for one in found.existing_memories),
    )


def difference(before: Desired, now: Desired, chosen: Chosen) -> Plan:
    selection = select(now, chosen)
    return compare_revisions(
        counterpart(before, now, selection, chosen),
        selection.desired,
        ref="HEAD",
        origin=ORIGIN,
        left_out=selection.left_out,
        elsewhere=0,
        declared=now,
    )


PATTERNS = [*NAMES, "line", *(f"*.scopes.{scope}" for scope in ("help", "sales", "support"))]


@given(
    renamed_revisions(),
    renamed_revisions(),
    st.lists(st.sampled_from(PATTERNS), unique=True),
    st.sampled_from(["--target", "--exclude"]),
)
def test_a_part_of_a_diff_says_of_each_memory_what_the_whole_says_whatever_its_names_were(
    before: Desired, now: Desired, patterns: list[str], option: str
) -> None:
    written, is_left_out = tuple(patterns), option == "--exclude"
    part = difference(before, now, Chosen(excludes=written) if is_left_out else Chosen(targets=written))
    whole = difference(before, now, ALL)

    def is_chosen(address: str) -> bool:
        section, name, *more = address.split(".")
        is_named = name in patterns or (section == "contacts" and f"*.scopes.{more[1]}" in patterns)
        return is_named is not is_left_out or not patterns

    def of_memories(plan: Plan) -> list[object]:
        said = {(one.type, one.address, one.keys) for one in plan.notices if one.type != "not_read"}
        wanted = [one for one in plan.operations if _is_of_memory(one.address) and is_chosen(one.address)]
        return [wanted, {one for one in said if _is_of_memory(one[1]) and is_chosen(one[1])}]

    assert of_memories(part) == of_memories(whole)
    assert {one.address for one in part.operations} <= {one.address for one in whole.operations}
    assert all(is_chosen(one.address) for one in part.operations if _is_of_memory(one.address))


def _is_of_memory(address: str) -> bool:
    return ".scopes." in address or address.startswith("memories.")
