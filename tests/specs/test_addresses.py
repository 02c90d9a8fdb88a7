"""Paths in spec files are told as addresses, whatever the things in them are called."""

import pytest

from reconciler.core.model.value import Json
from reconciler.reading import KeyPath
from reconciler.specs.problems import spec_address

USERS: Json = {"memories": {"m": {"users": [{"phone_number": "+14155550100"}, {"phone_number": 5}, "x"]}}}


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ((), ""),
        (("contacts",), "contacts"),
        (("contacts", "facts"), "contacts.facts"),
        (("contacts", "facts", "scopes", "users"), "contacts.facts.scopes.users"),
        (("contacts", "a", "facts"), "contacts.a.facts"),
        (("contacts", "a", "facts", "plan"), "contacts.a.facts.plan"),
        (("contacts", "a", "seed_facts", "a b", "c", 0, "d"), 'contacts.a.facts["a b"].c[0].d'),
        (("contacts", "a", "scopes", "s", "facts", "x", 1), "contacts.a.scopes.s.facts.x[1]"),
        (("contacts", "a", "scopes", "s", "facts", "x", "y z"), 'contacts.a.scopes.s.facts.x["y z"]'),
        (("scopes", "s", "seed_facts", "language"), "scopes.s.facts.language"),
        (("memories", "m", "users"), "memories.m.users"),
        (("memories", "m", "users", 0), 'memories.m.users["+14155550100"]'),
        (("memories", "m", "users", 0, "summary"), 'memories.m.users["+14155550100"].summary'),
        (("memories", "m", "users", 1, "summary"), "memories.m.users[1].summary"),
        (("memories", "m", "users", 2), "memories.m.users[2]"),
        (("memories", "n", "users", 0), "memories.n.users[0]"),
    ],
)
def test_a_path_has_an_address(path: KeyPath, address: str) -> None:
    assert spec_address(path, USERS) == address
