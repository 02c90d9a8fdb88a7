from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.core.export import (
    NOTHING_DECLARED,
    ExistingSpecs,
    Export,
    ExportedFile,
    Exporting,
    IdentifyBy,
    LiveAccount,
    ScopeLayer,
    Wanted,
    build_export,
    declared_in,
    select,
)
from reconciler.core.export.left_out import DEEPEST, LeftOut
from reconciler.core.export.naming import contact_names, scope_names
from reconciler.core.export.table import TableFile
from reconciler.core.model.address import slug
from reconciler.core.model.desired import (
    AgentNumber,
    Contact,
    ContactId,
    Desired,
    ExistingMemory,
    Fact,
    Persona,
    ScopeKey,
    memory_key,
)
from reconciler.core.model.observed import LiveUser
from reconciler.core.remote import ContactRecord, Record
from reconciler.errors import Source
from reconciler.reading.writing import written
from reconciler.specs.texts import accepts

SUPPORT = Persona("persona-1")
LINE = AgentNumber("+14155550100")
PHONE = "+14155550192"


def memory(facts: Mapping[str, Any] | None = None, *, scope: ScopeKey | None = SUPPORT, memory_id: str = "m") -> Record:
    return Record(memory_id, "c", scope, facts or {})


def contact(
    contact_id: str = "c",
    *memories: Record,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    identifiers: tuple[tuple[str, str], ...] = (),
) -> ContactRecord:
    profile = {key: value for key, value in {"name": name, "metadata": metadata}.items() if value is not None}
    return ContactRecord(contact_id, profile, identifiers, memories)


def exported(  # noqa: PLR0913  what differs from test to test
    *contacts: ContactRecord,
    users: Mapping[str, Mapping[str, LiveUser]] | None = None,
    lists_users: bool = True,
    identify_by: IdentifyBy = "contact_id",
    with_summaries: bool = False,
    seed: tuple[str, ...] = (),
    listed: tuple[ContactRecord, ...] = (),
    declared: ExistingSpecs = NOTHING_DECLARED,
    table: TableFile | None = None,
) -> Export:
    held: Mapping[str, Mapping[str, LiveUser]] = {
        memory.memory_id: {} for contact in contacts for memory in contact.memories or ()
    }
    account = LiveAccount(
        (*contacts, *listed), contacts, held if users is None else users, is_complete=True, lists_users=lists_users
    )
    return build_export(account, Exporting(identify_by, with_summaries, accepts, declared, seed, table))


def file_of(made: Export, path: str = "contacts/contact-c.yaml") -> ExportedFile:
    return next(file for file in made.files if file.path == path)


def body_of(made: Export, name: str = "contact-c") -> Any:
    document: Any = file_of(made, f"contacts/{name}.yaml").document
    return document["contacts"][name]


def memory_of(made: Export, scope: str = "persona-1") -> Any:
    return body_of(made)["scopes"][scope]


def test_an_export_is_a_file_for_the_scopes_and_one_for_each_contact() -> None:
    made = exported(
        contact("c-2", memory({"plan": "premium"}), name="Zoë Müller", metadata={"tier": "gold"}),
        contact("c-1", memory(memory_id="m-2", scope=LINE)),
    )

    assert [(file.path, file.document) for file in made.files] == [
        ("contacts/contact-c-1.yaml", {"contacts": {"contact-c-1": {
            "contact_id": "c-1", "scopes": {"line-14155550100": {}}}}}),
        ("contacts/zoe-muller.yaml", {"contacts": {"zoe-muller": {
            "contact_id": "c-2", "name": "Zoë Müller", "metadata": {"tier": "gold"},
            "scopes": {"persona-1": {"facts": {"plan": "premium"}}}}}}),
        ("scopes.yaml", {"scopes": {
            "line-14155550100": {"agent_number": "+14155550100"}, "persona-1": {"persona_id": "persona-1"}}}),
    ]  # fmt: skip
    assert (made.contacts, made.memories, made.facts, made.users) == (2, 2, 1, 0)
    assert made.left_out == {}


def test_facts_are_sorted_at_every_depth() -> None:
    made = exported(contact("c", memory({"b": {"d": 1, "c": [{"f": 1, "e": 2}]}, "a": 1})))

    assert written(memory_of(made)) == "facts:\n  a: 1\n  b:\n    c:\n      - e: 2\n        f: 1\n    d: 1\n"


