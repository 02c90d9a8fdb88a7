"""What references stand for once specs are loaded."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

from reconciler.core.model.desired import AgentNumber, ContactId, Desired, Identifier
from reconciler.core.model.references import Scalar, escaped
from reconciler.core.model.text import Secret, UnreadSecret
from reconciler.core.model.value import Json, same
from tests.specs.cases import SARAH, load, problems, references

SPECS = b"""\
scopes: {support: {agent_number: "${number}"}}
contacts:
  sarah:
    external_id: crm-${env:CRM}
    name: Sarah ${plan_name}
    metadata:
      $${key}: ${visits}
      list: [1, '${visits} visits', "${env:TOKEN}"]
    scopes:
      support:
        facts:
          plan: ${plan_name}
          visits: "${visits}"
          literal: $${plan_name}
          token: Bearer ${env:TOKEN}
        users:
          - phone_number: ${number}
            metadata: ${env:TOKEN}
"""
ENVIRON = {"CRM": "4711", "TOKEN": "s3cret"}
ODD = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


def loaded(root: Path, text: bytes = SPECS, environ: Mapping[str, str] | None = None) -> Desired:
    found = ENVIRON if environ is None else environ
    return load(root, {"a.yaml": text}, references(environ=found.get)).desired


def texts(value: object) -> Iterator[str]:
    """Give all texts in a value, its structs, keys and lists included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Struct):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (*texts(key), *texts(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def test_variables_and_secrets_stand_where_values_stand(tmp_path: Path) -> None:
    desired = loaded(tmp_path)
    (contact,), (memory,) = desired.contacts, desired.contact_memories

    assert contact.identity == Identifier("external_id", "crm-4711")
    assert {fact.key: fact.value for fact in contact.profile} == {
        "name": "Sarah premium",
        "metadata": {"${key}": 5, "list": [1, "5 visits", "s3cret"]},
    }
    assert memory.scope_key == AgentNumber("+14155550192")
    assert {fact.key: fact.value for fact in memory.facts} == {
        "plan": "premium",
        "visits": 5,
        "literal": "${plan_name}",
        "token": "Bearer s3cret",
    }
    assert [(user.phone_number, user.metadata) for user in memory.users] == [("+14155550192", "s3cret")]


def test_what_comes_from_the_environment_is_a_secret_wherever_it_stands(tmp_path: Path) -> None:
    found = list(texts(loaded(tmp_path)))

    assert {text.plain for text in found if isinstance(text, Secret)} == {"Bearer s3cret", "crm-4711", "s3cret"}
    assert not any("4711" in text or "s3cret" in text for text in found if not isinstance(text, Secret))


def test_a_variable_keeps_its_type_alone_and_is_text_among_text(tmp_path: Path) -> None:
    values: Mapping[str, Scalar] = {"n": 5, "d": 0.0000001, "t": True, "s": "05"}
    text = SARAH + b"    metadata: {a: ['${n}', '${d}', '${t}', '${s}'], b: '${n}|${d}|${t}|${s}'}\n"

    (contact,) = load(tmp_path, {"a.yaml": text}, references(values)).desired.contacts

    assert json.dumps(contact.profile[0].value) == json.dumps(
        {"a": [5, 0.0000001, True, "05"], "b": "5|0.0000001|true|05"}
    )


def test_without_an_environment_secrets_are_what_refers_to_them(tmp_path: Path) -> None:
    (contact,) = load(tmp_path, {"a.yaml": SPECS}, references()).desired.contacts

    assert isinstance(contact.identity, Identifier)
    assert isinstance(contact.identity.value, UnreadSecret)
    assert contact.identity.value.plain == "crm-${env:CRM}"


def test_every_identifier_can_be_a_secret_that_is_not_read(tmp_path: Path) -> None:
    text = b"contacts:\n  a: {email: '${env:A}'}\n  b: {phone_number: '${env:A}'}\n  c: {external_id: '${env:A}'}\n"

    assert problems(tmp_path, {"a.yaml": text}) == []


@pytest.mark.parametrize(("found", "flaw"), [({}, "is not set"), ({"CRM": "", "TOKEN": ""}, "is empty")])
def test_all_variables_that_are_not_set_are_named_at_their_places(
    tmp_path: Path, found: Mapping[str, str], flaw: str
) -> None:
    lines = problems(tmp_path, {"a.yaml": SPECS}, references(environ=found.get))

    memory = "contacts.sarah.scopes.support"
    assert [line.split(";")[0] for line in lines] == [
        f"specs/a.yaml:4:18 contacts.sarah.external_id: the environment variable CRM {flaw}",
        f"specs/a.yaml:8:37 contacts.sarah.metadata.list[2]: the environment variable TOKEN {flaw}",
        f"specs/a.yaml:15:18 {memory}.facts.token: the environment variable TOKEN {flaw}",
        f'specs/a.yaml:18:23 {memory}.users["${{number}}"].metadata: the environment variable TOKEN {flaw}',
    ]


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (line,) = problems(
        tmp_path,
        {"a.yaml": SARAH + b"    name: ${env:X}\n"},
        references(environ=lambda _: b"\xff".decode("utf-8", "surrogateescape")),
    )

    assert "the environment variable X holds bytes that are not UTF-8" in line


def test_a_reference_that_only_an_escape_of_double_quotes_shows_is_one(tmp_path: Path) -> None:
    text = SARAH + rb'    facts: {a: "\x24{plan_name}"}' + b"\n    scopes: {support: {}}\n"

    (memory,) = loaded(tmp_path, text).contact_memories

    assert memory.facts[0].value == "premium"


def test_a_contact_id_can_be_a_variable(tmp_path: Path) -> None:
    text = b"contacts: {sarah: {contact_id: '${plan_name}-1'}}"

    assert loaded(tmp_path, text).contacts[0].identity == ContactId("premium-1")


FIELDS = st.sampled_from(
    [
        "contacts: {c: {email: R}}",
        "contacts: {c: {phone_number: R}}",
        "contacts: {c: {external_id: R}}",
        "contacts: {c: {contact_id: R}}",
        "contacts: {c: {contact_id: i, name: R, metadata: {a: R}}}",
        "contacts: {c: {contact_id: i, metadata: R, facts: R, scopes: R}}",
        "contacts: {c: R}",
        "contacts: {c: {contact_id: i, scopes: {s: {facts: {a: [R], b: {c: R}}, seed_facts: {d: R}}}}}",
        "contacts: {c: {contact_id: i, scopes: {s: {users: [R]}}}}",
        "contacts: {c: {contact_id: i, scopes: {s: {users: [{phone_number: R, metadata: R}]}}}}",
        "memories: {c: {memory_id: i, users: [{phone_number: +14155550100, metadata: R, summary: R}]}}",
        "memories: {c: {memory_id: i, users: [{phone_number: +14155550100, external_memory_key: R}]}}",
        "contacts: {a: {external_id: R}, b: {external_id: R}}",
        "memories: {m: {memory_id: R}}",
        "memories: {m: {memory_id: i, users: [{phone_number: R}]}}",
        "scopes: {x: {persona_id: R}, y: {agent_number: R}, z: R}",
        "scopes: R",
    ]
)


@given(FIELDS, st.sampled_from(["${env:X}", "a ${env:X}", "${env:X}${env:X}"]), ODD.map(lambda text: f"§{text}§"))
def test_a_secret_is_never_lost_and_never_told(text: str, reference: str, secret: str) -> None:
    document = "scopes: {s: {persona_id: p}}\n---\n" + text.replace("R", json.dumps(reference))
    expected = reference.replace("${env:X}", secret)

    with tempfile.TemporaryDirectory() as folder:
        using = references(environ={"X": secret}.get)
        told = problems(Path(folder), {"a.yaml": document.encode()}, using)
        found = [] if told else list(texts(load(Path(folder), {}, using).desired))

    assert not any(secret in line or "§" in line for line in told)
    assert all(isinstance(one, Secret) for one in found if "§" in one)
    assert [one.plain for one in found if isinstance(one, Secret)] == [expected for one in found if "§" in one]
    assert told or any(isinstance(one, Secret) for one in found)


VALUES: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 9), st.text("${}ab:env", max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("${}a", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_what_is_escaped_means_itself(value: Json) -> None:
    document = {"contacts": {"c": {"contact_id": "i", "metadata": {"v": escaped(value)}}}}

    with tempfile.TemporaryDirectory() as folder:
        (contact,) = load(Path(folder), {"a.yaml": json.dumps(document).encode()}).desired.contacts

    assert same(contact.profile[0].value, {"v": value})


def test_what_references_add_to_all_files_is_bounded_and_told_once(tmp_path: Path) -> None:
    many = references({"long": "x" * (1 << 20)})
    facts = [b"    facts:\n", *(b"      f%d: '%s'\n" % (at, b"${long}" * 30) for at in range(4))]

    assert problems(tmp_path, {"a.yaml": SARAH + b"".join(facts[:3])}, many) == []
    found = problems(tmp_path, {"a.yaml": SARAH + b"".join(facts)}, many)

    assert len(found) == 1
    assert found[0].startswith("specs/a.yaml:9:11 contacts.sarah.facts.f2")
    assert "references add more than 64 MiB to the specs" in found[0]
