"""Whoever the answers speak of: nothing is ever written to a record that was not asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args
from uuid import NAMESPACE_OID, uuid5

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.model.value import canonical
from reconciler.errors import ApiError
from reconciler.sandbox.app import Logged
from reconciler.sandbox.faults import About, Mistake, Rule
from reconciler.sandbox.store import Store
from tests.api.support import World as Served
from tests.effort import examples
from tests.properties.test_laws import Account, accounts
from tests.properties.worlds import NAMES, SCOPES, expected, identifiers, name_of

ABOUT: tuple[About, ...] = get_args(About)
SHARES = (0.25, 1.0)
STRANGER = {"id": "id-of-a-stranger", "name": "Zoe"}
STRANGERS = {
    "contacts": [
        {**STRANGER, "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-zoe"}]},
    ],
    "contact_memories": [
        {"id": f"mem-stranger-{scope}", "contact_id": STRANGER["id"], **key, "facts": {"plan": "hers", "b": {"c": 1}}}
        for scope, key in SCOPES.items()
    ],
}


@dataclass(frozen=True)
class Witness:
    """What the sandbox saw: the writes that came in, and whose record each memory and contact id is."""

    log: tuple[Logged, ...]
    memories: Mapping[str, Any]
    contacts: Mapping[str, Any]

    def strays(self, account: Account) -> list[str]:
        """Return the writes to records that nothing declares, or of values that nothing declares there."""
        return [f"{entry.method} {entry.path} {entry.body}" for entry in self.log if self._is_stray(entry, account)]

    def _is_stray(self, entry: Logged, account: Account) -> bool:
        body: Any = entry.body
        parts = entry.path.strip("/").split("/")
        if not entry.mutates:
            return False
        if entry.path == "/v1/memory/contact":
            return self._owner({**body}) not in account.world.memories
        if entry.path == "/v1/contacts/resolve":
            kind = next(kind for kind in ("external_id", "phone_number", "email") if kind in body)
            return body[kind] not in {identifiers(name)[kind] for name in NAMES}
        if parts[1] == "contacts":
            return self._is_stray_profile(self.contacts[parts[2]], body, account)
        return self._is_stray_memory(self.memories.get(parts[3] if parts[2] == "contact" else parts[2]), body, account)

    def _is_stray_profile(self, contact: Any, body: Any, account: Account) -> bool:
        if contact["id"] == STRANGER["id"]:
            return True
        return any(key not in account.world.profiles[name_of(contact)][0] for key in body)

    def _is_stray_memory(self, memory: Any, body: Any, account: Account) -> bool:
        pair = self._owner(memory) if memory else None
        if pair is None or pair not in account.world.memories:
            return True
        wanted, _ = expected(account.world).memories[pair]
        if "facts" in body:
            return any(key not in wanted or not is_same(value, wanted[key]) for key, value in body["facts"].items())
        return body["phone_number"] not in account.world.memories[pair][1]

    def _owner(self, memory: Any) -> tuple[str, str] | None:
        contact = self.contacts.get(memory["contact_id"], {"id": memory["contact_id"]})
        if contact["id"] == STRANGER["id"]:
            return None
        key = {field: memory[field] for field in ("persona_id", "agent_number") if memory.get(field)}
        return name_of(contact), next(scope for scope, known in SCOPES.items() if known == key)


def is_same(left: Any, right: Any) -> bool:
    return canonical(left) == canonical(right)


def witness(account: Account) -> Witness:
    dump: Any = account.served.store.dump()
    return Witness(
        tuple(account.served.app.state.log),
        {memory["id"]: memory for memory in dump["contact_memories"]},
        {contact["id"]: contact for contact in dump["contacts"]},
    )


def mistaken(account: Account, about: About, rate: float, seed: int) -> Account:
    """Return the same account, with a stranger in it, in which some answers speak of another record."""
    rules = (Rule(fault=Mistake(about), rate=rate),)
    live: Any = account.served.store.dump()
    store = Store()
    for held in (live, json.loads(json.dumps(STRANGERS))):
        store.load({**held, "contact_memories": [with_uuid(memory) for memory in held["contact_memories"]]})
    account.served = Served(account.settings, rules, store=store, seed=seed)
    return account


def with_uuid(memory: dict[str, Any]) -> dict[str, Any]:
    """Return a memory with an id that has several spellings."""
    return {**memory, "id": f"mem-{uuid5(NAMESPACE_OID, memory['id'])}"}


def applied(account: Account) -> None:
    """Plan and apply as often as it takes, and no more than thrice."""
    for _ in range(3):
        try:
            made = account.apply(account.plan())
        except ApiError:
            continue
        account.run = replace(account.run, known_ids={**account.run.known_ids, **made.memory_ids})


@pytest.mark.parametrize("rate", SHARES)
@pytest.mark.parametrize("about", ABOUT)
@examples(15, phases=[Phase.generate])
@given(account=accounts(), seed=st.integers(0, 2**16))
def test_nothing_is_written_to_a_record_that_was_not_asked_for(
    about: About, rate: float, account: Account, seed: int
) -> None:
    account = mistaken(account, about, rate, seed)

    applied(account)

    assert witness(account).strays(account) == []


@examples(15, phases=[Phase.generate])
@given(account=accounts(), seed=st.integers(0, 2**16))
def test_the_witness_sees_nothing_amiss_where_all_answers_are_right(account: Account, seed: int) -> None:
    account = mistaken(account, "contact", 0.0, seed)

    applied(account)

    assert witness(account).strays(account) == []