def nested(levels: int) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("k", None, "null"),
        ("k", {"a": [1, None]}, "null"),
        ("k", 2**53, "number"),
        ("k", [-(2**53)], "number"),
        ("k", float("nan"), "number"),
        ("k", {"a": float("inf")}, "number"),
        ("k", "\ud800", "text"),
        ("", 1, "key"),
        ("a\nb", 1, "key"),
        ("\udfff", 1, "key"),
        ("k", {"": 1}, "key"),
        ("k", [{"a\x85": 1}], "key"),
        ("k", nested(DEEPEST + 1), "depth"),
        ("k", nested(5000), "depth"),
    ],
)
def test_a_fact_that_a_spec_cannot_hold_is_left_out_whole(key: str, value: Any, reason: str) -> None:
    made = exported(contact("c", memory({key: value, "plan": "premium"})))
    (left_out,) = file_of(made).left_out

    assert memory_of(made) == {"facts": {"plan": "premium"}}
    assert (made.left_out, left_out.reason) == ({reason: 1}, reason)
    assert left_out.place.startswith("contacts.contact-c.scopes.persona-1.facts")
    assert made.facts == 1


@pytest.mark.parametrize(
    "value", [2**53 - 1, -(2**53) + 1, 1e300, 5e-324, -0.0, True, "", "null", {}, [], {"a": [{}]}, nested(DEEPEST)]
)
def test_all_other_values_are_exported(value: Any) -> None:
    made = exported(contact("c", memory({"k": value})))

    assert memory_of(made) == {"facts": {"k": value}}
    assert written(file_of(made).document)


def test_metadata_is_exported_as_far_as_specs_can_hold_it() -> None:
    made = exported(contact("c", metadata={"tier": "gold", "gone": None}), contact("d", metadata={"gone": None}))

    assert body_of(made) == {"contact_id": "c", "metadata": {"tier": "gold"}}
    assert body_of(made, "contact-d") == {"contact_id": "d"}
    assert made.left_out == {"null": 2}


@pytest.mark.parametrize(
    ("with_summaries", "user"),
    [
        (False, {"phone_number": PHONE, "metadata": "notes"}),
        (True, {"phone_number": PHONE, "metadata": "notes", "summary": "calls"}),
    ],
)
def test_summaries_are_exported_only_when_asked_for(with_summaries: bool, user: dict[str, str]) -> None:  # noqa: FBT001  drawn
    live = {"m": {PHONE: LiveUser("notes", "calls")}}
    made = exported(contact("c", memory()), users=live, with_summaries=with_summaries)

    assert memory_of(made) == {"users": [user]}
    assert made.users == 1


def test_users_that_specs_cannot_say_are_left_out() -> None:
    live = {"m": {"4155": LiveUser("a", None), PHONE: LiveUser(None, None, comparable=False), "+12345678900": NOBODY}}
    made = exported(contact("c", memory()), users=live)

    assert memory_of(made) == {"users": [{"phone_number": "+12345678900"}, {"phone_number": PHONE}]}
    assert made.left_out == {"user_metadata": 1, "user_number": 1}


def test_users_are_exported_in_e164_once_each() -> None:
    users = {"+1 (415) 555-0193": LiveUser("b", None), "+1 234-567-8900": LiveUser("a", None), "+12345678900": NOBODY}
    made = exported(contact("c", memory()), users={"m": users})

    assert memory_of(made) == {
        "users": [{"phone_number": "+12345678900"}, {"phone_number": "+14155550193", "metadata": "b"}]
    }
    assert made.left_out == {"user_number": 1}


def test_a_contact_is_identified_by_its_number_in_e164() -> None:
    made = exported(contact("c", identifiers=(("phone_number", "+1 415-555-0193"),)), identify_by="phone_number")

    documents: list[Any] = [file.document for file in made.files if file.path.startswith("contacts/")]
    (document,) = documents
    assert [*document["contacts"].values()] == [{"phone_number": "+14155550193"}]


NOBODY = LiveUser(None, None)


