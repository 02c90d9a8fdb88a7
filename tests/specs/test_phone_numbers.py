"""Specs, overlays and tables keep loosely written phone numbers as E.164."""

import sys
from pathlib import Path

import pytest

from reconciler.core.model.desired import AgentNumber, Identifier
from reconciler.core.model.text import Secret
from tests.specs.cases import load, problems, references

SPECS = b"""\
scopes:
  support: {persona_id: p-1}
  line: {agent_number: +1 (415) 555-0100}
contacts:
  sarah:
    phone_number: 0044 (0)20 7946 0958
    facts: {phone_number: +1 415 555 0192}
    scopes:
      support:
        users: &users
          - {phone_number: +1 415-555-0192, metadata: old}
          - phone_number: "${number}"
      line: {users: *users}
memories:
  vip: {memory_id: m-1, users: [{phone_number: "\xc2\xa0+33.1.42.68.53.00"}]}
"""
OVERLAY = b"""\
contacts:
  sarah:
    scopes:
      support:
        users: [{phone_number: 001 415 555 0192, metadata: new}]
"""
ROWS = b"""\
scopes: {support: {persona_id: p-1}}
contacts_from:
  - file: data.csv
    named_by: id
    contact:
      phone_number: phone
      scopes: {support: {users: [{phone_number: phone}, {phone_number: {value: +33 1 42 68 53 00}}]}}
"""


def test_specs_and_overlays_keep_numbers_as_e164_and_facts_as_they_are(tmp_path: Path) -> None:
    files = {"a.yaml": SPECS, "overlays/o.yaml": OVERLAY}
    desired = load(tmp_path, files, references({"number": "+1 415 555 0193"})).desired
    (contact,), (line, support) = desired.contacts, desired.contact_memories

    assert contact.identity == Identifier("phone_number", "+442079460958")
    assert line.scope_key == AgentNumber("+14155550100")
    assert [(user.phone_number, user.metadata) for user in support.users] == [
        ("+14155550192", "new"),
        ("+14155550193", None),
    ]
    assert [user.phone_number for user in line.users] == ["+14155550192", "+14155550193"]
    assert [fact.value for fact in support.facts] == ["+1 415 555 0192"]
    assert [user.phone_number for user in desired.existing_memories[0].users] == ["+33142685300"]


def test_tables_keep_numbers_with_a_country_code_as_e164(tmp_path: Path) -> None:
    data = b"id,phone\nann,+1 (415) 555-0192\nbo,0044 20 7946 0958\n"
    desired = load(tmp_path, {"a.yaml": ROWS, "data.csv": data}).desired

    assert [contact.identity for contact in desired.contacts] == [
        Identifier("phone_number", "+14155550192"),
        Identifier("phone_number", "+442079460958"),
    ]
    assert [user.phone_number for user in desired.contact_memories[0].users] == ["+14155550192", "+33142685300"]


def test_two_ways_to_write_one_number_are_the_same_user(tmp_path: Path) -> None:
    users = b"memories: {m: {memory_id: m, users: [{phone_number: +1 415 555 0192}, {phone_number: +14155550192}]}}"

    (problem,) = problems(tmp_path, {"a.yaml": users})

    assert 'memories.m.users["+14155550192"]: this phone number is listed twice' in problem


def test_a_number_from_a_secret_stays_secret(tmp_path: Path) -> None:
    spec = b"contacts: {ann: {phone_number: '${env:CARD}'}}"
    using = references(environ={"CARD": "+1 415-555-0192"}.get)
    (contact,) = load(tmp_path, {"a.yaml": spec}, using).desired.contacts

    assert isinstance(contact.identity, Identifier)
    assert isinstance(contact.identity.value, Secret)
    assert contact.identity.value == "+14155550192"


def test_specs_with_e164_alone_do_not_load_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    spec = b"memories: {m: {memory_id: m, users: [{phone_number: +14155550192}, {phone_number: '+442079460958'}]}}"

    assert len(load(tmp_path, {"a.yaml": spec}).desired.existing_memories[0].users) == 2


def test_a_national_number_of_a_table_names_what_reads_it(tmp_path: Path) -> None:
    alone = ROWS.replace(b"{phone_number: phone}, ", b"")
    (problem,) = problems(tmp_path, {"a.yaml": alone, "data.csv": b"id,phone\nann,(415) 555-2671\n"})

    assert '"(415) 555-2671" has no country code (column "phone", by specs/a.yaml:' in problem
    assert problem.endswith(
        '; write "+" and the country code first, or, for a data file, set phone_region in contacts_from'
    )
