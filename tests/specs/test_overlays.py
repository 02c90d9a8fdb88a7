"""Overlays patch what is declared, and every value knows the line that gave it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.desired import AgentNumber, ContactId, Desired, Identifier
from reconciler.core.model.value import Json
from reconciler.specs import load_specs
from tests.specs.cases import load, problems, references
from tests.specs.test_properties import sourceless

SPECS = b"""\
scopes: {support: {persona_id: p-1, facts: {hours: 9 to 17}}}
contacts:
  sarah:
    phone_number: +14155550192
    name: Sarah
    metadata: {tier: 1, tags: [a]}
    facts: {plan: trial, visits: 1}
    seed_facts: {language: en}
    scopes:
      support:
        users:
          - {phone_number: +14155550192, metadata: old, summary: kept}
memories:
  vip: {memory_id: m-1}
"""

OVERLAY = b"""\
scopes: {support: {agent_number: +14155550100}}
contacts:
  sarah:
    contact_id: c-1
    metadata: {tags: [b]}
    facts: {language: de}
    seed_facts:
      plan: premium
    scopes:
      support:
        facts: {extra: true}
        users:
          - {phone_number: "${number}", metadata: new}
          - phone_number: +14155550193
memories:
  vip: {memory_id: m-2}
"""


def test_given_keys_replace_facts_merge_and_users_are_known_by_phone_number(tmp_path: Path) -> None:
    desired = load(tmp_path, {"a.yaml": SPECS, "overlays/o.yaml": OVERLAY}).desired
    (contact,), (memory,) = desired.contacts, desired.contact_memories

    assert contact.identity == ContactId("c-1")
    assert contact.profile[0].value == {"tier": 1, "tags": ["b"]}
    assert memory.scope_key == AgentNumber("+14155550100")
    assert [(fact.key, fact.value, fact.policy, str(fact.source)) for fact in memory.facts] == [
        ("extra", True, "enforce", "overlays/o.yaml:11:17"),
        ("hours", "9 to 17", "enforce", "specs/a.yaml:1:45"),
        ("language", "de", "enforce", "overlays/o.yaml:6:13"),
        ("plan", "premium", "seed", "overlays/o.yaml:8:7"),
        ("visits", 1, "enforce", "specs/a.yaml:7:26"),
    ]
    assert [(user.phone_number, user.metadata, user.summary, user.source.file) for user in memory.users] == [
        ("+14155550192", "new", "kept", "overlays/o.yaml"),
        ("+14155550193", None, None, "overlays/o.yaml"),
    ]
    assert desired.existing_memories[0].memory_id == "m-2"


def test_the_files_of_overlays_are_among_those_that_were_read(tmp_path: Path) -> None:
    assert load(tmp_path, {"a.yaml": SPECS, "overlays/o.yaml": OVERLAY}).files == ("specs/a.yaml", "overlays/o.yaml")


def test_later_entries_win_then_later_files_then_later_documents(tmp_path: Path) -> None:
    def patch(value: int) -> bytes:
        return b"contacts: {sarah: {name: n%d, metadata: {v%d: 1}}}\n" % (value, value)

    files = {"a.yaml": SPECS, "overlays/b.yaml": patch(1), "overlays/c.yaml": patch(2) + b"---\n" + patch(3)}
    load(tmp_path, files)
    (tmp_path / "first.yaml").write_bytes(patch(4))

    (contact,) = load_specs(
        ["specs"], root=tmp_path, overlays=["first.yaml", "overlays"], references=references()
    ).desired.contacts
    (other,) = load_specs(
        ["specs"], root=tmp_path, overlays=["overlays", "overlays/b.yaml"], references=references()
    ).desired.contacts

    assert [fact.value for fact in contact.profile] == [
        {"tier": 1, "tags": ["a"], "v4": 1, "v1": 1, "v2": 1, "v3": 1},
        "n3",
    ]
    assert other.profile[1].value == "n1"


def test_an_optional_entry_passes_over_what_is_not_declared(tmp_path: Path) -> None:
    overlay = b"""\
contacts:
  sara: {optional: true, facts: {a: 1}}
  sarah:
    optional: true
    name: patched
    scopes:
      support: {optional: false}
      hotline: {optional: true}