@pytest.mark.parametrize(("lists_users", "left_out"), [(True, {"unlisted_users": 1}), (False, {})])
def test_users_that_are_not_listed_are_told_of_unless_none_ever_are(
    lists_users: bool,  # noqa: FBT001  drawn
    left_out: dict[str, int],
) -> None:
    made = exported(contact("c", memory()), users={}, lists_users=lists_users)

    assert (memory_of(made), made.left_out) == ({}, left_out)


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        (None, "no_scope"),
        (Persona(""), "persona_id"),
        (Persona(" p"), "persona_id"),
        (Persona("\ud83d"), "persona_id"),
        (AgentNumber("0"), "agent_number"),
    ],
)
def test_a_memory_of_a_scope_that_specs_refuse_is_left_out(scope: ScopeKey | None, reason: str) -> None:
    made = exported(contact("c", memory({"plan": 1}, scope=scope)))

    assert body_of(made) == {"contact_id": "c"}
    assert made.left_out == {reason: 1}
    assert [file.path for file in made.files] == ["contacts/contact-c.yaml"]


def test_two_memories_for_one_scope_are_left_out_and_one_shown_twice_is_not() -> None:
    two = contact("c", memory({"a": 1}, memory_id="m-1"), memory({"a": 2}, memory_id="m-2"))
    once = contact("d", memory(memory_id="m-3"), memory(memory_id="m-3"))
    made = exported(two, once)

    assert body_of(made) == {"contact_id": "c"}
    assert body_of(made, "contact-d") == {"contact_id": "d", "scopes": {"persona-1": {}}}
    assert made.left_out == {"ambiguous": 1}


def test_a_contact_whose_memories_are_not_shown_is_exported_without_them() -> None:
    made = exported(ContactRecord("c", {}, (), None))

    assert body_of(made) == {"contact_id": "c"}
    assert made.left_out == {"hidden_memories": 1}


def test_a_contact_whose_id_specs_refuse_is_told_of_beside_the_scopes() -> None:
    made = exported(contact(" c"))

    assert made.contacts == 0
    assert file_of(made, "scopes.yaml").left_out == (LeftOut('the contact " c"', "contact_id"),)


@pytest.mark.parametrize(
    ("identifiers", "by"),
    [
        ([("email", "ana@example.com"), ("phone_number", PHONE)], {"email": "ana@example.com"}),
        ([("email", "ana@example.com"), ("email", "a@example.com")], {"contact_id": "c"}),
        ([("phone_number", PHONE)], {"contact_id": "c"}),
        ([("email", "no address")], {"contact_id": "c"}),
        ([("email", "\ud83d@example.com")], {"contact_id": "c"}),
        ([("email", "Bo@Example.com")], {"contact_id": "c"}),
        ([], {"contact_id": "c"}),
    ],
)
def test_a_contact_is_known_by_its_one_identifier_or_else_by_its_id(
    identifiers: list[tuple[str, str]], by: dict[str, str]
) -> None:
    bo = contact("d", name="Bo", identifiers=(("email", "bo@example.com"),))
    made = exported(contact("c", name="Ana", identifiers=tuple(identifiers)), bo, identify_by="email")

    assert body_of(made, "ana") == {**by, "name": "Ana"}
    assert made.fell_back == ("contact_id" in by) + ("contact_id" in body_of(made, "bo"))


def test_the_ids_of_exported_memories_are_given() -> None:
    assert exported(contact("c", memory())).memory_ids == {memory_key("c", SUPPORT): "m"}


# seeds, and facts at the scope


def scopes_of(made: Export) -> Any:
    document: Any = file_of(made, "scopes.yaml").document
    return document["scopes"]


UUID = "0a1b2c3d-0000-4000-8000-00000000000f"


@pytest.mark.parametrize(("written_as", "shown_as"), [(UUID, UUID.upper()), (UUID.upper(), UUID), (UUID, UUID)])
def test_what_is_declared_by_an_id_is_known_by_it_in_either_case(written_as: str, shown_as: str) -> None:
    place = Source("specs/a.yaml", 1, 1)
    ana = Contact("ana", ContactId(written_as), (), place)
    line = ExistingMemory("line", f"mem-{written_as}", (), place)
    declared = declared_in(Desired((), (ana,), (), (line,)))

    assert declared.contact(contact(shown_as)) is ana
    assert declared.undeclared_memories(contact(shown_as, memory(memory_id=shown_as))) == ()
    made = exported(contact("c", memory(memory_id=shown_as)), declared=declared)
    assert made.left_out == {"declared_memory": 1}


