from typing import Any

from reconciler.render.sandbox import render_sandbox
from reconciler.sandbox.store import Store


def shown(store: Store) -> str:
    state: Any = store.dump()
    return render_sandbox(state)


def test_contacts_come_with_their_memories_and_stores_with_their_users() -> None:
    store = Store()
    store.load(
        {
            "contacts": [
                {
                    "id": "c1",
                    "name": "Sarah Chen\x1b[2J",
                    "metadata": {"tier": 2},
                    "identifiers": [{"identifier_type": "email", "identifier_value": "sarah@example.com"}],
                }
            ],
            "contact_memories": [
                {
                    "id": "mem-1",
                    "contact_id": "c1",
                    "persona_id": "p1",
                    "summary": "a regular",
                    "facts": {"plan": "premium", "note": None, "city": "Köln\u202e"},
                    "users": [{"phone_number": "+12345678900", "metadata": "25 years"}],
                },
                {"id": "mem-2", "contact_id": "c2", "agent_number": "+14155550100"},
            ],
            "stores": [{"id": "s1", "name": "callers", "users": [{"phone_number": "+12345678901", "summary": "new"}]}],
        }
    )

    assert shown(store).splitlines() == [
        "The sandbox holds 2 contacts, 2 memories, 1 store.",
        "",
        r"contact c1, Sarah Chen\x1b[2J",
        "  email: sarah@example.com",
        '  metadata: {"tier": 2}',
        "  memory mem-1, p1",
        '    summary: "a regular"',
        '    fact city: "Köln\\u202e"',
        "    fact note: null",
        '    fact plan: "premium"',
        "    user +12345678900",
        '      metadata: "25 years"',
        "",
        "contact c2",
        "  memory mem-2, +14155550100",
        "",
        "store s1, callers",
        "  user +12345678901",
        '    summary: "new"',
    ]


def test_an_empty_sandbox_is_one_line() -> None:
    assert shown(Store()) == "The sandbox holds 0 contacts, 0 memories, 0 stores.\n"