"""
    (contact,) = load(tmp_path, {"a.yaml": SPECS, "overlays/o.yaml": overlay}).desired.contacts

    assert contact.profile[1].value == "patched"


def test_a_reference_that_an_overlay_replaces_needs_no_variable(tmp_path: Path) -> None:
    specs = b"contacts: {sarah: {external_id: '${nowhere}', name: '${env:X}'}}"
    overlay = b"contacts: {sarah: {external_id: a, name: b}}"
    using = references(environ=lambda _: None)

    (contact,) = load(tmp_path, {"a.yaml": specs, "overlays/o.yaml": overlay}, using).desired.contacts

    assert (contact.identity, contact.profile[0].value) == (Identifier("external_id", "a"), "b")


def test_nothing_is_called_unmatched_while_some_declarations_cannot_be_read(tmp_path: Path) -> None:
    files = {"a.yaml": b"contacts: {a: [", "overlays/o.yaml": b"contacts: {a: {name: x}}"}

    assert len(problems(tmp_path, files)) == 1


def test_overlays_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "overlays").mkdir()

    (line,) = problems(tmp_path, {"a.yaml": SPECS})

    assert line.startswith("overlays: no spec files in this folder")


KEYS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), max_size=3)
LAYERS = st.tuples(KEYS, st.dictionaries(st.sampled_from("def"), st.integers(0, 9), max_size=3), st.booleans()).map(
    lambda made: {"facts": made[1 if made[2] else 0], "seed_facts": made[0 if made[2] else 1]}
)
USERS = st.dictionaries(
    st.sampled_from(["+14155550100", "+14155550101"]),
    st.dictionaries(st.sampled_from(["metadata", "summary"]), st.sampled_from("xy")),
).map(lambda users: [{"phone_number": number, **rest} for number, rest in users.items()])
ENTRIES = st.fixed_dictionaries({}, optional={"name": st.sampled_from("nm"), "metadata": KEYS}).flatmap(
    lambda profile: st.builds(
        lambda layer, memory, users: {**profile, **layer, "scopes": {"s": {**memory, "users": users}}},
        LAYERS,
        LAYERS,
        USERS,
    )
)


def declared(base: Mapping[str, Json], overlays: Sequence[Mapping[str, Json]]) -> Desired:
    documents = [{"contacts": {"c": overlay}} for overlay in overlays]
    specs = [{"scopes": {"s": {"persona_id": "p"}}}, {"contacts": {"c": {"contact_id": "i", **base}}}]
    with tempfile.TemporaryDirectory() as folder:
        for name, written in (("specs.yaml", specs), ("overlays.yaml", documents)):
            Path(folder, name).write_text("\n---\n".join(map(json.dumps, written)))
        return load_specs(["specs.yaml"], root=Path(folder), overlays=["overlays.yaml"]).desired


@given(ENTRIES)
def test_a_patch_that_says_nothing_changes_nothing(base: Mapping[str, Json]) -> None:
    assert sourceless(declared(base, [{}])) == sourceless(declared(base, []))


@given(ENTRIES, ENTRIES)
def test_a_patch_applied_twice_is_applied_once(base: Mapping[str, Json], patch: Mapping[str, Json]) -> None:
    assert sourceless(declared(base, [patch, patch])) == sourceless(declared(base, [patch]))


@given(ENTRIES, ENTRIES)
def test_what_a_patch_says_holds(base: Mapping[str, Json], patch: dict[str, Any]) -> None:
    (contact,), (memory,) = (found := declared(base, [patch])).contacts, found.contact_memories
    own, whole = patch["scopes"]["s"], {fact.key: (fact.value, fact.policy) for fact in memory.facts}

    for section, policy in (("facts", "enforce"), ("seed_facts", "seed")):
        assert {key: (value, policy) for key, value in own[section].items()}.items() <= whole.items()
    users = {user.phone_number: user for user in memory.users}
    for user in own["users"]:
        assert all(getattr(users[user["phone_number"]], key) == value for key, value in user.items())
    profile: Mapping[str, Any] = {fact.key: fact.value for fact in contact.profile}
    assert patch.get("metadata", {}).items() <= profile.get("metadata", {}).items()
    assert profile.get("name") == patch.get("name", base.get("name"))


@given(ENTRIES, ENTRIES)
def test_what_no_patch_says_is_left_alone(base: dict[str, Any], patch: dict[str, Any]) -> None:
    before, after = declared(base, []).contact_memories[0], declared(base, [patch]).contact_memories[0]
    own = patch["scopes"]["s"]
    said = {key for part in (patch, own) for section in ("facts", "seed_facts") for key in part[section]}

    assert sourceless(tuple(fact for fact in after.facts if fact.key not in said)) == sourceless(
        tuple(fact for fact in before.facts if fact.key not in said)
    )
    numbers = {user["phone_number"] for user in own["users"]}
    assert sourceless(tuple(user for user in after.users if user.phone_number not in numbers)) == sourceless(
        tuple(user for user in before.users if user.phone_number not in numbers)
    )


def test_what_an_entry_that_is_passed_over_refers_to_is_neither_read_nor_missed(tmp_path: Path) -> None:
    overlay = b"""\
contacts:
  sara:
    optional: true
    external_id: ${nowhere}
    facts: {a: "${env:X}", b: "x ${nowhere}"}
    scopes: {support: {users: [{phone_number: "${nowhere}", metadata: "${env:X}"}]}}
scopes: {elsewhere: {optional: true, agent_number: "${number}"}}
"""
    asked: list[str] = []
    using = references(environ=asked.append)

    load(tmp_path, {"a.yaml": SPECS, "overlays/o.yaml": overlay}, using)

    assert asked == []