def test_facts_whose_keys_match_are_seeded() -> None:
    made = exported(contact("c", memory({"lang": "en", "language": "ko", "plan": "trial"})), seed=("lang*", "PLAN"))

    assert memory_of(made) == {"facts": {"plan": "trial"}, "seed_facts": {"lang": "en", "language": "ko"}}
    assert made.unmatched == ("PLAN",)
    assert made.facts == 3


def test_what_all_memories_of_a_scope_share_stands_at_the_scope() -> None:
    made = exported(
        contact("c", memory({"region": "us", "lang": "en", "plan": 1})),
        contact("d", memory({"region": "us", "lang": "en", "plan": True})),
        seed=("lang",),
    )

    assert scopes_of(made) == {
        "persona-1": {"persona_id": "persona-1", "facts": {"region": "us"}, "seed_facts": {"lang": "en"}}
    }
    assert (memory_of(made), made.facts) == ({"facts": {"plan": 1}}, 6)
    assert file_of(made, "scopes.yaml").shared == 2


@pytest.mark.parametrize("other", [{}, {"region": "eu"}])
def test_a_memory_that_is_not_exported_counts_too(other: dict[str, str]) -> None:
    alike = [contact(contact_id, memory({"region": "us"})) for contact_id in ("c", "d")]
    made = exported(*alike, listed=(contact("e", memory(other)),))

    assert scopes_of(made) == {"persona-1": {"persona_id": "persona-1"}}


def test_a_fact_of_one_memory_alone_says_nothing_of_the_scope() -> None:
    made = exported(contact("c", memory({"region": "us"}), memory({"region": "us"}, scope=LINE, memory_id="n")))

    assert scopes_of(made) == {"persona-1": {"persona_id": "persona-1"}, "line-14155550100": {
        "agent_number": "+14155550100"}}  # fmt: skip


def declaring(**facts: str) -> ExistingSpecs:
    nowhere = Source("specs/scopes.yaml", 1, 1)
    layer = tuple(Fact(key, value, "enforce", nowhere) for key, value in facts.items())
    return declared_in(Desired((), (), (), ()), [ScopeLayer("support", SUPPORT, layer)])


@pytest.mark.parametrize(
    ("live", "scope", "own"),
    [
        ({"region": "us", "plan": 1}, "support", {"facts": {"plan": 1}}),
        ({"region": "eu"}, "support", {"facts": {"region": "eu"}}),
        ({"region": None}, "persona-1", {}),
        ({"plan": 1}, "persona-1", {"facts": {"plan": 1}}),
    ],
)
def test_a_declared_scope_with_facts_is_used_where_it_changes_nothing(
    live: dict[str, Any], scope: str, own: dict[str, Any]
) -> None:
    made = exported(contact("c", memory(live)), declared=declaring(region="us"))

    assert body_of(made)["scopes"] == {scope: own}
    assert ("scopes.yaml" in {file.path for file in made.files}) == (scope != "support")


# names


@pytest.mark.parametrize(
    ("name", "identifiers", "called"),
    [
        ("Søren Groß", (), "soren-gross"),
        ("CON", (), "contact-con"),
        ("Lpt1", (), "contact-lpt1"),
        ("+1 415", (), "contact-1-415"),
        ("日本", (("email", "Ana@example.com"),), "ana-example-com"),
        (None, (("email", "日@本"),), "contact-c"),
        (None, (), "contact-c"),
    ],
)
def test_a_contact_is_called_by_its_name_or_else_by_what_it_is_known_by(
    name: str | None, identifiers: tuple[tuple[str, str], ...], called: str
) -> None:
    made = exported(contact("c", name=name, identifiers=identifiers), identify_by="email")

    assert [file.path for file in made.files] == [f"contacts/{called}.yaml"]


def test_an_identifier_that_the_specs_do_not_hold_gives_no_name() -> None:
    made = exported(contact("c", identifiers=(("email", "ana@example.com"),)))

    assert [file.path for file in made.files] == ["contacts/contact-c.yaml"]


def test_a_name_never_passes_on_to_another_contact() -> None:
    anas = [contact(contact_id, name="Ana") for contact_id in ("b", "c", "d")]
    before, after = contact_names(anas[1:], {}), contact_names(anas, {})

    assert before == {"c": "ana-c", "d": "ana-d"}
    assert after == {"b": "ana-b", **before}
    assert contact_names(anas[:1], {}, taken=["Ana"]) == {"b": "ana-b"}


