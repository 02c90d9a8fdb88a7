"""What spec files declare becomes Desired, each value with its source."""

import gc
from pathlib import Path

import pytest

from reconciler.core.model.desired import (
    AgentNumber,
    Contact,
    ContactId,
    Desired,
    ExistingMemory,
    Fact,
    Identifier,
    Persona,
    User,
)
from reconciler.errors import Source, SpecError
from reconciler.reading import anchors
from reconciler.specs import Loaded, load_specs

SPECS = """\
scopes:
  support: {persona_id: persona-12345678}
  hotline:
    agent_number: +14155550100
    seed_facts: {language: en}
contacts:
  sarah-chen:
    contact_id: aaaaaaaa-bbbb
    facts: {name: Sarah Chen, plan: trial}
    scopes:
      support:
        facts:
          plan: premium
          zip: 02139
        seed_facts:
          name: Sarah
        users:
          - phone_number: "+14155550192"
            metadata: 25 year old customer
          - phone_number: +12345678900
            summary: ""
      hotline: {}
  nobody: {contact_id: "123"}
memories:
  vip-line:
    memory_id: 12345678-1234
    users:
      - phone_number: +12345678900
        external_memory_key: crm-42
"""


def loaded(root: Path, *texts: str) -> Loaded:
    for index, text in enumerate(texts):
        (root / f"{index}.yaml").write_text(text)
    return load_specs(["."], root=root)


def at(line: int, column: int) -> Source:
    return Source("0.yaml", line, column)


def test_what_memories_take_over_is_counted_beyond_what_each_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchors, "MOST_EXPANDED", 10)
    facts = ", ".join(f"k{number}: 1" for number in range(69))
    of_scope = f"scopes: {{s: {{persona_id: p, facts: {{{facts}}}}}}}\ncontacts:\n"
    of_contact = "scopes: {s0: {persona_id: p}, s1: {persona_id: q}, s2: {agent_number: '+14155550100'}}\ncontacts:\n"
    contact = "  c{0}: {{contact_id: c-{0}, scopes: {{s: {{}}}}}}\n"
    in_scopes = f"  c: {{contact_id: c, facts: {{{facts}}}, scopes: {{%s}}}}\n"

    for fits in (
        of_scope + contact.format(0) + contact.format(1),
        of_contact + in_scopes % "s0: {}, s1: {}",
    ):
        assert len(loaded(tmp_path, fits).desired.memories) == 2
    for exceeds, address in (
        (of_scope + "".join(map(contact.format, range(3))), "contacts.c2.scopes.s"),
        (of_contact + in_scopes % "s0: {}, s1: {}, s2: {}", "contacts.c.scopes.s2"),
    ):
        with pytest.raises(SpecError, match=f"{address}: up to this memory, .* is more than 10 values"):
            loaded(tmp_path, exceeds)


def test_scopes_contacts_and_files_are_sorted_by_name(tmp_path: Path) -> None:
    specs = loaded(tmp_path, SPECS)

    assert specs.files == ("0.yaml",)
    assert specs.desired.scopes == ("hotline", "support")
    assert specs.desired.contacts == (
        Contact("nobody", ContactId("123"), (), at(23, 3)),
        Contact("sarah-chen", ContactId("aaaaaaaa-bbbb"), (), at(7, 3)),
    )


def test_the_most_specific_layer_of_facts_wins_with_its_policy_and_its_source(tmp_path: Path) -> None:
    hotline, support = loaded(tmp_path, SPECS).desired.contact_memories

    assert (hotline.address, hotline.scope_key) == (
        "contacts.sarah-chen.scopes.hotline",
        AgentNumber("+14155550100"),
    )
    assert hotline.facts == (
        Fact("language", "en", "seed", at(5, 18)),
        Fact("name", "Sarah Chen", "enforce", at(9, 13)),
        Fact("plan", "trial", "enforce", at(9, 31)),
    )
    assert (support.scope_key, support.source) == (Persona("persona-12345678"), at(11, 7))
    assert support.facts == (
        Fact("name", "Sarah", "seed", at(16, 11)),
        Fact("plan", "premium", "enforce", at(13, 11)),
        Fact("zip", "02139", "enforce", at(14, 11)),
    )


def test_users_are_sorted_by_phone_number_and_know_what_is_not_declared(tmp_path: Path) -> None:
    _, support = loaded(tmp_path, SPECS).desired.contact_memories

    assert support.users == (
        User("+12345678900", None, "", None, at(20, 13)),
        User("+14155550192", "25 year old customer", None, None, at(18, 13)),
    )


def test_memories_are_declared_by_id_for_their_users(tmp_path: Path) -> None:
    user = User("+12345678900", None, None, "crm-42", at(28, 9))

    assert loaded(tmp_path, SPECS).desired.existing_memories == (
        ExistingMemory("vip-line", "12345678-1234", (user,), at(25, 3)),
    )


def test_files_that_declare_nothing_are_fine(tmp_path: Path) -> None:
    assert loaded(tmp_path, "", "# nothing\n---\n", "{}", "scopes: {}").desired == Desired((), (), (), ())


def test_facts_of_a_scope_are_shared_by_its_contacts(tmp_path: Path) -> None:
    contacts = "contacts:\n  a: {contact_id: a, scopes: {s: {}}}\n  b: {contact_id: b, scopes: {s: {}}}\n"

    first, second = loaded(tmp_path, "scopes: {s: {persona_id: p, facts: {x: 1}}}", contacts).desired.contact_memories

    assert first.facts is second.facts


def test_values_keep_the_types_that_json_has(tmp_path: Path) -> None:
    text = "contacts: {a: {contact_id: a, scopes: {s: {facts: {x: [1, 1.5, true, {no: 12:30}]}}}}}"

    (memory,) = loaded(tmp_path, "scopes: {s: {persona_id: p}}", text).desired.contact_memories

    assert memory.facts[0].value == [1, 1.5, True, {"no": "12:30"}]


def test_a_contact_can_be_known_by_what_people_know(tmp_path: Path) -> None:
    contacts = """contacts:
  a: {external_id: crm-1}
  b: {phone_number: +14155550192}
  c: {email: c@example.com, name: See, metadata: {tier: 1, tags: [x]}}
"""
    a, b, c = loaded(tmp_path, contacts).desired.contacts

    assert a.identity == Identifier("external_id", "crm-1")
    assert b.identity == Identifier("phone_number", "+14155550192")
    assert c.identity == Identifier("email", "c@example.com")
    assert [(fact.key, fact.value, fact.source) for fact in c.profile] == [
        ("metadata", {"tier": 1, "tags": ["x"]}, at(4, 40)),
        ("name", "See", at(4, 29)),
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(tmp_path: Path, *, enabled: bool) -> None:
    gc.enable() if enabled else gc.disable()
    try:
        loaded(tmp_path, SPECS)
        with pytest.raises(SpecError):
            loaded(tmp_path, "- a")
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