@pytest.mark.parametrize(
    ("text", "name"),
    [("Sarah Chen", "sarah-chen"), ("Zoë  O'Brien-Ångström ", "zoe-o-brien-angstrom"), ("日本", ""), ("--", ""),
     ("x" * 80, "x" * 63), ("-" * 5 + "a b" * 40, ("a-" + "ba-" * 40)[:62] + "b"), ("../../etc", "etc")],
)  # fmt: skip
def test_a_slug_is_a_name_in_plain_letters(text: str, name: str) -> None:
    assert slug(text) == name or len(slug(text)) == 63


def test_names_are_given_once_in_the_order_of_ids() -> None:
    same = [contact(contact_id, name="Ana") for contact_id in ("c-3", "c-1", "c-2")]
    names = contact_names([*same, contact("c-0", name="ana 2"), contact("abcdefgh-ijk"), contact("日本")], {})

    assert names == {
        "c-0": "ana-2", "c-1": "ana-c-1", "c-2": "ana-c-2", "c-3": "ana-c-3",
        "abcdefgh-ijk": "contact-abcdefgh", "日本": "contact",
    }  # fmt: skip


def test_long_names_stay_short_enough_when_numbered() -> None:
    names = contact_names([contact(contact_id, name="x" * 80) for contact_id in ("a", "b")], {})

    assert names == {"a": "x" * 61 + "-a", "b": "x" * 61 + "-b"}


def test_scopes_are_called_by_persona_or_line() -> None:
    assert scope_names([Persona("Persona 1"), Persona("persona-1"), Persona("日本"), LINE, LINE]) == {
        LINE: "line-14155550100", Persona("Persona 1"): "persona-1", Persona("persona-1"): "persona-1-2",
        Persona("日本"): "persona",
    }  # fmt: skip


# what is wanted


ANA = contact("c-1", memory(), memory(scope=LINE, memory_id="m-2"), name="Ana Ruiz")
BO = contact("c-2", memory(memory_id="m-3"), identifiers=(("email", "bo@example.com"), ("phone_number", PHONE)))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(), ["c-1", "c-2"]),
        (Wanted(contacts=("c-1",)), ["c-1"]),
        (Wanted(contacts=("BO@example.com", "nobody")), ["c-2"]),
        (Wanted(contacts=(PHONE, "c-1")), ["c-1", "c-2"]),
        (Wanted(names=("ana*", "x")), ["c-1"]),
        (Wanted(names=("*",)), ["c-1"]),
        (Wanted(scopes=("persona-1",)), ["c-1", "c-2"]),
        (Wanted(scopes=("+14155550100",)), ["c-1"]),
        (Wanted(contacts=("c-2",), names=("ana*",)), []),
        (Wanted(contacts=("c-2",), scopes=("+14155550100",)), []),
    ],
)
def test_all_options_must_match_and_one_value_of_each(wanted: Wanted, ids: list[str]) -> None:
    assert [item.contact_id for item in select([ANA, BO], wanted)] == ids


def test_a_wanted_scope_narrows_the_memories_too() -> None:
    (ana,) = select([ANA, BO], Wanted(scopes=("+14155550100",)))

    assert [item.scope_key for item in ana.memories or ()] == [LINE]


def test_names_do_not_depend_on_what_is_wanted() -> None:
    listed = (contact("c-1", name="Ana"), contact("c-2", name="Ana"))
    account = LiveAccount(listed, listed[1:], {}, is_complete=True, lists_users=True)
    made = build_export(account, Exporting("contact_id", with_summaries=False, accepts=accepts))

    assert [file.path for file in made.files] == ["contacts/ana-c-2.yaml"]


# comments


def test_a_comment_shows_live_text_escaped_and_short() -> None:
    breaking = exported(contact("c", memory({"a\n  plan: stolen": 1, "\u2028" * 300: None})))
    comments = [item.comment for item in file_of(breaking).left_out]

    assert comments[0] == (
        'Left out: contacts.contact-c.scopes.persona-1.facts["a\\n  plan: stolen"]: value under a key that specs refuse'
    )
    assert all(comment.isprintable() and len(comment) < 300 for comment in comments)
